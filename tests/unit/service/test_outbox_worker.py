import io
import json
from copy import replace
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ReadTimeoutError

from helpdesk.conversation.model import Stage
from helpdesk.digilocker.errors import (
    ClientRefused,
    InvalidToken,
    OtpRefused,
    RepositoryUnresponsive,
    RequestRefused,
    Unreachable,
)
from helpdesk.errors import DigiLockerError, StorageError, VersionConflict, WhatsAppError
from helpdesk.service.digilocker_gateway import DigiLockerGateway
from helpdesk.storage.secrets import Secret
from helpdesk.storage.work import DeletionTimer, EndSession, IdleTimer, Job, TimerQueue
from helpdesk.whatsapp.errors import InvalidMessage, OutcomeUnknown, RateLimited, TokenRefused, Unavailable
from tests.unit.aws import OUTBOUND_SECRET
from tests.unit.service.desk import AADHAAR, DEVICE_CODE, DOCUMENTS, OTP, TOKEN, Desk


def body_of(reply: dict[str, object]) -> str:
    interactive = reply["interactive"]
    assert isinstance(interactive, dict)
    return str(interactive["body"]["text"])


def test_the_way_from_hi_to_the_pdf(desk: Desk) -> None:
    desk.signed_in()
    assert desk.locker.calls == ["send_otp", "verify_otp", "list_documents"]
    (reply,) = desk.says("2")
    assert reply["interactive"]["header"]["type"] == "document"
    assert reply["interactive"]["header"]["document"]["filename"] == "Driving licence.pdf"
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in reply["interactive"]["header"]["document"]["link"]
    assert [button["reply"]["title"] for button in reply["interactive"]["action"]["buttons"]] == [
        "Other documents",
        "Done",
    ]


def test_done_revokes_the_token_and_forgets_everything(desk: Desk) -> None:
    desk.signed_in()
    desk.taps("done")
    assert desk.locker.calls[-1] == "revoke"
    items = desk.aws.items()
    assert "documents" not in items
    assert json.loads(items["state"]["sealed"]["S"]) == {}
    assert items["state"]["outbox"]["M"] == {}


def test_nothing_secret_rests_in_the_clear_on_the_whole_way(desk: Desk, logged: io.StringIO) -> None:
    desk.signed_in()
    desk.says("1")
    table = json.dumps(desk.aws.items())
    for secret in (AADHAAR, OTP, TOKEN, DEVICE_CODE):
        assert secret not in table
        assert secret not in logged.getvalue()
    for document in DOCUMENTS:
        assert document.uri not in logged.getvalue()
    assert "X-Amz" not in logged.getvalue()


def test_who_agrees_is_recorded_without_her_number(desk: Desk) -> None:
    desk.asked_for_aadhaar()
    (record,) = [item for part, item in desk.aws.records().items() if part.startswith("consent#")]
    assert record["version"]["S"] == "2026-12-01"


# Done once


def test_a_job_that_is_done_is_not_done_again(desk: Desk) -> None:
    desk.deliver(desk.text("Hi"))
    job = desk.job()
    desk.work()
    desk.worker.work(job)
    assert len(desk.whatsapp.sent) == 1


def test_a_job_of_nobody_is_no_error(desk: Desk) -> None:
    desk.worker.work(Job("nobody", "nothing"))


def test_a_crash_after_the_answer_was_written_does_not_ask_digilocker_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.asked_for_aadhaar()
    desk.deliver(desk.text(AADHAAR))
    job = desk.job()
    desk.whatsapp.fails = [RateLimited(130429)]
    with pytest.raises(RateLimited):
        desk.worker.work(job)
    desk.worker.work(job)
    assert desk.locker.calls == ["send_otp"]
    assert "an OTP is on its way" in body_of(desk.whatsapp.sent[-1])


def test_a_crash_between_the_otp_and_the_list_goes_on_with_the_list(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.asked_for_otp()
    desk.deliver(desk.text(OTP))
    job = desk.job()

    def dies(*_values: object, **_also: object) -> None:
        raise RuntimeError("the process died")

    with monkeypatch.context() as patch:
        patch.setattr(desk.locker, "list_documents", dies)
        with pytest.raises(RuntimeError):
            desk.worker.work(job)
    desk.worker.work(job)
    assert desk.locker.calls == ["send_otp", "verify_otp", "list_documents"]
    assert "1. PAN card" in body_of(desk.whatsapp.sent[-1])


def test_a_lost_race_keeps_the_answer_and_never_asks_again(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("1"))
    desk.locker.meanwhile = [lambda: desk.deliver(desk.text("help"))]
    desk.work()
    assert desk.locker.calls.count("fetch_document") == 1
    assert any(reply["interactive"].get("header") for reply in desk.whatsapp.sent)


# What nobody wants any more


def test_a_token_that_comes_after_she_left_is_revoked(desk: Desk) -> None:
    desk.asked_for_otp()
    desk.deliver(desk.text(OTP))
    desk.locker.meanwhile = [lambda: desk.deliver(desk.text("Hi"))]
    desk.work()
    assert desk.locker.calls == ["send_otp", "verify_otp", "revoke"]
    assert "token" not in json.loads(desk.aws.items()["state"]["sealed"]["S"])


def test_a_pdf_that_comes_after_she_left_is_deleted(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("1"))
    desk.locker.meanwhile = [lambda: desk.deliver(desk.text("done"))]
    desk.work()
    assert desk.aws.pdfs() == []
    assert not any(reply["interactive"].get("header") for reply in desk.whatsapp.sent)


def test_a_job_that_nobody_wants_any_more_is_not_even_started(desk: Desk) -> None:
    desk.asked_for_otp()
    desk.deliver(desk.text(OTP))
    desk.deliver(desk.text("Hi"))
    desk.work()
    assert desk.locker.calls == ["send_otp"]


# What fails


def test_a_failing_digilocker_is_told_and_can_be_tried_again(desk: Desk) -> None:
    desk.signed_in()
    desk.locker.fails = [RepositoryUnresponsive("repository_service_unresponsive", status=530)]
    (reply,) = desk.says("1")
    assert "We could not get this document: *PAN card*" in body_of(reply)
    (again,) = desk.taps("try_again@documents")
    assert again["interactive"]["header"]["type"] == "document"


def test_a_wrong_otp_is_told_with_the_tries_left(desk: Desk) -> None:
    desk.asked_for_otp()
    desk.locker.fails = [OtpRefused("invalid_grant", status=400)]
    (reply,) = desk.says(OTP)
    assert "2 tries left" in body_of(reply)


# --- credentials that were rotated ------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ClientRefused("invalid_client", status=400), RequestRefused("hmac_mismatch")])
def test_credentials_that_are_refused_are_read_again_for_the_next_try(desk: Desk, error: DigiLockerError) -> None:
    desk.asked_for_aadhaar()
    desk.locker.fails = [error]
    desk.says(AADHAAR)
    assert desk.locker.calls == ["send_otp", "reread_credentials"]  # what was refused is not repeated

    desk.taps("try_again@aadhaar")
    assert desk.locker.calls[2:] == ["send_otp"]


def test_no_other_failure_has_the_credentials_read_again(desk: Desk) -> None:
    desk.asked_for_otp()
    desk.locker.fails = [OtpRefused("invalid_grant", status=400)]
    desk.says(OTP)
    assert "reread_credentials" not in desk.locker.calls


def test_new_credentials_count_at_once_and_a_secret_that_cannot_be_read_leaves_the_old_ones(
    desk: Desk, logged: io.StringIO
) -> None:
    client = desk.aws.client("secretsmanager")
    secret = Secret(client, desk.aws.environment["OUTBOUND_SECRET_ARN"], "OutboundSecret", desk.clock)
    others = dict.fromkeys(("client", "documents", "pull", "directory", "links"), mock.Mock())
    locker = DigiLockerGateway(secret=secret, **others)
    assert secret.text("digilocker_client_secret") == "client-secret"

    desk.aws.put_secret("OUTBOUND_SECRET_ARN", OUTBOUND_SECRET | {"digilocker_client_secret": "rotated"})
    locker.reread_credentials()
    assert secret.text("digilocker_client_secret") == "rotated"

    desk.clock.now += 60
    with mock.patch.object(
        client, "get_secret_value", side_effect=ReadTimeoutError(endpoint_url="https://aws.example")
    ):
        locker.reread_credentials()
    assert secret.text("digilocker_client_secret") == "rotated"
    assert "a secret could not be read again" in logged.getvalue()


def test_a_token_that_was_revoked_elsewhere_ends_the_session(desk: Desk) -> None:
    desk.signed_in()
    desk.locker.fails = [InvalidToken("invalid_token", status=401)]
    (reply,) = desk.says("1")
    assert "sign in again" in body_of(reply)
    assert "documents" not in desk.aws.items()


def test_after_signing_in_again_the_document_that_was_asked_for_comes_by_itself(desk: Desk) -> None:
    desk.signed_in()
    desk.locker.fails = [InvalidToken("invalid_token", status=401)]
    (reply,) = desk.says("2")
    assert "To get *Driving licence*" in body_of(reply)
    desk.clock.now += 61
    for text in ("DigiLocker services", "I agree", AADHAAR):
        desk.says(text)
    (reply,) = desk.says(OTP)
    assert reply["interactive"]["header"]["document"]["filename"] == "Driving licence.pdf"
    assert desk.locker.calls[-2:] == ["list_documents", "fetch_document"]


def test_what_was_asked_for_does_not_come_from_the_account_of_another_number(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.signed_in()
    monkeypatch.setattr(desk.locker, "send_otp", lambda *_: DEVICE_CODE)
    desk.locker.fails = [InvalidToken("invalid_token", status=401)]
    desk.says("2")
    for text in ("DigiLocker services", "I agree", "999941057058"):
        desk.says(text)
    (reply,) = desk.says(OTP)
    assert reply["interactive"]["type"] == "list"


def test_a_document_chosen_while_the_list_is_asked_for_again_comes(desk: Desk) -> None:
    desk.signed_in()
    desk.clock.now += 301
    for text in ("other documents", "other documents", "2"):
        desk.deliver(desk.text(text))
    before = len(desk.whatsapp.sent)
    desk.work()
    *_, reply = desk.whatsapp.sent[before:]
    assert reply["interactive"]["header"]["document"]["filename"] == "Driving licence.pdf"
    assert desk.store.load(desk.conversation_id).conversation.waiting == ()


def test_a_revocation_that_fails_is_no_reason_to_stay_signed_in(desk: Desk) -> None:
    desk.signed_in()
    desk.locker.fails = [Unreachable("[timeout]")]
    desk.taps("done")
    assert json.loads(desk.aws.items()["state"]["sealed"]["S"]) == {}
    assert desk.aws.items()["state"]["outbox"]["M"] == {}


def test_a_job_past_its_time_asks_nobody_and_is_told(desk: Desk) -> None:
    desk.asked_for_aadhaar()
    desk.deliver(desk.text(AADHAAR))
    desk.clock.now += 91
    desk.work()
    assert desk.locker.calls == []
    assert "went wrong on our side" in body_of(desk.whatsapp.sent[-1])


def test_a_job_is_not_late_when_only_its_way_to_the_queue_was_long(desk: Desk) -> None:
    desk.asked_for_aadhaar()
    desk.deliver(desk.text(AADHAAR))
    desk.clock.now += 300
    desk.work(queued_at=desk.clock.now - 5)
    assert desk.locker.calls == ["send_otp"]


def test_what_she_wrote_in_a_session_that_is_over_goes_nowhere_however_late_it_was_queued(desk: Desk) -> None:
    desk.asked_for_otp()
    desk.deliver(desk.text(OTP))
    desk.clock.now += 901
    desk.work(queued_at=desk.clock.now)
    assert desk.locker.calls == ["send_otp"]


def test_on_the_last_try_she_is_told_instead(desk: Desk) -> None:
    desk.asked_for_aadhaar()
    desk.deliver(desk.text(AADHAAR))
    desk.work(last_try=True)
    assert desk.locker.calls == []
    reply = desk.whatsapp.sent[-1]["interactive"]
    assert reply["action"]["buttons"][0]["reply"]["title"] == "Try again"


@pytest.mark.parametrize("error", [RateLimited(131056), Unavailable(131000)])
def test_a_reply_that_was_not_taken_stays_in_the_outbox_until_it_is(desk: Desk, error: WhatsAppError) -> None:
    desk.deliver(desk.text("Hi"))
    job = desk.job()
    for _ in range(3):
        desk.whatsapp.fails = [error]
        with pytest.raises(type(error)):
            desk.worker.work(job)
    desk.worker.work(job)
    assert len(desk.whatsapp.sent) == 1
    assert desk.whatsapp.probes == 0


def test_a_reply_that_may_have_arrived_is_sent_once_more(desk: Desk) -> None:
    desk.deliver(desk.text("Hi"))
    job = desk.job()
    desk.whatsapp.fails = [OutcomeUnknown(None)]
    with pytest.raises(OutcomeUnknown):
        desk.worker.work(job)
    desk.worker.work(job)
    assert len(desk.whatsapp.sent) == 1
    assert desk.aws.items()["state"]["outbox"]["M"] == {}


def test_a_reply_that_may_have_arrived_twice_is_left_at_that(desk: Desk) -> None:
    desk.deliver(desk.text("Hi"))
    job = desk.job()
    desk.whatsapp.fails = [OutcomeUnknown(None), OutcomeUnknown(500)]
    with pytest.raises(OutcomeUnknown):
        desk.worker.work(job)
    desk.worker.work(job)
    assert desk.whatsapp.fails == []
    assert desk.aws.items()["state"]["outbox"]["M"] == {}


def test_the_one_repetition_waits_until_whatsapp_answers_again(desk: Desk) -> None:
    desk.deliver(desk.text("Hi"))
    job = desk.job()
    desk.whatsapp.fails = [OutcomeUnknown(None)]
    desk.whatsapp.is_down = True
    with pytest.raises(OutcomeUnknown):
        desk.worker.work(job)
    for _ in range(6):
        with pytest.raises(Unavailable):
            desk.worker.work(job)
    desk.whatsapp.is_down = False
    desk.worker.work(job)
    assert len(desk.whatsapp.sent) == 1


def test_a_reply_that_can_never_go_through_is_dropped(desk: Desk) -> None:
    desk.deliver(desk.text("Hi"))
    desk.whatsapp.fails = [InvalidMessage(131009)]
    desk.work()
    assert desk.aws.items()["state"]["outbox"]["M"] == {}


def test_a_refused_access_token_is_read_afresh_once(desk: Desk) -> None:
    desk.deliver(desk.text("Hi"))
    desk.whatsapp.fails = [TokenRefused(190)]
    desk.aws.put_secret("OUTBOUND_SECRET_ARN", {**OUTBOUND_SECRET, "whatsapp_access_token": "new"})
    desk.work()
    assert len(desk.whatsapp.sent) == 1


def test_a_reply_is_kept_while_the_access_token_is_refused(desk: Desk) -> None:
    desk.deliver(desk.text("Hi"))
    job = desk.job()
    desk.whatsapp.fails = [TokenRefused(190), TokenRefused(190)]
    with pytest.raises(TokenRefused):
        desk.worker.work(job)
    assert desk.job() == job


# Time


def test_silence_ends_the_session_and_revokes_the_token(desk: Desk) -> None:
    desk.signed_in()
    sent = len(desk.whatsapp.sent)
    desk.clock.now += 900
    desk.time_runs_out()
    assert desk.locker.calls[-1] == "revoke"
    assert "documents" not in desk.aws.items()
    assert len(desk.whatsapp.sent) == sent
    (reply,) = desk.says("1")
    assert "we signed you out" in body_of(reply)


def test_a_timer_that_fires_twice_revokes_once(desk: Desk) -> None:
    desk.signed_in()
    desk.clock.now += 900
    desk.time_runs_out()
    desk.time_runs_out()
    assert desk.locker.calls.count("revoke") == 1


def test_a_timer_for_who_wrote_meanwhile_is_set_again(desk: Desk) -> None:
    desk.signed_in()
    desk.clock.now += 600
    desk.says("help")
    desk.clock.now += 300
    desk.time_runs_out()
    assert "revoke" not in desk.locker.calls
    state = desk.store.load(desk.conversation_id).conversation
    assert state.timer_at == desk.clock.now + 600


def test_a_crash_after_the_session_ended_still_revokes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.signed_in()
    desk.clock.now += 900

    def dies(*_values: object, **_also: object) -> None:
        raise RuntimeError("the process died")

    with monkeypatch.context() as patch:
        patch.setattr(desk.locker, "revoke", dies)
        with pytest.raises(RuntimeError):
            desk.time_runs_out()
    assert desk.store.load(desk.conversation_id).conversation.stage is Stage.ENDED
    desk.time_runs_out()
    assert desk.locker.calls[-1] == "revoke"


def test_a_pdf_is_deleted_when_its_link_has_expired(desk: Desk) -> None:
    desk.signed_in()
    desk.says("1")
    (key,) = desk.aws.pdfs()
    desk.worker.work(DeletionTimer(key))
    assert desk.aws.pdfs() == []


def test_a_timer_of_nobody_is_no_error(desk: Desk) -> None:
    desk.worker.work(IdleTimer("nobody", "timer"))


def test_a_list_that_she_signed_out_of_is_not_sent(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("other documents"))
    job = desk.job()
    desk.deliver(desk.text("done"))
    sent = len(desk.whatsapp.sent)
    desk.worker.work(job)
    assert len(desk.whatsapp.sent) == sent
    assert replace(job) not in [Job(desk.conversation_id, e.step) for e in desk.store.load(desk.conversation_id).outbox]


def test_a_number_gets_five_otps_an_hour_whoever_asks(desk: Desk) -> None:
    def asks(phone: int) -> None:
        for text in ("Hi", "1", "yes", "I agree", AADHAAR):
            desk.gets(desk.text(text, **{"from": f"91900000010{phone}", "from_user_id": f"IN.10{phone}"}))

    for phone in range(6):
        asks(phone)
        desk.clock.now += 61
    assert desk.locker.calls.count("send_otp") == 5
    assert "many OTPs" in body_of(desk.whatsapp.sent[-1])
    desk.clock.now += 3600 - 6 * 61  # an hour after the first one there is room for one
    asks(6)
    asks(7)
    assert desk.locker.calls.count("send_otp") == 6


def test_a_job_that_is_given_up_keeps_its_reply_but_nothing_sealed(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.tap("done"))
    job = desk.job()
    desk.whatsapp.fails = [RateLimited(130429)]
    with pytest.raises(RateLimited):
        desk.worker.work(job, last_try=True)
    desk.worker.give_up(job)
    (entry,) = desk.store.load(desk.conversation_id).outbox
    assert entry.sealed == {}
    assert [type(effect).__name__ for effect in entry.effects] == ["Say"]


def test_a_job_that_is_given_up_with_nothing_left_to_do_is_gone(desk: Desk) -> None:
    desk.asked_for_aadhaar()
    desk.deliver(desk.text(AADHAAR))
    desk.worker.give_up(desk.job())
    assert desk.store.load(desk.conversation_id).outbox == ()


def test_a_reply_that_names_a_document_goes_out_also_after_she_signed_out(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("1"))
    desk.deliver(desk.text("1"))
    desk.deliver(desk.text("done"))
    desk.work()
    assert desk.aws.items()["state"]["outbox"]["M"] == {}
    assert any("This document" in body_of(reply) for reply in desk.whatsapp.sent)


def test_a_timer_that_is_set_at_sign_in_is_set(desk: Desk) -> None:
    desk.asked_for_otp()
    desk.clock.now += 850
    desk.taps("resend@otp")
    desk.clock.now += 60
    desk.says(OTP)
    assert len(desk.aws.cloud.timer) == 2


def test_a_token_that_could_not_be_kept_is_revoked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.asked_for_otp()
    desk.deliver(desk.text(OTP))
    job = desk.job()

    def loses(*_args: object, **_more: object) -> None:
        raise VersionConflict("lost")

    monkeypatch.setattr(desk.store, "save", loses)
    with pytest.raises(VersionConflict):
        desk.worker.work(job)
    assert desk.locker.calls[-1] == "revoke"


def test_a_document_that_could_not_be_kept_is_not_left_behind(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.signed_in()
    desk.deliver(desk.text("1"))
    job = desk.job()
    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "save", mock.Mock(side_effect=StorageError("ReadTimeoutError")))
        with pytest.raises(StorageError):
            desk.worker.work(job)
    desk.worker.work(EndSession(desk.conversation_id, "closed"))
    desk.worker.work(job, again=True)
    assert desk.aws.pdfs() == []


def test_a_token_that_was_kept_is_not_revoked_if_only_the_answer_of_the_write_got_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.asked_for_otp()
    desk.deliver(desk.text(OTP))
    job = desk.job()
    save = desk.store.save

    def is_not_heard(*args: Any, **more: Any) -> None:
        save(*args, **more)
        raise StorageError("ReadTimeoutError")

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "save", is_not_heard)
        with pytest.raises(StorageError):
            desk.worker.work(job)
    desk.worker.work(job, again=True)
    assert desk.locker.calls == ["send_otp", "verify_otp", "list_documents"]


def test_a_document_is_not_sent_again_because_its_deletion_could_not_be_set(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.signed_in()

    def is_away(*_args: object) -> None:
        raise StorageError("ReadTimeoutError")

    monkeypatch.setattr(TimerQueue, "set", is_away)
    (reply,) = desk.says("1")
    assert reply["interactive"]["header"]["type"] == "document"
    assert desk.store.load(desk.conversation_id).outbox == ()


def test_an_otp_whose_verification_broke_off_is_not_called_wrong(desk: Desk) -> None:
    desk.asked_for_otp()
    desk.deliver(desk.text(OTP))
    desk.locker.fails = [OtpRefused("invalid_grant", status=400)]
    desk.worker.work(desk.job(), again=True)
    text = body_of(desk.whatsapp.sent[-1])
    assert "not your fault" in text
    assert "Resend" in text
