"""What may be taken out of an outbox without a job: what is given up when it is full, and what outlived its session.

While the desk is closed, or WhatsApp refuses us, a citizen can go on writing. Her newest state is kept, and what she is
told last; replies that a later one replaces are dropped, and so are questions to DigiLocker that nobody waits for and
that leave nothing to give back. A revocation, an erasure, a deletion or the record of a consent is never dropped: when
a session is over, its timer does what is left of these.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from helpdesk.conversation.answers import wanted
from helpdesk.conversation.effects import (
    AskParameters,
    DeletePdf,
    DeliverDocument,
    EraseData,
    FindOffers,
    FollowUp,
    MakeLink,
    Revoke,
    SendOtp,
    SetTimer,
    SignUp,
    is_reply,
)
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.turn import text
from helpdesk.storage.conversations import Entry
from helpdesk.structs import Value

MOST_ENTRIES = 50
"""Entries that one citizen's outbox holds. With 50 of the largest, her item is half full (DynamoDB: 400 kB)."""

_LEAVES_NOTHING = (SendOtp, SignUp, MakeLink, FindOffers, AskParameters)
"""Requests whose answer brings nothing that would have to be given back."""
_FORGETS = (Revoke, DeletePdf, EraseData, DeliverDocument)
"""A document that is still to be sent no longer belongs to anybody, and its PDF is deleted."""


class Kept(Value, frozen=True):
    """What is written of a turn: entries that are put or replaced, steps that are dropped."""

    put: tuple[Entry, ...]
    drop: tuple[str, ...] = ()


def bounded(before: Sequence[Entry], new: Sequence[Entry], conversation: Conversation) -> Kept | None:
    """Return what to write so that the outbox stays within its bound, or None if the turn does not fit at all.

    A turn that ends something always fits: there is never more to end than was begun. So does *Stop*, counted once.
    """
    if len(before) + len(new) <= MOST_ENTRIES:
        return Kept(tuple(new))
    entries = {entry.step: entry for entry in (*before, *new)}
    left = _left(entries, conversation)
    if len(left) > MOST_ENTRIES and conversation.stage is not Stage.STOPPED and not any(map(_ends, new)):
        return None
    steps = {entry.step for entry in before}
    put = tuple(entry for step, entry in left.items() if step not in steps or entry is not entries[step])
    return Kept(put, tuple(step for step in steps if step not in left))


def must_be_forgotten(entry: Entry) -> bool:
    """Return whether an entry holds something sealed, a document, or work that forgets."""
    return bool(entry.sealed) or any(isinstance(effect, _FORGETS) for effect in entry.then)


def outlived(entries: Iterable[Entry], now: int, seconds: int) -> tuple[Entry, ...]:
    """Return the entries that must be forgotten and are at least so many seconds old."""
    return tuple(entry for entry in entries if must_be_forgotten(entry) and now - entry.at >= seconds)


def left_of(entry: Entry) -> Entry | None:
    """Return what stays of an entry, without anything sealed: replies that show nothing of it.

    A request stays, though nobody waits for it: it may be under way, and then what it brings is given back.
    """
    then = tuple(effect for effect in entry.then if not effect.needs and not isinstance(effect, _FORGETS))
    left = replace(entry, then=() if entry.request else then, sealed={})
    return left if left.effects else None


def _left(entries: Mapping[str, Entry], conversation: Conversation) -> dict[str, Entry]:
    """Return what stays of the entries when whatever can be given up is given up."""
    last = {name: step for step, entry in entries.items() for effect in entry.then if (name := _subject(effect))}
    left = {step: _reduced(entry, last, conversation) for step, entry in entries.items()}
    if any(_replies(left[step]) < _replies(entry) for step, entry in entries.items()):
        left[last["reply"]] = _noted(left[last["reply"]])
    return {step: entry for step, entry in left.items() if entry.effects}


def _replies(entry: Entry) -> int:
    return sum(map(is_reply, entry.then))


def _ends(entry: Entry) -> bool:
    """Return whether an entry ends something."""
    return any(isinstance(effect, Revoke | EraseData) for effect in entry.then)


def _reduced(entry: Entry, last: Mapping[str, str], conversation: Conversation) -> Entry:
    """Return an entry without what a later one replaces, and without a request that can be dropped."""
    request = entry.request
    if isinstance(request, _LEAVES_NOTHING) and not wanted(conversation, entry.step, request):
        request = None
    then = tuple(effect for effect in entry.then if last.get(_subject(effect), entry.step) == entry.step)
    if (request, then) == (entry.request, entry.then):
        return entry
    left = replace(entry, request=request, then=then, unsure=entry.unsure and then[:1] == entry.then[:1])
    return replace(left, sealed=entry.sealed_for(left.effects))


def _subject(effect: FollowUp) -> str:
    """Return a name for effects of which only the last one counts; empty for those that all count."""
    match effect:
        case EraseData():
            return "erase"
        case SetTimer():
            return "timer"
        case _ if is_reply(effect) and not isinstance(effect, DeliverDocument):
            return "reply"
    return ""


def _noted(entry: Entry) -> Entry:
    """Have the last reply say that others were left out, unless it has another note."""
    note = text("answers_left_out")
    then = (
        replace(effect, note=note)
        if is_reply(effect) and not isinstance(effect, DeliverDocument) and effect.note is None
        else effect
        for effect in entry.then
    )
    return replace(entry, then=tuple(then))
