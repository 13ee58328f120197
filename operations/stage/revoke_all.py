"""Ends every session at once, after a breach: make revoke-all STAGE=dev.

Each conversation that holds something sealed, a list of documents, or a sign-out that is not carried out yet gets a
message on the timer queue. The document function then revokes the tokens at DigiLocker and erases what was sealed, the
list and the PDFs, also while the desk is closed. Nothing is opened here: it takes no right to `kms:Decrypt`.

The table itself tells what is left, so a run that broke off is simply started again. It is done when a look at the
whole table and the bucket finds nothing any more.
"""

import argparse
import math
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

import boto3
import msgspec

from helpdesk.storage.documents import PREFIX
from helpdesk.storage.work import LARGEST_BATCH, DeletionTimer, EndSession, Timer, timer_body
from operations.settings import run
from operations.stack import stack_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sqs.client import SQSClient

PACE = 20
"""Conversations a second: DigiLocker gets one or two calls for each."""
MOST_ROUNDS = 60
PAUSE_SECONDS = 15
"""Between two rounds: what is queued is worked on meanwhile, and a request that is under way has a minute to end."""

_FORGETS = ('"Revoke"', '"DeletePdf"', '"EraseData"', '"DeliverDocument"')


@dataclass(frozen=True)
class Desk:
    """What is walked through, and where the jobs go."""

    dynamodb: "DynamoDBClient"
    table: str
    s3: "S3Client"
    bucket: str
    sqs: "SQSClient"
    timer_queue_url: str


@dataclass(frozen=True)
class Terminal:
    """Where progress is told, and how time passes."""

    say: Callable[[str], None] = print
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time


def revoke_all(desk: Desk, terminal: Terminal, pace: int = PACE) -> bool:
    """End all sessions, round by round. Returns whether nothing is left."""
    for number in range(1, MOST_ROUNDS + 1):
        queued = _round(desk, terminal, pace)
        if not queued:
            terminal.say(f"Round {number}: nothing is left.")
            return True
        terminal.say(f"Round {number}: {queued} queued. Looking again in {PAUSE_SECONDS} s.")
        terminal.sleep(PAUSE_SECONDS)
    return False


def _round(desk: Desk, terminal: Terminal, pace: int) -> int:
    """Queue a job for whatever is left. Returns how many."""
    queued = 0
    for jobs in batched(_left(desk, terminal), min(LARGEST_BATCH, pace), strict=False):
        entries: list[Any] = [{"Id": str(n), "MessageBody": timer_body(job)} for n, job in enumerate(jobs)]
        answer = desk.sqs.send_message_batch(QueueUrl=desk.timer_queue_url, Entries=entries)
        queued += len(jobs)
        if answer.get("Failed"):
            terminal.say(f"  {len(answer['Failed'])} were not queued; the next round takes them up")
        if queued % 1000 < len(jobs):
            terminal.say(f"  {queued} queued")
        terminal.sleep(len(jobs) / pace)
    return queued


def _left(desk: Desk, terminal: Terminal) -> Iterator[Timer]:
    """Walk the table and the bucket for what is still to be ended or deleted."""
    ended: set[str] = set()
    looked_at = 0
    pages = desk.dynamodb.get_paginator("scan").paginate(
        TableName=desk.table,
        FilterExpression="part IN (:state, :documents)",
        # Not whom it is about, nor what is on a list: this program reads neither.
        ProjectionExpression="conversation, part, sealed, outbox, ends_at",
        ExpressionAttributeValues={":state": {"S": "state"}, ":documents": {"S": "documents"}},
    )
    for page in pages:
        for item in page["Items"]:
            conversation = item["conversation"]["S"]
            if conversation not in ended and _must_end(item, terminal.clock()):
                ended.add(conversation)
                yield EndSession(conversation, uuid.uuid4().hex[:24])
        looked_at += page["ScannedCount"]
        terminal.say(f"  {looked_at} items looked at, {len(ended)} sessions to end")
    for listed in desk.s3.get_paginator("list_objects_v2").paginate(Bucket=desk.bucket, Prefix=PREFIX):
        for found in listed.get("Contents", []):
            yield DeletionTimer(found["Key"])


def _must_end(item: dict[str, Any], now: float) -> bool:
    """Return whether an item holds anything of a session. A list that has ended is read by nobody any more."""
    if item["part"]["S"] == "documents":
        return "ends_at" not in item or int(item["ends_at"]["N"]) > now
    if msgspec.json.decode(item["sealed"]["S"]):
        return True
    entries = [entry["S"] for entry in item["outbox"]["M"].values()]
    return any(msgspec.json.decode(entry)["sealed"] or any(word in entry for word in _FORGETS) for entry in entries)


def main(arguments: list[str] | None = None) -> int:
    """End all sessions of the stack that is named, after asking."""
    parser = argparse.ArgumentParser(prog="make revoke-all", description=__doc__)
    parser.add_argument("stack", help="the name of the CloudFormation stack, such as helpdesk-dev")
    parser.add_argument("--pace", type=int, default=PACE, help="conversations a second")
    given = parser.parse_args(arguments)
    stack = stack_of(given.stack)
    print(
        f"This ends every session of {stack.name}: tokens are revoked at DigiLocker, and what citizens entered, their "
        "lists and PDFs are deleted. Everybody has to sign in again, and is told so with the next message.\n"
        "You can stop it at any time and start it again."
    )
    if input(f"Type {stack.name} to go on: ").strip() != stack.name:
        print("Nothing was done.")
        return 1
    desk = Desk(
        boto3.client("dynamodb"),
        stack.outputs["ConversationsTableName"],
        boto3.client("s3"),
        stack.outputs["DocumentsBucketName"],
        boto3.client("sqs"),
        stack.outputs["TimerQueueUrl"],
    )
    began = time.monotonic()
    done = revoke_all(desk, Terminal(), max(1, given.pace))
    minutes = math.ceil((time.monotonic() - began) / 60)
    if not done:
        print(f"Something is left after {minutes} min: read errors-of-the-last-hour, mend it, and run this again.")
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(run(main))
