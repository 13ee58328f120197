"""WhatsApp, with the methods of the functions' client: the stand-in's limits on messages, without its HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from helpdesk.whatsapp.errors import InvalidMessage, WindowClosed
from helpdesk.whatsapp.messages import (
    ButtonsMessage,
    DocumentHeader,
    LinkMessage,
    ListMessage,
    Message,
    Recipient,
    TextMessage,
    envelope,
)
from standins.whatsapp import limits
from standins.whatsapp.errors import GraphError
from tests.conversations.chat import shown
from tests.world.chance import Clock
from tests.world.record import Received, Refused

_WINDOW_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Line:
    """A phone with WhatsApp: its number, and the user id by which the desk knows it."""

    number: str
    user_id: str


class WhatsApp:
    """Takes messages, and has them on the phone at once. `fate` says what becomes of a message of a kind."""

    def __init__(
        self, clock: Clock, note: Callable[[Any], None], fetch: Callable[[str], bytes | None], lines: list[Line]
    ) -> None:
        self._clock, self._note, self._fetch = clock, note, fetch
        self._lines = {line.number: line for line in lines} | {line.user_id: line for line in lines}
        self._media: dict[str, bytes] = {}
        self._sent = 0
        self.last_heard: dict[str, float] = {}
        self.reported: Callable[[Received, DocumentHeader | None], None] = lambda *_: None
        """Told of each message that was taken."""

    def send(self, recipient: Recipient, message: Message, callback_data: str = "") -> str:
        line = self._lines.get(recipient.user_id or recipient.phone or "")
        number = line.number if line else str(recipient)
        try:
            limits.check(envelope(recipient, message, callback_data))
        except GraphError as error:
            self._note(Refused(at=self._clock(), line=number, why=f"{error.code} {error}", by_fault=False))
            raise InvalidMessage(error.code, status=400) from error
        if self._clock() - self.last_heard.get(number, 0) >= _WINDOW_SECONDS:
            self._note(Refused(at=self._clock(), line=number, why="the 24 hours are over", by_fault=False))
            raise WindowClosed(131047, status=400)
        self._sent += 1
        header = message.header if isinstance(message, ButtonsMessage) else None
        received = self._received(number, f"wamid.ours-{self._sent}", callback_data, message)
        self._note(received)
        self.reported(received, header if isinstance(header, DocumentHeader) else None)
        return received.message

    def typing(self, message_id: str) -> None:
        """Show that we are typing."""

    def probe(self) -> None:
        """It answers."""

    def upload(self, content: Any, _media_type: str, _filename: str) -> str:
        id_ = f"media-{len(self._media) + 1}"
        self._media[id_] = content if isinstance(content, bytes) else content.read()
        return id_

    def _received(self, number: str, id_: str, callback: str, message: Message) -> Received:
        tappable: dict[str, str] = {}
        text = filename = link = ""
        content = None
        match message:
            case ButtonsMessage(body=body, buttons=buttons, header=header):
                tappable = {button.title: button.id for button in buttons}
                if isinstance(header, DocumentHeader):
                    filename = header.filename or ""
                    content = self._fetch(header.link) if header.link else self._media.get(header.media_id or "")
                text = shown(body, list(tappable), filename or None)
            case ListMessage(body=body, button=button, rows=rows):
                tappable = {row.title: row.id for row in rows}
                text = shown(body, [f"{button}: {' | '.join(tappable)}"])
            case LinkMessage(body=body, display_text=title, url=link):
                text = shown(body, [f"{title} ↗"])
            case TextMessage(body=body):
                text = body
        return Received(
            at=self._clock(),
            line=number,
            message=id_,
            cause=callback,
            text=text,
            tappable=tappable,
            filename=filename,
            content=content,
            link=link,
            raw=message,
        )
