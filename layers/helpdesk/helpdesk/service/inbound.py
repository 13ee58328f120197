"""The webhook: what WhatsApp delivers advances conversations and asks for work.

A message is done when its step is in the outbox and on the queue. Whatever fails before that makes the whole call
fail, and WhatsApp delivers it again; what was done by then is recognised and not done twice.
"""

import hmac
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from helpdesk.conversation.allowance import pauses, stops_again
from helpdesk.conversation.chapters.otp import refuses_otp
from helpdesk.conversation.effects import (
    AADHAAR,
    OTP,
    Effect,
    OfferForm,
    OfferLanguages,
    Say,
    SealInput,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
)
from helpdesk.conversation.events import (
    Entered,
    IdentityChanged,
    Kind,
)
from helpdesk.conversation.model import Newest, Rules
from helpdesk.conversation.turn import MISSED
from helpdesk.errors import (
    AccessDenied,
    ConversationError,
    HelpdeskError,
    SignatureError,
    StorageError,
    code_of,
)
from helpdesk.service.callback_data import read_form, read_tracking
from helpdesk.service.identity import conversation_id, own_mobile, step_id
from helpdesk.service.message_reader import ReadMessage, read_message
from helpdesk.service.outbox import bounded
from helpdesk.service.turn import Draft, Turns
from helpdesk.storage.conversations import ConversationStore, Entry, Person
from helpdesk.storage.sealing import Seal
from helpdesk.storage.secrets import Secret
from helpdesk.storage.work import Delivered, FormUndelivered, InOrder, Job, Undelivered, WorkQueue
from helpdesk.telemetry import count, count_by, logger
from helpdesk.whatsapp import webhook
from helpdesk.whatsapp.errors import MEDIA_FAILED
from helpdesk.whatsapp.signature import verify
from helpdesk.whatsapp.webhook import DeliveryStatus, InboundMessage

MOST_SECONDS = 20.0
"""After that no further conversation is begun: API Gateway hangs up after 29 s, and then nobody knows what was done."""

# They change nothing that was said, so they are no step in the conversation.
_NO_STEP = frozenset({webhook.Kind.REACTION, webhook.Kind.REVOKE, webhook.Kind.SYSTEM})
_KNOWN_STATUSES = frozenset({"sent", "delivered", "read", "failed"})
_PURPOSES = {Kind.AADHAAR: AADHAAR, Kind.VIRTUAL_ID: AADHAAR, Kind.OTP: OTP}


class DeliveryFailed(HelpdeskError):
    """Something of a delivery could not be stored or queued: WhatsApp must deliver it again."""

    retryable = True


class Receiver:
    """Receives deliveries for one phone number of ours."""

    def __init__(
        self,
        *,
        phone_number_id: str,
        store: ConversationStore,
        work: WorkQueue,
        seal: Seal,
        secret: Secret,
        identity: Secret,
        rules: Rules,
        max_age_seconds: int,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._phone_number_id = phone_number_id
        self._turns = Turns(store, seal, rules, clock, sleep)
        self._work = work
        self._secret = secret
        self._identity = identity
        self._max_age_seconds = max_age_seconds
        self._stopwatch = stopwatch

    def subscription(self, mode: str, token: str) -> bool:
        """Return whether a `GET` is Meta's, verifying the address (`hub.mode`, `hub.verify_token`).

        Its token may just have been rotated. Raises SecretError.
        """
        if mode != "subscribe":
            return False
        return self._is_verify_token(token) or (self._secret.refresh() and self._is_verify_token(token))

    def receive(self, body: bytes, signature: str | None) -> None:
        """Take in one delivery.

        Raises SignatureError, PayloadError, SecretError; DeliveryFailed if it must be delivered again.
        """
        pepper = self._pepper()
        self._prove(body, signature)
        delivery = webhook.parse(body)
        if delivery.skipped:
            count("SkippedElements", delivery.skipped)
        count("StandbyDeliveries", delivery.standby)
        if delivery.errors:
            logger.warning("WhatsApp reports errors", extra={"codes": list(delivery.errors)})
        failed = 0
        began = self._stopwatch()
        for identity, messages in self._by_conversation(pepper, delivery.messages).items():
            if self._stopwatch() - began > MOST_SECONDS:
                count("ConversationsPutOff")
                failed += 1
                continue
            logger.append_keys(conversation=identity)
            try:
                self._converse(identity, pepper, messages)
            except Exception as error:  # noqa: BLE001 - one conversation's failure does not touch another's
                failed += 1
                _not_taken_in("message processing failed", error)
            finally:
                logger.remove_keys(["conversation"])
        failed += self._follow(delivery.statuses)
        if failed:
            count("DeliveriesFailed")
            raise DeliveryFailed(f"{failed} parts of the delivery could not be stored or queued")

    def _follow(self, statuses: Sequence[DeliveryStatus]) -> int:
        """Queue what the delivery of a document asks for. Returns 1 if that could not be queued, else 0.

        No other status costs a call.
        """
        if not statuses:
            return 0
        work: dict[InOrder, None] = {}
        for name, number in Counter(status.status for status in statuses).items():
            count(f"Status_{name}" if name in _KNOWN_STATUSES else "Status", number)
        for status in statuses:
            try:
                asked = _follow_up(status) if status.phone_number_id == self._phone_number_id else None
            except Exception as error:  # noqa: BLE001 - one bad status must not have the others delivered for a week
                count("StatusesSkipped")
                logger.error("a status was skipped", extra={"error": type(error).__name__})
                continue
            if asked:
                work[asked] = None
        if not work:
            return 0
        try:
            self._work.send(tuple(work))
        except (ConversationError, StorageError) as error:
            _not_taken_in("status processing failed", error)
            return 1
        return 0

    def _pepper(self) -> str:
        """Return what ids are keyed with. Where `make deploy` has not moved it yet, it is in WebhookSecret."""
        return self._identity.optional("id_pepper") or self._secret.text("id_pepper")

    def _is_verify_token(self, token: str) -> bool:
        given = token.encode(errors="replace")  # half a surrogate pair is no token
        return hmac.compare_digest(given, self._secret.text("verify_token").encode())

    def _prove(self, body: bytes, signature: str | None) -> None:
        """See to it that Meta signed the body, with a secret that may just have been rotated."""
        try:
            verify(body, signature, self._secret.texts("app_secrets"))
        except SignatureError:
            if not self._secret.refresh():
                raise
            verify(body, signature, self._secret.texts("app_secrets"))

    def _by_conversation(self, pepper: str, messages: Sequence[InboundMessage]) -> Mapping[str, list[InboundMessage]]:
        grouped: dict[str, list[InboundMessage]] = {}
        for message in messages:
            if message.phone_number_id != self._phone_number_id:
                count("ForeignMessages")
            elif message.former:
                count("IdentitiesChanged")
                for person in message.former:
                    identity = conversation_id(pepper, message.phone_number_id, person)
                    grouped.setdefault(identity, []).append(message)
            elif message.kind in _NO_STEP:
                count("IgnoredMessages")
            else:
                person = message.user_id or message.phone or ""
                identity = conversation_id(pepper, message.phone_number_id, person)
                grouped.setdefault(identity, []).append(message)
        return grouped

    def _converse(self, identity: str, pepper: str, messages: Sequence[InboundMessage]) -> None:
        """Advance one conversation by its messages, and have the work done that is in its outbox."""
        by_step = {step_id(pepper, message.id): message for message in messages}

        def decide(draft: Draft) -> Sequence[Entry] | None:
            acted_on.clear()
            new = {step: message for step, message in by_step.items() if step not in draft.before.seen}
            count("Duplicates", len(messages) - len(new))
            acted_on.extend(step for step, message in new.items() if self._step(draft, pepper, step, message))
            count("UnansweredMessages", len(new) - len(acted_on))
            if not acted_on:
                return ()
            entries, kept = draft.put, bounded(draft.before.outbox, draft.put, draft.conversation)
            if kept is None:
                count("OutboxesFull")
                draft.discard()
                return None
            draft.put, draft.drop = kept.put, kept.drop
            return entries

        acted_on: list[str] = []
        stored, entries = self._turns.take(identity, decide)
        if entries is None:
            return
        count("Messages", len(acted_on))
        _count_refusals(entries)
        _count_missed(entries)
        if acted_on or any(stored.entry(step) for step in by_step):
            self._work.send([Job(identity, entry.step, entry.lane) for entry in stored.to_queue(by_step)])

    def _step(self, draft: Draft, pepper: str, step: str, message: InboundMessage) -> bool:
        """Advance the draft by a message. Return whether that changed something or asks for something."""
        before, person = draft.conversation, draft.after.person
        read = read_message(
            message, before, step=step, pepper=pepper, now=draft.now, max_age_seconds=self._max_age_seconds
        )
        is_other = isinstance(read.event, IdentityChanged)
        sender = Person() if is_other else _sender(message, person)
        mobile = own_mobile(sender.phone)
        before = replace(before, writes_from_mobile=bool(mobile))
        after, effects = draft.advance(read.event, before)
        # A *Stop* of somebody who is silent already counts from when it was sent: a *Hi* before it undoes nothing.
        is_noted = (is_other and person != sender) or stops_again(before, read.event)
        if after == before and not effects and not is_noted:
            return False
        if not is_other and not message.in_group:
            after = replace(after, newest=_newest(message, before.question, pepper, draft.now))
        brought = _brought(read, effects) | _kept(effects, read.typed, mobile)
        effects = tuple(effect for effect in effects if not isinstance(effect, SealInput))
        draft.enter(step, (after, effects), brought, person=sender)
        logger.info(
            "message",
            extra={
                "step": step,
                "kind": message.kind,
                "was_at": before.stage,
                "is_at": after.stage,
                "effects": [type(effect).__name__ for effect in effects],
            },
        )
        return True


def _sender(message: InboundMessage, person: Person) -> Person:
    """Return whom the conversation is with after a message. What is said in a group tells nothing of that."""
    if message.in_group:
        return person
    return Person(message.phone or person.phone, message.user_id or person.user_id, message.id)


def _newest(message: InboundMessage, question: str, pepper: str, now: int) -> Newest:
    """Return her newest message and the question that it answers. An edit is the message that it changes.

    Its time is what the delivery says, but never in the future: then it could hold any number.
    """
    sent_at = min(message.timestamp or 0, now)
    return Newest(step_id(pepper, message.edited or message.id), question, sent_at)


def _count_missed(entries: Sequence[Entry]) -> None:
    """Count the messages that were not understood, by language; log by what note, never by what text."""
    for entry in entries:
        for reply in entry.effects:
            if not isinstance(reply, Say | OfferForm | ShowDocuments | ShowOptions | ShowDetails | OfferLanguages):
                continue
            if reply.note and reply.note.key in MISSED:
                count("AnswersMissed")
                count_by("NotUnderstood", "language", reply.language)
                said = {"step": entry.step, "as": reply.note.key, "language": reply.language}
                logger.info("not understood", extra=said)


def _count_refusals(entries: Sequence[Entry]) -> None:
    replies = [effect for entry in entries for effect in entry.effects if isinstance(effect, Say)]
    count("OtpsRefused", sum(refuses_otp(reply) for reply in replies))
    count("CitizensPaused", sum(pauses(reply) for reply in replies))


def _not_taken_in(what: str, error: Exception) -> None:
    code = code_of(error)
    count("AwsDenied", isinstance(error, AccessDenied))
    logger.error(what, extra={"error": type(error).__name__, "code": code})


def _follow_up(status: DeliveryStatus) -> InOrder | None:
    """Say what the status of a message asks for: nothing, unless the message carried a document."""
    if status.status == "failed" and (form := read_form(status.callback_data)):
        return FormUndelivered(form.conversation_id, status.callback_data or "")
    claimed = read_tracking(status.callback_data)
    if claimed is None:
        return None
    tracking, callback = claimed.tracking, status.callback_data or ""
    if status.status in {"delivered", "read"}:
        return Delivered(tracking.conversation_id, tracking.key, callback)
    if status.status == "failed":
        count("DocumentsUndelivered")
        if MEDIA_FAILED in status.error_codes:
            document = (tracking.key, tracking.number, tracking.listing, tracking.uploaded)
            return Undelivered(tracking.conversation_id, *document, callback)
    return None


def _brought(read: ReadMessage, effects: tuple[Effect, ...]) -> dict[str, str]:
    """Name the number that was typed, if this turn asks for something to be done with it."""
    if not isinstance(read.event, Entered) or read.event.kind not in _PURPOSES:
        return {}
    purpose = _PURPOSES[read.event.kind]
    return {purpose: read.digits} if any(purpose in effect.needs for effect in effects) else {}


def _kept(effects: tuple[Effect, ...], typed: str, mobile: str) -> dict[str, str]:
    """Return what the dialogue has us keep sealed, by the name that it gives it."""
    keeps = (effect for effect in effects if isinstance(effect, SealInput))
    return {keep.name: keep.value or (mobile if keep.own_number else typed) for keep in keeps}
