"""Lists and files, with every flaw that a document may have, in both editions of the API."""

import time
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from standins.digilocker.documents import Flaw
from standins.digilocker.errors import ERRORS

ASHA, LAKSHMI, MOHAN, KAVITA = "ASHA VERMA", "LAKSHMI NARAYANAN", "MOHAN SINGH", "KAVITA JOSHI"
JOSEPH, MEERA, HARPREET = "JOSEPH MATHEW", "MEERA PILLAI", "HARPREET KAUR"


def test_the_list_has_the_documented_fields(stage: Any) -> None:
    body = stage.read("2/files/issued", stage.sign_in(ASHA)).get_json()
    assert set(body) == {"items", "resource"}
    licence = next(item for item in body["items"] if item["doctype"] == "DRVLC")
    assert licence == {
        "name": "Driving License",
        "type": "file",
        "size": "",
        "date": "22/03/2020",
        "parent": "",
        "mime": ["application/json", "application/xml", "application/pdf"],
        "uri": "in.gov.transport-DRVLC-DL0020200000001",
        "doctype": "DRVLC",
        "description": "Driving License",
        "issuerid": "in.gov.transport",
        "issuer": "Ministry of Road Transport and Highways",
    }


def test_the_first_edition_of_the_list_names_one_type(stage: Any) -> None:
    items = stage.read("1/files/issued", stage.sign_in(ASHA)).get_json()["items"]
    assert {item["mime"] for item in items} == {"application/pdf"}


def test_dates_and_types_come_in_other_shapes_too(stage: Any) -> None:
    lakshmi = stage.read("2/files/issued", stage.sign_in(LAKSHMI)).get_json()["items"]
    joseph = stage.read("2/files/issued", stage.sign_in(JOSEPH)).get_json()["items"]
    assert lakshmi[0]["date"] == "2012-04-09T15:50:38Z"
    assert lakshmi[0]["mime"][-1] == {"mime": "application/pdf"}
    assert joseph[0]["mime"] == "application/pdf"


def test_an_empty_locker_has_an_empty_list(stage: Any) -> None:
    token = stage.sign_in("RAVI KUMAR")
    assert stage.read("2/files/issued", token).get_json()["items"] == []
    assert stage.read("1/files/", token).get_json()["items"] == []


@pytest.mark.parametrize("path", ["1/user", "2/files/issued", "1/files/", "1/file/x", "1/xml/x"])
@pytest.mark.parametrize("token", ["", "0" * 40])
def test_nothing_is_read_without_a_good_token(lasting: Any, path: str, token: str) -> None:
    answer = lasting.read(path, token)
    assert answer.status_code == 401
    assert answer.get_json() == {"error": "invalid_token", "error_description": "The access token is invalid"}


def test_the_user_is_told_with_more_in_edition_2_4(staging: Any) -> None:
    old, new = staging(), staging(digilocker_version="2.4")
    assert old.read("1/user", old.sign_in(ASHA)).get_json()["dob"] == "01011992"
    assert "mobile" not in old.read("1/user", old.sign_in(ASHA)).get_json()
    assert new.read("1/user", new.sign_in(ASHA)).get_json()["mobile"] == "9000000001"


def test_every_document_of_the_rich_locker_comes_with_its_hash(stage: Any, right_hmac: Callable[[bytes], str]) -> None:
    token = stage.sign_in(ASHA)
    for item in stage.read("2/files/issued", token).get_json()["items"]:
        answer = stage.read(f"1/file/{item['uri']}", token)
        assert answer.status_code == 200
        assert answer.mimetype == "application/pdf"
        assert answer.data.startswith(b"%PDF-")
        assert answer.headers["hmac"] == right_hmac(answer.data)
        assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_the_hash_is_the_published_one(stage: Any, right_hmac: Callable[[bytes], str]) -> None:
    assert right_hmac(b"%PDF-1.4\nhello\n") == "fZuEz9Y+W4jeYK6k5EJSERQO1ZkRINjNr63bEmbNkB0="


def test_another_citizens_document_is_not_found(stage: Any) -> None:
    answer = stage.read(f"1/file/{stage.uri(MOHAN, 'PANCR')}", stage.sign_in(ASHA))
    assert (answer.status_code, answer.get_json()["error"]) == (404, "invalid_uri")


@pytest.mark.parametrize("kind", ["file", "xml"])
def test_a_missing_uri_is_told(stage: Any, kind: str) -> None:
    answer = stage.read(f"1/{kind}/", stage.sign_in(ASHA))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "uri_missing")


@pytest.mark.parametrize(
    ("doctype", "error", "old", "new"),
    [
        ("DRVLC", "repository_service_unresponsive", 500, 530),
        ("RVCER", "repository_service_inactive", 503, 530),
        ("SSCER", "repository_service_exception", 500, 530),
        ("SPCER", "repository_service_configerror", 500, 530),
        ("HSCER", "repository_service_resperror", 500, 530),
        ("TWIPC", "repository_service_unpublished", 503, 530),
        ("LICER", "invalid_uri", 404, 404),
    ],
)
def test_an_issuer_that_is_down_has_its_code_and_the_editions_status(
    staging: Any, doctype: str, error: str, old: int, new: int
) -> None:
    for version, status in (("1.x", old), ("2.4", new)):
        stage = staging(digilocker_version=version)
        token = stage.sign_in(MOHAN)
        answer = stage.read(f"1/file/{stage.uri(MOHAN, doctype)}", token)
        assert (answer.status_code, answer.get_json()["error"]) == (status, error)
        assert answer.get_json()["error_description"] == ERRORS[error][2]
        assert stage.read(f"1/file/{stage.uri(MOHAN, 'PANCR')}", token).status_code == 200


def test_a_document_that_is_not_shared_is_listed_but_refused(stage: Any) -> None:
    token = stage.sign_in(MEERA)
    uri = stage.uri(MEERA, "ADHAR")
    assert uri in [item["uri"] for item in stage.read("2/files/issued", token).get_json()["items"]]
    answer = stage.read(f"1/file/{uri}", token)
    assert (answer.status_code, answer.get_json()["error"]) == (403, "insufficient_scope")


@pytest.mark.parametrize("edition", ["2", "3"])
def test_the_data_of_an_aadhaar_card_comes_where_its_file_is_refused(stage: Any, edition: str) -> None:
    answer = stage.read(f"{edition}/xml/eaadhaar", stage.sign_in(MEERA))
    assert (answer.status_code, answer.content_type) == (200, "application/xml")
    meera = next(one for one in stage.world.citizens if one.name == MEERA)
    assert answer.data.startswith(b"<?xml")
    assert f'uid="xxxxxxxx{meera.aadhaar[-4:]}"'.encode() in answer.data
    assert meera.aadhaar.encode() not in answer.data
    assert answer.headers["hmac"]


def test_who_has_no_aadhaar_card_in_her_locker_is_told_so(stage: Any) -> None:
    answer = stage.read("3/xml/eaadhaar", stage.sign_in(ASHA))
    assert answer.get_json()["error"] == "aadhaar_not_linked"


@pytest.mark.parametrize(("doctype", "least"), [("DRVLC", 0.05), ("RVCER", 0.1)])
def test_the_slow_issuer_takes_its_time(stage: Any, doctype: str, least: float) -> None:
    token = stage.sign_in(KAVITA)
    before = time.monotonic()
    assert stage.read(f"1/file/{stage.uri(KAVITA, doctype)}", token).status_code == 200
    assert time.monotonic() - before >= least


class TestDamage:
    @pytest.fixture
    def fetch(self, stage: Any) -> Callable[[Flaw], Any]:
        token = stage.sign_in(JOSEPH)
        joseph = next(one for one in stage.world.citizens if one.name == JOSEPH)

        def fetch(flaw: Flaw) -> Any:
            uri = next(document.uri for document in joseph.issued if document.flaw is flaw)
            answer = stage.read(f"1/file/{uri}", token)
            assert answer.status_code == 200
            return answer

        return fetch

    def test_a_bad_hash_does_not_fit_a_good_pdf(
        self, fetch: Callable[[Flaw], Any], right_hmac: Callable[[bytes], str]
    ) -> None:
        answer = fetch(Flaw.BAD_HMAC)
        assert answer.data.startswith(b"%PDF-")
        assert answer.headers["hmac"] != right_hmac(answer.data)

    def test_a_hash_may_be_missing(self, fetch: Callable[[Flaw], Any]) -> None:
        assert "hmac" not in fetch(Flaw.NO_HMAC).headers

    def test_an_image_is_called_a_pdf_and_has_a_right_hash(
        self, fetch: Callable[[Flaw], Any], right_hmac: Callable[[bytes], str]
    ) -> None:
        answer = fetch(Flaw.IMAGE)
        assert answer.mimetype == "application/pdf"
        assert answer.data.startswith(b"\xff\xd8\xff")
        assert answer.headers["hmac"] == right_hmac(answer.data)

    def test_an_error_comes_as_json_or_as_a_page_with_status_200(self, fetch: Callable[[Flaw], Any]) -> None:
        assert fetch(Flaw.JSON_ERROR).get_json()["error"] == "unexpected_error"
        assert fetch(Flaw.HTML_ERROR).mimetype == "text/html"

    def test_a_document_is_cut_in_the_middle(self, fetch: Callable[[Flaw], Any]) -> None:
        answer = fetch(Flaw.TRUNCATED)
        assert 0 < len(answer.data) < int(answer.headers["Content-Length"])

    def test_a_document_has_no_bytes(self, fetch: Callable[[Flaw], Any]) -> None:
        assert fetch(Flaw.EMPTY).data == b""

    def test_a_document_is_too_large_and_another_just_not(
        self, fetch: Callable[[Flaw], Any], right_hmac: Callable[[bytes], str]
    ) -> None:
        assert len(fetch(Flaw.TOO_LARGE).data) > 10 * 1024 * 1024
        just_not = fetch(Flaw.LARGE)
        assert len(just_not.data) <= 10 * 1024 * 1024
        assert just_not.headers["hmac"] == right_hmac(just_not.data)


def test_a_token_revoked_in_the_middle_opens_the_list_and_one_file_only(stage: Any) -> None:
    token = stage.sign_in(HARPREET)
    uri = stage.uri(HARPREET, "PANCR")
    assert stage.read("2/files/issued", token).status_code == 200
    assert stage.read(f"1/file/{uri}", token).status_code == 200
    assert stage.read(f"1/file/{uri}", token).status_code == 401
    assert stage.read("2/files/issued", token).status_code == 401
    assert stage.read(f"1/file/{uri}", stage.sign_in(HARPREET)).status_code == 200


def test_a_document_without_a_pdf_can_be_had_as_xml_only(stage: Any, right_hmac: Callable[[bytes], str]) -> None:
    token = stage.sign_in(MEERA)
    uri = stage.uri(MEERA, "HVCER")
    assert stage.read(f"1/file/{uri}", token).status_code == 404
    answer = stage.read(f"1/xml/{uri}", token)
    assert answer.mimetype == "application/xml"
    assert answer.headers["hmac"] == right_hmac(answer.data)
    root = ET.fromstring(answer.data)  # noqa: S314 - our own words
    assert root.tag == "Certificate"
    assert root.attrib["issueDate"] == "03-02-2025"
    assert {child.tag for child in root} == {"IssuedBy", "IssuedTo", "CertificateData", "Signature"}


def test_files_she_uploaded_herself_lie_in_folders_and_can_be_fetched(
    stage: Any, right_hmac: Callable[[bytes], str]
) -> None:
    token = stage.sign_in(MEERA)
    root = stage.read("1/files/", token).get_json()
    assert [(item["name"], item["type"]) for item in root["items"]] == [
        ("Degree.pdf", "file"),
        ("Photo.jpg", "file"),
        ("Old papers", "dir"),
    ]
    inner = stage.read(f"1/files/{root['items'][2]['id']}", token).get_json()["items"]
    for item in (root["items"][0], inner[0]):
        answer = stage.read(f"1/file/{item['uri']}", token)
        assert answer.data.startswith(b"%PDF-")
        assert answer.headers["hmac"] == right_hmac(answer.data)
        assert item["size"] == str(len(answer.data))
    assert stage.read(f"1/file/{root['items'][1]['uri']}", token).mimetype == "image/jpeg"


def test_a_folder_that_does_not_exist_is_told(stage: Any) -> None:
    answer = stage.read("1/files/unknown", stage.sign_in(MEERA))
    assert (answer.status_code, answer.get_json()["error"]) == (404, "invalid_id")
