"""The webhook: `GET` proves the address to Meta, `POST` takes in what WhatsApp delivers."""

import base64
from typing import Any

from helpdesk.bootstrap import gc_frozen, webhook
from helpdesk.errors import PayloadError, SecretError, SignatureError
from helpdesk.service.inbound import DeliveryFailed
from helpdesk.telemetry import count, logger, metrics, redact_exceptions
from helpdesk.whatsapp.signature import check_certificate

with gc_frozen():
    receiver = webhook.receiver()


@redact_exceptions
@logger.inject_lambda_context(log_event=False)  # what is added to the lines of one call is taken away again there
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's face
    """Answer a request of API Gateway (REST, proxy integration)."""
    try:
        check_certificate(_certificate_subject(event))
        if event["httpMethod"] == "GET":
            return _verify(event.get("queryStringParameters") or {})
        body = _body(event)
        if body is None:
            count("UnsignedCalls")
            return _answer(400, "the body is not readable")
        receiver.receive(body, _header(event, "x-hub-signature-256"))
    except SignatureError:
        count("UnsignedCalls")
        return _answer(401, "the signature or the certificate is missing or wrong")
    except PayloadError:
        # Anything but 200 would have WhatsApp deliver the same bytes for a week.
        count("MalformedDeliveries")
        logger.error("a signed delivery is not readable")
    except SecretError as error:
        count("SecretsEmpty")
        logger.error("a secret is missing", extra={"reason": str(error)})
        return _answer(503, "the service is not available")  # which secret it is, the log says
    except DeliveryFailed as error:
        logger.error("a delivery must come again", extra={"reason": str(error)})
        return _answer(500, "deliver again")
    return _answer(200, "ok")


def _verify(query: dict[str, str]) -> dict[str, Any]:
    if receiver.subscription(query.get("hub.mode", ""), query.get("hub.verify_token", "")):
        return _answer(200, query.get("hub.challenge", ""))
    return _answer(403, "the verify token is wrong")


def _certificate_subject(event: dict[str, Any]) -> str | None:
    identity = (event.get("requestContext") or {}).get("identity") or {}
    subject: str | None = (identity.get("clientCert") or {}).get("subjectDN")
    return subject


def _body(event: dict[str, Any]) -> bytes | None:
    """Return the body as it came; None where API Gateway handed over broken base64, or half a surrogate pair."""
    body = event.get("body") or ""
    try:
        return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    except ValueError:
        return None


def _header(event: dict[str, Any], name: str) -> str | None:
    return next((value for key, value in (event.get("headers") or {}).items() if key.lower() == name), None)


def _answer(status: int, text: str) -> dict[str, Any]:
    headers = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return {"statusCode": status, "headers": headers, "body": text}
