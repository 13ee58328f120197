"""The API's access log: fields that are named one by one, none of which can carry what somebody sent."""

import json
import re
from typing import Any

import pytest

from tests.template.cloudformation import Template

HARMLESS = {
    "requestTimeEpoch": "when",
    "requestId": "made by API Gateway",
    "httpMethod": "one of a few words",
    "resourcePath": "the route as the template writes it, not the address that was called",
    "status": "a number",
    "responseLength": "a number",
    "responseLatency": "a number",
    "integrationLatency": "a number",
    "integration.status": "a number",
    "error.responseType": "one of API Gateway's own words",
}
"""Every field that may be logged, and what it can hold at most (API Gateway, variables for access logging)."""

GIVING_AWAY = (
    "$context.path",
    "$context.identity.sourceIp",
    "$context.identity.userAgent",
    "$context.error.message",
    "$context.integrationErrorMessage",
    "$context.requestOverride.querystring.x",
    "$input.body",
    "$stageVariables.x",
    "$context.authorizer.principalId",
)
"""Fields with an address, an agent, a query string or a body in them, or a text that may quote them."""


def not_harmless(text: str) -> list[str]:
    fields = re.findall(r"\$\{?!?([A-Za-z][A-Za-z0-9_.]*)", text)
    return [name for name in fields if name.removeprefix("context.") not in HARMLESS or not name.startswith("context.")]


def settings(template: Template) -> list[Any]:
    """What the template says of access logs, at whatever condition, for every API and stage."""
    found: list[Any] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            found.extend(value for key, value in node.items() if key in {"AccessLogSetting", "AccessLogSettings"})
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(template.resources)
    return found


def formats(template: Template) -> list[str]:
    written: list[str] = re.findall(r'"Format": ("(?:[^"\\]|\\.)*")', json.dumps(settings(template)))
    return [json.loads(text) for text in written]


def test_each_field_of_the_access_log_is_known_to_hold_nothing_of_what_was_sent() -> None:
    template = Template()
    apis = len(template.of_type("AWS::Serverless::Api"))
    assert len(formats(template)) == len(settings(template)) == apis
    assert [not_harmless(text) for text in formats(template)] == [[]] * apis


def test_a_line_of_the_access_log_is_one_json_object_of_those_fields() -> None:
    for text in formats(Template()):
        line = json.loads(text)
        assert {value.removeprefix("$context.") for value in line.values()} <= HARMLESS.keys()


@pytest.mark.parametrize("field", GIVING_AWAY)
def test_a_field_that_gives_something_away_would_be_noticed(field: str) -> None:
    for text in formats(Template()):
        assert not_harmless(text.replace("$context.requestId", field)) == [field.removeprefix("$")]


def test_no_api_writes_another_log() -> None:
    for api in Template().of_type("AWS::Serverless::Api").values():
        (method,) = api["MethodSettings"]
        assert (method["LoggingLevel"], method["DataTraceEnabled"]) == ("OFF", False)
