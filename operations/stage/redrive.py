"""Sends the messages of both lanes' dead-letter queues back to their queues: make redrive STAGE=dev.

What is to be done is still in the outbox of each conversation, so a message says only which step to take up again.
A request to DigiLocker that is past its time is not done any more: the function tells the citizen and offers *Try
again*. A reply that could not be sent is sent now. A message whose step is done meanwhile does nothing.
"""

import argparse
import json
import sys
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from operations.settings import run
from operations.stack import stack_of

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef


@dataclass(frozen=True)
class Redriven:
    """How many messages went back, and how many were left because they are not ours."""

    sent: int
    left: int


LANES = {"DeadLetterQueueUrl": "WorkQueueUrl", "ReplyDeadLetterQueueUrl": "ReplyQueueUrl"}
"""The output that names each dead-letter queue, and the one that names the queue that it belongs to."""


def redrive(sqs: "SQSClient", dead_letter_url: str, queue_url: str) -> Redriven:
    """Send every message back under a new deduplication id, and only then delete it."""
    sent = left = 0
    seen: set[str] = set()
    while messages := _receive(sqs, dead_letter_url):
        fresh = [message for message in messages if message["MessageId"] not in seen]
        if not fresh:
            break  # what is left comes round again
        for message in fresh:
            seen.add(message["MessageId"])
            group = _conversation(message["Body"])
            if group is None:
                left += 1
                continue
            sqs.send_message(
                QueueUrl=queue_url,
                MessageBody=message["Body"],
                MessageGroupId=group,
                MessageDeduplicationId=uuid.uuid4().hex,
            )
            sqs.delete_message(QueueUrl=dead_letter_url, ReceiptHandle=message["ReceiptHandle"])
            sent += 1
    return Redriven(sent, left)


def _receive(sqs: "SQSClient", url: str) -> "list[MessageTypeDef]":
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60, WaitTimeSeconds=1)
    return answer.get("Messages", [])


def _conversation(body: str) -> str | None:
    try:
        match json.loads(body):
            case {"conversation": str(conversation_id)}:
                return conversation_id
    except ValueError:
        pass
    return None


def main(arguments: list[str] | None = None) -> int:
    """Redrive the stack that is named."""
    parser = argparse.ArgumentParser(prog="make redrive", description=__doc__)
    parser.add_argument("stack", help="the name of the CloudFormation stack, such as helpdesk-dev")
    stack_name = parser.parse_args(arguments).stack
    outputs, sqs = stack_of(stack_name).outputs, boto3.client("sqs")
    # A stack of a version before has one lane.
    results = [redrive(sqs, outputs[dead], outputs[queue]) for dead, queue in LANES.items() if dead in outputs]
    sent, left = (sum(getattr(result, name) for result in results) for name in ("sent", "left"))
    print(f"{sent} messages sent back.")
    if left:
        print(f"{left} messages are none of the help desk's and were left; read and delete them by hand.")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(run(main))
