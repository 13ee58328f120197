"""The events that lie in the repository are what Lambda hands over: each handler takes its own."""

import json
import os
import subprocess
from typing import Any
from unittest import mock

import pytest

from operations.events import expectations
from operations.samples import Desk, samples
from tests.handlers import ROOT, Context, load
from tests.unit.aws import aws

STATIC = sorted(expectations().keys() - samples(Desk(), 0).keys())


def test_every_event_that_lies_in_the_repository_is_expected() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "events/*/*.json"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert sorted(path.removeprefix("events/").removesuffix(".json") for path in listed) == STATIC


@pytest.mark.parametrize("sample", STATIC)
def test_a_sample_is_answered_as_expected(moto: None, sample: str) -> None:
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{sample}.json").read_text(encoding="utf-8"))
    with mock.patch.dict(os.environ, aws().environment):
        handler = load(sample.split("/", maxsplit=1)[0])
    answer = handler.lambda_handler(event, Context())
    assert answer.get("statusCode", answer.get("batchItemFailures")) == expectations()[sample]["answer"]
