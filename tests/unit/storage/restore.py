"""Reads what a release stored and queued, and writes it again: with the code of whichever release is on the path.

`python restore.py` takes JSON on its standard input and answers in JSON, so that the previous release can run in a
process of its own.
"""

import json
import sys
from inspect import signature
from typing import Any

from helpdesk.storage.conversations import ConversationStore, Stored
from helpdesk.storage.work import Delivered, Job, TimerQueue, Undelivered, Work, WorkQueue, read_work

NOW = 1_800_000_000


class _Table:
    """A DynamoDB client for one conversation."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self.items = items

    def query(self, **_: object) -> dict[str, Any]:
        return {"Items": self.items}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> None:  # noqa: N803 - boto3's name
        for item in TransactItems:
            if "Update" in item:
                self.update_item(**item["Update"])
            else:
                self.items.append(item["Put"]["Item"])

    def update_item(self, **update: Any) -> None:
        names, values = update["ExpressionAttributeNames"], update["ExpressionAttributeValues"]
        item = dict(update["Key"])
        for one in update["UpdateExpression"].removeprefix("SET ").split(", "):
            name, value = one.split(" = ")
            item[names.get(name, name)] = values[value]
        self.items.append(item)


class _Queue:
    """An SQS client that only takes in."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message_batch(self, **batch: Any) -> dict[str, Any]:
        self.bodies += [entry["MessageBody"] for entry in batch["Entries"]]
        return {}

    def send_message(self, **message: Any) -> None:
        self.bodies.append(message["MessageBody"])


def load(items: list[dict[str, Any]]) -> Stored:
    """Read a conversation from its items."""
    return ConversationStore(_Table(items), "table", lambda: NOW).load("conversation")  # type: ignore[arg-type]


def save(stored: Stored) -> list[dict[str, Any]]:
    """Return the items of a conversation that is written for the first time."""
    table = _Table([])
    store = ConversationStore(table, "table", lambda: NOW)  # type: ignore[arg-type]
    store.save(Stored("conversation"), stored, put=stored.outbox)
    return table.items


def queue(work: Work) -> str:
    """Return the body of the message that asks for some work."""
    sqs = _Queue()
    if isinstance(work, Job | Delivered | Undelivered):
        # The previous release has one queue for all of it.
        urls = ["url"] * (len(signature(WorkQueue).parameters) - 1)
        WorkQueue(sqs, *urls).send([work])  # type: ignore[arg-type]
    else:
        TimerQueue(sqs, "url").set(work, 1)  # type: ignore[arg-type]
    return sqs.bodies[0]


if __name__ == "__main__":
    given = json.load(sys.stdin)
    json.dump(
        {
            "conversations": [save(load(items)) for items in given["conversations"]],
            "bodies": [queue(read_work(body)) for body in given["bodies"]],
        },
        sys.stdout,
    )
