"""The webhook's handler: what API Gateway hands over, and what goes back."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

from helpdesk.bootstrap import aws_client
from helpdesk.bootstrap.document import handler
from helpdesk.bootstrap.webhook import receiver
from helpdesk.service.inbound import DeliveryFailed
from tests.handlers import ROOT, Context, load
from tests.unit.aws import IDENTITY_SECRET, WEBHOOK_SECRET, Aws, aws
from tests.unit.service.desk import delivery, signature

HI = {"id": "wamid.1", "from": "919000000001", "timestamp": "1", "type": "text", "text": {"body": "Hi"}}


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


@pytest.fixture
def webhook(cloud: Aws) -> Iterator[ModuleType]:
    with mock.patch.dict(os.environ, cloud.environment):
        yield load("webhook")


def post(webhook: ModuleType, signed: bytes, **changes: Any) -> Any:
    event = {
        "httpMethod": "POST",
        "headers": {"X-Hub-Signature-256": signature(signed)},
        "body": signed.decode("latin-1"),
        "isBase64Encoded": False,
        **changes,
    }
    return webhook.lambda_handler(event, Context())


def get(webhook: ModuleType, **query: str) -> Any:
    named = {f"hub.{name}": value for name, value in query.items()}
    return webhook.lambda_handler({"httpMethod": "GET", "queryStringParameters": named or None}, Context())


def test_meta_can_verify_the_address(webhook: ModuleType) -> None:
    answer = get(webhook, mode="subscribe", verify_token="verify-token", challenge="1158201444")
    assert (answer["statusCode"], answer["body"]) == (200, "1158201444")


def test_nobody_else_can(webhook: ModuleType) -> None:
    assert get(webhook, mode="subscribe", verify_token="guess", challenge="1")["statusCode"] == 403
    assert get(webhook)["statusCode"] == 403


def test_a_signed_delivery_is_answered_with_200(webhook: ModuleType, cloud: Aws) -> None:
    assert post(webhook, delivery(HI))["statusCode"] == 200
    assert len(cloud.work()) == 1


def test_the_header_may_be_written_in_any_case(webhook: ModuleType) -> None:
    body = delivery(HI)
    assert post(webhook, body, headers={"x-hub-signature-256": signature(body)})["statusCode"] == 200


def test_a_base64_body_is_decoded_before_it_is_proved(webhook: ModuleType, cloud: Aws) -> None:
    body = delivery(HI)
    answer = post(webhook, body, body=base64.b64encode(body).decode(), isBase64Encoded=True)
    assert answer["statusCode"] == 200
    assert len(cloud.work()) == 1


@pytest.mark.parametrize("headers", [None, {}, {"X-Hub-Signature-256": "sha256=" + "0" * 64}])
def test_an_unsigned_or_wrongly_signed_call_is_refused_with_401(
    webhook: ModuleType, cloud: Aws, headers: dict[str, str] | None
) -> None:
    assert post(webhook, delivery(HI), headers=headers)["statusCode"] == 401
    assert cloud.items() == {}


@pytest.mark.parametrize("body", [None, ""])
def test_a_call_without_a_body_is_refused(webhook: ModuleType, body: str | None) -> None:
    assert post(webhook, b"x", body=body)["statusCode"] == 401


@pytest.mark.parametrize("body", [b"{", b"[]", b'"hello"'])
def test_signed_but_malformed_json_is_taken_and_counted(
    webhook: ModuleType, body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert post(webhook, body)["statusCode"] == 200
    assert "MalformedDeliveries" in capsys.readouterr().out


@pytest.mark.parametrize(
    "body",
    [
        delivery(HI, metadata={"phone_number_id": "999"}),
        delivery({**HI, "type": "hologram", "hologram": {}}, messages=[]),
        json.dumps(
            {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "account_update"}]}]}
        ).encode(),
        b'{"object": "page"}',
        b"{}",
    ],
    ids=["another number", "no messages", "another field", "another object", "nothing"],
)
def test_what_is_not_for_us_is_taken_and_ignored(webhook: ModuleType, cloud: Aws, body: bytes) -> None:
    assert post(webhook, body)["statusCode"] == 200
    assert cloud.items() == {}


@pytest.mark.parametrize("field", ["app_secrets", "verify_token", "id_pepper"])
def test_an_empty_secret_refuses_with_503_and_tells_the_log_alone_which(
    webhook: ModuleType, cloud: Aws, field: str, logged: Any
) -> None:
    empty: Any = [] if field == "app_secrets" else ""
    cloud.put_secret("WEBHOOK_SECRET_ARN", {**WEBHOOK_SECRET, field: empty})
    if field == "id_pepper":
        cloud.put_secret("IDENTITY_SECRET_ARN", {**IDENTITY_SECRET, field: empty})
    answer = get(webhook, mode="subscribe", verify_token="") if field == "verify_token" else post(webhook, delivery(HI))
    assert answer["statusCode"] == 503
    assert answer["body"] == "the service is not available"
    assert f"WebhookSecret: the field {field} is empty" in logged.getvalue()


@pytest.mark.parametrize(
    "unreadable", [{"body": "half a \ud83d pair"}, {"body": "AAAAA", "isBase64Encoded": True}], ids=["half", "base64"]
)
def test_a_body_that_is_no_text_and_no_base64_is_refused_with_400(
    webhook: ModuleType, unreadable: dict[str, Any]
) -> None:
    assert post(webhook, delivery(HI), **unreadable)["statusCode"] == 400


def test_a_verify_token_that_is_half_a_surrogate_pair_is_wrong(webhook: ModuleType) -> None:
    assert get(webhook, mode="subscribe", verify_token="\ud83d")["statusCode"] == 403


def test_what_could_not_be_stored_is_asked_for_again(webhook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise DeliveryFailed("1 conversations could not be advanced")

    monkeypatch.setattr(webhook.receiver, "receive", fails)
    assert post(webhook, delivery(HI))["statusCode"] == 500


def test_a_very_long_text_is_read_as_far_as_it_matters(webhook: ModuleType, cloud: Aws) -> None:
    body = delivery({**HI, "text": {"body": "hello " * 400_000}})
    assert post(webhook, body)["statusCode"] == 200
    assert len(cloud.work()) == 1


def test_a_missing_setting_stops_the_function_at_its_start_with_its_name(cloud: Aws) -> None:
    environment = {name: value for name, value in cloud.environment.items() if name != "CONVERSATIONS_TABLE"}
    path = os.pathsep.join([str(ROOT / "layers" / "helpdesk"), str(ROOT / "functions" / "webhook")])
    started = subprocess.run(
        [sys.executable, "-c", "import app"],
        env={**environment, "PYTHONPATH": path, "PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "ap-south-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode != 0
    assert "the setting CONVERSATIONS_TABLE is missing" in started.stderr


def test_the_functions_clients_are_built_once(cloud: Aws) -> None:
    built: list[str] = []

    def counting(name: str, **config: Any) -> Any:
        built.append(name)
        return aws_client(name, **config)

    receiver(cloud.environment, client=counting)
    assert sorted(built) == ["dynamodb", "kms", "secretsmanager", "sqs"]
    built.clear()
    handler(cloud.environment, client=counting)
    assert sorted(built) == ["dynamodb", "kms", "s3", "secretsmanager", "sqs"]


def subject(name: str) -> dict[str, Any]:
    """What API Gateway says of the certificate that a caller has shown."""
    return {"requestContext": {"identity": {"clientCert": {"subjectDN": name}}}}


def test_with_mutual_tls_the_certificate_must_be_that_of_metas_webhooks(webhook: ModuleType) -> None:
    metas = subject("CN=client.webhooks.fbclientcerts.com,O=Meta Platforms\\, Inc.,L=Menlo Park,ST=California,C=US")
    assert post(webhook, delivery(), **metas)["statusCode"] == 200

    for name in (
        "CN=another.fbclientcerts.com,O=Meta Platforms\\, Inc.",
        "CN=client.webhooks.fbclientcerts.com.example,O=Somebody",
        "O=CN client.webhooks.fbclientcerts.com",
        "",
        "CN=evil.example,O=Evil\\,CN=client.webhooks.fbclientcerts.com",
        'CN=evil.example,O="Evil,CN=client.webhooks.fbclientcerts.com"',
        'CN=evil.example,O="Evil\\",CN=client.webhooks.fbclientcerts.com"',
        "CN=evil.example,CN=client.webhooks.fbclientcerts.com",
        "CN=client.webhooks.fbclientcerts.com+CN=evil.example",
        "CN=client.webhooks.fbclientcerts.com,",
        "CN=client.webhooks.fbclientcerts.com\\ ,O=Evil",
        'CN=client.webhooks.fbclientcerts.com,O=an open " quote',
        "X-CN=client.webhooks.fbclientcerts.com",
    ):
        answer = post(webhook, delivery(), **subject(name))
        assert (answer["statusCode"], answer["body"]) == (401, "the signature or the certificate is missing or wrong")


def test_without_mutual_tls_no_certificate_is_asked_for(webhook: ModuleType) -> None:
    assert post(webhook, delivery(), requestContext={"identity": {"clientCert": None}})["statusCode"] == 200
    assert post(webhook, delivery(), requestContext=None)["statusCode"] == 200
