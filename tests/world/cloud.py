"""AWS in memory: what the functions' clients reach, and the events that Lambda makes of it."""

import io
import json
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from standins.config import SimulatorConfig
from tests.conversations.chat import directory
from tests.handlers import SETTINGS
from tests.world.calls import Calls, Counted
from tests.world.form_keys import FormKms
from tests.world.queues import Message, Queue
from tests.world.table import Tables

APP_SECRET, PHONE_NUMBER_ID = "app-secret", "100000000000001"
_LINKS = "https://documents.example/"
_ARN = "arn:aws:sqs:ap-south-1:123456789012:"
_SECRETS: dict[str, dict[str, Any]] = {
    "webhook": {"app_secrets": [APP_SECRET], "verify_token": "verify-token"},
    "identity": {"id_pepper": "pepper", "form_token_key": "form-token-key"},
    "outbound": {
        "whatsapp_access_token": "access-token",
        "digilocker_client_id": "TESTCLIENT",
        "digilocker_client_secret": "client-secret",
        "tracking_key": "tracking-key",
        "app_secret": APP_SECRET,
    },
}
ENVIRONMENT = {
    **SETTINGS,
    "CONVERSATIONS_TABLE": "conversations",
    "RECORDS_TABLE": "records",
    "WORK_QUEUE_URL": "work",
    "WORK_QUEUE_ARN": f"{_ARN}work",
    "REPLY_QUEUE_URL": "reply",
    "REPLY_QUEUE_ARN": f"{_ARN}reply",
    "TIMER_QUEUE_URL": "timer",
    "TIMER_QUEUE_ARN": f"{_ARN}timer",
    "DATA_KEY_ARN": "data-key",
    "FORM_KEY": "form-key",
    "DOCUMENTS_BUCKET": "documents",
    "WEBHOOK_SECRET_ARN": "webhook-secret",
    "IDENTITY_SECRET_ARN": "identity-secret",
    "OUTBOUND_SECRET_ARN": "outbound-secret",
    "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
    "OTPS_PER_NUMBER_PER_HOUR": "6",  # one more than by default: a crash may cost one
}


def secrets(config: SimulatorConfig) -> dict[str, dict[str, Any]]:
    """Return what the secrets hold where the stand-ins are configured so."""
    return {
        "webhook": {"app_secrets": [config.app_secret], "verify_token": config.verify_token},
        "identity": {"id_pepper": "pepper", "form_token_key": uuid.uuid4().hex},
        "outbound": {
            "whatsapp_access_token": config.access_token,
            "digilocker_client_id": config.client_id,
            "digilocker_client_secret": config.client_secret,
            "tracking_key": uuid.uuid4().hex,
            "app_secret": config.app_secret,
        },
    }


class Kms:
    """Seals by writing the encryption context beside the value, and opens only in the same context."""

    def encrypt(self, *, KeyId: str, Plaintext: bytes, EncryptionContext: dict[str, str]) -> dict[str, bytes]:  # noqa: N803
        """Seal."""
        return {"CiphertextBlob": json.dumps([KeyId, EncryptionContext, Plaintext.decode()]).encode()}

    def decrypt(
        self,
        *,
        KeyId: str,  # noqa: N803
        CiphertextBlob: bytes,  # noqa: N803
        EncryptionContext: dict[str, str] | None = None,  # noqa: N803
        EncryptionAlgorithm: str = "",  # noqa: N803
    ) -> dict[str, bytes]:
        """Open. Raises ClientError in another context."""
        if EncryptionAlgorithm:
            return FormKms().decrypt(
                KeyId=KeyId, CiphertextBlob=CiphertextBlob, EncryptionAlgorithm=EncryptionAlgorithm
            )
        key, context, value = json.loads(CiphertextBlob)
        if (key, context) != (KeyId, EncryptionContext):
            raise ClientError({"Error": {"Code": "InvalidCiphertextException"}}, "Decrypt")
        return {"Plaintext": value.encode()}


class Secrets:
    """Secrets Manager."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self.put(_SECRETS)

    def put(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Write secrets, by the first word of their names."""
        self._values |= {f"{name}-secret": json.dumps(value) for name, value in values.items()}

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        """Return a secret."""
        return {"SecretString": self._values[SecretId]}

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> dict[str, str]:  # noqa: N803
        """Replace a secret."""
        self._values[SecretId] = SecretString
        return {}


@cache
def _directory() -> bytes:
    return directory().to_bytes()


@dataclass
class Bucket:
    """S3, with the one bucket. The directory of issuers lies in it already: fetching it takes hundreds of calls."""

    objects: dict[str, bytes] = field(default_factory=lambda: {"directory/issuers.json.gz": _directory()})
    clock: Callable[[], float] = time.time
    kept_since: dict[str, float] = field(default_factory=dict)
    """When each object was first put, in seconds since the epoch."""

    @property
    def pdfs(self) -> list[str]:
        """The keys of what is kept of her documents."""
        return [key for key in self.objects if key.startswith("documents/")]

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Keep."""
        self.objects[Key] = Body
        self.kept_since.setdefault(Key, self.clock())
        return {}

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Read. Raises ClientError."""
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}

    def list_objects_v2(self, **_: Any) -> dict[str, Any]:
        """List what is kept."""
        return {"Contents": [{"Key": key} for key in sorted(self.objects)]}

    def delete_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Delete, if it is there."""
        self.objects.pop(Key, None)
        self.kept_since.pop(Key, None)
        return {}

    def generate_presigned_url(
        self,
        _operation: str,
        *,
        Params: dict[str, str],  # noqa: N803
        ExpiresIn: int,  # noqa: N803
        **_: Any,
    ) -> str:
        """Return a link; `behind` follows it until it expires."""
        return f"{_LINKS}{Params['Key']}?expires={int(self.clock()) + ExpiresIn}"

    def behind(self, link: str) -> bytes | None:
        """Fetch what a link leads to, as WhatsApp does."""
        key, _, expires = link.removeprefix(_LINKS).partition("?expires=")
        return self.objects.get(key) if self.clock() < int(expires) else None


class Sqs:
    """The client of the queues."""

    def __init__(self, queues: dict[str, Queue]) -> None:
        self._queues = queues

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        """Queue messages in order."""
        taken, refused = self._queues[QueueUrl].send_batch(Entries)
        return {"Successful": [{"Id": id_} for id_ in taken], "Failed": [{"Id": id_} for id_ in refused]}

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MessageBody: str,  # noqa: N803
        MessageGroupId: str = "",  # noqa: N803
        MessageDeduplicationId: str = "",  # noqa: N803
        DelaySeconds: int = 0,  # noqa: N803
    ) -> dict[str, Any]:
        """Queue a message."""
        self._queues[QueueUrl].send(
            MessageBody, group=MessageGroupId, deduplication=MessageDeduplicationId, delay=DelaySeconds
        )
        return {}

    def receive_message(self, *, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Receive a message, if there is one that may be received now."""
        message = self._queues[QueueUrl].receive()
        if message is None:
            return {}
        attributes = {
            "ApproximateReceiveCount": str(message.receives),
            "SentTimestamp": str(int(message.sent_at * 1000)),
        }
        found = {"MessageId": message.id, "Body": message.body, "ReceiptHandle": message.receipt}
        return {"Messages": [found | {"Attributes": attributes}]}

    def get_queue_attributes(self, *, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Return how many messages wait, are in flight, and are held back."""
        waiting, in_flight, held_back = self._queues[QueueUrl].counts()
        counts = {"": waiting, "NotVisible": in_flight, "Delayed": held_back}
        return {"Attributes": {f"ApproximateNumberOfMessages{kind}": str(count) for kind, count in counts.items()}}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> dict[str, Any]:  # noqa: N803
        """Take a message that was received off its queue."""
        self._queues[QueueUrl].delete(ReceiptHandle)
        return {}

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        """Let a message come back."""
        self._queues[QueueUrl].change_visibility(ReceiptHandle, VisibilityTimeout)


class Cloud:
    """Everything of AWS that the functions use. `client` takes the place of `boto3.client`.

    `dynamodb` and `kms` are other clients to use in place of the models, `bucket` is another model of the bucket.
    """

    def __init__(
        self,
        calls: Calls,
        clock: Callable[[], float],
        dynamodb: Any = None,
        bucket: Bucket | None = None,
        kms: Any = None,
    ) -> None:
        self.dynamodb: Any = dynamodb or Tables()
        self.bucket = bucket or Bucket(clock=clock)
        self.secrets = Secrets()
        self.work = Queue("work", clock, fifo=True)
        self.reply = Queue("reply", clock, fifo=True)
        self.timer = Queue("timer", clock)
        self.lanes = (self.reply, self.work)
        self.queues = (*self.lanes, self.timer)
        dead = [
            Queue(f"dead {lane.name}", clock, fifo=True, most_receives=sys.maxsize, _messages=lane.dead_letters)
            for lane in self.lanes
        ]
        self._services = {
            "dynamodb": self.dynamodb,
            "sqs": Sqs({queue.name: queue for queue in (*self.queues, *dead)}),
            "kms": kms or Kms(),
            "s3": self.bucket,
            "secretsmanager": self.secrets,
        }
        self._calls = calls

    def client(self, service: str, **_: Any) -> Any:
        """Return a client whose calls are counted."""
        return self.counted(service, self._services[service])

    def counted(self, name: str, client: object) -> Any:
        """Have the calls of another client counted as well."""
        return Counted(name, client, self._calls)

    def items(self) -> list[dict[str, Any]]:
        """Everything in the tables."""
        tables = (ENVIRONMENT["CONVERSATIONS_TABLE"], ENVIRONMENT["RECORDS_TABLE"])
        return [item for table in tables for item in self.dynamodb.scan(TableName=table)["Items"]]


def invocation(queue: Queue, message: Message) -> dict[str, Any]:
    """Make the event with which Lambda hands a queue's message to the document function."""
    record = {
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.receives),
            "SentTimestamp": str(int(message.sent_at * 1000)),
        },
        "eventSourceARN": f"{_ARN}{queue.name}",
    }
    return {"Records": [record]}
