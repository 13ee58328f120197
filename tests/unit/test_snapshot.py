"""SnapStart: nothing that only one environment may have is frozen into the snapshot, and each copy begins anew."""

import importlib
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import boto3
import pytest

from helpdesk import bootstrap, snapshot
from helpdesk.bootstrap import document, locker
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.storage.secrets import Secret
from helpdesk.whatsapp.client import WhatsAppClient
from tests.handlers import Context, load
from tests.unit.aws import WEBHOOK_SECRET, Aws, aws
from tests.unit.service.desk import delivery, signature


class Runtime(SimpleNamespace):
    """Lambda's runtime, as far as it takes snapshots: the library that only it brings."""

    def __init__(self) -> None:
        self.before: list[Callable[[], Any]] = []
        self.after: list[Callable[[], Any]] = []

    def register_before_snapshot(self, hook: Callable[..., Any], *args: Any) -> None:
        self.before.append(lambda: hook(*args))

    def register_after_restore(self, hook: Callable[..., Any], *args: Any) -> None:
        self.after.append(lambda: hook(*args))

    def take_snapshot(self) -> None:
        for hook in reversed(self.before):
            hook()

    def restore(self) -> None:
        for hook in self.after:
            hook()


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    there = Runtime()
    with mock.patch.dict(sys.modules, {"snapshot_restore_py": there}):
        importlib.reload(snapshot)
        with ExitStack() as patches:
            for module in (bootstrap, document, locker):
                patches.enter_context(
                    mock.patch.object(module, "reset_around_snapshot", snapshot.reset_around_snapshot)
                )
            yield there
    importlib.reload(snapshot)


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


def start(cloud: Aws, function: str, **variables: str) -> ModuleType:
    with mock.patch.dict(os.environ, cloud.environment | variables):
        return load(function)


def post(webhook: ModuleType, secret: str) -> int:
    body = delivery()
    event = {"httpMethod": "POST", "headers": {"X-Hub-Signature-256": signature(body, secret)}, "body": body.decode()}
    status: int = webhook.lambda_handler(event, Context())["statusCode"]
    return status


def test_a_secret_that_was_read_before_the_snapshot_is_read_again(runtime: Runtime, cloud: Aws) -> None:
    webhook = start(cloud, "webhook")
    assert post(webhook, "app-secret") == 200
    assert "app-secret" in json.dumps(webhook.receiver._secret._fields)

    runtime.take_snapshot()
    assert webhook.receiver._secret._fields == {}

    cloud.put_secret("WEBHOOK_SECRET_ARN", {**WEBHOOK_SECRET, "app_secrets": ["newer"]})
    runtime.restore()
    assert post(webhook, "app-secret") == 401
    assert post(webhook, "newer") == 200


def test_a_copy_looks_at_its_secret_again_at_once_however_lately_the_first_one_did(
    runtime: Runtime, cloud: Aws
) -> None:
    webhook = start(cloud, "webhook")
    assert post(webhook, "guessed") == 401

    runtime.take_snapshot()
    runtime.restore()
    assert post(webhook, "app-secret") == 200
    cloud.put_secret("WEBHOOK_SECRET_ARN", {**WEBHOOK_SECRET, "app_secrets": ["newer"]})
    assert post(webhook, "newer") == 200


@pytest.mark.parametrize("function", ["webhook", "consent", "document"])
def test_every_client_and_secret_of_a_function_is_kept_out(runtime: Runtime, cloud: Aws, function: str) -> None:
    made: list[mock.Mock] = []

    def client(*_: Any, **__: Any) -> mock.Mock:
        made.append(mock.Mock())
        return made[-1]

    with (
        mock.patch.object(boto3, "client", client),
        mock.patch.object(Secret, "close", autospec=True) as secret,
        mock.patch.object(DigiLockerClient, "close", autospec=True) as digilocker,
        mock.patch.object(WhatsAppClient, "close", autospec=True) as whatsapp,
    ):
        start(cloud, function, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
        for moment, times in ((runtime.take_snapshot, 1), (runtime.restore, 2)):
            moment()
            assert len(made) >= 3
            assert [one.close.call_count for one in made] == [times] * len(made)
            assert secret.call_count == (0 if function == "consent" else 2 * times)
            assert digilocker.call_count == whatsapp.call_count == (times if function == "document" else 0)


@pytest.mark.enable_socket
def test_a_function_that_starts_reads_no_secret_and_opens_no_connection(cloud: Aws) -> None:
    with mock.patch("socket.socket.connect", side_effect=AssertionError("it connects")):
        document, webhook = start(cloud, "document"), start(cloud, "webhook")
    assert document.handler._secret._fields == webhook.receiver._secret._fields == {}


def test_two_copies_do_not_draw_the_same_numbers(runtime: Runtime) -> None:
    frozen = random.getstate()
    copies = []
    for _ in range(2):
        random.setstate(frozen)
        runtime.restore()
        copies.append([random.random() for _ in range(3)])  # noqa: S311 - jitter is drawn so

    assert copies[0] != copies[1]


def test_a_client_that_was_closed_can_be_used(moto: None) -> None:
    sqs = boto3.client("sqs")
    sqs.list_queues()
    sqs.close()
    assert sqs.list_queues()


def test_where_there_are_no_snapshots_nothing_is_registered() -> None:
    assert snapshot.hooks is None
    kept = mock.Mock()
    assert snapshot.reset_around_snapshot(kept) is kept
    kept.close.assert_not_called()


@pytest.mark.parametrize(
    ("kind", "ahead"), [("snap-start", True), ("provisioned-concurrency", True), ("on-demand", False), (None, False)]
)
def test_all_is_built_at_the_start_only_where_nobody_waits_for_it(cloud: Aws, kind: str | None, ahead: bool) -> None:
    with mock.patch.object(locker, "locker") as built:
        start(cloud, "document", **({"AWS_LAMBDA_INITIALIZATION_TYPE": kind} if kind else {}))
    assert built.called is ahead
