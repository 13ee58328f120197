"""Signing in inside the chat."""

from contextlib import suppress

import pytest

from helpdesk.conversation.problems import Problem
from helpdesk.digilocker.client import DigiLockerClient, Version
from helpdesk.digilocker.errors import (
    Busy,
    ClientRefused,
    InvalidUserName,
    NotRegistered,
    OtpNotSent,
    OtpTooMany,
    SeveralAccounts,
    Unanswered,
    Unreachable,
    UserNameRefused,
)
from helpdesk.digilocker.in_chat import send_otp
from helpdesk.errors import DigiLockerError

AADHAAR = "999999990019"
VID = "9999999900190000"
SENT = "74tq5miHKB"


class ScriptedClient(DigiLockerClient):
    """Answers from a script and notes what was asked, in order."""

    def __init__(
        self, registered: bool | DigiLockerError, sent: str | DigiLockerError = SENT, version: Version = "1.x"
    ) -> None:
        super().__init__("https://digilocker.example.org", version, lambda: "id", lambda: "secret")
        self._registered = registered
        self._sent = sent
        self.asked: list[str] = []
        self.budgets: list[float] = []

    def verify_account(self, uid: str, seconds: float) -> bool:
        self.asked.append(f"verify {uid}")
        self.budgets.append(seconds)
        if isinstance(self._registered, DigiLockerError):
            raise self._registered
        return self._registered

    def request_device_code(self, username: str, seconds: float) -> str:
        self.asked.append(f"code {username}")
        self.budgets.append(seconds)
        if isinstance(self._sent, DigiLockerError):
            raise self._sent
        return self._sent


def no_such_user() -> InvalidUserName:
    return InvalidUserName("invalid_username", status=400)


def test_an_otp_is_sent_and_gives_the_device_code_to_verify_it_with() -> None:
    assert send_otp(ScriptedClient(True), AADHAAR, 20) == SENT


@pytest.mark.parametrize("registered", [True, False, Busy("unexpected_error", status=500), Unreachable("(no answer)")])
@pytest.mark.parametrize("sent", [SENT, no_such_user()])
def test_the_same_two_calls_are_made_whether_there_is_an_account_or_not(
    registered: bool | DigiLockerError, sent: str | DigiLockerError
) -> None:
    client = ScriptedClient(registered, sent)

    with suppress(InvalidUserName):
        send_otp(client, AADHAAR, 20)

    assert client.asked == [f"verify {AADHAAR}", f"code {AADHAAR}"]


@pytest.mark.parametrize(("version", "number"), [("1.x", VID), ("2.4", AADHAAR), ("2.4", VID)])
def test_what_cannot_be_looked_up_goes_straight_to_the_otp(version: Version, number: str) -> None:
    client = ScriptedClient(True, version=version)

    send_otp(client, number, 20)

    assert client.asked == [f"code {number}"]


@pytest.mark.parametrize(
    ("registered", "kind"),
    [
        (False, NotRegistered),
        (True, UserNameRefused),
        (ClientRefused("invalid_client_id", status=401), InvalidUserName),
    ],
)
def test_a_refused_number_is_told_apart_by_what_the_lookup_said(
    registered: bool | DigiLockerError, kind: type[DigiLockerError]
) -> None:
    with pytest.raises(InvalidUserName) as caught:
        send_otp(ScriptedClient(registered, no_such_user()), AADHAAR, 20)

    assert type(caught.value) is kind
    assert (caught.value.problem, caught.value.code, caught.value.status) == (
        Problem.NO_ACCOUNT,
        "invalid_username",
        400,
    )


def test_an_account_that_the_lookup_does_not_know_still_gets_its_otp() -> None:
    assert send_otp(ScriptedClient(False), AADHAAR, 20) == SENT


@pytest.mark.parametrize("kind", [SeveralAccounts, OtpNotSent, OtpTooMany, ClientRefused, Unanswered])
def test_other_errors_pass_as_they_are(kind: type[DigiLockerError]) -> None:
    with pytest.raises(kind):
        send_otp(ScriptedClient(True, kind("code")), AADHAAR, 20)


def test_the_lookup_leaves_most_of_the_time_to_the_otp() -> None:
    client = ScriptedClient(True)

    send_otp(client, AADHAAR, 20)

    assert client.budgets[0] == pytest.approx(8)
    assert 19 < client.budgets[1] <= 20
