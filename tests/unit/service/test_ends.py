"""What she entrusted ends by itself: no queue, timer or message of hers is needed for it."""

import json
from collections.abc import Callable, Iterator

import pytest

from helpdesk.conversation.effects import (
    CODE,
    DETAILS,
    DEVICE_CODE,
    LINK,
    OTP,
    REFRESH,
    SHARED,
    SOUGHT,
    TOKEN,
    VERIFIER,
    detail,
)
from helpdesk.conversation.model import Stage
from helpdesk.digilocker.models import Token as DigiLockerToken
from helpdesk.errors import SealEnded
from helpdesk.storage.conversations import Entry, Stored
from helpdesk.storage.work import read_work
from tests.unit.service import desk as a_desk
from tests.unit.service.desk import Desk, desk

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
WEEK = 7 * DAY
EVERY_PURPOSE = {*DETAILS, OTP, DEVICE_CODE, TOKEN, SOUGHT, LINK, VERIFIER, CODE, REFRESH, SHARED, detail(1), detail(2)}


def queued(desk: Desk, text: str) -> None:
    """She writes something, and nobody works on it."""
    desk.deliver(desk.text(text))


def types_her_number() -> Desk:
    here = desk()
    here.asked_for_aadhaar()
    queued(here, a_desk.AADHAAR)
    return here


def types_her_otp() -> Desk:
    here = desk()
    here.asked_for_otp()
    queued(here, a_desk.OTP)
    return here


def signs_in() -> Desk:
    here = desk()
    here.signed_in()
    return here


def signs_up() -> Desk:
    here = desk()
    for text in ("Hi", "1", "no", "I agree", a_desk.AADHAAR, "Sunita Devi", "5 March 1968", "Female"):
        here.says(text)
    here.taps("own_mobile@mobile")
    queued(here, "send")
    return here


def brings_a_document_in() -> Desk:
    here = signs_in()
    for text in ("new document", "12th marksheet 214", "0000214 B"):
        here.says(text)
    queued(here, "2005")
    return here


def has_a_link() -> Desk:
    here = desk(on_page=True, asks_for_proof=True)
    here.at_link()
    queued(here, "open link")
    return here


def is_back() -> Desk:
    here = desk(on_page=True, asks_for_proof=True)
    here.consenting.callback({"state": [here.at_digilocker()], "code": [a_desk.CODE]}, [], "")
    return here


def signs_in_on_the_page() -> Desk:
    here = desk(on_page=True)
    here.consenting.callback({"state": [here.at_digilocker()], "code": [a_desk.CODE]}, [], "")
    here.work()
    return here


EVERYWHERE = (
    types_her_number,
    types_her_otp,
    signs_in,
    signs_up,
    brings_a_document_in,
    has_a_link,
    is_back,
    signs_in_on_the_page,
)


def everything_sealed(stored: Stored) -> Iterator[tuple[str, Entry | None]]:
    yield from ((name, None) for name in stored.sealed)
    yield from ((name, entry) for entry in stored.outbox for name in entry.sealed)


def test_a_week_after_both_queues_were_lost_nothing_opens_and_no_list_is_read() -> None:
    seen = set()
    for arrive in EVERYWHERE:
        here = arrive()
        sealed = list(everything_sealed(here.store.load(here.conversation_id)))
        seen |= {name for name, _ in sealed}
        for name, entry in sealed:
            assert here.worker._follow_ups._sealed.open(here.store.load(here.conversation_id), name, entry)
        here.aws.work(), here.aws.timers()  # purged
        here.clock.now += WEEK
        stored = here.store.load(here.conversation_id)
        assert stored.conversation.documents == ()
        for name, entry in everything_sealed(stored):
            for written in (entry, None) if name in stored.sealed else (entry,):
                with pytest.raises(SealEnded):
                    here.worker._follow_ups._sealed.open(stored, name, written)
            sealed_as = entry.sealed[name] if entry else stored.sealed[name]
            with pytest.raises(SealEnded):
                here.worker._follow_ups._sealed._sealer.open(sealed_as, stored.id, name, written_at=stored.written_at)
    assert seen == EVERY_PURPOSE


@pytest.mark.parametrize("arrive", EVERYWHERE)
def test_after_a_quarter_of_an_hour_of_silence_nothing_is_opened_but_to_revoke_it(arrive: Callable[[], Desk]) -> None:
    here = arrive()
    here.clock.now += 20 * MINUTE + 10
    stored = here.store.load(here.conversation_id)
    for name, entry in everything_sealed(stored):
        with pytest.raises(SealEnded):
            here.worker._follow_ups._sealed.open(stored, name, entry)


def test_a_job_that_comes_back_too_late_ends_the_session_and_says_so_instead_of_failing() -> None:
    here = signs_in()
    queued(here, "1")
    (job,) = here.aws.work()
    here.clock.now += 14 * MINUTE
    queued(here, "are you still there?")  # she is, but the list has not been put off: the queue was down
    here.clock.now += 20 * MINUTE
    before = len(here.whatsapp.sent)

    here.worker.work(read_work(json.dumps(job)), queued_at=here.clock.now)

    (told,) = here.whatsapp.sent[before:]
    assert "We signed you out and deleted" in json.dumps(told)
    assert "revoke" in here.locker.calls
    assert "fetch_document" not in here.locker.calls
    assert here.store.load(here.conversation_id).sealed == {}


def test_an_otp_whose_time_is_over_before_its_job_is_begun_is_said_to_be_too_old() -> None:
    here = desk()
    here.asked_for_otp()
    here.clock.now += 599
    queued(here, a_desk.OTP)
    here.clock.now += 2
    before = len(here.whatsapp.sent)
    here.work(queued_at=here.clock.now)
    assert "has expired" in json.dumps(here.whatsapp.sent[before:])
    assert "verify_otp" not in here.locker.calls


def test_a_number_is_asked_for_again_an_hour_after_it_was_typed_however_active_she_was() -> None:
    here = desk()
    here.asked_for_otp()
    for _ in range(6):
        here.clock.now += 10 * MINUTE
        here.says("help")
    before = len(here.whatsapp.sent)
    here.says("resend")
    assert here.locker.calls.count("send_otp") == 1
    assert "We signed you out and deleted" in json.dumps(here.whatsapp.sent[before:])


def test_a_link_that_is_sent_too_late_is_replaced_by_the_way_to_a_new_one() -> None:
    here = has_a_link()
    here.clock.now += 10 * MINUTE
    before = len(here.whatsapp.sent)
    here.work(queued_at=here.clock.now)
    (told,) = here.whatsapp.sent[before:]
    assert "new_link@link" in json.dumps(told)
    assert here.store.load(here.conversation_id).outbox == ()


def test_a_reply_that_shows_what_has_ended_says_that_the_session_has_ended() -> None:
    here = desk()
    for text in ("Hi", "1", "no", "I agree", a_desk.AADHAAR, "Sunita Devi", "5 March 1968", "Female"):
        here.says(text)
    here.deliver(here.tap("own_mobile@mobile"))
    here.clock.now += HOUR
    before = len(here.whatsapp.sent)
    here.work(queued_at=here.clock.now)
    assert "We signed you out and deleted" in json.dumps(here.whatsapp.sent[before:])
    assert "Sunita" not in json.dumps(here.whatsapp.sent[before:])


def test_a_token_is_revoked_after_the_silence_but_not_after_its_own_end() -> None:
    for seconds, revoked in ((HOUR - 1, True), (HOUR, False)):
        here = signs_in()
        here.aws.timers()
        here.clock.now += seconds
        queued(here, "done")
        here.work(queued_at=here.clock.now)
        assert ("revoke" in here.locker.calls) == revoked
        assert here.store.load(here.conversation_id).outbox == ()


def test_digilockers_own_end_cannot_be_put_off_beyond_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    here = desk()
    here.asked_for_otp()
    month = DigiLockerToken(a_desk.TOKEN, 30 * DAY)
    monkeypatch.setattr(here.locker, "verify_otp", lambda *_: month)
    here.says(a_desk.OTP)
    stored = here.store.load(here.conversation_id)
    assert stored.conversation.session is not None
    assert stored.conversation.session.expires_at == here.clock.now + DAY
    assert stored.sealed["token"].startswith(f"{int(here.clock.now + DAY)}.")


# The list


def list_end(here: Desk) -> int:
    return int(here.aws.items()["documents"]["expires_at"]["N"])


def test_the_list_lies_for_minutes_and_is_put_off_only_when_its_end_comes_near_and_she_writes() -> None:
    here = signs_in()
    began = int(here.clock.now)
    assert list_end(here) == began + 30 * MINUTE
    here.clock.now += 14 * MINUTE
    here.says("help")
    assert list_end(here) == began + 30 * MINUTE
    here.clock.now += 2 * MINUTE
    here.says("help")
    assert list_end(here) == began + 46 * MINUTE
    assert len(here.store.load(here.conversation_id).conversation.documents) == 2


def test_a_list_stays_with_her_as_long_as_she_writes() -> None:
    here = signs_in()
    for _ in range(5):
        here.clock.now += 11 * MINUTE
        here.says("help")
    assert "PAN" in json.dumps(here.says("1"))


def test_a_list_that_dynamodb_has_deleted_meanwhile_is_asked_for_again_instead_of_failing() -> None:
    here = signs_in()
    here.aws.client("dynamodb").delete_item(
        TableName=here.aws.environment["CONVERSATIONS_TABLE"],
        Key={"conversation": {"S": here.conversation_id}, "part": {"S": "documents"}},
    )
    (asked,) = here.says("2")
    assert "try_again" in json.dumps(asked)
    (listed,) = here.says("try again")
    assert "1. PAN card" in json.dumps(listed)


def test_a_list_of_the_version_before_is_read_for_a_day() -> None:
    here = signs_in()
    table = here.aws.environment["CONVERSATIONS_TABLE"]
    key = {"conversation": {"S": here.conversation_id}, "part": {"S": "documents"}}
    here.aws.client("dynamodb").update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET expires_at = :e REMOVE ends_at",
        ExpressionAttributeValues={":e": {"N": str(int(here.clock.now) + 8 * DAY)}},
    )
    here.clock.now += DAY - 1
    assert here.store.load(here.conversation_id).conversation.documents
    here.clock.now += 1
    assert not here.store.load(here.conversation_id).conversation.documents


def test_the_next_message_after_the_list_has_ended_ends_the_session() -> None:
    here = signs_in()
    here.aws.timers()
    here.clock.now += 31 * MINUTE
    assert "You did not write for some time" in json.dumps(here.says("1"))
    assert here.store.load(here.conversation_id).conversation.stage is Stage.MENU
    assert "revoke" in here.locker.calls


def test_sealing_costs_one_call_for_each_value_as_before() -> None:
    here = desk()
    here.asked_for_aadhaar()
    before = len(here.aws.calls)
    here.deliver(here.text(a_desk.AADHAAR))
    assert sorted(here.aws.calls[before:]) == [
        "dynamodb.query",
        "dynamodb.update_item",
        "kms.encrypt",
        "sqs.send_message_batch",
    ]
