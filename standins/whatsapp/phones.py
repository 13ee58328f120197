"""The citizens' phones: who they are for WhatsApp, and what their chats show."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from standins.config import SimulatorConfig
from standins.whatsapp import limits

type Status = Literal["accepted", "sent", "delivered", "read", "failed"]
_RANK: dict[str, int] = {"accepted": 0, "sent": 1, "failed": 2, "delivered": 3, "read": 4}

TYPING_SECONDS = 25.0


@dataclass(frozen=True)
class Media:
    """Bytes that travel in a message, or lie uploaded."""

    content: bytes = field(repr=False)
    media_type: str
    uploaded_at: float = 0.0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Message:
    """One message of a chat. `raw` is the message as it was sent, by whichever side."""

    index: int
    sender: Literal["citizen", "desk"]
    id: str
    at: float
    raw: Mapping[str, Any]
    status: Status = "accepted"
    error: dict[str, Any] | None = None
    media: Media | None = None
    flow_id: str = ""
    form: Mapping[str, Any] | None = None
    """The version of the form that the message was sent with: it keeps that, whatever is published later."""
    form_is_over: bool = False
    """The endpoint has ended it (427): its button is shut."""

    @property
    def type(self) -> str:
        return str(self.raw.get("type", "text"))

    @property
    def interactive(self) -> Mapping[str, Any]:
        """The interactive part of what the desk sent; empty if there is none."""
        content = self.raw.get("interactive") if self.sender == "desk" else None
        return content if isinstance(content, Mapping) else {}

    def advance(self, status: Status) -> None:
        """Move the status on; it never goes back, whatever order the webhooks come in."""
        if _RANK[status] > _RANK[self.status]:
            self.status = status

    def buttons(self) -> list[dict[str, str]]:
        """What can be tapped below the message."""
        if self.interactive.get("type") != "button":
            return []
        return [
            {"id": one["reply"]["id"], "title": one["reply"]["title"]} for one in self.interactive["action"]["buttons"]
        ]

    def rows(self) -> list[dict[str, str]]:
        """What can be tapped in the message's list."""
        if self.interactive.get("type") != "list":
            return []
        return [
            {"id": row["id"], "title": row["title"], "description": row.get("description", "")}
            for section in self.interactive["action"]["sections"]
            for row in section["rows"]
        ]

    def text(self) -> str:
        """The words of the message, or what a phone shows in their place."""
        if self.interactive:
            return str(self.interactive["body"]["text"])
        content = self.raw.get(self.type)
        if not isinstance(content, Mapping):
            return ""
        match self.type:
            case "text":
                return str(content.get("body", ""))
            case "interactive":
                reply = content.get(content.get("type", ""), {})
                return str(reply.get("title", "")) if isinstance(reply, Mapping) else ""
            case "button":
                return str(content.get("text", ""))
            case "reaction":
                return str(content.get("emoji", ""))
            case "template":
                return f"[template {content.get('name', '')}]"
            case _:
                return str(content.get("caption", ""))

    def to_json(self, number: str) -> dict[str, Any]:
        """Return the message as the HTTP face shows it."""
        return {
            "index": self.index,
            "from": self.sender,
            "id": self.id,
            "at": self.at,
            "type": self.type,
            "text": self.text(),
            "header": _framed(self.interactive.get("header")),
            "footer": _framed(self.interactive.get("footer")),
            "buttons": self.buttons(),
            "list": self._list(),
            "link": self._link(),
            "form": self._form(),
            "document": self._document(number),
            "status": self.status,
            "error": self.error,
            "raw": self.raw,
        }

    def _list(self) -> dict[str, Any] | None:
        if self.interactive.get("type") != "list":
            return None
        action = self.interactive["action"]
        rows = iter(self.rows())
        sections = [
            {"title": section.get("title", ""), "rows": [next(rows) for _ in section["rows"]]}
            for section in action["sections"]
        ]
        return {"button": action["button"], "sections": sections}

    def _link(self) -> dict[str, str] | None:
        if self.interactive.get("type") != "cta_url":
            return None
        parameters = self.interactive["action"]["parameters"]
        return {"text": parameters["display_text"], "url": parameters["url"]}

    def _form(self) -> dict[str, Any] | None:
        if self.form is None:
            return None
        return {"text": self.interactive["action"]["parameters"]["flow_cta"], "over": self.form_is_over}

    def _document(self, number: str) -> dict[str, Any] | None:
        found = limits.media_of(self.raw) if self.sender == "desk" else None
        if found is None:
            return None
        kind, content = found
        media = self.media
        return {
            "filename": content.get("filename") or ("Untitled" if kind == "document" else kind),
            "url": None if media is None else f"/phones/{number}/documents/{self.index}",
            "size": None if media is None else len(media.content),
            "media_type": None if media is None else media.media_type,
        }


def _framed(part: object) -> str:
    text = part.get("text") if isinstance(part, Mapping) else None
    return text if isinstance(text, str) else ""


@dataclass
class Phone:
    """One WhatsApp user and her chat with the help desk."""

    number: str
    user_id: str
    name: str
    username: str
    messages: list[Message] = field(default_factory=list)
    last_heard: float | None = None
    """When she last wrote, by her messages' own timestamps: the 24 hours count from there."""
    typing_until: float = 0.0

    def add(self, sender: Literal["citizen", "desk"], message_id: str, at: float, raw: Mapping[str, Any]) -> Message:
        message = Message(len(self.messages), sender, message_id, at, raw)
        self.messages.append(message)
        if sender == "desk":
            self.typing_until = 0.0
        return message

    def taps(self) -> list[tuple[Message, dict[str, str]]]:
        """Return all that can be tapped, the newest message first."""
        shown = [one for one in reversed(self.messages) if one.sender == "desk" and one.status != "failed"]
        return [(message, choice) for message in shown for choice in (*message.buttons(), *message.rows())]


def user_id_of(waba_id: str, number: str) -> str:
    """Return the user id by which a business account knows a phone. The number does not show in it."""
    digest = hashlib.sha256(f"{waba_id}/{number}".encode()).digest()
    return f"IN.{int.from_bytes(digest[:7]):017d}"


class Phones:
    """All phones, by number and by business-scoped user id; the caller holds the world's lock."""

    def __init__(self, config: SimulatorConfig, names: Mapping[str, str]) -> None:
        self._config = config
        self._names = names
        self._by_number: dict[str, Phone] = {}
        self._by_user_id: dict[str, Phone] = {}
        self._inbound: dict[str, tuple[Phone, Message]] = {}

    def at(self, number: str) -> Phone:
        """Return the phone with that number; there is one behind every number that looks like one."""
        phone = self._by_number.get(number)
        if phone is None:
            name = self._names.get(number, "Citizen")
            username = f"@{name.lower().replace(' ', '.')}.{number[-2:]}"
            phone = Phone(number, user_id_of(self._config.waba_id, number), name, username)
            self._by_number[number] = self._by_user_id[phone.user_id] = phone
        return phone

    def with_user_id(self, user_id: str) -> Phone | None:
        return self._by_user_id.get(user_id)

    def remember_inbound(self, phone: Phone, message: Message) -> None:
        self._inbound[message.id] = (phone, message)

    def inbound(self, message_id: str) -> tuple[Phone, Message] | None:
        """Return the citizen's message with that id, and whose it is."""
        return self._inbound.get(message_id)


def message_id(number: str, *, inbound: bool) -> str:
    """Return a new wamid. As in real ones, whoever decodes it finds the phone number."""
    unique = secrets.token_hex(10 if inbound else 9).upper().encode()
    digits = number.encode()
    packed = b"\x1c\x18%c%b\x15\x02\x00%c\x18%c%b\x00" % (
        len(digits),
        digits,
        0x12 if inbound else 0x11,
        len(unique),
        unique,
    )
    return f"wamid.{base64.b64encode(packed).decode()}"
