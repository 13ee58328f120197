from typing import Any

import pytest
from botocore.exceptions import ClientError

from operations.stack import Stack, find_stack

OUTPUTS = {"WebhookUrl": "https://api.example/dev/webhook", "ApiId": "abc"}


class CloudFormation:
    """Describes one stack, or refuses."""

    def __init__(self, status: str = "CREATE_COMPLETE", refusal: str = "") -> None:
        self._status = status
        self._refusal = refusal

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self._refusal:
            raise ClientError({"Error": {"Code": self._refusal}}, "DescribeStacks")
        return {"Stacks": [{"StackName": StackName, "StackStatus": self._status, "CreationTime": "yesterday"}]}


def found(monkeypatch: pytest.MonkeyPatch, cloudformation: CloudFormation) -> Stack | None:
    monkeypatch.setattr("operations.stack.boto3.client", lambda _service: cloudformation)
    return find_stack("helpdesk-dev")


def test_a_stack_without_outputs_or_parameters_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Stack("helpdesk-dev", "CREATE_FAILED", "yesterday", {}, {})
    assert found(monkeypatch, CloudFormation("CREATE_FAILED")) == expected


def test_a_stack_that_was_never_deployed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, CloudFormation(refusal="ValidationError")) is None


def test_a_stack_whose_first_changes_were_not_agreed_to_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, CloudFormation("REVIEW_IN_PROGRESS")) is None


def test_a_refusal_is_not_taken_for_a_stack_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClientError):
        found(monkeypatch, CloudFormation(refusal="AccessDenied"))


@pytest.mark.parametrize(
    ("stage", "endpoint", "url"),
    [
        ("dev", None, OUTPUTS["WebhookUrl"]),
        ("dev", "http://127.0.0.1:4566", OUTPUTS["WebhookUrl"]),
        ("local", "http://127.0.0.1:4566", "http://127.0.0.1:4566/restapis/abc/local/_user_request_/webhook"),
    ],
)
def test_the_local_webhook_is_found_where_this_machine_reaches_it(
    monkeypatch: pytest.MonkeyPatch, stage: str, endpoint: str | None, url: str
) -> None:
    if endpoint is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert Stack("helpdesk", "CREATE_COMPLETE", "", OUTPUTS, {"Stage": stage}).webhook_url == url
