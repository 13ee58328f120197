"""Sending: what is accepted, and the error body of everything that is not."""

import base64
from typing import Any

import pytest
from werkzeug.test import TestResponse

ASHA = "919000000001"


def error(answer: TestResponse, status: int = 400) -> tuple[int, str]:
    """Return code and message of an error body, after a look at its shape."""
    assert answer.status_code == status
    body = answer.get_json()["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= set(body)
    return body["code"], body.get("error_data", {}).get("details", body["message"])


def buttons(*titles: str, **more: Any) -> dict[str, Any]:
    made = [{"type": "reply", "reply": {"id": f"id-{n}", "title": title}} for n, title in enumerate(titles)]
    return {"type": "button", "body": {"text": "Choose"}, "action": {"buttons": made}, **more}


def rows(count: int, **more: str) -> list[dict[str, str]]:
    return [{"id": f"row-{n}", "title": f"Row {n}", **more} for n in range(count)]


def listing(*sections: dict[str, Any], button: str = "Open", body: str = "Choose", **more: Any) -> dict[str, Any]:
    return {"type": "list", "body": {"text": body}, "action": {"button": button, "sections": list(sections)}, **more}


def link(text: str = "Open", url: str = "https://example.com/", body: str = "Look") -> dict[str, Any]:
    return {
        "type": "cta_url",
        "body": {"text": body},
        "action": {"name": "cta_url", "parameters": {"display_text": text, "url": url}},
    }


@pytest.fixture
def open_stage(stage: Any) -> Any:
    """A stage on which Asha has just written."""
    stage.says()
    return stage


class TestAccepted:
    def test_a_text_is_answered_at_once_with_its_wamid(self, open_stage: Any) -> None:
        answer = open_stage.text("Namaste")
        body = answer.get_json()
        assert answer.status_code == 200
        assert body["messaging_product"] == "whatsapp"
        assert body["contacts"] == [{"input": "+919000000001", "wa_id": "919000000001"}]
        wamid = body["messages"][0]["id"]
        assert wamid.startswith("wamid.HBgM")
        assert ASHA.encode() in base64.b64decode(wamid.removeprefix("wamid."))

    def test_it_stands_in_the_chat_and_is_read_in_the_end(self, open_stage: Any) -> None:
        open_stage.text("Namaste")
        shown = open_stage.chat()[-1]
        assert (shown["from"], shown["text"], shown["status"]) == ("desk", "Namaste", "read")

    @pytest.mark.parametrize(
        "interactive",
        [
            buttons("Yes", "No", "x" * 20, footer={"text": "f" * 60}, header={"type": "text", "text": "h" * 60}),
            {**buttons("Yes"), "body": {"text": "b" * 1024}},
            listing({"rows": rows(10)}),
            listing(
                {"title": "t" * 24, "rows": rows(5)}, {"title": "B", "rows": [{"id": "z" * 200, "title": "t" * 24}]}
            ),
            listing({"rows": rows(1, description="d" * 72)}, button="b" * 20, body="b" * 1024),
            link("x" * 20),
            {
                "type": "location_request_message",
                "body": {"text": "Where?"},
                "action": {"name": "send_location"},
            },
            {
                "type": "flow",
                "body": {"text": "Fill in"},
                "action": {
                    "name": "flow",
                    "parameters": {"flow_message_version": "3", "flow_id": "1", "flow_cta": "Open", "flow_token": "t"},
                },
            },
        ],
    )
    def test_what_is_just_within_the_limits_passes(self, open_stage: Any, interactive: dict[str, Any]) -> None:
        flow = open_stage.world.flows.add("form", ("OTHER",))
        flow.id, open_stage.world.flows.by_id["1"] = "1", flow
        flow.published.append({})
        assert open_stage.send(type="interactive", interactive=interactive).status_code == 200

    def test_a_text_of_4096_passes_and_preview_may_be_asked_for(self, open_stage: Any) -> None:
        assert open_stage.send(type="text", text={"body": "x" * 4096, "preview_url": True}).status_code == 200

    def test_a_user_id_does_instead_of_a_number(self, open_stage: Any) -> None:
        user_id = open_stage.chat()[0]["raw"]["from_user_id"]
        answer = open_stage.graph(
            {"messaging_product": "whatsapp", "recipient": user_id, "type": "text", "text": {"body": "Hi"}}
        )
        assert answer.get_json()["contacts"] == [{"input": user_id, "user_id": user_id}]
        assert open_stage.chat()[-1]["text"] == "Hi"

    def test_a_number_goes_before_a_user_id(self, open_stage: Any) -> None:
        assert open_stage.text(recipient="IN.1").get_json()["contacts"][0]["wa_id"] == ASHA


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ({"type": "text", "text": {"body": "x" * 4097}}, 100, "text['body'] must be at most 4096 characters long."),
        ({"type": "text", "text": {"body": "😀" * 2049}}, 100, "text['body'] must be at most 4096 characters long."),
        ({"type": "text", "text": {"body": "  "}}, 100, "text['body'] is required"),
        ({"type": "text", "text": {}}, 100, "text['body'] is required"),
        ({"type": "text"}, 100, "text is required"),
        ({"type": "text", "text": {"body": "x", "preview_url": "yes"}}, 100, "preview_url"),
        (
            {"type": "text", "text": {"body": "x"}, "biz_opaque_callback_data": "x" * 513},
            100,
            "biz_opaque_callback_data",
        ),
        ({"type": "poll", "poll": {}}, 131051, "not currently supported"),
        ({"type": "reaction", "reaction": {"emoji": "x"}}, 100, "reaction['message_id']"),
        ({"type": "template", "template": {"name": "hello", "language": {"code": "en"}}}, 132001, "template"),
        ({"type": "template", "template": {"name": "hello"}}, 100, "template['language']"),
        ({"type": "document", "document": {"filename": "x.pdf"}}, 131008, "document['link'] or document['id']"),
        ({"type": "document", "document": {"link": "ftp://x"}}, 100, "not a valid URL"),
        ({"type": "document", "document": {"link": "https://x", "id": "1"}}, 131009, "not both"),
        ({"type": "document", "document": {"link": "https://x", "caption": "x" * 1025}}, 100, "document['caption']"),
        ({"type": "document", "document": {"id": "unknown"}}, 131009, "not the id of an uploaded media"),
        ({"type": "text", "text": {"body": "x"}, "recipient_type": "group"}, 100, "recipient_type"),
    ],
)
def test_a_message_beyond_a_limit_is_refused_with_metas_words(
    lasting: Any, message: dict[str, Any], code: int, words: str
) -> None:
    got, details = error(lasting.send(**message), 404 if code == 132001 else 400)
    assert got == code
    assert words in details
    assert len(lasting.chat()) == 1


@pytest.mark.parametrize(
    ("interactive", "words"),
    [
        (buttons(), "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"),
        (buttons("1", "2", "3", "4"), "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"),
        (buttons("x" * 21), "Button title length invalid. Min length: 1, Max length: 20"),
        (buttons(""), "Button title length invalid. Min length: 1, Max length: 20"),
        (buttons("😀" * 11), "Button title length invalid. Min length: 1, Max length: 20"),
        (buttons("Yes", "Yes"), "Button titles are not unique"),
        ({**buttons("Yes"), "body": {"text": "b" * 1025}}, "Body text length invalid. Min length: 1, Max length: 1024"),
        (buttons("Yes", footer={"text": "f" * 61}), "Footer text length invalid. Min length: 1, Max length: 60"),
        (buttons("Yes", footer={"text": ""}), "Footer text length invalid. Min length: 1, Max length: 60"),
        (buttons("Yes", header={"type": "text", "text": "h" * 61}), "Header text length invalid"),
        (buttons("Yes", header={"type": "audio", "audio": {"id": "1"}}), "Header type invalid"),
        (listing({"rows": rows(11)}), "Total row count exceed max allowed count: 10"),
        (
            listing(
                {"title": "A", "rows": rows(6)},
                {"title": "B", "rows": [{"id": f"b{n}", "title": "x"} for n in range(5)]},
            ),
            "Total row count exceed max allowed count: 10",
        ),
        (listing({"rows": rows(1, title="t" * 25)}), "Row title is too long. Max length is 24"),
        (listing({"rows": rows(1, title="")}), "Row title is required"),
        (listing({"rows": rows(1, description="d" * 73)}), "Row description is too long. Max length is 72"),
        (listing({"rows": rows(1, id="i" * 201)}), "Row id length invalid. Min length: 1, Max length: 200"),
        (listing({"rows": rows(2, id="same")}), "Row ids are not unique"),
        (listing({"rows": []}), "Section has no rows"),
        (listing(), "Invalid sections count"),
        (listing({"title": "A", "rows": rows(1)}, {"rows": rows(1, id="b")}), "Section title is required"),
        (listing({"title": "t" * 25, "rows": rows(1)}), "Section title is too long. Max length is 24"),
        (listing({"rows": rows(1)}, button="b" * 21), "List button length invalid. Min length: 1, Max length: 20"),
        (listing({"rows": rows(1)}, body="b" * 1025), "Body text length invalid. Min length: 1, Max length: 1024"),
        (listing({"rows": rows(1)}, header={"type": "document", "document": {"id": "1"}}), "only text is supported"),
        (link("x" * 21), "Display text length invalid. Min length: 1, Max length: 20"),
        (link(url="javascript:x"), "URL is not valid"),
        (link(body="b" * 1025), "Body text length invalid"),
        ({"type": "carousel", "body": {"text": "x"}, "action": {}}, "Interactive type is not supported"),
    ],
)
def test_an_interactive_message_beyond_a_limit_is_refused_with_metas_words(
    lasting: Any, interactive: dict[str, Any], words: str
) -> None:
    code, details = error(lasting.send(type="interactive", interactive=interactive))
    assert code == 131009
    assert words in details


def test_two_buttons_may_not_share_an_id(open_stage: Any) -> None:
    same = [{"type": "reply", "reply": {"id": "same", "title": title}} for title in ("Yes", "No")]
    interactive = {"type": "button", "body": {"text": "?"}, "action": {"buttons": same}}
    assert error(open_stage.send(type="interactive", interactive=interactive)) == (131009, "Button ids are not unique")


def test_lists_may_say_more_where_the_higher_limit_holds(staging: Any) -> None:
    stage = staging(list_body_limit=4096)
    stage.says()
    assert stage.send(type="interactive", interactive=listing({"rows": rows(1)}, body="b" * 4096)).status_code == 200


class TestWhoAndWhereTo:
    @pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer other"}, {"Authorization": "access-token"}])
    def test_a_bad_token_is_190(self, lasting: Any, header: dict[str, str]) -> None:
        answer = lasting.client.post("/graph/v26.0/100000000000001/messages", json={}, headers=header)
        assert error(answer, 401)[0] == 190
        assert answer.get_json()["error"]["type"] == "OAuthException"
        assert "WWW-Authenticate" in answer.headers

    def test_a_wrong_phone_number_id_is_100_with_subcode_33(self, lasting: Any) -> None:
        answer = lasting.client.post(
            "/graph/v26.0/999/messages", json={}, headers={"Authorization": "Bearer access-token"}
        )
        body = answer.get_json()["error"]
        assert (answer.status_code, body["code"], body["error_subcode"]) == (400, 100, 33)
        assert "'999'" in body["message"]

    def test_a_path_without_a_version_is_refused(self, lasting: Any) -> None:
        answer = lasting.client.post(
            "/graph/latest/100000000000001/messages", json={}, headers={"Authorization": "Bearer access-token"}
        )
        assert error(answer)[0] == 2500

    @pytest.mark.parametrize("body", [{}, [], {"messaging_product": "telegram"}])
    def test_the_product_must_be_named(self, lasting: Any, body: object) -> None:
        assert "messaging_product" in error(lasting.graph(body))[1]

    def test_somebody_must_be_named(self, lasting: Any) -> None:
        answer = lasting.graph({"messaging_product": "whatsapp", "type": "text", "text": {"body": "x"}})
        assert error(answer) == (100, "(#100) The parameter to is required.")

    def test_a_number_without_a_plus_gets_the_country_code_and_is_not_reached(self, open_stage: Any) -> None:
        answer = open_stage.text(to=ASHA)
        assert answer.get_json()["contacts"] == [{"input": ASHA, "wa_id": f"91{ASHA}"}]
        assert len(open_stage.chat()) == 1

    def test_signs_between_digits_do_not_matter(self, open_stage: Any) -> None:
        assert open_stage.text(to="+91 90000-00001").get_json()["contacts"][0]["wa_id"] == ASHA
        assert open_stage.text(to="90000 00001").get_json()["contacts"][0]["wa_id"] == ASHA

    def test_letters_are_no_number(self, lasting: Any) -> None:
        assert error(lasting.text(to="+asha"))[0] == 131009

    def test_the_own_number_is_refused(self, lasting: Any) -> None:
        assert error(lasting.text(to="+919013151515"))[0] == 131021

    def test_a_test_number_reaches_its_list_only(self, staging: Any) -> None:
        stage = staging(allowed_recipients=("919000000002",))
        stage.says()
        assert error(stage.text())[0] == 131030

    def test_user_ids_are_unknown_in_the_old_days(self, staging: Any) -> None:
        stage = staging(identity="legacy")
        answer = stage.graph(
            {"messaging_product": "whatsapp", "recipient": "IN.1", "type": "text", "text": {"body": "x"}}
        )
        assert error(answer)[0] == 100

    def test_some_templates_need_a_number(self, open_stage: Any) -> None:
        template = {"name": "otp", "language": {"code": "en"}, "category": "authentication"}
        message = {"messaging_product": "whatsapp", "recipient": "IN.1", "type": "template", "template": template}
        assert error(open_stage.graph(message))[0] == 131062


class TestRates:
    def test_the_window_is_closed_to_whom_never_wrote(self, stage: Any) -> None:
        assert error(stage.text())[0] == 131047

    def test_the_window_closes_24_hours_after_her_last_message(self, open_stage: Any) -> None:
        open_stage.world.clock.advance(24 * 3600 - 5)
        assert open_stage.text().status_code == 200
        open_stage.world.clock.advance(10)
        assert error(open_stage.text())[0] == 131047
        open_stage.says("Hi again")
        assert open_stage.text().status_code == 200

    def test_the_window_counts_from_the_messages_own_time(self, stage: Any) -> None:
        old = str(int(stage.world.clock.now()) - 25 * 3600)
        late = {"send": {"type": "text", "text": {"body": "Hi"}, "timestamp": old}}
        stage.client.post(f"/phones/{ASHA}/messages", json=late)
        assert error(stage.text())[0] == 131047

    def test_a_burst_of_45_to_one_person_and_then_one_in_six_seconds(self, open_stage: Any) -> None:
        for _ in range(45):
            assert open_stage.text().status_code == 200
        code, details = error(open_stage.text())
        assert code == 131056
        assert "to the same" in details
        open_stage.says("Hi", number="919000000002")
        assert open_stage.text(to="+919000000002").status_code == 200
        open_stage.world.clock.advance(6)
        assert open_stage.text().status_code == 200
        assert error(open_stage.text())[0] == 131056

    def test_80_a_second_in_and_out_together(self, staging: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        stage = staging(throughput=5)
        now = [1_800_000_000.0]
        monkeypatch.setattr(stage.world.clock, "now", lambda: now[0])
        stage.says()
        for _ in range(4):
            assert stage.text().status_code == 200
        assert error(stage.text())[0] == 130429
        now[0] += 1
        assert stage.text().status_code == 200

    def test_rate_limits_may_come_as_403(self, staging: Any) -> None:
        stage = staging(rate_limit_status=403, pair_burst=1)
        stage.says()
        stage.text()
        assert error(stage.text(), 403)[0] == 131056


class TestReadAndTyping:
    def mark(self, stage: Any, wamid: str, **more: Any) -> TestResponse:
        answer = stage.graph({"messaging_product": "whatsapp", "status": "read", "message_id": wamid, **more})
        assert isinstance(answer, TestResponse)
        return answer

    def test_reading_marks_earlier_messages_too(self, stage: Any) -> None:
        stage.says("one")
        second = stage.says("two")["id"]
        stage.says("three")
        assert self.mark(stage, second).get_json() == {"success": True}
        assert [message["status"] == "read" for message in stage.chat()] == [True, True, False]

    def test_typing_shows_until_the_reply_or_25_seconds(self, stage: Any) -> None:
        wamid = stage.says()["id"]
        typing = {"typing_indicator": {"type": "text"}}
        assert self.mark(stage, wamid, **typing).status_code == 200
        assert stage.client.get(f"/phones/{ASHA}").get_json()["typing"] is True
        stage.text()
        assert stage.client.get(f"/phones/{ASHA}").get_json()["typing"] is False
        self.mark(stage, wamid, **typing)
        stage.world.clock.advance(25)
        assert stage.client.get(f"/phones/{ASHA}").get_json()["typing"] is False

    def test_an_unknown_message_cannot_be_read(self, open_stage: Any) -> None:
        own = open_stage.text().get_json()["messages"][0]["id"]
        assert error(self.mark(open_stage, "wamid.x"))[0] == 131009
        assert error(self.mark(open_stage, own))[0] == 131009

    def test_a_message_of_last_month_cannot_be_read(self, stage: Any) -> None:
        wamid = stage.says()["id"]
        stage.world.clock.advance(30 * 24 * 3600 + 1)
        assert error(self.mark(stage, wamid))[0] == 131009

    def test_there_is_one_kind_of_typing(self, stage: Any) -> None:
        assert error(self.mark(stage, stage.says()["id"], typing_indicator={"type": "audio"}))[0] == 131009
