"""What each function can not do, tried with its role's own rights. The consent function's: test_consent_page.py."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from standins.local_stack import LocalStack
from tests.end_to_end.roles import (
    CONTEXT,
    IN_GROUP,
    NOT_FOR_WHO_FACES_THE_INTERNET,
    Attempt,
    Clients,
    acting_as,
    deletes_a_record,
    deletes_the_key,
    deletes_the_table,
    gives_rights,
    invokes,
    is_denied,
    lists_bucket,
    opens,
    reads_every_conversation,
    reads_log,
    reads_records,
    reads_secret,
    receives,
    seals,
    sends,
    writes_beside_the_documents,
)


@pytest.fixture(scope="module")
def webhook(stack: LocalStack) -> Iterator[Clients]:
    with acting_as(stack, "WebhookRole") as clients:
        yield clients


@pytest.fixture(scope="module")
def document(stack: LocalStack) -> Iterator[Clients]:
    with acting_as(stack, "DocumentRole") as clients:
        yield clients


def test_the_webhook_can_seal_and_not_open(stack: LocalStack, webhook: Clients) -> None:
    assert seals(webhook, stack)

    is_denied(lambda: opens(webhook, stack))


@pytest.mark.parametrize(
    "attempt",
    [
        *NOT_FOR_WHO_FACES_THE_INTERNET,
        pytest.param(gives_rights("WebhookRole"), id="gives itself rights"),
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
        pytest.param(sends("ReplyQueue", **IN_GROUP), id="enqueues a reply"),
        pytest.param(receives("WorkDeadLetterQueue"), id="receives a dead letter"),
        pytest.param(lists_bucket, id="lists the bucket"),
        pytest.param(writes_beside_the_documents, id="writes beside the documents"),
        pytest.param(reads_every_conversation, id="reads every conversation"),
        pytest.param(deletes_the_table, id="deletes the table"),
        pytest.param(deletes_a_record, id="deletes a record"),
        pytest.param(reads_records, id="reads records"),
        pytest.param(deletes_the_key, id="deletes the key"),
        pytest.param(invokes("WebhookFunction"), id="invokes the webhook function"),
        pytest.param(reads_log("WebhookLogGroup"), id="reads the webhook function's log"),
        pytest.param(gives_rights("DocumentRole"), id="gives itself rights"),
    ],
)
def test_what_the_document_function_can_not_do(stack: LocalStack, document: Clients, attempt: Attempt) -> None:
    assert reads_secret("OutboundSecretArn")(document, stack)

    is_denied(lambda: attempt(document, stack))


def test_the_document_function_opens_only_for_the_conversation_and_purpose(
    stack: LocalStack, document: Clients
) -> None:
    key, kms, sealed = stack.physical_id("DataKey"), document("kms"), seals(document, stack)
    assert kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext=CONTEXT)["Plaintext"] == b"999941057058"

    for other in ({"conversation": "another"}, {"purpose": "otp"}):
        with pytest.raises(ClientError, match="InvalidCiphertext"):
            kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext=CONTEXT | other)


def test_nobody_calls_a_function_but_by_its_alias(stack: LocalStack) -> None:
    sources = stack.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert {source["FunctionArn"].rpartition(":")[2] for source in sources} == {"live"}
    assert len(sources) == 3

    api = stack.outputs["ApiId"]
    (resource,) = (
        resource
        for resource in stack.client("apigateway").get_resources(restApiId=api)["items"]
        if resource["path"] == "/webhook"
    )
    called = stack.client("apigateway").get_integration(restApiId=api, resourceId=resource["id"], httpMethod="POST")
    assert called["uri"].endswith(":live/invocations")
