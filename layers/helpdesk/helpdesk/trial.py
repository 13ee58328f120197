"""What is asked of a new version before it takes calls, and of the public address from outside. Knows no secret."""

import re
import ssl
from collections.abc import Callable
from typing import Any

import urllib3

UNSIGNED: dict[str, Any] = {"httpMethod": "POST", "resource": "/webhook", "headers": {}, "body": "{}"}
WRONG_TOKEN: dict[str, Any] = {
    "httpMethod": "GET",
    "resource": "/webhook",
    "queryStringParameters": {"hub.mode": "subscribe", "hub.verify_token": "nobody's", "hub.challenge": "1"},
}
UNSIGNED_FORM: dict[str, Any] = {"httpMethod": "POST", "resource": "/form", "headers": {}, "body": "{}"}
LINK_OF_NOBODY: dict[str, Any] = {"httpMethod": "GET", "resource": "/consent"}
SECONDS = 10.0
"""For one call from outside."""

type Invoke = Callable[[dict[str, Any]], Any]
"""Calls a version with an event and returns its answer."""


def faults(function: str, invoke: Invoke) -> list[str]:
    """Return what a version of a function answers wrongly, by logical id; nothing if it may take calls."""
    match function:
        case "WebhookFunction":
            expected = [(UNSIGNED, 401), (WRONG_TOKEN, 403)]
        case "ConsentFunction":
            expected = [(LINK_OF_NOBODY, 410)]
        case "FormFunction":
            expected = [(UNSIGNED_FORM, 432)]
        case _:
            answer = invoke({"Records": []})
            return [] if answer == {"batchItemFailures": []} else ["an empty batch is not done"]
    asked = [(event, status, (invoke(event) or {}).get("statusCode")) for event, status in expected]
    return [
        f"{event['httpMethod']} {event['resource']}: {got}, not {wanted}"
        for event, wanted, got in asked
        if got != wanted
    ]


def version_of(specification: str) -> tuple[str, str]:
    """Return the name and the new version that CodeDeploy's specification (JSON or YAML) tells of."""
    name, version = (
        re.search(rf"""["']?{key}["']?\s*:\s*["']?([\w-]+)""", specification) for key in ("Name", "TargetVersion")
    )
    if name is None or version is None:
        raise ValueError("the deployment names no function or no version")
    return name[1], version[1]


def is_reached(
    webhook: str, pages: str, form: str, *, mutual_tls: bool, http: urllib3.PoolManager | None = None
) -> bool:
    """Return whether the public addresses answer an outside call correctly. `pages`, `form`: "" where there are none.

    With mutual TLS the webhook is called unsigned, and anything that it says itself is wrong.
    """
    http = http or urllib3.PoolManager(retries=False, timeout=SECONDS)
    wrong_token = f"{webhook}?hub.mode=subscribe&hub.verify_token=nobodys&hub.challenge=1"
    try:
        answered = _is_refused(http, webhook) if mutual_tls else http.request("GET", wrong_token).status == 403
        shown = not pages or http.request("GET", pages).status == 410
        return answered and shown and (not form or http.request("POST", form, body=b"{}").status == 432)
    except urllib3.exceptions.HTTPError:
        return False


def _is_refused(http: urllib3.PoolManager, webhook: str) -> bool:
    """Return whether who has no certificate is turned away: by 403, or by an end of the connection."""
    try:
        return http.request("POST", webhook, body=b"{}").status == 403
    except urllib3.exceptions.SSLError as error:  # a certificate of the domain's own that has run out is another matter
        return not isinstance(error.args[0], ssl.SSLCertVerificationError)
    except urllib3.exceptions.ProtocolError:
        return True
