"""What an outbox still holds of a session that is over: revoked, deleted and dropped without a job of its own.

While the desk is closed nobody works on the work queue. The timers go on, and each finishes what its conversation's
outbox has to forget.
"""

from collections.abc import Iterable

from helpdesk.conversation.effects import REQUESTS, DeletePdf, DeliverDocument, Effect, EraseData, Revoke
from helpdesk.storage.conversations import Entry

_FORGETS = (Revoke, DeletePdf, EraseData, DeliverDocument)
"""A document that is still to be sent is none of anybody's any more, and its PDF is deleted."""


def must_be_forgotten(entry: Entry) -> bool:
    """Tell whether an entry holds something sealed, a document, or work that forgets."""
    return bool(entry.sealed) or any(isinstance(effect, _FORGETS) for effect in entry.effects)


def outlived(entries: Iterable[Entry], now: int, seconds: int) -> tuple[Entry, ...]:
    """Return the entries that must be forgotten and are at least so many seconds old."""
    return tuple(entry for entry in entries if must_be_forgotten(entry) and now - entry.at >= seconds)


def left_of(entry: Entry) -> tuple[Effect, ...]:
    """Return what stays of an entry, without anything sealed: replies that show nothing of it.

    A request stays, though nobody waits for it: it may be under way, and then what it brings is given back.
    """
    if isinstance(entry.effects[0], REQUESTS):
        return entry.effects[:1]
    return tuple(effect for effect in entry.effects if not effect.needs and not isinstance(effect, _FORGETS))
