"""The consent function's handler: what API Gateway hands over, and what a browser gets."""

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
from helpdesk.bootstrap.consent import consenting
from tests.handlers import ROOT, Context, load
from tests.unit.aws import Aws, aws

NOBODYS = f"{'0' * 32}.{'s' * 22}"


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


@pytest.fixture
def consent(cloud: Aws) -> Iterator[ModuleType]:
    with mock.patch.dict(os.environ, cloud.environment | {"SIGN_IN": "consent-page"}):
        yield load("consent")


def get(
    consent: ModuleType,
    resource: str,
    query: dict[str, list[str]] | None = None,
    method: str = "GET",
    body: str | None = None,
) -> Any:
    event = {
        "httpMethod": method,
        "body": body,
        "resource": resource,
        "multiValueHeaders": {"Accept-Language": ["hi-IN,en;q=0.5"], "cookie": ["__Host-link=x; other=y"]},
        "multiValueQueryStringParameters": query or None,
    }
    return consent.lambda_handler(event, Context())


@pytest.mark.parametrize(
    ("resource", "query"),
    [
        ("/consent/start", {}),
        ("/consent/start", {"s": [NOBODYS]}),
        ("/consent/start", {"s": [NOBODYS, NOBODYS]}),
        ("/consent/start", {"s": ["x" * 9000]}),
        ("/consent", {}),
        ("/consent", {"state": [NOBODYS], "code": ["c"]}),
        ("/consent", {"state": [NOBODYS], "error": ["access_denied"]}),
        ("/consent", {"state": [NOBODYS, NOBODYS], "code": ["c"]}),
        ("/consent", {"state": [NOBODYS], "code": ["c\r\nSet-Cookie: a=b"]}),
        ("/consent", {"state": ["' OR 1=1"], "code": ["c"], "url": ["https://evil.example"]}),
    ],
)
def test_whatever_belongs_to_no_link_gets_one_and_the_same_page(
    consent: ModuleType, resource: str, query: dict[str, list[str]]
) -> None:
    answer = get(consent, resource, query)

    assert answer == get(consent, "/consent")
    assert answer["statusCode"] == 410
    assert '<html lang="hi"' in answer["body"]
    assert "Location" not in answer["multiValueHeaders"]


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(consent: ModuleType, method: str) -> None:
    assert get(consent, "/consent", {"state": [NOBODYS], "code": ["c"]}, method)["statusCode"] == 405
    if method != "POST":
        assert get(consent, "/consent/start", {"s": [NOBODYS]}, method)["statusCode"] == 405


def test_an_answer_to_nobodys_link_gets_that_page_too(consent: ModuleType) -> None:
    for body in (None, "", "action=agree", "action=decline", "\r\n"):
        assert get(consent, "/consent/start", {"s": [NOBODYS]}, "POST", body) == get(consent, "/consent")


def test_every_answer_carries_the_security_headers(consent: ModuleType) -> None:
    for method in ("GET", "POST"):
        headers = get(consent, "/consent", method=method)["multiValueHeaders"]
        assert headers["Cache-Control"] == ["no-store"]
        assert headers["Referrer-Policy"] == ["no-referrer"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"][0]


def test_it_reads_no_secret_and_needs_three_clients(cloud: Aws) -> None:
    built: list[str] = []

    def counting(name: str, **config: Any) -> Any:
        built.append(name)
        return aws_client(name, **config)

    consenting(cloud.environment, client=counting)
    assert sorted(built) == ["dynamodb", "kms", "sqs"]


def test_it_starts_without_what_is_slow(cloud: Aws) -> None:
    program = "import app, json, sys; print(json.dumps(sorted(sys.modules)))"
    path = os.pathsep.join([str(ROOT / "functions" / "consent"), str(ROOT / "layers" / "helpdesk")])
    variables = {
        **cloud.environment,
        "SIGN_IN": "consent-page",
        "PYTHONPATH": path,
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "ap-south-1",
        "POWERTOOLS_METRICS_NAMESPACE": "Helpdesk",
        "POWERTOOLS_SERVICE_NAME": "test",
    }

    started = subprocess.run(  # noqa: S603 - the words are this test's own
        [sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=False
    )

    assert started.returncode == 0, started.stderr
    modules = set(json.loads(started.stdout))
    assert "helpdesk.service.consent_pages" in modules
    slow = {"requests", "pydantic", "helpdesk.digilocker.client", "helpdesk.service.outbox_worker", "cryptography"}
    assert not modules & slow
