"""Copies consents from a restored table into a stack's own: make restore STAGE=prod TABLE=helpdesk-restored.

A record that is there already stays as it is, so it can be run again. Counts of OTPs are left out: they end in a day.
"""

import argparse
import sys
from typing import TYPE_CHECKING

import boto3

from operations.settings import run
from operations.stack import stack_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


def restore(dynamodb: "DynamoDBClient", restored: str, table: str) -> int:
    """Copy the consents that are missing. Return how many were."""
    copied = 0
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=restored,
        ConsistentRead=True,
        FilterExpression="begins_with(#part, :consent)",
        ExpressionAttributeNames={"#part": "part"},
        ExpressionAttributeValues={":consent": {"S": "consent#"}},
    )
    for item in (item for page in pages for item in page["Items"]):
        try:
            dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(conversation)")
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue
        copied += 1
    return copied


def main(arguments: list[str] | None = None) -> int:
    """Restore the consents of the stack that is named."""
    parser = argparse.ArgumentParser(prog="make restore", description=__doc__)
    parser.add_argument("stack", help="the name of the CloudFormation stack, such as helpdesk-prod")
    parser.add_argument("table", help="the name of the restored table")
    given = parser.parse_args(arguments)
    copied = restore(boto3.client("dynamodb"), given.table, stack_of(given.stack).outputs["RecordsTableName"])
    print(f"{copied} consents copied.")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
