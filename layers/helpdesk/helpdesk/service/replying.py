"""Sending a reply of the dialogue through WhatsApp."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from helpdesk.conversation.effects import (
    LINK,
    DeliverDocument,
    OfferLanguages,
    OfferLink,
    Reply,
    Say,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
)
from helpdesk.errors import WhatsAppError
from helpdesk.service.rendering import NOTHING_OPENED, Renderer
from helpdesk.service.tracking import Tracking
from helpdesk.storage.conversations import Stored
from helpdesk.storage.documents import DocumentStore, media_type
from helpdesk.storage.secrets import Secret
from helpdesk.telemetry import count, logger
from helpdesk.whatsapp.client import WhatsAppClient
from helpdesk.whatsapp.errors import TokenRefused
from helpdesk.whatsapp.messages import DocumentHeader, Message, Recipient

TYPING_AFTER_SECONDS = 2.0
"""After that a citizen wonders whether anybody is there."""


class Replier:
    """Renders replies and sends them."""

    def __init__(self, *, client: WhatsAppClient, renderer: Renderer, documents: DocumentStore, secret: Secret) -> None:
        self._client = client
        self._renderer = renderer
        self._documents = documents
        self._secret = secret

    @property
    def link_seconds(self) -> int:
        """How long the link of a PDF holds."""
        return self._renderer.link_seconds

    def send(
        self,
        reply: Reply,
        stored: Stored,
        step: str,
        *,
        repeated: bool = False,
        opened: Mapping[str, str] = NOTHING_OPENED,
    ) -> bool:
        """Send one message. Tells whether WhatsApp took it, or nobody wants it any more.

        A refusal that sending again cannot mend is logged and counted, and the reply is dropped. `repeated`: it was
        sent before and may have arrived, so this is the last time, and not while WhatsApp is down. `opened`: what was
        sealed until now and the message shows, by its name.

        Raises WhatsAppError where sending again can help, and where somebody must mend our access first.
        """
        try:
            if repeated:
                self._client.probe()
            try:
                sent = self._send(reply, stored, step, opened)
            except TokenRefused:
                if not self._secret.refresh():
                    raise
                sent = self._send(reply, stored, step, opened)
        except WhatsAppError as error:
            count(f"WhatsApp_{type(error).__name__}")
            kind, language = type(error).__name__, stored.conversation.language
            logger.error("a reply was refused", extra={"code": error.code, "error": kind, "language": language})
            if error.retryable or isinstance(error, TokenRefused):
                raise
            return False
        if sent:
            count("Delivered" if isinstance(reply, DeliverDocument) else "Replies")
            is_menu = isinstance(reply, Say) and reply.text.key == "menu"
            count("Greeted", is_menu)
            told = reply.text.key if isinstance(reply, Say | OfferLink) else type(reply).__name__
            logger.info("replied", extra={"reply": told})
        return True

    def _send(self, reply: Reply, stored: Stored, step: str, opened: Mapping[str, str]) -> bool:
        person = stored.person
        if not person.phone and not person.user_id:
            return False  # her data was deleted, after the reply that says so
        message = self._message(reply, stored, opened)
        if message is None:
            return False
        recipient = Recipient(phone=person.phone, user_id=person.user_id)
        callback_data = f"{stored.id}:{step}"
        if isinstance(reply, DeliverDocument):
            callback_data = str(Tracking(stored.id, reply.key, reply.number, reply.listing, reply.uploaded))
        self._client.send(recipient, message, callback_data)
        return True

    @contextmanager
    def typing(self, stored: Stored) -> Iterator[None]:
        """Show her that we are at work, and her message as read, if what is done here takes longer than two seconds.

        One call; whether it succeeds matters to nobody.
        """
        message = stored.person.message
        if message is None:
            yield
            return
        timer = threading.Timer(TYPING_AFTER_SECONDS, self._type, [message])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _type(self, message: str) -> None:
        try:
            self._client.typing(message)
        except Exception as error:  # noqa: BLE001 - a thread's own traceback would go to the log, text and all
            logger.info("typing was not shown", extra={"error": type(error).__name__})

    def _message(self, reply: Reply, stored: Stored, opened: Mapping[str, str]) -> Message | None:
        """Write the message; None for a list, or a document of a list, that she signed out of meanwhile."""
        conversation = stored.conversation
        match reply:
            case Say():
                return self._renderer.say(reply, conversation, opened)
            case OfferLink():
                return self._renderer.link(reply, opened[LINK])
            case OfferLanguages():
                return self._renderer.languages(reply)
            case ShowOptions():
                return self._renderer.options(reply)
            case ShowDetails():
                return self._renderer.details(reply, opened)
        if conversation.session is None or conversation.session.listing != reply.listing:
            return None
        if isinstance(reply, ShowDocuments):
            return self._renderer.documents(reply, conversation)
        return self._renderer.delivery(reply, conversation, self._header(reply, stored))

    def _header(self, reply: DeliverDocument, stored: Stored) -> DocumentHeader:
        """Hand the PDF to WhatsApp: by a link to fetch or, where that failed, as a file."""
        filename = self._renderer.filename(reply, stored.conversation)
        if reply.uploaded and (content := self._documents.read(reply.key)):
            uploaded = self._client.upload(content, media_type(reply.key), filename)
            return DocumentHeader(media_id=uploaded, filename=filename)
        return DocumentHeader(
            link=self._documents.link(reply.key, filename, self._renderer.link_seconds), filename=filename
        )
