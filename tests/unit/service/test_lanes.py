"""Two lanes: what needs no answer of DigiLocker does not wait for what does, and each citizen's order is kept."""

import json
from unittest import mock

import pytest

from helpdesk.errors import StorageError, WhatsAppError
from helpdesk.service.inbound import DeliveryFailed
from helpdesk.service.outbox_worker import NotItsTurn
from helpdesk.storage.work import Lane, read_work
from helpdesk.whatsapp.errors import MEDIA_FAILED, Unavailable
from tests.unit.service import desk as a_desk
from tests.unit.service.desk import AADHAAR, OTP, Desk, delivery, signature

LATE = 91
"""Seconds after which a job is late by default."""


def lanes(desk: Desk) -> list[Lane]:
    """The lane of each entry in her outbox."""
    return [entry.lane for entry in desk.store.load(desk.conversation_id).outbox]


def told(desk: Desk, since: int = 0) -> list[str]:
    """The texts that were sent, without what a list or document is."""
    bodies = (message.get("interactive", message).get("body", {}) for message in desk.whatsapp.sent[since:])
    return [body.get("text", "") for body in bodies]


def work_one(desk: Desk, job: dict[str, str], **how: float) -> None:
    desk.worker.work(read_work(json.dumps(job)), **how)  # type: ignore[arg-type]


# --- which lane -------------------------------------------------------------------------------------------------------


def test_a_menu_takes_the_reply_lane_and_a_request_the_work_lane(desk: Desk) -> None:
    desk.deliver(desk.text("Hi"))
    assert lanes(desk) == [Lane.REPLY]
    assert len(desk.aws.replies()) == 1
    work_one(desk, {"conversation": desk.conversation_id, "step": desk.job().step})

    desk.asked_for_aadhaar()
    desk.deliver(desk.text(AADHAAR))
    assert lanes(desk) == [Lane.WORK]
    assert desk.aws.replies() == []


def test_signing_out_waits_for_digilocker_and_making_a_link_does_not(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("done"))
    assert lanes(desk) == [Lane.WORK]

    on_page = a_desk.desk(on_page=True)
    for text in ("Hi", "1", "yes"):
        on_page.says(text)
    on_page.deliver(on_page.text("I agree"))
    assert lanes(on_page) == [Lane.REPLY]


def test_whatever_comes_later_goes_behind_what_is_still_to_be_done(desk: Desk) -> None:
    desk.signed_in()
    for text in ("help", "2", "help"):
        desk.deliver(desk.text(text))
    assert lanes(desk) == [Lane.REPLY] * 3
    desk.work()
    for text in ("1", "help", "menu"):
        desk.deliver(desk.text(text))
    assert lanes(desk) == [Lane.WORK] * 3


def test_whoever_queues_a_step_again_queues_it_in_its_lane(desk: Desk) -> None:
    message = desk.text("Hi")
    desk.deliver(message)
    assert len(desk.aws.replies()) == 1  # lost

    desk.clock.now += 301
    desk.deliver(message)

    assert len(desk.aws.replies()) == 1
    assert desk.aws.work() == []


def test_a_step_that_another_call_has_written_and_not_queued_yet_is_queued_in_its_place(desk: Desk) -> None:
    desk.deliver(desk.text("Hi"))
    body = delivery(desk.text("help"))
    with mock.patch.object(desk.receiver._work, "send", side_effect=StorageError), pytest.raises(DeliveryFailed):
        desk.receiver.receive(body, signature(body))

    desk.deliver(desk.text("menu"))

    steps = [entry.step for entry in desk.store.load(desk.conversation_id).outbox]
    assert [job["step"] for job in desk.aws.replies()] == steps
    assert len(steps) == 3


def test_what_a_document_came_to_is_worked_on_in_the_work_lane(desk: Desk) -> None:
    desk.signed_in()
    desk.whatsapp.fails = [Unavailable(131000)]
    desk.deliver(desk.text("1"))
    (job,) = desk.aws.work()
    with pytest.raises(WhatsAppError):
        work_one(desk, job)
    assert lanes(desk) == [Lane.WORK], "what is left of it stays where it is"


def test_a_report_that_a_document_failed_waits_for_a_reply_that_is_under_way(desk: Desk) -> None:
    desk.signed_in()
    desk.says("1")
    callback = desk.whatsapp.sent[-1]["callback"]
    status = {"id": "wamid.reply", "status": "failed", "biz_opaque_callback_data": callback}
    body = delivery(statuses=[{**status, "timestamp": "1", "errors": [{"code": MEDIA_FAILED}]}])
    desk.receiver.receive(body, signature(body))
    (report,) = desk.aws.work()
    desk.deliver(desk.text("help"))
    (reply,) = desk.aws.replies()

    with pytest.raises(NotItsTurn):
        work_one(desk, report)
    work_one(desk, reply)
    work_one(desk, report)

    assert len(desk.whatsapp.uploaded) == 1


# --- late, and done all the same --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "call"), [("1", "fetch_document"), ("other documents", "list_documents")])
def test_a_document_and_a_list_that_are_late_are_announced_once_and_come(desk: Desk, asked: str, call: str) -> None:
    desk.signed_in()
    desk.clock.now += 400  # so long that the list is asked for again
    desk.deliver(desk.text(asked))
    (job,) = desk.aws.work()
    desk.clock.now += LATE
    before, calls = len(desk.whatsapp.sent), len(desk.locker.calls)

    desk.whatsapp.fails = [None, Unavailable(131000)]
    with pytest.raises(WhatsAppError):
        work_one(desk, job)
    work_one(desk, job, again=True)

    longer, *rest = told(desk, before)
    assert longer.startswith("This is taking longer than usual")
    assert len(rest) == 1
    assert desk.locker.calls[calls:] == [call]


def test_what_is_late_and_in_time_is_not_announced(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("1"))
    desk.clock.now += LATE - 2
    before = len(desk.whatsapp.sent)
    desk.work()
    assert len(desk.whatsapp.sent) == before + 1


def test_a_document_that_comes_after_her_session_is_neither_announced_nor_fetched(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("1"))
    desk.clock.now += 901
    before = len(desk.whatsapp.sent)

    desk.work()

    (ended,) = told(desk, before)
    assert not ended.startswith("This is taking longer")
    assert "fetch_document" not in desk.locker.calls


def test_a_document_that_she_cancelled_while_it_waited_is_neither_announced_nor_fetched(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("1"))
    desk.deliver(desk.text("cancel"))
    desk.clock.now += LATE
    before, calls = len(desk.whatsapp.sent), len(desk.locker.calls)

    desk.work()

    assert len(told(desk, before)) == 1, "the menu"
    assert desk.locker.calls[calls:] == []


def test_a_revocation_is_done_however_late_it_is(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("done"))
    desk.clock.now += LATE
    desk.work()
    assert desk.locker.calls[-1] == "revoke"


def test_a_document_that_failed_before_it_was_late_is_not_announced_but_told(desk: Desk) -> None:
    """It is no queue that keeps it waiting."""
    desk.signed_in()
    desk.deliver(desk.text("1"))
    (job,) = desk.aws.work()
    desk.clock.now += LATE
    before = len(desk.whatsapp.sent)
    work_one(desk, job, again=True)
    (text,) = told(desk, before)
    assert "went wrong on our side" in text


def test_an_otp_that_is_late_expires(desk: Desk) -> None:
    desk.asked_for_otp()
    desk.deliver(desk.text(OTP))
    desk.clock.now += LATE
    before = len(desk.whatsapp.sent)
    desk.work()
    assert desk.locker.calls == ["send_otp"]
    assert "went wrong on our side" in told(desk, before)[0]
