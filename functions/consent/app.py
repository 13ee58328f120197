"""The way to DigiLocker's own page (`/consent/start`: opened, then answered by a form) and back (`GET /consent`)."""

from http import HTTPStatus
from typing import Any

from helpdesk.bootstrap import consent, gc_frozen
from helpdesk.telemetry import logger, metrics, redact_exceptions
from helpdesk.web import answers

with gc_frozen():
    consenting = consent.consenting()


@redact_exceptions
@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> answers.Answer:  # noqa: ARG001 - Lambda's face
    """Answer a browser's request, as API Gateway (REST, proxy integration) hands it over."""
    query, accepted = event.get("multiValueQueryStringParameters"), _header(event, "accept-language")
    match event["httpMethod"], event["resource"]:
        case "GET", "/consent/start":
            return consenting.start(query, accepted)
        case "POST", "/consent/start":
            site = _header(event, "sec-fetch-site")
            return consenting.answer(query, event.get("body"), _headers(event, "cookie"), site, accepted)
        case "GET", "/consent":
            return consenting.callback(query, _headers(event, "cookie"), accepted)
    return answers.page("", HTTPStatus.METHOD_NOT_ALLOWED)


def _header(event: dict[str, Any], name: str) -> str:
    """Return a header's first value, "" if there is none."""
    return "".join(_headers(event, name)[:1])


def _headers(event: dict[str, Any], name: str) -> list[str]:
    """Return all values of a header."""
    headers: dict[str, list[str]] = event.get("multiValueHeaders") or {}
    return [value for key, values in headers.items() if key.lower() == name for value in values]
