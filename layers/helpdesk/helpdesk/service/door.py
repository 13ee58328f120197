"""The door before signing in: open, or a line with a number for whoever comes.

What is known there is read at most every two seconds, and whoever begins to sign in is counted by that same call.
"""

import time
from collections.abc import Callable

import msgspec

from helpdesk.conversation.limits import HOUR, MINUTE
from helpdesk.conversation.place import Door
from helpdesk.service.pace import Bounds, Pace, first_pace, told_minutes
from helpdesk.storage import line
from helpdesk.storage.line import LineStore
from helpdesk.telemetry import count

FRESH_SECONDS = 2.0
LEAST_PART = 0.05
"""Of the most sign-ins a minute: so many are always let in."""
_PACE = msgspec.json.Decoder(Pace)


def bounds(most: int) -> Bounds:
    """Return the bounds of the pace. `most`: sign-ins a minute that the deployment allows."""
    return Bounds(least=max(1.0, most * LEAST_PART), most=float(most))


def read_pace(written: str, most: int) -> Pace:
    """Return the pace as the pacer wrote it; the first one if it has not yet."""
    return _PACE.decode(written) if written else first_pace(bounds(most))


class Doorkeeper:
    """Lets in as many a minute as can be served, and gives the others a number."""

    def __init__(self, store: LineStore, most: int, clock: Callable[[], float] = time.time) -> None:
        """Take what is needed. `most`: sign-ins a minute that the deployment allows."""
        self._store = store
        self._most = most
        self._clock = clock
        self._door = line.Door()
        self._read_at = float("-inf")
        self._unsaid = 0
        """How many began since the door was read."""

    def look(self, conversation_id: str, number: int) -> Door:
        """Return what she finds who has this number. Without one (0), let her in, or draw one for her."""
        if number:
            return self._place(self._known(), number)
        self._unsaid += 1
        door = self._known()
        began = door.began + self._unsaid
        if not door.is_closed and began <= self._pace(door).sign_ins:
            return Door()
        self._unsaid -= 1
        if not door.is_closed:
            self._store.close()
        drawn = self._store.draw(conversation_id)
        place = self._place(door, drawn.number)
        count("LineToldMinutes", place.minutes)
        return Door(drawn.number, max(1, place.ahead), place.minutes)

    def _place(self, door: line.Door, number: int) -> Door:
        ahead = number - door.called
        return Door(number, ahead, told_minutes(max(1, ahead), self._pace(door)))

    def _pace(self, door: line.Door) -> Pace:
        return read_pace(door.pace, self._most)

    def _known(self) -> line.Door:
        """Return what was read lately, or read it, and count who began since."""
        now = self._clock()
        same_minute = now // MINUTE == self._read_at // MINUTE if self._read_at > now - HOUR else False
        if now - self._read_at < FRESH_SECONDS and same_minute:
            return self._door
        self._door = self._store.enter(began=self._unsaid)
        self._read_at, self._unsaid = now, 0
        return self._door
