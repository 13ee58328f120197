"""Calling DigiLocker's account, sign-in and list APIs."""

import json
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
import requests
import responses

from helpdesk.digilocker.client import DigiLockerClient, Version
from helpdesk.digilocker.errors import (
    Busy,
    ClientRefused,
    InsufficientScope,
    InvalidToken,
    InvalidUserName,
    NotInThisVersion,
    OtpRefused,
    Unanswered,
    Unintelligible,
    Unreachable,
    Unserved,
)
from helpdesk.digilocker.models import Token
from helpdesk.errors import DigiLockerError
from tests.unit.raw_server import RawServer, Script, http, refused_url

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

BASE = "https://digilocker.example.org"
SECRET = "test-secret"
CLIENT_ID = "TESTCLIENT"
AADHAAR = "999999990019"
OTP = "123456"
TOKEN = "a" * 40
URI = "in.gov.transport-DRVLC-DL0920110000001"

VERIFY = f"{BASE}/public/account/2/verify"
CODE = f"{BASE}/public/oauth2/1/code"
TOKENS = f"{BASE}/public/oauth2/1/token"
ISSUED = f"{BASE}/public/oauth2/2/files/issued"
UPLOADED = f"{BASE}/public/oauth2/1/files/"
REVOKE = f"{BASE}/public/oauth2/1/revoke"


def client(
    url: str = BASE + "/",
    *,
    version: Version = "1.x",
    read_timeout: float = 0.4,
) -> DigiLockerClient:
    return DigiLockerClient(
        url,
        version,
        lambda: CLIENT_ID,
        lambda: SECRET,
        clock=lambda: 1700000000.9,
        connect_timeout=1.0,
        read_timeout=read_timeout,
        file_timeout=2.0,
    )


def tells_nothing(error: BaseException) -> bool:
    """Whether neither the error nor what it came from holds an address, a number, a secret or an answer."""
    seen: list[str] = []
    current: BaseException | None = error
    while current is not None:
        seen.append(f"{current!s} {current!r} {vars(current)}")
        current = current.__context__
    hidden = (SECRET, CLIENT_ID, AADHAAR, OTP, TOKEN, URI, "http", "127.0.0.1", "example", "html")
    return not any(part in text for text in seen for part in hidden)


def form(call: responses.Call) -> dict[str, list[str]]:
    body = call.request.body
    return parse_qs(body.decode() if isinstance(body, bytes) else body or "")


CALLS: dict[str, Callable[[DigiLockerClient, float], object]] = {
    "verify": lambda digilocker, seconds: digilocker.verify_account(AADHAAR, seconds),
    "code": lambda digilocker, seconds: digilocker.request_device_code(AADHAAR, seconds),
    "token": lambda digilocker, seconds: digilocker.redeem_device_code("74tq5miHKB", OTP, seconds),
    "issued": lambda digilocker, seconds: digilocker.issued_documents(TOKEN, seconds),
    "uploaded": lambda digilocker, seconds: digilocker.uploaded_files(TOKEN, seconds),
    "file": lambda digilocker, seconds: digilocker.file(TOKEN, URI, seconds),
    "revoke": lambda digilocker, seconds: digilocker.revoke(TOKEN, seconds),
}
EVERY_CALL = pytest.mark.parametrize("name", CALLS)
BURNING = {"code", "token"}
REPEATED = {"issued", "uploaded", "file", "revoke"}


# --- what is sent


@responses.activate
def test_account_verification_sends_the_hash_of_the_published_vector() -> None:
    digest = "647057a289b078b8e70c2fd6fcd36456724a814ecbad908cd859ac88705096ec"
    responses.post(VERIFY, json={"registered": True, "digilockerid": "x"})

    assert client().verify_account(AADHAAR, 5) is True

    request = responses.calls[0].request
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
    for name, value in (("clientid", CLIENT_ID), ("uid", AADHAAR), ("ts", "1700000000"), ("hmac", digest)):
        assert f'name="{name}"\r\n\r\n{value}\r\n' in body


@responses.activate
def test_account_verification_does_not_exist_in_the_newer_version() -> None:
    with pytest.raises(NotInThisVersion):
        client(version="2.4").verify_account(AADHAAR, 5)

    assert len(responses.calls) == 0


@responses.activate
def test_a_device_code_is_asked_for_by_user_name() -> None:
    responses.post(CODE, json={"device_code": "74tq5miHKB", "dl_masked_mobile": "XXXXXX1234", "expires_in": 600})

    assert client().request_device_code(AADHAAR, 5) == "74tq5miHKB"

    assert form(responses.calls[0]) == {
        "response_type": ["device_code"],
        "client_id": [CLIENT_ID],
        "dl_username": [AADHAAR],
    }


@responses.activate
def test_a_device_code_and_its_otp_are_exchanged_for_a_token() -> None:
    responses.post(
        TOKENS, json={"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer", "name": "Asha Test"}
    )

    assert client().redeem_device_code("74tq5miHKB", OTP, 5) == Token(TOKEN, 3600)

    assert form(responses.calls[0]) == {
        "grant_type": ["urn:ietf:params:oauth:grant-type:device_code"],
        "client_id": [CLIENT_ID],
        "device_code": ["74tq5miHKB"],
        "dl_otp": [OTP],
    }


@responses.activate
def test_issued_documents_are_listed_with_the_bearer_token() -> None:
    responses.get(ISSUED, json={"items": [{"uri": URI, "name": "Driving License"}, {"uri": ""}], "resource": ""})

    assert [document.uri for document in client().issued_documents(TOKEN, 5).documents] == [URI]
    assert responses.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"


@responses.activate
def test_self_uploaded_files_are_listed() -> None:
    responses.get(UPLOADED, json={"directory": "/", "items": [{"name": "rent.pdf", "type": "file"}]})

    assert client().uploaded_files(TOKEN, 5) == 1


@responses.activate
def test_a_token_is_revoked_with_our_credentials() -> None:
    responses.post(REVOKE, body=b"")

    client().revoke(TOKEN, 5)

    credentials = b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
    assert responses.calls[0].request.headers["Authorization"] == f"Basic {credentials}"
    assert form(responses.calls[0]) == {"token": [TOKEN], "token_type_hint": ["access_token"]}


@pytest.mark.parametrize("answer", [{"error": "invalid_token"}, {"error_description": "The token is invalid"}, "html"])
@responses.activate
def test_revoking_what_is_invalid_already_is_done(answer: object) -> None:
    responses.post(REVOKE, json=answer, status=400)

    client().revoke(TOKEN, 5)

    assert len(responses.calls) == 1


@responses.activate
def test_revoking_with_refused_credentials_is_an_error() -> None:
    responses.post(REVOKE, json={"error": "invalid_client"}, status=400)

    with pytest.raises(ClientRefused):
        client().revoke(TOKEN, 5)


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX: y", "ñ", "\x00"])
@pytest.mark.parametrize("name", ["issued", "uploaded", "file"])
@responses.activate
def test_a_token_that_cannot_stand_in_a_header_counts_as_signed_out(name: str, token: str) -> None:
    calls: dict[str, Callable[[DigiLockerClient], object]] = {
        "issued": lambda digilocker: digilocker.issued_documents(token, 5),
        "uploaded": lambda digilocker: digilocker.uploaded_files(token, 5),
        "file": lambda digilocker: digilocker.file(token, URI, 5),
    }

    with pytest.raises(InvalidToken) as caught:
        calls[name](client())

    assert len(responses.calls) == 0
    assert not token or token not in str(caught.value)


# --- what comes back instead


@pytest.mark.parametrize(
    ("name", "status", "body", "kind"),
    [
        ("verify", 401, {"error": "invalid_client_id"}, ClientRefused),
        ("code", 400, {"error": "invalid_username", "error_description": AADHAAR}, InvalidUserName),
        ("code", 200, {"error": "invalid_username"}, InvalidUserName),
        ("code", 200, {"expires_in": 600}, Unanswered),
        ("code", 200, "<html>", Unanswered),
        ("token", 400, {"error": "invalid_grant", "error_description": OTP}, OtpRefused),
        ("token", 200, {"access_token": ""}, Unanswered),
        ("token", 503, "<html>", Unserved),
        ("verify", 200, {"digilockerid": "x"}, Unintelligible),
        ("issued", 401, {"error": "invalid_token"}, InvalidToken),
        ("issued", 403, {"error": "insufficient_scope"}, InsufficientScope),
        ("issued", 200, {}, Unintelligible),
        ("issued", 200, {"error": "invalid_token"}, InvalidToken),
        ("issued", 200, "<html>", Unintelligible),
        ("issued", 302, "", Unintelligible),
    ],
)
@responses.activate
def test_whatever_is_answered_instead_is_one_of_our_errors(
    name: str, status: int, body: object, kind: type[DigiLockerError]
) -> None:
    whole = body if isinstance(body, str) else json.dumps(body)
    for method, url in (("POST", VERIFY), ("POST", CODE), ("POST", TOKENS), ("GET", ISSUED)):
        responses.add(method, url, body=whole, status=status, headers={"Location": "https://elsewhere.example.org/"})

    with pytest.raises(DigiLockerError) as caught:
        CALLS[name](client(), 5)

    assert type(caught.value) is kind
    assert len(responses.calls) == 1
    assert tells_nothing(caught.value)


# --- connections and time


@EVERY_CALL
def test_a_refused_connection_has_reached_nobody_and_may_be_repeated(name: str) -> None:
    with pytest.raises(Unreachable) as caught:
        CALLS[name](client(refused_url()), 5)

    assert type(caught.value) is Unreachable
    assert caught.value.retryable
    assert tells_nothing(caught.value)


@EVERY_CALL
@responses.activate
def test_a_connection_that_is_not_made_is_tried_twice_and_no_more(name: str) -> None:
    for method in ("GET", "POST"):
        for url in (VERIFY, CODE, TOKENS, ISSUED, UPLOADED, REVOKE, f"{BASE}/public/oauth2/1/file/{URI}"):
            responses.add(method, url, body=requests.ConnectTimeout(url))

    with pytest.raises(Unreachable) as caught:
        CALLS[name](client(), 5)

    assert len(responses.calls) == 2
    assert tells_nothing(caught.value)


@EVERY_CALL
@pytest.mark.parametrize(
    "script",
    [
        pytest.param([], id="closed at once"),
        pytest.param([b"HTTP/1.1 2"], id="broken off in the status line"),
        pytest.param([http(b'{"items": [', length=500)], id="broken off in the body"),
    ],
)
def test_without_an_answer_only_a_harmless_call_is_repeated_and_once(name: str, script: Script) -> None:
    with RawServer(script) as server:
        with pytest.raises(Unreachable) as caught:
            CALLS[name](client(server.url), 5)

        assert len(server.requests) == (2 if name in REPEATED else 1)
    assert type(caught.value) is (Unanswered if name in BURNING else Unreachable)
    assert caught.value.retryable is (name not in BURNING)
    assert tells_nothing(caught.value)


@EVERY_CALL
def test_a_failing_digilocker_is_asked_twice_only_where_nothing_can_burn(name: str) -> None:
    with RawServer([http(b"<html>down</html>", status="530 Internal")]) as server:
        with pytest.raises(Busy) as caught:
            CALLS[name](client(server.url), 5)

        assert len(server.requests) == (2 if name in REPEATED else 1)
    assert type(caught.value) is (Unserved if name in BURNING else Busy)


def test_the_second_try_may_succeed() -> None:
    whole = http(json.dumps({"items": [{"uri": URI}]}).encode())

    with RawServer([http(b"", status="503 Service Unavailable")], [whole]) as server:
        assert [document.uri for document in client(server.url).issued_documents(TOKEN, 5).documents] == [URI]


def test_there_is_no_second_try_without_the_time_for_it() -> None:
    with RawServer([http(b"", status="503 Service Unavailable")]) as server:
        with pytest.raises(Busy):
            client(server.url).issued_documents(TOKEN, 0.9)

        assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["verify", "code", "token", "issued", "revoke"])
@pytest.mark.parametrize(
    "script",
    [
        pytest.param([5.0], id="silence"),
        pytest.param([http(b"", length=100), *([b" ", 0.1] * 50)], id="a byte now and then"),
    ],
)
def test_no_call_takes_longer_than_it_was_given(name: str, script: list[bytes | float]) -> None:
    with RawServer(script) as server:
        with pytest.raises(Unreachable):
            CALLS[name](client(server.url, read_timeout=4), 0.2)

        assert server.steps < len(script)


@EVERY_CALL
def test_without_time_nothing_is_called(name: str) -> None:
    with RawServer([http(b"{}")]) as server:
        with pytest.raises(Unreachable):
            CALLS[name](client(server.url), 0)

        assert server.requests == []


@pytest.mark.parametrize("name", ["verify", "issued", "uploaded", "file"])
def test_headers_that_break_off_do_not_pass_for_an_answer(name: str) -> None:
    with RawServer([http(b"{}")[:30]]) as server, pytest.raises(Unreachable):
        CALLS[name](client(server.url), 5)


def test_an_endless_list_is_not_read_to_its_end() -> None:
    with RawServer([http(b" " * 5_000_000)]) as server, pytest.raises(Unintelligible):
        client(server.url).issued_documents(TOKEN, 5)


def test_a_compressed_answer_is_understood_although_none_was_asked_for() -> None:
    import gzip  # noqa: PLC0415

    whole = http(gzip.compress(json.dumps({"items": [{"uri": URI}]}).encode()), "Content-Encoding: gzip")

    with RawServer([whole]) as server:
        assert len(client(server.url).issued_documents(TOKEN, 5).documents) == 1
    assert b"accept-encoding: identity" in server.requests[0].lower()


def test_the_environment_does_not_change_where_or_as_whom_we_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", refused_url())
    monkeypatch.setenv("ALL_PROXY", refused_url())

    with RawServer([http(b'{"items": []}', "Set-Cookie: who=asha; Path=/")]) as server:
        digilocker = client(server.url)
        digilocker.issued_documents(TOKEN, 5)
        digilocker.issued_documents("b" * 40, 5)

    assert b"cookie" not in server.requests[1].lower()
