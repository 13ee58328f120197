"""Uploads, and links that are fetched after the 200."""

import io
import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from standins.whatsapp import limits

ASHA = "919000000001"
PDF = b"%PDF-1.4\nspecimen\n"
BEARER = {"Authorization": "Bearer access-token"}


def upload(stage: Any, content: bytes = PDF, media_type: str = "application/pdf", **form: Any) -> TestResponse:
    given = {"messaging_product": "whatsapp", "file": (io.BytesIO(content), "x.pdf", media_type), **form}
    answer = stage.client.post("/graph/v26.0/100000000000001/media", data=given, headers=BEARER)
    assert isinstance(answer, TestResponse)
    return answer


def code(answer: TestResponse) -> int:
    return int(answer.get_json()["error"]["code"])


class TestUploads:
    def test_an_uploaded_pdf_can_be_sent_looked_up_fetched_and_deleted(self, stage: Any) -> None:
        stage.says()
        media_id = upload(stage).get_json()["id"]
        document = {"id": media_id, "filename": "Licence.pdf"}
        assert stage.send(type="document", document=document).status_code == 200
        shown = stage.chat()[-1]["document"]
        assert (shown["filename"], shown["size"], shown["media_type"]) == ("Licence.pdf", len(PDF), "application/pdf")
        assert stage.client.get(shown["url"]).data == PDF

        told = stage.client.get(f"/graph/v26.0/{media_id}", headers=BEARER).get_json()
        assert (told["mime_type"], told["file_size"], told["id"]) == ("application/pdf", len(PDF), media_id)
        assert stage.client.get(told["url"]).status_code == 401
        assert stage.client.get(told["url"], headers=BEARER).data == PDF

        assert stage.client.delete(f"/graph/v26.0/{media_id}", headers=BEARER).get_json() == {"success": True}
        assert code(stage.client.get(f"/graph/v26.0/{media_id}", headers=BEARER)) == 100
        assert code(stage.send(type="document", document=document)) == 131009

    def test_a_url_lives_five_minutes_and_a_media_thirty_days(self, stage: Any) -> None:
        media_id = upload(stage).get_json()["id"]
        url = stage.client.get(f"/graph/v26.0/{media_id}", headers=BEARER).get_json()["url"]
        stage.world.clock.advance(300)
        assert stage.client.get(url, headers=BEARER).status_code == 404
        stage.world.clock.advance(30 * 24 * 3600)
        assert code(stage.client.get(f"/graph/v26.0/{media_id}", headers=BEARER)) == 100

    def test_another_type_is_refused_and_the_right_ones_are_listed(self, stage: Any) -> None:
        answer = upload(stage, media_type="application/zip")
        assert code(answer) == 100
        assert "application/pdf" in answer.get_json()["error"]["message"]

    @pytest.mark.parametrize(
        "form", [{"messaging_product": ""}, {"file": (io.BytesIO(b""), "x.pdf", "application/pdf")}]
    )
    def test_what_is_missing_is_refused(self, stage: Any, form: dict[str, Any]) -> None:
        assert code(upload(stage, **form)) == 100

    def test_a_file_may_not_be_larger_than_its_kind(self, stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        assert limits.MEDIA_TYPES["image"]["image/png"] == 5 * 1024 * 1024
        assert limits.MEDIA_TYPES["document"]["application/pdf"] == 100 * 1024 * 1024
        monkeypatch.setitem(limits.MEDIA_TYPES["image"], "image/png", 10)
        assert upload(stage, b"x" * 10, "image/png").status_code == 200
        assert code(upload(stage, b"x" * 11, "image/png")) == 131053

    def test_a_document_cannot_be_an_image(self, stage: Any) -> None:
        stage.says()
        media_id = upload(stage, media_type="image/png").get_json()["id"]
        assert code(stage.send(type="document", document={"id": media_id})) == 131009


class TestLinks:
    def send(self, stage: Any, url: str) -> Any:
        assert stage.send(type="document", document={"link": url, "filename": "x.pdf"}).status_code == 200
        return stage.chat()[-1]

    @pytest.fixture
    def open_stage(self, stage: Any) -> Any:
        stage.says()
        return stage

    def test_a_link_is_fetched_anonymously_and_shown(self, open_stage: Any, listener: Any) -> None:
        listener.otherwise = (200, "application/pdf", PDF)
        shown = self.send(open_stage, f"{listener.url}/x.pdf?signed=1")
        assert shown["status"] == "read"
        assert open_stage.client.get(shown["document"]["url"]).data == PDF
        method, path, headers, _ = listener.received[0]
        assert (method, path) == ("GET", "/x.pdf?signed=1")
        assert "Authorization" not in headers

    def test_a_link_in_a_header_is_fetched_too(self, open_stage: Any, listener: Any) -> None:
        listener.otherwise = (200, "application/pdf", PDF)
        interactive = {
            "type": "button",
            "header": {"type": "document", "document": {"link": f"{listener.url}/x.pdf", "filename": "Licence.pdf"}},
            "body": {"text": "Here it is"},
            "action": {"buttons": [{"type": "reply", "reply": {"id": "done", "title": "Done"}}]},
        }
        assert open_stage.send(type="interactive", interactive=interactive).status_code == 200
        shown = open_stage.chat()[-1]
        assert shown["document"]["filename"] == "Licence.pdf"
        assert shown["buttons"] == [{"id": "done", "title": "Done"}]
        answer = open_stage.client.get(shown["document"]["url"])
        assert answer.data == PDF
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_the_same_link_is_served_from_the_cache_for_ten_minutes(self, open_stage: Any, listener: Any) -> None:
        listener.otherwise = (200, "application/pdf", PDF)
        self.send(open_stage, f"{listener.url}/x.pdf")
        listener.otherwise = (200, "application/pdf", b"%PDF-other")
        again = self.send(open_stage, f"{listener.url}/x.pdf")
        assert open_stage.client.get(again["document"]["url"]).data == PDF
        assert len(listener.received) == 1
        open_stage.world.clock.advance(600)
        later = self.send(open_stage, f"{listener.url}/x.pdf")
        assert open_stage.client.get(later["document"]["url"]).data == b"%PDF-other"

    @pytest.mark.parametrize("status", [302, 403, 404, 500, 503])
    def test_a_link_that_is_not_answered_with_200_fails_later_with_131053(
        self, open_stage: Any, listener: Any, status: int
    ) -> None:
        listener.otherwise = (status, "application/pdf", PDF)
        shown = self.send(open_stage, f"{listener.url}/x.pdf")
        assert shown["status"] == "failed"
        assert shown["error"]["code"] == 131053
        assert shown["error"]["error_data"]["details"] == (
            f"Downloading media from weblink failed with http code {status}"
        )
        assert shown["document"]["url"] is None
        assert len(listener.received) == 1

    def test_a_failure_is_not_cached(self, open_stage: Any, listener: Any) -> None:
        listener.answers = [(500, "text/plain", b"")]
        listener.otherwise = (200, "application/pdf", PDF)
        assert self.send(open_stage, f"{listener.url}/x.pdf")["status"] == "failed"
        assert self.send(open_stage, f"{listener.url}/x.pdf")["status"] == "read"

    def test_a_link_of_the_wrong_type_fails(self, open_stage: Any, listener: Any) -> None:
        listener.otherwise = (200, "text/html", b"<html>")
        shown = self.send(open_stage, f"{listener.url}/x.pdf")
        assert shown["error"]["code"] == 131053
        assert "text/html" in shown["error"]["error_data"]["details"]

    @pytest.mark.usefixtures("socket_enabled")
    def test_a_link_that_nobody_answers_fails(self, open_stage: Any) -> None:
        shown = self.send(open_stage, "http://127.0.0.1:1/x.pdf")
        assert shown["error"]["code"] == 131053

    def test_the_failure_is_told_in_a_webhook(self, heard: Any, listener: Any) -> None:
        heard.says()
        listener.answers = [(404, "text/plain", b"")]
        heard.send(type="document", document={"link": f"{listener.url}/gone.pdf"}, biz_opaque_callback_data="send-1")
        heard.settle()
        value = json.loads(listener.bodies()[-1])["entry"][0]["changes"][0]["value"]
        (status,) = value["statuses"]
        assert (status["status"], status["biz_opaque_callback_data"]) == ("failed", "send-1")
        assert status["errors"][0]["code"] == 131053
        assert value["contacts"] == [{"wa_id": ASHA}]

    def test_a_fetch_that_fails_can_be_asked_for(self, open_stage: Any, listener: Any) -> None:
        open_stage.client.post("/faults", json={"whatsapp": {"fetch": {"status": 500}}})
        assert self.send(open_stage, f"{listener.url}/x.pdf")["error"]["code"] == 131053
        assert listener.received == []
