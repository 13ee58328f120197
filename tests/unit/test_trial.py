"""What a new version is asked before it takes calls, and what the public address must answer a stranger."""

import json
import ssl
from typing import Any
from unittest import mock

import pytest
import urllib3
from urllib3.exceptions import ConnectTimeoutError, ProtocolError, SSLError

from helpdesk.trial import faults, is_reached, version_of
from tests.handlers import Context, load
from tests.unit.aws import Aws, aws


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


@pytest.mark.parametrize(
    ("folder", "function"), [("webhook", "WebhookFunction"), ("consent", "ConsentFunction"), ("document", "")]
)
def test_the_functions_pass_their_trial(cloud: Aws, folder: str, function: str) -> None:
    with mock.patch.dict("os.environ", cloud.environment | {"SIGN_IN": "consent-page"}):
        handler = load(folder).lambda_handler
        assert faults(function, lambda event: handler(event, Context())) == []


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        ("WebhookFunction", {"statusCode": 200}),
        ("WebhookFunction", {"errorMessage": "crashed"}),
        ("ConsentFunction", {"statusCode": 502}),
        ("ConsentFunction", None),
        ("FormFunction", {"statusCode": 421}),
        ("FormFunction", {"statusCode": 200}),
        ("", {"errorMessage": "crashed"}),
        ("", {"batchItemFailures": [{"itemIdentifier": "1"}]}),
    ],
)
def test_a_version_that_answers_otherwise_fails(function: str, answer: Any) -> None:
    assert faults(function, lambda _: answer)


@pytest.mark.parametrize(
    "specification",
    [
        json.dumps({"Resources": [{"a": {"Properties": {"Name": "desk-WebhookFunction-1", "TargetVersion": "7"}}}]}),
        "Resources:\n  - a:\n      Properties:\n        Name: desk-WebhookFunction-1\n        TargetVersion: '7'\n",
    ],
)
def test_what_is_deployed_is_read_from_codedeploys_specification(specification: str) -> None:
    assert version_of(specification) == ("desk-WebhookFunction-1", "7")
    with pytest.raises(ValueError, match="no version"):
        version_of("{}")


@pytest.mark.parametrize(("status", "verdict"), [(401, "Succeeded"), (200, "Failed")])
def test_codedeploy_is_told_how_the_trial_ended(status: int, verdict: str) -> None:
    def invoke(**call: Any) -> dict[str, Any]:
        assert (call["FunctionName"], call["Qualifier"]) == ("f", "7")
        code = status if json.loads(call["Payload"])["httpMethod"] == "POST" else 403
        return {"Payload": mock.Mock(read=lambda: json.dumps({"statusCode": code}))}

    with mock.patch.dict("os.environ", {"AWS_DEFAULT_REGION": "ap-south-1", "WEBHOOK": "f", "CONSENT": "", "FORM": ""}):
        app: Any = load("trial")
    content = json.dumps({"Name": "f", "TargetVersion": "7"})
    deployment = {"deploymentInfo": {"revision": {"string": {"content": content}}}}
    app.codedeploy = mock.Mock(get_deployment=mock.Mock(return_value=deployment))
    app.functions = mock.Mock(invoke=invoke)
    with mock.patch.dict("os.environ", {"WEBHOOK": "f", "CONSENT": "", "FORM": ""}):
        app.lambda_handler({"DeploymentId": "d", "LifecycleEventHookExecutionId": "e"}, Context())

    app.codedeploy.put_lifecycle_event_hook_execution_status.assert_called_once_with(
        deploymentId="d", lifecycleEventHookExecutionId="e", status=verdict
    )


POOL: Any = None
TIMEOUT = ConnectTimeoutError(POOL, "timed out")
UNTRUSTED = SSLError(ssl.SSLCertVerificationError("expired"))
RESET = ProtocolError("Connection aborted.", ConnectionResetError())
HANDSHAKE = SSLError(ssl.SSLError("alert"))


@pytest.mark.parametrize(
    ("answer", "mutual_tls", "reached"),
    [
        (403, False, True),
        (503, False, False),
        (TIMEOUT, False, False),
        (UNTRUSTED, False, False),
        (403, True, True),
        (RESET, True, True),
        (HANDSHAKE, True, True),
        (401, True, False),
        (TIMEOUT, True, False),
        (UNTRUSTED, True, False),
    ],
)
@pytest.mark.parametrize(
    ("pages", "form"), [(410, None), (500, None), (None, 432), (None, 500), (None, 421), (None, None)]
)
def test_the_address_must_answer_a_stranger_and_with_mutual_tls_refuse_her(
    answer: int | Exception, mutual_tls: bool, reached: bool, pages: int | None, form: int | None
) -> None:
    first = answer if isinstance(answer, Exception) else mock.Mock(status=answer)
    http = mock.Mock(spec=urllib3.PoolManager)
    http.request.side_effect = [first, *(mock.Mock(status=status) for status in (pages, form) if status)]

    got = is_reached(
        "https://w", "https://p" if pages else "", "https://f" if form else "", mutual_tls=mutual_tls, http=http
    )

    assert got is (reached and pages in {410, None} and form in {432, None})
