"""A look behind the scenes of the help desk that runs on this machine: its table and its functions' logs.

Read from the outside, as an operator would, with the rights of the account's root.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer

_REPORT = re.compile(r"REPORT RequestId: (\S+)\s+Duration: ([\d.]+) ms")
_LONGEST_SECRET = 200

type Clients = Callable[[str], Any]
"""Returns the AWS client of a service."""


class Backstage:
    """`functions`: log group by the name to be shown. `pepper`: the key of the ids in logs and table."""

    def __init__(
        self, clients: Clients, table: str, pepper: str, phone_number_id: str, functions: Mapping[str, str]
    ) -> None:
        self._clients = clients
        self._table = table
        self._pepper = pepper
        self._phone_number_id = phone_number_id
        self._functions = dict(functions)

    def conversation_id(self, person: str) -> str:
        """Return the id of a person's conversation, which is a keyed hash of her user id (or else phone number)."""
        text = f"conversation\n{self._phone_number_id}\n{person}"
        return hmac.new(self._pepper.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]

    def look(self, person: str, since: float) -> dict[str, Any]:
        """Return a conversation's items of the table, and the functions' runs for it since then (unix time)."""
        conversation = self.conversation_id(person)
        return {
            "conversation": conversation,
            "items": self._items(conversation),
            "runs": sorted(
                (run for name in self._functions for run in self._runs(name, conversation, since)),
                key=lambda run: float(run["at"]),
            ),
        }

    def _items(self, conversation: str) -> list[dict[str, Any]]:
        answer = self._clients("dynamodb").query(
            TableName=self._table,
            KeyConditionExpression="conversation = :id",
            ExpressionAttributeValues={":id": {"S": conversation}},
        )
        return [readable(item) for item in answer["Items"]]

    def _runs(self, name: str, conversation: str, since: float) -> list[dict[str, Any]]:
        """Return the runs of a function that have logged something about a conversation."""
        lines: dict[str, list[dict[str, Any]]] = {}
        durations: dict[str, tuple[float, float]] = {}
        pages = self._clients("logs").get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=self._functions[name], startTime=int(since * 1000)):
            for event in page["events"]:
                at, text = event["timestamp"] / 1000, event["message"]
                if report := _REPORT.search(text):
                    durations[report[1]] = (at, float(report[2]) / 1000)
                elif line := _json(text):
                    request = str(line.get("function_request_id", ""))
                    if line.get("conversation") == conversation:
                        lines.setdefault(request, []).append({"at": at, **_shown(line)})
        runs = []
        for request, said in lines.items():
            ended, seconds = durations.get(request, (said[-1]["at"], said[-1]["at"] - said[0]["at"]))
            at = min(ended - seconds, said[0]["at"])
            runs.append({"function": name, "request": request, "at": at, "seconds": seconds, "lines": said})
        return runs


def readable(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of the table as plain values; what is sealed is told by its length only."""
    read = TypeDeserializer().deserialize
    return {name: _plain(read(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Binary):
        return f"(sealed, {len(value.value)} bytes)"
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | set | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, str):
        return _json(value) or (value if len(value) <= _LONGEST_SECRET else f"{value[:_LONGEST_SECRET]}…")
    return value if value is None or isinstance(value, bool) else int(value)


def _json(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


_COMMON = {"timestamp", "service", "cold_start", "location"}


def _shown(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in _COMMON and not name.startswith("function_")}
