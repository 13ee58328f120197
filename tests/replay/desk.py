"""The real functions on a modelled AWS, and a citizen who goes through a transcript whatever happens meanwhile."""

import hashlib
import hmac
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from http import HTTPStatus
from types import ModuleType
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from helpdesk.bootstrap import consent, document, webhook
from helpdesk.conversation.choices import Choice, read_tap
from helpdesk.conversation.effects import DeliverDocument, Reply, ShowDocuments
from helpdesk.conversation.model import Conversation, Rules
from helpdesk.conversation.problems import Problem
from helpdesk.languages.catalogue import Catalogue, catalogues
from helpdesk.service import authorization_link, message_sender
from helpdesk.service.proof_code import proof_of
from helpdesk.service.renderer import NOTHING_OPENED
from helpdesk.storage.conversations import ConversationStore, Stored
from helpdesk.web.pages import AGREE, DECLINE
from helpdesk.whatsapp.messages import DocumentHeader
from tests.conversations.chat import RIGHT_OTP, START, WRONG_OTP, Transcript, matches
from tests.handlers import Context, load
from tests.replay.outside import DigiLocker, Received, WhatsApp
from tests.world.calls import Calls, Counted, CrashPoint, Died
from tests.world.cloud import APP_SECRET, ENVIRONMENT, PHONE_NUMBER_ID, Cloud, invocation
from tests.world.queues import Queue

_THINKING_SECONDS = 3
"""How long she looks at an answer before she goes on."""
_STATUS_SECONDS = 1
"""How long after a message WhatsApp reports that it was delivered."""
_MOST_TURNS = 500
"""More deliveries and jobs than any run needs: beyond that, something goes round in circles."""
_READ_SECONDS = 400
"""How long after a document she opens it, where she does: SQS has forgotten by then that it was delivered."""
_MEDIA_FAILED = 131053
"""WhatsApp could not fetch a link or use a file (Cloud API, error codes)."""
_SLACK_SECONDS = 240
"""By how much a minute is stretched where the transcript relies on it: more than any crash holds her up."""
_A_WRONG_OTP = "<a wrong OTP>"
_THE_CODE = "<the code>"

THE_END = "(the end)"
"""What she waits for when she has said everything: nothing; timers still fire."""

type Fate = Literal["delivered", "read", "link fails", "lost"]
"""What becomes of a document: it is delivered; read later as well; its link cannot be fetched; it cannot be carried."""


class NoAnswer(AssertionError):
    """She waits, and nothing is left that could bring her an answer."""


@dataclass(frozen=True)
class Pace:
    """How quick WhatsApp and the citizen are. Times in seconds.

    `redelivered_after`: how long WhatsApp waits before it delivers again what was not answered with 200.
    `patient`: she goes on only when nothing is under way any more, instead of as soon as she has her answer.
    `webhook_only`: the pace makes a difference only where it is the webhook function that dies.
    `fate`: what becomes of the documents; a difference only from the first of them on.
    """

    redelivered_after: int
    patient: bool = False
    webhook_only: bool = False
    fate: Fate = "delivered"

    def __str__(self) -> str:
        """Return its name."""
        fate = "" if self.fate == "delivered" else f", documents: {self.fate}"
        return f"{'patient' if self.patient else 'prompt'}, again after {self.redelivered_after} s{fate}"


PACES = (Pace(0), Pace(45, webhook_only=True), Pace(45, patient=True), Pace(120, webhook_only=True))
"""120 s is longer than a step may wait for being worked on (`JobExpirySeconds`)."""
FATES = (Pace(0, fate="read"), Pace(0, fate="link fails"), Pace(0, fate="lost"))
"""Further ones, for conversations in which a document is delivered."""


def paces(transcript: Transcript) -> tuple[Pace, ...]:
    """Return all paces that make a difference to a conversation."""
    return PACES + FATES if any(delivers(line) for line in transcript.chat) else PACES


def delivers(line: dict[str, str]) -> bool:
    """Return whether a line of a transcript is a document that the desk sends."""
    said = line.get("desk", "")
    return said.startswith("(") and not shows_a_page(said)


def shows_a_page(answer: str) -> bool:
    """Return whether a line of a transcript is what the desk's page shows, and no message."""
    return answer.startswith("(the page)")


@dataclass
class Clock:
    """Time, which only the run moves. Seconds since the epoch."""

    now: float = START

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass(frozen=True)
class Scene:
    """A line of a transcript in which something happens, and all that the desk says to it."""

    line: dict[str, str]
    answers: tuple[str, ...]


def scenes(chat: Iterable[dict[str, str]]) -> Iterator[Scene]:
    """Go through a transcript."""
    line: dict[str, str] = {}
    answers: list[str] = []
    for next_line in chat:
        if "desk" in next_line:
            answers.append(next_line["desk"])
            continue
        if line:
            yield Scene(line, tuple(answers))
        line, answers = next_line, []
    yield Scene(line, tuple(answers))


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    calls: Calls
    conversation: Conversation
    sealed: tuple[str, ...]
    outbox: int
    parts: Counter[str]
    """How many items of each kind the table holds."""
    received: tuple[Received, ...]
    otps: int
    live_tokens: int
    """An access token and its refresh token count as one."""
    on_queues: dict[str, int]
    pdfs: int
    questions: int
    """How often she had to ask for a new OTP, to send her details once more, or to sign in again."""
    consents: int
    """How often she agreed once more when she signed in again."""
    asked: tuple[str, ...]
    """What she was told then."""
    begins: tuple[int, ...]
    """The number of the first call of each scene."""
    replies: tuple[tuple[int, Reply], ...]
    """What she was told, in no language, each with the number of the scene."""


@dataclass
class Desk:
    """One run."""

    transcript: Transcript
    pace: Pace = PACES[0]
    crash: CrashPoint | None = None
    dynamodb: Any = None
    clock: Clock = field(default_factory=Clock)
    questions: int = 0

    def __post_init__(self) -> None:
        self.calls = Calls(self.crash)
        self.cloud = Cloud(self.calls, self.clock, self.dynamodb)
        self.digilocker = DigiLocker(self.transcript.citizen)
        self.whatsapp = WhatsApp(
            self.cloud.bucket.behind, on_delivery=self._report, loses=self._is_lost, on_loss=self._report_loss
        )
        self.asked: list[str] = []
        self.begins: list[int] = []
        self.replies: list[tuple[int, Reply]] = []
        self._slack = _SLACK_SECONDS if _counts_seconds(self.transcript) else 0
        self._resend_seconds = int(ENVIRONMENT["RESEND_SECONDS"]) + self._slack
        self._functions: dict[str, ModuleType] = {}
        self._deliveries: list[tuple[float, bytes]] = []
        self._tappable: dict[str, str] = {}
        self._messages = 0
        self._turns = 0
        self._stands_in = False
        self._page = self._proof = ""
        self._agreed: set[str] = set()
        shows_code = any("sees a code" in line.get("page", "") for line in self.transcript.chat)
        self._way = {
            "SIGN_IN": "consent-page" if self.transcript.on_page else "in-chat",
            "MOBILE_MISMATCH": "ask" if shows_code else "refuse",
        }

    def run(self) -> Outcome:
        """Go through the whole transcript, and on until the last timer has fired. Raises NoAnswer."""
        with self._standing_in():
            for scene in scenes(self.transcript.chat):
                self.begins.append(len(self.calls.made))
                self._play(scene.line, [self.expected(answer) for answer in scene.answers])
                if scene.answers:
                    self.digilocker.recovers()
            self.calls.line = THE_END
            self._go_on(until=lambda: False, timers=True)
            return self._outcome()

    def _play(self, line: dict[str, str], answers: list[str]) -> None:
        match line:
            case {"she": text}:
                self._say(str(text), *answers)
            case {"she sends": kind}:
                self._say(f"<sends {kind}>", *answers)
            case {"later": time}:
                self._let_pass(time, answers)
            case {"page": outcome}:
                self._come_back(outcome, answers)
            case {"digilocker": problem}:
                self.digilocker.fails(Problem(problem.replace(" ", "_")))
            case _:
                raise ValueError(f"what is this line: {line}")

    def expected(self, answer: str) -> str:
        """Return what the desk must say in this run: with other times, and as the documents' fate is."""
        if self.pace.fate == "lost" and delivers({"desk": answer}):
            return f"…{self._language().texts['documents.not_delivered']}…"
        return timeless(answer)

    def _language(self) -> Catalogue:
        """Return the language in which she was last told something: the one with the most texts and titles in it."""
        said = self.whatsapp.received[-1].text
        return max(catalogues(), key=lambda language: sum(text in said for text in language.texts.values() if text))

    # the citizen

    def _come_back(self, outcome: str, expected: list[str]) -> None:
        """She comes back from DigiLocker's page; an error she loads again. Raises NoAnswer."""
        self.calls.line = f"(page: {outcome})"
        self._page = outcome
        before = len(self.whatsapp.received)
        refused = any(shows_a_page(answer) for answer in expected)

        def answered() -> bool:
            return refused or self._was_told(expected, before)

        for _ in range(2):
            status = self._load(outcome)
            if not self.calls.died and (status == HTTPStatus.GONE) is not refused:
                raise NoAnswer(f"the page answers {status}")
            self._go_on(until=answered)
            new_link = self._title_of(Choice.NEW_LINK, self.whatsapp.received[before:])
            if answered() or new_link is None:
                break
            self._is_asked()
            self._write(f"[{new_link}]")
            self._go_on(until=lambda: False)
        if not answered():
            raise NoAnswer(f"to {outcome}: {[received.text for received in self.whatsapp.received[before:]]}")
        if self.pace.patient or not expected:
            self._go_on(until=lambda: False)
        self.clock.now += _THINKING_SECONDS

    def agree(self, answer: str = AGREE) -> int:
        """Open the newest link that she has, and press a button of our page. Gives its status."""
        query = {"s": [self._state()]}
        page = self._visit("GET", "/consent/start", query)
        if page["statusCode"] != HTTPStatus.OK:
            return int(page["statusCode"])
        (cookie,) = page["multiValueHeaders"]["Set-Cookie"]
        answered = self._visit("POST", "/consent/start", query, f"action={answer}", cookie)
        if answered["statusCode"] == HTTPStatus.SEE_OTHER:
            self._agreed.add(self._state())
        return int(answered["statusCode"])

    def _state(self) -> str:
        return next(one.link for one in reversed(self.whatsapp.received) if one.link).partition("?s=")[2]

    def _visit(
        self, method: str, resource: str, query: dict[str, list[str]], body: str = "", cookie: str = ""
    ) -> dict[str, Any]:
        """Have her browser call a page; an error she loads again. Raises NoAnswer."""
        event = {
            "httpMethod": method,
            "resource": resource,
            "multiValueQueryStringParameters": query,
            "multiValueHeaders": {"Cookie": [cookie]} if cookie else {},
            "body": body,
        }
        for _ in range(3):
            answer = self._invoke("consent", event)
            if answer is not None and answer["statusCode"] != HTTPStatus.SERVICE_UNAVAILABLE:
                return answer
        raise NoAnswer(f"to {method} {resource}: no page")

    def _load(self, outcome: str) -> int:
        """Have her agree on our page, and DigiLocker send her back. Gives the last page's status."""
        if outcome == "she does not agree to our text":
            return self.agree(DECLINE)
        state = self._state()
        if state not in self._agreed:
            if (status := self.agree()) != HTTPStatus.SEE_OTHER:
                return status
            if self.pace.patient:
                self._go_on(until=lambda: False)  # she takes longer there than a record does
        query = {"state": [state]}
        match outcome.partition(" without "):
            case ("she declines", _, _):
                query["error"] = ["access_denied"]
            case ("it fails", _, _):
                query["error"] = ["server_error"]
            case (_, _, unticked):
                code = f"{len(self.begins)}-{self.questions}"
                self.digilocker.consents(code, set(unticked.split(", ")))
                query["code"] = [code]
                self._proof = proof_of(state, code)
        return int(self._visit("GET", "/consent", query)["statusCode"])

    def _new_state(self, conversation_id: str) -> str:
        """Make a link's state, the same one in every run: steps are named by it."""
        return f"{conversation_id}.{len(self.begins):022d}"

    def _say(self, text: str, *expected: str) -> None:
        self.calls.line = text
        before = len(self.whatsapp.received)

        def answered() -> bool:
            return self._was_told(expected, before)

        self._write(text)
        self._go_on(until=answered)
        if not answered() and (send := self._title_of(Choice.SEND, self.whatsapp.received[before:])):
            self._is_asked()
            self._write(f"[{send}]")
            self._go_on(until=answered)
        new_link = self._title_of(Choice.NEW_LINK, self.whatsapp.received[before:])
        if not answered() and text == _THE_CODE and new_link:
            self._is_asked()
            self._write(f"[{new_link}]")
            self._go_on(until=lambda: False)
            self._load(self._page)
            self._write(text)
            self._go_on(until=answered)
        if not answered() and (services := self._title_of(Choice.SERVICES, self.whatsapp.received[before:])):
            self._sign_in_again(services)
            self._go_on(until=answered)
        if not answered() and (resend := self._title_of(Choice.RESEND, self.whatsapp.received[before:])):
            self._ask_for_a_new_otp(resend)
            # A new OTP has all its tries again: she is as far as before only once she has used up as many.
            for _ in range(Rules().otp_tries if text == _A_WRONG_OTP else 1):
                if not answered():
                    self._write(text)
                    self._go_on(until=answered)
        if not answered():
            raise NoAnswer(f"to {text}: {[received.text for received in self.whatsapp.received[before:]]}")
        if self.pace.patient or not expected:
            self._go_on(until=lambda: False)
        self.clock.now += _THINKING_SECONDS

    def _was_told(self, expected: Iterable[str], before: int) -> bool:
        """Return whether all that she expects has come since a message."""
        told = [timeless(received.text) for received in self.whatsapp.received[before:]]
        return all(any(matches(answer, text) for text in told) for answer in expected)

    def _let_pass(self, time: str, expected: list[str]) -> None:
        """Do nothing for a while: `20 minutes`, `60 seconds`."""
        self.calls.line = f"(later: {time})"
        before = len(self.whatsapp.received)
        amount, unit = time.split()
        seconds = int(amount) * (60 if unit.startswith("minute") else 1)
        self._go_on(until=lambda: False, timers=True, by=self.clock.now + seconds + self._slack)
        self._go_on(until=lambda: self._was_told(expected, before))
        if not self._was_told(expected, before):
            raise NoAnswer(f"after {time}: {[received.text for received in self.whatsapp.received[before:]]}")

    @staticmethod
    def _title_of(choice: Choice, messages: list[Received]) -> str | None:
        """Find a choice among the buttons of the last message, if there is one."""
        taps = {title: read_tap(id_) for message in messages[-1:] for title, id_ in message.tappable.items()}
        return next((title for title, tap in taps.items() if tap and tap.choice is choice), None)

    def _ask_for_a_new_otp(self, resend: str) -> None:
        """The one honest question: she taps Resend, before she types the new OTP. Raises NoAnswer."""
        self._is_asked()
        self.clock.now += self._resend_seconds
        sent = len(self.digilocker.otps)
        self._write(f"[{resend}]")
        self._go_on(until=lambda: False)
        if len(self.digilocker.otps) == sent and (self.transcript.citizen.registered or sent):
            raise NoAnswer(f"to {resend}: {self.whatsapp.received[-1].text}")

    def _sign_in_again(self, services: str) -> None:
        """The one honest question: DigiLocker's page once more. What she asked for then comes by itself."""
        self._is_asked()
        self._write(f"[{services}]")
        self._go_on(until=lambda: False)
        self._load(self._page)

    def _is_asked(self) -> None:
        self.questions += 1
        self.asked.append(self.whatsapp.received[-1].text)

    def _write(self, text: str) -> None:
        """Send a text, tap what stands in square brackets, or send something else: `<sends voice>`."""
        self._messages += 1
        content: dict[str, Any] = {"type": "text", "text": {"body": text}}
        if text.startswith("["):
            button = {"id": self._tappable[text[1:-1]], "title": text[1:-1]}
            content = {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": button}}
        elif text.startswith("<sends "):
            kind = text.removeprefix("<sends ").removesuffix(">")
            kind = {"voice": "audio"}.get(kind, kind)
            content = {"type": kind, kind: [] if kind == "contacts" else {"id": f"media-of-hers-{self._messages}"}}
        elif text.startswith("<"):
            content = {"type": "text", "text": {"body": self._typed(text)}}
        message = {
            "id": f"wamid.{self._messages}",
            "from": self.transcript.citizen.phone,
            "from_user_id": "IN.1234567890123456",
            "timestamp": str(int(self.clock.now)),
            **content,
        }
        self._deliver(0, messages=[message])

    def _typed(self, text: str) -> str:
        """Say which number stands in a transcript by its name."""
        match text:
            case "<her Aadhaar number>":
                return self.transcript.citizen.aadhaar
            case "<her VID>":
                return self.transcript.citizen.vid or ""
            case "<her mobile>":
                return (self.transcript.citizen.mobile or "")[-10:]
            case "<the OTP>":
                return self.digilocker.otps[-1] if self.digilocker.otps else RIGHT_OTP
            case "<a wrong OTP>":
                return WRONG_OTP
            case str() if text == _THE_CODE:
                return self._proof
        return text

    # WhatsApp

    def _report(self, received: Received) -> None:
        """A message has reached her phone: she can tap on it, and its status is on its way to us."""
        self._tappable |= received.tappable
        self._deliver(_STATUS_SECONDS, statuses=[self._status(received, "delivered")])
        if self.pace.fate == "read" and received.pdf:
            self._deliver(_READ_SECONDS, statuses=[self._status(received, "read")])

    def _report_loss(self, lost: Received) -> None:
        """A document has not reached her phone."""
        errors = [{"code": _MEDIA_FAILED, "title": "Media upload error"}]
        self._deliver(_STATUS_SECONDS, statuses=[self._status(lost, "failed") | {"errors": errors}])

    def _is_lost(self, header: DocumentHeader) -> bool:
        """Return whether a document does not reach her phone."""
        return self.pace.fate == "lost" or (self.pace.fate == "link fails" and header.link is not None)

    def _status(self, message: Received, status: str) -> dict[str, Any]:
        return {
            "id": message.id,
            "status": status,
            "timestamp": str(int(self.clock.now)),
            "recipient_id": self.transcript.citizen.phone,
            "biz_opaque_callback_data": message.callback_data,
        }

    def _deliver(self, delay: float, **content: Any) -> None:
        metadata = {"display_phone_number": "919013151515", "phone_number_id": PHONE_NUMBER_ID}
        value = {"messaging_product": "whatsapp", "metadata": metadata, **content}
        entry = {"id": "100000000000002", "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        self._deliveries.append((self.clock.now + delay, body))

    def _post(self, body: bytes) -> None:
        """Post to the webhook; whatever is not answered with 200 is delivered again, byte for byte."""
        signature = "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        event = {"httpMethod": "POST", "headers": {"X-Hub-Signature-256": signature}, "body": body.decode()}
        answer = self._invoke("webhook", event)
        if answer is None or answer["statusCode"] != 200:
            self._deliveries.append((self.clock.now + self.pace.redelivered_after, body))

    # Lambda

    def _invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any] | None:
        """Run a function, in a new execution environment if there is none; None if it dies."""
        self.calls.function = function
        self.calls.invocation += 1
        try:
            with self._standing_in():
                answer: dict[str, Any] = self._environment(function).lambda_handler(event, Context())
        except Died:
            self._functions.pop(function, None)
            return None
        return answer

    def _environment(self, function: str) -> ModuleType:
        if function not in self._functions:
            self._functions[function] = load(function)
        return self._functions[function]

    @contextmanager
    def _standing_in(self) -> Iterator[None]:
        """Stand in once for a whole run, or for an invocation outside of one."""
        if self._stands_in:
            yield
            return
        self._stands_in = True
        try:
            with self._stand_ins():
                yield
        finally:
            self._stands_in = False

    @contextmanager
    def _stand_ins(self) -> Iterator[None]:
        """Stand in for what is outside, throughout an invocation: the locker is built by a job."""
        environment = ENVIRONMENT | self._way | {"RESEND_SECONDS": str(self._resend_seconds)}
        outside: Any = {"clock": self.clock, "sleep": self._sleep, "client": self.cloud.client}
        with pytest.MonkeyPatch.context() as patched:
            for module, name, stand_in in (
                (webhook, "receiver", partial(webhook.receiver, environment, **outside)),
                (consent, "consenting", partial(consent.consenting, environment, **outside)),
                (
                    document,
                    "handler",
                    partial(
                        document.handler,
                        environment,
                        whatsapp=self._whatsapp_client,
                        digilocker=self._digilocker_client,
                        replier=partial(QuietReplier, self._replied),
                        **outside,
                    ),
                ),
                (authorization_link, "new_state", self._new_state),
            ):
                patched.setattr(module, name, stand_in)
            yield

    def _sleep(self, seconds: float) -> None:
        """Wait, in no time."""

    def _replied(self, reply: Reply) -> None:
        self.replies.append((len(self.begins), in_no_language(reply)))

    def _digilocker_client(self, *_: Any, **__: Any) -> Any:
        return Counted("digilocker", self.digilocker, self.calls)

    def _whatsapp_client(self, *_: Any, **__: Any) -> Any:
        return Counted("whatsapp", self.whatsapp, self.calls)

    def _work_on(self, queue: Queue) -> bool:
        """Have the document function work on one message of a queue, if one can be received."""
        message = queue.receive()
        if message is None:
            return False
        receipt = message.receipt
        answer = self._invoke("document", invocation(queue, message))
        if answer is not None and not answer["batchItemFailures"]:
            queue.delete(receipt)
        return True

    # time

    def _go_on(self, until: Callable[[], bool], *, timers: bool = False, by: float = math.inf) -> None:
        """Let everything happen in its time, `until` something has or nothing is left, or `by` a time.

        Without `timers` it does not wait for them; those that are due meanwhile fire all the same.
        """
        while not until():
            self._turns += 1
            assert self._turns < _MOST_TURNS, "something goes round in circles"
            if self._due_delivery() or any(map(self._work_on, self.cloud.queues)):
                continue
            waits = [at for at, _ in self._deliveries]
            waits += [at for lane in self.cloud.lanes if (at := lane.next_at()) is not None]
            waits += [at for at in (self.cloud.timer.next_at(),) if at is not None and (timers or waits)]
            if min(waits, default=math.inf) > by:
                self.clock.now = max(self.clock.now, by)
                return
            if not waits:
                return
            self.clock.now = max(self.clock.now, min(waits))

    def _due_delivery(self) -> bool:
        due = min(self._deliveries, default=(float("inf"), b""), key=lambda delivery: delivery[0])
        if due[0] > self.clock.now:
            return False
        self._deliveries.remove(due)
        self._post(due[1])
        return True

    # the end

    def _outcome(self) -> Outcome:
        items = self.cloud.items()
        conversation_id = next(item["conversation"]["S"] for item in items if item["part"]["S"] == "state")
        store = ConversationStore(self.cloud.dynamodb, ENVIRONMENT["CONVERSATIONS_TABLE"], self.clock)
        stored = store.load(conversation_id)
        queues = {queue.name: queue for queue in self.cloud.queues}
        return Outcome(
            calls=self.calls,
            conversation=stored.conversation,
            sealed=tuple(stored.sealed),
            outbox=len(stored.outbox),
            parts=Counter(item["part"]["S"].partition("#")[0] for item in items),
            received=tuple(self.whatsapp.received),
            otps=len(self.digilocker.otps),
            live_tokens=len({token.partition("-")[2] for token in self.digilocker.tokens}),
            on_queues={name: len(queue) for name, queue in queues.items()}
            | {f"dead letters of {name}": len(queue.dead_letters) for name, queue in queues.items()},
            pdfs=len(self.cloud.bucket.pdfs),
            questions=self.questions,
            consents=len(self._agreed),
            asked=tuple(self.asked),
            begins=tuple(self.begins),
            replies=tuple(self.replies),
        )


class QuietReplier(message_sender.MessageSender):
    """Tells what it is about to send. No time passes while a job is worked on, so that she is never shown "typing"."""

    def __init__(self, replied: Callable[[Reply], None], **clients: Any) -> None:
        super().__init__(**clients)
        self._replied = replied

    def send(
        self,
        reply: Reply,
        stored: Stored,
        step: str,
        *,
        repeated: bool = False,
        opened: Mapping[str, str] = NOTHING_OPENED,
    ) -> bool:
        """Send one message."""
        self._replied(reply)
        return super().send(reply, stored, step, repeated=repeated, opened=opened)

    @contextmanager
    def typing(self, stored: Stored, waited: float) -> Iterator[None]:  # noqa: ARG002
        """Start no timer: on a slow machine it would make a call at a moment of its own."""
        yield


def in_no_language(reply: Reply) -> Reply:
    """Leave out of a reply its language, the names that each run gives to lists and files, and when she said Hi."""
    match reply:
        case ShowDocuments():
            return replace(reply, language="", listing="")
        case DeliverDocument():
            return replace(reply, language="", listing="", key="", greeted_at=0)
    return replace(reply, language="")


_WAITS = tuple(
    # A transcript leaves the empty lines of a message out.
    re.compile(f"({re.escape(before)})[0-9]+({re.escape(after.partition('\n')[0])})")
    for language in catalogues()
    for key, value in (("otp.wait", "{seconds}"), ("link.open", "{minutes}"))
    for before, _, after in (language.texts[key].partition(value),)
)


@lru_cache(maxsize=100_000)
def timeless(text: str) -> str:
    """Leave out how many seconds she still has to wait for another OTP: that depends on the run."""
    for wait in _WAITS:
        text = wait.sub(r"\1…\2", text)
    return text


def _counts_seconds(transcript: Transcript) -> bool:
    """Return whether a conversation relies on a minute not having passed, as it may have after a crash."""
    return any(timeless(line["desk"]) != line["desk"] for line in transcript.chat if "desk" in line)
