"""A deterministic model of SQS: queues that keep the order of a message group, and queues that hold messages back.

What is modelled, and where it stands in the SQS Developer Guide: message groups ("FIFO delivery logic"), deduplication
within five minutes ("Exactly-once processing"), the visibility timeout, delays, the receive count and the dead-letter
queue ("Dead-letter queues"). Retention and the limit of messages in flight are not: no run comes near them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

DEDUPLICATION_SECONDS = 300
"""How long the deduplication id of an accepted message is remembered (Developer Guide, "Exactly-once processing")."""


class StaleReceipt(Exception):
    """The receipt is not that of the last time the message was received, or the message is visible again."""


@dataclass
class Message:
    """A message on a queue. Times in seconds."""

    id: str
    body: str
    group: str
    visible_at: float
    receives: int = 0
    receipt: str = ""
    sent_at: float = 0
    number: int = 0
    """In the order in which the queue took them, from 1."""


@dataclass
class Queue:
    """One queue. A standard queue is one in which every message is a group of its own.

    `most_receives` is the redrive policy's `maxReceiveCount`: after that many receives a message goes to `dead_letters`
    instead of being received once more.
    """

    name: str
    clock: Callable[[], float]
    fifo: bool = False
    visibility_seconds: float = 60
    most_receives: int = 8
    dead_letters: list[Message] = field(default_factory=list)
    _messages: list[Message] = field(default_factory=list)
    _accepted: dict[tuple[str, str], float] = field(default_factory=dict)
    sent: int = 0
    """How many messages it has taken."""
    _receipts: int = 0

    def send(self, body: str, *, group: str = "", deduplication: str = "", delay: float = 0) -> bool:
        """Take a message; tell whether it is a new one. One that is a duplicate is accepted and forgotten.

        Deduplication is by group (`DeduplicationScope: messageGroup`) and does not look at whether the first message
        was worked on already.
        """
        now = self.clock()
        if self.fifo:
            if not group or not deduplication:
                raise ValueError("a message of a FIFO queue names its group and its deduplication id")
            if delay:
                raise ValueError("a FIFO queue holds no single message back")
            first = self._accepted.get((group, deduplication))
            if first is not None and now - first < DEDUPLICATION_SECONDS:
                return False
            self._accepted[group, deduplication] = now
        self.sent += 1
        id_ = f"{self.name}-{self.sent}"
        self._messages.append(
            Message(id_, body, group if self.fifo else id_, now + delay, sent_at=now, number=self.sent)
        )
        return True

    def send_batch(self, entries: Iterable[Mapping[str, str]]) -> tuple[list[str], list[str]]:
        """Take the entries of a SendMessageBatch in order. Gives the ids of those that were taken and of those not.

        Each entry has its own result (API reference, SendMessageBatch): one that is refused holds up no other.
        """
        taken: list[str] = []
        refused: list[str] = []
        for entry in entries:
            group, deduplication = entry.get("MessageGroupId", ""), entry.get("MessageDeduplicationId", "")
            try:
                self.send(entry["MessageBody"], group=group, deduplication=deduplication)
            except ValueError:
                refused.append(entry["Id"])
            else:
                taken.append(entry["Id"])
        return taken, refused

    def receive(self) -> Message | None:
        """Return the first message that may be received now; nothing of a group of which one is in flight."""
        now = self.clock()
        for message in list(self._firsts()):
            if message.visible_at > now:
                continue
            if message.receives >= self.most_receives:
                self._messages.remove(message)
                self.dead_letters.append(message)
                return self.receive()  # its group is free again
            self._receipts += 1
            message.receives += 1
            message.receipt = f"{message.id}-receipt-{self._receipts}"
            message.visible_at = now + self.visibility_seconds
            return message
        return None

    def delete(self, receipt: str) -> None:
        """Take a message off the queue. Raises StaleReceipt where the queue is FIFO.

        There a receipt expires with the visibility timeout (AWS Knowledge Center, "sqs-receipt-handle-error"). On a
        standard queue the last receipt stays good, and with an older one the call succeeds and may delete nothing
        (API reference, DeleteMessage): here it never does.
        """
        if self.fifo:
            self._messages.remove(self._in_flight(receipt))
        else:
            self._messages = [message for message in self._messages if message.receipt != receipt]

    def change_visibility(self, receipt: str, seconds: float) -> None:
        """Let a message that is in flight come back after so many seconds. Raises StaleReceipt.

        It holds for this receive only (API reference, ChangeMessageVisibility).
        """
        self._in_flight(receipt).visible_at = self.clock() + seconds

    def next_at(self) -> float | None:
        """Say when a message can be received next; None if the queue is empty."""
        return min((message.visible_at for message in self._firsts()), default=None)

    def messages(self) -> tuple[Message, ...]:
        """Return the messages on the queue, the oldest first."""
        return tuple(self._messages)

    def counts(self) -> tuple[int, int, int]:
        """Return how many messages can be seen, how many are in flight, and how many are held back."""
        unseen = [message for message in self._messages if message.visible_at > self.clock()]
        in_flight = sum(bool(message.receipt) for message in unseen)
        return len(self._messages) - len(unseen), in_flight, len(unseen) - in_flight

    def __len__(self) -> int:
        """Count the messages on the queue, in flight or held back ones as well."""
        return len(self._messages)

    def _firsts(self) -> Iterator[Message]:
        """Yield the oldest message of each group: the only one that can be received, or that the group waits for."""
        groups: set[str] = set()
        for message in self._messages:
            if message.group not in groups:
                groups.add(message.group)
                yield message

    def _in_flight(self, receipt: str) -> Message:
        now = self.clock()
        for message in self._messages:
            if message.receipt == receipt and message.visible_at > now:
                return message
        raise StaleReceipt(receipt)
