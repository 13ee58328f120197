"""What must outlive a conversation and no public function may touch: counts of OTPs, and consents. In DynamoDB.

The table's key is `conversation` + `part`:

    number#… + otps            the OTPs that a number has had in the last day, each with the step that asked for it
    <id> + consent#<time>      the record of one consent

Only the document function has a right on it.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from helpdesk.conversation.effects import RecordConsent
from helpdesk.conversation.limits import DAY, Limit
from helpdesk.errors import StorageError, VersionConflict
from helpdesk.storage.aws import DynamoDbClient, call
from helpdesk.storage.conversations import pause_after_lost_race
from helpdesk.structs import Value

_TRIES = 5
"""How often a lost race for a number's count is run again."""


class Otp(Value, frozen=True):
    """An OTP that a step had sent; or, if not `sent`, that it only had details compared with Aadhaar's."""

    at: int
    step: str
    sent: bool = True


class OtpLimits(Value, frozen=True):
    """How many OTPs a number can have, whoever asks for them."""

    pause_seconds: int
    hour: int
    day: int

    def wait(self, otps: Sequence[Otp], now: int) -> int:
        """Return the seconds until one more fits; 0 if it fits now."""
        pause = max((otp.at + self.pause_seconds - now for otp in otps if otp.sent), default=0)
        window = Limit(self.day, self.hour, self.day).wait(tuple(otp.at for otp in otps), now)
        return max(pause, window, 0)


class Counted(Value, frozen=True):
    """What counting an OTP came to."""

    wait: int = 0
    """Seconds until the limits let it through; 0: it is counted."""
    before: bool = False
    """The step was counted before, so it may have had an OTP sent already."""


class _Otps(Value, frozen=True):
    """The OTPs of a number, and how they are stored."""

    written: str
    sent: tuple[Otp, ...]


class RecordStore:
    """Counts OTPs and records consents."""

    def __init__(
        self,
        dynamodb: DynamoDbClient,
        table: str,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock
        self._sleep = sleep

    def count_otps(self, marks: Sequence[str], step: str, limits: OtpLimits) -> Counted:
        """Count an OTP that a step is about to have sent, for each of the numbers, whoever asks for it.

        A step is counted once, however often it is taken up; what is refused is not counted. `marks` are keyed hashes
        of the numbers. Raises VersionConflict.
        """
        for attempt in range(_TRIES):
            now = int(self._clock())
            had = {mark: self._otps(mark, now) for mark in marks}
            new = [mark for mark, otps in had.items() if all(otp.step != step for otp in otps.sent)]
            if wait := max((limits.wait(had[mark].sent, now) for mark in new), default=0):
                return Counted(wait)
            if all(self._replaced(mark, had[mark], (*had[mark].sent, Otp(now, step)), now) for mark in new):
                return Counted(before=len(new) < len(marks))
            self._sleep(pause_after_lost_race(attempt))
        raise VersionConflict(f"lost {_TRIES} races")

    def take_back(self, marks: Sequence[str], step: str, *, compared: bool) -> None:
        """Take back an OTP that is known not to have been sent.

        `compared`: DigiLocker has compared what was entered with Aadhaar's. That goes on counting as one of the hour's
        and of the day's, or somebody's details could be found out by trying; only the pause does not apply.
        A lost race leaves it counted.
        """
        now = int(self._clock())
        for mark in marks:
            had = self._otps(mark, now)
            left = tuple(otp for otp in had.sent if otp.step != step)
            tried = tuple(replace(otp, sent=False) for otp in had.sent if otp.step == step)
            self._replaced(mark, had, tuple(sorted((*left, *tried), key=_at)) if compared else left, now)

    def _otps(self, mark: str, now: int) -> _Otps:
        """Read the OTPs of a number's last day."""
        answer = call(self._dynamodb.get_item, TableName=self._table, Key=_otps_key(mark), ConsistentRead=True)
        written = answer["Item"]["sent"]["S"] if "Item" in answer else ""
        otps = (Otp(at, step, sent) for at, step, sent in msgspec.json.decode(written or "[]"))
        return _Otps(written, tuple(otp for otp in otps if now - otp.at < DAY))

    def _replaced(self, mark: str, had: _Otps, sent: Sequence[Otp], now: int) -> bool:
        """Write the OTPs of a number if they are still as they were read. Returns whether they were."""
        written = msgspec.json.encode([[otp.at, otp.step, otp.sent] for otp in sent]).decode()
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(sent)"}
        if had.written:
            condition = {
                "ConditionExpression": "sent = :had",
                "ExpressionAttributeValues": {":had": {"S": had.written}},
            }
        item = {**_otps_key(mark), "sent": {"S": written}, "expires_at": {"N": str(now + DAY)}}
        try:
            call(self._dynamodb.put_item, TableName=self._table, Item=item, **condition)
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


def _otps_key(mark: str) -> dict[str, Any]:
    return _key(f"number#{mark}", "otps")


def _at(otp: Otp) -> int:
    return otp.at
