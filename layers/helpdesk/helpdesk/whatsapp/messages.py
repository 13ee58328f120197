"""What can be sent to a citizen, and every limit that WhatsApp puts on it.

A label that is one character too long makes the *whole* message fail, after the conversation has moved on; so a
message that breaks a limit cannot be built. What is too long is shortened by the caller, who knows what may go
(`shorten`). Source of every limit: Cloud API reference, the page named beside it.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from helpdesk.structs import Value

type Json = str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None

# --- limits -------------------------------------------------------------------------------------------------------

TEXT_BODY: Final = 4096  # text messages
INTERACTIVE_BODY: Final = 1024  # interactive messages; sources differ on lists (1024 or 4096), the lower one is safe
BUTTONS: Final = 3  # interactive reply buttons
BUTTON_ID: Final = 256  # interactive reply buttons
BUTTON_TITLE: Final = 20  # interactive reply buttons
LIST_BUTTON: Final = 20  # interactive list messages
LIST_ROWS: Final = 10  # interactive list messages
ROW_ID: Final = 200  # interactive list messages
ROW_TITLE: Final = 24  # interactive list messages
ROW_DESCRIPTION: Final = 72  # interactive list messages
LINK_TITLE: Final = 20  # interactive call-to-action URL buttons
FORM_BUTTON: Final = 30  # interactive flow messages; emoji are not allowed
CALLBACK_DATA: Final = 512  # changelog of 2024-01-26: `biz_opaque_callback_data`

_PHONE_DIGITS: Final = range(5, 16)  # ITU-T E.164: at most 15 digits; shorter than five is no subscriber's number


class InvalidContent(ValueError):
    """A message that WhatsApp would refuse. Names the field, never what stood in it."""

    def __init__(self, field_name: str, reason: str) -> None:
        super().__init__(f"{field_name} {reason}")
        self.field = field_name


class MessageTooLong(InvalidContent):
    """A text above its limit. Names the field and the limit."""

    def __init__(self, field_name: str, limit: int) -> None:
        super().__init__(field_name, f"is longer than {limit} UTF-16 code units")
        self.limit = limit


# --- length ------------------------------------------------------------------------------------------------------


def length(text: str) -> int:
    """Count a text as the limits are counted here: in UTF-16 code units.

    Meta says "characters" and not what that is for Devanagari or emoji. Of the usual readings (what the reader sees,
    code points, UTF-16 code units) the last one never gives less, so what fits by it fits by all three.
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


_ELLIPSIS: Final = "…"
_ZWJ: Final = "\u200d"
_ZWNJ: Final = "\u200c"
_VIRAMA_CLASS: Final = 9  # canonical combining class of the virama of every Indic script


def shorten(text: str, limit: int) -> str:
    """Return `text` if it fits into `limit` UTF-16 code units, else its beginning and "…", together within the limit.

    It is cut only between two things that a reader sees as letters or signs: a vowel sign, conjunct, flag or family
    emoji stays whole or goes whole. If not even the first fits, "…" is all that is left.
    """
    if limit < length(_ELLIPSIS):
        raise ValueError("there must be room for an ellipsis")
    if length(text) <= limit:
        return text
    room = limit - length(_ELLIPSIS)
    end = 0
    for cluster in clusters(text):
        room -= length(cluster)
        if room < 0:
            break
        end += len(cluster)
    return text[:end].rstrip() + _ELLIPSIS


def clusters(text: str) -> Iterator[str]:
    """Split a text into what a reader sees as one letter or sign.

    Close to Unicode's extended grapheme clusters (UAX 29) for the scripts of India and for emoji, from the standard
    library's character data alone. Where they differ this keeps more together, which is the safe side for cutting:
    in Tamil, for instance, a consonant without vowel stays with the next letter. Hangul letters (jamo) are not joined.
    """
    start = 0
    flag_half_open = False  # an odd number of regional indicators is right before
    for index, char in enumerate(text):
        joined = index > start and (_joins(text[index - 1], char) or (flag_half_open and _is_regional_indicator(char)))
        if index > start and not joined:
            yield text[start:index]
            start = index
        flag_half_open = _is_regional_indicator(char) and not flag_half_open
    if start < len(text):
        yield text[start:]


def _joins(before: str, char: str) -> bool:
    """Return whether a character belongs to the one before it, flags apart."""
    category = unicodedata.category(char)
    return (
        category in {"Mn", "Mc", "Me"}
        or char in {_ZWJ, _ZWNJ}
        or _modifies_emoji(char)
        or before == _ZWJ
        or (unicodedata.combining(before) == _VIRAMA_CLASS and category == "Lo")
        or (before == "\r" and char == "\n")
    )


def _modifies_emoji(char: str) -> bool:
    """Skin tones, and the tags that spell the flags of England, Scotland and Wales (variation selectors are marks)."""
    return "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f"


def _is_regional_indicator(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


# --- to whom -----------------------------------------------------------------------------------------------------


class Recipient(Value, frozen=True):
    """A citizen's address: her number (digits, with or without `+`), her business-scoped user id, or both."""

    hidden = ("phone", "user_id")

    phone: str | None = None
    user_id: str | None = None

    def __post_init__(self) -> None:
        if not self.phone and not self.user_id:
            raise InvalidContent("recipient", "has neither a number nor a user id")
        if self.phone:
            digits = self.phone.removeprefix("+")
            if not (digits.isascii() and digits.isdigit() and len(digits) in _PHONE_DIGITS):
                raise InvalidContent("recipient.phone", "is not a number in international form")

    def to_json(self) -> dict[str, Json]:
        """Return `recipient`, else `to` with the `+` (without it the business number's country code is put before).

        The user id goes first, since the conversation is known by it: a number may be somebody else's meanwhile, and
        then the user id is another one. With both, WhatsApp would take the number.
        """
        if self.user_id:
            return {"recipient": self.user_id}
        return {"to": "+" + (self.phone or "").removeprefix("+")}


# --- what --------------------------------------------------------------------------------------------------------


class Message(Protocol):
    """Anything that can be sent."""

    def to_json(self) -> dict[str, Json]:
        """Return the part of the request body that says what is sent: `type` and the object of that name."""
        ...


class TextMessage(Value, frozen=True):
    """A plain text."""

    hidden = ("body",)

    body: str

    def __post_init__(self) -> None:
        _check("text.body", self.body, TEXT_BODY)

    def to_json(self) -> dict[str, Json]:
        """See `Message`."""
        return {"type": "text", "text": {"body": self.body, "preview_url": False}}


class DocumentHeader(Value, frozen=True):
    """A document above an interactive message: exactly one of `link` and `media_id`."""

    hidden = ("link", "media_id", "filename")

    link: str | None = None
    """Where WhatsApp fetches it, after it has accepted the message."""
    media_id: str | None = None
    """What an upload returned."""
    filename: str | None = None
    """What the citizen sees as the file's name."""

    def __post_init__(self) -> None:
        if (self.link is None) == (self.media_id is None):
            raise InvalidContent("header.document", "needs exactly one of link and media id")
        if self.link is not None:
            _check_link("header.document.link", self.link)
        if self.media_id is not None and not self.media_id.strip():
            raise InvalidContent("header.document.id", "is empty")
        if self.filename is not None and not self.filename.strip():
            raise InvalidContent("header.document.filename", "is empty")

    def to_json(self) -> dict[str, Json]:
        """Return the header object."""
        document: dict[str, Json] = {"link": self.link} if self.link is not None else {"id": self.media_id}
        if self.filename is not None:
            document["filename"] = self.filename
        return {"type": "document", "document": document}


class Button(Value, frozen=True):
    """A reply button: `id` comes back when it is tapped."""

    hidden = ("title",)

    id: str
    title: str

    def __post_init__(self) -> None:
        _check("button.id", self.id, BUTTON_ID)
        _check("button.title", self.title, BUTTON_TITLE)


class ButtonsMessage(Value, frozen=True):
    """A text with one to three reply buttons."""

    hidden = ("body",)

    body: str
    buttons: tuple[Button, ...]
    header: DocumentHeader | None = None

    def __post_init__(self) -> None:
        _check("interactive.body", self.body, INTERACTIVE_BODY)
        _check_count("buttons", len(self.buttons), BUTTONS)
        _check_unique("button.id", [button.id for button in self.buttons])
        _check_unique("button.title", [button.title for button in self.buttons])

    def to_json(self) -> dict[str, Json]:
        """See `Message`."""
        replies: list[Json] = [
            {"type": "reply", "reply": {"id": button.id, "title": button.title}} for button in self.buttons
        ]
        return _interactive("button", self.body, {"buttons": replies}, self.header)


class Row(Value, frozen=True):
    """A row of a list: `id` comes back when it is tapped."""

    hidden = ("title", "description")

    id: str
    title: str
    description: str | None = None

    def __post_init__(self) -> None:
        _check("row.id", self.id, ROW_ID)
        _check("row.title", self.title, ROW_TITLE)
        if self.description is not None:
            _check("row.description", self.description, ROW_DESCRIPTION)

    def to_json(self) -> dict[str, Json]:
        """Return the row object."""
        described: dict[str, Json] = {} if self.description is None else {"description": self.description}
        return {"id": self.id, "title": self.title} | described


class ListMessage(Value, frozen=True):
    """A text with a button that opens a list of at most ten rows."""

    hidden = ("body", "button")

    body: str
    button: str
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        _check("interactive.body", self.body, INTERACTIVE_BODY)
        _check("list.button", self.button, LIST_BUTTON)
        _check_count("list.rows", len(self.rows), LIST_ROWS)
        _check_unique("row.id", [row.id for row in self.rows])

    def to_json(self) -> dict[str, Json]:
        """See `Message`."""
        sections: list[Json] = [{"rows": [row.to_json() for row in self.rows]}]
        return _interactive("list", self.body, {"button": self.button, "sections": sections})


class LinkMessage(Value, frozen=True):
    """A text with one button that opens a web page."""

    hidden = ("body", "display_text", "url")

    body: str
    display_text: str
    url: str

    def __post_init__(self) -> None:
        _check("interactive.body", self.body, INTERACTIVE_BODY)
        _check("link.display_text", self.display_text, LINK_TITLE)
        _check_link("link.url", self.url)

    def to_json(self) -> dict[str, Json]:
        """See `Message`."""
        parameters = {"display_text": self.display_text, "url": self.url}
        action: dict[str, Json] = {"name": "cta_url", "parameters": parameters}
        return _interactive("cta_url", self.body, action)


class FormMessage(Value, frozen=True):
    """A text with one button that opens a form (a Flow). It begins by asking our endpoint what to show."""

    hidden = ("body", "button", "token")

    body: str
    button: str
    name: str
    """Of the published form, in our account."""
    token: str

    def __post_init__(self) -> None:
        _check("interactive.body", self.body, INTERACTIVE_BODY)
        _check("flow_cta", self.button, FORM_BUTTON)
        _check("flow_name", self.name, BUTTON_ID)
        _check("flow_token", self.token, BUTTON_ID)

    def to_json(self) -> dict[str, Json]:
        """See `Message`."""
        parameters = {
            "flow_message_version": "3",
            "flow_name": self.name,
            "flow_cta": self.button,
            "flow_token": self.token,
            "flow_action": "data_exchange",
        }
        return _interactive("flow", self.body, {"name": "flow", "parameters": parameters})


def envelope(recipient: Recipient, message: Message, callback_data: str = "") -> dict[str, Json]:
    """Return the body of a send request.

    `callback_data` comes back in every status of the message, so that a status which overtakes the answer to the send
    call can still be told; "" leaves it out. Raises `MessageTooLong` above 512.
    """
    head: dict[str, Json] = {"messaging_product": "whatsapp", "recipient_type": "individual"}
    tail: dict[str, Json] = {}
    if callback_data:
        _check("biz_opaque_callback_data", callback_data, CALLBACK_DATA)
        tail = {"biz_opaque_callback_data": callback_data}
    return head | recipient.to_json() | message.to_json() | tail


# --- building and checking ----------------------------------------------------------------------------------------


def _interactive(
    kind: str, body: str, action: Mapping[str, Json], header: DocumentHeader | None = None
) -> dict[str, Json]:
    above: dict[str, Json] = {} if header is None else {"header": header.to_json()}
    return {"type": "interactive", "interactive": {"type": kind} | above | {"body": {"text": body}, "action": action}}


def _check(field_name: str, text: str, limit: int) -> None:
    """Refuse an empty text, one that would be empty for a reader, and one above its limit."""
    if not text.strip():
        raise InvalidContent(field_name, "is empty")
    if length(text) > limit:
        raise MessageTooLong(field_name, limit)


def _check_count(field_name: str, count: int, limit: int) -> None:
    if not 1 <= count <= limit:
        raise InvalidContent(field_name, f"must be 1 to {limit}")


def _check_unique(field_name: str, values: Sequence[str]) -> None:
    if len(set(values)) != len(values):
        raise InvalidContent(field_name, "must be different for each")


def _check_link(field_name: str, link: str) -> None:
    # Plain http is for the stand-ins on one machine; what is deployed presigns https links.
    if not link.startswith(("https://", "http://")):
        raise InvalidContent(field_name, "is not a web address")
