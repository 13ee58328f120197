"""The floor makes the help desk's calls and no others: else nothing is compared."""

import importlib.util
import json
from collections import Counter
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
import urllib3

from tests.benchmarks.counting import QUERY, QUEUE, REPLY, SEND, TURN, UPDATE
from tests.benchmarks.deployment import FLOOR


class Floor:
    """The floor's functions, with their calls counted under the names that the help desk's have."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: Counter[str] = Counter()
        self.queued: list[dict[str, Any]] = []
        for name in ("CONVERSATIONS_TABLE", "WORK_QUEUE_URL", "MESSAGES_URL", "ACCESS_TOKEN"):
            monkeypatch.setenv(name, name.lower())
        monkeypatch.setattr(boto3, "client", self._client)
        monkeypatch.setattr(urllib3, "PoolManager", lambda: SimpleNamespace(request=self._send))

    def load(self, function: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"floor_{function}", FLOOR / f"{function}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def _client(self, service: str, **_: Any) -> Any:
        return _Counted(service, self)

    def _send(self, *_: Any, **__: Any) -> Any:
        self.calls[SEND] += 1
        return SimpleNamespace(status=200)


class _Counted:
    def __init__(self, service: str, floor: Floor) -> None:
        self._service, self._floor = service, floor

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> None:
            self._floor.calls[f"{self._service}.{name}"] += 1
            self._floor.queued += parameters.get("Entries", [])

        return call


@pytest.fixture
def floor(monkeypatch: pytest.MonkeyPatch) -> Floor:
    return Floor(monkeypatch)


def post(**value: Any) -> dict[str, Any]:
    return {"body": json.dumps({"entry": [{"changes": [{"value": value}]}]})}


TEXT = {"from": "919000000001", "id": "wamid.1", "timestamp": "1795000000", "text": {"body": "Hi"}}


def test_a_text_costs_the_floor_what_it_costs_the_webhook_function(floor: Floor) -> None:
    answer = floor.load("webhook").lambda_handler(post(messages=[TEXT]), None)

    assert answer["statusCode"] == 200
    assert floor.calls == TURN == {QUERY: 1, UPDATE: 1, QUEUE: 1}


def test_a_status_costs_the_floor_nothing(floor: Floor) -> None:
    assert floor.load("webhook").lambda_handler(post(statuses=[{"status": "read"}]), None)["statusCode"] == 200
    assert not floor.calls


def test_a_reply_costs_the_floor_what_it_costs_the_document_function(floor: Floor) -> None:
    floor.load("webhook").lambda_handler(post(messages=[TEXT]), None)
    floor.calls.clear()
    (entry,) = floor.queued
    event = {"Records": [{"body": entry["MessageBody"]}]}

    assert floor.load("document").lambda_handler(event, None) == {"batchItemFailures": []}
    assert floor.calls == REPLY
