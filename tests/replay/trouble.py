"""AWS and WhatsApp that refuse, hang or hang up, while the functions live on and have to cope with it."""

from collections import Counter
from collections.abc import Callable, Mapping
from copy import replace
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any, Literal
from unittest import mock

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from helpdesk.conversation.choices import Choice, read_tap
from helpdesk.languages.catalogue import catalogue
from helpdesk.service import queue_consumer
from tests.replay.crash_points import differences
from tests.replay.desk import Desk, NoAnswer, Outcome
from tests.replay.outside import Received
from tests.world.calls import Call, Calls, CrashPoint, Moment
from tests.world.cloud import Cloud

type Kind = Literal[
    "throttled",
    "unavailable",
    "denied",
    "unreachable",
    "timed out before",
    "timed out after",
    "in another transaction",
    "not taken",
    "repeated",
]
"""What goes wrong with a call of AWS. The first six can happen to each."""

EVERYWHERE: tuple[Kind, ...] = (
    "throttled",
    "unavailable",
    "denied",
    "unreachable",
    "timed out before",
    "timed out after",
)
SOMEWHERE: dict[Kind, tuple[str, ...]] = {
    "in another transaction": ("dynamodb.update_item", "dynamodb.transact_write_items"),
    "not taken": ("sqs.send_message_batch",),
    "repeated": (
        "dynamodb.update_item",
        "dynamodb.put_item",
        "sqs.send_message_batch",
        "sqs.send_message",
        "s3.put_object",
        "s3.delete_object",
    ),
}
"""What can happen to some calls only.

*Repeated*: the answer got lost, and the SDK makes the call again, whose own condition may now refuse it. A transaction
carries a token by which DynamoDB knows it again (API reference, TransactWriteItems, `ClientRequestToken`).
"""

# As the services' API references list them under "Errors" and "Common errors".
_CODES: dict[Kind, dict[str, str]] = {
    "throttled": {
        "dynamodb": "ThrottlingException",
        "sqs": "RequestThrottled",
        "kms": "ThrottlingException",
        "s3": "SlowDown",
        "secretsmanager": "ThrottlingException",
    },
    "unavailable": {
        "dynamodb": "InternalServerError",
        "sqs": "ServiceUnavailable",
        "kms": "KMSInternalException",
        "s3": "InternalError",
        "secretsmanager": "InternalServiceError",
    },
    "denied": {
        "dynamodb": "AccessDeniedException",
        "sqs": "AccessDenied",
        "kms": "AccessDeniedException",
        "s3": "AccessDenied",
        "secretsmanager": "AccessDeniedException",
    },
}
_MOST_TIMES = 2
_MOST_TRIES = 3
"""How often she writes, or taps *Try again*, before she gives up."""
_PATIENCE_SECONDS = 60
"""How long she waits before she tries again."""
_REASONS: dict[Kind, str] = {"throttled": "ThrottlingError", "in another transaction": "TransactionConflict"}


@dataclass(frozen=True)
class Trouble:
    """What a call comes to instead: an error, raised before or after it takes effect, or an answer without effect.

    Or it is made `twice`, and comes to what the second time comes to.
    """

    error: Exception | None = None
    moment: Moment = "before"
    answer: Any = None
    twice: bool = False


type Troubles = Callable[[int, Call, float], Trouble | None]
"""Says what goes wrong with a call, by its number (from 0), itself, and the time in seconds since the epoch."""


def happens_to(kind: Kind, call: Call) -> bool:
    """Return whether something can go wrong with a call of AWS."""
    return call.name in SOMEWHERE[kind] if kind in SOMEWHERE else service(call) in _CODES["throttled"]


def service(call: Call) -> str:
    """Name the service that a call goes to."""
    return call.name.partition(".")[0]


def trouble(kind: Kind, call: Call) -> Trouble:
    """Make what goes wrong with a call."""
    match kind:
        case "unreachable":
            return Trouble(EndpointConnectionError(endpoint_url="https://aws.example"))
        case "timed out before":
            return Trouble(ReadTimeoutError(endpoint_url="https://aws.example"))
        case "timed out after":
            return Trouble(ReadTimeoutError(endpoint_url="https://aws.example"), "after")
        case "repeated":
            return Trouble(twice=True)
        case "not taken":
            failed = {"Id": "0", "SenderFault": False, "Code": "InternalError"}
            return Trouble(answer={"Successful": [], "Failed": [failed]})
    if call.name == "dynamodb.transact_write_items" and kind in _REASONS:
        return Trouble(_refused("TransactionCanceledException", call, _REASONS[kind]))
    if kind == "in another transaction":
        return Trouble(_refused("TransactionConflictException", call))
    return Trouble(_refused(_CODES[kind][service(call)], call))


def _refused(code: str, call: Call, reason: str = "") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": code}}
    if reason:
        response["CancellationReasons"] = [{"Code": reason}, {"Code": "None"}]
    return ClientError(response, call.name)


@dataclass(frozen=True)
class Once:
    """Something goes wrong with one call, and with nothing before or after it."""

    index: int
    kind: Kind

    def __call__(self, index: int, call: Call, _now: float) -> Trouble | None:
        """Say what goes wrong."""
        return trouble(self.kind, call) if index == self.index else None

    @property
    def point(self) -> CrashPoint:
        """Return the crash point from which the conversation has to go on in the same way."""
        return CrashPoint(self.index, "after" if self.kind == "timed out after" else "before")


@dataclass
class Outage:
    """A service that answers nobody, or not one function, for so many seconds from call number `index` on."""

    index: int
    service: str
    function: str | None
    seconds: float
    make: Callable[[Call], Trouble]
    until: float | None = None

    def __call__(self, index: int, call: Call, now: float) -> Trouble | None:
        """Say what goes wrong."""
        if index == self.index:
            self.until = now + self.seconds
        if self.until is None or now >= self.until:
            return None
        hit = service(call) == self.service and self.function in {None, call.function}
        return self.make(call) if hit else None


class TroubledCalls(Calls):
    """Counts calls, and has some of them go wrong."""

    def __init__(self, troubles: Troubles, clock: Callable[[], float]) -> None:
        super().__init__()
        self._troubles = troubles
        self._clock = clock

    def through[T](self, name: str, effect: Callable[[], T]) -> T:
        """Make a call, unless something goes wrong with it."""
        call = Call(self.line, self.function, name)
        trouble = self._troubles(len(self.made), call, self._clock())
        self.made.append(call)
        if trouble is None:
            return effect()
        self.died = True
        if trouble.twice:
            effect()
            return effect()
        if trouble.error is None:
            answer: T = trouble.answer
            return answer
        if trouble.moment == "after":
            effect()
        raise trouble.error


def _no_troubles(_index: int, _call: Call, _now: float) -> None:
    """Nothing goes wrong."""


@dataclass
class TroubledDesk(Desk):
    """One run in which calls go wrong. She taps *Try again* where that is offered instead of her answer."""

    troubles: Troubles = _no_troubles
    chance: float = 0
    """What is drawn when a wait is lengthened by chance, from 0 to 1."""
    before: Mapping[str, Callable[["TroubledDesk"], None]] = field(default_factory=dict)
    """What happens right before she writes a line."""
    raised: list[str] = field(default_factory=list)
    """What the handlers let out. API Gateway and SQS cope with it, but it is no answer."""
    answered_at: dict[str, float] = field(default_factory=dict)
    """When she had the answer to a line, in seconds since the epoch."""

    def __post_init__(self) -> None:
        """Set up."""
        super().__post_init__()
        self.calls = TroubledCalls(self.troubles, self.clock)
        self.cloud = Cloud(self.calls, self.clock, self.dynamodb)
        self.whatsapp.fetch = self.cloud.bucket.behind

    def write_in(self, seconds: float, text: str) -> None:
        """Have her write, or tap, in so many seconds, whatever she does until then."""
        self._write(text)
        at, body = self._deliveries.pop()
        self._deliveries.append((at + seconds, body))

    def _say(self, text: str, *expected: str) -> None:
        if happens := self.before.get(text):
            happens(self)
        sent = len(self.whatsapp.received)
        said = text
        for tried in range(_MOST_TRIES):
            try:
                super()._say(said, *expected)
                break
            except NoAnswer:
                title = self._title_of(Choice.TRY_AGAIN, self.whatsapp.received[sent:])
                if title is None or tried + 1 == _MOST_TRIES:
                    raise
                self.clock.now += _PATIENCE_SECONDS
                said = f"[{title}]"
        self.answered_at[text] = self.clock.now

    def _invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return super()._invoke(function, event)
        except Exception as error:  # noqa: BLE001 - Lambda reports any error and goes on
            self.raised.append(f"{function} raised {type(error).__name__}")
            return None

    def _environment(self, function: str) -> ModuleType:
        handler = partial(queue_consumer.DocumentHandler, chance=lambda: self.chance)
        with mock.patch.object(queue_consumer, "DocumentHandler", handler):
            return super()._environment(function)


def at_the_end(desk: TroubledDesk, undisturbed: Outcome, *, may_ask: bool) -> list[str]:
    """Let a run with one failed call come to its end, and say what is not as it must be."""
    try:
        outcome = desk.run()
    except NoAnswer as error:
        return [f"no answer {error}", *desk.raised]
    return differences(undisturbed, outcome, may_ask=may_ask) + desk.raised


def after_an_outage(
    desk: TroubledDesk, undisturbed: Outcome, *, may_ask: bool = False, dead_letters: int = 0
) -> list[str]:
    """Let a run with an outage come to its end, and say what is not as it must be.

    She may have been told what happened and what she can do; what she did then has steps of its own, so that only the
    words of the answers count, and their order. `may_ask`: what DigiLocker had given may be lost. `dead_letters`: how
    many messages of the work queue can never be done.
    """
    try:
        outcome = desk.run()
    except NoAnswer as error:
        return [f"no answer {error}", *desk.raised]
    expected = [received.text for received in undisturbed.received]
    told = [received for received in outcome.received if received.text not in expected and _helps(received)]
    answers = [received for received in outcome.received if received not in told]
    sent = Counter((received.callback_data, received.text) for received in answers)
    wrong = [f"sent {times} times: {text!r}" for (_, text), times in sent.items() if times > _MOST_TIMES]
    in_order = [text for _, text in sent]
    for text in (Counter(in_order) - Counter(expected)) if outcome.questions else ():
        del in_order[len(in_order) - 1 - in_order[::-1].index(text)]  # she asked for a new OTP, and this is the answer
    if in_order != expected:
        wrong.append(f"the answers came as {[text[:30] for text in in_order]}")
    if outcome.live_tokens and not may_ask:
        wrong.append("a token was not revoked")
    once = {(received.callback_data, received.text): replace(received, callback_data="") for received in answers}
    if outcome.on_queues["dead letters of work"] != dead_letters:
        wrong.append(f"messages on queues: {outcome.on_queues}")
    wrong += differences(
        replace(undisturbed, received=tuple(replace(received, callback_data="") for received in undisturbed.received)),
        # A PDF whose message never went out is left to the bucket's lifecycle (docs/decisions.md).
        replace(
            outcome,
            received=tuple(once.values()),
            pdfs=max(0, outcome.pdfs - len(told)),
            on_queues=outcome.on_queues | {"dead letters of work": 0},
        ),
        may_ask=outcome.questions == 1,
    )
    return wrong + desk.raised


def _helps(received: Received) -> bool:
    """Return whether a message offers to try again, or to have a new OTP sent, or says that it will come by itself."""
    if received.text.startswith(catalogue("en").texts["longer"]):
        return True
    taps = [read_tap(id_) for id_ in received.tappable.values()]
    return any(tap and tap.choice in {Choice.TRY_AGAIN, Choice.RESEND} for tap in taps)
