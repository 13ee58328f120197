"""Two webhooks, a worker and a timer on one conversation, in every order that their calls can fall into.

Each runs until its next call that leaves the process and is held there; which one goes on is drawn. The conversation
store and the queues are the real ones, on models of DynamoDB and SQS.
"""

import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import replace
from dataclasses import dataclass, field
from math import inf
from threading import Semaphore, Thread
from types import MappingProxyType
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from helpdesk.conversation.effects import REPLIES, REQUESTS, Effect, OfferLanguages, Reply, Say
from helpdesk.conversation.events import DocumentsListed
from helpdesk.conversation.model import Conversation, Rules
from helpdesk.digilocker.errors import InvalidToken, OtpRefused, Unreachable
from helpdesk.digilocker.models import Token
from helpdesk.errors import DigiLockerError, SealEnded, VersionConflict
from helpdesk.forms.tokens import write_token
from helpdesk.outbound import Deadline
from helpdesk.service.callback_data import Tracker, tracking_keys
from helpdesk.service.identity import conversation_id, document_key, step_id
from helpdesk.service.inbound import DeliveryFailed, Receiver
from helpdesk.service.message_sender import MessageSender
from helpdesk.service.outbox_worker import NotItsTurn, Worker
from helpdesk.service.recipients import Recipients
from helpdesk.service.renderer import Renderer
from helpdesk.storage.conversations import ConversationStore, Entry, Stored
from helpdesk.storage.form_answers import FormAnswers
from helpdesk.storage.records import RecordStore
from helpdesk.storage.secrets import Secret
from helpdesk.storage.work import Lane, TimerQueue, WorkQueue, read_work
from helpdesk.telemetry import logger, metrics
from helpdesk.whatsapp.messages import Message, Recipient
from tests.unit.aws import IDENTITY_SECRET, OUTBOUND_SECRET, PEPPER, PHONE_NUMBER_ID, WEBHOOK_SECRET
from tests.unit.service.desk import AADHAAR, DOCUMENTS, HER_ID, HER_PHONE, OTP, Clock, delivery, signature
from tests.world.table import Tables

DEDUPLICATION_SECONDS = 300
"""How long an SQS FIFO queue knows a message again."""
WEEK = 7 * 24 * 3600
"""How long WhatsApp repeats a delivery, in seconds."""

type Pause = Callable[[], None]


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Thousands of turns are not worth a line each."""
    before = logger.log_level
    logger.setLevel(logging.CRITICAL)
    with mock.patch.object(metrics, "add_metric"):
        yield
    logger.setLevel(before)


LANES = tuple(Lane)


# Whose turn it is


class Abandoned(BaseException):
    """The test is over; nobody goes on."""


class Actor:
    """A function at work, held at every call that leaves it."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self.name = name
        self.done = False
        self._work = work
        self._error: BaseException | None = None
        self._abandoned = False
        self._go, self._held = Semaphore(0), Semaphore(0)
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._wait()
            self._work()
        except Abandoned:
            pass
        except BaseException as error:  # noqa: BLE001 - raised where the test can see it
            self._error = error
        self.done = True
        self._held.release()

    def _wait(self) -> None:
        self._go.acquire()
        if self._abandoned:
            raise Abandoned

    def hold(self) -> None:
        """Stop here until it is this one's turn again."""
        self._held.release()
        self._wait()

    def go_on(self) -> None:
        """Run to the next call, or to the end."""
        self._go.release()
        self._held.acquire()
        if self._error:
            raise self._error

    def abandon(self) -> None:
        self._abandoned = True
        self._go.release()
        self._held.acquire()


# What they work on


@dataclass
class HeldTable:
    """DynamoDB's client, held before each call."""

    pause: Pause
    table: Tables = field(default_factory=Tables)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.pause()
            return getattr(self.table, name)(**request)

        return call


@dataclass
class Queues:
    """SQS: the two FIFO queues, with one message group in each, and the timers."""

    pause: Pause
    clock: Clock
    waiting: dict[str, list[str]] = field(default_factory=lambda: {lane: [] for lane in LANES})
    worked_on: dict[str, list[str]] = field(default_factory=lambda: {lane: [] for lane in LANES})
    timers: list[tuple[float, str]] = field(default_factory=list)
    sends: int = 0
    _known: dict[tuple[str, str], float] = field(default_factory=dict)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.pause()
        self.sends += 1
        for entry in Entries:
            id_ = QueueUrl, entry["MessageDeduplicationId"]
            if self.clock.now - self._known.get(id_, 0) >= DEDUPLICATION_SECONDS:
                self._known[id_] = self.clock.now
                self.waiting[QueueUrl].append(entry["MessageBody"])
        return {}

    def send_message(self, *, MessageBody: str, DelaySeconds: int, **_: Any) -> None:  # noqa: N803
        self.pause()
        self.timers.append((self.clock.now + DelaySeconds, MessageBody))


@dataclass
class FakeSealer:
    """KMS: opens only what was sealed for the same conversation and purpose, and only until it ends."""

    clock: Clock
    sealed: list[tuple[str, str, str, int]] = field(default_factory=list)

    def seal(self, value: str, conversation_id: str, purpose: str, ends_at: int) -> str:
        self.sealed.append((value, conversation_id, purpose, ends_at))
        return f"sealed-{len(self.sealed) - 1}"

    def open(
        self, sealed: str, conversation_id: str, purpose: str, *, written_at: int, idle_end: int | None = None
    ) -> str:
        assert written_at or idle_end
        value, *context, ends_at = self.sealed[int(sealed.removeprefix("sealed-"))]
        assert context == [conversation_id, purpose]
        if self.clock.now >= min(ends_at, idle_end or ends_at):
            raise SealEnded(purpose)
        return value


@dataclass
class FakeSecrets:
    """Secrets Manager."""

    calls: int = 0

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        self.calls += 1
        held = {"webhook": WEBHOOK_SECRET, "identity": IDENTITY_SECRET, "outbound": OUTBOUND_SECRET}
        return {"SecretString": json.dumps(held[SecretId])}


@dataclass
class FakeDocuments:
    """The bucket."""

    pdfs: dict[str, bytes] = field(default_factory=dict)

    def link(self, key: str, _filename: str, _seconds: int) -> str:
        return f"https://bucket.example/{key}"

    def read(self, key: str) -> bytes | None:
        return self.pdfs.get(key)

    def delete(self, key: str) -> None:
        self.pdfs.pop(key, None)


@dataclass
class SlowLocker:
    """DigiLocker. Much happens while it is at work; each sign-in has a token of its own."""

    pause: Pause
    clock: Clock
    documents: FakeDocuments
    fails: list[DigiLockerError] = field(default_factory=list)
    rounds: int = 0
    _ends: dict[str, float] = field(default_factory=dict)
    """Tokens that nobody has revoked, and when they end by themselves."""

    @property
    def alive(self) -> set[str]:
        """Tokens that are good."""
        return {token for token, end in self._ends.items() if self.clock.now < end}

    def _called(self) -> None:
        self.pause()
        if self.fails:
            raise self.fails.pop()

    def send_otp(self, number: str, _deadline: Deadline) -> str:
        self._called()
        assert number == AADHAAR
        self.rounds += 1
        return f"device-code-{self.rounds}"

    def verify_otp(self, device_code: str, otp: str, _deadline: Deadline) -> Token:
        self._called()
        assert (device_code, otp) == (f"device-code-{self.rounds}", OTP)
        token = Token(f"token-{self.rounds}", 3600)
        self._ends[token.access_token] = inf
        self.pause()  # DigiLocker has done it, and the answer is on its way
        self._ends[token.access_token] = self.clock.now + token.expires_in  # a real answer takes seconds, not days
        return token

    def list_documents(self, step: str, token: str, _shared: str, _deadline: Deadline) -> DocumentsListed:
        self._with(token)
        return DocumentsListed(step, DOCUMENTS)

    def fetch_document(self, token: str, uri: str, conversation_id: str, step: str, _deadline: Deadline) -> str:
        self._with(token)
        assert uri in {document.uri for document in DOCUMENTS}
        key = document_key("key", conversation_id, step)
        self.documents.pdfs[key] = b"%PDF-1.7"
        self.pause()
        return key

    def revoke(self, token: str, *, is_refresh: bool = False) -> None:  # noqa: ARG002
        self.pause()
        self._ends.pop(token, None)

    def _with(self, token: str) -> None:
        assert token in self.alive, "no call begins with a token that was given back"
        try:
            self._called()
        except InvalidToken:
            self._ends.pop(token, None)
            raise
        if token not in self.alive:  # her time ran out, or the token's, while the call was under way
            raise InvalidToken("[revoked]")


@dataclass
class FakeWhatsApp:
    """The Cloud API. A status can be on its way before the call returns."""

    pause: Pause
    sent: int = 0
    tracked: list[str] = field(default_factory=list)

    def typing(self, _message: str) -> None:
        """Nobody looks."""

    def probe(self) -> None:
        """It always answers."""

    def upload(self, _content: bytes, _media_type: str, _filename: str) -> str:
        self.pause()
        return "media-1"

    def send(self, _recipient: Recipient, message: Message, callback_data: str = "") -> str:
        self.pause()
        assert message.to_json()
        self.sent += 1
        self.tracked.append(callback_data)
        self.pause()
        return "wamid.reply"


class WatchedReplier(MessageSender):
    """Notes which reply of which step was sent."""

    def __init__(
        self,
        whatsapp: FakeWhatsApp,
        documents: FakeDocuments,
        secret: Secret,
        recipients: Recipients,
        tracker: Tracker,
    ) -> None:
        super().__init__(
            client=whatsapp,  # type: ignore[arg-type]
            renderer=Renderer(session_seconds=900, link_seconds=900),
            documents=documents,  # type: ignore[arg-type]
            secret=secret,
            recipients=recipients,
            tracker=tracker,
            consent_url="https://desk.example/consent",
            form_token=lambda *form: write_token("form-token-key", *form),
        )
        self._whatsapp = whatsapp
        self.sent: dict[str, list[Reply]] = {}

    def send(
        self,
        reply: Reply,
        stored: Stored,
        step: str,
        *,
        repeated: bool = False,
        opened: Mapping[str, str] = MappingProxyType({}),
    ) -> bool:
        before = self._whatsapp.sent
        taken = super().send(reply, stored, step, repeated=repeated, opened=opened)
        if self._whatsapp.sent > before:
            self.sent.setdefault(step, []).append(reply)
        return taken


class WatchedStore(ConversationStore):
    """The conversation store, held to what must be true of every write."""

    def __init__(self, table: HeldTable, clock: Clock) -> None:
        super().__init__(table, "conversations", clock)  # type: ignore[arg-type]
        self.last: Stored | None = None
        self.steps: dict[str, tuple[Effect, ...]] = {}
        """What each step came to."""
        self.orders: dict[str, int] = {}
        """The place of each step in the outbox."""
        self.lost_races = 0

    def save(self, before: Stored, after: Stored, put: Sequence[Entry] = (), drop: Sequence[str] = ()) -> Stored:
        try:
            saved = super().save(before, after, put, drop)
        except VersionConflict:
            self.lost_races += 1
            raise
        # One winner for each version, and it had seen what the one before it wrote.
        assert before.version == (self.last.version if self.last else 0)
        assert saved.version == before.version + 1
        # Read before its list ended, or after that.
        assert self.last is None or before.conversation in (self.last.conversation, self.readable(self.last))
        assert set(saved.sealed) <= saved.conversation.keeps
        for entry in put:
            asked = self.steps.get(entry.step)
            if asked and entry.sealed == {} and set(map(repr, entry.effects)) <= set(map(repr, asked)):
                self.steps[entry.step] = entry.effects
                continue  # what is left of it once its session is forgotten
            assert set(entry.sealed) == {name for effect in entry.effects for name in effect.needs}
            assert asked is None or isinstance(asked[0], REQUESTS), "a step is taken once"
            if asked and any(isinstance(effect, (*REPLIES, *REQUESTS)) for effect in entry.effects):
                waited = {waiting.id for waiting in before.conversation.waiting}
                assert entry.step in waited, "nobody wants this answer any more"
            self.steps[entry.step] = entry.effects
            self.orders[entry.step] = entry.order
        for step in drop:
            self.steps[step] = ()
        self.last = saved
        return saved

    def readable(self, stored: Stored) -> Conversation:
        """Return what can still be read of a conversation: its list ends by itself."""
        conversation, session = stored.conversation, stored.conversation.session
        if session is None or not conversation.documents or self._clock() < stored.list_end:
            return conversation
        return replace(conversation, documents=(), session=replace(session, listing="", count=0, page=1, listed_at=0))


class Desk:
    """Everything of one conversation, and who is at work on it."""

    def __init__(self) -> None:
        self.running: Actor | None = None
        self.actors: dict[str, Actor] = {}
        self.clock = Clock()
        self.table, self.queues = HeldTable(self.pause), Queues(self.pause, self.clock)
        self.store = WatchedStore(self.table, self.clock)
        self.sealer, self.secrets, self.documents = FakeSealer(self.clock), FakeSecrets(), FakeDocuments()
        self.locker, self.whatsapp = SlowLocker(self.pause, self.clock, self.documents), FakeWhatsApp(self.pause)
        secrets: Any = self.secrets
        outbound = Secret(secrets, "outbound", "OutboundSecret", self.clock)
        identity = Secret(secrets, "identity", "IdentitySecret", self.clock)
        recipients, tracker = Recipients(identity, PHONE_NUMBER_ID), Tracker(lambda: tracking_keys(outbound))
        self.replier = WatchedReplier(self.whatsapp, self.documents, outbound, recipients, tracker)
        sqs: Any = self.queues
        sealer: Any = self.sealer
        rules = Rules()
        self.receiver = Receiver(
            phone_number_id=PHONE_NUMBER_ID,
            store=self.store,
            work=WorkQueue(sqs, *LANES),
            seal=sealer,
            secret=Secret(secrets, "webhook", "WebhookSecret", self.clock),
            identity=identity,
            rules=rules,
            max_age_seconds=600,
            clock=self.clock,
            sleep=lambda _seconds: None,
        )
        self.worker = Worker(
            store=self.store,
            records=RecordStore(self.table, "records", self.clock),  # type: ignore[arg-type]
            sealer=sealer,
            locker=lambda: self.locker,  # type: ignore[arg-type, return-value]
            replier=self.replier,
            documents=self.documents,  # type: ignore[arg-type]
            timers=TimerQueue(sqs, "timer"),
            answers=FormAnswers(self.table, "conversations"),  # type: ignore[arg-type]
            recipients=recipients,
            tracker=tracker,
            rules=rules,
            consent_seconds=1000,
            clock=self.clock,
            sleep=lambda _seconds: None,
        )
        self.messages: list[dict[str, Any]] = []
        self.undelivered: list[bytes] = []

    def pause(self) -> None:
        if self.running:
            self.running.hold()

    def start(self, name: str, work: Callable[[], None]) -> None:
        self.actors[name] = Actor(name, work)

    def go_on(self, name: str) -> None:
        actor = self.running = self.actors[name]
        try:
            actor.go_on()
        finally:
            self.running = None
            if actor.done:
                del self.actors[name]

    def finish(self) -> None:
        """Let everybody come to an end, one call after the other."""
        while self.actors:
            for name in list(self.actors):
                self.go_on(name)

    def abandon(self) -> None:
        for actor in self.actors.values():
            self.running = actor
            actor.abandon()
        self.actors.clear()

    # what each of them does

    def says(self, text: str) -> dict[str, Any]:
        """Write down a message of hers. A text with @ or # in it is the id of a button."""
        content: dict[str, Any] = {"type": "text", "text": {"body": text}}
        if "@" in text or "#" in text:
            reply = {"type": "button_reply", "button_reply": {"id": text, "title": "?"}}
            content = {"type": "interactive", "interactive": reply}
        message = {
            "id": f"wamid.{len(self.messages)}",
            "from": HER_PHONE,
            "from_user_id": HER_ID,
            "timestamp": str(int(self.clock.now)),
            **content,
        }
        self.messages.append(message)
        return message

    def receives(self, body: bytes) -> None:
        try:
            self.receiver.receive(body, signature(body))
        except DeliveryFailed:
            self.undelivered.append(body)

    def works(self, lane: str, body: str, *, deleted: bool) -> None:
        """Work on the first message of a lane; it comes again unless it is `deleted` afterwards."""
        try:
            self.worker.work(read_work(body))
        except (VersionConflict, NotItsTurn):
            return
        self.queues.worked_on[lane].append(body)
        if deleted and body in self.queues.waiting[lane]:
            self.queues.waiting[lane].remove(body)

    def wakes(self, body: str) -> None:
        try:
            self.worker.work(read_work(body))
        except VersionConflict:
            self.queues.timers.append((self.clock.now, body))

    def settle(self) -> None:
        """Let WhatsApp deliver again what failed, and the queue hand out all it has."""
        self.finish()
        while self.undelivered or any(self.queues.waiting.values()):
            if self.undelivered:
                self.receives(self.undelivered.pop())
            for lane, waiting in self.queues.waiting.items():
                if waiting:
                    self.works(lane, waiting[0], deleted=True)

    @property
    def conversation(self) -> Stored:
        return self.store.load(conversation_id(PEPPER, PHONE_NUMBER_ID, HER_ID))


WAY = ("Hi", "1", "yes", "I agree", AADHAAR, OTP, "2")
WORDS = (
    *WAY,
    *WAY[3:],
    "1",
    "2",
    "3",
    "menu",
    "menu",
    "done",
    "done",
    "done",
    "other documents",
    "licence",
    "help",
    "language",
    "cancel",
    "हिन्दी",
    "yes@account",
    "agree@consent",
    "resend@otp",
    "change_number@otp",
    "try_again@aadhaar",
    "try_again@documents",
    "try_again@listing",
    "123456789012",
    "#",
)
SITUATIONS = st.sampled_from((0, 3, 4, 5, 6, 6, 7, 7, 7))
"""How many messages she has written; the last one is being worked on."""
BATCHES = st.lists(st.sampled_from(WORDS) | st.integers(0, 20), min_size=1, max_size=3)
"""What she writes; a number is one of her latest messages, delivered again."""


class Interleavings(RuleBasedStateMachine):
    """Whatever order things happen in."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.started = self.desk.clock.now

    @initialize(words=SITUATIONS)
    def given(self, words: int) -> None:
        for text in WAY[:words]:
            self.desk.settle()
            self.desk.receives(delivery(self.desk.says(text)))
        for lane, waiting in self.desk.queues.waiting.items():
            if waiting:
                self._starts_to_work(lane, deleted=True)

    @rule(webhook=st.sampled_from(("webhook 1", "webhook 2")), batch=BATCHES, turned=st.booleans())
    def is_delivered(self, webhook: str, batch: list[str | int], turned: bool) -> None:
        known, messages = list(self.desk.messages), []
        for what in batch:
            if isinstance(what, str):
                messages.append(self.desk.says(what))
            elif what < len(known):
                messages.append(known[-1 - what])
        if webhook not in self.desk.actors and messages:
            body = delivery(*(reversed(messages) if turned else messages))
            self.desk.start(webhook, lambda: self.desk.receives(body))

    @rule(webhook=st.sampled_from(("webhook 1", "webhook 2")), back=st.integers(0, 2), arrived=st.booleans())
    def a_status_is_delivered(self, webhook: str, back: int, arrived: bool) -> None:
        if webhook in self.desk.actors or back >= len(self.desk.whatsapp.tracked):
            return
        status: dict[str, Any] = {
            "id": "wamid.reply",
            "status": "delivered" if arrived else "failed",
            "timestamp": str(int(self.desk.clock.now)),
            "biz_opaque_callback_data": self.desk.whatsapp.tracked[-1 - back],
            "errors": [] if arrived else [{"code": 131053}],
        }
        body = delivery(statuses=[status])
        self.desk.start(webhook, lambda: self.desk.receives(body))

    @precondition(lambda self: any(map(self._can_start, LANES)))
    @rule(lane=st.sampled_from(LANES), deleted=st.sampled_from((True, True, False)))
    def is_worked_on(self, lane: str, deleted: bool) -> None:
        if self._can_start(lane):
            self._starts_to_work(lane, deleted=deleted)

    def _can_start(self, lane: str) -> bool:
        return bool(self.desk.queues.waiting[lane]) and lane not in self.desk.actors

    def _starts_to_work(self, lane: str, *, deleted: bool) -> None:
        body = self.desk.queues.waiting[lane][0]
        self.desk.start(lane, lambda: self.desk.works(lane, body, deleted=deleted))

    @rule(lane=st.sampled_from(LANES), back=st.integers(0, 3))
    def work_comes_again(self, lane: str, back: int) -> None:
        bodies = self.desk.queues.worked_on[lane]
        if bodies and lane not in self.desk.actors:
            body = bodies[-1 - back % len(bodies)]
            self.desk.start(lane, lambda: self.desk.works(lane, body, deleted=False))

    @precondition(lambda self: self.desk.queues.timers and "timer" not in self.desk.actors)
    @rule(again=st.booleans())
    def a_timer_fires(self, again: bool) -> None:
        due = [timer for timer in self.desk.queues.timers if timer[0] <= self.desk.clock.now]
        if due:
            if not again:
                self.desk.queues.timers.remove(due[0])
            self.desk.start("timer", lambda: self.desk.wakes(due[0][1]))

    @precondition(lambda self: "webhook 1" not in self.desk.actors)
    @rule(lane=st.sampled_from(LANES), calls=st.integers(0, 6), text=st.sampled_from(("menu", "done", "2", "help")))
    def she_writes_while_the_worker_is_busy(self, lane: str, calls: int, text: str) -> None:
        for _ in range(calls):
            if lane in self.desk.actors:
                self.desk.go_on(lane)
        self.desk.receives(delivery(self.desk.says(text)))

    @precondition(lambda self: "webhook 1" not in self.desk.actors)
    @rule(text=st.sampled_from(("2", "done", "other documents", AADHAAR, OTP)), calls=st.integers(0, 6))
    def she_asks_for_more_before_she_has_her_reply(self, text: str, calls: int) -> None:
        for words in ("help", text):
            self.desk.receives(delivery(self.desk.says(words)))
        for lane in (Lane.WORK, Lane.REPLY):
            if self._can_start(lane):
                self._starts_to_work(lane, deleted=True)
            for _ in range(calls):
                if lane in self.desk.actors:
                    self.desk.go_on(lane)

    @precondition(lambda self: self.desk.actors)
    @rule(whose=st.lists(st.integers(0, 3), min_size=1, max_size=8))
    def they_go_on(self, whose: list[int]) -> None:
        for which in whose:
            if names := sorted(self.desk.actors):
                self.desk.go_on(names[which % len(names)])

    @precondition(lambda self: self.desk.actors)
    @rule()
    def one_comes_to_its_end(self) -> None:
        name = min(self.desk.actors)
        while name in self.desk.actors:
            self.desk.go_on(name)

    @rule(error=st.sampled_from((Unreachable("[timeout]"), OtpRefused("[otp]"), InvalidToken("[token]"))))
    def digilocker_will_fail(self, error: DigiLockerError) -> None:
        self.desk.locker.fails = [error]

    @rule(seconds=st.sampled_from((1, 30, 61, 95, 301, 901, 2 * 24 * 3600)))
    def time_passes(self, seconds: int) -> None:
        if self.desk.clock.now + seconds < self.started + WEEK:
            self.desk.clock.now += seconds

    @invariant()
    def no_reply_is_sent_twice(self) -> None:
        assert all(len(replies) == 1 for replies in self.desk.replier.sent.values())

    @invariant()
    def replies_come_in_the_order_of_her_messages(self) -> None:
        orders = self.desk.store.orders
        hers = {step_id(PEPPER, message["id"]) for message in self.desk.messages}
        sent = [orders[step] for step in self.desk.replier.sent if step in hers]
        assert sent == sorted(sent)

    def teardown(self) -> None:
        try:
            self._settles()
        finally:
            self.desk.abandon()

    def _settles(self) -> None:
        desk = self.desk
        desk.settle()
        if not desk.messages:
            return
        stored = desk.conversation
        assert stored.outbox == ()
        assert set(stored.sealed) <= stored.conversation.keeps
        assert desk.store.last is not None
        assert stored.conversation == desk.store.readable(desk.store.last)
        for step, effects in desk.store.steps.items():
            said = [effect for effect in effects if isinstance(effect, Say | OfferLanguages)]
            sent = desk.replier.sent.get(step, [])
            # Being told to wait is left out where what is waited for was answered before.
            waits = [effect for effect in said if isinstance(effect, Say) and effect.text.key == "wait"]
            told = [effect for effect in sent if effect not in waits]
            assert told == [effect for effect in said if effect not in waits] or not said, "each step is answered, once"
        assert stored.conversation.waiting == (), "whatever was asked has been answered or given up"
        # Nothing is left behind that nobody will come back for.
        session = stored.conversation.session
        assert len(desk.locker.alive) <= (1 if session else 0)
        deleted_later = {json.loads(body).get("delete") for _, body in desk.queues.timers}
        assert set(desk.documents.pdfs) <= deleted_later


_SEARCHES = bool(os.environ.get("SEARCH"))
"""Try something new, and for longer: `SEARCH=1 pytest -n 0 tests/unit/service/test_concurrency.py`. Else always the
same orders, so that nothing turns red by the luck of the draw."""
TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(
    max_examples=3000 if _SEARCHES else 250,
    stateful_step_count=40,
    deadline=None,
    derandomize=not _SEARCHES,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@dataclass
class EmptyTable:
    """A table that knows nobody yet, and notes who is written."""

    calls: Counter[str] = field(default_factory=Counter)
    written: set[str] = field(default_factory=set)

    def query(self, **_: Any) -> dict[str, Any]:
        self.calls["query"] += 1
        return {"Items": []}

    def update_item(self, *, Key: dict[str, Any], **_: Any) -> None:  # noqa: N803 - boto3's name
        self.calls["update_item"] += 1
        self.written.add(Key["conversation"]["S"])


def test_a_thousand_citizens_in_one_delivery_cost_the_same_few_calls_each() -> None:
    desk, table, citizens = Desk(), EmptyTable(), 1000
    desk.receiver._turns._store = ConversationStore(table, "conversations", desk.clock)  # type: ignore[arg-type]
    words = "Is anyone there? " * 170  # 3 KB each, as large as a delivery gets
    messages = [
        {**desk.says(f"Hi {number} {words}"), "from": f"9190000{number:05}", "from_user_id": f"{HER_ID}{number:05}"}
        for number in range(citizens)
    ]
    body = delivery(*messages)
    assert len(body) > 3_000_000
    desk.receives(body)
    assert not desk.undelivered
    assert table.calls == {"query": citizens, "update_item": citizens}
    assert desk.queues.sends == len(desk.queues.waiting["reply"]) == len(table.written) == citizens
    assert {json.loads(job)["conversation"] for job in desk.queues.waiting["reply"]} == table.written
    assert desk.secrets.calls == 2
    assert not desk.sealer.sealed
