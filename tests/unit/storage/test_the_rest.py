"""Queues, sealed values, secrets, PDFs."""

import base64
import json
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from helpdesk import bootstrap
from helpdesk.errors import SealEnded, SecretError, StorageError
from helpdesk.storage.documents import DocumentStore
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.secrets import Secret
from helpdesk.storage.work import (
    DeletionTimer,
    Delivered,
    DirectoryTimer,
    IdleTimer,
    Job,
    Lane,
    TimerQueue,
    Undelivered,
    UnreadableWork,
    WorkNotQueued,
    WorkQueue,
    read_work,
)
from tests.unit.aws import OUTBOUND_SECRET, Aws, aws


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


# Work


def lanes(cloud: Aws) -> WorkQueue:
    urls = (cloud.environment[f"{lane}_QUEUE_URL"] for lane in ("WORK", "REPLY"))
    return WorkQueue(cloud.client("sqs"), *urls)


def test_each_job_goes_to_the_queue_of_its_lane(cloud: Aws) -> None:
    lanes(cloud).send([Job("c", "one"), Job("c", "two", Lane.REPLY), Delivered("c", "key", "callback")])
    assert cloud.replies() == [{"conversation": "c", "step": "two"}]
    assert cloud.work() == [
        {"conversation": "c", "step": "one"},
        {"conversation": "c", "delivered": "key", "callback": "callback"},
    ]


def test_jobs_name_a_conversation_and_a_step_and_nothing_else(cloud: Aws) -> None:
    lanes(cloud).send([Job("c", "one"), Job("c", "two")])
    assert cloud.work() == [{"conversation": "c", "step": "one"}, {"conversation": "c", "step": "two"}]


def test_a_job_that_is_queued_already_is_not_queued_again(cloud: Aws) -> None:
    queue = lanes(cloud)
    queue.send([Job("c", "one")])
    queue.send([Job("c", "one"), Job("c", "two")])
    assert len(cloud.work()) == 2


def test_more_jobs_than_a_batch_holds_are_all_queued(cloud: Aws) -> None:
    queue = lanes(cloud)
    queue.send([Job(f"c{number}", f"step{number}") for number in range(25)])
    assert len(cloud.work()) == 25


def test_nothing_to_do_calls_nobody() -> None:
    WorkQueue(object(), "work", "reply").send([])  # type: ignore[arg-type]


def test_a_batch_that_fails_in_part_is_an_error() -> None:
    class Failing:
        def send_message_batch(self, **_: object) -> dict[str, list[dict[str, str]]]:
            return {"Successful": [{"Id": "0"}], "Failed": [{"Id": "1"}]}

    with pytest.raises(WorkNotQueued):
        WorkQueue(Failing(), "work", "reply").send([Job("c", "one"), Job("c", "two")])  # type: ignore[arg-type]


@pytest.mark.parametrize("timer", [IdleTimer("c", "t"), DeletionTimer("documents/key"), DirectoryTimer()])
def test_a_timer_reads_back_as_it_was_set(cloud: Aws, timer: IdleTimer | DeletionTimer | DirectoryTimer) -> None:
    url = cloud.environment["TIMER_QUEUE_URL"]
    TimerQueue(cloud.client("sqs"), url).set(timer, 0)
    (message,) = cloud.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert read_work(message["Body"]) == timer


def test_a_timer_waits_fifteen_minutes_at_the_most(cloud: Aws) -> None:
    TimerQueue(cloud.client("sqs"), cloud.environment["TIMER_QUEUE_URL"]).set(IdleTimer("c", "t"), 5000)
    attributes = cloud.client("sqs").get_queue_attributes(
        QueueUrl=cloud.environment["TIMER_QUEUE_URL"], AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )
    assert attributes["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"conversation": 1, "step": "x"}', '{"step": "x"}'])
def test_a_message_of_another_form_is_refused(body: str) -> None:
    with pytest.raises(UnreadableWork, match="unknown form"):
        read_work(body)


@pytest.mark.parametrize(
    "work",
    [
        Delivered("c", "documents/key", "callback"),
        Undelivered("c", "documents/key", 7, "listing", uploaded=True, callback="callback"),
    ],
)
def test_what_became_of_a_document_reads_back_as_it_was_queued(cloud: Aws, work: Delivered | Undelivered) -> None:
    lanes(cloud).send([work])
    (body,) = cloud.work()
    assert read_work(json.dumps(body)) == work


# Sealed values


def test_what_was_sealed_opens_for_the_same_conversation_and_purpose_only(cloud: Aws) -> None:
    sealer = Sealer(cloud.client("kms"), cloud.environment["DATA_KEY_ARN"], lambda: 1000)
    sealed = sealer.seal("999999990019", "c", "aadhaar", ends_at=2000)
    assert "9999" not in sealed
    assert sealer.open(sealed, "c", "aadhaar", written_at=0) == "999999990019"
    for conversation, purpose in (("d", "aadhaar"), ("c", "otp")):
        with pytest.raises(StorageError):
            sealer.open(sealed, conversation, purpose, written_at=0)


@pytest.mark.parametrize(("now", "idle_end", "opens"), [(1999, None, True), (2000, None, False), (1500, 1500, False)])
def test_what_was_sealed_opens_before_its_own_end_and_before_she_has_been_silent_for_too_long(
    cloud: Aws, now: int, idle_end: int | None, opens: bool
) -> None:
    sealer = Sealer(cloud.client("kms"), cloud.environment["DATA_KEY_ARN"], lambda: now)
    sealed = sealer.seal("999999990019", "c", "aadhaar", ends_at=2000)
    if opens:
        assert sealer.open(sealed, "c", "aadhaar", written_at=0, idle_end=idle_end) == "999999990019"
    else:
        with pytest.raises(SealEnded):
            sealer.open(sealed, "c", "aadhaar", written_at=0, idle_end=idle_end)


def test_an_end_that_is_changed_in_the_table_opens_nothing(cloud: Aws) -> None:
    sealer = Sealer(cloud.client("kms"), cloud.environment["DATA_KEY_ARN"], lambda: 3000)
    sealed = sealer.seal("999999990019", "c", "aadhaar", ends_at=2000)
    for changed in (sealed.replace("2000.", "9000.", 1), sealed.removeprefix("2000.")):
        with pytest.raises(StorageError):
            sealer.open(changed, "c", "aadhaar", written_at=3000)


def test_what_the_version_before_sealed_opens_for_a_day_after_it_was_written(cloud: Aws) -> None:
    kms, key = cloud.client("kms"), cloud.environment["DATA_KEY_ARN"]
    context = {"conversation": "c", "purpose": "token"}
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext=context)["CiphertextBlob"]
    sealed = base64.b64encode(blob).decode()
    assert Sealer(kms, key, lambda: 86_399).open(sealed, "c", "token", written_at=0) == "secret"
    with pytest.raises(SealEnded):
        Sealer(kms, key, lambda: 86_400).open(sealed, "c", "token", written_at=0)


# Secrets


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def outbound(cloud: Aws, clock: Clock) -> Secret:
    return Secret(cloud.client("secretsmanager"), cloud.environment["OUTBOUND_SECRET_ARN"], "OutboundSecret", clock)


def test_a_secret_is_read_once_in_five_minutes(cloud: Aws) -> None:
    clock = Clock()
    secret = outbound(cloud, clock)
    assert secret.text("digilocker_client_id") == "TESTCLIENT"
    cloud.put_secret("OUTBOUND_SECRET_ARN", {**OUTBOUND_SECRET, "digilocker_client_id": "NEW"})
    clock.now += 299
    assert secret.text("digilocker_client_id") == "TESTCLIENT"
    clock.now += 1
    assert secret.text("digilocker_client_id") == "NEW"


def test_a_secret_is_read_again_at_once_and_then_at_most_once_in_half_a_minute(cloud: Aws) -> None:
    clock = Clock()
    secret = outbound(cloud, clock)
    secret.text("digilocker_client_id")
    assert secret.refresh()

    cloud.put_secret("OUTBOUND_SECRET_ARN", {**OUTBOUND_SECRET, "digilocker_client_id": "NEW"})
    clock.now += 29
    assert not secret.refresh()
    assert secret.text("digilocker_client_id") == "TESTCLIENT"
    clock.now += 1
    assert secret.refresh()
    assert secret.text("digilocker_client_id") == "NEW"
    assert not secret.refresh()


def test_a_secret_that_cannot_be_read_again_counts_as_it_was(cloud: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a forged call, while Secrets Manager is down, would have the true ones refused as well."""
    secret = outbound(cloud, Clock())
    assert secret.text("digilocker_client_id") == "TESTCLIENT"
    down = ClientError({"Error": {"Code": "InternalServiceError"}}, "GetSecretValue")
    monkeypatch.setattr(secret, "_client", mock.Mock(get_secret_value=mock.Mock(side_effect=down)))

    with pytest.raises(SecretError, match="InternalServiceError"):
        secret.refresh()

    assert secret.text("digilocker_client_id") == "TESTCLIENT"


def test_a_field_that_was_empty_is_looked_at_again_in_half_a_minute(cloud: Aws) -> None:
    clock = Clock()
    secret = outbound(cloud, clock)
    cloud.put_secret("OUTBOUND_SECRET_ARN", {**OUTBOUND_SECRET, "digilocker_client_id": ""})
    with pytest.raises(SecretError, match="is empty"):
        secret.text("digilocker_client_id")

    cloud.put_secret("OUTBOUND_SECRET_ARN", OUTBOUND_SECRET)
    with pytest.raises(SecretError, match="is empty"):
        secret.text("digilocker_client_id")
    clock.now += 30
    assert secret.text("digilocker_client_id") == "TESTCLIENT"


@pytest.mark.parametrize("value", [{}, {"digilocker_client_id": ""}, {"digilocker_client_id": ["x"]}])
def test_an_empty_secret_is_an_error_that_says_which(cloud: Aws, value: dict[str, object]) -> None:
    cloud.put_secret("OUTBOUND_SECRET_ARN", value)
    with pytest.raises(SecretError, match="OutboundSecret: the field digilocker_client_id is empty"):
        outbound(cloud, Clock()).text("digilocker_client_id")


def test_no_error_and_no_repr_shows_a_secret(cloud: Aws) -> None:
    cloud.client("secretsmanager").put_secret_value(
        SecretId=cloud.environment["OUTBOUND_SECRET_ARN"], SecretString="hunter2"
    )
    with pytest.raises(SecretError) as raised:
        outbound(cloud, Clock()).text("digilocker_client_id")
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert repr(outbound(cloud, Clock())) == "Secret(OutboundSecret)"


# PDFs


@pytest.fixture
def documents(cloud: Aws) -> DocumentStore:
    s3 = boto3.client("s3", config=bootstrap.S3)
    return DocumentStore(s3, cloud.environment["DOCUMENTS_BUCKET"], cloud.environment["DATA_KEY_ARN"])


def test_a_pdf_is_kept_encrypted_with_its_type(cloud: Aws, documents: DocumentStore) -> None:
    documents.keep("documents/key", b"%PDF-1.7")
    head = cloud.client("s3").head_object(Bucket=cloud.environment["DOCUMENTS_BUCKET"], Key="documents/key")
    assert head["ContentType"] == "application/pdf"
    assert head["ServerSideEncryption"] == "aws:kms"
    assert head["SSEKMSKeyId"] == cloud.environment["DATA_KEY_ARN"]


def test_a_link_is_signed_with_version_4_for_the_regions_own_endpoint(cloud: Aws, documents: DocumentStore) -> None:
    url = urlsplit(documents.link("documents/key", "गाड़ी की RC.pdf", 900))
    query = parse_qs(url.query)
    assert url.netloc == f"{cloud.environment['DOCUMENTS_BUCKET']}.s3.ap-south-1.amazonaws.com"
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["900"]
    assert query["response-content-type"] == ["application/pdf"]
    (disposition,) = query["response-content-disposition"]
    assert disposition.isascii()
    assert "%E0%A4%97%E0%A4%BE" in disposition


def test_a_file_name_cannot_break_out_of_its_header(documents: DocumentStore) -> None:
    url = urlsplit(documents.link("documents/key", 'a"\r\nSet-Cookie: x.pdf', 900))
    (disposition,) = parse_qs(url.query)["response-content-disposition"]
    assert "\r" not in disposition
    assert disposition.count('"') == 2


def test_deleting_twice_is_no_error(documents: DocumentStore) -> None:
    documents.keep("documents/key", b"%PDF-1.7")
    documents.delete("documents/key")
    documents.delete("documents/key")
