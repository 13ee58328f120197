"""What DigiLocker can do to a citizen, at each stage: she is told, can act on it, and has her document in the end.

Each fault is one of the stand-in's, or of the way there, over real sockets. Every test goes the way that the message
offers, with the fault gone, up to the document.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from helpdesk.service import message_sender
from standins.digilocker.documents import Flaw
from standins.phone import Bubble, Phone
from tests.integration.desk import Desk, ask_for_number, ask_for_otp, at_list, citizen, running_desk, sign_in

ASHA = "ASHA VERMA"
RC = 3
"""The number of her vehicle's RC on her list."""

PATHS = {
    "verify": "/account/2/verify",
    "code": "/oauth2/1/code",
    "token": "/oauth2/1/token",
    "issued": "/files/issued",
    "files": "/oauth2/1/files/",
    "file": "/oauth2/1/file/",
}
"""The stand-in's endpoints, and what their paths have in them."""

SILENT = "is not answering at the moment. It is not your fault. Please try again in a few minutes."
BUSY = "very busy at the moment. It is not your fault. Please try again in a few minutes."
DISTURBED = "Our connection to DigiLocker is not working. It is not your fault"
NOT_SHARED = "does not share this document with us. You can open it at https://www.digilocker.gov.in"


@dataclass(frozen=True)
class Fault:
    """Something that DigiLocker, or the way to it, does."""

    name: str
    told: str
    """What she is told of it."""
    switch: dict[str, Any] = field(default_factory=dict)
    """What the stand-in does."""
    detour: str = ""
    """Or where the call ends up: where nobody listens (`refused`), or where nobody picks up (`mute`)."""
    patience: float | None = None
    """Seconds that the client's timeouts are cut down to."""
    again: bool = True
    """Whether it is worth a second call, if that can burn nothing."""

    def __str__(self) -> str:
        return self.name

    @property
    def arrives(self) -> int:
        """How often a call that is never repeated gets to DigiLocker."""
        return 0 if self.detour else 1

    @property
    def arrives_harmlessly(self) -> int:
        """How often one that may be repeated does."""
        return 0 if self.detour else 2 if self.again else 1

    @contextmanager
    def at(self, desk: Desk, endpoint: str) -> Iterator[None]:
        """Have it happen at an endpoint, and mend it."""
        path = PATHS[endpoint]
        if self.patience is not None:
            desk.to_digilocker.patience[path] = self.patience
        if self.switch:
            desk.simulator.world.faults.set({"digilocker": {endpoint: {"times": 100} | self.switch}})
        with deaf_ends() as ends:
            if self.detour:
                desk.to_digilocker.detours[path] = ends[self.detour]
            try:
                yield
            finally:
                desk.mend()


@contextmanager
def deaf_ends() -> Iterator[dict[str, str]]:
    """Yield addresses where a connection is refused, and where it is never made."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refused = f"127.0.0.1:{listener.getsockname()[1]}"
    with socket.create_server(("127.0.0.1", 0), backlog=0) as mute, socket.socket() as caller:
        # The one place in the queue is taken and never given up, so every other caller waits in vain.
        caller.connect(mute.getsockname())
        yield {"refused": refused, "mute": f"127.0.0.1:{mute.getsockname()[1]}"}


NEVER = 3600
"""Seconds until a call takes effect that the tests do not live to see. A shorter wait would end in a later test: an OTP
that is sent then voids the one that is being typed there."""

SILENCES = [
    Fault("connection refused", SILENT, detour="refused"),
    Fault("connect timeout", SILENT, detour="mute", patience=0.3),
    Fault("read timeout", SILENT, {"delay": NEVER}, patience=0.4),
    Fault("slow by 25 s", SILENT, {"stall": 25}, patience=0.4),
    Fault("connection dropped", SILENT, {"drop": True, "after": True}),
    Fault("truncated body", SILENT, {"truncate": 20}),
    Fault("HTML instead of JSON", SILENT, {"status": 200, "body": "<html>Welcome</html>", "after": True}, again=False),
]
FAILURES = [
    Fault("500", BUSY, {"error": "unexpected_error", "status": 500}),
    Fault("503", BUSY, {"status": 503, "body": "<html>Service unavailable</html>"}),
    Fault("530", BUSY, {"error": "unexpected_error", "status": 530, "after": True}),
]
ANYWHERE = [*SILENCES, *FAILURES]

REFUSED = Fault("401", DISTURBED, {"error": "invalid_client_id"}, again=False)
SCOPE = Fault("403 insufficient_scope", NOT_SHARED, {"error": "insufficient_scope"}, again=False)
BESIDE_THE_POINT = [ANYWHERE[0], ANYWHERE[3], ANYWHERE[6], ANYWHERE[7], SCOPE]
"""A few, for calls that the conversation can do without."""
LIST_SCOPE = Fault("403 insufficient_scope", DISTURBED, {"error": "insufficient_scope"}, again=False)
"""That the list itself is not shared is our registration's fault, and nothing that she could mend elsewhere."""
SIGNED_OUT = Fault("401", "DigiLocker has signed you out", {"error": "invalid_token"}, again=False)
SLOW = Fault("slow by 1 s", "", {"delay": 1.0})

FILES = [
    Fault(
        "wrong hmac",
        "was damaged on its way to us, so we did not send it to you. Please try again.",
        {"flaw": Flaw.BAD_HMAC},
        again=False,
    ),
    Fault("image", "sent something that is not a PDF. You can see the document at", {"flaw": Flaw.IMAGE}, again=False),
    Fault("11 MB", "too large to send here. You can open it at", {"flaw": Flaw.TOO_LARGE}, again=False),
    Fault("cut in the middle", SILENT, {"flaw": Flaw.TRUNCATED}),
    Fault("no such file", "has no file of it at the moment. You can ask", {"error": "invalid_uri"}, again=False),
    Fault("issuer down", "is not answering at the moment", {"error": "repository_service_unresponsive"}),
]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk(otp_sends=10_000, pair_seconds=0.001) as running:
        yield running


def calls(desk: Desk, endpoint: str) -> int:
    return desk.to_digilocker.count(PATHS[endpoint])


def type_otp(phone: Phone) -> Bubble:
    """Type the newest OTP, and see the list."""
    phone.say(phone.otp())
    return phone.expect("Your documents")


def have_document(phone: Phone) -> None:
    """Ask for the RC, and have it as its issuer gave it."""
    phone.say(str(RC))
    assert_delivered(phone)


def assert_delivered(phone: Phone) -> None:
    assert phone.document(phone.expect("Vehicle RC.pdf")) == citizen(ASHA).issued[RC - 1].content()


@pytest.mark.parametrize("fault", [*ANYWHERE, REFUSED], ids=str)
def test_an_otp_that_could_not_be_asked_for_is_asked_for_again(desk: Desk, fault: Fault) -> None:
    phone = ask_for_number(desk, ASHA)
    before = calls(desk, "code")
    with fault.at(desk, "code"):
        phone.say(citizen(ASHA).aadhaar)
        told = phone.expect()
    assert fault.told in told.text
    assert told.buttons == ("Try again", "Change number", "Cancel")
    assert calls(desk, "code") - before == fault.arrives
    phone.tap("Try again")
    phone.expect("OTP is on its way")
    type_otp(phone)
    have_document(phone)


@pytest.mark.parametrize("fault", BESIDE_THE_POINT, ids=str)
def test_a_lookup_that_fails_changes_nothing(desk: Desk, fault: Fault) -> None:
    phone = ask_for_number(desk, ASHA)
    with fault.at(desk, "verify"):
        phone.say(citizen(ASHA).aadhaar)
        phone.expect("OTP is on its way")
    type_otp(phone)
    have_document(phone)


@pytest.mark.parametrize("fault", [*ANYWHERE, REFUSED], ids=str)
def test_an_otp_that_could_not_be_verified_is_never_tried_twice_and_a_new_one_helps(desk: Desk, fault: Fault) -> None:
    phone = ask_for_otp(desk, ASHA)
    otp = phone.otp()
    before = calls(desk, "token")
    with fault.at(desk, "token"):
        phone.say(otp)
        told = phone.expect()
    assert fault.told in told.text
    assert "Tap *Resend* for a new OTP" in told.text
    assert told.buttons == ("Resend", "Sign up", "Change number")
    assert calls(desk, "token") - before == fault.arrives
    phone.say(otp)  # once more, though it may be used up
    phone.expect("Tap *Resend* for a new OTP")
    assert calls(desk, "token") - before == fault.arrives
    desk.pass_time(60)
    phone.tap("Resend")
    phone.expect("OTP is on its way")
    type_otp(phone)
    assert calls(desk, "token") - before == fault.arrives + 1
    have_document(phone)


@pytest.mark.parametrize("fault", [*ANYWHERE, LIST_SCOPE], ids=str)
def test_a_list_that_does_not_come_is_asked_for_again(desk: Desk, fault: Fault) -> None:
    phone = ask_for_otp(desk, ASHA)
    before = {endpoint: calls(desk, endpoint) for endpoint in ("token", "issued")}
    with fault.at(desk, "issued"):
        phone.say(phone.otp())
        told = phone.expect()
    assert fault.told in told.text
    assert told.buttons == ("Try again", "Done")
    assert calls(desk, "issued") - before["issued"] == fault.arrives_harmlessly
    phone.tap("Try again")
    phone.expect("Your documents")
    assert calls(desk, "token") - before["token"] == 1
    have_document(phone)


@pytest.mark.parametrize("fault", BESIDE_THE_POINT, ids=str)
def test_without_the_uploaded_files_the_list_comes_all_the_same(desk: Desk, fault: Fault) -> None:
    with fault.at(desk, "files"):
        phone = sign_in(desk, ASHA)
        phone.expect("Your documents")
    have_document(phone)


@pytest.mark.parametrize("fault", [*ANYWHERE, SCOPE, *FILES], ids=str)
def test_a_document_that_does_not_come_is_fetched_again(desk: Desk, fault: Fault) -> None:
    phone = at_list(desk, ASHA)
    before = {endpoint: calls(desk, endpoint) for endpoint in ("token", "issued", "file")}
    with fault.at(desk, "file"):
        phone.say(str(RC))
        told = phone.expect()
    assert "We could not get this document: *Vehicle RC*" in told.text
    assert fault.told in told.text
    assert told.buttons == ("Try again", "Other documents", "Done")
    assert calls(desk, "file") - before["file"] == fault.arrives_harmlessly
    phone.tap("Try again")
    assert_delivered(phone)
    phone.tap("Other documents")
    phone.expect("Your documents")
    assert calls(desk, "token") == before["token"]
    assert calls(desk, "issued") == before["issued"]


def test_she_is_shown_that_somebody_is_at_work_when_digilocker_takes_long(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_sender, "TYPING_AFTER_SECONDS", 0.05)
    phone = at_list(desk, ASHA)
    before = len(desk.to_whatsapp.read_marks)
    with SLOW.at(desk, "file"):
        message_id = phone.say(str(RC))
        assert_delivered(phone)
    assert desk.to_whatsapp.read_marks[before:] == [
        {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": message_id,
            "typing_indicator": {"type": "text"},
        }
    ]
    assert [bubble.status for bubble in phone.chat() if bubble.sender == "citizen"][-1] == "read"


def test_whether_it_could_be_shown_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_sender, "TYPING_AFTER_SECONDS", 0.05)
    phone = at_list(desk, ASHA)
    before = len(desk.to_whatsapp.read_marks)
    with SLOW.at(desk, "file"):
        desk.simulator.world.faults.set({"whatsapp": {"read": {"error": 131000}}})
        phone.say(str(RC))
        assert_delivered(phone)
    assert len(desk.to_whatsapp.read_marks) - before == 1


def test_nothing_of_the_kind_is_shown_when_digilocker_is_quick(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_sender, "TYPING_AFTER_SECONDS", 60.0)  # longer than any call of a slow machine
    phone = at_list(desk, ASHA)
    before = len(desk.to_whatsapp.read_marks)
    have_document(phone)
    assert desk.to_whatsapp.read_marks[before:] == []


def test_a_token_that_ends_before_the_list_leads_to_signing_in_again_and_to_the_list(desk: Desk) -> None:
    with SIGNED_OUT.at(desk, "issued"):
        phone = sign_in(desk, ASHA)
        told = phone.expect("signed you out")
    assert SIGNED_OUT.told in told.text
    assert told.buttons == ("DigiLocker Services", "Menu")
    sign_in_again(phone)
    phone.expect("Your documents")
    have_document(phone)


def test_a_token_that_ends_before_a_document_leads_to_signing_in_again_and_the_document_comes_by_itself(
    desk: Desk,
) -> None:
    phone = at_list(desk, ASHA)
    with SIGNED_OUT.at(desk, "file"):
        phone.say(str(RC))
        told = phone.expect("signed you out")
    assert SIGNED_OUT.told in told.text
    assert told.buttons == ("DigiLocker Services", "Menu")
    before = {endpoint: calls(desk, endpoint) for endpoint in ("token", "issued", "file")}
    sign_in_again(phone)
    delivered = phone.expect()
    assert delivered.filename == "Vehicle RC.pdf"  # and no list before it
    assert phone.document(delivered) == citizen(ASHA).issued[RC - 1].content()
    assert {endpoint: calls(desk, endpoint) - count for endpoint, count in before.items()} == {
        "token": 1,
        "issued": 1,
        "file": 1,
    }
    phone.tap("Other documents")
    phone.expect("Your documents")


def sign_in_again(phone: Phone) -> None:
    """Go the way that the message offers, up to the OTP."""
    phone.tap("DigiLocker Services")
    asked = phone.expect()
    for button in ("Yes", "I agree"):  # what is known already is not asked again
        if button in asked.buttons:
            phone.tap(button)
            asked = phone.expect()
    assert "12-digit Aadhaar number" in asked.text
    phone.say(citizen(ASHA).aadhaar)
    phone.expect("OTP is on its way")
    phone.say(phone.otp())
