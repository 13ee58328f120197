"""The floor of the webhook function: the three calls that a text costs. A status costs none.

Nothing is checked, and nothing read but whose message it is.
"""

import json
import os
from typing import Any

import boto3
from botocore.config import Config

CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
TABLE = os.environ["CONVERSATIONS_TABLE"]
dynamodb, sqs = boto3.client("dynamodb", config=CONFIG), boto3.client("sqs", config=CONFIG)


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request of API Gateway."""
    print("called")  # the local AWS waits 50 ms for the log of a function that says nothing
    for message in json.loads(event["body"])["entry"][0]["changes"][0]["value"].get("messages", ()):
        take(message, event["body"])
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain; charset=utf-8"}, "body": "ok"}


def take(message: dict[str, Any], body: str) -> None:
    """Read the citizen's item, write it with as many attributes as the help desk's, queue the work."""
    citizen = message["from"]
    dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="#c = :c AND part BETWEEN :documents AND :state",
        ExpressionAttributeNames={"#c": "conversation"},
        ExpressionAttributeValues={
            ":c": {"S": citizen},
            ":documents": {"S": "documents"},
            ":state": {"S": "state"},
        },
        ConsistentRead=True,
    )
    dynamodb.update_item(
        TableName=TABLE,
        Key={"conversation": {"S": citizen}, "part": {"S": "state"}},
        UpdateExpression="SET #v = :v, expires_at = :v, #state = :s, person = :person, seen = :seen, outbox = :outbox",
        ConditionExpression="attribute_not_exists(#v) OR #v <= :v",
        ExpressionAttributeNames={"#v": "version", "#state": "state"},
        ExpressionAttributeValues={
            ":v": {"N": message["timestamp"]},
            ":s": {"S": body},
            ":person": {"S": citizen},
            ":seen": {"S": message["id"]},
            ":outbox": {"M": {"step": {"S": body}}},
        },
    )
    work = {
        "Id": "0",
        "MessageBody": json.dumps({"to": citizen, "text": message["text"]["body"]}),
        "MessageGroupId": citizen,
        "MessageDeduplicationId": message["id"],
    }
    sqs.send_message_batch(QueueUrl=os.environ["WORK_QUEUE_URL"], Entries=[work])
