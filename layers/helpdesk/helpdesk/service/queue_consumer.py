"""Messages of the queues: done, or to be taken up again after a while."""

import math
import random
from collections.abc import Callable, Mapping

from helpdesk.errors import AccessDenied, HelpdeskError, SecretError, code_of
from helpdesk.service.outbox_worker import Worker
from helpdesk.storage.aws import SqsClient
from helpdesk.storage.secrets import Secret
from helpdesk.storage.work import (
    DeletionTimer,
    DirectoryTimer,
    EndSession,
    IdleTimer,
    UnreadableWork,
    Work,
    read_work,
)
from helpdesk.structs import Value
from helpdesk.telemetry import count, logger
from helpdesk.whatsapp.errors import RateLimited

BACKOFF_SECONDS = (1, 4, 16, 60, 300)
"""How long a message waits at least after it failed for the first, second, ... time: 4^n seconds, as WhatsApp asks for
one that was sent too fast to the same person (131056); then longer, for an outage. Eight tries take over 15 minutes."""
JITTER = 0.25
"""The largest part by which the wait is lengthened, so that jobs that failed together do not return together."""
MOST_RECEIVES = 8
"""The queue's `maxReceiveCount`: after that many, a message goes to the dead-letter queue."""


class QueueMessage(Value, frozen=True):
    """A message as Lambda hands it over."""

    id: str
    body: str
    receipt: str
    queue_arn: str
    receives: int
    sent_at: float = 0
    """When it came on the queue, in seconds since the epoch."""


class DocumentHandler:
    """Works on queue messages, and decides when a failed one comes back."""

    def __init__(
        self,
        *,
        worker: Worker,
        secret: Secret,
        sqs: SqsClient,
        queues: Mapping[str, str],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._worker = worker
        self._secret = secret
        self._sqs = sqs
        self._queues = queues
        self._chance = chance

    def handle(self, message: QueueMessage) -> bool:
        """Work on a message. Returns whether it is done; one that is not comes back on its own."""
        try:
            work = read_work(message.body)
            # Without its credentials the function could only burn what DigiLocker consumes.
            for field in _needed(work):
                self._secret.text(field)
            self._worker.work(
                work,
                queued_at=message.sent_at,
                again=message.receives > 1,
                last_try=message.receives >= MOST_RECEIVES,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the message must come back
            count("SecretsEmpty" if isinstance(error, SecretError) else "JobsFailed")
            code = code_of(error)
            count("AwsDenied", isinstance(error, AccessDenied))
            # The text of other errors is not logged: it may repeat what was being worked on.
            known = str(error) if isinstance(error, HelpdeskError) else None
            logger.error(
                "a message was not done",
                extra={"error": type(error).__name__, "code": code, "reason": known, "receives": message.receives},
            )
            if message.receives >= MOST_RECEIVES:
                self._give_up(message)
            self._come_back(message, error)
            return False
        return True

    def _give_up(self, message: QueueMessage) -> None:
        count("JobsGivenUp")
        try:
            self._worker.give_up(read_work(message.body))
        except Exception as error:  # noqa: BLE001 - the message goes to the dead-letter queue anyway
            logger.error("a job was not given up in order", extra={"error": type(error).__name__})

    def _come_back(self, message: QueueMessage, error: Exception) -> None:
        """Have the message come back after a while; at once if waiting only holds up what she wrote after it."""
        seconds = 0
        if message.receives < MOST_RECEIVES and not isinstance(error, UnreadableWork):
            least = float(BACKOFF_SECONDS[min(message.receives, len(BACKOFF_SECONDS)) - 1])
            if isinstance(error, RateLimited):
                least = max(least, error.pause)
            seconds = math.ceil(least * (1 + JITTER * self._chance()))
        try:
            self._sqs.change_message_visibility(
                QueueUrl=self._queues[message.queue_arn], ReceiptHandle=message.receipt, VisibilityTimeout=seconds
            )
        except Exception as refusal:  # noqa: BLE001 - it comes back anyway, after the queue's own timeout
            logger.warning("the visibility was not changed", extra={"error": type(refusal).__name__})


def _needed(work: Work) -> tuple[str, ...]:
    """Return the fields of the secret without which a piece of work is not begun. Forgetting needs no WhatsApp."""
    match work:
        case DeletionTimer():
            return ()
        case IdleTimer() | EndSession() | DirectoryTimer():
            return ("digilocker_client_id", "digilocker_client_secret")
    return ("whatsapp_access_token", "digilocker_client_id", "digilocker_client_secret")
