"""The document function's handler: batches of SQS, and when a failed message comes back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

from helpdesk.service.queue_consumer import BACKOFF_SECONDS, MOST_RECEIVES
from helpdesk.whatsapp.errors import OutcomeUnknown, RateLimited
from tests.handlers import ROOT, Context, load
from tests.unit.aws import OUTBOUND_SECRET, Aws, aws


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


@pytest.fixture
def document(cloud: Aws) -> Iterator[ModuleType]:
    with mock.patch.dict(os.environ, cloud.environment):
        yield load("document")


def record(cloud: Aws, body: str, receives: int = 1, queue: str = "WORK") -> dict[str, Any]:
    return {
        "messageId": f"message-{receives}",
        "body": body,
        "receiptHandle": "receipt",
        "eventSourceARN": cloud.environment[f"{queue}_QUEUE_ARN"],
        "attributes": {"ApproximateReceiveCount": str(receives), "SentTimestamp": "1764000000000"},
    }


def handle(document: ModuleType, *records: dict[str, Any]) -> list[str]:
    answer = document.lambda_handler({"Records": list(records)}, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


JOB = json.dumps({"conversation": "nobody", "step": "step"})


def test_a_message_that_is_done_is_not_reported(document: ModuleType, cloud: Aws) -> None:
    assert handle(document, record(cloud, JOB)) == []


@pytest.mark.parametrize("body", ["", "{}", "not json"])
def test_a_poison_message_is_reported_and_harms_no_other(document: ModuleType, cloud: Aws, body: str) -> None:
    assert handle(document, record(cloud, body, 2), record(cloud, JOB)) == ["message-2"]


def test_an_empty_secret_leaves_the_work_on_the_queue(document: ModuleType, cloud: Aws) -> None:
    cloud.put_secret("OUTBOUND_SECRET_ARN", {**OUTBOUND_SECRET, "digilocker_client_id": ""})
    assert handle(document, record(cloud, JOB)) == ["message-1"]


@pytest.mark.parametrize("queue", ["WORK", "REPLY", "TIMER"])
@pytest.mark.parametrize(("receives", "seconds"), [(1, 1), (2, 4), (3, 16), (4, 60), (5, 300), (7, 300)])
def test_a_failed_message_comes_back_sooner_at_first(
    document: ModuleType, cloud: Aws, monkeypatch: pytest.MonkeyPatch, receives: int, seconds: int, queue: str
) -> None:
    changes: list[dict[str, Any]] = []

    class Sqs:
        def change_message_visibility(self, **change: Any) -> None:
            changes.append(change)

    monkeypatch.setattr(document.handler, "_sqs", Sqs())

    def dies(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(document.handler, "_chance", lambda: 0.0)
    monkeypatch.setattr(document.handler._worker, "work", dies)
    handle(document, record(cloud, JOB, receives, queue))
    assert [change["VisibilityTimeout"] for change in changes] == [seconds]
    assert changes[0]["QueueUrl"] == cloud.environment[f"{queue}_QUEUE_URL"]


@pytest.mark.parametrize(
    ("error", "receives", "chance", "seconds"),
    [
        (RateLimited(131056), 1, 0.0, 1),
        (RateLimited(131056), 3, 0.0, 16),
        (RateLimited(4), 1, 0.0, 60),
        (RateLimited(4), 5, 0.0, 300),
        (OutcomeUnknown(None), 1, 1.0, 2),
        (OutcomeUnknown(None), 4, 1.0, 75),
    ],
)
def test_whatsapps_own_pause_is_kept_to_and_chance_spreads_who_failed_together(
    document: ModuleType,
    cloud: Aws,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    receives: int,
    chance: float,
    seconds: int,
) -> None:
    changes: list[dict[str, Any]] = []

    class Sqs:
        def change_message_visibility(self, **change: Any) -> None:
            changes.append(change)

    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(document.handler, "_sqs", Sqs())
    monkeypatch.setattr(document.handler, "_chance", lambda: chance)
    monkeypatch.setattr(document.handler._worker, "work", fails)
    handle(document, record(cloud, JOB, receives))
    assert [change["VisibilityTimeout"] for change in changes] == [seconds]


@pytest.mark.parametrize(("body", "receives"), [("{}", 1), ("not json", 3), (JOB, MOST_RECEIVES)])
def test_a_message_that_waiting_cannot_help_does_not_hold_up_the_next_one(
    document: ModuleType, cloud: Aws, monkeypatch: pytest.MonkeyPatch, body: str, receives: int
) -> None:
    changes: list[dict[str, Any]] = []

    class Sqs:
        def change_message_visibility(self, **change: Any) -> None:
            changes.append(change)

    def dies(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(document.handler, "_sqs", Sqs())
    monkeypatch.setattr(document.handler._worker, "_job", dies)
    handle(document, record(cloud, body, receives))
    assert [change["VisibilityTimeout"] for change in changes] == [0]


def test_eight_tries_outlast_an_outage_of_ten_minutes() -> None:
    waits = [BACKOFF_SECONDS[min(receive, len(BACKOFF_SECONDS)) - 1] for receive in range(1, MOST_RECEIVES)]
    assert sum(waits) > 600


def test_the_backoff_suits_a_chat() -> None:
    assert BACKOFF_SECONDS == (1, 4, 16, 60, 300)
    assert MOST_RECEIVES == 8


def test_what_went_wrong_is_logged_without_what_was_worked_on(
    document: ModuleType, cloud: Aws, monkeypatch: pytest.MonkeyPatch, logged: Any
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise RuntimeError("the number was 999999990019")

    monkeypatch.setattr(document.handler._worker, "work", dies)
    handle(document, record(cloud, JOB))
    assert "RuntimeError" in logged.getvalue()
    assert "999999990019" not in logged.getvalue()


def test_on_its_last_receive_a_failed_job_is_given_up(
    document: ModuleType, cloud: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up: list[object] = []

    def dies(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(document.handler._worker, "work", dies)
    monkeypatch.setattr(document.handler._worker, "give_up", given_up.append)
    assert handle(document, record(cloud, JOB, 7)) == ["message-7"]
    assert given_up == []
    assert handle(document, record(cloud, JOB, 8)) == ["message-8"]
    assert len(given_up) == 1


WORKS_ON_ONE_REPLY = """
import app, json, sys
from unittest import mock
from helpdesk.conversation.effects import Say, Text
from helpdesk.storage.conversations import Entry, Stored
from tests.handlers import Context

app.handler._secret = mock.Mock()
worker = app.handler._worker
store, replier = worker._store, worker._follow_ups._sender = mock.Mock(), mock.Mock()
store.load.return_value = Stored("nobody", outbox=(Entry("step", 0, 0, (Say("en", Text("menu")),)),))
assert app.lambda_handler(json.loads(sys.argv[1]), Context()) == {"batchItemFailures": []}
replier.send.assert_called_once()
store.done.assert_called_once_with("nobody", "step")
replied = set(sys.modules)
worker._gateway()
sys.stderr.write(json.dumps([sorted(replied), sorted(set(sys.modules) - replied)]))
"""
"""The rest of what the handler does is as deployed."""


def test_a_job_that_only_replies_does_without_what_digilocker_needs(cloud: Aws) -> None:
    path = os.pathsep.join(map(str, (ROOT / "functions" / "document", ROOT / "layers" / "helpdesk", ROOT)))
    variables = {
        **cloud.environment,
        "PYTHONPATH": path,
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "ap-south-1",
        "POWERTOOLS_METRICS_NAMESPACE": "Helpdesk",
        "POWERTOOLS_SERVICE_NAME": "test",
    }
    event = json.dumps({"Records": [record(cloud, JOB)]})

    ended = subprocess.run(  # noqa: S603 - the words are this test's own
        [sys.executable, "-c", WORKS_ON_ONE_REPLY, event],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    replied, for_digilocker = map(set, json.loads(ended.stderr.splitlines()[-1]))
    only_digilockers = {
        "pydantic",
        "helpdesk.digilocker.client",
        "helpdesk.digilocker.directory",
        "helpdesk.digilocker.models",
        "helpdesk.service.digilocker_gateway",
    }
    assert "helpdesk.service.outbox_worker" in replied
    assert not replied & only_digilockers
    assert for_digilocker >= only_digilockers


def test_all_jobs_have_the_same_locker(document: ModuleType) -> None:
    """The directory that one job has fetched is there for the next."""
    worker = document.handler._worker
    assert worker._gateway() is worker._gateway()
