"""The way to DigiLocker's own page (`GET /consent/start`) and back (`GET /consent`)."""

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
    if event["httpMethod"] != "GET":
        return answers.page("", HTTPStatus.METHOD_NOT_ALLOWED)
    query, accepted = event.get("multiValueQueryStringParameters"), "".join(_headers(event, "accept-language")[:1])
    if event["resource"] == "/consent/start":
        return consenting.start(query, accepted)
    return consenting.callback(query, _headers(event, "cookie"), accepted)


def _headers(event: dict[str, Any], name: str) -> list[str]:
    """Give all values of a header."""
    headers: dict[str, list[str]] = event.get("multiValueHeaders") or {}
    return [value for key, values in headers.items() if key.lower() == name for value in values]
