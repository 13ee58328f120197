"""Behind the scenes: the journal of calls, what the table holds, the first page of a PDF, faults under plain names."""

import hashlib
import hmac
import io
import json
from typing import Any

import pytest
from PIL import Image

from helpdesk.service.identity import conversation_id
from standins.backstage import Backstage, readable
from standins.journal import named_in
from standins.preview import WIDTH, first_page
from standins.transcripts import listed, transcript

ASHA = "919000000001"


def journal(stage: Any, number: str = ASHA) -> Any:
    stage.settle()
    return stage.client.get(f"/phones/{number}/journal").get_json()


class TestJournal:
    def test_a_webhook_is_kept_as_it_was_signed(self, heard: Any) -> None:
        heard.says("Hi")
        (entry,) = journal(heard)
        signed = hmac.new(b"app-secret", entry["body"].encode(), hashlib.sha256).hexdigest()
        assert (entry["kind"], entry["status"], entry["signature"]) == ("webhook", 200, f"sha256={signed}")

    def test_a_reply_is_kept_with_its_answer(self, heard: Any) -> None:
        heard.says()
        heard.text("hello")
        entry = next(one for one in journal(heard) if one["kind"] == "message")
        assert json.loads(entry["body"])["text"] == {"body": "hello"}
        assert "wamid" in entry["answer"]

    def test_what_concerns_another_phone_is_not_shown(self, heard: Any) -> None:
        heard.says("Hi", number="447700900123")
        heard.says("Hello")
        assert [json.loads(one["body"])["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"]
                for one in journal(heard)] == ["Hello"]  # fmt: skip

    def test_nothing_of_what_digilocker_is_sent_is_kept(self, stage: Any) -> None:
        stage.ask_code(dl_username="999999990019")
        (entry,) = journal(stage)
        assert entry["kind"] == "digilocker"
        assert "999999990019" not in json.dumps(entry)

    @pytest.mark.parametrize("identity", ["legacy", "2026", "username", "username-empty"])
    def test_statuses_are_hers_however_she_is_named(self, staging: Any, listener: Any, identity: str) -> None:
        stage = staging(webhook_url=f"{listener.url}/webhook", identity=identity)
        stage.says()
        stage.text()
        statuses = [one for one in journal(stage) if one["kind"] == "webhook" and "statuses" in one["body"]]
        assert len(statuses) == 3

    @pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"entry": []}', b'{"entry": [{"changes": [{"value": 1}]}]}'])
    def test_a_webhook_about_nobody_names_nobody(self, body: bytes) -> None:
        assert named_in(body) is None


class TestBackstage:
    def test_it_finds_a_conversation_by_the_id_that_the_help_desk_gives_it(self) -> None:
        backstage = Backstage(lambda _: None, "table", "pepper", "100000000000001", {})
        assert backstage.conversation_id("IN.1") == conversation_id("pepper", "100000000000001", "IN.1")

    def test_what_is_sealed_is_told_by_its_length(self) -> None:
        item = {"part": {"S": "state"}, "version": {"N": "3"}, "sealed": {"B": b"12345"}, "state": {"S": '{"a": 1}'}}
        assert readable(item) == {
            "part": "state",
            "version": 3,
            "sealed": "(sealed, 5 bytes)",
            "state": {"a": 1},
        }

    def test_the_runs_of_a_function_are_put_together_from_its_log(self) -> None:
        backstage = Backstage(lambda _: _Logs(), "table", "pepper", "1", {"webhook": "group"})
        shown = backstage.look("IN.1", since=0)
        (run,) = shown["runs"]
        assert (run["function"], run["request"], run["seconds"]) == ("webhook", "r1", 0.25)
        assert run["at"] == pytest.approx(99.85)
        assert [line["message"] for line in run["lines"]] == ["message"]
        assert shown["items"] == []

    def test_where_no_help_desk_runs_there_is_nothing_to_see(self, lasting: Any) -> None:
        assert lasting.client.get(f"/phones/{ASHA}/backstage").get_json() is None


class _Logs:
    """A log with one run for the conversation and one for another."""

    def query(self, **_: object) -> dict[str, Any]:
        return {"Items": []}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        hers = conversation_id("pepper", "1", "IN.1")
        lines = [
            (100_000, json.dumps({"message": "message", "conversation": hers, "function_request_id": "r1"})),
            (100_050, json.dumps({"message": "message", "conversation": "other", "function_request_id": "r2"})),
            (100_100, "REPORT RequestId: r1\tDuration: 250.00 ms\tBilled Duration: 251 ms"),
            (100_200, "{not JSON"),
        ]
        return [{"events": [{"timestamp": at, "message": text} for at, text in lines]}]


class TestSwitches:
    def switch(self, stage: Any, **wanted: bool) -> Any:
        shown = stage.client.post("/switches", json={name.replace("_", "-"): on for name, on in wanted.items()})
        return {one["name"] for one in shown.get_json() if one["on"]}

    def test_a_fault_stays_on_until_it_is_switched_off(self, stage: Any) -> None:
        assert self.switch(stage, digilocker_down=True) == {"digilocker-down"}
        for _ in range(3):
            assert stage.ask_code(dl_username="999999990019").status_code == 503
        assert self.switch(stage, digilocker_down=False) == set()
        assert stage.ask_code(dl_username="999999990019").status_code == 200

    def test_two_that_exclude_each_other_are_never_on_together(self, stage: Any) -> None:
        self.switch(stage, digilocker_down=True)
        assert self.switch(stage, digilocker_slow=True) == {"digilocker-slow"}
        assert self.switch(stage, digilocker_down=False) == {"digilocker-slow"}

    def test_a_reset_of_the_faults_is_seen(self, stage: Any) -> None:
        self.switch(stage, deliver_twice=True, link_refused=True)
        stage.client.delete("/faults")
        assert self.switch(stage) == set()

    def test_a_crash_can_be_had_only_where_functions_run(self, stage: Any) -> None:
        assert stage.client.post("/switches", json={"crash": True}).status_code == 400
        stage.world.switches.can_crash = True
        assert self.switch(stage, crash=True) == {"crash"}


class TestPreview:
    def test_it_is_the_first_page_as_a_picture(self, stage: Any) -> None:
        content = stage.world.citizens[0].issued[0].content()
        picture = first_page(content)
        assert picture is not None
        assert Image.open(io.BytesIO(picture)).width == pytest.approx(WIDTH, abs=1)

    @pytest.mark.parametrize("content", [b"", b"%PDF-1.7 and no more", b"<html>"])
    def test_what_is_no_pdf_has_none(self, content: bytes) -> None:
        assert first_page(content) is None


class TestTranscripts:
    def test_those_that_need_time_or_made_up_answers_cannot_be_replayed(self) -> None:
        playable = {one["name"]: one["playable"] for one in listed()}
        assert (playable["a_licence_in_english"], playable["silence"]) == (True, False)

    @pytest.mark.parametrize("name", ["none", "../chat", "README"])
    def test_nothing_but_a_transcript_is_given(self, name: str) -> None:
        assert transcript(name) is None
