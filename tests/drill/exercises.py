"""The faults of the drill: each is put into a running local stack, and taken out again."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count

import requests

from standins.local_stack import LocalStack, citizens
from standins.phone import Phone
from standins.whatsapp.webhooks import signature

REREAD_SECONDS = 31
"""Functions look at a secret that does not fit once in half a minute."""
_PATIENCE_SECONDS = 200
"""What has failed is tried again after 1, 4, 16 and 60 seconds, each up to a quarter longer."""
_NUMBERS = count(1)

type Strike = Callable[[LocalStack], AbstractContextManager[None]]


@dataclass(frozen=True)
class Exercise:
    """`alarm`: its logical id. `fault`: in words. `cause`: what the chapter's first command has to show of it."""

    alarm: str
    fault: str
    cause: str
    strike: Strike


def _phone(stack: LocalStack) -> Phone:
    """Return a phone with a number of its own, for the citizen with a rich locker."""
    phone = Phone(stack.chat_url, f"9190008{next(_NUMBERS):05d}", citizens(stack.chat_url)[0]["mobile"])
    phone.catch_up()
    return phone


def _number_asked_for(stack: LocalStack) -> Phone:
    phone = _phone(stack)
    phone.say("Hi")
    phone.expect("Welcome")
    for tapped, answered in (
        ("DigiLocker Services", "account?"),
        ("Yes", "Do you agree?"),
        ("I agree", "Aadhaar number"),
    ):
        phone.tap(tapped)
        phone.expect(answered)
    return phone


@contextmanager
def _secret(stack: LocalStack, output: str, **fields: object) -> Iterator[None]:
    """Change fields of a secret."""
    manager, arn = stack.client("secretsmanager"), stack.outputs[output]
    before = manager.get_secret_value(SecretId=arn)["SecretString"]
    manager.put_secret_value(SecretId=arn, SecretString=json.dumps(json.loads(before) | fields))
    try:
        yield
    finally:
        manager.put_secret_value(SecretId=arn, SecretString=before)


def _posted(stack: LocalStack, body: bytes, secret: str = "") -> int:
    headers = {"X-Hub-Signature-256": signature(secret or stack.config.app_secret, body)}
    return requests.post(stack.webhook_url, body, headers=headers, timeout=30).status_code


def _until_answered(stack: LocalStack, status: int) -> None:
    """Post an empty delivery until it is answered so. Raises TimeoutError."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _posted(stack, b'{"object": "whatsapp_business_account", "entry": []}') != status:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the webhook did not answer {status}")
        time.sleep(1)


@contextmanager
def empty_app_secrets(stack: LocalStack) -> Iterator[None]:
    """Somebody has emptied a field, and the function looks at the secret as it was called with a wrong signature."""
    with _secret(stack, "WebhookSecretArn", app_secrets=[]):
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while _posted(stack, b"{}", "a guess") != requests.codes.service_unavailable:
            if time.monotonic() > deadline:
                raise TimeoutError("the webhook did not notice that its secret is empty")
            time.sleep(1)
        yield
    _until_answered(stack, requests.codes.ok)


@contextmanager
def malformed(stack: LocalStack) -> Iterator[None]:
    """Meta signs what is no JSON object."""
    _posted(stack, b"<html>")
    yield


@contextmanager
def _revoked(stack: LocalStack) -> Iterator[None]:
    world = stack.simulator.world
    before, world.access_token = world.access_token, "another"
    try:
        yield
    finally:
        world.access_token = before


@contextmanager
def refused_token(stack: LocalStack) -> Iterator[None]:
    """Somebody has revoked the access token at Meta."""
    phone = _phone(stack)
    with _revoked(stack):
        phone.say("Hi")
        yield
    phone.expect("Welcome", within=_PATIENCE_SECONDS)


@contextmanager
def empty_access_token(stack: LocalStack) -> Iterator[None]:
    """The token is revoked, and so the function looks at the secret, in which there is none any more."""
    time.sleep(REREAD_SECONDS)  # the exercise before may just have had it look
    phone = _phone(stack)
    with _secret(stack, "OutboundSecretArn", whatsapp_access_token=""), _revoked(stack):
        phone.say("Hi")
        yield
    phone.expect("Welcome", within=_PATIENCE_SECONDS)


def refused(code: int) -> Strike:
    """Return the fault that WhatsApp refuses a reply with that code."""

    @contextmanager
    def strike(stack: LocalStack) -> Iterator[None]:
        stack.simulator.world.faults.set({"whatsapp": {"messages": {"error": code}}})
        _phone(stack).say("Hi")
        yield
        stack.simulator.world.faults.reset()

    return strike


@contextmanager
def refused_client(stack: LocalStack) -> Iterator[None]:
    """DigiLocker has disabled the client."""
    phone = _number_asked_for(stack)
    stack.simulator.world.faults.set({"digilocker": {"*": {"error": "invalid_client_id", "times": 9}}})
    phone.say(citizens(stack.chat_url)[0]["aadhaar"])
    yield
    stack.simulator.world.faults.reset()


def denied(role: str, action: str) -> Strike:
    """Return the fault that a function's role lacks a right."""

    @contextmanager
    def strike(stack: LocalStack) -> Iterator[None]:
        iam, name = stack.client("iam"), stack.physical_id(role)
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="drill", PolicyDocument=json.dumps(document))
        phone = _phone(stack)
        phone.say("Hi")
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=name, PolicyName="drill")
        phone.expect("Welcome", within=_PATIENCE_SECONDS)

    return strike


@contextmanager
def foreign_recipient(stack: LocalStack) -> Iterator[None]:
    """Somebody who can write to table and queue has work done in the name of another person."""
    phone = _phone(stack)
    phone.say("Hi")
    phone.expect("Welcome")
    table, name = stack.client("dynamodb"), stack.outputs["ConversationsTableName"]
    states = (item for item in table.scan(TableName=name)["Items"] if item["part"]["S"] == "state")
    (state,) = (item for item in states if phone.number in item["person"]["S"])
    entry = {"at": int(time.time()), "order": 99, "sealed": {}, "effects": [{"is": "SetTimer", "seconds": 60}]}
    table.update_item(
        TableName=name,
        Key={"conversation": state["conversation"], "part": state["part"]},
        UpdateExpression="SET person = :person, outbox.drill = :entry, version = version + :one",
        ExpressionAttributeValues={
            ":person": {"S": json.dumps({"phone": "919000899999"})},
            ":entry": {"S": json.dumps(entry)},
            ":one": {"N": "1"},
        },
    )
    identity = state["conversation"]["S"]
    stack.client("sqs").send_message(
        QueueUrl=stack.outputs["WorkQueueUrl"],
        MessageBody=json.dumps({"conversation": identity, "step": "drill"}),
        MessageGroupId=identity,
        MessageDeduplicationId=uuid.uuid4().hex,
    )
    yield


_UNDELIVERED = "a reply was refused"
EXERCISES = (
    Exercise("MalformedDeliveriesAlarm", "Meta signs what is no JSON object", "not readable", malformed),
    Exercise("WhatsAppBlockedAlarm", "WhatsApp has blocked the account", f"{_UNDELIVERED}.* 368", refused(368)),
    Exercise("WhatsAppSetupAlarm", "there is no payment method", f"{_UNDELIVERED}.* 131042", refused(131042)),
    Exercise("WhatsAppMessageAlarm", "WhatsApp refuses a message", f"{_UNDELIVERED}.* 131009", refused(131009)),
    Exercise("WhatsAppTokenAlarm", "the access token is revoked", "refuses the access token", refused_token),
    Exercise("DigiLockerRefusesAlarm", "DigiLocker has disabled the client", "invalid_client_id", refused_client),
    Exercise(
        "WebhookDeniedAlarm",
        "the webhook may not queue",
        "webhook .*AccessDenied",
        denied("WebhookRole", "sqs:*"),
    ),
    Exercise(
        "DocumentDeniedAlarm",
        "the document function may not use the table",
        "document .*AccessDenied",
        denied("DocumentRole", "dynamodb:*"),
    ),
    Exercise("ForeignWorkAlarm", "a conversation names another person", "belongs to somebody else", foreign_recipient),
    Exercise("OutboundSecretAlarm", "there is no access token", "empty: whatsapp_access_token", empty_access_token),
    Exercise("WebhookSecretAlarm", "there is no app secret", "empty: app_secrets", empty_app_secrets),
)
