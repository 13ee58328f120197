"""What needs no answer from DigiLocker: messages, revocations, deletions, timers, records."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from helpdesk.conversation.effects import (
    AnswerForm,
    DeletePdf,
    DeliverDocument,
    EraseData,
    FollowUp,
    RecordConsent,
    Reply,
    Revoke,
    SetTimer,
    is_reply,
)
from helpdesk.conversation.ends import said_instead
from helpdesk.errors import SealEnded, StorageError
from helpdesk.service.identity import following, is_document_of
from helpdesk.service.message_sender import MessageSender
from helpdesk.service.tokens import SealedValues, give_back
from helpdesk.service.unseen_answers import UnseenAnswers
from helpdesk.storage.conversations import ConversationStore, Entry, Stored
from helpdesk.storage.documents import DocumentStore
from helpdesk.storage.records import RecordStore
from helpdesk.storage.work import DeletionTimer, IdleTimer, TimerQueue
from helpdesk.telemetry import count, logger, record_duration
from helpdesk.whatsapp.errors import OutcomeUnknown

if TYPE_CHECKING:  # a job that only replies does without
    from helpdesk.service.digilocker_gateway import DigiLockerGateway


class FollowUps:
    """Does them, one by one."""

    def __init__(
        self,
        *,
        store: ConversationStore,
        records: RecordStore,
        sealed: SealedValues,
        gateway: Callable[[], "DigiLockerGateway"],
        sender: MessageSender,
        documents: DocumentStore,
        timers: TimerQueue,
        unseen: UnseenAnswers,
        consent_seconds: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._records = records
        self._sealed = sealed
        self._gateway = gateway
        self._sender = sender
        self._documents = documents
        self._timers = timers
        self._unseen = unseen
        self._consent_seconds = consent_seconds
        self._clock = clock

    def do(self, effect: FollowUp, stored: Stored, entry: Entry, *, repeated: bool = False) -> bool:
        """Do one. Return False for a message that WhatsApp refused for good. `repeated`: it may be done already."""
        match effect:
            case Revoke(tokens=tokens):
                give_back(self._gateway(), self._sealed.tokens(stored, entry, tokens))
            case DeletePdf(key=key):
                if is_document_of(key, stored.id, entry.step):
                    self._documents.delete(key)
            case SetTimer(seconds=seconds):
                self._timers.set(IdleTimer(stored.id, following(entry.step)), seconds)
            case EraseData():
                # Else she has written meanwhile, and what answers her has still to reach her.
                if all(other.order <= entry.order for other in stored.outbox):
                    others = (other for other in stored.outbox if other.step != entry.step)
                    self._store.erase(
                        stored, told=not any(map(is_reply, (one for other in others for one in other.then)))
                    )
            case AnswerForm():
                self._unseen.put(stored, entry, effect)
            case RecordConsent():
                count("Consented")
                self._records.record_consent(stored.id, effect, self._consent_seconds)
            case _:
                return self._send(effect, stored, entry, repeated=repeated)
        return True

    def _send(self, reply: Reply, stored: Stored, entry: Entry, *, repeated: bool) -> bool:
        try:
            opened = {name: self._sealed.open(stored, name, entry) for name in reply.needs}
        except SealEnded:
            count("SealsEnded")
            reply, opened = said_instead(reply, stored.conversation), {}
        document = reply if isinstance(reply, DeliverDocument) else None
        if document and not is_document_of(document.key, stored.id, entry.step):
            document = None
        try:
            taken = self._sender.send(reply, stored, entry.step, repeated=repeated, opened=opened)
        except OutcomeUnknown:
            if document and repeated:  # it is not sent a third time, and may have arrived
                self._delete_later(document.key)
            raise
        if document and taken:
            self._note_times(entry, document)
            self._delete_later(document.key)
        elif taken:
            record_duration("SecondsToReply", self._clock() - entry.at)
        return taken

    def _note_times(self, entry: Entry, document: DeliverDocument) -> None:
        """Note how long the citizen has waited; not for a document that is sent again, as a file."""
        now = self._clock()
        if not document.uploaded:
            record_duration("SecondsFromChoice", now - entry.at)
        if document.greeted_at:
            record_duration("SecondsFromHi", now - document.greeted_at)

    def _delete_later(self, key: str) -> None:
        """Have a PDF deleted when its link has expired. A failure must not have the document sent again.

        Then WhatsApp's report that it was delivered still deletes the PDF, or the bucket's own rule does.
        """
        try:
            self._timers.set(DeletionTimer(key), self._sender.link_seconds)
        except StorageError as error:
            logger.error("the deletion of a PDF was not set", extra={"error": type(error).__name__})
