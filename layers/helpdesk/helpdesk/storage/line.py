"""The line at the door, in DynamoDB: numbers, tickets, what citizens are told by, and who moves the line.

In the conversations table, whose key is `conversation` + `part`:

    line + counter             the last number given; raised by a plain `ADD`: one may be lost, none is given twice
    line + door                the last number called and the pace; how many began, came and were served
    line + pacer               the lease of the one that moves the line, and what it remembers
    line#<minute> + <number>   a ticket: who drew the number in that minute

A ticket is there until its owner has been called. All items expire.
"""

import time
from collections.abc import Callable
from typing import Any

from helpdesk.conversation.limits import DAY, HOUR, MINUTE
from helpdesk.errors import StorageError
from helpdesk.storage.aws import DynamoDbClient, call
from helpdesk.structs import Value

KEPT_SECONDS = 8 * DAY
"""How long the items of an idle line are kept. The pacer renews the end of the counter."""
TICKET_SECONDS = 14 * HOUR
"""How long a ticket is kept that nobody takes: longer than anybody waits."""
_DIGITS = 12
"""Numbers are written with leading zeros, so that they are read in their order."""


class Ticket(Value, frozen=True):
    """A number in the line, and whose it is."""

    minute: int
    """When it was drawn, in minutes since the epoch."""
    number: int
    conversation_id: str


class Door(Value, frozen=True):
    """What is known at the door. A line that nobody moves yet has no pace."""

    called: int = 0
    """The last number that was called."""
    is_closed: bool = False
    """Whether whoever comes draws a number, since others wait."""
    pace: str = ""
    """What the pacer last found out, as it wrote it."""
    began: int = 0
    """How many began to sign in in this minute."""
    in_all: int = 0
    """How many ever began to sign in."""
    came: int = 0
    """How many of those came when they were called."""
    served: int = 0
    """How many signed in successfully of those."""
    paced_at: int = 0
    """When the pacer last wrote, in seconds since the epoch."""


class Held(Value, frozen=True):
    """What the holder of the lease remembers from its last turn."""

    memory: str = ""
    turn: int = 0


class LineStore:
    """Reads and writes the line."""

    def __init__(self, dynamodb: DynamoDbClient, table: str, clock: Callable[[], float] = time.time) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def draw(self, conversation_id: str) -> Ticket:
        """Return a new ticket. Its number is higher than any before."""
        now = int(self._clock())
        number = int(self._counter("last_number", 1)["last_number"]["N"])
        ticket = Ticket(now // MINUTE, number, conversation_id)
        self.put(ticket)
        return ticket

    def put(self, ticket: Ticket) -> None:
        """Put a ticket into the line, in the minute that it names: that of a later turn, too."""
        item = {
            **_ticket_key(ticket),
            "owner": {"S": ticket.conversation_id},
            "expires_at": {"N": str(ticket.minute * MINUTE + TICKET_SECONDS)},
        }
        call(self._dynamodb.put_item, TableName=self._table, Item=item)

    def last(self) -> int:
        """Return the last number that was drawn, 0 if there is none, and have the counter kept."""
        return int(self._counter("last_number", 0)["last_number"]["N"])

    def tickets(self, minute: int, most: int) -> tuple[Ticket, ...]:
        """Return the first tickets of a minute that are still in the line, in their order."""
        answer = call(
            self._dynamodb.query,
            TableName=self._table,
            KeyConditionExpression="#c = :c",
            ExpressionAttributeNames={"#c": "conversation"},
            ExpressionAttributeValues={":c": {"S": _partition(minute)}},
            ConsistentRead=True,
            Limit=most,
        )
        return tuple(Ticket(minute, int(item["part"]["S"]), item["owner"]["S"]) for item in answer["Items"])

    def take(self, ticket: Ticket) -> None:
        """Take a ticket out of the line. One that is out already is no error."""
        call(self._dynamodb.delete_item, TableName=self._table, Key=_ticket_key(ticket))

    def enter(self, *, began: int = 0, came: int = 0, served: int = 0) -> Door:
        """Count those who began to sign in, came when called, were served. Return the door as it then is."""
        now = int(self._clock())
        item = self._add(
            "door",
            {f"began_{now // MINUTE}": began, "in_all": began, "came": came, "served": served},
            now,
        )
        return _door(item, now)

    def pace(self, called: int, pace: str, *, is_closed: bool) -> None:
        """Write what those in the line are told by. Counts of minutes long ago are taken out."""
        now = int(self._clock())
        door = self._add("door", {"in_all": 0}, now)
        old = [name for name in door if name.startswith("began_") and int(name[6:]) < now // MINUTE - 1]
        call(
            self._dynamodb.update_item,
            TableName=self._table,
            Key=_key("line", "door"),
            UpdateExpression="SET last_called = :called, pace = :pace, is_closed = :closed, paced_at = :now"
            + (f" REMOVE {', '.join(old)}" if old else ""),
            ExpressionAttributeValues={
                ":called": {"N": str(called)},
                ":pace": {"S": pace},
                ":closed": {"N": str(int(is_closed))},
                ":now": {"N": str(now)},
            },
        )

    def close(self) -> None:
        """Have whoever comes from here on draw a number: somebody waits, though the line was not moved yet."""
        call(
            self._dynamodb.update_item,
            TableName=self._table,
            Key=_key("line", "door"),
            UpdateExpression="SET is_closed = :closed, expires_at = :end",
            ExpressionAttributeValues={
                ":closed": {"N": "1"},
                ":end": {"N": str(int(self._clock()) + KEPT_SECONDS)},
            },
        )

    def lease(self, seconds: int) -> Held | None:
        """Take the lease for so many seconds. Return None if another has it."""
        now = int(self._clock())
        try:
            answer = call(
                self._dynamodb.update_item,
                TableName=self._table,
                Key=_key("line", "pacer"),
                UpdateExpression="SET leased_until = :until, expires_at = :end ADD turn :one",
                ConditionExpression="attribute_not_exists(leased_until) OR leased_until <= :now",
                ExpressionAttributeValues={
                    ":until": {"N": str(now + seconds)},
                    ":end": {"N": str(now + KEPT_SECONDS)},
                    ":one": {"N": "1"},
                    ":now": {"N": str(now)},
                },
                ReturnValues="ALL_NEW",
            )
        except StorageError as error:
            if error.code == "ConditionalCheckFailedException":
                return None
            raise
        item = answer["Attributes"]
        return Held(item.get("memory", {"S": ""})["S"], int(item["turn"]["N"]))

    def remember(self, held: Held, memory: str) -> bool:
        """Write what the next holder of the lease has to know. Return False if another has taken it meanwhile."""
        try:
            call(
                self._dynamodb.update_item,
                TableName=self._table,
                Key=_key("line", "pacer"),
                UpdateExpression="SET memory = :memory",
                ConditionExpression="turn = :turn",
                ExpressionAttributeValues={":memory": {"S": memory}, ":turn": {"N": str(held.turn)}},
            )
        except StorageError as error:
            if error.code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _counter(self, name: str, number: int) -> dict[str, Any]:
        return self._add("counter", {name: number}, int(self._clock()))

    def _add(self, part: str, numbers: dict[str, int], now: int) -> dict[str, Any]:
        """Add to the numbers of an item, outside any transaction. Return the item."""
        terms = [f"{name} :{name}" for name in numbers]
        values = {f":{name}": {"N": str(number)} for name, number in numbers.items()}
        answer = call(
            self._dynamodb.update_item,
            TableName=self._table,
            Key=_key("line", part),
            UpdateExpression=f"SET expires_at = :end ADD {', '.join(terms)}",
            ExpressionAttributeValues={**values, ":end": {"N": str(now + KEPT_SECONDS)}},
            ReturnValues="ALL_NEW",
        )
        return dict(answer["Attributes"])


def _door(item: dict[str, Any], now: int) -> Door:
    read = {name: int(value["N"]) for name, value in item.items() if "N" in value}
    return Door(
        called=read.get("last_called", 0),
        is_closed=bool(read.get("is_closed", 0)),
        pace=item.get("pace", {"S": ""})["S"],
        began=read.get(f"began_{now // MINUTE}", 0),
        in_all=read.get("in_all", 0),
        came=read.get("came", 0),
        served=read.get("served", 0),
        paced_at=read.get("paced_at", 0),
    )


def _partition(minute: int) -> str:
    return f"line#{minute}"


def _key(conversation: str, part: str) -> dict[str, Any]:
    return {"conversation": {"S": conversation}, "part": {"S": part}}


def _ticket_key(ticket: Ticket) -> dict[str, Any]:
    return _key(_partition(ticket.minute), f"{ticket.number:0{_DIGITS}}")
