"""A bounded outbox: what is given up when nothing of it has been worked off for a long time.

While the desk is closed, or WhatsApp refuses us, a citizen can go on writing. Her newest state is kept, and what she is
told last; replies that a later one replaces are dropped, and so are questions to DigiLocker that nobody waits for and
that leave nothing to give back. A revocation, an erasure, a deletion or the record of a consent is never dropped.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from helpdesk.conversation.answers import wanted
from helpdesk.conversation.effects import (
    REPLIES,
    AskParameters,
    DeliverDocument,
    Effect,
    EraseData,
    FindOffers,
    MakeLink,
    OfferLanguages,
    OfferLink,
    Revoke,
    Say,
    SendOtp,
    SetTimer,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
    SignUp,
)
from helpdesk.conversation.model import Conversation
from helpdesk.conversation.turn import text
from helpdesk.storage.conversations import Entry
from helpdesk.structs import Value

MOST_ENTRIES = 50
"""Entries that one citizen's outbox holds. With 50 of the largest, her item is half full (DynamoDB: 400 kB)."""

_NOTED = (Say, OfferLink, OfferLanguages, ShowDocuments, ShowOptions, ShowDetails)
_LEAVES_NOTHING = (SendOtp, SignUp, MakeLink, FindOffers, AskParameters)
"""Requests whose answer brings nothing that would have to be given back."""


class Kept(Value, frozen=True):
    """What is written of a turn: entries that are put or put anew, steps that are dropped."""

    put: tuple[Entry, ...]
    drop: tuple[str, ...] = ()


def bounded(before: Sequence[Entry], new: Sequence[Entry], conversation: Conversation) -> Kept | None:
    """Return what to write so that the outbox stays within its bound, or None if the turn does not fit at all.

    A turn that ends something fits always: there is no more to end than was begun.
    """
    if len(before) + len(new) <= MOST_ENTRIES:
        return Kept(tuple(new))
    entries = {entry.step: entry for entry in (*before, *new)}
    last = {name: step for step, entry in entries.items() for effect in entry.effects if (name := _subject(effect))}
    left: dict[str, Entry] = {}
    dropped = False
    for step, entry in entries.items():
        effects = tuple(
            effect
            for effect in entry.effects
            if last.get(_subject(effect), step) == step and _is_wanted(effect, entry, conversation)
        )
        dropped = dropped or any(isinstance(effect, REPLIES) and effect not in effects for effect in entry.effects)
        if effects == entry.effects:
            left[step] = entry
        elif effects:
            needed = {name for effect in effects for name in effect.needs}
            left[step] = replace(
                entry,
                effects=effects,
                sealed={name: value for name, value in entry.sealed.items() if name in needed},
                unsure=entry.unsure and effects[0] == entry.effects[0],
            )
    if dropped and last["reply"] in left:
        left[last["reply"]] = _noted(left[last["reply"]])
    ends = any(isinstance(effect, Revoke | EraseData) for entry in new for effect in entry.effects)
    if len(left) > MOST_ENTRIES and not ends:
        return None
    steps = {entry.step for entry in before}
    put = tuple(entry for step, entry in left.items() if step not in steps or entry is not entries[step])
    return Kept(put, tuple(step for step in steps if step not in left))


def _subject(effect: Effect) -> str:
    """Return a name for effects of which only the last one counts; empty for those that all count."""
    match effect:
        case DeliverDocument():
            return ""
        case _ if isinstance(effect, REPLIES):
            return "reply"
        case EraseData():
            return "erase"
        case SetTimer():
            return "timer"
    return ""


def _is_wanted(effect: Effect, entry: Entry, conversation: Conversation) -> bool:
    return not isinstance(effect, _LEAVES_NOTHING) or wanted(conversation, entry.step, effect)


def _noted(entry: Entry) -> Entry:
    """Have the last reply say that others were left out, unless it has another note."""
    note = text("answers_left_out")
    effects = (
        replace(effect, note=note) if isinstance(effect, _NOTED) and effect.note is None else effect
        for effect in entry.effects
    )
    return replace(entry, effects=tuple(effects))
