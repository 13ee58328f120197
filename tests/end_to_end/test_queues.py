"""The replay's model of SQS against the queues of the local AWS: the same scripts run on both, and show the same.

A case is a script, one step a line: what is done, and after the arrow what is seen. The model's time is its own; on the
local AWS a `wait` makes the next receive wait for the message that comes back.

    send BODY [to GROUP] [as ID]   to the group `asha` with the body as deduplication id, unless said; `as -`: without
    send BODY later                held back for three seconds
    batch BODY [as ID], ...        one SendMessageBatch
    receive                        body and receive count
    hide BODY SECONDS              ChangeMessageVisibility, by the last receipt
    delete BODY [by first receipt]
    dead                           what lies in the dead-letter queue

Where AWS's documentation and the local AWS differ, the model follows the documentation: the line then says what the
local AWS shows as well, and the case names the page.
"""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest
from botocore.exceptions import ClientError

from standins.local_stack import LocalStack
from tests.world.queues import Queue, StaleReceipt

_NOTHING = "nothing"
_LATER = 3
"""Seconds that a message is held back."""
_LONG_POLL = 10
"""Seconds that a receive waits after a `wait`."""


@dataclass(frozen=True)
class Line:
    """One step: what is done, what AWS shows according to its documentation, and what the local AWS shows."""

    step: str
    seen: str
    seen_locally: str


@dataclass(frozen=True)
class Case:
    """A script, and the queue it runs on. `page`: AWS's page that the local AWS does not follow."""

    name: str
    script: str
    fifo: bool = True
    visibility: int = 60
    receives: int = 8
    page: str = ""

    def __str__(self) -> str:
        """Return its name."""
        return self.name

    def lines(self) -> list[Line]:
        """Read the script."""
        lines = []
        for written in filter(None, map(str.strip, self.script.splitlines())):
            step, _, told = written.partition(" -> ")
            seen, _, locally = told.partition(", locally ")
            lines.append(Line(step, seen, locally or seen))
        return lines


DELETE_EXPIRED = (
    "Knowledge Center, sqs-receipt-handle-error: on FIFO queues a receipt expires with the visibility timeout"
)
DELETE_OLD = "API reference, DeleteMessage: with an old receipt the request succeeds, but may delete nothing"
NOT_IN_FLIGHT = "API reference, ChangeMessageVisibility: MessageNotInflight"

CASES = (
    Case(
        "a group comes in order and one at a time",
        """
        send one -> sent
        send two -> sent
        send three -> sent
        receive -> one 1
        receive -> nothing
        delete one -> done
        receive -> two 1
        delete two -> done
        receive -> three 1
        delete three -> done
        receive -> nothing
        """,
    ),
    Case(
        "a message in flight holds up its own group only",
        """
        send one -> sent
        send two -> sent
        send his to ravi -> sent
        receive -> one 1
        receive -> his 1
        receive -> nothing
        """,
    ),
    Case(
        "groups come in the order of their first messages",
        """
        send his to ravi -> sent
        send hers -> sent
        send third to joseph -> sent
        receive -> his 1
        receive -> hers 1
        receive -> third 1
        """,
    ),
    Case(
        "a group that was worked on goes on behind the others' earlier messages",
        """
        send one -> sent
        send his to ravi -> sent
        send two -> sent
        receive -> one 1
        delete one -> done
        receive -> his 1
        receive -> two 1
        """,
    ),
    Case(
        "a duplicate on the queue is taken and forgotten",
        """
        send one as step -> sent
        send again as step -> sent
        receive -> one 1
        delete one -> done
        receive -> nothing
        """,
    ),
    Case(
        "a duplicate of a message in flight is taken and forgotten",
        """
        send one as step -> sent
        receive -> one 1
        send again as step -> sent
        delete one -> done
        receive -> nothing
        """,
    ),
    Case(
        "a duplicate of a deleted message is taken and forgotten",
        """
        send one as step -> sent
        receive -> one 1
        delete one -> done
        send again as step -> sent
        receive -> nothing
        """,
    ),
    Case(
        "the same body with another id is another message",
        """
        send one as step -> sent
        send one as next -> sent
        receive -> one 1
        delete one -> done
        receive -> one 1
        """,
    ),
    Case(
        "the same id in another group is another message",
        """
        send one as step -> sent
        send his to ravi as step -> sent
        receive -> one 1
        receive -> his 1
        """,
    ),
    Case(
        "a message that is shown again at once comes before what follows",
        """
        send one -> sent
        send two -> sent
        receive -> one 1
        hide one 0 -> done
        receive -> one 2
        receive -> nothing
        """,
    ),
    Case(
        "a visibility of zero frees no other group's turn",
        """
        send one -> sent
        send his to ravi -> sent
        receive -> one 1
        receive -> his 1
        hide his 0 -> done
        receive -> his 2
        receive -> nothing
        """,
    ),
    Case(
        "a message that nobody deletes comes back after the visibility timeout, before what follows",
        """
        send one -> sent
        send two -> sent
        receive -> one 1
        wait 1
        receive -> one 2
        """,
        visibility=1,
    ),
    Case(
        "a shortened visibility holds for this receive only",
        """
        send one -> sent
        send two -> sent
        receive -> one 1
        hide one 1 -> done
        wait 1
        receive -> one 2
        receive -> nothing
        """,
    ),
    Case(
        "a visibility that is made longer keeps the group waiting",
        """
        send one -> sent
        send two -> sent
        receive -> one 1
        hide one 300 -> done
        receive -> nothing
        delete one -> done
        receive -> two 1
        """,
    ),
    Case(
        "the receive count goes up with each receive",
        """
        send one -> sent
        receive -> one 1
        hide one 0 -> done
        receive -> one 2
        hide one 0 -> done
        receive -> one 3
        """,
    ),
    Case(
        "after its last receive a message goes to the dead-letter queue and frees its group",
        """
        send poison -> sent
        send two -> sent
        receive -> poison 1
        hide poison 0 -> done
        receive -> poison 2
        hide poison 0 -> done
        dead -> nothing
        receive -> two 1
        dead -> poison
        """,
        receives=2,
    ),
    Case(
        "a message in flight for the last time is not dead yet and can be deleted",
        """
        send one -> sent
        receive -> one 1
        receive -> nothing
        dead -> nothing
        delete one -> done
        receive -> nothing
        dead -> nothing
        """,
        receives=1,
    ),
    Case(
        "the dead-letter queue keeps the order of a group",
        """
        send one -> sent
        send two -> sent
        receive -> one 1
        hide one 0 -> done
        receive -> two 1
        hide two 0 -> done
        receive -> nothing
        dead -> one
        """,
        receives=1,
    ),
    Case(
        "what died is still a duplicate",
        """
        send one as step -> sent
        receive -> one 1
        hide one 0 -> done
        receive -> nothing
        send again as step -> sent
        receive -> nothing
        dead -> one
        """,
        receives=1,
    ),
    Case(
        "the receipt of an earlier receive is refused",
        """
        send one -> sent
        receive -> one 1
        hide one 0 -> done
        receive -> one 2
        delete one by first receipt -> refused
        delete one -> done
        receive -> nothing
        """,
    ),
    Case(
        "a receipt has expired once its message is visible again",
        """
        send one -> sent
        receive -> one 1
        hide one 0 -> done
        delete one -> refused, locally done
        """,
        page=DELETE_EXPIRED,
    ),
    Case(
        "the visibility of a message that is visible cannot be changed",
        """
        send one -> sent
        receive -> one 1
        hide one 0 -> done
        hide one 30 -> refused, locally done
        """,
        page=NOT_IN_FLIGHT,
    ),
    Case(
        "a message without a group or an id is refused",
        """
        send one to - -> refused
        send one as - -> refused
        receive -> nothing
        """,
    ),
    Case(
        "a message of a group is not held back alone",
        """
        send one later -> refused
        receive -> nothing
        """,
    ),
    Case(
        "a batch is taken in order",
        """
        batch one, two, three -> taken one two three
        receive -> one 1
        delete one -> done
        receive -> two 1
        delete two -> done
        receive -> three 1
        """,
    ),
    Case(
        "a bad entry of a batch does not hold up the others",
        """
        batch one, two as -, three -> taken one three, refused two
        receive -> one 1
        delete one -> done
        receive -> three 1
        """,
    ),
    Case(
        "a duplicate in a batch is taken and forgotten",
        """
        batch one as step, again as step, two -> taken one again two
        receive -> one 1
        delete one -> done
        receive -> two 1
        """,
    ),
    Case(
        "a batch that is sent again brings only what is new",
        """
        batch one, two -> taken one two
        receive -> one 1
        delete one -> done
        batch one, two, three -> taken one two three
        receive -> two 1
        delete two -> done
        receive -> three 1
        """,
    ),
    Case(
        "a standard queue has no groups and no duplicates",
        """
        send one -> sent
        send one -> sent
        receive -> one 1
        receive -> one 1
        receive -> nothing
        """,
        fifo=False,
    ),
    Case(
        "a standard queue holds a message back and no other",
        """
        send late later -> sent
        send soon -> sent
        receive -> soon 1
        wait 3
        receive -> late 1
        """,
        fifo=False,
    ),
    Case(
        "a message of a standard queue can be deleted by its last receipt when it is visible again",
        """
        send one -> sent
        receive -> one 1
        hide one 0 -> done
        delete one -> done
        receive -> nothing
        """,
        fifo=False,
    ),
    Case(
        "a message of a standard queue dies as well",
        """
        send poison -> sent
        receive -> poison 1
        hide poison 0 -> done
        receive -> nothing
        dead -> poison
        """,
        fifo=False,
        receives=1,
    ),
    Case(
        "an old receipt is taken by a standard queue and does nothing",
        """
        send one -> sent
        receive -> one 1
        hide one 0 -> done
        receive -> one 2
        delete one by first receipt -> done, locally refused
        """,
        fifo=False,
        page=DELETE_OLD,
    ),
)


class Refused(Exception):
    """The queue did not take it."""


class Side(Protocol):
    """What a script is run on. Each call raises Refused where the queue refuses it."""

    def send(self, body: str, group: str, deduplication: str, delay: int) -> None:
        """Send a message; empty: left out."""

    def batch(self, entries: list[dict[str, str]]) -> tuple[list[str], list[str]]:
        """Send a batch. Gives the ids that were taken, and those that were not."""

    def receive(self) -> tuple[str, int, str] | None:
        """Receive one message: body, receive count, receipt."""

    def hide(self, receipt: str, seconds: int) -> None:
        """Change a message's visibility."""

    def delete(self, receipt: str) -> None:
        """Delete a message."""

    def wait(self, seconds: int) -> None:
        """Let time pass."""

    def dead(self) -> str | None:
        """Return the first message of the dead-letter queue."""


class Model:
    """The replay's model."""

    def __init__(self, case: Case) -> None:
        self._now = 0
        self._queue = Queue("queue", lambda: self._now, case.fifo, case.visibility, case.receives)

    def send(self, body: str, group: str, deduplication: str, delay: int) -> None:
        try:
            self._queue.send(body, group=group, deduplication=deduplication, delay=delay)
        except ValueError:
            raise Refused from None

    def batch(self, entries: list[dict[str, str]]) -> tuple[list[str], list[str]]:
        return self._queue.send_batch(entries)

    def receive(self) -> tuple[str, int, str] | None:
        message = self._queue.receive()
        return None if message is None else (message.body, message.receives, message.receipt)

    def hide(self, receipt: str, seconds: int) -> None:
        try:
            self._queue.change_visibility(receipt, seconds)
        except StaleReceipt:
            raise Refused from None

    def delete(self, receipt: str) -> None:
        try:
            self._queue.delete(receipt)
        except StaleReceipt:
            raise Refused from None

    def wait(self, seconds: int) -> None:
        self._now += seconds

    def dead(self) -> str | None:
        return next((message.body for message in self._queue.dead_letters), None)


class Local:
    """A queue of the local AWS, with its own dead-letter queue."""

    def __init__(self, sqs: Any, queue: str, dead_letters: str) -> None:
        self._sqs = sqs
        self._queue = queue
        self._dead_letters = dead_letters
        self._long = False

    def send(self, body: str, group: str, deduplication: str, delay: int) -> None:
        optional = {"MessageGroupId": group, "MessageDeduplicationId": deduplication, "DelaySeconds": delay}
        self._call("send_message", MessageBody=body, **{name: given for name, given in optional.items() if given})

    def batch(self, entries: list[dict[str, str]]) -> tuple[list[str], list[str]]:
        answer = self._call("send_message_batch", Entries=entries)
        return [one["Id"] for one in answer.get("Successful", [])], [one["Id"] for one in answer.get("Failed", [])]

    def receive(self) -> tuple[str, int, str] | None:
        seconds, self._long = _LONG_POLL if self._long else 0, False
        names = ["ApproximateReceiveCount"]
        answer = self._call("receive_message", MessageSystemAttributeNames=names, WaitTimeSeconds=seconds)
        for message in answer.get("Messages", []):
            return message["Body"], int(message["Attributes"][names[0]]), message["ReceiptHandle"]
        return None

    def hide(self, receipt: str, seconds: int) -> None:
        self._call("change_message_visibility", ReceiptHandle=receipt, VisibilityTimeout=seconds)

    def delete(self, receipt: str) -> None:
        self._call("delete_message", ReceiptHandle=receipt)

    def wait(self, seconds: int) -> None:
        assert seconds < _LONG_POLL
        self._long = True

    def dead(self) -> str | None:
        messages = self._sqs.receive_message(QueueUrl=self._dead_letters).get("Messages", [])
        return next((str(message["Body"]) for message in messages), None)

    def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self._sqs, operation)(QueueUrl=self._queue, **parameters)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            raise Refused from error


@dataclass
class Run:
    """A script on its way through one side."""

    side: Side
    fifo: bool
    _receipts: dict[str, list[str]] = field(default_factory=dict)

    def do(self, step: str) -> str:
        """Do a step. Gives what is seen."""
        try:
            return self._do(step.split())
        except Refused:
            return "refused"

    def _do(self, words: list[str]) -> str:
        match words:
            case ["send", body, *how]:
                group, deduplication = self._named(body, how)
                self.side.send(body, group, deduplication, _LATER if "later" in how else 0)
                return "sent"
            case ["batch", *_]:
                taken, refused = self.side.batch([self._entry(one.split()) for one in " ".join(words[1:]).split(",")])
                return f"taken {' '.join(taken)}" + (f", refused {' '.join(refused)}" if refused else "")
            case ["receive"]:
                received = self.side.receive()
                if received is None:
                    return _NOTHING
                body, receives, receipt = received
                self._receipts.setdefault(body, []).append(receipt)
                return f"{body} {receives}"
            case ["hide", body, seconds]:
                self.side.hide(self._receipts[body][-1], int(seconds))
                return "done"
            case ["delete", body, *which]:
                self.side.delete(self._receipts[body][0 if which else -1])
                return "done"
            case ["wait", seconds]:
                self.side.wait(int(seconds))
                return ""
            case ["dead"]:
                return self.side.dead() or _NOTHING
        raise ValueError(f"what is this step: {words}")

    def _named(self, body: str, how: list[str]) -> tuple[str, str]:
        """Return group and deduplication id; empty: left out."""
        if not self.fifo:
            return "", ""
        told = dict(zip(how[::2], how[1::2], strict=False))
        named = told.get("to", "asha"), told.get("as", body)
        return named[0].strip("-"), named[1].strip("-")

    def _entry(self, words: list[str]) -> dict[str, str]:
        group, deduplication = self._named(words[0], words[1:])
        optional = {"MessageGroupId": group, "MessageDeduplicationId": deduplication}
        return {"Id": words[0], "MessageBody": words[0]} | {name: given for name, given in optional.items() if given}


def seen(case: Case, side: Side) -> list[str]:
    run = Run(side, case.fifo)
    return [f"{line.step} -> {run.do(line.step)}" for line in case.lines()]


@pytest.fixture
def local(stack: LocalStack, case: Case) -> Iterator[Local]:
    """Queues as the template makes them, but for how long a message stays hidden and how often it is received."""
    sqs = stack.client("sqs")
    kinds = ("WorkQueue", "WorkDeadLetterQueue") if case.fifo else ("TimerQueue", "TimerDeadLetterQueue")
    names = ("FifoQueue", "DeduplicationScope", "FifoThroughputLimit", "SqsManagedSseEnabled", "MessageRetentionPeriod")
    urls: list[str] = []
    try:
        dead_letter_arn = ""
        for kind in reversed(kinds):
            asked = sqs.get_queue_attributes(QueueUrl=stack.physical_id(kind), AttributeNames=["All"])["Attributes"]
            attributes = {name: asked[name] for name in names if name in asked}
            if dead_letter_arn:
                policy = f'{{"deadLetterTargetArn": "{dead_letter_arn}", "maxReceiveCount": {case.receives}}}'
                attributes |= {"VisibilityTimeout": str(case.visibility), "RedrivePolicy": policy}
            name = f"case-{uuid.uuid4().hex}{'.fifo' if case.fifo else ''}"
            urls.append(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])
            arn = sqs.get_queue_attributes(QueueUrl=urls[-1], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            dead_letter_arn = dead_letter_arn or arn
        yield Local(sqs, urls[1], urls[0])
    finally:
        for url in urls:
            with suppress(ClientError):
                sqs.delete_queue(QueueUrl=url)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_model_and_the_local_queues_show_what_the_documentation_says(case: Case, local: Local) -> None:
    lines = case.lines()

    assert seen(case, Model(case)) == [f"{line.step} -> {line.seen}" for line in lines]
    assert seen(case, local) == [f"{line.step} -> {line.seen_locally}" for line in lines]


def test_only_a_case_with_a_page_differs() -> None:
    differing = {case.name for case in CASES if any(line.seen != line.seen_locally for line in case.lines())}

    assert differing == {case.name for case in CASES if case.page}


def test_the_queues_are_made_as_the_template_makes_them(stack: LocalStack) -> None:
    """The template's own attributes are what the cases copy: FIFO by citizen, and a dead-letter queue behind it."""
    names = ["All"]
    fifo = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    for lane in ("WorkQueueUrl", "ReplyQueueUrl"):
        queue = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs[lane], AttributeNames=names)
        assert {name: queue["Attributes"][name] for name in fifo} == fifo
