"""The sample events are what Lambda hands over: each handler takes its own."""

import json
import os
from typing import Any
from unittest import mock

import pytest

from tests.handlers import ROOT, Context, load
from tests.unit.aws import aws

EXPECTED = {
    "webhook/verify_with_a_wrong_token": 403,
    "webhook/text_hi_unsigned": 401,
    "webhook/text_hi_wrongly_signed": 401,
    "document/job_that_is_done": [],
    "document/idle_timer": [],
    "document/delete_pdf": [],
}


def samples() -> list[str]:
    return sorted(str(path.relative_to(ROOT / "events").with_suffix("")) for path in ROOT.glob("events/*/*.json"))


def test_every_sample_has_an_expected_answer() -> None:
    assert samples() == sorted(EXPECTED)


@pytest.mark.parametrize("sample", samples())
def test_a_sample_is_answered_as_expected(moto: None, sample: str) -> None:
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{sample}.json").read_text(encoding="utf-8"))
    with mock.patch.dict(os.environ, aws().environment):
        handler = load(sample.split("/", maxsplit=1)[0])
    answer = handler.lambda_handler(event, Context())
    assert answer.get("statusCode", answer.get("batchItemFailures")) == EXPECTED[sample]
