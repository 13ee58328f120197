"""A place in the line at the door, and when somebody who waits may be written to."""

from typing import TYPE_CHECKING

from helpdesk.structs import Tagged, Value

if TYPE_CHECKING:
    from helpdesk.conversation.model import Conversation
    from helpdesk.conversation.turn import Context

HOUR = 3600
TURN_SECONDS = 600
"""How long it stays her turn."""
LONGEST_WAIT_SECONDS = 12 * HOUR
"""After that the place is given up: after a day of silence WhatsApp lets us write to nobody."""
ADMITTED_SECONDS = HOUR
"""How long whoever was let in can begin to sign in again without a new place."""
_IST_SECONDS = 19_800
_EVENING, _MORNING = 22, 7


class Place(Tagged, frozen=True):
    """Her place in the line. Times in seconds since the epoch."""

    number: int
    since: int
    called_at: int = 0
    """When she was told that it is her turn; 0 as long as she waits."""


class Door(Value, frozen=True):
    """What she finds at the door."""

    number: int = 0
    """The number that is hers; 0: there is no line."""
    ahead: int = 0
    """How many come before her, and herself. 0: her number has passed."""
    minutes: int = 0


def must_pass_door(conversation: "Conversation", context: "Context") -> bool:
    """Return whether there is a door before signing in. Whoever is signed in, or was let in, is never sent back."""
    return context.rules.has_line and conversation.session is None and context.now >= conversation.admitted_until


def is_over(place: Place, now: int) -> bool:
    """Return whether she has waited for so long that the place is given up."""
    return now - place.since >= LONGEST_WAIT_SECONDS


def may_be_called(active_at: int, now: int) -> bool:
    """Return whether she may be written to: not at night, unless she wrote within the hour."""
    return now - active_at < HOUR or _MORNING <= _hour(now) < _EVENING


def next_morning(now: int) -> int:
    """Return when the night ends in which `now` is, in seconds since the epoch."""
    today = now - (now + _IST_SECONDS) % (24 * HOUR)
    return today + (_MORNING if _hour(now) < _MORNING else 24 + _MORNING) * HOUR


def grouped(number: int) -> str:
    """Return a number as it is written in India: 4,210 and 1,20,000."""
    digits = str(number)
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return ",".join((*reversed(pairs), tail))


def _hour(now: int) -> int:
    return (now + _IST_SECONDS) // HOUR % 24
