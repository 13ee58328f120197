"""What `make events` writes is what Lambda hands over, and each handler takes its own."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args
from unittest import mock

import pytest

from events.make import IN_CHAT, ON_PAGE, Fresh, expectations, main, told, write
from events.samples import Queues, samples
from helpdesk.storage.work import Called, InOrder, LineTimer, Timer, Work, read_work
from helpdesk.whatsapp.webhook import Kind, parse
from operations.webhook import WebhookAccess
from tests.handlers import Context, load
from tests.unit.aws import APP_SECRET, PHONE_NUMBER_ID, WEBHOOK_SECRET, Aws, aws

FRESH = samples(WebhookAccess(), 0).keys()
NOTHING_QUEUED = {
    "webhook/form",
    "webhook/reaction",
    "webhook/revoke",
    "webhook/number_changed",
    "webhook/status_of_a_text",
    "webhook/malformed",
    "webhook/verify",
}
NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


@pytest.fixture
def functions(cloud: Aws) -> Iterator[dict[str, ModuleType]]:
    # The directory of issuers is the one thing that is asked for without anybody having signed in.
    with mock.patch.dict(os.environ, cloud.environment | {"DIGILOCKER_URL": NOBODY_LISTENS}):
        yield {name: load(name) for name in ("webhook", "document")}


@pytest.fixture
def now() -> int:
    """The time of each test, not of the import: the handlers refuse what is minutes old."""
    return int(time.time())


@pytest.fixture
def events(cloud: Aws, now: int) -> dict[str, Any]:
    environment = cloud.environment
    return samples(
        WebhookAccess(APP_SECRET, str(WEBHOOK_SECRET["verify_token"]), PHONE_NUMBER_ID),
        now,
        queues=Queues(*(environment[f"{name}_QUEUE_ARN"] for name in ("WORK", "REPLY", "TIMER"))),
    )


def test_each_fresh_event_has_an_expected_answer() -> None:
    assert expectations().keys() >= FRESH


def test_there_is_an_event_for_every_kind_of_message(events: dict[str, Any]) -> None:
    bodies = [event["body"] for name, event in events.items() if name.startswith("webhook/") and event["body"]]
    readable = [parse(body.encode()) for body in bodies if body != events["webhook/malformed"]["body"]]
    assert {message.kind for delivery in readable for message in delivery.messages} == {*Kind}


def test_there_is_an_event_for_every_kind_of_work(events: dict[str, Any]) -> None:
    bodies = [event["Records"][0]["body"] for name, event in events.items() if name.startswith("document/")]
    readable = [read_work(body) for body in bodies if body != events["document/malformed"]["Records"][0]["body"]]
    kinds = {*get_args(InOrder.__value__), *get_args(Timer.__value__)}
    assert get_args(Work.__value__) == (InOrder, Timer)
    # What the line at the door will ask for: nothing asks for it yet.
    assert {type(work) for work in readable} == kinds - {Called, LineTimer}


@pytest.mark.parametrize("event", sorted(name for name in FRESH if name.startswith("webhook/")))
def test_the_webhook_answers_and_asks_for_work(
    functions: dict[str, ModuleType], events: dict[str, Any], cloud: Aws, event: str
) -> None:
    answer = functions["webhook"].lambda_handler(events[event], Context())
    assert answer["statusCode"] == expectations()[event]["answer"]
    assert len(cloud.work()) == (0 if event in NOTHING_QUEUED else 1)


@pytest.mark.enable_socket
@pytest.mark.parametrize("event", sorted(name for name in FRESH if name.startswith("document/")))
def test_the_document_function_does_its_work(
    functions: dict[str, ModuleType], events: dict[str, Any], event: str
) -> None:
    answer = functions["document"].lambda_handler(events[event], Context())
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == expectations()[event]["answer"]


def test_meta_gets_its_challenge_back(functions: dict[str, ModuleType], events: dict[str, Any]) -> None:
    assert functions["webhook"].lambda_handler(events["webhook/verify"], Context())["body"] == "1158201444"


def test_samples_that_are_made_later_are_new_messages(
    functions: dict[str, ModuleType], events: dict[str, Any], cloud: Aws, now: int
) -> None:
    later = samples(WebhookAccess(APP_SECRET, "", PHONE_NUMBER_ID), now + 1)
    for event in (events["webhook/text_hi"], events["webhook/text_hi"], later["webhook/text_hi"]):
        functions["webhook"].lambda_handler(event, Context())
    (state,) = (item for part, item in cloud.items().items() if part == "state")
    assert len(json.loads(state["seen"]["S"])) == 2


def test_a_message_that_came_late_is_asked_about_and_not_acted_on(
    functions: dict[str, ModuleType], events: dict[str, Any], logged: Any
) -> None:
    for kind in ("text_hi", "tap_services", "text_that_came_late"):
        functions["webhook"].lambda_handler(events[f"webhook/{kind}"], Context())
    lines = [json.loads(line) for line in logged.getvalue().splitlines() if '"message":"message"' in line]
    assert [(line["was_at"], line["is_at"]) for line in lines] == [
        ("new", "menu"),
        ("menu", "account"),
        ("account", "account"),
    ]


def test_samples_for_nobody_are_refused_by_every_deployment(functions: dict[str, ModuleType], now: int) -> None:
    event = samples(WebhookAccess(), now)["webhook/text_hi"]
    assert functions["webhook"].lambda_handler(event, Context())["statusCode"] == 401


def test_a_tester_is_told_how_each_event_of_the_stack_is_run(tmp_path: Path) -> None:
    lines = told(tmp_path, Fresh({}, {}, ON_PAGE)).splitlines()
    assert [
        line for line in lines if line.startswith(f"sam local invoke WebhookFunction -e {tmp_path}/webhook/text_hi.")
    ]
    (static,) = (line for line in lines if " events/consent/start_of_nobody.json " in line)
    assert "sam local invoke ConsentFunction" in static
    assert "# static: a link" in static
    assert sum(line.startswith("sam local invoke") for line in lines) == len(expectations(ON_PAGE))


def test_where_there_is_no_consent_function_it_is_said_how_to_have_one(tmp_path: Path) -> None:
    lines = told(tmp_path, Fresh({}, {}, IN_CHAT)).splitlines()
    assert [line for line in lines if "ConsentFunction" in line] == [
        "ConsentFunction is not deployed here: make run SIGN_IN=consent-page has it"
    ]


def test_a_file_holds_the_event_itself(tmp_path: Path, now: int) -> None:
    events = samples(WebhookAccess(), now)
    write(events, tmp_path)
    assert json.loads((tmp_path / "webhook" / "text_hi.json").read_text()) == events["webhook/text_hi"]


class _Stack:
    """What CloudFormation and Secrets Manager tell of a stack."""

    def __init__(self, secret: dict[str, Any]) -> None:
        self._secret = secret

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: ARG002, N803 - boto3's name
        return {
            "Stacks": [
                {
                    "StackStatus": "CREATE_COMPLETE",
                    "CreationTime": 0,
                    "Outputs": [{"OutputKey": "WebhookSecretArn", "OutputValue": "arn"}],
                    "Parameters": [{"ParameterKey": "WhatsAppPhoneNumberId", "ParameterValue": PHONE_NUMBER_ID}],
                }
            ]
        }

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        assert SecretId == "arn"
        return {"SecretString": json.dumps(self._secret)}


def test_samples_for_a_stack_are_signed_with_its_secret(
    functions: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.stack.boto3.client", lambda _service: _Stack(WEBHOOK_SECRET))
    assert main(["helpdesk-dev", "--folder", str(tmp_path)]) == 0
    written = {str(path.relative_to(tmp_path).with_suffix("")) for path in tmp_path.rglob("*.json")}
    assert written == FRESH - {"webhook/verify"}, "the verify token is written nowhere"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*.json")} == {0o600}
    assert all(str(WEBHOOK_SECRET["verify_token"]) not in path.read_text() for path in tmp_path.rglob("*.json"))
    event = json.loads((tmp_path / "webhook" / "text_hi.json").read_text())
    assert functions["webhook"].lambda_handler(event, Context())["statusCode"] == 200


def test_a_stack_whose_secret_is_empty_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("operations.stack.boto3.client", lambda _service: _Stack({"app_secrets": []}))
    assert main(["helpdesk-dev", "--folder", str(tmp_path)]) == 1
    assert "helpdesk-dev: the field app_secrets or verify_token of WebhookSecret is empty" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
