"""What Meta sends to a deployed webhook: deliveries, and what they are signed with."""

import hashlib
import hmac
import json
from dataclasses import dataclass

from operations.stack import Stack, read_secret

WABA_ID = "100000000000002"
"""The WhatsApp Business account of the deliveries."""
PHONE = "919000000001"
NOBODY = "0" * 32
"""A conversation that no person has."""
STEP = "0" * 24


@dataclass(frozen=True)
class WebhookAccess:
    """What a call of the webhook must agree on with the deployment."""

    app_secret: str = "no-deployment-knows-this"  # noqa: S105 - made up
    verify_token: str = "no-deployment-knows-this"  # noqa: S105 - made up
    phone_number_id: str = "100000000000001"


def access_from(secret: object, phone_number_id: str) -> WebhookAccess | None:
    """Return what calls are signed with, from the fields of WebhookSecret; None while they are not filled."""
    match secret:
        case {"app_secrets": [str(newest), *_], "verify_token": str(verify_token)} if newest and verify_token:
            return WebhookAccess(newest, verify_token, phone_number_id)
    return None


def access_of(stack: Stack) -> WebhookAccess:
    """Read what calls of a stack's webhook are signed with. Raises ValueError while its secret is empty."""
    access = access_from(read_secret(stack.outputs["WebhookSecretArn"]), stack.parameters["WhatsAppPhoneNumberId"])
    if access is None:
        raise ValueError(f"{stack.name}: the field app_secrets or verify_token of WebhookSecret is empty")
    return access


def delivery(access: WebhookAccess, **content: object) -> bytes:
    """Return the body of a delivery. `content`: `messages` with `contacts`, or `statuses`."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "919013151515", "phone_number_id": access.phone_number_id},
        **content,
    }
    entry = {"id": WABA_ID, "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def status_delivery(
    access: WebhookAccess, now: int, *, status: str = "read", callback_data: str = f"{NOBODY}:{STEP}", error: int = 0
) -> bytes:
    """Return the body of a delivery with a message's status, by default of a message that nobody was sent.

    `now`: seconds since 1970. `error`: why the message failed (Cloud API, error codes); 0: it did not.
    """
    errors = {"errors": [{"code": error, "title": "Media upload error"}]} if error else {}
    message = {
        "id": "wamid.SAMPLE",
        "status": status,
        "timestamp": str(now),
        "recipient_id": PHONE,
        "biz_opaque_callback_data": callback_data,
    }
    return delivery(access, statuses=[message | errors])


def signed_headers(body: bytes, app_secret: str) -> dict[str, str]:
    """Return the headers of a delivery."""
    return {"Content-Type": "application/json", "X-Hub-Signature-256": signature(body, app_secret)}


def signature(body: bytes, app_secret: str) -> str:
    """Return the header `X-Hub-Signature-256` of a delivery."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
