"""The sample events are what Lambda hands over: each handler takes its own."""

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

from tests.unit.aws import Aws, aws
from tests.unit.functions.test_webhook import Context

ROOT = Path(__file__).parents[3]
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


def loaded(function: str, cloud: Aws) -> ModuleType:
    with mock.patch.dict(os.environ, cloud.environment):
        spec = importlib.util.spec_from_file_location("sample_app", ROOT / "functions" / function / "app.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def test_every_sample_has_an_expected_answer() -> None:
    assert samples() == sorted(EXPECTED)


@pytest.mark.parametrize("sample", samples())
def test_a_sample_is_answered_as_expected(moto: None, sample: str) -> None:
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{sample}.json").read_text(encoding="utf-8"))
    answer = loaded(sample.split("/", maxsplit=1)[0], aws()).lambda_handler(event, Context())
    assert answer.get("statusCode", answer.get("batchItemFailures")) == EXPECTED[sample]
