"""The real handlers on a mocked AWS (moto's server), with the stand-ins at both ends: a help desk in one process."""

import json
import logging
import os
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from unittest import mock

import boto3
from moto.server import ThreadedMotoServer
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from simulator.config import SimulatorConfig
from simulator.digilocker.citizens import everyone
from simulator.phone import Phone
from simulator.server import Simulator
from tests.handlers import Context, load

REGION = "ap-south-1"
PHONE_NUMBER_ID = "100000000000001"


@dataclass
class Desk:
    """A running help desk, and ways to look inside."""

    simulator: Simulator
    environment: dict[str, str]
    webhook: ModuleType
    document: ModuleType
    config: SimulatorConfig

    def client(self, service: str) -> Any:
        return boto3.client(service)

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table."""
        items: list[dict[str, Any]] = self.client("dynamodb").scan(TableName=self.environment["CONVERSATIONS_TABLE"])[
            "Items"
        ]
        return items

    def state(self) -> dict[str, Any]:
        """The state of the only conversation."""
        (item,) = [item for item in self.items() if item["part"]["S"] == "state"]
        return item

    def objects(self) -> list[str]:
        """The keys of all PDFs that are kept."""
        answer = self.client("s3").list_objects_v2(Bucket=self.environment["DOCUMENTS_BUCKET"])
        return [found["Key"] for found in answer.get("Contents", [])]

    def phone(self, name: str) -> Phone:
        """The phone of a citizen."""
        citizen = next(one for one in everyone() if one.name == name)
        return Phone(self.simulator.url, citizen.phone, citizen.mobile)


@contextmanager
def running_desk(**changes: Any) -> Iterator[Desk]:
    """Set up AWS, the functions and the stand-ins; `changes` go into the simulator's configuration."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    aws = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    aws.start()
    host, port = aws.get_host_and_port()
    config = SimulatorConfig(
        app_secret=uuid.uuid4().hex,
        verify_token=uuid.uuid4().hex,
        phone_number_id=PHONE_NUMBER_ID,
        access_token=uuid.uuid4().hex,
        client_id="TESTCLIENT",
        client_secret=uuid.uuid4().hex,
        **{"status_delay": 0.01, **changes},
    )
    stop = threading.Event()
    try:
        with (
            mock.patch.dict(os.environ, _credentials(f"http://{host}:{port}")),
            Simulator(config, port=0) as simulator,
        ):
            environment = _resources(config, simulator.url)
            with mock.patch.dict(os.environ, environment):
                webhook, document = load("webhook"), load("document")
                gateway = make_server("127.0.0.1", 0, _gateway(webhook), threaded=True)
                threads = [threading.Thread(target=gateway.serve_forever, daemon=True)]
                for name in ("WORK", "TIMER"):
                    queue = (environment[f"{name}_QUEUE_URL"], environment[f"{name}_QUEUE_ARN"])
                    threads.append(threading.Thread(target=_pump, args=(document, *queue, stop), daemon=True))
                for thread in threads:
                    thread.start()
                simulator.webhook_url = f"http://127.0.0.1:{gateway.server_port}/webhook"
                try:
                    yield Desk(simulator, environment, webhook, document, config)
                finally:
                    stop.set()
                    gateway.shutdown()
                    gateway.server_close()
                    for thread in threads:
                        thread.join(5)
    finally:
        stop.set()
        aws.stop()


def _credentials(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "POWERTOOLS_SERVICE_NAME": "test",
        "POWERTOOLS_METRICS_NAMESPACE": "Helpdesk",
    }


def _resources(config: SimulatorConfig, url: str) -> dict[str, str]:
    """Make what the template makes, and give the functions' environment."""
    run = uuid.uuid4().hex[:8]
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    table = f"conversations-{run}"
    boto3.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "conversation", "KeyType": "HASH"}, {"AttributeName": "part", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "conversation", "AttributeType": "S"},
            {"AttributeName": "part", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    bucket = f"documents-{run}"
    boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    sqs = boto3.client("sqs")
    work = sqs.create_queue(QueueName=f"work-{run}.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "60"})
    timer = sqs.create_queue(QueueName=f"timer-{run}")
    secrets = boto3.client("secretsmanager")
    webhook_secret = {"app_secrets": [config.app_secret], "verify_token": config.verify_token, "id_pepper": "pepper"}
    outbound_secret = {
        "whatsapp_access_token": config.access_token,
        "digilocker_client_id": config.client_id,
        "digilocker_client_secret": config.client_secret,
    }
    return {
        "STAGE": "local",
        "SIGN_IN": "in-chat",
        "CONVERSATIONS_TABLE": table,
        "WORK_QUEUE_URL": work["QueueUrl"],
        "WORK_QUEUE_ARN": f"arn:aws:sqs:{REGION}:123456789012:work-{run}.fifo",
        "TIMER_QUEUE_URL": timer["QueueUrl"],
        "TIMER_QUEUE_ARN": f"arn:aws:sqs:{REGION}:123456789012:timer-{run}",
        "DATA_KEY_ARN": key,
        "DOCUMENTS_BUCKET": bucket,
        "WEBHOOK_SECRET_ARN": _secret(secrets, f"webhook-{run}", webhook_secret),
        "OUTBOUND_SECRET_ARN": _secret(secrets, f"outbound-{run}", outbound_secret),
        "WHATSAPP_PHONE_NUMBER_ID": config.phone_number_id,
        "WHATSAPP_API_URL": f"{url}/graph",
        "WHATSAPP_API_VERSION": config.graph_version,
        "DIGILOCKER_URL": f"{url}/digilocker",
        "DIGILOCKER_VERSION": config.digilocker_version,
        "SESSION_SECONDS": "900",
        "RESEND_SECONDS": "60",
        "JOB_EXPIRY_SECONDS": "90",
        "OTPS_PER_CITIZEN_PER_DAY": "1000",
        "NUMBERS_PER_CITIZEN_PER_DAY": "1000",
        "OTPS_PER_NUMBER_PER_HOUR": "1000",
        "MESSAGES_PER_MINUTE": "1000",
        "MAX_MESSAGE_AGE_SECONDS": "600",
        "LINK_EXPIRY_SECONDS": "900",
        "CONSENT_RETENTION_DAYS": "730",
        "HELPLINE": "",
    }


def _secret(client: Any, name: str, value: Mapping[str, object]) -> str:
    return str(client.create_secret(Name=name, SecretString=json.dumps(value))["ARN"])


def _call(module: ModuleType, method: str, body: bytes, headers: dict[str, str], query: dict[str, str]) -> Any:
    event = {
        "httpMethod": method,
        "headers": headers,
        "queryStringParameters": query or None,
        "body": body.decode(),
        "isBase64Encoded": False,
    }
    return module.lambda_handler(event, Context())


def _gateway(module: ModuleType) -> Any:
    lock = threading.Lock()

    @Request.application
    def application(request: Request) -> Response:
        with lock:  # one execution environment
            answer = _call(module, request.method, request.get_data(), dict(request.headers), dict(request.args))
        return Response(answer["body"], answer["statusCode"], answer["headers"])

    return application


def _pump(module: ModuleType, url: str, arn: str, stop: threading.Event) -> None:
    """Hand messages to the document function, as the event source mapping does."""
    sqs = boto3.client("sqs")
    while not stop.is_set():
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, AttributeNames=["ApproximateReceiveCount"])
        for message in answer.get("Messages", []):
            record = {
                "messageId": message["MessageId"],
                "body": message["Body"],
                "receiptHandle": message["ReceiptHandle"],
                "eventSourceARN": arn,
                "attributes": message["Attributes"],
            }
            if not module.lambda_handler({"Records": [record]}, Context())["batchItemFailures"]:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        stop.wait(0.02)
