"""Sending a reply of the dialogue through WhatsApp."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from helpdesk.conversation.effects import (
    LINK,
    DeliverDocument,
    OfferForm,
    OfferLanguages,
    OfferLink,
    Reply,
    Say,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
    Text,
)
from helpdesk.errors import WhatsAppError
from helpdesk.languages.catalogue import catalogue
from helpdesk.service.callback_data import Tracker, Tracking
from helpdesk.service.identity import is_document_of
from helpdesk.service.recipients import Recipients
from helpdesk.service.renderer import NOTHING_OPENED, Renderer
from helpdesk.storage.conversations import Stored
from helpdesk.storage.documents import DocumentStore, media_type
from helpdesk.storage.secrets import Secret
from helpdesk.telemetry import count, count_by, logger
from helpdesk.whatsapp.client import WhatsAppClient
from helpdesk.whatsapp.errors import FORM_REFUSED, TokenRefused
from helpdesk.whatsapp.messages import DocumentHeader, Message

TYPING_AFTER_SECONDS = 2.0
"""After that a citizen wonders whether anybody is there."""


class MessageSender:
    """Renders replies and sends them."""

    def __init__(
        self,
        *,
        client: WhatsAppClient,
        renderer: Renderer,
        documents: DocumentStore,
        secret: Secret,
        recipients: Recipients,
        tracker: Tracker,
        consent_url: str,
        form_token: Callable[[str, str, int], str],
    ) -> None:
        """Take what messages are made with. `consent_url`: where every link that she is sent leads.

        `form_token` makes the token of a form, from conversation, mark and end.
        """
        self._client = client
        self._recipients = recipients
        self._tracker = tracker
        self._consent_url = consent_url
        self._form_token = form_token
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
        """Send one message. Returns whether WhatsApp took it, or nobody wants it any more.

        A refusal that sending again cannot fix is logged and counted, and the reply is dropped. `repeated`: it was
        sent before and may have arrived, so this is the last time, and not while WhatsApp is down. `opened`: what was
        sealed until now and the message shows, by its name.

        Raises WhatsAppError where sending again can help, and where somebody must fix our access first.
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
            if isinstance(reply, OfferForm) and error.code in FORM_REFUSED:
                return False  # she does not wait until the form can be sent again
            if error.retryable or isinstance(error, TokenRefused):
                raise
            return False
        if sent:
            count("Delivered" if isinstance(reply, DeliverDocument) else "Replies")
            if isinstance(reply, DeliverDocument):
                doctype = stored.conversation.documents[reply.number - 1].doctype
                named = f"document.{doctype}" in catalogue(reply.language).texts
                count_by("Delivered", "kind", doctype if named else "other")
                count_by("Delivered", "language", reply.language)
            is_menu = isinstance(reply, Say) and reply.text.key == "menu"
            count("Greeted", is_menu)
            told = reply.text.key if isinstance(reply, Say | OfferLink | OfferForm) else type(reply).__name__
            logger.info("replied", extra={"reply": told})
        return True

    def _send(self, reply: Reply, stored: Stored, step: str, opened: Mapping[str, str]) -> bool:
        recipient = self._recipients.of(stored)
        if recipient is None:
            return False  # her data was deleted, after the reply that says so; or somebody else was put in her place
        message = self._message(reply, stored, step, opened)
        if message is None:
            return False
        callback_data = f"{stored.id}:{step}"
        if isinstance(reply, DeliverDocument):
            tracking = Tracking(stored.id, reply.key, reply.number, reply.listing, reply.uploaded)
            callback_data = self._tracker.write(tracking)
        elif isinstance(reply, OfferForm):
            callback_data = self._tracker.write_form(stored.id, reply.mark)
        self._client.send(recipient, message, callback_data)
        return True

    @contextmanager
    def typing(self, stored: Stored, waited: float) -> Iterator[None]:
        """Show her that we are at work, and her message as read, if she waits longer than two seconds for it.

        `waited`: the seconds that she has been waiting already. One call; whether it succeeds matters to nobody.
        """
        message = stored.person.message
        if message is None:
            yield
            return
        timer = threading.Timer(max(0.0, TYPING_AFTER_SECONDS - waited), self._type, [message])
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

    def _message(self, reply: Reply, stored: Stored, step: str, opened: Mapping[str, str]) -> Message | None:
        """Write the message; None for a list, or a document of a list, that she signed out of meanwhile.

        None also for being told to wait for an answer that came before, as answers are sent one after the other.
        None also for a link that leads elsewhere and for another conversation's document: no version of ours wrote it.
        """
        conversation = stored.conversation
        match reply:
            case Say(text=Text(key="wait")) if not conversation.waiting:
                return None
            case Say():
                return self._renderer.say(reply, conversation, opened)
            case OfferLink():
                if not opened[LINK].startswith(f"{self._consent_url}/start?"):
                    _note_foreign("link")
                    return None
                return self._renderer.link(reply, opened[LINK])
            case OfferForm():
                return self._renderer.form(reply, self._form_token(stored.id, reply.mark, reply.ends_at))
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
        if not is_document_of(reply.key, stored.id, step):
            _note_foreign("document")
            return None
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


def _note_foreign(what: str) -> None:
    """Note that a reply would have sent what is not the conversation's own."""
    count("ForeignWork")
    logger.error("a reply was refused", extra={"reason": f"a {what} of another"})
