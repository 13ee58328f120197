"""Signing up, from the webhook to DigiLocker: what she enters is sealed on the way, and gone afterwards."""

import io
import json

from helpdesk.conversation.model import Rules, Stage
from helpdesk.digilocker.errors import DetailsDiffer, MobileTaken
from helpdesk.storage.work import read_work
from tests.unit.service.desk import AADHAAR, HER_PHONE, OTP, Desk

NAME, BORN = "Sunita Devi", "5 March 1968"
MOBILE = HER_PHONE[-10:]
ENTERED = {"aadhaar": AADHAAR, "name": NAME, "born": "1968-03-05", "gender": "F", "mobile": MOBILE}


def body_of(reply: dict[str, object]) -> str:
    interactive = reply["interactive"]
    assert isinstance(interactive, dict)
    return str(interactive["body"]["text"])


def sealed(desk: Desk) -> set[str]:
    return set(json.loads(desk.aws.items()["state"]["sealed"]["S"]))


def entered(desk: Desk) -> list[dict[str, object]]:
    for text in ("Hi", "1", "no", "I agree", AADHAAR, NAME, BORN, "Female"):
        desk.says(text)
    return desk.taps("own_mobile@mobile")


def test_what_she_entered_reaches_digilocker_and_she_is_signed_in(desk: Desk) -> None:
    (summary,) = entered(desk)
    assert "5 March 1968" in body_of(summary)
    assert f"•••• •••• {AADHAAR[-4:]}" in body_of(summary)
    assert AADHAAR[:8] not in body_of(summary)
    desk.says("send")
    assert desk.locker.applied == ENTERED
    (listed,) = desk.says(OTP)
    assert desk.locker.calls == ["sign_up", "verify_sign_up", "list_documents"]
    assert "1. PAN card" in body_of(listed)


def test_nothing_of_it_rests_in_the_clear_or_outlives_the_sign_up(desk: Desk, logged: io.StringIO) -> None:
    entered(desk)
    assert sealed(desk) == set(ENTERED)
    in_the_clear = (AADHAAR, NAME, NAME.casefold(), "1968", f'"{MOBILE}"')
    for value in in_the_clear:
        assert value not in json.dumps(desk.aws.items())
    desk.deliver(desk.text("send"))
    queued = json.dumps(desk.aws.items())
    desk.work()
    desk.says(OTP)
    assert sealed(desk) == {"token"}
    for value in in_the_clear:
        assert value not in queued
        assert value not in json.dumps(desk.aws.items())
        assert value not in logged.getvalue()


def test_cancel_forgets_what_was_entered(desk: Desk) -> None:
    entered(desk)
    desk.says("cancel")
    assert sealed(desk) == set()
    assert desk.store.load(desk.conversation_id).conversation.stage is Stage.MENU


def test_who_falls_silent_while_signing_up_is_forgotten(desk: Desk) -> None:
    entered(desk)
    desk.clock.now += 1000
    desk.time_runs_out()
    assert sealed(desk) == set()


def test_a_mobile_of_somebody_else_is_asked_for_again(desk: Desk) -> None:
    entered(desk)
    desk.locker.fails = [MobileTaken("mobile_exists")]
    (reply,) = desk.says("send")
    assert "belongs to another DigiLocker account" in body_of(reply)
    assert sealed(desk) == set(ENTERED) - {"mobile"}
    desk.says(MOBILE)
    desk.says("send")
    assert desk.locker.applied == ENTERED


def test_after_too_many_refused_tries_digilocker_is_asked_no_more_and_she_is_told_why(desk: Desk) -> None:
    limit = Rules().otps_per_number_per_hour
    entered(desk)
    desk.locker.fails = [DetailsDiffer("auth_failure") for _ in range(limit)]
    for _ in range(limit):
        desk.taps("send@summary")
    (refused,) = desk.taps("send@summary")
    assert desk.locker.calls.count("sign_up") == limit
    assert "was used several times to sign up" in body_of(refused)
    assert "OTPs" not in body_of(refused)
    desk.clock.now += 3600
    entered(desk)
    desk.says("send")
    assert desk.locker.applied == ENTERED


def test_a_sign_up_that_broke_off_is_never_sent_twice_by_itself(desk: Desk) -> None:
    entered(desk)
    desk.deliver(desk.text("send"))
    (job,) = desk.aws.work()
    desk.worker.work(read_work(json.dumps(job)), again=True)
    assert desk.locker.calls == []
    assert "you need a new OTP" in body_of(desk.whatsapp.sent[-1])
    desk.clock.now += 61
    desk.says("send")
    assert desk.locker.calls == ["sign_up"]


def test_an_otp_of_a_sign_up_that_broke_off_is_never_sent_to_digilocker_again(desk: Desk) -> None:
    entered(desk)
    desk.says("send")
    desk.deliver(desk.text(OTP))
    (job,) = desk.aws.work()
    desk.worker.work(read_work(json.dumps(job)), again=True)
    assert desk.locker.calls == ["sign_up"]
    assert "you need a new OTP" in body_of(desk.whatsapp.sent[-1])
    desk.clock.now += 61
    desk.says("resend")
    desk.says(OTP)
    assert desk.locker.calls == ["sign_up", "sign_up", "verify_sign_up", "list_documents"]


def test_a_name_that_has_a_word_of_ours_in_it_is_still_a_name(desk: Desk) -> None:
    for text in ("Hi", "1", "no", "I agree", AADHAAR):
        desk.says(text)
    (reply,) = desk.says("Asha Bengali")
    assert "date of birth" in body_of(reply)


def test_a_day_that_has_not_come_yet_is_no_date_of_birth(desk: Desk) -> None:
    for text in ("Hi", "1", "no", "I agree", AADHAAR, NAME):
        desk.says(text)
    (reply,) = desk.says("1/1/2090")
    assert "not complete" in body_of(reply)


def test_the_agreement_to_signing_up_is_recorded_as_such(desk: Desk) -> None:
    entered(desk)
    (record,) = [item for part, item in desk.aws.records().items() if part.startswith("consent#")]
    assert record["version"]["S"] == "2026-12-01-sign-up"
