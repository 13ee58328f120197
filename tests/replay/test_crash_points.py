"""Whatever dies, the conversation ends as if nothing had happened."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from helpdesk.conversation.model import Stage
from tests.replay.calls import Call, CrashPoint
from tests.replay.crash_points import ALSO, MAIN, Tried, conversation, differences, may_ask, tried
from tests.replay.desk import PACES, Desk, Outcome, Pace
from tests.replay.outside import pdf

type Runs = dict[Pace, list[Tried]]

LICENCE = conversation(MAIN)


@pytest.fixture(scope="module")
def runs() -> Runs:
    logging.disable()  # what the functions log is much, and not what this is about
    try:
        return {pace: list(tried(LICENCE, pace)) for pace in PACES}
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("pace", PACES, ids=str)
def test_dying_anywhere_changes_nothing(pace: Pace, runs: Runs) -> None:
    wrong = [str(run) for run in runs[pace] if run.wrong]

    assert not wrong, "\n".join(wrong)


def test_every_call_is_a_crash_point_twice(runs: Runs) -> None:
    calls = Desk(LICENCE).run().calls.made

    points = {run.point for run in runs[PACES[0]]}

    assert len(calls) > 80
    assert points == {CrashPoint(index, moment) for index in range(len(calls)) for moment in ("before", "after")}


def test_she_is_not_told_that_her_otp_was_wrong_when_it_was_right(runs: Runs) -> None:
    blamed = [str(run) for those in runs.values() for run in those if run.blamed]

    assert not blamed, "\n".join(blamed)


def test_only_a_lost_verification_may_cost_a_question() -> None:
    def call(name: str) -> Call:
        return Call("<the OTP>", "document", name)

    calls = ("kms.decrypt", "digilocker.redeem_device_code", "kms.encrypt", "dynamodb.update_item", "whatsapp.send")

    points = may_ask(tuple(call(name) for name in calls))

    assert points == {
        CrashPoint(1, "after"),
        CrashPoint(2, "before"),
        CrashPoint(2, "after"),
        CrashPoint(3, "before"),
    }


def test_the_undisturbed_run_delivers_the_licence_and_leaves_nothing() -> None:
    outcome = Desk(LICENCE).run()

    licence = next(document for document in LICENCE.citizen.issued if document.doctype == "DRVLC")
    assert [received.pdf for received in outcome.received if received.pdf] == [pdf(licence.uri)]
    assert outcome.otps == 1
    assert outcome.questions == 0
    assert not outcome.calls.died


def test_a_run_is_the_same_each_time() -> None:
    first, second = Desk(LICENCE).run(), Desk(LICENCE).run()

    assert first.calls.made == second.calls.made
    assert first.received == second.received


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda _: {"outbox": 1}, "outbox"),
        (lambda _: {"sealed": ("token",)}, "still sealed"),
        (lambda _: {"otps": 3}, "3 OTPs"),
        (lambda _: {"live_tokens": 1}, "a token was not revoked"),
        (lambda _: {"pdfs": 1}, "1 PDFs are still kept"),
        (lambda _: {"questions": 1}, "had to ask"),
        (lambda _: {"on_queues": {"dead letters of work": 1}}, "messages on queues"),
        (lambda run: {"parts": run.parts + Counter(["documents"])}, "her list is still there"),
        (lambda run: {"conversation": replace(run.conversation, stage=Stage.CONSENT)}, "ends as"),
        (lambda run: {"received": run.received[1:]}, "not sent: 'Welcome"),
        (lambda run: {"received": run.received + 2 * run.received[:1]}, "sent 3 times: 'Welcome"),
        (lambda run: {"received": (*run.received, replace(run.received[0], text="What?"))}, "also sent: 'What?"),
        (lambda run: {"received": tuple(replace(one, pdf=None) for one in run.received)}, "without its PDF"),
    ],
)
def test_a_difference_is_seen(change: Callable[[Outcome], dict[str, Any]], seen: str) -> None:
    undisturbed = Desk(LICENCE).run()
    crashed = Desk(LICENCE, crash=CrashPoint(0, "before")).run()
    assert not differences(undisturbed, crashed, may_ask=False)

    changed = replace(crashed, **change(crashed))

    assert any(seen in difference for difference in differences(undisturbed, changed, may_ask=False))


@pytest.mark.parametrize("name", ALSO)
def test_the_other_conversations_go_as_written_when_nothing_dies(name: str) -> None:
    outcome = Desk(conversation(name)).run()

    assert outcome.calls.made
    assert not outcome.outbox
    assert not any(outcome.on_queues.values())
