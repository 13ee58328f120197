"""Finds the id of a citizen's conversation from her telephone number, for a complaint: make find STAGE=dev.

The number is asked for without showing it, and is in no command, log or history. What is printed is the id under
which the logs know her: put it into the saved query *find-a-conversation*. Needs the right to read IdentitySecret and
to scan the table of conversations; no function has both.
"""

import argparse
import getpass
import json
import re
import sys
from typing import TYPE_CHECKING

import boto3

from helpdesk.service.identity import conversation_id
from operations.settings import run
from operations.stack import read_pepper, stack_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


def conversations_of(
    dynamodb: "DynamoDBClient", table: str, pepper: str, phone_number_id: str, phone: str
) -> tuple[str, ...]:
    """Return the ids under which a number is or was known. `phone`: digits only, with the country code.

    The first is computed from the number: it is hers wherever WhatsApp gave no user id, and in logs for as long as the
    pepper was the same. The others are of conversations that the table still knows (eight days) by a user id.
    """
    reckoned = conversation_id(pepper, phone_number_id, phone)
    found: list[str] = []
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="part = :state AND contains(person, :phone)",
        ProjectionExpression="conversation",
        # As it is written in the item: the whole number, not a part of a longer one.
        ExpressionAttributeValues={":state": {"S": "state"}, ":phone": {"S": json.dumps(phone)}},
    )
    for page in pages:
        found += (item["conversation"]["S"] for item in page["Items"])
    return (reckoned, *sorted(set(found) - {reckoned}))


def read_phone(typed: str) -> str:
    """Return the digits of a number as people write it, with India's country code if it has none. Raises ValueError."""
    digits = re.sub(r"[ ()+.-]", "", typed)
    if not (digits.isascii() and digits.isdecimal() and 10 <= len(digits) <= 15):
        raise ValueError("That is no telephone number: 10 digits, or the country code and the number.")
    return f"91{digits}" if len(digits) == 10 else digits


def main(arguments: list[str] | None = None) -> int:
    """Ask for a number and print the ids."""
    parser = argparse.ArgumentParser(prog="make find", description=__doc__)
    parser.add_argument("stack", help="the name of the CloudFormation stack, such as helpdesk-dev")
    stack_name = parser.parse_args(arguments).stack
    try:
        phone = read_phone(getpass.getpass("Her telephone number (it is not shown): "))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    stack = stack_of(stack_name)
    pepper = read_pepper(stack.outputs["IdentitySecretArn"], stack.outputs["WebhookSecretArn"])
    table, phone_number_id = stack.outputs["ConversationsTableName"], stack.parameters["WhatsAppPhoneNumberId"]
    for identity in conversations_of(boto3.client("dynamodb"), table, pepper, phone_number_id, phone):
        print(identity)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
