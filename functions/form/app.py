"""The endpoint of the form in which citizens sign in (`POST /form`): WhatsApp hands over what phones ask, encrypted."""

import base64
from typing import Any

from helpdesk.bootstrap import form, gc_frozen
from helpdesk.telemetry import logger, metrics, redact_exceptions

with gc_frozen():
    endpoint = form.endpoint()


@redact_exceptions
@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's face
    """Answer a request of API Gateway (REST, proxy integration)."""
    response = endpoint.respond(_body(event), _header(event, "x-hub-signature-256"))
    headers = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return {"statusCode": response.status, "headers": headers, "body": response.body}


def _body(event: dict[str, Any]) -> bytes | None:
    """Return the body as it came; None where API Gateway handed over broken base64, or half a surrogate pair."""
    body = event.get("body") or ""
    try:
        return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    except ValueError:
        return None


def _header(event: dict[str, Any], name: str) -> str | None:
    return next((value for key, value in (event.get("headers") or {}).items() if key.lower() == name), None)
