"""What a message means to the dialogue, read by the question that is open when its turn comes."""

import datetime as dt

from msgspec.structs import replace

from helpdesk.conversation.choices import read_tap
from helpdesk.conversation.events import (
    CitizenEvent,
    Entered,
    IdentityChanged,
    Kind,
    LateMessage,
    Said,
    SentInGroup,
    SentProof,
    SentSomethingElse,
    Tapped,
    TimelyEvent,
)
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.numbers import Fault
from helpdesk.service.identity import number_mark, step_id, text_mark
from helpdesk.service.proof_code import proof_mark, read_proof
from helpdesk.structs import Value
from helpdesk.understanding.reading import read
from helpdesk.understanding.text import LONGEST_TEXT, normalised
from helpdesk.whatsapp import webhook
from helpdesk.whatsapp.webhook import InboundMessage

_INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30))
_COUNTED = frozenset({Kind.AADHAAR, Kind.VIRTUAL_ID, Kind.MOBILE})


class ReadMessage(Value, frozen=True):
    """What a message means, and what was typed: the dialogue sees the one, and may have the other sealed."""

    hidden = ("digits", "typed")

    event: CitizenEvent
    digits: str = ""
    """The digits of a longer number, or a date as YYYY-MM-DD."""
    typed: str = ""
    """The answer in the form in which it is kept."""


def read_message(
    message: InboundMessage, conversation: Conversation, *, step: str, pepper: str, now: int, max_age_seconds: int
) -> ReadMessage:
    """Return what a message means in a conversation, as this is when the message's turn comes."""
    if message.former:
        return ReadMessage(IdentityChanged(step))  # however late it comes
    if message.in_group:
        return ReadMessage(SentInGroup(step))
    is_text = message.kind is webhook.Kind.TEXT or _answers_anew(message, conversation, pepper)
    event, digits = _meaning(step, message, conversation, is_text=is_text)
    if message.timestamp is not None:
        if (
            conversation.stage is Stage.STOPPED
            and conversation.newest
            and message.timestamp < conversation.newest.sent_at
        ):
            return ReadMessage(LateMessage(step))  # sent before her *Stop*, which it does not undo
        if now - message.timestamp > max_age_seconds:
            return ReadMessage(LateMessage(step, event if not digits else None))
    text = normalised(message.text or "")
    value = _accepted(text, conversation)
    match event:
        case Entered(kind=kind):
            if kind is Kind.DATE and digits > _today(now):
                event = replace(event, fault=Fault.IMPOSSIBLE)
            mark = number_mark(pepper, digits) if kind in _COUNTED else ""
            event = replace(event, mark=mark, fits=value is not None)
        case Said():
            event = replace(event, typed=_text_mark(text, conversation, pepper), fits=value is not None)
    return ReadMessage(event, digits, value or digits or _line(text))


def _accepted(text: str, conversation: Conversation) -> str | None:
    """Return a text as the issuer takes it, if that is what is asked and it does."""
    parameter = conversation.asked_parameter
    return parameter.accept(text) if parameter else None


def _text_mark(text: str, conversation: Conversation, pepper: str) -> str:
    """Return what tells a text that is repeated. Nothing is kept of a name, not even that."""
    is_private = conversation.stage in {Stage.NAME, Stage.DETAIL}
    return text_mark(pepper, text) if text and not is_private else ""


def _answers_anew(message: InboundMessage, conversation: Conversation, pepper: str) -> bool:
    """Return whether a message is an edit of her newest one, and the question that this was read by is open (again)."""
    newest = conversation.newest
    if message.edited is None or newest is None:
        return False
    return (newest.step, newest.question) == (step_id(pepper, message.edited), conversation.question)


def _meaning(
    step: str, message: InboundMessage, conversation: Conversation, *, is_text: bool
) -> tuple[TimelyEvent, str]:
    if message.kind is webhook.Kind.TAP:
        tap = read_tap(message.tap or "")
        if tap or not message.title:
            return Tapped(step, tap), ""
        text = message.title
    elif is_text and message.text:
        text = normalised(message.text)
        if proof := read_proof(text, is_asked=conversation.at is Stage.PROOF):
            return SentProof(step, proof_mark(proof)), ""
    else:
        return SentSomethingElse(step, message.kind.value), ""
    understood = read(step, text, conversation)
    return understood.event, understood.digits


def _line(text: str) -> str:
    """Return a text in one line, without what may stand around a name."""
    return " ".join(text[:LONGEST_TEXT].split()).strip(" .,;:!*_\"'")


def _today(now: int) -> str:
    """Return the day in India, as YYYY-MM-DD."""
    return dt.datetime.fromtimestamp(now, _INDIA).date().isoformat()
