"""What one phone can cost, and how much is kept for one citizen, on the real handlers' logic."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk.conversation.effects import (
    DeletePdf,
    DeliverDocument,
    EraseData,
    FindOffers,
    RecordConsent,
    Revoke,
    Say,
    SetTimer,
    Text,
    VerifyOtp,
    is_request,
)
from helpdesk.conversation.model import Conversation, IssuedDocument, Stage, Waiting
from helpdesk.conversation.numbers import verhoeff
from helpdesk.digilocker.errors import Unanswered, Unreachable
from helpdesk.outbound import Deadline
from helpdesk.service.outbox import MOST_ENTRIES, bounded
from helpdesk.storage.conversations import LARGEST_LIST, MOST_SEEN, Entry
from helpdesk.storage.work import InOrder
from tests.unit.service.desk import AADHAAR, CODE, DEVICE_CODE, Desk
from tests.unit.service.desk import desk as made

LARGEST_ITEM = 400 * 1024


def numbers(count: int) -> list[str]:
    """Return well-formed numbers that are nobody's."""
    found = []
    for n in range(count):
        base = f"99999{n:06d}"
        found.append(next(base + str(digit) for digit in range(10) if verhoeff(base + str(digit))))
    return found


@pytest.fixture
def otps(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, str]]:
    """Have DigiLocker send an OTP to any number, and note when and to whom."""
    sent: list[tuple[float, str]] = []

    def send_otp(number: str, _deadline: Deadline) -> str:
        if desk.locker.meanwhile:
            desk.locker.meanwhile.pop(0)()
        if desk.locker.fails and (error := desk.locker.fails.pop(0)):
            raise error
        sent.append((desk.clock.now, number))
        return DEVICE_CODE

    monkeypatch.setattr(desk.locker, "send_otp", send_otp)
    return sent


def size(desk: Desk) -> int:
    return len(json.dumps(desk.aws.items()["state"]).encode())


# OTPs


@pytest.mark.parametrize("leave", ["back", "stop", "delete"])
def test_an_otp_is_counted_whatever_she_does_while_it_is_being_sent(
    desk: Desk, otps: list[tuple[float, str]], leave: str
) -> None:
    for number in numbers(5):
        desk.clock.now += 61
        desk.asked_for_aadhaar()
        desk.locker.meanwhile.append(
            lambda: desk.deliver(desk.tap("delete") if leave == "delete" else desk.text(leave))
        )
        desk.says(number)
        desk.work()
    assert len({number for _, number in otps}) == 3


def test_from_two_phones_a_number_gets_one_otp_a_minute_and_five_in_any_hour(
    desk: Desk, otps: list[tuple[float, str]]
) -> None:
    def asks(phone: int) -> None:
        for text in ("Hi", "1", "yes", "I agree", AADHAAR):
            desk.gets(desk.text(text, **{"from": f"9190000001{phone:02d}", "from_user_id": f"IN.10{phone}"}))

    desk.clock.now = (desk.clock.now // 3600 + 1) * 3600 - 200
    for phone in range(12):
        asks(phone)
        desk.clock.now += 35
    times = [at for at, _ in otps]
    assert all(later - earlier >= 60 for earlier, later in pairwise(times))
    assert len(times) == 5


def test_what_digilocker_did_not_take_is_not_counted_but_what_it_may_have_taken_is(
    desk: Desk, otps: list[tuple[float, str]]
) -> None:
    desk.asked_for_aadhaar()
    desk.locker.fails = [Unreachable("[refused]"), Unanswered("[no answer]")]
    desk.says(AADHAAR)
    desk.taps("try_again@aadhaar")  # at once: nothing was sent
    (reply,) = desk.taps("try_again@aadhaar")
    assert "may already be on its way" in reply["interactive"]["body"]["text"]
    assert otps == []
    desk.clock.now += 60
    desk.says(AADHAAR)
    assert len(otps) == 1


def test_each_refusal_of_an_otp_is_counted(
    desk: Desk, otps: list[tuple[float, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[str] = []
    for module in ("inbound", "digilocker_requests"):
        monkeypatch.setattr(
            f"helpdesk.service.{module}.count", lambda name, value=1: counts.extend([name] * bool(value))
        )
    for number in numbers(4):
        desk.asked_for_aadhaar()
        desk.says(number)
    assert counts.count("OtpsRefused") == 1  # by the citizen's limit
    for text in ("Hi", "1", "yes", "I agree", numbers(1)[0]):
        desk.gets(desk.text(text, **{"from": "919000000100", "from_user_id": "IN.100"}))
    assert counts.count("OtpsRefused") == 2  # by the number's


# What a phone costs


def test_beyond_her_limits_a_message_costs_one_read_and_nothing_else(desk: Desk) -> None:
    minute = 0
    desk.says("Hi")
    while not desk.store.load(desk.conversation_id).conversation.used.paused_until and minute < 60:
        desk.gets(*[desk.text("help" if n % 2 else "menu") for n in range(30)])
        desk.clock.now += 60
        minute += 1
    assert len(desk.whatsapp.sent) == 60
    assert "Please write again in" in desk.whatsapp.sent[-1]["text"]["body"]

    before = desk.aws.items()
    made = len(desk.aws.calls)
    for n in range(30):
        desk.deliver(desk.text("help" if n % 2 else "menu"))
    assert desk.aws.calls[made:] == ["dynamodb.query"] * 30
    assert desk.aws.items() == before


def test_three_documents_an_hour_and_ten_a_day_on_a_phone_of_four_never_meet_a_limit() -> None:
    """Four people take turns: each signs in for one document and out again, and asks for help on the way."""
    desk = made(on_page=True)
    for document in range(10):
        desk.says("help")
        state = desk.at_digilocker()
        desk.consenting.callback({"state": [state], "code": [CODE]}, [], "")
        desk.work()
        for text in ("1", "done"):
            desk.says(text)
        assert desk.locker.calls.count("fetch_document") == document + 1
        assert not desk.store.load(desk.conversation_id).conversation.used.paused_until
        desk.clock.now += 1200
    assert len(desk.whatsapp.sent) < 100


# The outbox


def say(key: str) -> Say:
    return Say("en", Text(key))


def entry(number: int, *effects: Any, sealed: dict[str, str] | None = None) -> Entry:
    request = effects[0] if is_request(effects[0]) else None
    return Entry(f"{number:024d}", 0, number, effects[1:] if request else effects, sealed or {}, request)


def test_while_nothing_is_worked_off_the_newest_answer_is_kept_and_says_that_others_are_missing(desk: Desk) -> None:
    for n in range(40):
        desk.deliver(desk.text("help" if n % 2 else "menu"), desk.text("privacy"))
        desk.clock.now += 180
    stored = desk.store.load(desk.conversation_id)
    assert len(stored.outbox) <= MOST_ENTRIES
    assert size(desk) < LARGEST_ITEM // 4

    desk.whatsapp.sent.clear()
    for step in [one.step for one in stored.outbox]:
        desk.deliver(desk.text("menu"))  # each message queues the oldest that is left
        desk.work()
        assert desk.store.load(desk.conversation_id).entry(step) is None
    told = [json.dumps(message) for message in desk.whatsapp.sent]
    assert any("earlier answers were left out" in message for message in told)


def test_a_full_outbox_queues_the_oldest_entry_and_this_turns_and_fails_nobody_elses_delivery(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[int] = []
    send = desk.receiver._work.send

    def noted(jobs: Sequence[InOrder]) -> None:
        queued.append(len(jobs))
        send(jobs)

    monkeypatch.setattr(desk.receiver._work, "send", noted)
    for n in range(30):
        desk.deliver(desk.text("help" if n % 2 else "menu"))
        desk.clock.now += 200
    others = {"from": "919876543210", "from_user_id": "IN.2"}
    desk.deliver(desk.text("help"), desk.text("Hi", **others))
    assert max(queued) == 2


def test_at_the_bound_replies_are_replaced_and_what_ends_or_records_something_stays() -> None:
    waited = Conversation(waiting=(Waiting("0" * 22 + "55", 0),))
    before = [
        entry(1, say("menu"), Revoke(), sealed={"token": "sealed", "other": "x"}),
        entry(2, RecordConsent("v", "en", 1), say("aadhaar.ask")),
        entry(3, DeletePdf("key")),
        entry(4, DeliverDocument("en", "key", 1, "list")),
        entry(5, say("delete.done"), EraseData()),
        entry(6, FindOffers(), sealed={"sought": "sealed"}),
        entry(7, VerifyOtp(), sealed={"otp": "sealed", "device_code": "sealed"}),
        entry(8, SetTimer(900)),
        entry(9, SetTimer(900)),
        *[entry(n, say("help.menu")) for n in range(10, 51)],
    ]
    kept = bounded(before, [entry(55, FindOffers(("DRVLC",)), sealed={"sought": "new"})], waited)
    assert kept is not None
    left = {one.step: one for one in before if one.step not in kept.drop} | {one.step: one for one in kept.put}
    effects = {int(step): one.effects for step, one in left.items()}
    assert effects == {
        1: (Revoke(),),
        2: (RecordConsent("v", "en", 1),),
        3: (DeletePdf("key"),),
        4: (DeliverDocument("en", "key", 1, "list"),),
        5: (EraseData(),),
        7: (VerifyOtp(),),  # if it signs her in, the token must be revoked: only its own job can
        9: (SetTimer(900),),
        50: (replace(say("help.menu"), note=Text("answers_left_out")),),
        55: (FindOffers(("DRVLC",)),),
    }
    assert left[f"{1:024d}"].sealed == {"token": "sealed"}


def test_where_nothing_can_be_given_up_only_what_ends_something_is_still_taken_in() -> None:
    full = [entry(n, RecordConsent("v", "en", n)) for n in range(MOST_ENTRIES)]
    assert bounded(full, [entry(98, say("menu"))], Conversation()) is None
    assert bounded(full, [entry(98, say("stop.done"))], Conversation(stage=Stage.STOPPED)) is not None
    ends = bounded(full, [entry(99, say("stop.done"), Revoke())], Conversation())
    assert ends is not None
    assert [one.step for one in ends.put] == [f"{99:024d}"]
    assert ends.drop == ()


def test_within_the_bound_nothing_is_touched() -> None:
    before = [entry(n, say("menu")) for n in range(MOST_ENTRIES - 1)]
    kept = bounded(before, [entry(99, say("help.menu"))], Conversation())
    assert kept is not None
    assert (kept.put, kept.drop) == ((entry(99, say("help.menu")),), ())


# Fingerprints and the list


def test_a_flood_makes_her_item_no_larger_and_what_was_acted_on_is_still_known(desk: Desk) -> None:
    hi = desk.text("Hi")
    desk.gets(hi)
    for n in range(20):
        desk.gets(*[desk.text("help" if m % 2 else "menu") for m in range(150)])
        desk.clock.now += 20
        assert size(desk) < 16 * 1024, n
    stored = desk.store.load(desk.conversation_id)
    assert len(stored.seen) <= min(MOST_SEEN, len(desk.whatsapp.sent))
    desk.clock.now += 2 * 3600
    sent = len(desk.whatsapp.sent)
    assert desk.gets(hi) == []
    assert len(desk.whatsapp.sent) == sent


def test_a_list_longer_than_its_item_is_cut_and_she_is_told_how_much_is_missing(desk: Desk) -> None:
    name = "Statement of marks, in full"
    issuer = "Ministry of Road Transport and Highways"
    desk.locker.documents = tuple(
        IssuedDocument(name, "DRVLC", issuer, f"in.gov.transport-DRVLC-{n:040d}", has_pdf=n % 2 == 0)
        for n in range(4000)
    )
    desk.signed_in()
    shown = desk.whatsapp.sent[-1]
    kept = desk.store.load(desk.conversation_id).conversation.documents
    assert len(desk.aws.items()["documents"]["documents"]["S"].encode()) <= LARGEST_LIST + 2
    assert 1000 < len(kept) < 4000
    assert all(document.has_pdf for document in kept[:1000])
    assert f"{4000 - len(kept)} documents are missing here" in shown["interactive"]["body"]["text"]
