"""Records what the functions write: their output, and every request that stores or sends something at AWS.

It can also make calls fail from deep inside, with everything that was being worked on in the text of the exception.
"""

import html
import io
import json
import logging
import sys
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import BytesIO
from types import ModuleType
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import boto3
import requests
import urllib3
from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit
from botocore.awsrequest import AWSPreparedRequest

from tests.handlers import load
from tests.integration import desk

STORING = {
    "dynamodb": ("UpdateItem", "PutItem", "TransactWriteItems", "DeleteItem"),
    "sqs": ("SendMessage", "SendMessageBatch"),
    "s3": ("PutObject", "PutObjectTagging", "DeleteObject"),
}
"""The calls that leave something behind. What KMS is given to seal is not stored, and secrets are where they belong."""

type Call = requests.PreparedRequest
type Outcome = Callable[[str], requests.Response | Exception]
"""Makes an answer, or a failure, of a text that repeats a call."""
type Parameters = Mapping[str, Any]
type Failure = Callable[[str], Exception]
"""Makes an exception of a text that holds what was being worked on."""


@dataclass(frozen=True)
class Written:
    """A request that stored or sent something."""

    service: str
    operation: str
    content: bytes = field(repr=False)


class Cloud:
    """A session of boto3 that remembers what was written, and fails where it is told to, once each."""

    def __init__(self) -> None:
        self.written: list[Written] = []
        self.failed: list[str] = []
        self._planned: dict[tuple[str, str], Failure] = {}
        self.session = boto3.Session()
        self.session.events.register("before-parameter-build.*.*", self._fail)
        self.session.events.register("before-send.*.*", self._remember)

    def fail(self, service: str, operation: str, failure: Failure) -> None:
        """Have the next call fail with an exception that repeats its parameters."""
        self._planned[service, operation] = failure

    @property
    def planned(self) -> list[str]:
        """What was planned and has not failed yet."""
        return [" ".join(key) for key in self._planned]

    def _fail(self, params: Parameters, event_name: str, **_ignored: object) -> None:
        service, operation = event_name.split(".")[1:]
        failure = self._planned.pop((service, operation), None)
        if failure is not None:
            self.failed.append(f"{service} {operation}")
            raise failure(repr(dict(params)))

    def _remember(self, request: AWSPreparedRequest, event_name: str, **_ignored: object) -> None:
        service, operation = event_name.split(".")[1:]
        if operation not in STORING.get(service, ()):
            return
        headers = json.dumps({str(name): str(value) for name, value in request.headers.items()})
        # A document lies in the bucket as it is; its key, metadata and tags stand in address and headers.
        body = b"" if operation == "PutObject" else _bytes(request.body)
        content = b"\n".join([request.url.encode(), headers.encode(), body])
        self.written.append(Written(service, operation, content))


def _bytes(body: object) -> bytes:
    return body if isinstance(body, bytes) else str(body or "").encode()


class Output(io.StringIO):
    """What goes to standard output and error, from any thread."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self.crashes: list[str] = []
        """The class of each exception that left a handler."""

    def write(self, text: str) -> int:
        with self._lock:
            return super().write(text)

    def lines(self) -> list[str]:
        with self._lock:
            return self.getvalue().splitlines()


@contextmanager
def recorded(level: str, root_level: int) -> Iterator[tuple[Cloud, Output]]:
    """Record all that functions do which are loaded in here.

    `level` is what the template gives the functions as LOG_LEVEL, `root_level` what Lambda sets by a function's
    logging configuration: everything that any package logs goes to the same place.
    """
    from helpdesk.telemetry import logger  # noqa: PLC0415 - after the environment is set

    cloud, output = Cloud(), Output()
    root = logging.getLogger()
    of_lambda = logging.StreamHandler(output)
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = (handler.setStream(output), logger.log_level, root.level)
    root.addHandler(of_lambda)
    root.setLevel(root_level)
    logger.setLevel(level)
    try:
        with (
            mock.patch.object(boto3, "DEFAULT_SESSION", cloud.session),
            mock.patch.object(desk, "load", lambda function: as_lambda_runs_it(load(function), output)),
            redirect_stdout(output),
            redirect_stderr(output),
        ):
            yield cloud, output
    finally:
        root.removeHandler(of_lambda)
        handler.setStream(before[0] or sys.stdout)
        logger.setLevel(before[1])
        root.setLevel(before[2])


@contextmanager
def metrics_at_once() -> Iterator[None]:
    """Write each metric as soon as it is counted: in one process, the functions would share one set of them."""
    from helpdesk.telemetry import metrics  # noqa: PLC0415 - after the environment is set

    def write(name: str, unit: MetricUnit, value: float) -> None:
        with single_metric(name=name, unit=unit, value=value, namespace="Helpdesk"):
            pass

    with mock.patch.object(metrics, "add_metric", write):
        yield


def as_lambda_runs_it(function: ModuleType, output: Output) -> ModuleType:
    """Wrap a handler as Lambda does: what it raises is logged with its traceback, and its caller told that it failed.

    API Gateway makes a 502 of that; the event source mapping has all messages come back.
    """
    handler = function.lambda_handler

    def run(event: dict[str, Any], context: object) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = handler(event, context)
        except Exception as error:  # noqa: BLE001 - as the runtime does
            output.crashes.append(type(error).__name__)
            told = {"errorMessage": str(error), "errorType": type(error).__name__, "requestId": "request"}
            output.write(f"[ERROR] {json.dumps(told)}\n{traceback.format_exc()}\n")
            if "Records" not in event:
                return {"statusCode": 502, "headers": {}, "body": json.dumps(told)}
            return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}
        return answer

    function.__dict__["lambda_handler"] = run
    return function


TYPING = "typing ..."
"""Stands for the address of calls that show "typing": it is that of all messages."""


def is_typing(request: Call) -> bool:
    """Return whether a call marks a message as read and shows "typing"."""
    return isinstance(request.body, bytes) and b'"typing_indicator"' in request.body


class Wire:
    """Answers calls of requests in the servers' place, as often as planned, and notes which secrets went out."""

    def __init__(self) -> None:
        self.used: list[str] = []
        self.sent: dict[str, set[str]] = defaultdict(set)
        """What was sent to DigiLocker, by the name of the field; tokens under `token`."""
        self._planned: dict[str, list[Outcome]] = defaultdict(list)

    def plan(self, path: str, outcome: Outcome, times: int = 1) -> None:
        """Have the next calls whose address holds `path` end so, and not reach the server."""
        self._planned[path] += [outcome] * times

    def forget(self) -> None:
        """Let every call pass again."""
        self._planned.clear()

    @property
    def planned(self) -> list[str]:
        """What was planned and has not come yet."""
        return [path for path, outcomes in self._planned.items() if outcomes]

    @contextmanager
    def tapped(self) -> Iterator[None]:
        """Take the place of the adapter that sends."""
        send = requests.adapters.HTTPAdapter.send

        def tapping(adapter: requests.adapters.HTTPAdapter, request: Call, **options: Any) -> requests.Response:
            self._note(request)
            where = TYPING if is_typing(request) else str(request.url)
            for path in self.planned:
                if path in where:
                    self.used.append(path)
                    outcome = self._planned[path].pop(0)(told(request))
                    if isinstance(outcome, Exception):
                        raise outcome
                    return outcome
            return send(adapter, request, **options)

        with mock.patch.object(requests.adapters.HTTPAdapter, "send", tapping):
            yield

    def _note(self, request: Call) -> None:
        if "/digilocker/" not in str(request.url):
            return
        scheme, _, token = str(request.headers.get("Authorization", "")).partition(" ")
        if scheme == "Bearer":
            self.sent["token"].add(token)
        form = parse_qs(request.body if isinstance(request.body, str) else "")
        for name in ("device_code", "token", "code", "code_verifier", "refresh_token"):
            self.sent[name].update(form.get(name, []))


def told(request: Call) -> str:
    """Write down everything that is in a call."""
    return f"{request.method} {request.url} {dict(request.headers)} {request.body!r}"


def raising(kind: Callable[[str], Exception]) -> Outcome:
    """Raise an exception that repeats the call."""
    return lambda text: kind(f"cannot do {text}")


def answering(status: int, body: Callable[[str], str]) -> Outcome:
    """Answer with a body made of the call."""

    def outcome(text: str) -> requests.Response:
        response = requests.Response()
        response.status_code = status
        response.raw = urllib3.HTTPResponse(BytesIO(body(text).encode()), status=status, preload_content=False)
        return response

    return outcome


def in_html(text: str) -> str:
    """What a proxy says."""
    return f"<html><body><h1>Bad gateway</h1><pre>{html.escape(text)}</pre></body></html>"


def in_json(**fields: object) -> Callable[[str], str]:
    """An error of DigiLocker's that repeats the call in its description, and wherever else."""
    return lambda text: json.dumps({"error_description": text, "request": text, **fields})


def as_meta_says(code: int) -> Callable[[str], str]:
    """An error of WhatsApp's that repeats the call."""
    return lambda text: json.dumps(
        {"error": {"message": f"(#{code}) {text}", "code": code, "error_data": {"details": text}, "fbtrace_id": text}}
    )
