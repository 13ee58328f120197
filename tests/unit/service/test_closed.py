"""Closing the desk goes on forgetting; and an operator ends all sessions."""

import json
from typing import Any

import pytest

from helpdesk.conversation.effects import FetchDocument, Revoke
from helpdesk.conversation.model import Stage
from helpdesk.errors import VersionConflict
from helpdesk.service.queue_consumer import DocumentHandler, QueueMessage
from helpdesk.storage.work import DeletionTimer, EndSession, IdleTimer, Work, read_work, timer_body
from helpdesk.whatsapp.errors import Unavailable
from tests.unit.service import desk as a_desk
from tests.unit.service.desk import Desk, desk

MINUTE = 60


class Timers:
    """The timer queue, which a test's clock moves."""

    def __init__(self, here: Desk) -> None:
        self.waiting: list[tuple[float, Work]] = []
        self._desk = here

    def set(self, timer: Work, seconds: int) -> None:
        self.waiting.append((self._desk.clock.now + min(seconds, 900), timer))


@pytest.fixture(name="desk")
def desk_fixture() -> Desk:
    here = desk()
    timers: Any = Timers(here)
    for part in (here.worker._follow_ups, here.worker._session_end, here.worker._directory):
        part._timers = timers
    return here


def timers_fire(here: Desk) -> list[Work]:
    """While the desk is closed: the timers whose time has come, and nothing else."""
    timers = here.worker._session_end._timers
    assert isinstance(timers, Timers)
    fired = [timer for at, timer in timers.waiting if at <= here.clock.now]
    timers.waiting = [(at, timer) for at, timer in timers.waiting if at > here.clock.now]
    for timer in fired:
        here.worker.work(timer)
    return fired


def sealed(here: Desk) -> dict[str, str]:
    stored = here.store.load(here.conversation_id)
    return dict(stored.sealed) | {name: value for entry in stored.outbox for name, value in entry.sealed.items()}


def close_session(here: Desk, number: int = 1) -> None:
    here.worker.work(EndSession(here.conversation_id, f"close-{number}"))


def test_silence_ends_a_session_and_revokes_while_the_desk_is_closed(desk: Desk) -> None:
    desk.signed_in()
    desk.clock.now += 15 * MINUTE
    assert [type(timer) for timer in timers_fire(desk)] == [IdleTimer]
    assert desk.locker.calls[-1] == "revoke"
    assert sealed(desk) == {}
    assert "documents" not in desk.aws.items()


def test_a_sign_out_while_the_desk_is_closed_is_carried_out_by_timers(desk: Desk) -> None:
    desk.signed_in()
    desk.clock.now += 14 * MINUTE
    desk.deliver(desk.text("done"))  # nobody works on it
    before = len(desk.whatsapp.sent)
    desk.clock.now += MINUTE
    timers_fire(desk)
    assert "revoke" not in desk.locker.calls, "the job may still come"
    desk.clock.now += 16 * MINUTE
    timers_fire(desk)
    assert desk.locker.calls.count("revoke") == 1
    assert sealed(desk) == {}
    (entry,) = desk.store.load(desk.conversation_id).outbox
    assert not any(isinstance(effect, Revoke) for effect in entry.effects)
    assert timers_fire(desk) == []
    assert len(desk.whatsapp.sent) == before, "the desk is closed: no word"
    desk.work()
    assert "signed out" in json.dumps(desk.whatsapp.sent[before:])


def test_her_data_is_deleted_by_timers_while_the_desk_is_closed(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("delete my data"))
    desk.deliver(desk.tap("delete@delete"))
    for _ in range(2):
        desk.clock.now += 16 * MINUTE
        timers_fire(desk)
    assert "revoke" in desk.locker.calls
    stored = desk.store.load(desk.conversation_id)
    assert (stored.person.phone, stored.person.user_id) == (None, None)


@pytest.mark.parametrize("asked", ["a document", "what can be brought in"])
def test_what_she_asked_for_before_her_session_ended_is_answered_by_saying_so(desk: Desk, asked: str) -> None:
    desk.signed_in()
    if asked == "what can be brought in":
        desk.says("new document")
    desk.deliver(desk.text({"a document": "1", "what can be brought in": "12th marksheet"}[asked]))
    for _ in range(2):
        desk.clock.now += 16 * MINUTE
        timers_fire(desk)
    before, calls = len(desk.whatsapp.sent), list(desk.locker.calls)
    desk.work()
    (told,) = desk.whatsapp.sent[before:]
    assert "We signed you out" in json.dumps(told)
    assert desk.locker.calls == calls


def test_an_answer_that_comes_after_the_session_has_ended_is_undone_and_she_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.signed_in()
    desk.deliver(desk.text("1"))
    fetch = desk.locker.fetch_document

    def fetches_for_long(*asked: Any) -> str:
        desk.clock.now += 16 * MINUTE
        timers_fire(desk)
        return fetch(*asked)

    monkeypatch.setattr(desk.locker, "fetch_document", fetches_for_long)
    before = len(desk.whatsapp.sent)
    desk.work()
    (told,) = desk.whatsapp.sent[before:]
    assert "We signed you out" in json.dumps(told)
    assert "document" not in told


def test_where_her_data_is_deleted_before_she_was_told_of_a_pause_her_next_message_is_told(desk: Desk) -> None:
    while not (desk.aws.items() and desk.store.load(desk.conversation_id).conversation.used.paused_until):
        desk.clock.now += 3
        desk.deliver(desk.text("menu"), desk.text("help"))
    desk.deliver(desk.tap("delete@delete"))
    desk.worker.work(IdleTimer(desk.conversation_id, "timer"))
    desk.clock.now += 16 * MINUTE
    desk.worker.work(IdleTimer(desk.conversation_id, "a later timer"))
    assert not desk.store.load(desk.conversation_id).person.user_id
    assert "minutes" in json.dumps(desk.says("Hi")[-1])
    assert desk.says("Hi") == []


def test_a_number_whose_job_never_came_does_not_stay_in_the_outbox(desk: Desk) -> None:
    desk.asked_for_otp()
    desk.deliver(desk.text(a_desk.OTP))
    assert set(sealed(desk)) == {"aadhaar", "otp", "device_code"}
    for _ in range(3):
        desk.clock.now += 16 * MINUTE
        timers_fire(desk)
    assert sealed(desk) == {}
    desk.work()
    assert desk.store.load(desk.conversation_id).outbox == ()
    assert "verify_otp" not in desk.locker.calls


def test_a_race_that_is_lost_revokes_no_token_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.signed_in()
    desk.deliver(desk.text("done"))
    desk.clock.now += 20 * MINUTE
    save, lost = desk.store.save, [True]

    def loses_first(*args: object, **named: object) -> object:
        if lost:
            lost.pop()
            raise VersionConflict("lost")
        return save(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.store, "save", loses_first)
    desk.worker.work(IdleTimer(desk.conversation_id, "timer"))
    assert desk.locker.calls.count("revoke") == 1


# Ending all sessions


def test_an_operator_ends_a_session_at_once_and_her_next_message_is_told_why(desk: Desk) -> None:
    desk.signed_in()
    before = len(desk.whatsapp.sent)
    close_session(desk)
    assert desk.locker.calls[-1] == "revoke"
    assert sealed(desk) == {}
    assert "documents" not in desk.aws.items()
    assert len(desk.whatsapp.sent) == before
    assert "We signed you out and deleted" in json.dumps(desk.says("1"))
    assert "We signed you out" not in json.dumps(desk.says("1"))


def test_what_she_had_entered_is_gone_wherever_she_was() -> None:
    for texts in (("I agree", a_desk.AADHAAR), ("I agree", a_desk.AADHAAR, a_desk.OTP)):
        here = desk()
        for text in ("Hi", "1", "yes", *texts[:-1]):
            here.says(text)
        here.deliver(here.text(texts[-1]))
        close_session(here)
        assert sealed(here) == {}
        assert here.store.load(here.conversation_id).conversation.stage is Stage.ENDED


def test_a_job_that_is_under_way_when_its_session_is_ended_gives_back_its_token(desk: Desk) -> None:
    desk.asked_for_otp()
    desk.locker.meanwhile = [lambda: close_session(desk)]
    desk.says(a_desk.OTP)
    assert desk.locker.calls == ["send_otp", "verify_otp", "revoke"]
    assert sealed(desk) == {}


def test_a_document_on_its_way_is_deleted_with_the_session(desk: Desk) -> None:
    desk.signed_in()
    desk.whatsapp.fails = [Unavailable(503)]
    desk.deliver(desk.text("1"))
    with pytest.raises(Unavailable):
        desk.work()
    assert len(desk.aws.pdfs()) == 1
    close_session(desk)
    assert desk.aws.pdfs() == []
    assert desk.store.load(desk.conversation_id).outbox == ()


def test_ending_it_again_does_nothing_more(desk: Desk) -> None:
    desk.signed_in()
    close_session(desk)
    items = desk.aws.items()
    close_session(desk, 2)
    assert desk.locker.calls.count("revoke") == 1
    assert desk.aws.items() == items


def test_the_request_of_a_session_that_was_ended_asks_digilocker_for_nothing(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("1"))
    assert isinstance(desk.store.load(desk.conversation_id).outbox[0].effects[0], FetchDocument)
    close_session(desk)
    desk.work()
    assert "fetch_document" not in desk.locker.calls


def test_a_version_that_does_not_know_it_takes_it_for_an_idle_timer() -> None:
    body = json.loads(timer_body(EndSession("c", "t")))
    assert read_work(json.dumps({key: body[key] for key in ("idle", "timer")})) == IdleTimer("c", "t")
    assert read_work(json.dumps(body)) == EndSession("c", "t")


@pytest.mark.parametrize("empty", ["whatsapp_access_token"])
def test_forgetting_needs_no_access_to_whatsapp(desk: Desk, empty: str) -> None:
    desk.signed_in()
    secrets = desk.aws.client("secretsmanager")
    arn = desk.aws.environment["OUTBOUND_SECRET_ARN"]
    held = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(held | {empty: ""}))
    secret = desk.worker._sender._secret
    desk.clock.now += 20 * MINUTE
    handler = DocumentHandler(worker=desk.worker, secret=secret, sqs=desk.aws.client("sqs"), queues={"arn": "url"})
    for timer in (IdleTimer(desk.conversation_id, "t"), EndSession(desk.conversation_id, "u"), DeletionTimer("d")):
        assert handler.handle(QueueMessage("m", timer_body(timer), "r", "arn", 1))
    assert "revoke" in desk.locker.calls
