"""Somebody with the rights of a function, and what she tries: the emulator enforces IAM."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from standins.local_stack import REGION, LocalStack

CONTEXT = {"conversation": "somebody", "purpose": "aadhaar"}
COUNT = {"conversation": {"S": "number#somebodys"}, "part": {"S": "otps#1"}}
IN_GROUP = {"MessageGroupId": "somebody", "MessageDeduplicationId": "one"}
DENIED = {"AccessDenied", "AccessDeniedException"}

type Clients = Callable[[str], Any]
"""Gives a client of a service by its name."""
type Attempt = Callable[[Clients, LocalStack], object]


@contextmanager
def acting_as(stack: LocalStack, role: str) -> Iterator[Clients]:
    """Return clients with a function's rights: its role's policies, in a role that the test may take."""
    iam, deployed, copy = stack.client("iam"), stack.physical_id(role), f"copy-of-{role}"
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=copy, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    assert not iam.list_attached_role_policies(RoleName=deployed)["AttachedPolicies"]
    for name in iam.list_role_policies(RoleName=deployed)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=deployed, PolicyName=name)["PolicyDocument"]
        iam.put_role_policy(RoleName=copy, PolicyName=name, PolicyDocument=json.dumps(document))
    credentials = stack.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    session = boto3.Session(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"], REGION
    )
    config = Config(proxies={}, retries={"total_max_attempts": 1})
    yield lambda service: session.client(service, endpoint_url=stack.emulator_url, config=config)
    for name in iam.list_role_policies(RoleName=copy)["PolicyNames"]:
        iam.delete_role_policy(RoleName=copy, PolicyName=name)
    iam.delete_role(RoleName=copy)


def is_denied(attempt: Callable[[], object]) -> None:
    """See to it that AWS denies it, and refuses it for no other reason."""
    with pytest.raises(ClientError) as refused:
        attempt()
    assert refused.value.response["Error"]["Code"] in DENIED


def seals(aws: Clients, stack: LocalStack) -> bytes:
    """Seal something that a citizen typed; give it as it rests."""
    answer = aws("kms").encrypt(
        KeyId=stack.physical_id("DataKey"), Plaintext=b"999941057058", EncryptionContext=CONTEXT
    )
    ciphertext: bytes = answer["CiphertextBlob"]
    return ciphertext


def opens(aws: Clients, stack: LocalStack) -> object:
    sealed = seals(stack.client, stack)
    return aws("kms").decrypt(KeyId=stack.physical_id("DataKey"), CiphertextBlob=sealed, EncryptionContext=CONTEXT)


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


def writes_an_item(output: str) -> Attempt:
    item = {"conversation": {"S": "somebody"}, "part": {"S": "consent#1"}}
    return lambda aws, stack: aws("dynamodb").put_item(TableName=stack.outputs[output], Item=item)


def resets_a_count(aws: Clients, stack: LocalStack) -> object:
    return aws("dynamodb").update_item(
        TableName=stack.outputs["RecordsTableName"],
        Key=COUNT,
        UpdateExpression="SET sent = :none",
        ExpressionAttributeValues={":none": {"N": "0"}},
    )


def deletes_a_record(aws: Clients, stack: LocalStack) -> object:
    return aws("dynamodb").delete_item(TableName=stack.outputs["RecordsTableName"], Key=COUNT)


def reads_records(aws: Clients, stack: LocalStack) -> object:
    return aws("dynamodb").query(
        TableName=stack.outputs["RecordsTableName"],
        KeyConditionExpression="conversation = :c",
        ExpressionAttributeValues={":c": COUNT["conversation"]},
    )


def forgets_a_conversation(aws: Clients, stack: LocalStack) -> object:
    key = {"conversation": {"S": "somebody"}, "part": {"S": "state"}}
    return aws("dynamodb").delete_item(TableName=stack.outputs["ConversationsTableName"], Key=key)


def deletes_the_table(aws: Clients, stack: LocalStack) -> object:
    return aws("dynamodb").delete_table(TableName=stack.outputs["ConversationsTableName"])


def makes_a_data_key(aws: Clients, stack: LocalStack) -> object:
    return aws("kms").generate_data_key(KeyId=stack.physical_id("DataKey"), KeySpec="AES_256")


def deletes_the_key(aws: Clients, stack: LocalStack) -> object:
    return aws("kms").schedule_key_deletion(KeyId=stack.physical_id("DataKey"), PendingWindowInDays=7)


def gives_rights(role: str) -> Attempt:
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    return lambda aws, stack: aws("iam").put_role_policy(
        RoleName=stack.physical_id(role), PolicyName="more", PolicyDocument=policy
    )


NOT_FOR_WHO_FACES_THE_INTERNET = [
    pytest.param(reads_secret("OutboundSecretArn"), id="reads the outbound secret"),
    pytest.param(reads_document, id="reads a document"),
    pytest.param(lists_bucket, id="lists the bucket"),
    pytest.param(receives("WorkQueue"), id="receives work"),
    pytest.param(receives("ReplyQueue"), id="receives a reply"),
    pytest.param(receives("TimerQueue"), id="receives a timer"),
    pytest.param(receives("WorkDeadLetterQueue"), id="receives a dead letter"),
    pytest.param(receives("ReplyDeadLetterQueue"), id="receives a reply that was given up"),
    pytest.param(sends("TimerQueue"), id="sets a timer"),
    pytest.param(reads_every_conversation, id="reads every conversation"),
    pytest.param(writes_an_item("ConversationsTableName"), id="puts an item among the conversations"),
    pytest.param(writes_an_item("RecordsTableName"), id="records a consent"),
    pytest.param(resets_a_count, id="resets a count"),
    pytest.param(deletes_a_record, id="deletes a record"),
    pytest.param(reads_records, id="reads records"),
    pytest.param(deletes_the_table, id="deletes the table"),
    pytest.param(makes_a_data_key, id="makes a data key"),
    pytest.param(deletes_the_key, id="deletes the key"),
    pytest.param(invokes("DocumentFunction"), id="invokes the document function"),
    pytest.param(reads_log("DocumentLogGroup"), id="reads the document function's log"),
]
"""What neither of the functions can do that the internet calls."""
