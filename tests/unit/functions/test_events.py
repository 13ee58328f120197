"""The events that lie in the repository are what Lambda hands over: each handler takes its own."""

import json
import os
import re
import subprocess
import time
from typing import Any
from unittest import mock

import pytest

from events.make import expectations, static_events
from events.samples import samples
from operations.webhook import WebhookAccess
from tests.handlers import ROOT, Context, load
from tests.unit.aws import APP_SECRET, aws


def test_every_event_that_lies_in_the_repository_is_expected() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "events/*/*.json"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert sorted(path.removeprefix("events/").removesuffix(".json") for path in listed) == sorted(static_events())


@pytest.mark.parametrize("sample", static_events())
def test_a_sample_is_answered_as_expected(moto: None, sample: str) -> None:
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{sample}.json").read_text(encoding="utf-8"))
    with mock.patch.dict(os.environ, aws().environment):
        handler = load(sample.split("/", maxsplit=1)[0])
    answer = handler.lambda_handler(event, Context())
    assert answer.get("statusCode", answer.get("batchItemFailures")) == expectations()[sample]["answer"]


def test_the_answers_that_the_page_on_functions_shows_are_the_functions(moto: None) -> None:
    taken = samples(WebhookAccess(app_secret=APP_SECRET), int(time.time()))["webhook/status_of_a_text"]
    done = json.loads((ROOT / "events" / "document" / "job_that_is_done.json").read_text(encoding="utf-8"))
    with mock.patch.dict(os.environ, aws().environment):
        answers = [
            load("webhook").lambda_handler(taken, Context()),
            load("document").lambda_handler(done, Context()),
        ]

    page = (ROOT / "docs" / "testing-functions.md").read_text(encoding="utf-8")
    shown = [answer for answer in re.findall(r"^    (\{.+\})$", page, re.MULTILINE) if "…" not in answer]
    assert shown == [json.dumps(answer) for answer in answers]
