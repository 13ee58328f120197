"""The AWS resources of the template, for one test: made in moto, or those of the world's model, which costs a tenth."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3

from helpdesk import bootstrap
from tests.handlers import SETTINGS
from tests.world.calls import Calls
from tests.world.cloud import ENVIRONMENT, Bucket, Cloud

APP_SECRET = "app-secret"
PEPPER = "pepper"
WEBHOOK_SECRET = {"app_secrets": [APP_SECRET], "verify_token": "verify-token"}
IDENTITY_SECRET = {"id_pepper": PEPPER, "form_token_key": "form-token-key"}
OUTBOUND_SECRET = {
    "whatsapp_access_token": "access-token",
    "digilocker_client_id": "TESTCLIENT",
    "digilocker_client_secret": "client-secret",
    "tracking_key": "tracking-key",
    "app_secret": APP_SECRET,
}
PHONE_NUMBER_ID = "100000000000001"


@dataclass
class Aws:
    """What was made, and the functions' environment that points at it."""

    environment: dict[str, str]

    def client(self, service: str) -> Any:
        return client(service)

    def pdfs(self) -> list[str]:
        """The keys of all PDFs that are kept."""
        found = self.client("s3").list_objects_v2(Bucket=self.environment["DOCUMENTS_BUCKET"])
        return [item["Key"] for item in found.get("Contents", [])]

    def items(self) -> dict[str, dict[str, Any]]:
        """Everything in the table of conversations, by part."""
        return self._items("CONVERSATIONS_TABLE")

    def records(self) -> dict[str, dict[str, Any]]:
        """Everything in the table of records, by part."""
        return self._items("RECORDS_TABLE")

    def _items(self, variable: str) -> dict[str, dict[str, Any]]:
        found = self.client("dynamodb").scan(TableName=self.environment[variable])["Items"]
        return {item["part"]["S"]: item for item in found}

    def put_secret(self, variable: str, value: dict[str, Any]) -> None:
        self.client("secretsmanager").put_secret_value(
            SecretId=self.environment[variable], SecretString=json.dumps(value)
        )

    def work(self) -> list[dict[str, Any]]:
        """The messages on both lanes, taken off them: the reply queue's first."""
        return [*self.replies(), *self._messages("WORK_QUEUE_URL")]

    def replies(self) -> list[dict[str, Any]]:
        """The messages on the reply queue, taken off it."""
        return self._messages("REPLY_QUEUE_URL")

    def timers(self) -> list[dict[str, Any]]:
        """The timers that are due, taken off their queue."""
        return self._messages("TIMER_QUEUE_URL")

    def _messages(self, variable: str) -> list[dict[str, Any]]:
        sqs, url, found = self.client("sqs"), self.environment[variable], []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found


class LinksSigned(Bucket):
    """The model of the bucket, with links as AWS signs them: no call is made for one."""

    def generate_presigned_url(self, *args: Any, **kwargs: Any) -> str:
        return str(_s3().generate_presigned_url(*args, **kwargs))


@cache
def _s3() -> Any:
    return boto3.client("s3", config=bootstrap.S3)


class Modelled(Aws):
    """The resources in the world's model of AWS."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(ENVIRONMENT | {"CONSENT_RETENTION_DAYS": "730"})
        self._calls = Calls()
        self.cloud = Cloud(self._calls, clock, bucket=LinksSigned(objects={}))
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.cloud.client(service)
        return self._clients[service]

    @property
    def calls(self) -> list[str]:
        """The calls that were made so far, as `dynamodb.query`."""
        return [call.name for call in self._calls.made]


@cache
def client(service: str) -> Any:
    """A client for all tests: to make one costs a tenth of a second."""
    return boto3.client(service)


def aws() -> Aws:
    """Make the resources, under names of their own. Needs the fixture `moto`."""
    run = uuid.uuid4().hex[:12]
    conversations, records = f"conversations-{run}", f"records-{run}"
    for table in (conversations, records):
        client("dynamodb").create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": "conversation", "KeyType": "HASH"},
                {"AttributeName": "part", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "conversation", "AttributeType": "S"},
                {"AttributeName": "part", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    fifo = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "VisibilityTimeout": "60"}
    work = client("sqs").create_queue(QueueName=f"work-{run}.fifo", Attributes=fifo)
    reply = client("sqs").create_queue(QueueName=f"reply-{run}.fifo", Attributes=fifo)
    timer = client("sqs").create_queue(QueueName=f"timer-{run}")
    bucket = f"documents-{run}"
    client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
    return Aws(
        {
            **SETTINGS,
            "CONVERSATIONS_TABLE": conversations,
            "RECORDS_TABLE": records,
            "WORK_QUEUE_URL": work["QueueUrl"],
            "WORK_QUEUE_ARN": f"arn:aws:sqs:ap-south-1:123456789012:work-{run}.fifo",
            "REPLY_QUEUE_URL": reply["QueueUrl"],
            "REPLY_QUEUE_ARN": f"arn:aws:sqs:ap-south-1:123456789012:reply-{run}.fifo",
            "TIMER_QUEUE_URL": timer["QueueUrl"],
            "TIMER_QUEUE_ARN": f"arn:aws:sqs:ap-south-1:123456789012:timer-{run}",
            "DATA_KEY_ARN": client("kms").create_key()["KeyMetadata"]["Arn"],
            "DOCUMENTS_BUCKET": bucket,
            "WEBHOOK_SECRET_ARN": _secret(f"webhook-{run}", WEBHOOK_SECRET),
            "IDENTITY_SECRET_ARN": _secret(f"identity-{run}", IDENTITY_SECRET),
            "OUTBOUND_SECRET_ARN": _secret(f"outbound-{run}", OUTBOUND_SECRET),
            "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
            "CONSENT_RETENTION_DAYS": "730",
        }
    )


def _secret(name: str, value: dict[str, Any]) -> str:
    return str(client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))["ARN"])
