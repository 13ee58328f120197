"""The real functions on a modelled AWS, and a citizen who goes through a transcript whatever happens meanwhile."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any
from unittest import mock

import boto3

from helpdesk import bootstrap
from helpdesk.conversation.choices import Choice, read_tap
from helpdesk.conversation.model import Conversation
from helpdesk.digilocker import client as digilocker_client
from helpdesk.storage.conversations import ConversationStore
from helpdesk.whatsapp import client as whatsapp_client
from tests.conversations.chat import START, WRONG_OTP, Transcript, matches
from tests.handlers import Context, load
from tests.replay.calls import Calls, Counted, CrashPoint, Died
from tests.replay.cloud import APP_SECRET, ENVIRONMENT, PHONE_NUMBER_ID, Cloud, invocation
from tests.replay.outside import DigiLocker, Received, WhatsApp
from tests.replay.queues import Queue

_THINKING_SECONDS = 3
"""How long she looks at an answer before she goes on."""
_STATUS_SECONDS = 1
"""How long after a message WhatsApp reports that it was delivered."""
_MOST_TURNS = 500
"""More deliveries and jobs than any run needs: beyond that, something goes round in circles."""
_RESEND_SECONDS = int(ENVIRONMENT["RESEND_SECONDS"])


class NoAnswer(AssertionError):
    """She waits, and nothing is left that could bring her an answer."""


@dataclass(frozen=True)
class Pace:
    """How quick WhatsApp and the citizen are. Times in seconds.

    `redelivered_after`: how long WhatsApp waits before it delivers again what was not answered with 200.
    `patient`: she goes on only when nothing is under way any more, instead of as soon as she has her answer.
    `webhook_only`: the pace makes a difference only where it is the webhook function that dies.
    """

    redelivered_after: int
    patient: bool = False
    webhook_only: bool = False

    def __str__(self) -> str:
        """Give its name."""
        return f"{'patient' if self.patient else 'prompt'}, again after {self.redelivered_after} s"


PACES = (Pace(0), Pace(45, webhook_only=True), Pace(45, patient=True))


@dataclass
class Clock:
    """Time, which only the run moves. Seconds since the epoch."""

    now: float = START

    def __call__(self) -> float:
        """Give the time."""
        return self.now


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
    on_queues: dict[str, int]
    pdfs: int
    questions: int
    """How often she had to ask for a new OTP."""


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
        self.whatsapp = WhatsApp(self.cloud.bucket.behind, on_delivery=self._report)
        self._functions: dict[str, ModuleType] = {}
        self._deliveries: list[tuple[float, bytes]] = []
        self._tappable: dict[str, str] = {}
        self._messages = 0
        self._turns = 0

    def run(self) -> Outcome:
        """Go through the whole transcript, and on until the last timer has fired. Raises NoAnswer."""
        chat = self.transcript.chat
        for line, answer in zip(chat[::2], chat[1::2], strict=True):
            self._say(str(line["she"]), answer["desk"])
        self._go_on(until=lambda: False, timers=True)
        return self._outcome()

    # the citizen

    def _say(self, text: str, expected: str) -> None:
        self.calls.line = text
        before = len(self.whatsapp.received)

        def answered() -> bool:
            return any(matches(expected, received.text) for received in self.whatsapp.received[before:])

        self._write(text)
        self._go_on(until=answered)
        if not answered() and (resend := self._title_of(Choice.RESEND, self.whatsapp.received[before:])):
            self._ask_for_a_new_otp(resend, text)
            self._go_on(until=answered)
        if not answered():
            raise NoAnswer(f"to {text}: {[received.text for received in self.whatsapp.received[before:]]}")
        if self.pace.patient:
            self._go_on(until=lambda: False)
        self.clock.now += _THINKING_SECONDS

    @staticmethod
    def _title_of(choice: Choice, messages: list[Received]) -> str | None:
        """Find a choice among the buttons of the last message, if there is one."""
        taps = {title: read_tap(id_) for message in messages[-1:] for title, id_ in message.tappable.items()}
        return next((title for title, tap in taps.items() if tap and tap.choice is choice), None)

    def _ask_for_a_new_otp(self, resend: str, text: str) -> None:
        """The one honest question: she taps Resend, and types the new OTP."""
        self.questions += 1
        self.clock.now += _RESEND_SECONDS
        sent = len(self.digilocker.otps)
        self._write(f"[{resend}]")
        self._go_on(until=lambda: False)
        if len(self.digilocker.otps) > sent:
            self._write(text)

    def _write(self, text: str) -> None:
        """Send a text, or tap what stands in square brackets."""
        self._messages += 1
        content: dict[str, Any] = {"type": "text", "text": {"body": text}}
        if text.startswith("["):
            button = {"id": self._tappable[text[1:-1]], "title": text[1:-1]}
            content = {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": button}}
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
            case "<the OTP>":
                return self.digilocker.otps[-1]
        return WRONG_OTP

    # WhatsApp

    def _report(self, received: Received) -> None:
        """A message has reached her phone: she can tap on it, and its status is on its way to us."""
        self._tappable |= received.tappable
        status = {
            "id": received.id,
            "status": "delivered",
            "timestamp": str(int(self.clock.now)),
            "recipient_id": self.transcript.citizen.phone,
            "biz_opaque_callback_data": received.callback_data,
        }
        self._deliver(_STATUS_SECONDS, statuses=[status])

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
        try:
            answer: dict[str, Any] = self._environment(function).lambda_handler(event, Context())
        except Died:
            self._functions.pop(function, None)
            return None
        return answer

    def _environment(self, function: str) -> ModuleType:
        if function not in self._functions:
            with (
                mock.patch.object(boto3, "client", self.cloud.client),
                mock.patch.object(digilocker_client, "DigiLockerClient", self._digilocker_client),
                mock.patch.object(whatsapp_client, "WhatsAppClient", self._whatsapp_client),
                mock.patch.object(bootstrap, "receiver", partial(bootstrap.receiver, ENVIRONMENT, self.clock)),
                mock.patch.object(
                    bootstrap, "document_handler", partial(bootstrap.document_handler, ENVIRONMENT, self.clock)
                ),
            ):
                self._functions[function] = load(function)
        return self._functions[function]

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

    def _go_on(self, until: Callable[[], bool], *, timers: bool = False) -> None:
        """Let everything happen in its time, `until` something has or nothing is left.

        Without `timers` it does not wait for them; those that are due meanwhile fire all the same.
        """
        while not until():
            self._turns += 1
            assert self._turns < _MOST_TURNS, "something goes round in circles"
            if self._due_delivery() or self._work_on(self.cloud.work) or self._work_on(self.cloud.timer):
                continue
            waits = [at for at, _ in self._deliveries]
            waits += [at for at in (self.cloud.work.next_at(),) if at is not None]
            waits += [at for at in (self.cloud.timer.next_at(),) if at is not None and (timers or waits)]
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
        queues = {"work": self.cloud.work, "timer": self.cloud.timer}
        return Outcome(
            calls=self.calls,
            conversation=stored.conversation,
            sealed=tuple(stored.sealed),
            outbox=len(stored.outbox),
            parts=Counter(item["part"]["S"].partition("#")[0] for item in items),
            received=tuple(self.whatsapp.received),
            otps=len(self.digilocker.otps),
            live_tokens=len(self.digilocker.tokens),
            on_queues={name: len(queue) for name, queue in queues.items()}
            | {f"dead letters of {name}": len(queue.dead_letters) for name, queue in queues.items()},
            pdfs=len(self.cloud.bucket.objects),
            questions=self.questions,
        )
