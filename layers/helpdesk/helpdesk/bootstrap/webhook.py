"""What the webhook function is made of."""

import os
import time
from collections.abc import Mapping

from helpdesk.bootstrap import Clients, Clock, Sleep, aws_client, conversations, read_secret
from helpdesk.service.inbound import Receiver
from helpdesk.settings import WebhookSettings
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.work import WorkQueue


def receiver(
    environment: Mapping[str, str] = os.environ,
    *,
    clock: Clock = time.time,
    sleep: Sleep = time.sleep,
    client: Clients = aws_client,
) -> Receiver:
    """Build what takes messages in. Raises SettingError."""
    settings = WebhookSettings.from_environment(environment)
    common = settings.common
    secrets = client("secretsmanager")
    return Receiver(
        phone_number_id=settings.phone_number_id,
        store=conversations(common, client("dynamodb"), clock),
        work=WorkQueue(client("sqs"), common.work_queue_url, common.reply_queue_url),
        seal=Sealer(client("kms"), common.data_key_arn, clock),
        secret=read_secret(secrets, settings.webhook_secret_arn, "WebhookSecret", clock),
        identity=read_secret(secrets, settings.identity_secret_arn, "IdentitySecret", clock),
        rules=common.rules,
        max_age_seconds=settings.max_message_age_seconds,
        clock=clock,
        sleep=sleep,
    )
