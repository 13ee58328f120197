"""What comes of it when a function that the internet calls is taken over: tried with its role's own rights.

The same in detail, on a mocked AWS: tests/unit/service/test_taken_over.py.
"""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from helpdesk.service.identity import conversation_id
from standins.local_stack import LocalStack, citizens
from tests.end_to_end.conftest import Citizen, PhoneOf, new_phone
from tests.end_to_end.roles import Clients, acting_as
from tests.end_to_end.test_consent_page import at_the_link

REFUSED = "a step was refused"


@pytest.fixture
def webhook(stack: LocalStack) -> Iterator[Clients]:
    with acting_as(stack, "WebhookRole") as clients:
        yield clients


@pytest.fixture
def consent(page_stack: LocalStack) -> Iterator[Clients]:
    with acting_as(page_stack, "ConsentRole") as clients:
        yield clients


def user_id_of(stack: LocalStack, number: str) -> str:
    with stack.simulator.world.lock:
        return str(stack.simulator.world.phones.at(number).user_id)


def conversation_of(stack: LocalStack, number: str) -> str:
    """What whoever has taken over the webhook knows of everybody who writes."""
    secret = stack.client("secretsmanager").get_secret_value(SecretId=stack.outputs["IdentitySecretArn"])
    pepper = json.loads(secret["SecretString"])["id_pepper"]
    return conversation_id(pepper, stack.config.phone_number_id, user_id_of(stack, number))


def read(clients: Clients, stack: LocalStack, conversation: str) -> dict[str, Any]:
    (item,) = clients("dynamodb").query(
        TableName=stack.outputs["ConversationsTableName"],
        KeyConditionExpression="conversation = :c AND part = :p",
        ExpressionAttributeValues={":c": {"S": conversation}, ":p": {"S": "state"}},
    )["Items"]
    return dict(item)


def change(clients: Clients, stack: LocalStack, conversation: str, expression: str, **values: dict[str, str]) -> None:
    clients("dynamodb").update_item(
        TableName=stack.outputs["ConversationsTableName"],
        Key={"conversation": {"S": conversation}, "part": {"S": "state"}},
        UpdateExpression=f"{expression}, version = version + :one",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":one": {"N": "1"}, **{f":{name}": value for name, value in values.items()}},
    )


def fetches(clients: Clients, stack: LocalStack, conversation: str, person: dict[str, str]) -> str:
    """Have a document fetched with a copy of the conversation's sealed token, for a person. Return the step."""
    item, step, now = read(clients, stack, conversation), new_step(), int(time.time())
    state = json.loads(item["state"]["S"])
    state["waiting"] = [{"is": "Waiting", "id": step, "at": now, "number": 1}]
    entry = {
        "at": now,
        "order": 1,
        "sealed": {"token": json.loads(item["sealed"]["S"])["token"]},
        "effects": [{"is": "FetchDocument", "number": 1, "listing": state["session"]["listing"]}],
    }
    change(
        clients,
        stack,
        conversation,
        f"SET person = :p, #state = :s, outbox.{step} = :e",
        p={"S": json.dumps(person)},
        s={"S": json.dumps(state)},
        e={"S": json.dumps(entry)},
    )
    enqueue(clients, stack, {"conversation": conversation, "step": step})
    return step


def new_step() -> str:
    """Make up a step's id, which can stand in an expression as it is."""
    return f"s{uuid.uuid4().hex[:23]}"


def enqueue(clients: Clients, stack: LocalStack, body: dict[str, object]) -> None:
    clients("sqs").send_message(
        QueueUrl=stack.outputs["WorkQueueUrl"],
        MessageBody=json.dumps(body),
        MessageGroupId=str(body["conversation"]),
        MessageDeduplicationId=uuid.uuid4().hex,
    )


def logged(stack: LocalStack, words: str, about: str, seconds: float = 20) -> bool:
    """Wait for a line of the document function's log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if any(words in line and about in line for line in stack.function_logs("DocumentFunction")):
            return True
        time.sleep(0.3)
    return False


def test_who_has_the_webhooks_rights_gets_nobody_elses_document(
    stack: LocalStack, webhook: Clients, phone_of: PhoneOf, citizen: Citizen
) -> None:
    hers, his = phone_of(citizen), phone_of(citizen)
    for text in ("Hi", "1", "yes", "I agree", citizen["aadhaar"]):
        hers.say(text)
        hers.expect()
    hers.say(hers.otp())
    hers.expect("documents")
    conversation = conversation_of(stack, hers.number)

    fetches(webhook, stack, conversation, {"user_id": user_id_of(stack, hers.number)})
    assert hers.expect().filename  # so it is the recipient, and nothing else, that is refused below

    for person in (
        {"phone": his.number},
        {"user_id": user_id_of(stack, his.number)},
        {"phone": his.number, "user_id": user_id_of(stack, his.number)},
    ):
        step = fetches(webhook, stack, conversation, person)
        assert logged(stack, REFUSED, step)
    fetches(webhook, stack, conversation, {"phone": his.number, "user_id": user_id_of(stack, hers.number)})
    assert hers.expect().filename  # her number's place in the table decides nothing
    his.expect_silence(1)


def test_who_has_the_webhooks_rights_has_nobodys_pdf_deleted_or_sent_by_a_report(
    stack: LocalStack, webhook: Clients, phone_of: PhoneOf, citizen: Citizen
) -> None:
    his = phone_of(citizen)
    his.say("Hi")
    his.expect()
    conversation, s3 = conversation_of(stack, his.number), stack.client("s3")
    bucket, key = stack.outputs["DocumentsBucketName"], f"documents/{'0' * 32}/{'a' * 64}"
    s3.put_object(Bucket=bucket, Key=key, Body=b"%PDF-1.7 HERS")

    document = {"number": 1, "listing": "x", "uploaded": False}
    for report in ({"delivered": key}, {"undelivered": key, **document}):
        callback = f"{conversation}:{key}:1:x:link:{'0' * 64}"
        enqueue(webhook, stack, {"conversation": conversation, **report, "callback": callback})
    assert logged(stack, "a report was ignored", conversation)
    his.say("menu")
    his.expect("DigiLocker")  # it came behind the reports

    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"%PDF-1.7 HERS"
    his.expect_silence(1)


def test_who_has_the_consent_functions_rights_leads_nobody_elsewhere_and_replies_to_nobody_else(
    page_stack: LocalStack, consent: Clients
) -> None:
    stack, citizen = page_stack, citizens(page_stack.chat_url)[2]
    phone, link = at_the_link(stack, citizen)
    his = new_phone(stack.chat_url, citizen)
    conversation = conversation_of(stack, phone.number)
    assert requests.get(link, timeout=20).status_code == 200

    state = json.loads(read(consent, stack, conversation)["state"]["S"])
    state["link"]["address"] = "https://digilocker-gov-in.example/signin?state={state}"
    change(consent, stack, conversation, "SET #state = :s", s={"S": json.dumps(state)})
    page = requests.get(link, timeout=20)
    assert page.status_code == 410
    assert "digilocker-gov-in" not in page.text

    step, said = new_step(), {"is": "Say", "language": "en", "text": {"is": "Text", "key": "menu"}}
    entry = {"at": int(time.time()), "order": 1, "sealed": {}, "effects": [said]}
    change(
        consent,
        stack,
        conversation,
        f"SET person = :p, #state = :s, outbox.{step} = :e",
        p={"S": json.dumps({"user_id": user_id_of(stack, his.number)})},
        s={"S": json.dumps(state)},
        e={"S": json.dumps(entry)},
    )
    enqueue(consent, stack, {"conversation": conversation, "step": step})
    assert logged(stack, REFUSED, step)
    his.expect_silence(1)
    his.close()
    phone.close()
