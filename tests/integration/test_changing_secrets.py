"""Secrets are changed while citizens write: old and new count at once, a refused one is read anew, nothing is lost."""

import json
from collections.abc import Iterator

import pytest
import requests

from helpdesk.storage.secrets import CACHE_SECONDS, REFRESH_SECONDS
from standins.phone import Phone
from standins.whatsapp.webhooks import signature
from tests.integration.desk import Desk, running_desk

NEW = "a-newer-secret"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk(hurried=True, otp_sends=10_000, pair_seconds=0.001) as running:
        yield running


@pytest.fixture(autouse=True)
def as_it_was(desk: Desk) -> Iterator[None]:
    yield
    desk.set_app_secrets(desk.config.app_secret)
    desk.set_verify_token(desk.config.verify_token)
    desk.set_access_token(desk.config.access_token)
    world = desk.simulator.world
    world.webhooks.app_secret, world.access_token = desk.config.app_secret, desk.config.access_token
    desk.pass_time(CACHE_SECONDS)


@pytest.fixture
def phone(desk: Desk) -> Phone:
    phone = desk.phone("ASHA VERMA")
    phone.catch_up()
    return phone


def posted(desk: Desk, secret: str) -> int:
    """Post a delivery without anything in it, signed so; give the answer."""
    body = json.dumps({"object": "whatsapp_business_account", "entry": []}).encode()
    headers = {"X-Hub-Signature-256": signature(secret, body)}
    return requests.post(desk.simulator.webhook_url or "", body, headers=headers, timeout=30).status_code


def verified(desk: Desk, token: str) -> int:
    """Ask for the challenge as Meta does; give the answer."""
    query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1"}
    return requests.get(desk.simulator.webhook_url or "", query, timeout=30).status_code


def test_a_new_app_secret_counts_beside_the_old_one_until_that_is_taken_out(desk: Desk, phone: Phone) -> None:
    old = desk.config.app_secret
    assert (posted(desk, old), posted(desk, NEW)) == (200, 401)

    desk.set_app_secrets(NEW, old)
    assert posted(desk, NEW) == 401  # looked at again a moment ago
    desk.pass_time(REFRESH_SECONDS)
    assert (posted(desk, NEW), posted(desk, old)) == (200, 200)

    # Changed at Meta: what she writes is signed with the new one, what is delivered again with the old.
    desk.simulator.world.webhooks.app_secret = NEW
    phone.say("Hi")
    phone.expect("Welcome")
    assert posted(desk, old) == 200

    desk.set_app_secrets(NEW)
    desk.pass_time(CACHE_SECONDS)
    assert (posted(desk, NEW), posted(desk, old)) == (200, 401)


def test_a_new_verify_token_counts_for_the_first_call_that_comes_with_it(desk: Desk) -> None:
    assert verified(desk, desk.config.verify_token) == 200
    desk.pass_time(REFRESH_SECONDS)  # it may just have read the secret again

    desk.set_verify_token(NEW)
    assert (verified(desk, NEW), verified(desk, desk.config.verify_token)) == (200, 403)


def test_a_new_access_token_is_fetched_with_the_first_refusal_and_no_reply_is_late(desk: Desk, phone: Phone) -> None:
    phone.say("Hi")
    phone.expect("Welcome")
    refused, held_back = desk.counted["WhatsApp_TokenRefused"], len(desk.pauses)
    desk.set_access_token(NEW)
    desk.simulator.world.access_token = NEW  # the old one is revoked at once

    phone.say("Hi")
    phone.expect("Welcome")

    # Within the same call: the refusal is neither an alarm nor a job that comes back.
    assert desk.counted["WhatsApp_TokenRefused"] == refused
    assert len(desk.pauses) == held_back
