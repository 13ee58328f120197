"""What Meta posts to the webhook, read leniently, field by field.

Strict models refuse about a quarter of the payloads in Meta's own documentation, and a refusal costs a week of
retries. So anything may be missing, empty or of another type: a broken element is skipped and counted, an unknown kind
of message is still a message, and only a body that is no JSON object at all is an error.

Source: Cloud API reference, webhooks (`messages` field), with the business-scoped user ids of 2026.
"""

import json
from enum import StrEnum
from typing import Final

import msgspec

from helpdesk.errors import PayloadError
from helpdesk.structs import Value

MAX_TEXT: Final = 4096
"""Characters of a citizen's text that are kept: as many as WhatsApp lets us send."""

MAX_ID: Final = 512
"""Characters of an id or of callback data; the longest documented is `biz_opaque_callback_data` (512)."""

_MAX_FIELD_NAME: Final = 64
_OBJECT: Final = "whatsapp_business_account"
_MESSAGES_FIELD: Final = "messages"
_STANDBY_FIELD: Final = "standby"
_IDENTITY_CHANGES: Final = frozenset({"user_changed_number", "user_changed_user_id"})


class Kind(StrEnum):
    """What the citizen sent."""

    TEXT = "text"
    """Typed, or one of the suggestions shown when a chat is opened (they arrive as text)."""
    TAP = "tap"
    """A reply button, a row of a list, or a template's quick reply: `tap` is the id we gave it, `title` its label."""
    REACTION = "reaction"
    EDIT = "edit"
    REVOKE = "revoke"
    SYSTEM = "system"
    """The person changed the number or user id; see `user_id` and `phone` for the one in the message."""
    AUDIO = "audio"
    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    ORDER = "order"
    FLOW = "flow"
    """A completed Flow. Its answer holds what was typed into the form and is not kept here."""
    UNSUPPORTED = "unsupported"
    """WhatsApp itself says that the Cloud API cannot show this message (poll, edit, gif, ...)."""
    UNKNOWN = "unknown"
    """A type that is new to us."""


class InboundMessage(Value, frozen=True):
    """One message of one citizen. At least one of `user_id` and `phone` is there.

    What could tell who she is or what she wrote stays out of `repr`, so that it cannot reach a log by accident (the
    message id holds her number in base64).
    """

    hidden = ("id", "user_id", "phone", "text", "tap", "title", "former", "edited")

    id: str
    phone_number_id: str
    """Our number that she wrote to."""
    user_id: str | None
    """Her business-scoped user id, such as `IN.1234567890123456`."""
    phone: str | None
    """Her number, digits only, without `+`."""
    timestamp: int | None
    """When she sent it, in seconds since 1970. A retried delivery keeps it."""
    kind: Kind
    text: str | None = None
    """What she typed, at most `MAX_TEXT` characters; never the caption of a picture."""
    tap: str | None = None
    title: str | None = None
    former: tuple[str, ...] = ()
    """User id and number that were hers until now, if the message says that she has others."""
    edited: str | None = None
    """The id of the message that this is the new wording of; `text` then is that wording, where it came along."""
    in_group: bool = False
    """She wrote it to a group that our number is in."""


class DeliveryStatus(Value, frozen=True):
    """What became of one of our messages. Statuses come late, twice, out of order, or before the send call returns."""

    hidden = ("callback_data",)

    phone_number_id: str
    status: str
    """`sent`, `delivered`, `read`, `failed`, `played`, or something newer."""
    callback_data: str | None = None
    """The `biz_opaque_callback_data` that the message was sent with."""
    error_codes: tuple[int, ...] = ()


class Delivery(Value, frozen=True):
    """Everything in one POST, in the order in which it stood there."""

    messages: tuple[InboundMessage, ...] = ()
    statuses: tuple[DeliveryStatus, ...] = ()
    errors: tuple[int, ...] = ()
    """Codes of errors that concern the number or the app, not one message."""
    standby: int = 0
    """Copies of what another sender on our number, such as Meta's Business Agent, is answering in our place."""
    skipped: int = 0
    """Elements that could not be read."""


def parse(body: bytes) -> Delivery:
    """Read the body of a POST whose signature has been verified.

    One body holds up to 1,000 messages and statuses (3 MB), of several numbers and persons.

    Raises `PayloadError` when the body is not a JSON object, and nothing else whatever it holds.
    """
    try:
        payload = _decoded(body)
    except (ValueError, RecursionError):
        # `from None`: the decoder's error carries the document, and with it what citizens wrote.
        raise PayloadError("the body is not JSON") from None
    if not isinstance(payload, dict):
        raise PayloadError("the body is not a JSON object")
    reader = _Reader()
    reader.read(payload)
    return Delivery(
        messages=tuple(reader.messages),
        statuses=tuple(reader.statuses),
        errors=tuple(reader.errors),
        standby=reader.standby,
        skipped=reader.skipped,
    )


def _decoded(body: bytes) -> object:
    """Decode JSON. The standard library's is slower, but accepts half a surrogate pair too."""
    try:
        return msgspec.json.decode(body)
    except ValueError:
        return json.loads(body)


class _Reader:
    """Walks a payload once and collects what it finds."""

    def __init__(self) -> None:
        self.messages: list[InboundMessage] = []
        self.statuses: list[DeliveryStatus] = []
        self.errors: list[int] = []
        self.standby = 0
        self.skipped = 0

    def read(self, payload: dict[str, object]) -> None:
        if _string(payload.get("object"), _MAX_FIELD_NAME) not in {None, _OBJECT}:
            return
        if "entry" not in payload:
            self.skipped += 1
        for entry in self._objects(payload.get("entry")):
            for change in self._objects(entry.get("changes")):
                field = _string(change.get("field"), _MAX_FIELD_NAME)
                self.standby += field == _STANDBY_FIELD
                if field not in {None, _MESSAGES_FIELD}:
                    continue  # another subscription
                value = change.get("value")
                if isinstance(value, dict):
                    self._read_value(value)
                else:
                    self.skipped += 1

    def _read_value(self, value: dict[str, object]) -> None:
        number_id = _id(_object(value.get("metadata")).get("phone_number_id"))
        messages = self._objects(value.get("messages"))
        contacts = _Contacts(self._objects(value.get("contacts")), _senders(messages))
        for message in messages:
            if message.get("type") == "request_welcome":
                # A relic that says nothing but "the chat was opened"; Meta has withdrawn it.
                continue
            read = _message(message, number_id, contacts)
            if read is None:
                self.skipped += 1
            else:
                self.messages.append(read)
        for status in self._objects(value.get("statuses")):
            read_status = _status(status, number_id)
            if read_status is None:
                self.skipped += 1
            else:
                self.statuses.append(read_status)
        self.errors.extend(_error_codes(value.get("errors")))

    def _objects(self, value: object) -> list[dict[str, object]]:
        """Return the JSON objects in a list; anything else counts as skipped, a missing list does not."""
        if value is None:
            return []
        if not isinstance(value, list):
            self.skipped += 1
            return []
        objects = [element for element in value if isinstance(element, dict)]
        self.skipped += len(value) - len(objects)
        return objects


class _Contacts:
    """The senders of the messages in one `value`, found by either id in one step."""

    def __init__(self, contacts: list[dict[str, object]], senders: int) -> None:
        pairs = [(_id(contact.get("user_id")), _phone(contact.get("wa_id"))) for contact in contacts]
        # Where two people write, a contact may be the other one's.
        self._sole = pairs[0] if len(pairs) == 1 and senders <= 1 else (None, None)
        self._user_of: dict[str, str | None] = {}
        self._phone_of: dict[str, str | None] = {}
        for user_id, phone in pairs:
            _note(self._user_of, phone, user_id)
            _note(self._phone_of, user_id, phone)

    def complete(self, user_id: str | None, phone: str | None) -> tuple[str | None, str | None]:
        """Fill in the id that a message lacks, where the contacts leave no doubt whose message it is."""
        sole_user, sole_phone = self._sole
        if user_id is None and phone is None:
            return self._sole
        if user_id is None and phone is not None:
            known = self._user_of.get(phone)
            return (sole_user if known is None and sole_phone is None else known), phone
        if phone is None and user_id is not None:
            known = self._phone_of.get(user_id)
            return user_id, (sole_phone if known is None and sole_user is None else known)
        return user_id, phone


def _senders(messages: list[dict[str, object]]) -> int:
    """Count the people that the messages of one `value` say they are from."""
    return len({(_id(message.get("from_user_id")), _phone(message.get("from"))) for message in messages})


def _note(index: dict[str, str | None], key: str | None, value: str | None) -> None:
    """Remember `value` under `key`, and forget it for good once two contacts contradict each other."""
    if key is not None and value is not None:
        index[key] = value if index.get(key, value) == value else None


def _message(message: dict[str, object], number_id: str | None, contacts: _Contacts) -> InboundMessage | None:
    """Read one element of `messages`; None without a message id, one of our numbers, or a person."""
    wamid = _id(message.get("id"))
    user_id, phone = contacts.complete(_id(message.get("from_user_id")), _phone(message.get("from")))
    if user_id is None and phone is None:
        # System messages come without contacts and may name the person only in their own body.
        system = _object(message.get("system"))
        user_id, phone = _id(system.get("user_id")), _phone(system.get("wa_id"))
    if wamid is None or number_id is None or (user_id is None and phone is None):
        return None
    kind, text, tap, title = _content(message)
    return InboundMessage(
        id=wamid,
        phone_number_id=number_id,
        user_id=user_id,
        phone=phone,
        timestamp=_timestamp(message.get("timestamp")),
        kind=kind,
        text=text,
        tap=tap,
        title=title,
        former=_former(message) if kind is Kind.SYSTEM else (),
        edited=_id(_object(message.get("edit")).get("original_message_id")) if kind is Kind.EDIT else None,
        in_group=_id(message.get("group_id")) is not None,
    )


def _former(message: dict[str, object]) -> tuple[str, ...]:
    """Return the ids that a system message says are no longer hers."""
    system = _object(message.get("system"))
    if system.get("type") not in _IDENTITY_CHANGES:
        return ()
    new = {_id(system.get("user_id")), _phone(system.get("wa_id")), None}
    before = (_id(system.get("previous_user_id")), _id(message.get("from_user_id")), _phone(message.get("from")))
    return tuple(dict.fromkeys(one for one in before if one is not None and one not in new))


_PLAIN_KINDS: Final[dict[str, Kind]] = {
    kind.value: kind for kind in Kind if kind not in {Kind.TEXT, Kind.TAP, Kind.FLOW, Kind.EDIT, Kind.UNKNOWN}
}
"""Types that say all there is to say; the others are read from their bodies."""


def _content(message: dict[str, object]) -> tuple[Kind, str | None, str | None, str | None]:
    """Return kind, text, tapped id and its title."""
    type_ = message.get("type")
    if type_ == "interactive":
        return _interactive(_object(message.get("interactive")))
    if type_ == "button":
        button = _object(message.get("button"))
        return _tap(button.get("payload"), button.get("text"))
    if type_ == "edit":
        new = _object(_object(message.get("edit")).get("message"))
        return Kind.EDIT, _string(_object(new.get("text")).get("body"), MAX_TEXT), None, None
    if type_ == "unsupported" and _object(message.get("unsupported")).get("type") == "edit":
        return Kind.EDIT, None, None, None
    if isinstance(type_, str) and type_ in _PLAIN_KINDS:
        return _PLAIN_KINDS[type_], None, None, None
    text = _string(_object(message.get("text")).get("body"), MAX_TEXT)
    # A type that is new to us but carries a text (advertisements do) is read as what she wrote.
    kind = Kind.TEXT if type_ == "text" or text is not None else Kind.UNKNOWN
    return kind, text, None, None


def _interactive(interactive: dict[str, object]) -> tuple[Kind, str | None, str | None, str | None]:
    for name in ("button_reply", "list_reply"):
        if name in interactive:
            reply = _object(interactive[name])
            return _tap(reply.get("id"), reply.get("title"))
    if "nfm_reply" in interactive:
        return Kind.FLOW, None, None, None
    return Kind.UNKNOWN, None, None, None


def _tap(id_: object, title: object) -> tuple[Kind, str | None, str | None, str | None]:
    tapped, label = _id(id_), _string(title, MAX_TEXT)
    return (Kind.UNKNOWN if tapped is None and label is None else Kind.TAP), None, tapped, label


def _status(status: dict[str, object], number_id: str | None) -> DeliveryStatus | None:
    """Read one element of `statuses`; None without a message id, one of our numbers, or a status."""
    word = _string(status.get("status"), _MAX_FIELD_NAME)
    if _id(status.get("id")) is None or word is None or number_id is None:
        return None
    return DeliveryStatus(
        phone_number_id=number_id,
        status=word,
        callback_data=_id(status.get("biz_opaque_callback_data")),
        error_codes=_error_codes(status.get("errors")),
    )


def _error_codes(errors: object) -> tuple[int, ...]:
    if not isinstance(errors, list):
        return ()
    codes = [error.get("code") for error in errors if isinstance(error, dict)]
    # They are logged: what is too long to be a code might be a phone number.
    return tuple(c for c in codes if isinstance(c, int) and not isinstance(c, bool) and 0 <= c < 10_000_000)


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _string(value: object, limit: int) -> str | None:
    """Return a text of at most `limit` characters; None when missing or empty.

    Half a surrogate pair is valid in JSON but in no other encoding, and would fail wherever the text goes next.
    """
    if not isinstance(value, str) or not value:
        return None
    cut = value[:limit]
    if not cut.isascii():
        cut = cut.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return cut


def _id(value: object) -> str | None:
    """Return an id: a text unchanged (a shortened id would be another one), or a number written out."""
    if isinstance(value, str):
        fits = 0 < len(value) <= MAX_ID and (value.isascii() or _string(value, MAX_ID) == value)
        return value if fits else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**20:
        return str(value)
    return None


def _phone(value: object) -> str | None:
    """Return the digits of a number, without `+`; None for anything that is not one."""
    text = _id(value)
    digits = text.removeprefix("+") if text is not None else ""
    return digits if digits.isascii() and digits.isdigit() else None


def _timestamp(value: object) -> int | None:
    """Return seconds since 1970: a string of digits in the reference, a number in some payloads."""
    text = _id(value)
    return int(text) if text is not None and len(text) <= 12 and text.isascii() and text.isdigit() else None
