"""Webhooks: escapes, signature, identity, statuses and persistence."""

import hashlib
import hmac
import json
import re
from typing import Any

import pytest

from standins.background import Background
from standins.faults import Faults
from standins.whatsapp.business import Business
from standins.whatsapp.webhooks import Webhooks, encode, signature

ASHA = "919000000001"


def values(listener: Any) -> list[dict[str, Any]]:
    return [json.loads(body)["entry"][0]["changes"][0]["value"] for body in listener.bodies()]


def statuses(listener: Any) -> list[str]:
    return [value["statuses"][0]["status"] for value in values(listener) if "statuses" in value]


class TestOnTheWire:
    def test_the_signature_is_the_published_one(self) -> None:
        assert signature("It's a Secret to Everybody", b"Hello, World!") == (
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        )

    def test_meta_escapes_letters_and_a_few_signs(self) -> None:
        assert encode({"t": "नä/<%@>"}, escape=True) == b'{"t":"\\u0928\\u00e4\\/\\u003C\\u0025\\u0040>"}'

    @pytest.mark.parametrize("text", ["a\\/b", "\\", "/\\/", "%5C/", "😀", '"', "<@%>", "\\u0040"])
    def test_escapes_change_nothing_of_what_is_said(self, text: str) -> None:
        assert json.loads(encode({"t": text}, escape=True)) == {"t": text}

    def test_it_can_be_left_out(self) -> None:
        assert encode({"t": "न/"}, escape=False) == '{"t":"न/"}'.encode()

    def test_the_bytes_that_are_sent_are_the_ones_that_are_signed(self, heard: Any, listener: Any) -> None:
        heard.says("नमस्ते / hello@example")
        method, path, headers, body = listener.received[0]
        assert (method, path, headers["Content-Type"]) == ("POST", "/webhook", "application/json")
        assert headers["X-Hub-Signature-256"] == f"sha256={hmac.new(b'app-secret', body, hashlib.sha256).hexdigest()}"
        assert body.isascii()
        assert b"\\/ hello\\u0040example" in body

    def test_the_frame_is_metas(self, heard: Any, listener: Any) -> None:
        heard.says("Hi")
        body = json.loads(listener.bodies()[0])
        assert body["object"] == "whatsapp_business_account"
        (change,) = body["entry"][0]["changes"]
        assert change["field"] == "messages"
        assert change["value"]["metadata"] == {
            "display_phone_number": "919013151515",
            "phone_number_id": "100000000000001",
        }
        (message,) = change["value"]["messages"]
        assert (message["type"], message["text"]) == ("text", {"body": "Hi"})
        assert re.fullmatch(r"\d{10}", message["timestamp"])

    def test_a_thousand_updates_fit_in_one_post(self, heard: Any, listener: Any) -> None:
        one = {"messages": [{"id": "wamid.x", "type": "text", "text": {"body": "Hi"}}]}
        assert heard.world.webhooks.deliver(*[one] * 1000) == 200
        assert len(json.loads(listener.bodies()[0])["entry"][0]["changes"]) == 1000

    @pytest.mark.parametrize(("answer", "verified"), [("", False), ("wrong", False)])
    def test_a_url_that_does_not_repeat_the_challenge_is_not_verified(
        self, heard: Any, listener: Any, answer: str, verified: bool
    ) -> None:
        listener.otherwise = (200, "text/plain", answer.encode())
        assert heard.world.webhooks.verify() is verified
        assert "hub.mode=subscribe" in listener.received[0][1]
        assert "hub.verify_token=verify-token" in listener.received[0][1]


class TestIdentity:
    @pytest.mark.parametrize(
        ("identity", "of_message", "of_contact"),
        [
            ("legacy", {"from": ASHA}, {"wa_id": ASHA}),
            ("2026", {"from": ASHA, "from_user_id": "U"}, {"wa_id": ASHA, "user_id": "U"}),
            ("username", {"from_user_id": "U"}, {"user_id": "U"}),
            ("username-empty", {"from": "", "from_user_id": "U"}, {"wa_id": "", "user_id": "U"}),
        ],
    )
    def test_a_person_is_named_as_configured(
        self, staging: Any, listener: Any, identity: str, of_message: dict[str, str], of_contact: dict[str, str]
    ) -> None:
        stage = staging(identity=identity, webhook_url=listener.url)
        stage.says()
        value = values(listener)[0]
        user_id = stage.world.phones.at(ASHA).user_id
        message = {key: value for key, value in value["messages"][0].items() if key.startswith("from")}
        contact = {key: value for key, value in value["contacts"][0].items() if key != "profile"}
        assert message == {key: user_id if value == "U" else value for key, value in of_message.items()}
        assert contact == {key: user_id if value == "U" else value for key, value in of_contact.items()}
        assert re.fullmatch(r"IN\.\d{17}", user_id)
        assert value["contacts"][0]["profile"]["name"] == "Asha Verma"

    def test_the_profile_may_be_missing(self, heard: Any, listener: Any) -> None:
        heard.client.post("/faults", json={"whatsapp": {"bare_contacts": True}})
        heard.says()
        assert "profile" not in values(listener)[0]["contacts"][0]

    def test_a_system_message_has_no_contacts(self, heard: Any, listener: Any) -> None:
        system = {"type": "system", "system": {"type": "user_changed_number", "body": "changed"}}
        heard.client.post(f"/phones/{ASHA}/messages", json={"send": system})
        assert "contacts" not in values(listener)[0]

    def test_a_person_without_a_number_can_be_answered_by_her_user_id(self, staging: Any, listener: Any) -> None:
        stage = staging(identity="username", webhook_url=listener.url)
        stage.says()
        user_id = values(listener)[0]["messages"][0]["from_user_id"]
        stage.graph({"messaging_product": "whatsapp", "recipient": user_id, "type": "text", "text": {"body": "Hi"}})
        stage.settle()
        (first, *_) = [value["statuses"][0] for value in values(listener) if "statuses" in value]
        assert first["recipient_user_id"] == user_id
        assert "recipient_id" not in first


class TestStatuses:
    def test_sent_delivered_and_read_come_in_order_and_say_whose_they_are(self, heard: Any, listener: Any) -> None:
        heard.says()
        wamid = heard.text(biz_opaque_callback_data="send-7").get_json()["messages"][0]["id"]
        heard.settle()
        assert statuses(listener) == ["sent", "delivered", "read"]
        status = values(listener)[1]["statuses"][0]
        assert (status["id"], status["recipient_id"], status["biz_opaque_callback_data"]) == (wamid, ASHA, "send-7")
        assert "conversation" not in status

    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            ("reversed", ["read", "delivered", "sent"]),
            ("duplicated", ["sent", "sent", "delivered", "delivered", "read", "read"]),
            ("skip-delivered", ["sent", "read"]),
            ("none", []),
        ],
    )
    def test_they_may_come_otherwise(self, heard: Any, listener: Any, order: str, expected: list[str]) -> None:
        heard.client.post("/faults", json={"whatsapp": {"status_order": order}})
        heard.says()
        heard.text()
        heard.settle()
        assert statuses(listener) == expected

    def test_the_chat_never_goes_back(self, heard: Any) -> None:
        heard.client.post("/faults", json={"whatsapp": {"status_order": "reversed"}})
        heard.says()
        heard.text()
        assert heard.chat()[-1]["status"] == "read"

    def test_a_status_may_come_before_the_call_returns(self, heard: Any, listener: Any) -> None:
        heard.client.post("/faults", json={"whatsapp": {"status_order": "early"}})
        heard.says()
        heard.text()
        assert statuses(listener)[:2] == ["sent", "delivered"]

    def test_a_number_with_its_country_code_twice_is_undeliverable(self, heard: Any, listener: Any) -> None:
        heard.says()
        heard.text(to=ASHA)
        heard.settle()
        (status,) = values(listener)[-1]["statuses"]
        assert (status["status"], status["errors"][0]["code"]) == ("failed", 131026)
        assert status["recipient_id"] == f"91{ASHA}"

    def test_a_closed_window_may_come_as_a_status(self, staging: Any, listener: Any) -> None:
        stage = staging(window_refusal="status", webhook_url=listener.url)
        assert stage.text().status_code == 200
        shown = stage.chat()[-1]
        assert (shown["status"], shown["error"]["code"]) == ("failed", 131047)

    def test_any_failure_can_be_asked_for(self, heard: Any) -> None:
        heard.client.post("/faults", json={"whatsapp": {"delivery": {"error": 131026}}})
        heard.says()
        heard.text()
        heard.settle()
        heard.text()
        assert [message["status"] for message in heard.chat()[1:]] == ["failed", "read"]


class TestPersistence:
    def test_what_is_not_answered_with_200_comes_again_with_the_same_bytes(self, heard: Any, listener: Any) -> None:
        listener.answers = [(500, "text/plain", b""), (201, "text/plain", b"")]
        assert heard.says()["delivered"] == 500
        heard.settle()
        assert len(listener.bodies()) == 3
        assert len(set(listener.bodies())) == 1
        assert len({headers["X-Hub-Signature-256"] for _, _, headers, _ in listener.received}) == 1

    def test_it_ends_after_the_last_gap(self, heard: Any, listener: Any) -> None:
        listener.otherwise = (503, "text/plain", b"")
        heard.says()
        heard.settle()
        assert len(listener.bodies()) == 1 + len(heard.world.config.retry_gaps)

    def test_gaps_grow(self, usual: Any) -> None:
        gaps = type(usual).__dataclass_fields__["retry_gaps"].default
        assert gaps[0] == 0
        assert sorted(set(gaps)) == list(gaps)

    def test_it_ends_when_the_simulator_closes(self, staging: Any, listener: Any) -> None:
        stage = staging(webhook_url=listener.url, retry_gaps=(60.0,))
        listener.otherwise = (503, "text/plain", b"")
        stage.says()
        stage.world.close()
        assert stage.world.background.settle(1)
        assert len(listener.bodies()) == 1

    @pytest.mark.usefixtures("socket_enabled")
    def test_nobody_answering_is_told_apart_from_a_refusal(self, staging: Any) -> None:
        stage = staging(webhook_url="http://127.0.0.1:1/", retry_gaps=())
        answer = stage.client.post(f"/phones/{ASHA}/messages", json={"text": "Hi"})
        assert (answer.status_code, answer.get_json()["delivered"]) == (202, None)

    def test_a_200_may_be_followed_by_a_duplicate_all_the_same(self, heard: Any, listener: Any) -> None:
        heard.client.post("/faults", json={"whatsapp": {"webhook": {"duplicate": 2}}})
        heard.says()
        heard.settle()
        assert len(listener.bodies()) == 3
        assert len(set(listener.bodies())) == 1

    def test_a_webhook_may_be_lost(self, heard: Any, listener: Any) -> None:
        heard.client.post("/faults", json={"whatsapp": {"webhook": {"lost": True}}})
        assert heard.says()["delivered"] is None
        assert listener.received == []

    def test_a_redirect_is_no_200(self, usual: Any, listener: Any) -> None:
        background = Background()
        webhooks = Webhooks(usual, background, Faults(), Business())
        webhooks.url = listener.url
        listener.otherwise = (302, "text/plain", b"")
        assert webhooks.deliver_bytes(b"{}") == 302
        background.close()
