"""The form keeps every published rule of Flow JSON, and the check finds what does not."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tools.forms import SIGN_IN, data_faults, faults

FORM: dict[str, Any] = json.loads(SIGN_IN.read_text(encoding="utf-8"))
EXAMPLES = {
    screen["id"]: {name: schema["__example__"] for name, schema in screen["data"].items()} for screen in FORM["screens"]
}


def test_the_form_is_in_order() -> None:
    assert faults(FORM) == []
    assert [fault for screen, data in EXAMPLES.items() for fault in data_faults(FORM, screen, data)] == []


def test_every_submission_names_its_form_and_its_screen() -> None:
    actions = [
        child["on-click-action"]
        for screen in FORM["screens"]
        for child in screen["layout"]["children"]
        if "on-click-action" in child
    ]
    sent = [action["payload"] for action in actions if action["name"] == "data_exchange"]
    assert len(sent) == 7
    assert all({"token", "step"} <= payload.keys() for payload in sent)


@pytest.mark.parametrize(
    "damage",
    [
        lambda form: form.update(version="4.0"),
        lambda form: form.update(data_api_version="2.0"),
        lambda form: form["routing_model"]["OTP"].append("NUMBER"),
        lambda form: form["routing_model"]["NUMBER"].append("NUMBER"),
        lambda form: form["routing_model"]["CONSENT"].extend(["CLOSED", "DOCUMENTS"]),
        lambda form: form["routing_model"]["OTP"].append("ELSEWHERE"),
        lambda form: form["routing_model"].pop("CLOSED"),
        lambda form: form["routing_model"]["DOCUMENTS"].clear(),
        lambda form: form["screens"][0].update(id="SUCCESS"),
        lambda form: form["screens"][1].update(sensitive=["nothing"]),
        lambda form: form["screens"][1]["data"].pop("hint"),
        lambda form: form["screens"][1]["data"]["hint"].pop("__example__"),
        lambda form: form["screens"][1]["data"]["hint"].update(__example__=1),
        lambda form: form["screens"][1]["layout"]["children"][1].update({"input-type": "secret"}),
        lambda form: form["screens"][1]["layout"]["children"][1].update(name="another"),
        lambda form: form["screens"][1]["layout"]["children"][1].update(label="Aadhaar"),
        lambda form: form["screens"][1]["layout"]["children"][2]["on-click-action"].update(name="complete"),
        lambda form: form["screens"][5]["layout"]["children"].pop(),
        lambda form: form["screens"][4]["data"]["documents"]["__example__"][0].pop("title"),
    ],
)
def test_a_broken_rule_is_found(damage: Callable[[dict[str, Any]], None]) -> None:
    form = copy.deepcopy(FORM)
    damage(form)
    assert faults(form)


@pytest.mark.parametrize(
    ("screen", "name", "value"),
    [
        ("NUMBER", "label", "x" * 21),
        ("NUMBER", "hint", "x" * 81),
        ("NUMBER", "hint", " "),
        ("NUMBER", "title", "x" * 31),
        ("CONSENT", "agree", "x" * 121),
        ("CONSENT", "no_account", "x" * 26),
        ("CONSENT", "next", "x" * 36),
        ("CLOSED", "text", "x" * 4097),
        ("DOCUMENTS", "documents", []),
        ("DOCUMENTS", "documents", [{"id": str(one), "title": "A", "description": "b"} for one in range(21)]),
        ("DOCUMENTS", "documents", [{"id": "1", "title": "A", "description": "b"}] * 2),
        ("DOCUMENTS", "documents", [{"id": "1", "title": "x" * 31, "description": "b"}]),
        ("DOCUMENTS", "step", 1),
        ("DOCUMENTS", "elsewhere", "x"),
    ],
)
def test_data_that_a_phone_would_refuse_is_found(screen: str, name: str, value: object) -> None:
    assert data_faults(FORM, screen, EXAMPLES[screen] | {name: value})


def test_data_that_is_missing_is_found() -> None:
    data = dict(EXAMPLES["OTP"])
    del data["ask"]
    assert data_faults(FORM, "OTP", data) == ["OTP: ask is missing"]
