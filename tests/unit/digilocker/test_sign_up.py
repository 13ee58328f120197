"""Signing up: what is sent, what comes of each answer, and that the stand-in agrees."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses

from helpdesk.conversation.problems import Problem
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.digilocker.errors import (
    ClientRefused,
    DetailsDiffer,
    DetailsInvalid,
    Endpoint,
    MobileTaken,
    OtpExpired,
    OtpRefused,
    OtpTooMany,
    RequestRefused,
    Unanswered,
    Unserved,
    error_of,
)
from helpdesk.digilocker.models import SignUpAnswer, Token
from helpdesk.digilocker.sign_up import request_sign_up, verify_sign_up
from helpdesk.errors import DigiLockerError
from standins.config import SimulatorConfig
from standins.server import Simulator
from tests.unit.raw_server import RawServer, Script, http

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

BASE = "https://digilocker.example.org"
REQUEST = f"{BASE}/public/signup/2/demoauth"
VERIFY = f"{BASE}/public/signup/1/demoauthverify"
SECRET, CLIENT_ID, TOKEN = "test-secret", "TESTCLIENT", "a" * 40
SUNITA: dict[str, Any] = {
    "uid": "999971658847",
    "name": "Sunita Devi",
    "born": dt.date(1968, 3, 5),
    "gender": "F",
    "mobile": "919000000003",
}
HASH = hashlib.sha256(b"test-secretTESTCLIENT1700000000").hexdigest()


def made(url: str = BASE) -> DigiLockerClient:
    return DigiLockerClient(
        *(url, "1.x", lambda: CLIENT_ID, lambda: SECRET),
        clock=lambda: 1700000000.9,
        connect_timeout=1.0,
        read_timeout=0.4,
    )


def ask(client: DigiLockerClient) -> None:
    request_sign_up(client, **SUNITA, seconds=5)


def confirm(client: DigiLockerClient) -> None:
    verify_sign_up(client, "919000000003", "123456", 5)


BOTH = pytest.mark.parametrize("call", [ask, confirm])


def has_field(call: responses.Call, name: str, value: str) -> bool:
    body = call.request.body
    text = body.decode() if isinstance(body, bytes) else str(body)
    return f'name="{name}"\r\n\r\n{value}\r\n' in text


@responses.activate
def test_the_details_are_sent_with_both_checks_asked_for_and_consent_given() -> None:
    responses.post(REQUEST, json={"mobile": "******0003"})

    request_sign_up(made(), **SUNITA, seconds=5)

    assert responses.calls[0].request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    for name, value in {
        "clientid": CLIENT_ID,
        "uid": "999971658847",
        "name": "Sunita Devi",
        "dob": "05031968",
        "gender": "F",
        "mobile": "9000000003",
        "verification": "Y",
        "demoauth": "Y",
        "consent": "Y",
        "ts": "1700000000",
        "hmac": HASH,
    }.items():
        assert has_field(responses.calls[0], name, value)


def test_nothing_of_the_answer_before_the_otp_is_read() -> None:
    answer = {"access_token": TOKEN, "expires_in": 3600, "mobile": "******0003"}

    assert SignUpAnswer.model_validate(answer).model_dump() == {}


@responses.activate
def test_the_otp_is_exchanged_for_a_token() -> None:
    responses.post(VERIFY, json={"access_token": TOKEN, "expires_in": "3600", "refresh_token": "b" * 40})

    assert verify_sign_up(made(), "+919000000003", "123456", 5) == Token(TOKEN, 3600, "b" * 40)

    for name, value in {
        "clientid": CLIENT_ID,
        "mobile": "9000000003",
        "otp": "123456",
        "ts": "1700000000",
        "hmac": HASH,
    }.items():
        assert has_field(responses.calls[0], name, value)


@pytest.mark.parametrize(
    ("endpoint", "status", "code", "description", "kind"),
    [
        (Endpoint.SIGN_UP, 400, "mobile_exists", "", MobileTaken),
        (Endpoint.SIGN_UP, 400, "auth_failure", "", DetailsDiffer),
        (Endpoint.SIGN_UP, 400, "invalid_parameter", "Dob parameter is missing or invalid", DetailsInvalid),
        (Endpoint.SIGN_UP, 400, "invalid_parameter", "Name parameter is missing or invalid", DetailsInvalid),
        (Endpoint.SIGN_UP, 400, "invalid_parameter", "HMAC parameter is missing or invalid", RequestRefused),
        (Endpoint.SIGN_UP, 400, "invalid_parameter", "Verification parameter is missing", RequestRefused),
        (Endpoint.SIGN_UP, 400, "invalid_parameter", "uid/Name/Dob/Timestamp/HMAC missing", RequestRefused),
        (Endpoint.SIGN_UP, 400, "invalid_parameter", "", RequestRefused),
        (Endpoint.SIGN_UP, 401, "invalid_client_id", "", ClientRefused),
        (Endpoint.SIGN_UP, 500, "unexpected_error", "", Unserved),
        (Endpoint.SIGN_UP, 429, "otp_flooding_error", "", OtpTooMany),
        (Endpoint.SIGN_UP, 429, "brand_new", "", OtpTooMany),
        (Endpoint.SIGN_UP_VERIFY, 400, "parameter_missing", "", RequestRefused),
        (Endpoint.SIGN_UP_VERIFY, 400, "invalid_ts", "", RequestRefused),
        (Endpoint.SIGN_UP_VERIFY, 400, "hmac_mismatch", "", RequestRefused),
        (Endpoint.SIGN_UP_VERIFY, 400, "invalid_grant", "", OtpRefused),
        (Endpoint.SIGN_UP_VERIFY, 400, "invalid_grant", "The OTP has expired", OtpExpired),
        (Endpoint.SIGN_UP_VERIFY, 400, "expired_token", "", OtpExpired),
        (Endpoint.SIGN_UP_VERIFY, 500, "unexpected_error", "", Unserved),
    ],
)
def test_each_code_is_told_apart(
    endpoint: Endpoint, status: int, code: str, description: str, kind: type[DigiLockerError]
) -> None:
    error = error_of(status, {"error": code, "error_description": description}, endpoint=endpoint)

    assert type(error) is kind
    assert not error.retryable


@BOTH
@pytest.mark.parametrize("status", [500, 502, 503, 530])
@responses.activate
def test_a_failure_is_never_answered_by_another_try(call: Callable[[DigiLockerClient], object], status: int) -> None:
    for url in (REQUEST, VERIFY):
        responses.post(url, status=status, json={"error": "unexpected_error"})

    with pytest.raises(Unserved):
        call(made())

    assert len(responses.calls) == 1


@BOTH
@pytest.mark.parametrize(
    "script", [[], [http(b"{}", length=10)], [http(b"[]")], [http(b"<html>")]], ids=["dropped", "cut", "list", "page"]
)
def test_nor_is_an_answer_that_does_not_come_or_says_nothing(
    call: Callable[[DigiLockerClient], object], script: Script
) -> None:
    with RawServer(script) as server:
        with pytest.raises(Unanswered):
            call(made(server.url))

        assert len(server.requests) == 1


@BOTH
@responses.activate
def test_nothing_that_was_entered_shows_in_an_error(call: Callable[[DigiLockerClient], object]) -> None:
    told = "uid 999971658847 Sunita Devi 05031968 9000000003 123456"
    for url in (REQUEST, VERIFY):
        responses.post(url, status=400, json={"error": told, "error_description": told})

    with pytest.raises(DigiLockerError) as caught:
        call(made())

    shown = f"{caught.value!s} {caught.value!r} {vars(caught.value)} {caught.value.__context__!r}"
    assert not any(part in shown for part in ("9999", "Sunita", "0503", "9000", "123456", "http"))


# --- against the stand-in


@pytest.fixture(scope="module")
def digilocker() -> Iterator[Simulator]:
    config = SimulatorConfig(
        app_secret="a",
        verify_token="v",
        phone_number_id="1",
        access_token="t",
        client_id=CLIENT_ID,
        client_secret=SECRET,
    )
    with Simulator(config, 0) as simulator:
        yield simulator


def served(simulator: Simulator) -> DigiLockerClient:
    return DigiLockerClient(f"{simulator.url}/digilocker", "1.x", lambda: CLIENT_ID, lambda: SECRET)


def test_the_stand_in_takes_it_from_the_details_to_an_empty_account(digilocker: Simulator) -> None:
    client = served(digilocker)

    request_sign_up(client, **SUNITA, seconds=5)
    otp = digilocker.world.sms.of("919000000003")[-1].otp or ""
    token = verify_sign_up(client, SUNITA["mobile"], otp, 5)

    assert client.issued_documents(token.access_token, 5).documents == ()


@pytest.mark.parametrize(
    ("name", "mobile", "problem"),
    [
        ("NEHA BORA", "919000000017", Problem.DETAILS_DIFFER),
        ("NEHA BARUA", "919000000014", Problem.MOBILE_TAKEN),
        ("NEHA BARUA", "1234", Problem.DETAILS_INVALID),
    ],
)
def test_the_stand_ins_refusals_become_what_the_citizen_is_told(
    digilocker: Simulator, name: str, mobile: str, problem: Problem
) -> None:
    neha = next(one for one in digilocker.world.citizens if one.name == "NEHA BORA")

    with pytest.raises(DigiLockerError) as caught:
        request_sign_up(
            served(digilocker),
            uid=neha.aadhaar,
            name=name,
            born=dt.date(1996, 2, 14),
            gender="F",
            mobile=mobile,
            seconds=5,
        )

    assert caught.value.problem is problem


def test_a_wrong_otp_is_told_as_such(digilocker: Simulator) -> None:
    with pytest.raises(OtpRefused):
        verify_sign_up(served(digilocker), "919000000099", "000000", 5)
