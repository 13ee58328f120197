"""One contender in a process of its own: what it costs to start and, where it takes messages, what a message costs.

    python tests/benchmarks/contender.py webhook

Started by `make bench`, the peer by an interpreter that has none of this project's packages, so nothing of it is
imported here but by name. AWS is answered where the request would leave the process: everybody signs and serialises,
nobody waits. The last line on the error stream is the result: CPU time in milliseconds.
"""

import gc
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[2]
APP_SECRET, PHONE_NUMBER_ID = "app-secret", "100000000000001"
WARM_UP, MESSAGES = 30, 150
FURTHER = 1000
"""Messages from this number on are none that were sent before."""
SECRETS = {
    "webhook-secret": {"app_secrets": [APP_SECRET], "verify_token": "verify-token"},
    "identity-secret": {"id_pepper": "pepper", "form_token_key": "form-token-key"},
    "outbound-secret": {
        "whatsapp_access_token": "access-token",
        "digilocker_client_id": "TESTCLIENT",
        "digilocker_client_secret": "client-secret",
        "tracking_key": "tracking-key",
        "app_secret": APP_SECRET,
    },
}
ARN = "arn:aws:sqs:ap-south-1:123456789012:"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "ap-south-1",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Helpdesk",
    "STAGE": "local",
    "SIGN_IN": "in-chat",
    "CONVERSATIONS_TABLE": "conversations",
    "RECORDS_TABLE": "records",
    "WORK_QUEUE_URL": "https://sqs.ap-south-1.amazonaws.com/123456789012/work.fifo",
    "WORK_QUEUE_ARN": f"{ARN}work.fifo",
    "REPLY_QUEUE_URL": "https://sqs.ap-south-1.amazonaws.com/123456789012/reply.fifo",
    "REPLY_QUEUE_ARN": f"{ARN}reply.fifo",
    "TIMER_QUEUE_URL": "https://sqs.ap-south-1.amazonaws.com/123456789012/timer",
    "TIMER_QUEUE_ARN": f"{ARN}timer",
    "DATA_KEY_ARN": "arn:aws:kms:ap-south-1:123456789012:key/00000000-0000-0000-0000-000000000000",
    "DOCUMENTS_BUCKET": "documents",
    "WEBHOOK_SECRET_ARN": "webhook-secret",
    "IDENTITY_SECRET_ARN": "identity-secret",
    "OUTBOUND_SECRET_ARN": "outbound-secret",
    "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
    "WHATSAPP_API_URL": "https://graph.example",
    "WHATSAPP_API_VERSION": "v26.0",
    "DIGILOCKER_URL": "https://digilocker.example",
    "DIGILOCKER_VERSION": "1.x",
    "SESSION_SECONDS": "900",
    "RESEND_SECONDS": "60",
    "JOB_EXPIRY_SECONDS": "90",
    "OTP_TRIES": "3",
    "OTPS_PER_CITIZEN_PER_DAY": "5",
    "NUMBERS_PER_CITIZEN_PER_DAY": "3",
    "OTPS_PER_NUMBER_PER_HOUR": "5",
    # A benchmark is a machine, but not to be taken for one.
    "OTPS_PER_NUMBER_PER_DAY": "20",
    "REPLIES_PER_CITIZEN_PER_DAY": "1000000",
    "MESSAGES_PER_MINUTE": "1000000",
    "SAME_TEXTS_PER_MINUTE": "1000000",
    "MAX_MESSAGE_AGE_SECONDS": "600",
    "LINK_EXPIRY_SECONDS": "900",
    "CONSENT_RETENTION_DAYS": "365",
    "VERIFY_DECOY_OTPS": "true",
    "PURPOSE": "Sending documents",
    "SERVICE_NAME": "Help desk",
}

type Handler = Callable[[dict[str, Any], object], dict[str, Any]]


class Spent:
    """CPU time that was spent in some functions, in nanoseconds."""

    def __init__(self) -> None:
        self.ns = 0
        self._is_inside = False

    def counts(self, owner: Any, *names: str) -> None:
        """Count these functions of a class or an object from now on; one within the other counts once."""
        for name in names:
            setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            if self._is_inside:
                return function(*arguments, **named)
            self._is_inside = True
            began = time.process_time_ns()
            try:
                return function(*arguments, **named)
            finally:
                self.ns += time.process_time_ns() - began
                self._is_inside = False

        return counted


class Aws:
    """Answers requests of any service; remembers the first state that is written, and gives it back from then on."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.spent = Spent()
        """In the clients' methods: whoever uses boto3 pays for that, whatever is built on it."""
        self._item: dict[str, Any] | None = None

    def __call__(self, request: Any, **_: Any) -> Any:
        """Answer, as botocore's event `before-send` allows."""
        from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - part of what is measured

        operation = request.headers.get("X-Amz-Target", b"").decode().rpartition(".")[2]
        self.asked.append(operation)
        answer = json.dumps(self._answer(operation, json.loads(request.body or b"{}"))).encode()
        raw = SimpleNamespace(stream=lambda **_: iter([answer]), close=lambda: None)
        return AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.0"}, raw)

    def _answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        match operation:
            case "GetSecretValue":
                return {"SecretString": json.dumps(SECRETS[asked["SecretId"]])}
            case "Query":
                return {"Items": [self._item] if self._item else [], "Count": bool(self._item)}
            case "UpdateItem" if self._item is None:
                values = asked["ExpressionAttributeValues"]
                self._item = {
                    **asked["Key"],
                    **{name: values[f":{name}"] for name in ("state", "person", "sealed", "seen")},
                    "version": values[":v"],
                    "expires_at": values[":expires"],
                    "outbox": {"M": {}},
                }
            case "PutItem":
                self._item = asked["Item"]
            case "GetItem":
                return {"Item": self._item} if self._item else {}
            case "SendMessageBatch":
                sent = [{"Id": entry["Id"], "MessageId": "1", "MD5OfMessageBody": "0"} for entry in asked["Entries"]]
                return {"Successful": sent, "Failed": []}
        return {}


def _boto3(aws: Aws) -> Any:
    """Import boto3, with AWS answered in the process. All contenders begin with it."""
    import boto3  # noqa: PLC0415 - part of what is measured

    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("before-send", aws)
    from botocore.client import BaseClient  # noqa: PLC0415

    aws.spent.counts(BaseClient, "_make_api_call")  # every client's methods go through it
    return boto3


def _floor(aws: Aws, *services: str) -> Handler:
    """Nothing but boto3, the clients that the functions make, built as they build them, and a text's three calls."""
    boto3 = _boto3(aws)
    from botocore.config import Config  # noqa: PLC0415

    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
    gc.disable()  # as helpdesk.bootstrap.gc_frozen
    clients = {service: boto3.client(service, config=config) for service in services}
    gc.freeze()
    gc.enable()

    def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
        key = {"conversation": {"S": "c" * 32}, "part": {"S": "state"}}
        clients["dynamodb"].query(
            TableName="conversations",
            KeyConditionExpression="conversation = :c",
            ExpressionAttributeValues={":c": key["conversation"]},
            ConsistentRead=True,
        )
        values = {f":{name}": {"S": event["body"]} for name in ("state", "person", "sealed", "seen")}
        clients["dynamodb"].update_item(
            TableName="conversations",
            Key=key,
            UpdateExpression="SET #v = :v, expires_at = :expires",
            ConditionExpression="#v = :v",
            ExpressionAttributeNames={"#v": "version"},
            ExpressionAttributeValues={**values, ":v": {"N": "1"}, ":expires": {"N": "2000000000"}},
        )
        entry = {"Id": "0", "MessageBody": "{}", "MessageGroupId": "c", "MessageDeduplicationId": "d"}
        clients["sqs"].send_message_batch(QueueUrl=ENVIRONMENT["WORK_QUEUE_URL"], Entries=[entry])
        return {"statusCode": 200}

    return handler


def _function(aws: Aws, name: str) -> Handler:
    _boto3(aws)
    sys.path[:0] = [str(ROOT / "layers" / "helpdesk"), str(ROOT / "functions" / name)]
    import app  # type: ignore[import-not-found]  # noqa: PLC0415

    handler: Handler = app.lambda_handler
    return handler


def _count_what_the_peer_leaves_out(spent: Spent) -> None:
    """Count in the webhook: the conversation kept, its work queued, the log, the metrics.

    What remains is what both do: signature, parsing, dialogue, reply.
    """
    from helpdesk.storage.conversations import ConversationStore  # noqa: PLC0415 - the app has imported all of it
    from helpdesk.storage.work import WorkQueue  # noqa: PLC0415
    from helpdesk.telemetry import logger, metrics  # noqa: PLC0415

    spent.counts(ConversationStore, "load", "save")
    spent.counts(WorkQueue, "send")
    spent.counts(logger, "info", "append_keys", "remove_keys")
    spent.counts(metrics, "add_metric", "flush_metrics")


def _peer(aws: Aws) -> Handler:
    """Take a text with pywa on FastAPI and Mangum, and keep what was said last in DynamoDB. It does no more."""
    boto3 = _boto3(aws)
    from fastapi import FastAPI  # type: ignore[import-not-found]  # noqa: PLC0415
    from mangum import Mangum  # type: ignore[import-not-found]  # noqa: PLC0415
    from pywa import WhatsApp, filters  # type: ignore[import-not-found]  # noqa: PLC0415

    dynamodb, web = boto3.client("dynamodb"), FastAPI()
    whatsapp = WhatsApp(
        phone_id=PHONE_NUMBER_ID,
        token="access-token",
        server=web,
        webhook_endpoint="/webhook",
        verify_token="verify-token",
        app_secret=APP_SECRET,
    )

    @whatsapp.on_message(filters.text)  # type: ignore[untyped-decorator]
    def said(_client: Any, message: Any) -> None:
        key = {"conversation": {"S": message.from_user.wa_id}, "part": {"S": "state"}}
        dynamodb.get_item(TableName="conversations", Key=key, ConsistentRead=True)
        dynamodb.put_item(TableName="conversations", Item={**key, "said": {"S": message.text}})

    handler: Handler = Mangum(web, lifespan="off")
    return handler


FLOORS = {
    "webhook": ("dynamodb", "sqs", "kms", "secretsmanager"),
    "document": ("dynamodb", "sqs", "kms", "secretsmanager", "s3"),
}
"""The services whose clients each function builds."""
CONTENDERS: dict[str, Callable[[Aws], Handler]] = {
    "floor_webhook": lambda aws: _floor(aws, *FLOORS["webhook"]),
    "floor_document": lambda aws: _floor(aws, *FLOORS["document"]),
    "webhook": lambda aws: _function(aws, "webhook"),
    "document": lambda aws: _function(aws, "document"),
    "peer": _peer,
}
CALLS = {"floor_webhook": 3, "webhook": 3, "peer": 2}
"""Calls to AWS that a text costs those who take one."""


def text(number: int) -> dict[str, Any]:
    """Make the event of a text message; each is another one."""
    message = {
        "id": f"wamid.bench-{number}",
        "from": "919000000001",
        "from_user_id": "IN.1234567890123456",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": "Hi" if number == 0 else "help"},
    }
    contact = {"profile": {"name": "Asha"}, "wa_id": "919000000001", "user_id": "IN.1234567890123456"}
    return _event(contacts=[contact], messages=[message])


def status(number: int) -> dict[str, Any]:
    """Make the event of a delivery status."""
    return statuses(number, 1)


def statuses(number: int, how_many: int) -> dict[str, Any]:
    """Make the event of a delivery of so many statuses."""
    common = {"status": "delivered", "timestamp": str(int(time.time())), "recipient_id": "919000000001"}
    ids = (f"{number}-{index}" for index in range(how_many))
    return _event(
        statuses=[{"id": f"wamid.reply-{one}", **common, "biz_opaque_callback_data": f"c:{one}"} for one in ids]
    )


def _event(**content: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": "919013151515", "phone_number_id": PHONE_NUMBER_ID}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **content}
    entry = {"id": "100000000000002", "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]})
    signature = "sha256=" + hmac.new(APP_SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature, "Host": "bench.example"}
    return {
        "resource": "/webhook",
        "path": "/webhook",
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"resourcePath": "/webhook", "httpMethod": "POST", "stage": "bench", "identity": {}},
        "body": body,
        "isBase64Encoded": False,
    }


def least(handler: Handler, make: Callable[[int], dict[str, Any]], calls: int, aws: Aws) -> tuple[float, float]:
    """Return the least CPU time of many messages, in milliseconds: in all, and without what `aws.spent` counts.

    Each must be taken, with so many calls to AWS.
    """
    context = SimpleNamespace(
        function_name="bench", memory_limit_in_mb=512, invoked_function_arn=ARN, aws_request_id="request"
    )
    times, outside = [], []
    for number in range(WARM_UP + MESSAGES):
        event = make(number)
        aws.asked.clear()
        aws.spent.ns = 0
        began = time.process_time_ns()
        answer = handler(event, context)
        times.append(time.process_time_ns() - began)
        outside.append(times[-1] - aws.spent.ns)
        if answer["statusCode"] != 200 or (number >= WARM_UP and len(aws.asked) != calls):
            raise SystemExit(f"message {number}: {answer['statusCode']}, {aws.asked}")
    return min(times[WARM_UP:]) / 1e6, min(outside[WARM_UP:]) / 1e6


def main(name: str) -> None:
    """Measure one contender."""
    os.environ.update(ENVIRONMENT)
    aws = Aws()
    began = time.process_time_ns()
    handler = CONTENDERS[name](aws)
    figures = {"cold_ms": (time.process_time_ns() - began) / 1e6}
    if name == "document":
        began = time.process_time_ns()
        sys.modules["app"].handler._worker._gateway()  # as the first job does that asks DigiLocker
        figures["locker_ms"] = (time.process_time_ns() - began) / 1e6
    if name in CALLS:
        figures["text_ms"], figures["text_outside_aws_ms"] = least(handler, text, CALLS[name], aws)
    if name == "webhook":
        figures["status_ms"], _ = least(handler, status, 0, aws)
        figures["statuses_1000_ms"], _ = least(handler, partial(statuses, how_many=1000), 0, aws)
        _count_what_the_peer_leaves_out(aws.spent)
        _, figures["text_answer_ms"] = least(handler, lambda number: text(FURTHER + number), CALLS[name], aws)
    sys.stderr.write("\n" + json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
