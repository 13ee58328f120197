"""Secrets are changed on the deployed help desk, which goes on answering."""

import json
import secrets
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from simulator.local_stack import LocalStack
from simulator.whatsapp.webhooks import signature
from tests.end_to_end.conftest import Citizen, new_phone
from tests.end_to_end.phone import Phone
from tests.integration.desk import change_secret

READ_AGAIN_SECONDS = 60
"""How long a function goes by a secret that it has just read, at least."""


@pytest.fixture(autouse=True)
def as_it_was(stack: LocalStack, citizen: Citizen) -> Iterator[None]:
    yield
    manager, config, world = stack.client("secretsmanager"), stack.config, stack.simulator.world
    change_secret(manager, stack.outputs["WebhookSecretArn"], app_secrets=[config.app_secret])
    change_secret(manager, stack.outputs["OutboundSecretArn"], whatsapp_access_token=config.access_token)
    world.webhooks.app_secret, world.access_token = config.app_secret, config.access_token
    # The tests behind these find functions that go by the old secrets again.
    soon(lambda: posted(stack, config.app_secret) == 200)
    visitor = new_phone(stack.chat_url, citizen)
    visitor.say("Hi")
    visitor.expect("Welcome", within=READ_AGAIN_SECONDS + 60)
    visitor.close()


def posted(stack: LocalStack, secret: str) -> int:
    body = json.dumps({"object": "whatsapp_business_account", "entry": []}).encode()
    headers = {"X-Hub-Signature-256": signature(secret, body)}
    return requests.post(stack.webhook_url, body, headers=headers, timeout=30).status_code


def soon(condition: Callable[[], bool]) -> None:
    """Wait until the functions have read a secret again."""
    deadline = time.monotonic() + READ_AGAIN_SECONDS + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(1)


def test_calls_signed_with_the_old_or_the_new_app_secret_are_taken(stack: LocalStack, phone: Phone) -> None:
    old, new = stack.config.app_secret, secrets.token_hex(16)
    assert posted(stack, old) == 200

    change_secret(stack.client("secretsmanager"), stack.outputs["WebhookSecretArn"], app_secrets=[new, old])
    soon(lambda: posted(stack, new) == 200)
    assert [posted(stack, secret) for secret in (old, new, "guessed")] == [200, 200, 401]

    stack.simulator.world.webhooks.app_secret = new
    phone.say("Hi")
    phone.expect("Welcome")
    assert posted(stack, old) == 200


def test_a_new_access_token_is_fetched_when_whatsapp_refuses_the_old_one(stack: LocalStack, phone: Phone) -> None:
    phone.say("Hi")
    phone.expect("Welcome")
    token = secrets.token_urlsafe(48)
    change_secret(stack.client("secretsmanager"), stack.outputs["OutboundSecretArn"], whatsapp_access_token=token)
    stack.simulator.world.access_token = token

    # Kept if it is refused, and sent at the latest when the secret may be read again.
    phone.say("Hi")
    phone.expect("Welcome", within=READ_AGAIN_SECONDS + 60)
