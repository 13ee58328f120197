"""What an outbox still holds of a session that is over: revoked, deleted and dropped without a job of its own.

While the desk is closed nobody works on the work queue. The timers go on, and each finishes what its conversation's
outbox has to forget.
"""

from collections.abc import Iterable

from helpdesk.conversation.effects import REQUESTS, DeletePdf, DeliverDocument, Effect, EraseData, Revoke
from helpdesk.storage.conversations import Entry

AT_WORK_SECONDS = 60
"""A request that was written down so recently may be under way: it is left to whoever works on it (45 s at most)."""

_FORGETS = (Revoke, DeletePdf, EraseData, DeliverDocument)
"""A document that is still to be sent is none of anybody's any more, and its PDF is deleted."""


def must_be_forgotten(entry: Entry) -> bool:
    """Tell whether an entry holds something sealed, a document, or work that forgets."""
    return bool(entry.sealed) or any(isinstance(effect, _FORGETS) for effect in entry.effects)


def outlived(entries: Iterable[Entry], now: int, seconds: int) -> tuple[Entry, ...]:
    """Return the entries that must be forgotten and are at least so many seconds old; requests a minute older."""
    return tuple(
        entry
        for entry in entries
        if must_be_forgotten(entry) and now - entry.at >= seconds + (AT_WORK_SECONDS if _asks(entry) else 0)
    )


def left_of(entry: Entry) -> tuple[Effect, ...]:
    """Return the effects that are still to be done by a job: replies that show nothing of what is forgotten."""
    forgotten = (*REQUESTS, *_FORGETS)
    return tuple(effect for effect in entry.effects if not effect.needs and not isinstance(effect, forgotten))


def _asks(entry: Entry) -> bool:
    return bool(entry.effects) and isinstance(entry.effects[0], REQUESTS)
