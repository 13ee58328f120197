"""What the document function is made of."""

import os
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from helpdesk.bootstrap import S3, Clients, Clock, Sleep, aws_client, conversations, read_secret
from helpdesk.forms.tokens import write_token
from helpdesk.languages.department import forms
from helpdesk.service.callback_data import Tracker, tracking_keys
from helpdesk.service.message_sender import MessageSender
from helpdesk.service.outbox_worker import Worker
from helpdesk.service.queue_consumer import DocumentHandler
from helpdesk.service.recipients import Recipients
from helpdesk.service.renderer import Renderer
from helpdesk.settings import DocumentSettings
from helpdesk.snapshot import is_preinitialized, reset_around_snapshot
from helpdesk.storage.documents import DocumentStore
from helpdesk.storage.form_answers import FormAnswers
from helpdesk.storage.records import RecordStore
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.work import TimerQueue
from helpdesk.whatsapp.client import WhatsAppClient

if TYPE_CHECKING:
    from helpdesk.service.digilocker_gateway import DigiLockerGateway


def handler(
    environment: Mapping[str, str] = os.environ,
    *,
    clock: Clock = time.time,
    sleep: Sleep = time.sleep,
    client: Clients = aws_client,
    whatsapp: Callable[..., WhatsAppClient] = WhatsAppClient,
    replier: Callable[..., MessageSender] = MessageSender,
    **locker_parts: Any,
) -> DocumentHandler:
    """Build what works on the queues, except the locker: that is built for the first job that asks DigiLocker.

    Before a snapshot it is built at once, since each copy then has it for nothing. `whatsapp` and `replier` make what
    their classes do; `locker_parts`: `helpdesk.bootstrap.locker` says. Raises SettingError.
    """
    settings = DocumentSettings.from_environment(environment)
    common = settings.common
    sqs, s3, secrets, dynamodb = client("sqs"), client("s3", config=S3), client("secretsmanager"), client("dynamodb")
    secret = read_secret(secrets, settings.outbound_secret_arn, "OutboundSecret", clock)
    documents = DocumentStore(s3, settings.bucket, common.data_key_arn)

    @cache
    def locker() -> "DigiLockerGateway":
        from helpdesk.bootstrap import locker as asking  # noqa: PLC0415 - only for jobs that ask DigiLocker

        return asking.locker(
            settings, s3=s3, documents=documents, secret=secret, clock=clock, sleep=sleep, **locker_parts
        )

    if is_preinitialized(environment):
        locker()
    identity = read_secret(secrets, settings.identity_secret_arn, "IdentitySecret", clock)
    recipients = Recipients(identity, settings.phone_number_id)
    tracker = Tracker(lambda: tracking_keys(secret))
    worker = Worker(
        store=conversations(common, dynamodb, clock),
        records=RecordStore(dynamodb, settings.records_table, clock),
        sealer=Sealer(client("kms"), common.data_key_arn, clock),
        locker=locker,
        replier=replier(
            client=reset_around_snapshot(
                whatsapp(
                    settings.whatsapp_url,
                    settings.whatsapp_version,
                    settings.phone_number_id,
                    lambda: secret.text("whatsapp_access_token"),
                    lambda: secret.optional("app_secret"),
                )
            ),
            renderer=Renderer(
                common.rules.session_seconds,
                settings.link_expiry_seconds,
                settings.helpline,
                settings.consent_retention_days,
                forms()
                | {
                    "department": settings.department,
                    "grievance": settings.grievance,
                    "privacy_page": settings.privacy_page,
                },
                settings.form_name,
            ),
            documents=documents,
            secret=secret,
            recipients=recipients,
            tracker=tracker,
            consent_url=settings.consent_url,
            form_token=lambda *form: write_token(identity.text("form_token_key"), *form),
        ),
        documents=documents,
        timers=TimerQueue(sqs, settings.timer_queue_url),
        answers=FormAnswers(dynamodb, common.table, clock),
        recipients=recipients,
        tracker=tracker,
        rules=common.rules,
        consent_seconds=settings.consent_retention_days * 24 * 3600,
        clock=clock,
        sleep=sleep,
    )
    queues = {
        settings.work_queue_arn: common.work_queue_url,
        settings.reply_queue_arn: common.reply_queue_url,
        settings.timer_queue_arn: settings.timer_queue_url,
    }
    return DocumentHandler(worker=worker, secret=secret, sqs=sqs, queues=queues)
