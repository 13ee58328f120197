"""What an operator sets up at Meta: the stand-in answers as Meta's references say."""

import hashlib
import hmac
from typing import Any

import pytest
from werkzeug.test import TestResponse

APP, WABA, NUMBER = "100000000000003", "100000000000002", "100000000000001"
USER = {"Authorization": "Bearer access-token"}
OWN = {"Authorization": f"Bearer {APP}|app-secret"}


def get(stage: Any, path: str, headers: dict[str, str] = USER, **query: str) -> TestResponse:
    answer: TestResponse = stage.client.get(f"/graph/{path}", query_string=query, headers=headers)
    return answer


def code(answer: TestResponse) -> int:
    return int(answer.get_json()["error"]["code"])


def test_the_health_of_a_number_names_the_app_and_the_account(stage: Any) -> None:
    health = get(stage, f"v26.0/{NUMBER}", fields="health_status").get_json()["health_status"]
    assert {one["entity_type"]: one["id"] for one in health["entities"]} == {
        "PHONE_NUMBER": NUMBER,
        "WABA": WABA,
        "BUSINESS": "100000000000004",
        "APP": APP,
    }
    assert "health_status" not in get(stage, f"v26.0/{NUMBER}").get_json()


def test_an_app_that_is_not_live_is_blocked_and_gets_no_messages(stage: Any, listener: Any) -> None:
    stage.world.webhooks.url = listener.url
    stage.world.business.app_live = False
    health = get(stage, f"v26.0/{NUMBER}", fields="health_status").get_json()["health_status"]
    assert {one["entity_type"]: one["can_send_message"] for one in health["entities"]}["APP"] == "BLOCKED"
    stage.says()
    assert listener.received == []


def test_an_account_without_a_payment_method_is_blocked_and_replies_beyond_the_free_ones_vanish(
    staging: Any, listener: Any
) -> None:
    stage = staging(free_messages=0, webhook_url=listener.url)
    stage.client.post("/faults", json={"whatsapp": {"payment_method": False}})
    health = get(stage, f"v26.0/{NUMBER}", fields="health_status").get_json()["health_status"]
    (account,) = (one for one in health["entities"] if one["entity_type"] == "WABA")
    assert (health["can_send_message"], account["errors"][0]["error_code"]) == ("BLOCKED", 141006)

    stage.says()
    assert stage.text().status_code == 200
    stage.settle()
    assert len(listener.received) == 1  # what she said, and no status


def test_an_account_without_the_app_sends_it_nothing_until_it_is_subscribed(stage: Any, listener: Any) -> None:
    stage.world.webhooks.url = listener.url
    stage.world.business.account_subscribed = False
    assert get(stage, f"v26.0/{WABA}/subscribed_apps").get_json() == {"data": []}
    stage.says()
    assert listener.received == []

    assert stage.client.post(f"/graph/v26.0/{WABA}/subscribed_apps", headers=USER).get_json() == {"success": True}
    (app,) = get(stage, f"v26.0/{WABA}/subscribed_apps").get_json()["data"]
    assert app["whatsapp_business_api_data"]["id"] == APP
    stage.says()
    assert len(listener.received) == 1


def test_the_account_is_not_for_a_token_that_only_sends(stage: Any) -> None:
    stage.world.business.scopes = ("whatsapp_business_messaging",)
    answer = get(stage, f"v26.0/{WABA}/subscribed_apps")
    assert (answer.status_code, code(answer)) == (403, 200)


def test_a_webhook_is_saved_once_it_has_answered_the_challenge(stage: Any, listener: Any) -> None:
    form = {
        "object": "whatsapp_business_account",
        "callback_url": listener.url,
        "verify_token": "verify-token",
        "fields": "messages,account_update",
    }
    # It does not know the challenge.
    refused = stage.client.post(f"/graph/v26.0/{APP}/subscriptions", data=form, headers=OWN)
    assert (refused.status_code, code(refused)) == (400, 2200)
    assert "hub.verify_token=verify-token" in listener.received[0][1]
    assert get(stage, f"v26.0/{APP}/subscriptions", OWN).get_json() == {"data": []}

    stage.world.webhooks.verify = lambda url, token: (url, token) == (listener.url, "verify-token")
    assert stage.client.post(f"/graph/v26.0/{APP}/subscriptions", data=form, headers=OWN).status_code == 200
    (saved,) = get(stage, f"v26.0/{APP}/subscriptions", OWN).get_json()["data"]
    assert (saved["object"], saved["callback_url"], saved["active"]) == (form["object"], listener.url, True)
    assert [one["name"] for one in saved["fields"]] == ["messages", "account_update"]


@pytest.mark.parametrize("left_out", ["object", "callback_url", "verify_token", "fields"])
def test_a_subscription_needs_all_of_its_fields(stage: Any, left_out: str) -> None:
    form = {"object": "whatsapp_business_account", "callback_url": "u", "verify_token": "t", "fields": "messages"}
    del form[left_out]
    assert code(stage.client.post(f"/graph/v26.0/{APP}/subscriptions", data=form, headers=OWN)) == 100


@pytest.mark.parametrize("path", [f"v26.0/{APP}/subscriptions", "v26.0/debug_token"])
def test_what_an_app_does_in_its_own_name_needs_its_secret(stage: Any, path: str) -> None:
    assert code(get(stage, path)) == 190
    assert get(stage, path, OWN).status_code == 200


def test_a_token_is_told_apart_from_one_that_is_over(stage: Any) -> None:
    def asked(token: str) -> Any:
        return get(stage, "v26.0/debug_token", OWN, input_token=token).get_json()["data"]

    assert (asked("access-token")["is_valid"], asked("access-token")["expires_at"]) == (True, 0)
    assert asked("another")["is_valid"] is False
    stage.world.business.token_expires_at = int(stage.world.clock.now()) - 1
    assert asked("access-token")["is_valid"] is False
    assert code(stage.text()) == 190


@pytest.mark.parametrize(
    ("region", "storage"),
    [
        ("IN", {"status": "IN_COUNTRY_STORAGE_ENABLED", "data_localization_region": "IN"}),
        (None, {"status": "DEFAULT"}),
    ],
)
def test_the_numbers_settings_say_where_content_rests(stage: Any, region: str | None, storage: object) -> None:
    stage.world.business.storage_region = region
    assert get(stage, f"v26.0/{NUMBER}/settings").get_json() == {"storage_configuration": storage}


@pytest.mark.parametrize(("asked", "answered"), [("v26.0", "v26.0"), ("v21.0", "v21.0"), ("v9.0", "v20.0")])
def test_a_version_that_is_over_is_answered_by_the_oldest(stage: Any, asked: str, answered: str) -> None:
    assert get(stage, f"{asked}/{NUMBER}").headers["facebook-api-version"] == answered


def test_a_version_that_is_not_there_yet_is_unknown(stage: Any) -> None:
    assert code(get(stage, f"v27.0/{NUMBER}")) == 2500


@pytest.mark.parametrize("path", ["1/settings", "1/subscribed_apps", "1/subscriptions"])
def test_what_is_somebody_elses_is_not_there(stage: Any, path: str) -> None:
    headers = OWN if path.endswith("subscriptions") else USER
    assert code(get(stage, f"v26.0/{path}", headers)) == 100


def test_a_proof_is_checked_where_it_is_given_and_demanded_where_the_app_demands_it(stage: Any) -> None:
    right = hmac.new(b"app-secret", b"access-token", hashlib.sha256).hexdigest()
    assert get(stage, f"v26.0/{NUMBER}", appsecret_proof=right).status_code == 200
    assert code(get(stage, f"v26.0/{NUMBER}", appsecret_proof="0" * 64)) == 100
    assert get(stage, f"v26.0/{NUMBER}").status_code == 200

    stage.world.business.requires_proof = True
    assert code(get(stage, f"v26.0/{NUMBER}")) == 100
    assert get(stage, f"v26.0/{NUMBER}", appsecret_proof=right).status_code == 200
