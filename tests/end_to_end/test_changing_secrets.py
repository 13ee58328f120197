"""Secrets are changed on the deployed help desk, which goes on answering."""

import json
import secrets
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from standins.local_stack import LocalStack
from standins.whatsapp.webhooks import signature
from tests.end_to_end.phone import Phone
from tests.integration.desk import change_secret

READ_AGAIN_SECONDS = 30
"""How long a function goes by a secret that does not fit, at the most: it has just looked at it for another call."""


@pytest.fixture
def as_it_was(stack: LocalStack) -> Iterator[None]:
    """Take the new app secret back. Functions that still know it know the old one as well, so nothing is waited for."""
    yield
    app_secret = stack.config.app_secret
    change_secret(stack.client("secretsmanager"), stack.outputs["WebhookSecretArn"], app_secrets=[app_secret])
    stack.simulator.world.webhooks.app_secret = app_secret


def posted(stack: LocalStack, secret: str) -> int:
    body = json.dumps({"object": "whatsapp_business_account", "entry": []}).encode()
    headers = {"X-Hub-Signature-256": signature(secret, body)}
    return requests.post(stack.webhook_url, body, headers=headers, timeout=30).status_code


def soon(condition: Callable[[], bool]) -> None:
    """Wait until a function has read a secret again: at once, unless it has been called with a wrong one lately."""
    deadline = time.monotonic() + READ_AGAIN_SECONDS + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(1)


@pytest.mark.usefixtures("as_it_was")
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

    # Read again with the refusal, within the same call. The tests behind this one go by the new token.
    phone.say("Hi")
    phone.expect("Welcome")
