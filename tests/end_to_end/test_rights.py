"""What each function can not do, tried with its role's own rights: the emulator enforces IAM."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from simulator.local_stack import REGION, LocalStack

CONTEXT = {"conversation": "somebody", "purpose": "aadhaar"}
DENIED = {"AccessDenied", "AccessDeniedException"}

type Clients = Callable[[str], Any]
"""Gives a client of a service by its name."""
type Attempt = Callable[[Clients, LocalStack], object]


@pytest.fixture(scope="module")
def sealed(stack: LocalStack) -> bytes:
    """Something that a citizen typed, as it rests."""
    answer = stack.client("kms").encrypt(
        KeyId=stack.physical_id("DataKey"), Plaintext=b"999941057058", EncryptionContext=CONTEXT
    )
    ciphertext: bytes = answer["CiphertextBlob"]
    return ciphertext


@pytest.fixture(scope="module")
def acting_as(stack: LocalStack) -> Iterator[Callable[[str], Clients]]:
    """Give the clients of somebody with a function's rights: her role's policies, in a role that the test may take."""
    iam, made = stack.client("iam"), []

    def act(role: str) -> Clients:
        deployed, copy = stack.physical_id(role), f"copy-of-{role}"
        trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = iam.create_role(RoleName=copy, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
        made.append(copy)
        assert not iam.list_attached_role_policies(RoleName=deployed)["AttachedPolicies"]
        for name in iam.list_role_policies(RoleName=deployed)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=deployed, PolicyName=name)["PolicyDocument"]
            iam.put_role_policy(RoleName=copy, PolicyName=name, PolicyDocument=json.dumps(document))
        credentials = stack.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        session = boto3.Session(
            credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"], REGION
        )
        return lambda service: session.client(
            service, endpoint_url=stack.emulator_url, config=Config(proxies={}, retries={"total_max_attempts": 1})
        )

    yield act
    for role in made:
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        iam.delete_role(RoleName=role)


@pytest.fixture(scope="module")
def webhook(acting_as: Callable[[str], Clients]) -> Clients:
    return acting_as("WebhookRole")


@pytest.fixture(scope="module")
def document(acting_as: Callable[[str], Clients]) -> Clients:
    return acting_as("DocumentRole")


def reads_secret(output: str) -> Attempt:
    return lambda aws, stack: aws("secretsmanager").get_secret_value(SecretId=stack.outputs[output])


def receives(queue: str) -> Attempt:
    return lambda aws, stack: aws("sqs").receive_message(QueueUrl=stack.physical_id(queue))


def sends(queue: str, **more: str) -> Attempt:
    return lambda aws, stack: aws("sqs").send_message(QueueUrl=stack.physical_id(queue), MessageBody="{}", **more)


def invokes(function: str) -> Attempt:
    return lambda aws, stack: aws("lambda").invoke(FunctionName=stack.physical_id(function), Payload=b"{}")


def reads_log(group: str) -> Attempt:
    return lambda aws, stack: aws("logs").filter_log_events(logGroupName=stack.physical_id(group))


def lists_bucket(aws: Clients, stack: LocalStack) -> object:
    return aws("s3").list_objects_v2(Bucket=stack.outputs["DocumentsBucketName"])


def reads_document(aws: Clients, stack: LocalStack) -> object:
    return aws("s3").get_object(Bucket=stack.outputs["DocumentsBucketName"], Key="documents/anybodys.pdf")


def writes_beside_the_documents(aws: Clients, stack: LocalStack) -> object:
    return aws("s3").put_object(Bucket=stack.outputs["DocumentsBucketName"], Key="elsewhere/x", Body=b"x")


def reads_every_conversation(aws: Clients, stack: LocalStack) -> object:
    return aws("dynamodb").scan(TableName=stack.outputs["ConversationsTableName"])


def records_a_consent(aws: Clients, stack: LocalStack) -> object:
    item = {"conversation": {"S": "somebody"}, "part": {"S": "consent#1"}}
    return aws("dynamodb").put_item(TableName=stack.outputs["ConversationsTableName"], Item=item)


def deletes_the_table(aws: Clients, stack: LocalStack) -> object:
    return aws("dynamodb").delete_table(TableName=stack.outputs["ConversationsTableName"])


def makes_a_data_key(aws: Clients, stack: LocalStack) -> object:
    return aws("kms").generate_data_key(KeyId=stack.physical_id("DataKey"), KeySpec="AES_256")


def deletes_the_key(aws: Clients, stack: LocalStack) -> object:
    return aws("kms").schedule_key_deletion(KeyId=stack.physical_id("DataKey"), PendingWindowInDays=7)


def gives_itself_rights(aws: Clients, stack: LocalStack) -> object:
    policy = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    return aws("iam").put_role_policy(
        RoleName=stack.physical_id("WebhookRole"), PolicyName="more", PolicyDocument=json.dumps(policy)
    )


IN_GROUP = {"MessageGroupId": "somebody", "MessageDeduplicationId": "one"}


def is_denied(attempt: Callable[[], object]) -> None:
    with pytest.raises(ClientError) as refused:
        attempt()
    assert refused.value.response["Error"]["Code"] in DENIED


def test_the_webhook_can_seal_and_not_open(stack: LocalStack, webhook: Clients, sealed: bytes) -> None:
    key = stack.physical_id("DataKey")
    assert webhook("kms").encrypt(KeyId=key, Plaintext=b"1", EncryptionContext=CONTEXT)["CiphertextBlob"]

    is_denied(lambda: webhook("kms").decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext=CONTEXT))


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param(reads_secret("OutboundSecretArn"), id="reads the outbound secret"),
        pytest.param(reads_document, id="reads a document"),
        pytest.param(lists_bucket, id="lists the bucket"),
        pytest.param(receives("WorkQueue"), id="receives work"),
        pytest.param(receives("TimerQueue"), id="receives a timer"),
        pytest.param(receives("WorkDeadLetterQueue"), id="receives a dead letter"),
        pytest.param(sends("TimerQueue"), id="sets a timer"),
        pytest.param(reads_every_conversation, id="reads every conversation"),
        pytest.param(records_a_consent, id="records a consent"),
        pytest.param(deletes_the_table, id="deletes the table"),
        pytest.param(makes_a_data_key, id="makes a data key"),
        pytest.param(deletes_the_key, id="deletes the key"),
        pytest.param(invokes("DocumentFunction"), id="invokes the document function"),
        pytest.param(reads_log("DocumentLogGroup"), id="reads the document function's log"),
        pytest.param(gives_itself_rights, id="gives itself rights"),
    ],
)
def test_what_the_webhook_can_not_do(stack: LocalStack, webhook: Clients, attempt: Attempt) -> None:
    assert reads_secret("WebhookSecretArn")(webhook, stack)  # it can do something, so it is not just nobody

    is_denied(lambda: attempt(webhook, stack))


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param(reads_secret("WebhookSecretArn"), id="reads the webhook's secret"),
        pytest.param(sends("WorkQueue", **IN_GROUP), id="enqueues work"),
        pytest.param(receives("WorkDeadLetterQueue"), id="receives a dead letter"),
        pytest.param(lists_bucket, id="lists the bucket"),
        pytest.param(writes_beside_the_documents, id="writes beside the documents"),
        pytest.param(reads_every_conversation, id="reads every conversation"),
        pytest.param(deletes_the_table, id="deletes the table"),
        pytest.param(deletes_the_key, id="deletes the key"),
        pytest.param(invokes("WebhookFunction"), id="invokes the webhook function"),
        pytest.param(reads_log("WebhookLogGroup"), id="reads the webhook function's log"),
        pytest.param(gives_itself_rights, id="gives itself rights"),
    ],
)
def test_what_the_document_function_can_not_do(stack: LocalStack, document: Clients, attempt: Attempt) -> None:
    assert reads_secret("OutboundSecretArn")(document, stack)

    is_denied(lambda: attempt(document, stack))


def test_the_document_function_opens_only_for_the_conversation_and_purpose(
    stack: LocalStack, document: Clients, sealed: bytes
) -> None:
    key, kms = stack.physical_id("DataKey"), document("kms")
    assert kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext=CONTEXT)["Plaintext"] == b"999941057058"

    for other in ({"conversation": "another"}, {"purpose": "otp"}):
        with pytest.raises(ClientError, match="InvalidCiphertext"):
            kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext=CONTEXT | other)


def test_nobody_calls_a_function_but_by_its_alias(stack: LocalStack) -> None:
    sources = stack.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert {source["FunctionArn"].rpartition(":")[2] for source in sources} == {"live"}
    assert len(sources) == 2

    api = stack.outputs["ApiId"]
    (resource,) = (
        resource
        for resource in stack.client("apigateway").get_resources(restApiId=api)["items"]
        if resource["path"] == "/webhook"
    )
    called = stack.client("apigateway").get_integration(restApiId=api, resourceId=resource["id"], httpMethod="POST")
    assert called["uri"].endswith(":live/invocations")
