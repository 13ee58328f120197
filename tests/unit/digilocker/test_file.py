"""Fetching a document: checked, bounded, unaltered."""

import hashlib
import hmac
import json
import tracemalloc
from base64 import b64encode

import pytest

from helpdesk.digilocker.client import MAX_FILE, DigiLockerClient
from helpdesk.digilocker.errors import (
    Damaged,
    InvalidToken,
    InvalidUri,
    NotAPdf,
    RepositoryMisconfigured,
    RepositoryUnresponsive,
    TooLarge,
    Unintelligible,
    Unreachable,
)
from helpdesk.errors import DigiLockerError
from tests.unit.raw_server import RawServer, http

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

SECRET = "test-secret"
TOKEN = "a" * 40
URI = "in.gov.transport-DRVLC-DL0920110000001"
PDF = b"%PDF-1.4\nhello\n"
PDF_MAC = "fZuEz9Y+W4jeYK6k5EJSERQO1ZkRINjNr63bEmbNkB0="


def client(url: str, *, file_timeout: float = 2.0) -> DigiLockerClient:
    return DigiLockerClient(url, "1.x", lambda: "TESTCLIENT", lambda: SECRET, file_timeout=file_timeout)


def mac(content: bytes) -> str:
    return b64encode(hmac.new(SECRET.encode(), content, hashlib.sha256).digest()).decode()


def file(content: bytes, *, length: int | None = None, signature: str | None = None) -> bytes:
    headers = ["Content-Type: application/pdf", f"hmac: {mac(content) if signature is None else signature}"]
    return http(content, *headers, length=length)


def fetch(answer: bytes, *, uri: str = URI) -> bytes:
    with RawServer([answer]) as server:
        return client(server.url).file(TOKEN, uri, 5)


def refusal(answer: bytes) -> DigiLockerError:
    with pytest.raises(DigiLockerError) as caught:
        fetch(answer)
    assert not any(hidden in f"{caught.value!s}{caught.value!r}" for hidden in (SECRET, TOKEN, URI, "127.0.0.1"))
    return caught.value


def test_the_published_vector_is_accepted_and_passed_on_unaltered() -> None:
    assert mac(PDF) == PDF_MAC
    assert fetch(file(PDF, signature=PDF_MAC)) == PDF


def test_a_file_in_chunks_without_a_length_is_read_to_its_end() -> None:
    chunks = b"4\r\n%PDF\r\nb\r\n-1.4\nhello\n\r\n0\r\n\r\n"

    assert fetch(http(chunks, "Transfer-Encoding: chunked", f"hmac: {PDF_MAC}", length=-1)) == PDF


@pytest.mark.parametrize(
    "signature", ["", "AAAA", PDF_MAC[:-2], PDF_MAC.lower(), mac(PDF + b" "), "é", hashlib.sha256(PDF).hexdigest()]
)
def test_a_wrong_hmac_is_a_damaged_document(signature: str) -> None:
    assert type(refusal(file(PDF, signature=signature))) is Damaged


def test_without_an_hmac_a_document_counts_as_damaged() -> None:
    assert type(refusal(http(PDF, "Content-Type: application/pdf"))) is Damaged


def test_a_file_that_ends_too_soon_is_no_document() -> None:
    assert type(refusal(file(PDF, length=len(PDF) + 1))) is Unreachable
    assert type(refusal(http(PDF[:-1], f"hmac: {PDF_MAC}", length=-1))) is Damaged


@pytest.mark.parametrize("before", [b"", b"\n", b"\xef\xbb\xbf", b"x" * (1024 - 5)])
def test_the_mark_of_a_pdf_may_stand_in_the_first_1024_bytes(before: bytes) -> None:
    assert fetch(file(before + PDF)) == before + PDF


@pytest.mark.parametrize(
    "content",
    [b"\xff\xd8\xff\xe0" + b"\x00" * 5000, b"\x89PNG\r\n", b"%PDF", b"%pdf-1.4", b"x" * (1024 - 4) + PDF, b"[1, 2]"],
)
def test_another_format_is_no_pdf_whatever_the_content_type_says(content: bytes) -> None:
    assert type(refusal(file(content))) is NotAPdf


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", Unintelligible),
        (b'{"error": ', Unintelligible),
        (b'{"message": "x"}', Unintelligible),
        (b"<html>down</html>", Unintelligible),
        (b'{"error": "brand_new"}', Unintelligible),
        (b'{"error": "invalid_token"}', InvalidToken),
        (b'{"error": "repository_service_inactive"}', RepositoryMisconfigured),
    ],
)
def test_an_error_that_comes_as_a_success_is_an_error(content: bytes, kind: type[DigiLockerError]) -> None:
    assert type(refusal(http(content, "Content-Type: application/json"))) is kind


AADHAAR = b'<?xml version="1.0"?><Certificate><CertificateData><KycRes ret="Y"/></CertificateData></Certificate>'


def eaadhaar(answer: bytes) -> bytes:
    with RawServer([answer]) as server:
        return client(server.url).eaadhaar(TOKEN, 5)


def test_the_data_of_the_aadhaar_card_is_passed_on_unaltered() -> None:
    with RawServer([file(AADHAAR)]) as server:
        assert client(server.url).eaadhaar(TOKEN, 5) == AADHAAR
    (request,) = server.requests
    assert request.startswith(b"GET /public/oauth2/3/xml/eaadhaar HTTP/1.1")
    assert f"Authorization: Bearer {TOKEN}".encode() in request


@pytest.mark.parametrize(
    "content",
    [
        b'<KycRes code="1" ret="Y"><UidData uid="xxxxxxxx0019"/></KycRes>',
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- e-Aadhaar -->\n<KycRes>',
        b"<UidData>",
        b"<OfflinePaperlessKyc referenceId='1'>",
        b"<ns2:Certificate xmlns:ns2='x'>",
        b"<Certificate>",
    ],
)
def test_the_data_of_the_aadhaar_card_may_have_each_of_its_elements_as_its_root(content: bytes) -> None:
    assert eaadhaar(file(content)) == content


@pytest.mark.parametrize("content", [b"<html><KycResult/></html>", b"<Certificates/>", b"<error/>"])
def test_other_markup_is_no_data_of_an_aadhaar_card(content: bytes) -> None:
    with pytest.raises(Unintelligible):
        eaadhaar(file(content))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (file(AADHAAR, signature=mac(AADHAAR + b" ")), Damaged),
        (http(AADHAAR, "Content-Type: application/xml"), Damaged),
        (file(PDF), NotAPdf),
        (http(b"<html>down</html>", "Content-Type: text/html"), Unintelligible),
        (http(b'{"error": "aadhaar_not_linked"}', "Content-Type: application/json"), InvalidUri),
        (http(b'{"error": "invalid_token"}', status="401 Unauthorized"), InvalidToken),
    ],
)
def test_what_is_not_the_data_of_an_aadhaar_card_is_told(answer: bytes, kind: type[DigiLockerError]) -> None:
    with pytest.raises(kind) as caught:
        eaadhaar(answer)
    assert type(caught.value) is kind


def test_ten_megabytes_pass_and_one_byte_more_does_not_with_or_without_a_length() -> None:
    whole = PDF + b"x" * (MAX_FILE - len(PDF))

    assert len(fetch(file(whole))) == MAX_FILE == 10_485_760
    assert type(refusal(file(whole + b"x"))) is TooLarge
    assert type(refusal(file(whole + b"x", length=-1))) is TooLarge


def test_a_length_above_the_limit_is_believed_before_anything_is_read() -> None:
    with RawServer([file(PDF, length=11 * 1024 * 1024), 4.0]) as server:
        with pytest.raises(TooLarge):
            client(server.url).file(TOKEN, URI, 5)

        assert server.steps < 2


def test_a_file_that_trickles_is_given_up_when_its_time_is_over() -> None:
    pulse: list[bytes | float] = [b"x", 0.05]
    script: list[bytes | float] = [file(PDF, length=5_000), *(pulse * 100)]

    with RawServer(script) as server:
        with pytest.raises(Unreachable):
            client(server.url, file_timeout=0.4).file(TOKEN, URI, 30)

        assert 2 < server.steps < len(script)
        assert len(server.requests) == 1


@pytest.mark.parametrize("length", [5_000, -1])
def test_a_file_that_stalls_after_a_late_start_gets_no_new_patience(length: int) -> None:
    with RawServer([0.8, file(PDF + b"x", length=length, signature=PDF_MAC), 0.8, b"", 4.0]) as server:
        with pytest.raises(Unreachable):
            client(server.url, file_timeout=1.0).file(TOKEN, URI, 30)

        assert server.steps == 2


def test_a_slow_issuer_has_longer_than_other_calls_to_begin() -> None:
    with RawServer([0.5, file(PDF)]) as server:
        digilocker = DigiLockerClient(
            server.url, "1.x", lambda: "TESTCLIENT", lambda: SECRET, read_timeout=0.1, file_timeout=3
        )

        assert digilocker.file(TOKEN, URI, 5) == PDF


@pytest.mark.parametrize("status", ["500 Internal Server Error", "530 Internal Server Error"])
def test_an_issuer_that_is_down_is_asked_twice_and_one_that_is_switched_off_once(status: str) -> None:
    for code, kind, calls in (
        ("unresponsive", RepositoryUnresponsive, 2),
        ("inactive", RepositoryMisconfigured, 1),
    ):
        body = json.dumps({"error": f"repository_service_{code}", "error_description": "Internal server error"})
        with RawServer([http(body.encode(), status=status)]) as server:
            with pytest.raises(kind):
                client(server.url).file(TOKEN, URI, 5)

            assert len(server.requests) == calls


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        (URI, URI),
        ("in.gov.x-ABCDE-12/34", "in.gov.x-ABCDE-12%2F34"),
        ("in.gov.x-ABCDE-../../1", "in.gov.x-ABCDE-..%2F..%2F1"),
        ("in.gov.x-ABCDE-1?a=b#c", "in.gov.x-ABCDE-1%3Fa%3Db%23c"),
        ("in.gov.x-ABCDE-100%25", "in.gov.x-ABCDE-100%2525"),
        ("in.gov.x-ABCDE-नमस्ते", "in.gov.x-ABCDE-%E0%A4%A8%E0%A4%AE%E0%A4%B8%E0%A5%8D%E0%A4%A4%E0%A5%87"),
    ],
)
def test_a_uri_is_one_path_segment_whatever_stands_in_it(uri: str, path: str) -> None:
    with RawServer([file(PDF)]) as server:
        client(server.url).file(TOKEN, uri, 5)

    assert server.requests[0].split(b" ")[1] == f"/public/oauth2/1/file/{path}".encode()
    assert b"accept-encoding: identity" in server.requests[0].lower()


@pytest.mark.parametrize("uri", ["", ".", "..", " ", "a\r\nb"])
def test_a_uri_that_is_none_is_not_asked_for(uri: str) -> None:
    with RawServer([file(PDF)]) as server:
        with pytest.raises(InvalidUri):
            client(server.url).file(TOKEN, uri, 5)

        assert server.requests == []


def test_a_redirect_is_not_followed() -> None:
    with RawServer([http(b"", "Location: /elsewhere", status="302 Found")]) as server:
        with pytest.raises(Unintelligible):
            client(server.url).file(TOKEN, URI, 5)

        assert len(server.requests) == 1


@pytest.mark.parametrize("length", [None, -1])
def test_ten_megabytes_are_held_about_once(length: int | None) -> None:
    answer = file(PDF + b"x" * (MAX_FILE - len(PDF)), length=length)

    with RawServer([answer]) as server:
        tracemalloc.start()
        document = client(server.url, file_timeout=20).file(TOKEN, URI, 20)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert len(document) == MAX_FILE
    assert peak < 1.5 * MAX_FILE
