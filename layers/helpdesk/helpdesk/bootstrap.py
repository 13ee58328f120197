"""Puts the pieces together, once for each execution environment. Tests pass their own."""

import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from helpdesk.conversation.limits import replies_a_day
from helpdesk.conversation.model import Rules
from helpdesk.languages.catalogue import codes
from helpdesk.settings import Common, ConsentSettings, DocumentSettings, WebhookSettings
from helpdesk.snapshot import keep_out, starts_ahead
from helpdesk.storage.conversations import ConversationStore
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.secrets import Secret
from helpdesk.storage.work import WorkQueue

if TYPE_CHECKING:
    from helpdesk.service.consent_pages import ConsentPages
    from helpdesk.service.digilocker_gateway import DigiLockerGateway
    from helpdesk.service.inbound import Receiver
    from helpdesk.service.queue_consumer import DocumentHandler
    from helpdesk.storage.aws import S3Client, SecretsManagerClient
    from helpdesk.storage.documents import DocumentStore

# AWS answers in milliseconds or not at all: waiting longer would only eat the time that another try needs.
AWS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
# A link must name the region (Meta follows no redirects for a signed link) and be signed with version 4.
S3 = AWS.merge(
    Config(signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"})
)

type Clock = Callable[[], float]


@contextmanager
def for_good() -> Iterator[None]:
    """Keep the garbage collector away from what is built here, now and in all messages to come.

    Clients are tens of thousands of objects, and stay for as long as the environment does. Only for a function's own
    process: what is garbage elsewhere in it may stay, too.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def rules(settings: Common) -> Rules:
    """Give the dialogue the deployment's parameters."""
    usual = Rules()
    share = settings.replies_per_citizen_per_day / usual.replies.day
    return Rules(
        session_seconds=settings.session_seconds,
        resend_seconds=settings.resend_seconds,
        job_expiry_seconds=settings.job_expiry_seconds,
        otp_tries=settings.otp_tries,
        otps_a_day=settings.otps_per_citizen_per_day,
        numbers_a_day=settings.numbers_per_citizen_per_day,
        otps_an_hour=settings.otps_per_number_per_hour,
        otps_for_a_number_a_day=settings.otps_per_number_per_day,
        replies=replies_a_day(settings.replies_per_citizen_per_day),
        documents=usual.documents.scaled(share),
        pulls=usual.pulls.scaled(share),
        links=usual.links.scaled(share),
        messages_a_minute=settings.messages_per_minute,
        same_texts_a_minute=settings.same_texts_per_minute,
        on_page=settings.sign_in == "consent-page",
        languages=codes(),
    )


def receiver(environment: Mapping[str, str] = os.environ, clock: Clock = time.time) -> "Receiver":
    """Build what the webhook function needs. Raises SettingError."""
    from helpdesk.service.inbound import Receiver  # noqa: PLC0415 - each function loads only its own half

    settings = WebhookSettings.from_environment(environment)
    secrets = _client("secretsmanager")
    return Receiver(
        phone_number_id=settings.phone_number_id,
        store=ConversationStore(_client("dynamodb"), settings.table, clock, idle_seconds=settings.session_seconds),
        work=WorkQueue(_client("sqs"), settings.work_queue_url),
        seal=Sealer(_client("kms"), settings.data_key_arn, clock),
        secret=_secret(secrets, settings.webhook_secret_arn, "WebhookSecret", clock),
        identity=_secret(secrets, settings.identity_secret_arn, "IdentitySecret", clock),
        rules=rules(settings),
        max_age_seconds=settings.max_message_age_seconds,
        clock=clock,
    )


def consenting(environment: Mapping[str, str] = os.environ, clock: Clock = time.time) -> "ConsentPages":
    """Build what the consent function needs. Raises SettingError."""
    from helpdesk.service.consent_pages import ConsentPages  # noqa: PLC0415 - see above

    settings = ConsentSettings.from_environment(environment)
    return ConsentPages(
        store=ConversationStore(_client("dynamodb"), settings.table, clock, idle_seconds=settings.session_seconds),
        work=WorkQueue(_client("sqs"), settings.work_queue_url),
        seal=Sealer(_client("kms"), settings.data_key_arn, clock),
        rules=rules(settings),
        number=settings.whatsapp_number,
        digilocker_url=settings.digilocker_url,
        asks_for_proof=settings.mobile_mismatch == "ask",
        clock=clock,
    )


def document_handler(environment: Mapping[str, str] = os.environ, clock: Clock = time.time) -> "DocumentHandler":
    """Build what the document function needs, but for the locker: that is built for the first job that asks DigiLocker.

    Before a snapshot it is built at once, since each copy then has it for nothing. Raises SettingError.
    """
    from helpdesk.service.callback_data import Tracker, tracking_keys  # noqa: PLC0415
    from helpdesk.service.message_sender import MessageSender  # noqa: PLC0415
    from helpdesk.service.outbox_worker import Worker  # noqa: PLC0415
    from helpdesk.service.queue_consumer import DocumentHandler  # noqa: PLC0415 - see above
    from helpdesk.service.recipients import Recipients  # noqa: PLC0415
    from helpdesk.service.renderer import Renderer  # noqa: PLC0415
    from helpdesk.storage.documents import DocumentStore  # noqa: PLC0415
    from helpdesk.storage.records import RecordStore  # noqa: PLC0415
    from helpdesk.storage.work import TimerQueue  # noqa: PLC0415
    from helpdesk.whatsapp.client import WhatsAppClient  # noqa: PLC0415

    settings = DocumentSettings.from_environment(environment)
    sqs = _client("sqs")
    s3 = _client("s3", S3)
    secrets = _client("secretsmanager")
    secret = _secret(secrets, settings.outbound_secret_arn, "OutboundSecret", clock)
    documents = DocumentStore(s3, settings.bucket, settings.data_key_arn)
    locker = cache(lambda: _locker(settings, s3, documents, secret, clock))
    if starts_ahead(environment):
        locker()
    whatsapp = WhatsAppClient(
        settings.whatsapp_url,
        settings.whatsapp_version,
        settings.phone_number_id,
        lambda: secret.text("whatsapp_access_token"),
        lambda: secret.optional("app_secret"),
    )
    keep_out(whatsapp)
    renderer = Renderer(
        settings.session_seconds, settings.link_expiry_seconds, settings.helpline, settings.consent_retention_days
    )
    recipients = Recipients(
        _secret(secrets, settings.identity_secret_arn, "IdentitySecret", clock), settings.phone_number_id
    )
    tracker = Tracker(lambda: tracking_keys(secret))
    replier = MessageSender(
        client=whatsapp,
        renderer=renderer,
        documents=documents,
        secret=secret,
        recipients=recipients,
        tracker=tracker,
        consent_url=settings.consent_url,
    )
    dynamodb = _client("dynamodb")
    worker = Worker(
        store=ConversationStore(dynamodb, settings.table, clock, idle_seconds=settings.session_seconds),
        records=RecordStore(dynamodb, settings.records_table, clock),
        sealer=Sealer(_client("kms"), settings.data_key_arn, clock),
        locker=locker,
        replier=replier,
        documents=documents,
        timers=TimerQueue(sqs, settings.timer_queue_url),
        recipients=recipients,
        tracker=tracker,
        rules=rules(settings),
        consent_seconds=settings.consent_retention_days * 24 * 3600,
        clock=clock,
    )
    queues = {settings.work_queue_arn: settings.work_queue_url, settings.timer_queue_arn: settings.timer_queue_url}
    return DocumentHandler(worker=worker, secret=secret, sqs=sqs, queues=queues)


def _locker(
    settings: DocumentSettings, s3: "S3Client", documents: "DocumentStore", secret: Secret, clock: Clock
) -> "DigiLockerGateway":
    """Build what asks DigiLocker. Importing pydantic and the models is most of what it costs."""
    from helpdesk.digilocker.client import DigiLockerClient  # noqa: PLC0415 - see above
    from helpdesk.digilocker.directory import DirectorySource  # noqa: PLC0415
    from helpdesk.digilocker.in_chat import InChatSignIn  # noqa: PLC0415
    from helpdesk.digilocker.pull import PullClient  # noqa: PLC0415
    from helpdesk.service.authorization_link import Links  # noqa: PLC0415
    from helpdesk.service.digilocker_gateway import DigiLockerGateway  # noqa: PLC0415
    from helpdesk.storage.directory import DirectoryStore  # noqa: PLC0415

    digilocker = DigiLockerClient(
        settings.digilocker_url,
        settings.digilocker_version,
        lambda: secret.text("digilocker_client_id"),
        lambda: secret.text("digilocker_client_secret"),
        clock=clock,
    )
    keep_out(digilocker)
    pull = PullClient(digilocker)
    directory = DirectoryStore(s3, settings.bucket, settings.data_key_arn, clock)
    return DigiLockerGateway(
        client=digilocker,
        sign_in=InChatSignIn(digilocker, settings.digilocker_version),
        pull=pull,
        directory=DirectorySource(pull, directory, clock),
        documents=documents,
        secret=secret,
        links=Links(
            consent_url=settings.consent_url,
            digilocker_url=settings.digilocker_url,
            version=settings.digilocker_version,
            client_id=lambda: secret.text("digilocker_client_id"),
            doctypes=settings.requested_doctypes,
            purpose=settings.purpose,
            service_name=settings.service_name,
        ),
        verify_decoys=settings.verify_decoy_otps,
        clock=clock,
    )


def _client(service: str, config: Config = AWS) -> Any:
    return keep_out(boto3.client(service, config=config))


def _secret(client: "SecretsManagerClient", arn: str, name: str, clock: Clock) -> Secret:
    return keep_out(Secret(client, arn, name, clock))
