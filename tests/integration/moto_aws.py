"""AWS as moto's server plays it: for what asks AWS for more than the functions do."""

import json
import os
import threading
import uuid
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any
from unittest import mock

import boto3
from moto.dynamodb.responses import DynamoHandler
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sqs import models as moto_sqs

from standins.clock import Clock
from standins.config import SimulatorConfig
from tests.integration.serving import Serving
from tests.world.cloud import secrets

REGION = "ap-south-1"
MOST_RECEIVES = 8
"""The template's `maxReceiveCount`."""


class Moto:
    """The resources that the template makes, in moto's server."""

    def __init__(self) -> None:
        self._server = Serving(_aws(), MotoRequestHandler)
        endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.port}"}
        self._endpoint = mock.patch.dict(os.environ, endpoint)
        self._endpoint.start()
        self.client = boto3.client
        self.dead_letter_urls: dict[str, str] = {}

    def patches(self, clock: Clock) -> tuple[tuple[object, str, object], ...]:
        """Return what has to stand in for what, while it is used."""
        return (
            (DomainDispatcherApplication, "get_backend_for_host", _backend_of),
            (DynamoHandler, "call_action", _one_at_a_time),
            (moto_sqs, "unix_time_millis", lambda: clock.now() * 1000),
        )

    def file(self, _key: str) -> bytes | None:
        """Return nothing: a link leads to moto itself."""
        return None

    def is_empty(self, url: str) -> bool:
        """Return whether nothing lies on a queue: a look, where asking would keep a processor busy."""
        queues = moto_sqs.sqs_backends["123456789012"][REGION]
        return not queues.get_queue(url.rpartition("/")[2]).messages

    def close(self) -> None:
        """End the server."""
        self._server.close()
        self._endpoint.stop()

    def resources(self, config: SimulatorConfig, _address: str) -> dict[str, str]:
        """Make what the template makes. Returns what the functions' environment says of it."""
        run = uuid.uuid4().hex[:8]
        key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
        conversations, records = f"conversations-{run}", f"records-{run}"
        keys = {"conversation": "HASH", "part": "RANGE"}
        for table in (conversations, records):
            boto3.client("dynamodb").create_table(
                TableName=table,
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        bucket = f"documents-{run}"
        boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        sqs = boto3.client("sqs")
        lanes: dict[str, str] = {}
        for lane in ("work", "reply"):
            dead = sqs.create_queue(QueueName=f"dead-{lane}-{run}.fifo", Attributes={"FifoQueue": "true"})
            dead_letter_arn = f"arn:aws:sqs:{REGION}:123456789012:dead-{lane}-{run}.fifo"
            redrive_policy = json.dumps({"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": MOST_RECEIVES})
            queue = sqs.create_queue(
                QueueName=f"{lane}-{run}.fifo",
                Attributes={
                    "FifoQueue": "true",
                    "VisibilityTimeout": "60",
                    "RedrivePolicy": redrive_policy,
                },
            )
            lanes[f"{lane.upper()}_QUEUE_URL"] = str(queue["QueueUrl"])
            lanes[f"{lane.upper()}_QUEUE_ARN"] = f"arn:aws:sqs:{REGION}:123456789012:{lane}-{run}.fifo"
            self.dead_letter_urls[f"{lane.upper()}_QUEUE_URL"] = str(dead["QueueUrl"])
        timer = sqs.create_queue(QueueName=f"timer-{run}")
        arns = {
            f"{name.upper()}_SECRET_ARN": _secret(boto3.client("secretsmanager"), f"{name}-{run}", value)
            for name, value in secrets(config).items()
        }
        return {
            "CONVERSATIONS_TABLE": conversations,
            "RECORDS_TABLE": records,
            **lanes,
            "TIMER_QUEUE_URL": timer["QueueUrl"],
            "TIMER_QUEUE_ARN": f"arn:aws:sqs:{REGION}:123456789012:timer-{run}",
            "DATA_KEY_ARN": key,
            "DOCUMENTS_BUCKET": bucket,
            **arns,
        }


def _secret(client: Any, name: str, value: Mapping[str, object]) -> str:
    return str(client.create_secret(Name=name, SecretString=json.dumps(value))["ARN"])


@cache
def _aws() -> DomainDispatcherApplication:
    """Return the application behind every desk's AWS. It takes longer to make than a short chat does."""
    return DomainDispatcherApplication(create_backend_app)


_look_up_backend = DomainDispatcherApplication.get_backend_for_host


@lru_cache(maxsize=100)
def _backend_of(dispatcher: DomainDispatcherApplication, host: str | None) -> Any:
    """Remember which service a host is: moto lists its own folders at each call, half of what a call costs."""
    return _look_up_backend(dispatcher, host)


_call_dynamodb = DynamoHandler.call_action
_dynamodb_is_busy = threading.Lock()


def _one_at_a_time(call: DynamoHandler) -> Any:
    """Do a call as DynamoDB does: whole. moto by itself lets two conditional writes look before either has written."""
    with _dynamodb_is_busy:
        return _call_dynamodb(call)
