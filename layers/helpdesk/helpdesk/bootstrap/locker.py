"""What asks DigiLocker. A module of its own: pydantic and the models are most of what a start costs."""

from collections.abc import Callable

from helpdesk.bootstrap import Clock, Sleep
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.digilocker.directory import DirectorySource
from helpdesk.digilocker.pull import PullClient
from helpdesk.service.authorization_link import Links
from helpdesk.service.digilocker_gateway import DigiLockerGateway
from helpdesk.settings import DocumentSettings
from helpdesk.snapshot import reset_around_snapshot
from helpdesk.storage.aws import S3Client
from helpdesk.storage.directory import DirectoryStore
from helpdesk.storage.documents import DocumentStore
from helpdesk.storage.secrets import Secret


def locker(
    settings: DocumentSettings,
    *,
    s3: S3Client,
    documents: DocumentStore,
    secret: Secret,
    clock: Clock,
    sleep: Sleep,
    digilocker: Callable[..., DigiLockerClient] = DigiLockerClient,
) -> DigiLockerGateway:
    """Build what asks DigiLocker. `digilocker`: makes its client, as the class does."""
    client = reset_around_snapshot(
        digilocker(
            settings.digilocker_url,
            settings.digilocker_version,
            lambda: secret.text("digilocker_client_id"),
            lambda: secret.text("digilocker_client_secret"),
            clock=clock,
        )
    )
    pull = PullClient(client)
    directory = DirectoryStore(s3, settings.bucket, settings.common.data_key_arn, clock)
    return DigiLockerGateway(
        client=client,
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
        sleep=sleep,
    )
