"""Bringing a document in, from the webhook to DigiLocker: what she types is sealed on the way, and gone afterwards."""

import io
import json

import pytest

from helpdesk.conversation.model import Stage
from helpdesk.digilocker.errors import (
    AadhaarNotLinked,
    AlreadyThere,
    DirectoryNotReady,
    InvalidToken,
    NoRecord,
    PullPending,
    PullUnsure,
    RepositoryMisconfigured,
    Unreachable,
)
from helpdesk.errors import DigiLockerError
from helpdesk.service import directory_refresh
from helpdesk.storage.work import DirectoryTimer, read_work
from tests.unit.service.desk import BROUGHT_IN, DOCUMENTS, Desk

WORDS, ROLL_NUMBER, YEAR = "12th marksheet 214", "0000214 B", "2005"
ON_THE_WAY = ["find_offers", "parameters"]
LISTED_AND_FETCHED = ["list_documents", "fetch_document"]


def body_of(reply: dict[str, object]) -> str:
    interactive = reply["interactive"]
    assert isinstance(interactive, dict)
    return str(interactive["body"]["text"])


def sealed(desk: Desk) -> set[str]:
    return set(json.loads(desk.aws.items()["state"]["sealed"]["S"]))


def stage(desk: Desk) -> Stage:
    return desk.store.load(desk.conversation_id).conversation.stage


def found(desk: Desk) -> list[dict[str, object]]:
    """She is signed in and has found what she looked for."""
    desk.signed_in()
    desk.says("new document")
    desk.locker.calls.clear()
    return desk.says(WORDS)


def entered(desk: Desk) -> list[dict[str, object]]:
    """... and has entered what the issuer wants to know."""
    found(desk)
    desk.says(ROLL_NUMBER)
    return desk.says(YEAR)


def test_what_she_entered_reaches_digilocker_and_the_document_comes(desk: Desk) -> None:
    (question,) = found(desk)
    assert desk.locker.sought == [WORDS]
    assert "*Roll Number*" in body_of(question)
    (listed,) = desk.says(ROLL_NUMBER)
    assert "1. 2006\n2. 2005" in body_of(listed)
    (check,) = desk.says("2")
    assert f"1. Roll Number: {ROLL_NUMBER}\n2. Year: 2005" in body_of(check)
    (delivered,) = desk.says("send")
    assert desk.locker.pulled == {"rollno": ROLL_NUMBER, "year": YEAR}
    assert desk.locker.calls == [*ON_THE_WAY, "pull", "fetch_document"]
    assert "Class 12 marksheet" in body_of(delivered)
    assert delivered["interactive"]["header"]["type"] == "document"


def test_nothing_of_it_rests_in_the_clear_or_outlives_the_pull(desk: Desk, logged: io.StringIO) -> None:
    found(desk)
    desk.says(ROLL_NUMBER)
    desk.deliver(desk.text(YEAR))
    queued = json.dumps(desk.aws.items())
    desk.work()
    assert sealed(desk) == {"token", "sought", "detail_1", "detail_2"}
    kept = json.dumps(desk.aws.items())
    desk.says("send")
    assert sealed(desk) == {"token"}
    for value in (WORDS, ROLL_NUMBER, ROLL_NUMBER.casefold(), "0000214"):
        for written in (queued, kept, logged.getvalue()):
            assert value not in written


@pytest.mark.parametrize("word", ["cancel", "hi", "other documents", "done"])
def test_who_leaves_is_not_remembered_with_what_she_entered(desk: Desk, word: str) -> None:
    entered(desk)
    desk.says(word)
    assert sealed(desk) <= {"token"}


def test_who_falls_silent_is_forgotten(desk: Desk) -> None:
    entered(desk)
    desk.clock.now += 1000
    desk.time_runs_out()
    assert sealed(desk) == set()


def test_what_does_not_fit_is_asked_for_again_and_not_kept(desk: Desk) -> None:
    found(desk)
    desk.says(ROLL_NUMBER)
    (again,) = desk.says("1999")
    assert "does not look right for this question" in body_of(again)
    assert sealed(desk) == {"token", "sought", "detail_1"}


def test_a_value_that_has_a_word_of_ours_in_it_is_still_a_value(desk: Desk) -> None:
    found(desk)
    desk.says("Bengali home 7")
    desk.says(YEAR)
    desk.says("send")
    assert desk.locker.pulled["rollno"] == "Bengali home 7"


@pytest.mark.parametrize(
    ("error", "told", "at"),
    [
        (NoRecord("record_not_found"), "found nothing with these details", Stage.CHECK),
        (RepositoryMisconfigured("repository_service_configerror"), "is not answering at the moment", Stage.CHECK),
        (Unreachable("[no connection]"), "DigiLocker is not answering", Stage.CHECK),
        (PullPending("pull_response_pending"), "has to check it", Stage.DOCUMENTS),
        (AadhaarNotLinked("aadhaar_not_linked"), "not linked to Aadhaar", Stage.DOCUMENTS),
        (InvalidToken("invalid_token"), "sign in again. Then we go on", Stage.MENU),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, DigiLockerError) else "",
)
def test_each_refusal_has_its_answer(desk: Desk, error: DigiLockerError, told: str, at: Stage) -> None:
    entered(desk)
    desk.locker.fails = [error]
    (reply,) = desk.says("send")
    assert told in body_of(reply)
    assert stage(desk) is at
    assert ("detail_1" in sealed(desk)) == (at is Stage.CHECK)


def test_what_is_there_already_is_looked_for_on_the_list_and_delivered(desk: Desk) -> None:
    entered(desk)
    desk.locker.fails = [AlreadyThere("uri_exists")]
    desk.locker.documents = (BROUGHT_IN, *DOCUMENTS)
    (delivered,) = desk.says("send")
    assert desk.locker.calls == [*ON_THE_WAY, "pull", *LISTED_AND_FETCHED]
    assert "Class 12 marksheet" in body_of(delivered)


def test_what_may_look_into_it_later_is_looked_for_with_try_again(desk: Desk) -> None:
    entered(desk)
    desk.locker.fails = [PullPending("pull_response_pending")]
    desk.says("send")
    desk.locker.documents = (*DOCUMENTS, BROUGHT_IN)
    (listed,) = desk.says("try again")
    assert "3. Class 12 marksheet" in body_of(listed)


def test_a_pull_that_broke_off_is_never_repeated_and_the_list_tells_that_it_succeeded(desk: Desk) -> None:
    entered(desk)
    desk.deliver(desk.text("send"))
    (job,) = desk.aws.work()
    desk.locker.documents = (*DOCUMENTS, BROUGHT_IN)
    desk.worker.work(read_work(json.dumps(job)), again=True)
    assert desk.locker.calls == [*ON_THE_WAY, *LISTED_AND_FETCHED]
    assert "Class 12 marksheet" in body_of(desk.whatsapp.sent[-1])


@pytest.mark.parametrize("last_try", [False, True])
def test_a_pull_that_broke_off_costs_one_question_where_the_list_does_not_tell(desk: Desk, *, last_try: bool) -> None:
    entered(desk)
    desk.deliver(desk.text("send"))
    (job,) = desk.aws.work()
    desk.worker.work(read_work(json.dumps(job)), again=True, last_try=last_try)
    assert "not on your list yet" in body_of(desk.whatsapp.sent[-1])
    assert "pull" not in desk.locker.calls
    desk.says("send")
    assert desk.locker.calls.count("pull") == 1


def test_a_pull_without_an_answer_is_looked_for_and_not_repeated(desk: Desk) -> None:
    entered(desk)
    desk.locker.fails = [PullUnsure("(no answer)"), Unreachable("[no connection]")]
    (reply,) = desk.says("send")
    assert desk.locker.calls == [*ON_THE_WAY, "pull", "list_documents"]
    assert "not on your list yet" in body_of(reply)


def test_a_pull_that_could_never_have_been_sent_says_that_digilocker_was_not_asked(desk: Desk) -> None:
    entered(desk)
    desk.deliver(desk.text("send"))
    (job,) = desk.aws.work()
    desk.worker.work(read_work(json.dumps(job)), last_try=True)
    assert "before we could ask DigiLocker" in body_of(desk.whatsapp.sent[-1])


def test_a_document_that_is_brought_in_while_she_leaves_is_on_the_list_when_she_looks(desk: Desk) -> None:
    entered(desk)
    desk.deliver(desk.text("send"))
    desk.deliver(desk.text("cancel"))
    desk.work()
    desk.locker.documents = (*DOCUMENTS, BROUGHT_IN)
    (listed,) = desk.says("other documents")
    assert "3. Class 12 marksheet" in body_of(listed)


def test_a_directory_that_is_not_there_yet_is_told_and_asked_for_again(desk: Desk) -> None:
    desk.signed_in()
    desk.says("new document")
    desk.locker.fails = [DirectoryNotReady("(being fetched)")]
    (reply,) = desk.says(WORDS)
    assert "DigiLocker is very busy" in body_of(reply)
    (question,) = desk.says("try again")
    assert "*Roll Number*" in body_of(question)
    assert desk.locker.sought == [WORDS]


def test_the_directory_is_fetched_anew_on_a_job_of_its_own_part_by_part(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_refresh, "PAUSE_SECONDS", 0)
    desk.locker.is_due, desk.locker.parts = True, 2
    found(desk)
    assert desk.locker.calls == ON_THE_WAY
    for _ in range(2):
        (timer,) = [one for one in desk.aws.timers() if "refresh" in one]
        assert read_work(json.dumps(timer)) == DirectoryTimer()
        desk.worker.work(DirectoryTimer())
    assert not [one for one in desk.aws.timers() if "refresh" in one]
    assert desk.locker.calls == [*ON_THE_WAY, "refresh_directory", "refresh_directory"]


def test_a_directory_that_cannot_be_fetched_is_no_error_of_the_function(desk: Desk) -> None:
    desk.locker.fails = [Unreachable("[no connection]")]
    desk.worker.work(DirectoryTimer())
    assert desk.locker.calls == ["refresh_directory"]
