import json
import os
from typing import Any
from unittest import mock

import pytest

from helpdesk.service.identity import conversation_id
from operations.stage.conversation import conversations_of, main, read_phone
from tests.handlers import Context, load
from tests.unit.aws import APP_SECRET, PEPPER, PHONE_NUMBER_ID, Aws, aws
from tests.unit.service.desk import delivery, signature

HER, HER_ID = "919000000001", "IN.1234567890123456"


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


def writes(cloud: Aws, **sender: str) -> None:
    """Have the real webhook store what somebody writes."""
    message = {"id": f"wamid.{sender}", "timestamp": "1", "type": "text", "text": {"body": "Hi"}, **sender}
    body = delivery(message)
    event = {"httpMethod": "POST", "headers": {"X-Hub-Signature-256": signature(body, APP_SECRET)}}
    with mock.patch.dict(os.environ, cloud.environment):
        answer = load("webhook").lambda_handler({**event, "body": body.decode()}, Context())
    assert answer["statusCode"] == 200


def found(cloud: Aws, phone: str) -> tuple[str, ...]:
    return conversations_of(
        cloud.client("dynamodb"), cloud.environment["CONVERSATIONS_TABLE"], PEPPER, PHONE_NUMBER_ID, phone
    )


def test_who_writes_with_her_number_is_found_by_it(cloud: Aws) -> None:
    writes(cloud, **{"from": HER})
    assert found(cloud, HER) == (conversation_id(PEPPER, PHONE_NUMBER_ID, HER),)


def test_who_writes_with_a_user_id_is_found_by_her_number_too(cloud: Aws) -> None:
    writes(cloud, **{"from": HER, "from_user_id": HER_ID})
    assert found(cloud, HER)[1:] == (conversation_id(PEPPER, PHONE_NUMBER_ID, HER_ID),)


def test_nobody_else_is_found(cloud: Aws) -> None:
    writes(cloud, **{"from": f"{HER}2", "from_user_id": HER_ID})
    writes(cloud, **{"from": f"1{HER}", "from_user_id": "IN.2"})
    assert found(cloud, HER)[1:] == ()


def test_an_id_stays_known_when_the_table_has_forgotten(cloud: Aws) -> None:
    assert found(cloud, HER) == (conversation_id(PEPPER, PHONE_NUMBER_ID, HER),)


@pytest.mark.parametrize("typed", ["9000000001", "+91 90000 00001", "91-9000000001", "(91) 9000 000 001"])
def test_a_number_is_read_as_people_write_it(typed: str) -> None:
    assert read_phone(typed) == HER


@pytest.mark.parametrize("typed", ["", "12345", "IN.1234567890123456", "9" * 16, "९०००००००००१"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="no telephone number"):
        read_phone(typed)


def test_the_number_is_not_shown_again(
    cloud: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stack:
        def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: ARG002, N803 - boto3's name
            outputs = {
                "ConversationsTableName": cloud.environment["CONVERSATIONS_TABLE"],
                "WebhookSecretArn": cloud.environment["WEBHOOK_SECRET_ARN"],
                "IdentitySecretArn": cloud.environment["IDENTITY_SECRET_ARN"],
            }
            return {
                "Stacks": [
                    {
                        "StackStatus": "CREATE_COMPLETE",
                        "CreationTime": 0,
                        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
                        "Parameters": [{"ParameterKey": "WhatsAppPhoneNumberId", "ParameterValue": PHONE_NUMBER_ID}],
                    }
                ]
            }

    writes(cloud, **{"from": HER, "from_user_id": HER_ID})
    capsys.readouterr()  # what the webhook counted
    monkeypatch.setattr(
        "operations.stack.boto3.client",
        lambda name: Stack() if name == "cloudformation" else cloud.client(name),
    )
    monkeypatch.setattr("operations.stage.conversation.getpass.getpass", lambda _prompt: "90000 00001")
    assert main(["helpdesk-dev"]) == 0
    printed = capsys.readouterr()
    assert printed.out.split() == list(found(cloud, HER))
    assert "9000000001" not in json.dumps([printed.out, printed.err])
