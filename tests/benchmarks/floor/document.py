"""The floor of the document function: the three calls that a reply costs. The reply is what she said."""

import json
import os
from typing import Any

import boto3
import urllib3
from botocore.config import Config

CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
TABLE = os.environ["CONVERSATIONS_TABLE"]
dynamodb, whatsapp = boto3.client("dynamodb", config=CONFIG), urllib3.PoolManager()
HEADERS = {"Authorization": f"Bearer {os.environ['ACCESS_TOKEN']}", "Content-Type": "application/json"}


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Handle a batch of SQS."""
    print("called")  # see webhook.py
    for record in event["Records"]:
        reply(**json.loads(record["body"]))
    return {"batchItemFailures": []}


def reply(to: str, text: str) -> None:
    """Read the citizen's item, send the message, take the step out of the outbox."""
    dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="#c = :c AND part BETWEEN :documents AND :state",
        ExpressionAttributeNames={"#c": "conversation"},
        ExpressionAttributeValues={":c": {"S": to}, ":documents": {"S": "documents"}, ":state": {"S": "state"}},
        ConsistentRead=True,
    )
    message = {"messaging_product": "whatsapp", "to": f"+{to}", "type": "text", "text": {"body": text}}
    answer = whatsapp.request("POST", os.environ["MESSAGES_URL"], body=json.dumps(message), headers=HEADERS)
    if answer.status != 200:
        raise RuntimeError(answer.data.decode())
    dynamodb.update_item(
        TableName=TABLE,
        Key={"conversation": {"S": to}, "part": {"S": "state"}},
        UpdateExpression="REMOVE outbox.#step",
        ConditionExpression="attribute_exists(#v)",
        ExpressionAttributeNames={"#step": "step", "#v": "version"},
    )
