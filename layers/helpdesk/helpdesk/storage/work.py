"""The queues: the work of a conversation, in order and in two lanes, and timers.

A message on the work queue or the reply queue names a conversation and a step; what is to be done is in the
conversation's outbox. What became of a document that was sent comes on the work queue, behind the work under way.
"""

from collections.abc import Sequence
from enum import StrEnum
from itertools import batched

import msgspec

from helpdesk.errors import ConversationError, HelpdeskError
from helpdesk.storage.aws import SqsClient, call
from helpdesk.structs import Value

LARGEST_BATCH = 10
"""Entries in one SendMessageBatch (SQS)."""
LONGEST_DELAY = 900
"""Seconds that SQS can hold a message back."""


class WorkNotQueued(ConversationError):
    """SQS did not take every message. What it took is done; the rest must be asked for again."""


class Lane(StrEnum):
    """Which of the two FIFO queues carries a step."""

    WORK = "work"
    """What asks DigiLocker, and what has to wait behind that."""
    REPLY = "reply"
    """What needs no answer from DigiLocker."""


class Job(Value, frozen=True):
    """A step of a conversation that is in its outbox."""

    conversation_id: str
    step: str
    lane: Lane = Lane.WORK
    """Where it is queued. The message itself does not say: the outbox does."""


class Delivered(Value, frozen=True):
    """A document has reached her, so its PDF is not needed any more."""

    conversation_id: str
    key: str
    callback: str = ""
    """What the document function wrote on the message: it trusts nothing else. The rest is for the previous version."""


class Undelivered(Value, frozen=True):
    """A document could not be carried: WhatsApp could not fetch the link or, if `uploaded`, use the file."""

    conversation_id: str
    key: str
    number: int
    listing: str
    uploaded: bool
    callback: str = ""
    """As of `Delivered`."""


class Called(Value, frozen=True):
    """A number of the line was called. `minute`: of its ticket."""

    conversation_id: str
    number: int
    minute: int


class IdleTimer(Value, frozen=True):
    """The time of a conversation has run out. `id` is new for each timer."""

    conversation_id: str
    id: str


class EndSession(Value, frozen=True):
    """An operator ends all sessions: this one now. `id` is new for each time."""

    conversation_id: str
    id: str


class DeletionTimer(Value, frozen=True):
    """The link of a PDF has expired, so it can be deleted."""

    key: str


class DirectoryTimer(Value, frozen=True):
    """DigiLocker's directory of issuers is to be fetched again."""


class LineTimer(Value, frozen=True):
    """The line at the door is to be moved."""


class FormUndelivered(Value, frozen=True):
    """The form could not be delivered. `callback`: what the document function wrote on its message."""

    conversation_id: str
    callback: str


class FormTimer(Value, frozen=True):
    """It is time to see whether the form has shown what DigiLocker answered to a step."""

    conversation_id: str
    step: str


type InOrder = Job | Delivered | Undelivered | FormUndelivered | Called
type Timer = IdleTimer | EndSession | DeletionTimer | DirectoryTimer | FormTimer | LineTimer
type Work = InOrder | Timer


class WorkQueue:
    """The two FIFO queues. In each, messages of one conversation are worked on one after the other."""

    def __init__(self, sqs: SqsClient, work_url: str, reply_url: str) -> None:
        self._sqs = sqs
        self._urls = {Lane.WORK: work_url, Lane.REPLY: reply_url}

    def send(self, jobs: Sequence[InOrder]) -> None:
        """Queue jobs, in order. One that was queued in the last five minutes is not queued again.

        Raises WorkNotQueued.
        """
        for lane in (Lane.REPLY, Lane.WORK):
            self._send(self._urls[lane], [job for job in jobs if _lane(job) is lane])

    def _send(self, url: str, jobs: Sequence[InOrder]) -> None:
        for batch in batched(jobs, LARGEST_BATCH, strict=False):
            answer = call(
                self._sqs.send_message_batch,
                QueueUrl=url,
                Entries=[
                    {
                        "Id": str(index),
                        "MessageBody": msgspec.json.encode(_body(job)).decode(),
                        "MessageGroupId": job.conversation_id,
                        "MessageDeduplicationId": _deduplication(job),
                    }
                    for index, job in enumerate(batch)
                ],
            )
            if answer.get("Failed"):
                raise WorkNotQueued(f"{len(answer['Failed'])} of {len(batch)} jobs were not queued")


def _lane(work: InOrder) -> Lane:
    if isinstance(work, Called):
        return Lane.REPLY
    return work.lane if isinstance(work, Job) else Lane.WORK


def _body(work: InOrder) -> dict[str, object]:
    match work:
        case Delivered(conversation_id=conversation_id, key=key):
            return {"conversation": conversation_id, "delivered": key, "callback": work.callback}
        case Undelivered(conversation_id=conversation_id, key=key):
            document = {"number": work.number, "listing": work.listing, "uploaded": work.uploaded}
            document["callback"] = work.callback
            return {"conversation": conversation_id, "undelivered": key, **document}
        case Called():
            return {"conversation": work.conversation_id, "called": work.number, "minute": work.minute}
        case FormUndelivered(conversation_id=conversation_id, callback=callback):
            return {"conversation": conversation_id, "form": "undelivered", "callback": callback}
        case Job(conversation_id=conversation_id, step=step):
            return {"conversation": conversation_id, "step": step}


def _callback(message: dict[str, object]) -> str:
    """Return the callback data of a report; "" if the previous version queued it."""
    callback = message.get("callback")
    return callback if isinstance(callback, str) else ""


def _deduplication(work: InOrder) -> str:
    match work:
        # Without the folders: SQS takes 128 characters.
        case Delivered(key=key):
            return f"{key.rpartition('/')[2]}-delivered"
        case Undelivered(key=key, uploaded=uploaded):
            return f"{key.rpartition('/')[2]}-undelivered-{'upload' if uploaded else 'link'}"
        case Called():
            return f"called-{work.number}-{work.minute}"
        case FormUndelivered(callback=callback):
            return callback
        case Job(step=step):
            return step


class TimerQueue:
    """The standard queue that holds messages back."""

    def __init__(self, sqs: SqsClient, url: str) -> None:
        self._sqs = sqs
        self._url = url

    def set(self, timer: Timer, seconds: int) -> None:
        """Have `timer` fire after so many seconds, fifteen minutes at most."""
        delay = max(0, min(seconds, LONGEST_DELAY))
        call(self._sqs.send_message, QueueUrl=self._url, MessageBody=timer_body(timer), DelaySeconds=delay)


def timer_body(timer: Timer) -> str:
    """Return a timer as it is queued."""
    match timer:
        case IdleTimer():
            body: dict[str, object] = {"idle": timer.conversation_id, "timer": timer.id}
        case EndSession():
            # A version that does not know it takes it for an idle timer, and does nothing before the time.
            body = {"idle": timer.conversation_id, "timer": timer.id, "close": True}
        case DeletionTimer():
            body = {"delete": timer.key}
        case LineTimer():
            body = {"move": "line"}
        case FormTimer():
            body = {"form": timer.conversation_id, "step": timer.step}
        case _:
            body = {"refresh": "directory"}
    return msgspec.json.encode(body).decode()


class UnreadableWork(HelpdeskError):
    """A message that no version of ours wrote: no use in trying it again."""


def read_work(body: str) -> Work:
    """Read a message of any of the queues. Raises UnreadableWork for one that is not ours."""
    try:
        message = msgspec.json.decode(body)
    except ValueError:
        message = None
    match message:
        case {"conversation": str(conversation_id), "delivered": str(key)}:
            return Delivered(conversation_id, key, _callback(message))
        case {
            "conversation": str(conversation_id),
            "undelivered": str(key),
            "number": int(number),
            "listing": str(listing),
            "uploaded": bool(uploaded),
        }:
            return Undelivered(conversation_id, key, number, listing, uploaded, _callback(message))
        case {"conversation": str(conversation_id), "form": "undelivered", "callback": str(callback)}:
            return FormUndelivered(conversation_id, callback)
        case {"conversation": str(conversation_id), "step": str(step)}:
            return Job(conversation_id, step)
        case {"form": str(conversation_id), "step": str(step)}:
            return FormTimer(conversation_id, step)
        case {"idle": str(conversation_id), "timer": str(timer_id), "close": True}:
            return EndSession(conversation_id, timer_id)
        case {"idle": str(conversation_id), "timer": str(timer_id)}:
            return IdleTimer(conversation_id, timer_id)
        case {"delete": str(key)}:
            return DeletionTimer(key)
        case {"conversation": str(conversation_id), "called": int(number), "minute": int(minute)}:
            return Called(conversation_id, number, minute)
        case {"move": "line"}:
            return LineTimer()
        case {"refresh": "directory"}:
            return DirectoryTimer()
    raise UnreadableWork("a message of an unknown form")
