"""Writes sample events for both functions, signed and dated now: make events.

A signature belongs to one secret and time stamps grow stale, so these cannot lie in the repository as those in
`events/` do. They are written to `build/events/`, to be handed to `sam local invoke` or to a deployed function:

    make events STACK=helpdesk-dev
    aws lambda invoke --function-name NAME:live --cli-binary-format raw-in-base64-out \
        --payload file://build/events/webhook/text_hi.json answer.json

They are signed with the app secret of the stack that is named. Without one they are signed with a made-up secret that
no deployment knows. The citizen is made up, and her Aadhaar number is one that UIDAI publishes for tests.
"""

import argparse
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from operations.stack import Stack, read_secret, stack_of

FOLDER = Path(__file__).parents[1] / "build" / "events"
LATE_SECONDS = 90_000
"""How old the late message is: more than any `MaxMessageAgeSeconds`."""
NOBODY = "0" * 32
"""A conversation that no person has."""
STEP = "0" * 24
PDF = f"documents/{'0' * 64}"

type Event = dict[str, object]


@dataclass(frozen=True)
class Desk:
    """What samples must agree on with the desk that they are for."""

    app_secret: str = "no-deployment-knows-this"  # noqa: S105 - made up
    verify_token: str = "no-deployment-knows-this"  # noqa: S105 - made up
    phone_number_id: str = "100000000000001"
    work_queue_arn: str = "WorkQueue"
    timer_queue_arn: str = "TimerQueue"


def samples(desk: Desk, now: int) -> dict[str, Event]:
    """Give every event by its path, such as `webhook/text_hi`. `now`: seconds since 1970."""
    return {f"webhook/{name}": event for name, event in _webhook(desk, now).items()} | {
        f"document/{name}": event for name, event in _document(desk, now).items()
    }


def _webhook(desk: Desk, now: int) -> dict[str, Event]:
    def said(kind: str, content: object, at: int = now) -> bytes:
        # Each kind has an id of its own, and another one next time: an id that was seen before is left alone.
        name = hashlib.sha256(f"{kind} {content} {now}".encode()).hexdigest()[:32].upper()
        message = {**_HER, "id": f"wamid.{name}", "timestamp": str(at), "type": kind, kind: content}
        return _delivery(desk, contacts=[_CONTACT], messages=[message])

    def status(word: str, callback_data: str) -> bytes:
        return _delivery(
            desk,
            statuses=[
                {
                    "id": "wamid.SAMPLE",
                    "status": word,
                    "timestamp": str(now),
                    "recipient_id": _HER["from"],
                    "biz_opaque_callback_data": callback_data,
                }
            ],
        )

    hi = said("text", {"body": "Hi"})
    tapped = {"type": "button_reply", "button_reply": {"id": "services", "title": "DigiLocker Services"}}
    of_a_document = f"{NOBODY}:{PDF}:1:{STEP}:link"
    signed = {
        "text_hi": hi,
        "text_that_came_late": said("text", {"body": "Yes"}, now - LATE_SECONDS),
        "text_aadhaar_number": said("text", {"body": "9999 9999 0019"}),
        "text_otp": said("text", {"body": "246813"}),
        "tap_services": said("interactive", tapped),
        "image": said("image", {"id": "1", "mime_type": "image/jpeg", "sha256": "0" * 44, "caption": "my card"}),
        "status_of_a_text": status("read", f"{NOBODY}:{STEP}"),
        "status_document_delivered": status("delivered", of_a_document),
        "malformed": b'{"object": "whatsapp_business_account", "entry": [',
    }
    question = {
        "hub.mode": "subscribe",
        "hub.verify_token": desk.verify_token,
        "hub.challenge": "1158201444",
    }
    return {
        **{name: _post(body, _signature(body, desk.app_secret)) for name, body in signed.items()},
        "text_hi_unsigned": _post(hi, None),
        "verify": _call("GET", None, {}, question),
    }


_HER = {"from": "919000000001", "from_user_id": "IN.1234567890123456"}
_CONTACT = {"profile": {"name": "Asha Verma"}, "wa_id": _HER["from"], "user_id": _HER["from_user_id"]}


def _delivery(desk: Desk, **content: object) -> bytes:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "919013151515", "phone_number_id": desk.phone_number_id},
        **content,
    }
    entry = {"id": "100000000000002", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def _signature(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _post(body: bytes, signature: str | None) -> Event:
    return _call("POST", body.decode(), {"X-Hub-Signature-256": signature} if signature else {}, None)


def _call(method: str, body: str | None, headers: Mapping[str, str], query: Mapping[str, str] | None) -> Event:
    """Give what API Gateway (REST, proxy integration) hands over."""
    return {
        "resource": "/webhook",
        "path": "/webhook",
        "httpMethod": method,
        "headers": {"Content-Type": "application/json", **headers},
        "queryStringParameters": query,
        "pathParameters": None,
        "requestContext": {"resourcePath": "/webhook", "httpMethod": method, "stage": "local"},
        "body": body,
        "isBase64Encoded": False,
    }


def _document(desk: Desk, now: int) -> dict[str, Event]:
    in_order = {
        "job": {"conversation": NOBODY, "step": STEP},
        "document_delivered": {"conversation": NOBODY, "delivered": PDF},
        "document_undelivered": {
            "conversation": NOBODY,
            "undelivered": PDF,
            "number": 1,
            "listing": STEP,
            "uploaded": False,
        },
    }
    timers = {"timer_idle": {"idle": NOBODY, "timer": STEP}, "timer_delete_pdf": {"delete": PDF}}
    return {
        **{name: _records(desk.work_queue_arn, json.dumps(body), now) for name, body in in_order.items()},
        **{name: _records(desk.timer_queue_arn, json.dumps(body), now) for name, body in timers.items()},
        "malformed": _records(desk.work_queue_arn, "not JSON", now),
    }


def _records(queue_arn: str, body: str, now: int) -> Event:
    """Give what SQS hands over: a batch of one."""
    sent = str(now * 1000)
    record = {
        "messageId": "00000000-0000-4000-8000-000000000001",
        "receiptHandle": "sample",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": sent,
            "SenderId": "sample",
            "ApproximateFirstReceiveTimestamp": sent,
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": "ap-south-1",
    }
    return {"Records": [record]}


def write(events: Mapping[str, Event], folder: Path) -> None:
    """Write each event to a file of its own, in the place of what was there."""
    for name, event in events.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(event, indent=2) + "\n", encoding="utf-8")


def desk_of(stack: Stack) -> Desk:
    """Read what samples need from a stack. Raises ValueError while its secret is empty."""
    secret = read_secret(stack.outputs["WebhookSecretArn"])
    match secret:
        case {"app_secrets": [str(newest), *_], "verify_token": str(verify_token)}:
            return Desk(newest, verify_token, stack.parameters["WhatsAppPhoneNumberId"])
    raise ValueError(f"{stack.name}: the field app_secrets of WebhookSecret is empty")


def main(arguments: list[str] | None = None) -> int:
    """Write the samples."""
    parser = argparse.ArgumentParser(prog="make events", description=__doc__)
    parser.add_argument("stack", nargs="?", help="sign for this CloudFormation stack, such as helpdesk-dev")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given = parser.parse_args(arguments)
    try:
        desk = desk_of(stack_of(given.stack)) if given.stack else Desk()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    events = samples(desk, int(time.time()))
    write(events, given.folder)
    print(f"{len(events)} events in {given.folder}, signed {f'for {given.stack}' if given.stack else 'for nobody'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
