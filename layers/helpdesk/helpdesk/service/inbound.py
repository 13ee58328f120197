"""The webhook: what WhatsApp delivers advances conversations and asks for work.

A message is done when its step stands in the outbox and on the queue. Whatever fails before that makes the whole call
fail, and WhatsApp delivers it again; what was done by then is recognised and not done twice.
"""

import datetime as dt
import hmac
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from helpdesk.conversation.advance import advance
from helpdesk.conversation.allowance import pauses
from helpdesk.conversation.chapters.otp import refuses_otp
from helpdesk.conversation.choices import read_tap
from helpdesk.conversation.effects import AADHAAR, OTP, Effect, Keep, Say
from helpdesk.conversation.events import (
    CameLate,
    Entered,
    FromHer,
    IdentityChanged,
    InTime,
    Kind,
    Said,
    SentProof,
    SentSomethingElse,
    Tapped,
)
from helpdesk.conversation.model import Conversation, Rules, Stage
from helpdesk.conversation.numbers import MOBILE_DIGITS, Fault, mobile_fault
from helpdesk.errors import (
    AccessDenied,
    ConversationError,
    HelpdeskError,
    SignatureError,
    StorageError,
    VersionConflict,
    code_of,
)
from helpdesk.service.callback_data import read_tracking
from helpdesk.service.identity import conversation_id, number_mark, step_id, text_mark
from helpdesk.service.outbox import bounded
from helpdesk.service.proof_code import proof_mark, read_proof
from helpdesk.service.sealed import seal_turn
from helpdesk.storage.conversations import ConversationStore, Entry, Person, Stored, pause_after_lost_race
from helpdesk.storage.sealing import Seal
from helpdesk.storage.secrets import Secret
from helpdesk.storage.work import Delivered, InOrder, Job, Undelivered, WorkQueue
from helpdesk.structs import Value
from helpdesk.telemetry import count, logger
from helpdesk.understanding.reading import LONGEST_TEXT, read
from helpdesk.whatsapp import webhook
from helpdesk.whatsapp.errors import MEDIA_FAILED
from helpdesk.whatsapp.signature import verify
from helpdesk.whatsapp.webhook import DeliveryStatus, InboundMessage

MOST_SECONDS = 20.0
"""After that no further conversation is begun: API Gateway hangs up after 29 s, and then nobody knows what was done."""
TRIES = 5
"""How often a lost race is run again within one call."""

# They change nothing that was said, so they are no step in the conversation.
_NO_STEP = frozenset({webhook.Kind.REACTION, webhook.Kind.EDIT, webhook.Kind.REVOKE, webhook.Kind.SYSTEM})
_KNOWN_STATUSES = frozenset({"sent", "delivered", "read", "failed"})
_INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30))
_COUNTED = frozenset({Kind.AADHAAR, Kind.VIRTUAL_ID, Kind.MOBILE})
_PURPOSES = {Kind.AADHAAR: AADHAAR, Kind.VIRTUAL_ID: AADHAAR, Kind.OTP: OTP}


class DeliveryFailed(HelpdeskError):
    """Something of a delivery could not be stored or queued: WhatsApp must deliver it again."""

    retryable = True


class Understood(Value, frozen=True):
    """A message and what it means; and the digits of a number that may have to be sealed."""

    hidden = ("digits",)

    message: InboundMessage
    event: FromHer
    digits: str = ""


class Turns(Value, frozen=True):
    """What some messages of one citizen come to."""

    after: Stored
    entries: tuple[Entry, ...]
    acted_on: tuple[str, ...]
    """The steps that changed something or ask for something; of the others nothing need be kept."""


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
        self._store = store
        self._work = work
        self._seal = seal
        self._secret = secret
        self._identity = identity
        self._rules = rules
        self._max_age_seconds = max_age_seconds
        self._clock = clock
        self._sleep = sleep
        self._stopwatch = stopwatch

    def subscription(self, mode: str, token: str) -> bool:
        """Tell whether a `GET` is Meta's, verifying the address (`hub.mode`, `hub.verify_token`).

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
                _not_taken_in("messages were not taken in", error)
            finally:
                logger.remove_keys(["conversation"])
        failed += self._follow(delivery.statuses)
        if failed:
            count("DeliveriesFailed")
            raise DeliveryFailed(f"{failed} parts of the delivery could not be stored or queued")

    def _follow(self, statuses: Sequence[DeliveryStatus]) -> int:
        """Have done what the delivery of a document asks for. Gives 1 if that could not be queued, else 0.

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
            _not_taken_in("statuses were not taken in", error)
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
        """Advance one conversation by what she sent, and have the work done that stands in its outbox."""
        now = int(self._clock())
        # Read before the first call: once, however often the race is run.
        steps = ((step_id(pepper, message.id), message) for message in messages)
        by_step = {step: self._understood(pepper, step, message, now) for step, message in steps}
        for attempt in range(TRIES):
            stored = self._store.load(identity)
            new = {step: sent for step, sent in by_step.items() if step not in stored.seen}
            count("Duplicates", len(messages) - len(new))
            turns = self._advance(stored, new, now)
            count("UnansweredMessages", len(new) - len(turns.acted_on))
            if turns.acted_on:
                kept = bounded(stored.outbox, turns.entries, turns.after.conversation)
                if kept is None:
                    count("OutboxesFull")
                    return
                try:
                    stored = self._store.save(stored, turns.after, put=kept.put, drop=kept.drop)
                except VersionConflict:
                    self._sleep(pause_after_lost_race(attempt))
                    continue
                count("Messages", len(turns.acted_on))
                _count_refusals(turns.entries)
            if turns.acted_on or any(stored.entry(step) for step in by_step):
                self._work.send([Job(identity, entry.step) for entry in stored.to_queue(by_step)])
            return
        raise VersionConflict(f"lost {TRIES} races")

    def _advance(self, stored: Stored, new: Mapping[str, Understood], now: int) -> Turns:
        entries: list[Entry] = []
        acted_on: list[str] = []
        conversation, kept, person = stored.conversation, stored.sealed, stored.person
        for step, sent in new.items():
            message, event, digits = sent.message, sent.event, sent.digits
            detail = _detail(conversation, message)
            sender = Person(message.phone or person.phone, message.user_id or person.user_id, message.id)
            if isinstance(event, IdentityChanged):
                sender = Person()
            mobile = _own_mobile(sender.phone)
            before = conversation
            if before.writes_from_mobile is not bool(mobile):
                before = replace(before, writes_from_mobile=bool(mobile))
            if before.stage in {Stage.NAME, Stage.DETAIL} and isinstance(event, Said):
                event = replace(event, typed="")  # nothing is kept of a name, not even to tell a machine
            if detail is not None and isinstance(event, Said | Entered):
                event = replace(event, fits=True)
            after, effects = advance(before, event, now, self._rules)
            is_forgotten = isinstance(event, IdentityChanged) and person != sender
            if after == before and not effects and not is_forgotten:
                continue
            conversation, person = after, sender
            acted_on.append(step)
            brought = _brought(event, digits, effects)
            if any(isinstance(effect, Keep) for effect in effects):
                brought |= _kept(effects, detail or digits or _line(message.text), mobile)
                effects = tuple(effect for effect in effects if not isinstance(effect, Keep))
            sealed = seal_turn(
                stored.id,
                conversation,
                effects,
                kept,
                brought,
                self._seal,
                taken=bool(brought),
                now=now,
                rules=self._rules,
            )
            kept = sealed.state
            if effects:
                order = stored.version * 1000 + len(entries)
                entries.append(Entry(step, now, order, effects, sealed.step))
            logger.info(
                "message",
                extra={
                    "step": step,
                    "kind": message.kind,
                    "was_at": before.stage,
                    "is_at": conversation.stage,
                    "effects": [type(effect).__name__ for effect in effects],
                },
            )
        seen = {**stored.seen, **dict.fromkeys(acted_on, now)}
        written = replace(stored, conversation=conversation, sealed=kept, person=person, seen=seen)
        return Turns(written, tuple(entries), tuple(acted_on))

    def _understood(self, pepper: str, step: str, message: InboundMessage, now: int) -> Understood:
        if message.former:
            return Understood(message, IdentityChanged(step))  # however late it comes
        event, digits = _meaning(step, message)
        if message.timestamp is not None and now - message.timestamp > self._max_age_seconds:
            return Understood(message, CameLate(step, event if not digits else None))
        if isinstance(event, Entered) and event.kind is Kind.DATE and digits > _today(now):
            event = replace(event, fault=Fault.IMPOSSIBLE)
        if isinstance(event, Entered) and event.kind in _COUNTED:
            event = replace(event, mark=number_mark(pepper, digits))
        elif isinstance(event, Said) and message.text:
            event = replace(event, typed=text_mark(pepper, message.text))
        return Understood(message, event, digits)


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


def _meaning(step: str, message: InboundMessage) -> tuple[InTime, str]:
    if message.kind is webhook.Kind.TAP:
        tap = read_tap(message.tap or "")
        if tap or not message.title:
            return Tapped(step, tap), ""
        text = message.title
    elif message.kind is webhook.Kind.TEXT and message.text:
        text = message.text
        if proof := read_proof(text):
            return SentProof(step, proof_mark(proof)), ""
    else:
        return SentSomethingElse(step, message.kind.value), ""
    understood = read(step, text)
    return understood.event, understood.digits


def _brought(event: FromHer, digits: str, effects: tuple[Effect, ...]) -> dict[str, str]:
    """Name the number that she typed, if this turn asks for something to be done with it."""
    if not isinstance(event, Entered) or event.kind not in _PURPOSES:
        return {}
    purpose = _PURPOSES[event.kind]
    return {purpose: digits} if any(purpose in effect.needs for effect in effects) else {}


def _kept(effects: tuple[Effect, ...], typed: str, mobile: str) -> dict[str, str]:
    """Give what the dialogue has us keep sealed, by the name that it gives it."""
    keeps = (effect for effect in effects if isinstance(effect, Keep))
    return {keep.name: keep.value or (mobile if keep.her_number else typed) for keep in keeps}


def _detail(conversation: Conversation, message: InboundMessage) -> str | None:
    """Give what she typed as the issuer takes it, if that is what is asked for and it fits."""
    parameter = conversation.asked_parameter
    return parameter.accept(message.text or "") if parameter else None


def _line(text: str | None) -> str:
    """Give a text in one line, without what may stand around a name."""
    return " ".join((text or "")[:LONGEST_TEXT].split()).strip(" .,;:!*_\"'")


def _own_mobile(phone: str | None) -> str:
    """Give the ten digits of the number that she writes from, if it is an Indian mobile.

    WhatsApp gives a number as digits, the country code first.
    """
    code, mobile = (phone or "")[:-MOBILE_DIGITS], (phone or "")[-MOBILE_DIGITS:]
    return mobile if code == "91" and not mobile_fault(mobile) else ""


def _today(now: int) -> str:
    """Give the day in India, as YYYY-MM-DD."""
    return dt.datetime.fromtimestamp(now, _INDIA).date().isoformat()
