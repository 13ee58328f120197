"""Calling the Cloud API."""

import json
from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from helpdesk.errors import WhatsAppError
from helpdesk.whatsapp.client import WhatsAppClient
from helpdesk.whatsapp.errors import (
    InvalidMessage,
    Misconfigured,
    OutcomeUnknown,
    RateLimited,
    TokenRefused,
    Unavailable,
)
from helpdesk.whatsapp.messages import InvalidContent, Recipient, TextMessage
from tests.unit.raw_server import RawServer, Script, http, refused_url

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

NUMBER_ID = "106540352242922"
TOKEN = "token-of-the-test"
PHONE = "919000000001"
TO = Recipient(PHONE)
HI = TextMessage("private words")
SENT = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+919000000001", "wa_id": PHONE}],
    "messages": [{"id": "wamid.NEW", "message_status": "accepted"}],
}
MESSAGES = f"https://graph.example.org/v26.0/{NUMBER_ID}/messages"


def client(url: str = "https://graph.example.org/") -> WhatsAppClient:
    return WhatsAppClient(url, "v26.0", NUMBER_ID, lambda: TOKEN, timeouts=(1.0, 0.5))


def answer(status: str, body: object) -> bytes:
    return http(json.dumps(body).encode(), "Content-Type: application/json", status=status)


def tells_nothing(error: BaseException) -> bool:
    """Whether neither the error nor what it came from holds an address, a number, a token or a text."""
    seen: list[str] = []
    current: BaseException | None = error
    while current is not None:
        seen.append(f"{current!s} {current!r}")
        current = current.__context__
    return not any(part in text for text in seen for part in (TOKEN, PHONE, "private", "http", NUMBER_ID, "127.0.0.1"))


@responses.activate
def test_a_message_is_sent_with_the_token_and_its_id_comes_back() -> None:
    responses.post(MESSAGES, json=SENT)

    assert client().send(TO, HI, "c.1") == "wamid.NEW"

    request = responses.calls[0].request
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body or "") == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+919000000001",
        "type": "text",
        "text": {"body": "private words", "preview_url": False},
        "biz_opaque_callback_data": "c.1",
    }


@responses.activate
def test_each_call_proves_that_the_token_is_the_apps_own() -> None:
    responses.post(MESSAGES, json=SENT)
    responses.post(f"https://graph.example.org/v26.0/{NUMBER_ID}/media", json={"id": "1"})
    responses.get(f"https://graph.example.org/v26.0/{NUMBER_ID}", json={"id": NUMBER_ID})
    whatsapp = WhatsAppClient("https://graph.example.org", "v26.0", NUMBER_ID, lambda: TOKEN, lambda: "app secret")

    whatsapp.send(TO, HI)
    whatsapp.typing("wamid.HERS")
    whatsapp.upload(b"%PDF-", "application/pdf", "x.pdf")
    whatsapp.probe()

    # echo -n token-of-the-test | openssl dgst -sha256 -hmac 'app secret'
    proof = "ed42d114e70fba8d316bd92e9349d13d885a9ace0b6e01efa9313925c50db919"
    assert [parse_qs(urlsplit(call.request.url or "").query) for call in responses.calls] == [
        {"appsecret_proof": [proof]}
    ] * 4


@responses.activate
def test_without_an_app_secret_nothing_is_proved() -> None:
    responses.post(MESSAGES, json=SENT)
    client().send(TO, HI)
    assert urlsplit(responses.calls[0].request.url or "").query == ""


@responses.activate
def test_a_proof_that_is_refused_counts_as_a_token_that_is() -> None:
    error = {"message": "Invalid appsecret_proof provided in the API argument", "code": 100}
    responses.post(MESSAGES, json={"error": error}, status=400)
    with pytest.raises(TokenRefused):
        client().send(TO, HI)


@responses.activate
def test_the_answer_to_a_user_id_needs_no_number() -> None:
    responses.post(MESSAGES, json={"contacts": [{"user_id": "IN.1"}], "messages": [{"id": "wamid.NEW"}]})

    assert client().send(Recipient(None, "IN.1"), HI) == "wamid.NEW"


@responses.activate
def test_typing_marks_the_message_as_read() -> None:
    responses.post(MESSAGES, json={"success": True})

    client().typing("wamid.HERS")

    assert json.loads(responses.calls[0].request.body or "") == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.HERS",
        "typing_indicator": {"type": "text"},
    }


@responses.activate
def test_the_token_is_asked_for_at_each_call() -> None:
    responses.post(MESSAGES, json=SENT)
    tokens = iter(["first", "second"])
    whatsapp = WhatsAppClient("https://graph.example.org", "v26.0", NUMBER_ID, lambda: next(tokens))

    whatsapp.send(TO, HI)
    whatsapp.send(TO, HI)

    assert [call.request.headers["Authorization"] for call in responses.calls] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX: y", "tökén", "a\x00"])
@responses.activate
def test_a_token_that_cannot_stand_in_a_header_is_refused_without_a_call(token: str) -> None:
    whatsapp = WhatsAppClient("https://graph.example.org", "v26.0", NUMBER_ID, lambda: token)

    with pytest.raises(TokenRefused) as caught:
        whatsapp.send(TO, HI)

    assert len(responses.calls) == 0
    assert tells_nothing(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"code": 131056, "message": f"to {PHONE}"}}, RateLimited),
        (401, {"error": {"code": 190, "message": TOKEN}}, TokenRefused),
        (400, {"error": {"code": 100, "error_subcode": 33}}, Misconfigured),
        (400, "<html>Bad Request</html>", InvalidMessage),
        (503, "<html>Service Unavailable</html>", Unavailable),
        (502, "<html>Bad Gateway</html>", OutcomeUnknown),
        (200, "<html>Welcome</html>", OutcomeUnknown),
        (200, [], OutcomeUnknown),
        (200, {}, OutcomeUnknown),
        (200, {"messages": []}, OutcomeUnknown),
        (200, {"messages": [{"id": ""}]}, OutcomeUnknown),
        (200, {"messages": "wamid"}, OutcomeUnknown),
    ],
)
@responses.activate
def test_whatever_is_answered_instead_is_one_of_our_errors(
    status: int, body: object, kind: type[WhatsAppError]
) -> None:
    responses.post(MESSAGES, body=body if isinstance(body, str) else json.dumps(body), status=status)

    with pytest.raises(WhatsAppError) as caught:
        client().send(TO, HI)

    assert type(caught.value) is kind
    assert len(responses.calls) == 1
    assert tells_nothing(caught.value)


@responses.activate
def test_a_redirect_is_not_followed() -> None:
    responses.post(MESSAGES, status=302, headers={"Location": "https://elsewhere.example.org/"})
    responses.get("https://elsewhere.example.org/", json=SENT)
    responses.post("https://elsewhere.example.org/", json=SENT)

    with pytest.raises(Misconfigured):
        client().send(TO, HI)

    assert len(responses.calls) == 1


@pytest.mark.parametrize("location", ["http://[", "//", "ftp://x", "é", ""])
def test_a_redirect_to_an_impossible_address_does_not_pass_for_a_call_that_never_left(location: str) -> None:
    with RawServer([http(b"moved", f"Location: {location}", status="302 Found")]) as server:
        with pytest.raises(Misconfigured):
            client(server.url).send(TO, HI)

        assert len(server.requests) == 1


@pytest.mark.parametrize("url", ["graph.example.org", "http://", "http://[", "http://" + "x" * 70 + ".example.org"])
def test_an_impossible_address_has_reached_nobody(url: str) -> None:
    with pytest.raises(Unavailable) as caught:
        client(url).send(TO, HI)

    assert tells_nothing(caught.value)


def test_a_refused_connection_is_tried_twice_and_nothing_was_sent() -> None:
    with pytest.raises(Unavailable) as caught:
        client(refused_url()).send(TO, HI)

    assert tells_nothing(caught.value)


@responses.activate
def test_a_connection_that_is_not_made_in_time_is_tried_twice() -> None:
    responses.post(MESSAGES, body=requests.ConnectTimeout(MESSAGES))

    with pytest.raises(Unavailable) as caught:
        client().send(TO, HI)

    assert len(responses.calls) == 2
    assert tells_nothing(caught.value)


@responses.activate
def test_the_second_try_at_connecting_may_succeed() -> None:
    responses.post(MESSAGES, body=requests.ConnectTimeout(MESSAGES))
    responses.post(MESSAGES, json=SENT)

    assert client().send(TO, HI) == "wamid.NEW"


WHOLE = answer("200 OK", SENT)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([2.0], id="silence"),
        pytest.param([], id="closed at once"),
        pytest.param([WHOLE[:40]], id="broken off in the headers"),
        pytest.param([WHOLE[:-10]], id="broken off in the body"),
        pytest.param([WHOLE[:-10], 2.0], id="stalled in the body"),
        pytest.param([http(b" " * 300_000)], id="far too large"),
        pytest.param([http(b"")], id="empty"),
        pytest.param([http(b"not gzip", "Content-Encoding: gzip")], id="badly compressed"),
        pytest.param([b"SSH-2.0-OpenSSH\r\n"], id="no HTTP"),
    ],
)
def test_once_the_request_has_left_a_message_is_never_sent_again(script: Script) -> None:
    with RawServer(script) as server:
        with pytest.raises(OutcomeUnknown) as caught:
            client(server.url).send(TO, HI)

        assert len(server.requests) == 1
    assert tells_nothing(caught.value)


def test_a_call_takes_no_longer_than_two_connections_and_a_wait_for_the_answer() -> None:
    drips = [WHOLE[:-100], *(step for byte in WHOLE[-100:] for step in (0.05, bytes([byte])))]
    whatsapp = partial(WhatsAppClient, version="v26.0", phone_number_id=NUMBER_ID, token=lambda: TOKEN)

    with RawServer(drips) as server:
        with pytest.raises(OutcomeUnknown):  # who waits for all of it has an answer
            whatsapp(server.url, timeouts=(0.1, 0.2)).send(TO, HI)

        assert len(server.requests) == 1


def test_a_refusal_that_breaks_off_is_a_refusal_all_the_same() -> None:
    refusal = answer("400 Bad Request", {"error": {"code": 131056}})

    with RawServer([refusal[:-5]]) as server, pytest.raises(InvalidMessage):
        client(server.url).send(TO, HI)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda whatsapp: whatsapp.typing("wamid.HERS"), id="typing"),
        pytest.param(lambda whatsapp: whatsapp.upload(b"%PDF-", "application/pdf", "x.pdf"), id="upload"),
    ],
)
def test_what_may_be_repeated_without_harm_is_never_of_unknown_outcome(
    call: Callable[[WhatsAppClient], object],
) -> None:
    with RawServer([]) as server, pytest.raises(Unavailable):
        call(client(server.url))


def test_a_message_that_breaks_a_limit_is_not_sent() -> None:
    with pytest.raises(InvalidContent):
        client(refused_url()).send(TO, HI, "x" * 513)


def test_the_environment_does_not_change_where_or_as_whom_we_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", refused_url())
    monkeypatch.setenv("ALL_PROXY", refused_url())

    with RawServer([WHOLE]) as server:
        assert client(server.url).send(TO, HI) == "wamid.NEW"

    assert server.requests[0].count(b"Authorization: Bearer") == 1


def test_a_cookie_is_not_carried_from_one_citizen_to_the_next() -> None:
    with RawServer([http(json.dumps(SENT).encode(), "Set-Cookie: who=asha; Path=/")]) as server:
        whatsapp = client(server.url)
        whatsapp.send(TO, HI)
        whatsapp.send(TO, HI)

    assert b"cookie" not in server.requests[1].lower()


# --- upload


def test_an_upload_is_a_form_of_three_fields_with_the_bytes_unaltered() -> None:
    content = b"%PDF-1.4\r\n--\r\n\x00\xff" + b"x" * 200_000
    with RawServer([answer("200 OK", {"id": "42"})]) as server:
        assert client(server.url).upload(content, "application/pdf", 'मेरा "PAN".pdf') == "42"

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(f"POST /v26.0/{NUMBER_ID}/media HTTP/1.1".encode())
    boundary = next(line for line in head.decode().split("\r\n") if "boundary=" in line).partition("boundary=")[2]
    parts = body.split(f"--{boundary}".encode())
    assert parts[-1] == b"--\r\n"
    assert b'name="messaging_product"\r\n\r\nwhatsapp\r\n' in parts[1]
    assert b'name="type"\r\n\r\napplication/pdf\r\n' in parts[2]
    assert 'name="file"; filename="मेरा %22PAN%22.pdf"\r\nContent-Type: application/pdf\r\n\r\n'.encode() in parts[3]
    assert parts[3].endswith(content + b"\r\n")
    assert b"transfer-encoding" not in head.lower()
