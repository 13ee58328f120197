"""What must outlive a conversation and no public function may touch: counts of OTPs, and consents. In DynamoDB.

The table's key is `conversation` + `part`:

    number#… + otps#<hour>     the OTPs that a number has had within an hour, by the steps that asked for them
    <id> + consent#<time>      the record of one consent

Only the document function has a right on it.
"""

import time
from collections.abc import Callable
from typing import Any

from helpdesk.conversation.effects import RecordConsent
from helpdesk.errors import StorageError
from helpdesk.storage.aws import DynamoDbClient, call


class RecordStore:
    """Counts OTPs and records consents."""

    def __init__(self, dynamodb: DynamoDbClient, table: str, clock: Callable[[], float] = time.time) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def count_otp(self, mark: str, step: str, most: int) -> bool:
        """Count an OTP for a number, whoever asks for it. False if it has had `most` within this hour.

        A step is counted once, however often it is taken up. Nobody can have a citizen flooded with OTPs from many
        phones. `mark` is a keyed hash of the number.
        """
        hour = int(self._clock()) // 3600
        expires = {":expires": {"N": str((hour + 24) * 3600)}}
        key = _key(f"number#{mark}", f"otps#{hour}")
        return self._changed(
            key,
            "ADD sent :one SET #step = :expires, expires_at = :expires",
            "attribute_not_exists(sent) OR attribute_not_exists(#step) AND sent < :most",
            step,
            expires | {":one": {"N": "1"}, ":most": {"N": str(most)}},
        ) or self._changed(key, "SET expires_at = :expires", "attribute_exists(#step)", step, expires)

    def _changed(self, key: dict[str, Any], change: str, condition: str, step: str, values: dict[str, Any]) -> bool:
        """Change an item if a condition holds. Tells whether it held."""
        try:
            call(
                self._dynamodb.update_item,
                TableName=self._table,
                Key=key,
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#step": step},
                ExpressionAttributeValues=values,
            )
        except StorageError as error:
            if error.code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def record_consent(self, conversation_id: str, consent: RecordConsent, kept_seconds: int) -> None:
        """Keep the record of a consent: which text, in which language, and when."""
        call(
            self._dynamodb.put_item,
            TableName=self._table,
            Item={
                **_key(conversation_id, f"consent#{consent.at}"),
                "version": {"S": consent.version},
                "language": {"S": consent.language},
                "at": {"N": str(consent.at)},
                "expires_at": {"N": str(consent.at + kept_seconds)},
            },
        )


def _key(conversation_id: str, part: str) -> dict[str, Any]:
    return {"conversation": {"S": conversation_id}, "part": {"S": part}}
