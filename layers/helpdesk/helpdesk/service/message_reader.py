"""What a message means to the dialogue, read by the question that is open when its turn comes."""

import datetime as dt

from msgspec.structs import replace

from helpdesk.conversation.choices import read_tap
from helpdesk.conversation.events import (
    CitizenEvent,
    Entered,
    FormClosed,
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

    event: CitizenEvent | FormClosed
    digits: str = ""
    """The digits of a longer number, or a date as YYYY-MM-DD."""
    typed: str = ""
    """The answer in the form in which it is kept."""


def read_message(
    message: InboundMessage, conversation: Conversation, *, step: str, pepper: str, now: int, max_age_seconds: int
) -> ReadMessage:
    """Return what a message means in a conversation, as this is when the message's turn comes."""
    if happened := _without_words(message, step):
        return ReadMessage(happened)
    is_text = message.kind is webhook.Kind.TEXT or _answers_anew(message, conversation, pepper)
    event, digits = _meaning(step, message, conversation, is_text=is_text)
    before_stop = _is_before_stop(message, conversation)
    if before_stop or _is_late(message, now - max_age_seconds):
        return ReadMessage(LateMessage(step, None if digits or before_stop else event))
    text = normalised(message.text or "")
    value = _accepted(text, conversation)
    match event:
        case Entered(kind=kind):
            mark = number_mark(pepper, digits) if kind in _COUNTED else ""
            fault = Fault.IMPOSSIBLE if _is_to_come(kind, digits, now) else event.fault
            event = replace(event, fault=fault, mark=mark, fits=value is not None)
        case Said():
            event = replace(event, typed=_text_mark(text, conversation, pepper), fits=value is not None)
    return ReadMessage(event, digits, value or digits or _line(text))


def _without_words(message: InboundMessage, step: str) -> IdentityChanged | SentInGroup | FormClosed | None:
    """Return what a message says however late it comes, and whatever is in it."""
    if message.former:
        return IdentityChanged(step)
    if message.in_group:
        return SentInGroup(step)
    return FormClosed(step) if message.kind is webhook.Kind.FLOW else None


def _is_late(message: InboundMessage, oldest: int) -> bool:
    return message.timestamp is not None and message.timestamp < oldest


def _is_before_stop(message: InboundMessage, conversation: Conversation) -> bool:
    """Return whether a message was sent before her *Stop*, which it then does not undo: *Hi*, delivered late."""
    if conversation.stage is not Stage.STOPPED or conversation.newest is None or message.timestamp is None:
        return False
    return message.timestamp < conversation.newest.sent_at


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
    """Return a text in one line, without what may surround a name."""
    return " ".join(text[:LONGEST_TEXT].split()).strip(" .,;:!*_\"'")


def _is_to_come(kind: Kind, digits: str, now: int) -> bool:
    """Return whether a date (YYYY-MM-DD) is later than today in India."""
    return kind is Kind.DATE and digits > dt.datetime.fromtimestamp(now, _INDIA).date().isoformat()
