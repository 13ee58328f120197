"""What DigiLocker answered to a step of the form, for whoever is first: the form that waits for it, or the chat.

One small item each, in the table of conversations, under `answer#<step>`: who reads it often does not read the whole
conversation. It is claimed once, by a conditional write.
"""

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from helpdesk.conversation.effects import AnswerForm
from helpdesk.errors import StorageError
from helpdesk.storage.aws import DynamoDbClient, call
from helpdesk.structs import Value

KEPT_SECONDS = 3600
"""A form is of no use for longer."""
_ANSWER = msgspec.json.Decoder(AnswerForm)


class Claim(StrEnum):
    """Where an answer is shown."""

    NOBODY = ""
    FORM = "form"
    CHAT = "chat"


class StoredAnswer(Value, frozen=True):
    """An answer as it was read."""

    answer: AnswerForm
    claim: Claim = Claim.NOBODY
    claimed_at: int = 0
    """In seconds since the epoch."""


class FormAnswers:
    """Reads, writes and claims answers."""

    def __init__(self, dynamodb: DynamoDbClient, table: str, clock: Callable[[], float] = time.time) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def put(self, conversation_id: str, step: str, answer: AnswerForm) -> None:
        """Write the answer to a step, unless it is there: then it may be claimed already."""
        item = {
            **_key(conversation_id, step),
            "answer": {"S": msgspec.json.encode(answer).decode()},
            "expires_at": {"N": str(int(self._clock()) + KEPT_SECONDS)},
        }
        self._write(self._dynamodb.put_item, Item=item, ConditionExpression="attribute_not_exists(answer)")

    def read(self, conversation_id: str, step: str) -> StoredAnswer | None:
        """Return the answer to a step, if it is there."""
        found = call(
            self._dynamodb.get_item, TableName=self._table, Key=_key(conversation_id, step), ConsistentRead=True
        )
        item = found.get("Item")
        if item is None:
            return None
        claim = Claim(item["claim"]["S"]) if "claim" in item else Claim.NOBODY
        claimed_at = int(item["claimed_at"]["N"]) if "claimed_at" in item else 0
        return StoredAnswer(_ANSWER.decode(item["answer"]["S"]), claim, claimed_at)

    def claim(self, conversation_id: str, step: str, claim: Claim) -> bool:
        """Claim the answer to a step. Return whether nobody else had."""
        return self._write(
            self._dynamodb.update_item,
            Key=_key(conversation_id, step),
            UpdateExpression="SET claim = :claim, claimed_at = :now",
            ConditionExpression="attribute_exists(answer) AND attribute_not_exists(claim)",
            ExpressionAttributeValues={":claim": {"S": claim.value}, ":now": {"N": str(int(self._clock()))}},
        )

    def _write(self, operation: Callable[..., Any], **request: Any) -> bool:
        try:
            call(operation, TableName=self._table, **request)
        except StorageError as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _key(conversation_id: str, step: str) -> dict[str, Any]:
    return {"conversation": {"S": conversation_id}, "part": {"S": f"answer#{step}"}}
