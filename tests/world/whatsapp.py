"""WhatsApp, with the methods of the functions' client: the stand-in's limits on messages, without its HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpdesk.whatsapp.errors import InvalidMessage, MediaFailed, WindowClosed
from helpdesk.whatsapp.messages import Message, Recipient, envelope
from standins.whatsapp import limits
from standins.whatsapp.errors import GraphError
from tests.conversations.chat import shown
from tests.world.chance import Clock
from tests.world.record import Received, Refused

if TYPE_CHECKING:
    from helpdesk.errors import WhatsAppError

_WINDOW_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Line:
    """A phone with WhatsApp: its number, and the user id by which the desk knows it; "" if it has none yet."""

    number: str
    user_id: str


class WhatsApp:
    """Takes messages, and has them on the phone at once. `fate` says what becomes of a message of a kind."""

    def __init__(
        self, clock: Clock, note: Callable[[Any], None], fetch: Callable[[str], bytes | None], lines: list[Line]
    ) -> None:
        self._clock, self._note, self._fetch = clock, note, fetch
        self._lines = {one: line for line in lines for one in (line.number, line.user_id) if one}
        self._media: dict[str, bytes] = {}
        self._sent = 0
        self.last_heard: dict[str, float] = {}
        self.refuses: Callable[[Received], bool] = lambda _: False
        """Whether it does not take a message."""
        self.refusal: WhatsAppError = MediaFailed(131053, status=400)
        """With what it refuses."""
        self.reported: Callable[[Received], None] = lambda _: None
        """Told of each message that was taken."""

    def send(self, recipient: Recipient, message: Message, callback_data: str = "") -> str:
        line = self._lines.get(recipient.user_id or recipient.phone or "")
        number = line.number if line else str(recipient)
        sent = envelope(recipient, message, callback_data)
        try:
            limits.check(sent)
        except GraphError as error:
            self._note(
                Refused(at=self._clock(), line=number, why=f"{error.code} {error}", by_fault=False, cause=callback_data)
            )
            raise InvalidMessage(error.code, status=400) from error
        if self._clock() - self.last_heard.get(number, 0) >= _WINDOW_SECONDS:
            self._note(
                Refused(at=self._clock(), line=number, why="the 24 hours are over", by_fault=False, cause=callback_data)
            )
            raise WindowClosed(131047, status=400)
        received = self._received(number, sent)
        if self.refuses(received):
            self._note(Refused(at=self._clock(), line=number, why="the file cannot be had", by_fault=True))
            raise self.refusal
        self._sent += 1
        self._note(received)
        self.reported(received)
        return received.message

    def typing(self, message_id: str) -> None:
        """Show that we are typing."""

    def probe(self) -> None:
        """It answers."""

    def upload(self, content: Any, _media_type: str, _filename: str) -> str:
        id_ = f"media-{len(self._media) + 1}"
        self._media[id_] = content if isinstance(content, bytes) else content.read()
        return id_

    def _received(self, number: str, sent: dict[str, Any]) -> Received:
        """Return what stands on the phone, read off the call as Meta documents it."""
        interactive = sent.get("interactive", {})
        action = interactive.get("action", {})
        body = interactive.get("body", {}).get("text", "") or sent.get("text", {}).get("body", "")
        tappable = {one["reply"]["title"]: one["reply"]["id"] for one in action.get("buttons", ())}
        rows = [row for section in action.get("sections", ()) for row in section["rows"]]
        tappable |= {row["title"]: row["id"] for row in rows}
        document = interactive.get("header", {}).get("document", {})
        content, link = None, ""
        if document:
            link, media = document.get("link", ""), document.get("id", "")
            content = self._fetch(link) if link else self._media.get(media)
        buttons = [f"{action['button']}: {' | '.join(tappable)}"] if rows else list(tappable)
        opens = action.get("parameters", {})
        buttons += [opens.get("display_text") or opens["flow_cta"]] if opens else []
        return Received(
            at=self._clock(),
            line=number,
            message=f"wamid.ours-{self._sent + 1}",
            cause=sent.get("biz_opaque_callback_data", ""),
            text=shown(body, buttons, document.get("filename")),
            tappable=tappable,
            rows=tuple((row["id"], f"{row['title']} {row.get('description', '')}") for row in rows),
            filename=document.get("filename", ""),
            by_link=bool(link),
            fetched_from=link,
            content=content,
            link=opens.get("url", ""),
            form_token=opens.get("flow_token", ""),
        )
