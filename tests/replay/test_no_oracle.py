"""Until an OTP has succeeded, nothing that a citizen can observe depends on whether a number has an account.

The real functions and DigiLocker's real client, over an HTTP connection that is made up: the same script is played for
a number with an account and for numbers that DigiLocker refuses, under everything that DigiLocker and the network can
do. What is compared: her transcript, DigiLocker's calls in their order, when "typing" begins and ends, and each delay
that is added here.
"""

import json
import random
import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from io import BytesIO
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter

from helpdesk.digilocker import errors
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.service import message_sender
from helpdesk.storage.conversations import Stored
from tests.replay import desk as replayed
from tests.replay.crash_points import conversation
from tests.world.calls import CrashPoint
from tests.world.cloud import ENVIRONMENT

TRANSCRIPT = conversation("a_licence_in_english")
NUMBER = TRANSCRIPT.citizen.aadhaar
WRONG = "135790"
START = ("Hi", "1", "yes", "I agree")


@dataclass(frozen=True)
class Answered:
    """An answer of DigiLocker's on the wire."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    broken: bool = False
    """It promises more than it brings."""


type Fault = Callable[[Answered], Answered]


def said(status: int, body: object) -> Answered:
    return Answered(status, json.dumps(body).encode())


def refused(code: str, status: int = 400, description: str = "") -> Answered:
    return said(status, {"error": code, "error_description": description})


SENT = said(200, {"device_code": "74tq5miHKB", "dl_masked_mobile": "XXXXXX1234", "expires_in": 600})
NO_ACCOUNT = refused("invalid_username")
WRONG_OTP = refused("invalid_grant", description="The OTP is wrong")


@dataclass(frozen=True)
class Number:
    """What DigiLocker knows of a number, and how it answers the two calls for it."""

    registered: bool
    code: Answered
    token: Answered = WRONG_OTP


ACCOUNT = Number(True, SENT)
REFUSED = {
    "no account": Number(False, NO_ACCOUNT),
    "no account, the lookup knows one": Number(True, NO_ACCOUNT),
    "no mobile": Number(True, refused("otp_error", 500)),
    "several accounts": Number(True, refused("multiple_mobile_accounts")),
    "no more OTPs": Number(True, refused("otp_flooding_error", 429)),
    "no more OTPs, by status": Number(True, said(429, {"message": "Too many requests"})),
}
UNKNOWN_DEVICE_CODE = {
    "as a wrong OTP": WRONG_OTP,
    "expired": refused("expired_token"),
    "too many": refused("slow_down"),
    "a parameter": refused("invalid_request", description="device_code is invalid"),
    "a code of its own": refused("invalid_device_code"),
    "a code of its own, 401": refused("invalid_device_code", 401),
    "a code of its own, 404": refused("device_code_not_found", 404),
    "a code of its own, 500": refused("device_code_not_found", 500),
    "no code": said(400, {"message": "device code not found"}),
    "with success": refused("invalid_device_code", 200),
}
"""No document says how DigiLocker answers a device code that it never gave."""


class DigiLocker(BaseAdapter):
    """The other end of the connection."""

    def __init__(self, number: Number, at: str, fault: Fault, journal: list[str]) -> None:
        super().__init__()
        self._number = number
        self._at = at
        self._fault = fault
        self._journal = journal
        self.device_codes: list[str] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer, as the fault wants it."""
        path = (request.url or "").rpartition("/public/")[2]
        match path:
            case "account/2/verify":
                answer = said(200, {"registered": self._number.registered, "digilockerid": "0" * 36})
            case "oauth2/1/code":
                answer = self._number.code
            case "oauth2/1/token":
                self.device_codes += parse_qs(str(request.body))["device_code"]
                answer = self._number.token
            case _:
                answer = said(200, {})
        self._journal.append(path)
        if self._at in path:
            answer = self._fault(answer)
        return _response(answer)

    def close(self) -> None:
        """Nothing is open."""


def _response(answer: Answered) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    length = len(answer.body) + (20 if answer.broken else 0)
    headers = {"Content-Type": "application/json", "Content-Length": str(length), **answer.headers}
    response.headers = requests.structures.CaseInsensitiveDict(headers)
    response.raw = urllib3.HTTPResponse(
        BytesIO(answer.body), headers=headers, status=answer.status, preload_content=False, enforce_content_length=True
    )
    return response


class Desk(replayed.Desk):
    """A run whose DigiLocker is behind the real client."""

    def __init__(self, number: Number, at: str, fault: Fault, crash: CrashPoint | None = None) -> None:
        self.journal: list[str] = []
        """What can be observed, in its order."""
        self.server = DigiLocker(number, at, fault, self.journal)
        self.settings: dict[str, str] = {}
        super().__init__(replace(TRANSCRIPT, chat=[]), crash=crash)

    def _digilocker_client(self, *arguments: Any, **options: Any) -> Any:
        session = requests.Session()
        session.mount("https://", self.server)
        return DigiLockerClient(*arguments, **options | {"session": session})

    @contextmanager
    def _stand_ins(self) -> Iterator[None]:
        journal = self.journal

        @contextmanager
        def typing(_: message_sender.MessageSender, __: Stored, ___: float) -> Iterator[None]:
            journal.append("is at work")
            yield
            journal.append("has done it")

        with mock.patch.dict(ENVIRONMENT, self.settings), super()._stand_ins(), pytest.MonkeyPatch.context() as patched:
            patched.setattr(random, "uniform", lambda low, high: (low + high) / 2)
            patched.setattr(replayed.QuietReplier, "typing", typing)
            yield

    def _sleep(self, seconds: float) -> None:
        self.journal.append(f"waits {seconds:.1f}")

    def says(self, text: str) -> None:
        """She writes, and everything that follows happens."""
        before = len(self.whatsapp.received)
        self.journal.append(f"she: {text}")
        self._write(text)
        self._go_on(until=lambda: False)
        told = self.whatsapp.received[before:]
        self.journal += [f"desk: {received.text} {sorted(received.tappable)}" for received in told]

    def waits(self, seconds: int) -> None:
        """Time passes."""
        self.clock.now += seconds


def observed(number: Number, at: str = "", fault: Fault = lambda answer: answer, **settings: str) -> list[str]:
    """Play the script: all tries, a new OTP, one that DigiLocker may find too old, one that is too old here."""
    desk = Desk(number, at or "nowhere", fault)
    desk.settings = settings
    for text in START:
        desk.says(text)
    desk.says(NUMBER)
    desk.says(WRONG)
    desk.says("resend")
    desk.waits(301)
    desk.says(WRONG)
    desk.says(WRONG)
    desk.says(WRONG)
    desk.says("resend")
    desk.waits(601)
    desk.says(WRONG)
    return desk.journal


@cache
def without_account() -> list[str]:
    return observed(REFUSED["no account"])


CODES = sorted({*errors.CLASS_OF_CODE, "unexpected_error", "brand_new_code", "OTP_ERROR", "E-1234"})
STATUSES = (400, 401, 403, 404, 405, 409, 422, 429, 500, 502, 503, 504, 530)


def _edited(change: Callable[[dict[str, Any]], object]) -> Fault:
    """Change what is in an answer's JSON."""
    return lambda answer: Answered(answer.status, json.dumps(change(json.loads(answer.body))).encode())


def _raising(error: Exception) -> Fault:
    def fail(_: Answered) -> Answered:
        raise error

    return fail


def _cut(answer: Answered) -> Answered:
    return Answered(answer.status, answer.body[:5], broken=True)


ANSWERS = {
    **{f"{code} 400": refused(code) for code in CODES},
    **{f"empty {status}": Answered(status, b"") for status in STATUSES},
    **{f"HTML {status}": Answered(status, b"<html></html>") for status in (200, 302, *STATUSES)},
    **{f"{{}} {status}": said(status, {}) for status in STATUSES},
}
"""What DigiLocker, or somebody on the way, may answer whatever the number is."""


@pytest.mark.parametrize("at", ["oauth2/1/code", "oauth2/1/token"])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_shows_the_same_whether_there_is_an_account_or_not(at: str, answer: Answered) -> None:
    assert observed(ACCOUNT, at, lambda _: answer) == observed(REFUSED["no mobile"], at, lambda _: answer)


FAULTS: dict[str, Fault] = {
    "nothing": lambda answer: answer,
    "not connected": _raising(requests.exceptions.ConnectTimeout()),
    "time-out": _raising(requests.exceptions.ReadTimeout()),
    "dropped": _raising(requests.exceptions.ConnectionError("dropped")),
    "cut, as promised": lambda answer: Answered(answer.status, answer.body[:5]),
    "cut": _cut,
    "body lost": lambda answer: Answered(answer.status, b""),
    "too large": lambda answer: Answered(answer.status, answer.body, {"Content-Length": str(2**30)}),
    "HTML for JSON": lambda answer: Answered(answer.status, b"<html></html>"),
    "all as text": _edited(lambda body: {name: str(value) for name, value in body.items()}),
    "nothing optional": _edited(lambda body: {k: v for k, v in body.items() if k in {"device_code", "error"}}),
    "no mobile told": _edited(lambda body: body | {"dl_masked_mobile": None}),
    "a mobile without digits": _edited(lambda body: body | {"dl_masked_mobile": "XXXXXXXXXX"}),
    "lives a second": _edited(lambda body: body | {"expires_in": 1}),
    "lives five minutes": _edited(lambda body: body | {"expires_in": 300}),
    "lives a minute, as text": _edited(lambda body: body | {"expires_in": "60"}),
    "lives nobody knows how long": _edited(lambda body: body | {"expires_in": "x"}),
    "other fields": _edited(lambda body: body | {"expires": 5, "resend_after": 30}),
}
"""What can become of an answer, whatever it is."""


@pytest.mark.parametrize("at", ["account/2/verify", "oauth2/1/code", "oauth2/1/token"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_shows_the_same_whether_there_is_an_account_or_not(at: str, fault: Fault) -> None:
    with_account = observed(ACCOUNT, at, fault)

    assert {name for name, number in REFUSED.items() if observed(number, at, fault) != with_account} == set()


ABOUT_ITS_ACCOUNT = {
    **{f"{code} {status}": refused(code, status) for code in CODES for status in (200, 400, 500)},
    "no code 400": said(400, {"message": "locked"}),
    "a success of another shape": said(200, {"status": "sent"}),
    "a bare text": said(400, "locked"),
}
"""What DigiLocker may answer for one account alone, among it codes that no document names."""
TOLD = {
    "unexpected_error 500",
    *(f"{code} {status}" for code in (*errors._ABOUT_US, "partner_service_unresponsive") for status in (200, 400, 500)),
}
"""What speaks of DigiLocker or of us as a whole is told: a citizen should know of an outage."""


@pytest.mark.parametrize("name", sorted(ABOUT_ITS_ACCOUNT.keys() - TOLD))
def test_an_answer_about_one_account_looks_as_if_there_was_none(name: str) -> None:
    assert observed(Number(True, ABOUT_ITS_ACCOUNT[name])) == without_account()


@pytest.mark.parametrize("name", sorted(TOLD))
def test_an_answer_about_digilocker_or_us_is_told(name: str) -> None:
    assert observed(Number(True, ABOUT_ITS_ACCOUNT[name])) != without_account()


@pytest.mark.parametrize("token", UNKNOWN_DEVICE_CODE.values(), ids=UNKNOWN_DEVICE_CODE)
def test_however_digilocker_answers_an_unknown_device_code_it_looks_like_a_wrong_otp(token: Answered) -> None:
    assert observed(Number(False, NO_ACCOUNT, token)) == observed(ACCOUNT)


@pytest.mark.parametrize("token", UNKNOWN_DEVICE_CODE.values(), ids=UNKNOWN_DEVICE_CODE)
def test_however_digilocker_refuses_an_otp_it_looks_as_if_there_was_no_account(token: Answered) -> None:
    assert observed(Number(True, SENT, token)) == without_account()


def test_what_is_compared_is_a_whole_sign_in() -> None:
    journal = without_account()

    asked = [line for line in journal if line.startswith(("account", "oauth2"))]
    sends = ["account/2/verify", "oauth2/1/code"]
    assert asked == [*sends, *["oauth2/1/token"] * 3, *sends]
    assert not [line for line in journal if line.startswith("waits")]
    assert journal.count("is at work") == journal.count("has done it") > 0
    assert any("not accepted" in line for line in journal)
    assert any("has expired" in line for line in journal)


def test_each_decoy_has_a_device_code_of_the_documented_form_and_keeps_it_for_all_its_tries() -> None:
    desk = Desk(REFUSED["no account"], "nowhere", lambda answer: answer)
    for text in (*START, NUMBER, WRONG, WRONG, WRONG):
        desk.says(text)
    desk.waits(60)
    desk.says("resend")
    desk.says(WRONG)

    first, second, third, other = desk.server.device_codes
    assert first == second == third != other
    assert {len(first), len(other)} == {10}
    assert set(first + other) <= set(string.ascii_letters + string.digits)


def test_a_success_for_a_made_up_device_code_signs_nobody_in_and_is_given_back() -> None:
    token = said(200, {"access_token": "0" * 40, "expires_in": 3600})
    desk = Desk(Number(False, NO_ACCOUNT, token), "nowhere", lambda answer: answer)
    for text in (*START, NUMBER, WRONG):
        desk.says(text)

    assert "not accepted" in desk.journal[-1]
    assert "oauth2/1/revoke" in desk.journal
    assert not [path for path in desk.journal if "files" in path]


def test_without_the_calls_for_decoys_a_pause_stands_in_for_them() -> None:
    journal = observed(REFUSED["no account"], VERIFY_DECOY_OTPS="false")

    assert "oauth2/1/token" not in journal
    assert [line for line in journal if line.startswith("waits")] == ["waits 0.2"] * 3
    texts = [line for line in journal if line.startswith("desk")]
    assert texts == [line for line in observed(ACCOUNT) if line.startswith("desk")]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_shows_the_same_whether_there_is_an_account_or_not(moment: Any) -> None:
    def crashed(number: Number, index: int) -> tuple[list[str], bool]:
        desk = Desk(number, "nowhere", lambda answer: answer, CrashPoint(index, moment))
        for text in (*START, NUMBER, WRONG, WRONG):
            desk.says(text)
        return desk.journal, desk.calls.died

    index, died = 0, True
    while died:
        expected, died = crashed(ACCOUNT, index)
        for name in ("no account", "no more OTPs"):
            assert crashed(REFUSED[name], index) == (expected, died), index
        index += 1
    assert index > 50
