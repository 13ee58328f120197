"""The HTTP face: phones, taps, faults, calls, the clock and the page."""

import re
from pathlib import Path
from typing import Any

import pytest

import standins
from standins.faults import HABITS

ASHA = "919000000001"
PAGE = Path(standins.__file__).parent / "page"


def menu(stage: Any, *titles: str) -> str:
    made = [{"type": "reply", "reply": {"id": f"menu:{title.lower()}", "title": title}} for title in titles]
    interactive = {"type": "button", "body": {"text": "Choose"}, "action": {"buttons": made}}
    return str(stage.send(type="interactive", interactive=interactive).get_json()["messages"][0]["id"])


def documents(stage: Any) -> str:
    rows = [{"id": "d1", "title": "1 PAN", "description": "PAN card"}, {"id": "d2", "title": "2 Licence"}]
    action = {"button": "Open", "sections": [{"title": "Issued", "rows": rows}]}
    interactive = {"type": "list", "body": {"text": "Choose"}, "action": action, "footer": {"text": "Page 1"}}
    return str(stage.send(type="interactive", interactive=interactive).get_json()["messages"][0]["id"])


def post(stage: Any, body: object, number: str = ASHA) -> Any:
    return stage.client.post(f"/phones/{number}/messages", json=body)


class TestPhones:
    def test_citizens_are_listed_with_what_they_are_good_for(self, stage: Any) -> None:
        citizens = stage.client.get("/citizens").get_json()
        asha, neha = citizens[0], next(one for one in citizens if one["name"] == "NEHA BORA")
        assert (asha["phone"], asha["name"], asha["aadhaar"]) == (ASHA, "ASHA VERMA", "999999990019")
        assert "Driving License" in asha["documents"]
        assert asha["good_for"]
        assert neha["on_aadhaar"] == {"name": "NEHA BARUA", "born": "14021996", "gender": "F"}

    def test_the_chat_is_told_from_any_index_on(self, stage: Any) -> None:
        for text in ("one", "two", "three"):
            stage.says(text)
        assert [message["text"] for message in stage.chat()] == ["one", "two", "three"]
        later = stage.client.get(f"/phones/+{ASHA}/messages?after=0").get_json()
        assert [(message["index"], message["text"]) for message in later] == [(1, "two"), (2, "three")]

    def test_any_phone_can_write(self, stage: Any) -> None:
        stage.says("Hi", number="447700900123")
        assert stage.chat("447700900123")[0]["text"] == "Hi"
        assert stage.chat() == []

    @pytest.mark.parametrize("number", ["12", "abc", "9190000000011111"])
    def test_what_is_no_number_is_told(self, lasting: Any, number: str) -> None:
        assert post(lasting, {"text": "Hi"}, number).status_code == 404

    @pytest.mark.parametrize("body", [{}, [], {"text": ""}, {"text": 7}, {"send": {}}, {"text": "x" * 4097}])
    def test_what_makes_no_sense_is_told(self, lasting: Any, body: object) -> None:
        assert post(lasting, body).status_code == 400

    def test_another_page_cannot_write_without_asking(self, stage: Any) -> None:
        answer = stage.client.post(f"/phones/{ASHA}/messages", data='{"text": "Hi"}', content_type="text/plain")
        assert answer.status_code == 400
        assert stage.chat() == []

    def test_a_body_of_any_kind_can_be_sent_and_its_own_id_wins(self, stage: Any) -> None:
        body = {"send": {"id": "wamid.same", "type": "image", "image": {"id": "1", "caption": "look"}}}
        assert post(stage, body).get_json()["id"] == "wamid.same"
        assert post(stage, body).get_json()["id"] == "wamid.same"
        (shown,) = stage.chat()
        assert (shown["type"], shown["text"]) == ("image", "look")

    def test_a_document_that_was_not_fetched_is_not_there(self, stage: Any) -> None:
        stage.says()
        assert stage.client.get(f"/phones/{ASHA}/documents/0").status_code == 404
        assert stage.client.get(f"/phones/{ASHA}/documents/9").status_code == 404


class TestTaps:
    def test_a_button_is_tapped_by_its_id_or_title(self, stage: Any) -> None:
        stage.says()
        wamid = menu(stage, "Yes", "No")
        for wanted in ("menu:no", "No"):
            assert post(stage, {"tap": wanted}).status_code == 202
            raw = stage.chat()[-1]["raw"]
            assert raw["type"] == "interactive"
            reply = {"id": "menu:no", "title": "No"}
            assert raw["interactive"] == {"type": "button_reply", "button_reply": reply}
            assert raw["context"] == {"from": "919013151515", "id": wamid}
            assert stage.chat()[-1]["text"] == "No"

    def test_a_row_is_tapped_with_its_description(self, stage: Any) -> None:
        stage.says()
        documents(stage)
        shown = stage.chat()[-1]
        assert shown["list"]["sections"][0]["rows"][1] == {"id": "d2", "title": "2 Licence", "description": ""}
        assert shown["footer"] == "Page 1"
        post(stage, {"tap": "d1"})
        reply = stage.chat()[-1]["raw"]["interactive"]["list_reply"]
        assert reply == {"id": "d1", "title": "1 PAN", "description": "PAN card"}
        post(stage, {"tap": "2 Licence"})
        assert stage.chat()[-1]["raw"]["interactive"]["list_reply"] == {"id": "d2", "title": "2 Licence"}

    def test_an_old_list_can_still_be_tapped_and_the_newest_of_equals_wins(self, stage: Any) -> None:
        stage.says()
        old = documents(stage)
        menu(stage, "Yes")
        post(stage, {"tap": "d1"})
        assert stage.chat()[-1]["raw"]["context"]["id"] == old
        new = documents(stage)
        post(stage, {"tap": "d1"})
        assert stage.chat()[-1]["raw"]["context"]["id"] == new

    def test_an_unknown_tap_is_answered_with_what_there_is(self, stage: Any) -> None:
        stage.says()
        menu(stage, "Yes", "No")
        answer = post(stage, {"tap": "Maybe"})
        assert answer.status_code == 404
        assert answer.get_json()["taps"] == [{"id": "menu:yes", "title": "Yes"}, {"id": "menu:no", "title": "No"}]

    def test_what_was_not_delivered_cannot_be_tapped(self, stage: Any) -> None:
        stage.says()
        stage.client.post("/faults", json={"whatsapp": {"delivery": {"error": 131026}}})
        menu(stage, "Yes")
        stage.settle()
        assert post(stage, {"tap": "Yes"}).status_code == 404


class TestFaults:
    def test_a_documented_error_holds_for_so_many_calls(self, stage: Any) -> None:
        stage.says()
        stage.client.post("/faults", json={"whatsapp": {"messages": {"error": 131016, "times": 2}}})
        assert stage.client.get("/faults").get_json()["whatsapp"]["messages"] == 2
        for _ in range(2):
            answer = stage.text()
            assert (answer.status_code, answer.get_json()["error"]["code"]) == (500, 131016)
        assert stage.text().status_code == 200

    def test_reading_has_a_switch_of_its_own(self, stage: Any) -> None:
        wamid = stage.says()["id"]
        stage.client.post("/faults", json={"whatsapp": {"read": {"error": 131000}}})
        assert stage.text().status_code == 200
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        assert stage.graph(read).status_code == 500
        assert stage.graph(read).status_code == 200

    @pytest.mark.parametrize(("version", "status"), [("1.x", 500), ("2.4", 530)])
    def test_a_documented_error_of_digilocker_has_the_editions_status(
        self, staging: Any, version: str, status: int
    ) -> None:
        stage = staging(digilocker_version=version)
        stage.client.post("/faults", json={"digilocker": {"issued": {"error": "partner_service_unresponsive"}}})
        token = stage.sign_in("ASHA VERMA")
        answer = stage.read("2/files/issued", token)
        assert (answer.status_code, answer.get_json()["error"]) == (status, "partner_service_unresponsive")
        assert stage.read("2/files/issued", token).status_code == 200

    def test_several_switches_are_used_up_in_order(self, stage: Any) -> None:
        page = {"status": 502, "body": "<html>Bad gateway</html>"}
        stage.client.post("/faults", json={"digilocker": {"code": [page, {"status": 400, "body": {"error": "x"}}]}})
        first, second = stage.ask_code(dl_username="x"), stage.ask_code(dl_username="x")
        assert (first.status_code, first.mimetype) == (502, "text/html")
        assert (second.status_code, second.get_json()) == (400, {"error": "x"})

    def test_a_call_may_take_effect_although_it_fails(self, stage: Any) -> None:
        stage.says()
        stage.client.post("/faults", json={"whatsapp": {"messages": {"status": 504, "body": "", "after": True}}})
        assert stage.text("did it arrive?").status_code == 504
        assert stage.chat()[-1]["text"] == "did it arrive?"

    def test_a_connection_may_be_dropped_before_or_after_the_effect(self, stage: Any) -> None:
        stage.says()
        for after, messages in ((False, 1), (True, 2)):
            stage.client.post("/faults", json={"whatsapp": {"messages": {"drop": True, "after": after}}})
            with pytest.raises(ConnectionAbortedError):
                stage.text()
            assert len(stage.chat()) == messages
        assert stage.client.get("/calls").get_json()[-1]["status"] is None

    def test_a_body_may_be_cut(self, stage: Any) -> None:
        stage.client.post("/faults", json={"digilocker": {"code": {"truncate": 5}}})
        answer = stage.ask_code(dl_username="999999990019")
        assert len(answer.data) == 5
        assert int(answer.headers["Content-Length"]) > 5

    def test_an_answer_may_come_in_another_wrapping(self, stage: Any) -> None:
        stage.client.post(
            "/faults", json={"digilocker": {"code": {"wrap": "in-details"}, "verify": {"wrap": "capitals"}}}
        )
        assert set(stage.ask_code(dl_username="999999990019").get_json()) == {"status", "details"}
        assert set(stage.verify().get_json()) == {"REGISTERED", "DIGILOCKERID"}
        refused = stage.client.post("/faults", json={"digilocker": {"code": {"wrap": "paper"}}})
        assert refused.status_code == 400
        assert "wrap is one of" in refused.get_data(as_text=True)

    def test_every_endpoint_of_a_service_can_be_struck_at_once(self, stage: Any) -> None:
        stage.client.post("/faults", json={"digilocker": {"*": {"status": 503, "times": 2}}})
        assert stage.ask_code(dl_username="999999990019").status_code == 503
        assert stage.verify().status_code == 503
        assert stage.verify().status_code == 200

    def test_a_reset_forgets_faults_and_flooding(self, stage: Any) -> None:
        for _ in range(7):
            stage.ask_code(dl_username="999999990019")
        stage.client.post("/faults", json={"digilocker": {"*": {"status": 503}}, "whatsapp": {"status_order": "none"}})
        shown = stage.client.delete("/faults").get_json()
        assert shown == {"digilocker": {}, "whatsapp": {"status_order": "in-order", **HABITS}}
        assert stage.ask_code(dl_username="999999990019").status_code == 200

    @pytest.mark.parametrize(
        ("faults", "words"),
        [
            ({"uidai": {}}, "services are digilocker, whatsapp"),
            ({"digilocker": {"files/issued": {}}}, "it has verify, code, "),
            ({"digilocker": {"file": {"stauts": 500}}}, "stauts"),
            ({"digilocker": {"file": {"times": 0}}}, "times is a whole number from 1"),
            ({"digilocker": {"file": {"times": "many"}}}, "not of its type"),
            ({"digilocker": {"file": 500}}, "a switch is an object"),
            ({"whatsapp": {"status_order": "random"}}, "status_order is one of"),
        ],
    )
    def test_an_unknown_switch_is_refused_and_sets_nothing(self, lasting: Any, faults: object, words: str) -> None:
        answer = lasting.client.post("/faults", json=faults)
        assert answer.status_code == 400
        assert words in answer.get_json()["error"]
        assert lasting.client.get("/faults").get_json()["digilocker"] == {}


class TestRecords:
    def test_calls_are_told_without_query_or_body(self, stage: Any) -> None:
        stage.client.get("/digilocker/public/oauth2/1/user?secret=1")
        stage.says()
        stage.text()
        calls = stage.client.get("/calls").get_json()
        assert [(call["method"], call["path"], call["status"]) for call in calls] == [
            ("GET", "/digilocker/public/oauth2/1/user", 401),
            ("POST", "/graph/v26.0/100000000000001/messages", 200),
        ]
        assert set(calls[0]) == {"at", "method", "path", "status"}
        assert stage.client.delete("/calls").get_json() == []

    def test_the_clock_can_be_moved_forward_only(self, stage: Any) -> None:
        before = stage.world.clock.now()
        assert stage.client.post("/clock", json={"advance": 100}).get_json()["now"] >= before + 100
        assert stage.client.post("/clock", json={"advance": -1}).status_code == 400
        assert stage.client.post("/clock", json={"advance": "soon"}).status_code == 400


class TestPage:
    def test_it_takes_nothing_from_elsewhere_and_runs_no_inline_script(self, lasting: Any) -> None:
        answer = lasting.client.get("/")
        policy = answer.headers["Content-Security-Policy"]
        assert answer.mimetype == "text/html"
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text)
        assert not re.search(r"\son\w+=|\sstyle=|https?://", answer.text)

    @pytest.mark.parametrize("name", ["page.css", "page.js", "icon.svg"])
    def test_its_parts_are_served(self, lasting: Any, name: str) -> None:
        assert f"/page/{name}" in lasting.client.get("/").text
        answer = lasting.client.get(f"/page/{name}")
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_nothing_else_is(self, lasting: Any) -> None:
        assert lasting.client.get("/page/../config.py").status_code == 404

    def test_nothing_is_put_in_as_markup(self) -> None:
        script = (PAGE / "page.js").read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)
