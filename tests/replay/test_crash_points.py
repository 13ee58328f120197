"""Whatever dies, the conversation ends as if nothing had happened."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from copy import replace
from typing import Any

import pytest

from helpdesk.conversation.model import Stage
from helpdesk.conversation.problems import Problem
from helpdesk.languages.catalogue import catalogue
from tests.conversations.chat import FOLDER, matches
from tests.replay.crash_points import ALSO, MAIN, Tried, conversation, differences, may_ask, tried
from tests.replay.desk import PACES, Desk, Fate, Outcome, Pace, Scene, paces, scenes, shows_a_page, timeless
from tests.replay.outside import error_of, pdf
from tests.world.calls import Call, CrashPoint, Moment
from tests.world.cloud import ENVIRONMENT

type Runs = dict[Pace, list[Tried]]

LICENCE = conversation(MAIN)


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    logging.disable()  # what the functions log is much, and not what this is about
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    """Hold what was tried, and in which conversation: what is the same in others is tried once."""
    return {}


@pytest.fixture(scope="module")
def runs(quiet: None, known: dict[str, str]) -> Runs:
    return {pace: list(tried(LICENCE, pace, known)) for pace in paces(LICENCE)}


@pytest.mark.parametrize("pace", paces(LICENCE), ids=str)
def test_dying_anywhere_changes_nothing(pace: Pace, runs: Runs) -> None:
    wrong = [str(run) for run in runs[pace] if run.wrong]

    assert runs[pace]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("pace", PACES, ids=str)
@pytest.mark.parametrize("name", ALSO)
def test_dying_anywhere_else_changes_nothing(name: str, pace: Pace, runs: Runs, known: dict[str, str]) -> None:
    here = list(tried(conversation(name), pace, known))

    assert not [str(run) for run in here if run.wrong or run.blamed]


def test_no_conversation_is_left_out() -> None:
    files = {path.stem for path in FOLDER.glob("*.yaml")}

    assert {MAIN, *ALSO} == files


def test_every_call_is_a_crash_point_twice(runs: Runs) -> None:
    calls = Desk(LICENCE).run().calls.made

    points = {run.point for run in runs[PACES[0]]}

    assert len(calls) > 80
    assert points == {CrashPoint(index, moment) for index in range(len(calls)) for moment in ("before", "after")}


def test_she_is_not_told_that_her_otp_was_wrong_when_it_was_right(runs: Runs) -> None:
    blamed = [str(run) for those in runs.values() for run in those if run.blamed]

    assert not blamed, "\n".join(blamed)


def test_a_delivery_that_comes_again_after_two_minutes_changes_nothing() -> None:
    """The webhook died after its write, so the step has been in the outbox for longer than a job may wait."""
    late = Pace(120, webhook_only=True)
    assert late.redelivered_after > int(ENVIRONMENT["JOB_EXPIRY_SECONDS"])

    here = list(tried(conversation("digilocker_is_down"), late))

    assert here
    assert not [str(run) for run in here if run.wrong or run.blamed]


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_greeting_that_comes_again_after_twelve_minutes_is_answered(index: int, moment: Moment) -> None:
    late = Pace(720, webhook_only=True)
    assert late.redelivered_after > int(ENVIRONMENT["MAX_MESSAGE_AGE_SECONDS"])
    greeting = replace(LICENCE, chat=LICENCE.chat[:2])

    crashed = Desk(greeting, late, CrashPoint(index, moment)).run()

    assert crashed.calls.made[index].function == "webhook"
    assert not differences(Desk(greeting, late).run(), crashed, may_ask=False)


def test_what_comes_again_after_twelve_minutes_is_not_acted_on_and_she_is_told() -> None:
    late = Pace(720, webhook_only=True)
    tap = replace(LICENCE, chat=LICENCE.chat[:3])
    at = Desk(tap).run().begins[-1]

    crashed = Desk(tap, late, CrashPoint(at, "before")).run()

    told = [timeless(received.text) for received in crashed.received]
    assert [text.partition("\n")[0] for text in told[1:]] == [catalogue("en").texts["late"]]
    assert crashed.conversation.stage is Stage.MENU
    assert not crashed.outbox


def test_the_undisturbed_document_goes_by_link_by_file_or_not_at_all() -> None:
    def lost(fate: Fate) -> list[tuple[int, int]]:
        desk = Desk(LICENCE, Pace(0, fate=fate))
        desk.run()
        return [(len(desk.whatsapp.lost), sum(received.pdf is not None for received in desk.whatsapp.received))]

    assert lost("delivered") == lost("read") == [(0, 1)]
    assert lost("link fails") == [(1, 1)]
    assert lost("lost") == [(2, 0)]


def points(*places: tuple[int, Moment]) -> set[CrashPoint]:
    return {CrashPoint(index, moment) for index, moment in places}


def verification(*names: str, invocation: int = 1) -> tuple[Call, ...]:
    return tuple(Call("<the OTP>", "document", name, invocation) for name in names)


OPENED = ("dynamodb.query", "kms.decrypt", "kms.decrypt")
REDEEM, WRITTEN = "digilocker.redeem_device_code", "dynamodb.update_item"


def test_a_right_otp_costs_a_question_only_between_its_use_and_the_write() -> None:
    calls = verification("kms.decrypt", REDEEM, "kms.encrypt", WRITTEN, "whatsapp.send")

    assert may_ask(calls) == points((1, "after"), (2, "before"), (2, "after"), (3, "before"))


def test_an_otp_that_is_not_right_may_cost_a_question_until_the_write() -> None:
    before = verification("dynamodb.query", invocation=1)
    calls = (*before, *verification(*OPENED, REDEEM, WRITTEN, "whatsapp.send", WRITTEN, invocation=2))
    written = len(before) + len(OPENED) + 1

    expected = {CrashPoint(index, moment) for index in range(1, written) for moment in ("before", "after")}

    assert may_ask(calls) == expected | points((written, "before"))


SIGN_UP, VERIFY_SIGN_UP = "digilocker.sign_up", "digilocker.sign_up_verify"


@pytest.mark.parametrize(
    "names",
    [
        ("dynamodb.query", "kms.decrypt", WRITTEN, SIGN_UP, WRITTEN, "whatsapp.send", WRITTEN),
        (*OPENED, VERIFY_SIGN_UP, "kms.encrypt", WRITTEN, "digilocker.issued_documents", WRITTEN, "whatsapp.send"),
    ],
    ids=["signing up", "the OTP of it"],
)
def test_signing_up_may_cost_a_question_until_the_write_of_the_answer(names: tuple[str, ...]) -> None:
    before = verification("dynamodb.query", invocation=1)
    after = verification("dynamodb.query", "whatsapp.send", WRITTEN, invocation=3)
    calls = (*before, *verification(*names, invocation=2), *after)
    asked = next(index for index, call in enumerate(calls) if call.name in {SIGN_UP, VERIFY_SIGN_UP})
    written = next(index for index, call in enumerate(calls) if call.name == WRITTEN and index > asked)

    expected = {CrashPoint(index, moment) for index in range(1, written) for moment in ("before", "after")}

    assert may_ask(calls) == expected | points((written, "before"))


@pytest.mark.parametrize("name", [name for name in ALSO if name.startswith("signing_up")])
def test_only_her_details_and_her_otp_cost_a_question_when_signing_up(name: str) -> None:
    calls = tuple(Desk(conversation(name)).run().calls.made)

    jobs = {calls[point.index].invocation for point in may_ask(calls)}

    asking = {call.invocation for call in calls if call.name in {SIGN_UP, VERIFY_SIGN_UP}}
    assert jobs == asking
    assert len(jobs) > 0


def test_a_sign_up_sends_an_otp_that_opens_the_account() -> None:
    transcript = conversation("signing_up_in_english")

    outcome = Desk(transcript).run()

    assert outcome.otps == 1
    assert [call.name for call in outcome.calls.made if call.name.startswith("digilocker.")] == [
        SIGN_UP,
        VERIFY_SIGN_UP,
        VERIFY_SIGN_UP,
        "digilocker.issued_documents",
        "digilocker.uploaded_files",
        "digilocker.revoke",
    ]


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


@pytest.mark.parametrize("name", [MAIN, *ALSO])
def test_undisturbed_the_desk_says_what_is_written_and_no_more(name: str) -> None:
    transcript = conversation(name)
    desk = Desk(transcript)

    desk.run()

    told = [line["desk"] for line in transcript.chat if "desk" in line]
    # What a page in her browser says is no message: the desk looks at it on the way.
    answers = [desk.expected(line) for line in told if not shows_a_page(line)]
    said = [timeless(received.text) for received in desk.whatsapp.received]
    assert len(said) == len(answers)
    assert all(matches(answer, text) for answer, text in zip(answers, said, strict=True))


@pytest.mark.parametrize("name", [MAIN, *ALSO])
def test_undisturbed_she_gets_what_is_written_at_any_pace(name: str) -> None:
    transcript = conversation(name)

    for pace in paces(transcript):
        Desk(transcript, pace).run()  # raises, where an answer does not come


def test_a_reply_that_has_lost_its_documents_name_is_the_same_reply() -> None:
    pace = Pace(0, fate="lost")
    undisturbed = Desk(LICENCE, pace).run()
    crashed = Desk(LICENCE, pace, CrashPoint(0, "before")).run()
    told = next(
        received
        for received in crashed.received
        if "We could not get this document: *Driving licence*" in received.text
    )
    nameless = replace(told, text=told.text.replace("Driving licence", "This document"))
    elsewhere = replace(nameless, callback_data="another step")

    repeated = replace(crashed, received=(*crashed.received, nameless))
    invented = replace(crashed, received=(*crashed.received, elsewhere))

    assert not differences(undisturbed, repeated, may_ask=False)
    assert any("also sent" in difference for difference in differences(undisturbed, invented, may_ask=False))


def test_the_lines_of_a_transcript_are_grouped_by_what_happens() -> None:
    chat = [{"she": "Hi"}, {"desk": "a"}, {"desk": "b"}, {"digilocker": "busy"}, {"she sends": "voice"}, {"desk": "c"}]

    assert list(scenes(chat)) == [
        Scene({"she": "Hi"}, ("a", "b")),
        Scene({"digilocker": "busy"}, ()),
        Scene({"she sends": "voice"}, ("c",)),
    ]


def test_each_problem_of_a_transcript_is_one_that_digilocker_answers_with() -> None:
    named = {line["digilocker"] for name in (MAIN, *ALSO) for line in conversation(name).chat if "digilocker" in line}
    # Another mobile is no refusal of DigiLocker's: it is named in its answer.
    problems = {Problem(name.replace(" ", "_")) for name in named} - {Problem.OTHER_MOBILE}

    assert Problem.UNREACHABLE in problems
    assert {error_of(problem).problem for problem in problems} == problems


def test_digilocker_never_answers_that_our_side_was_held_up() -> None:
    with pytest.raises(LookupError):
        error_of(Problem.HELD_UP)
