"""Ending every session: what is queued, how fast, and when it is done."""

import json
from collections.abc import Callable

import pytest

from helpdesk.storage.work import DeletionTimer, EndSession, Work, read_work
from operations.stack import Stack
from operations.stage import revoke_all as command
from operations.stage.revoke_all import Terminal, revoke_all
from tests.unit.aws import aws
from tests.unit.service import desk as a_desk
from tests.unit.service.desk import Desk

pytestmark = pytest.mark.usefixtures("moto")


class Told:
    """What is printed, and what happens while the program sleeps."""

    def __init__(self, here: Desk, *meanwhile: Callable[[], None]) -> None:
        self.lines: list[str] = []
        self.slept: list[float] = []
        self._meanwhile = list(meanwhile)
        self.terminal = Terminal(self.lines.append, self._sleep, here.clock)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds == command.PAUSE_SECONDS and self._meanwhile:
            self._meanwhile.pop(0)()


def desk() -> Desk:
    """The desk on moto's tables and bucket: their pages are what is walked through."""
    return a_desk.desk(cloud=aws())


def walked(here: Desk) -> command.Desk:
    environment = here.aws.environment
    return command.Desk(
        here.aws.client("dynamodb"),
        environment["CONVERSATIONS_TABLE"],
        here.aws.client("s3"),
        environment["DOCUMENTS_BUCKET"],
        here.aws.client("sqs"),
        environment["TIMER_QUEUE_URL"],
    )


def jobs(here: Desk) -> list[Work]:
    return [read_work(json.dumps(timer)) for timer in here.aws.timers()]


def work_off(here: Desk) -> None:
    for job in jobs(here):
        here.worker.work(job)


def written_by(here: Desk, phone: str) -> None:
    """Somebody else writes, from her own phone."""
    message = here.text("Hi", **{"from": phone, "from_user_id": f"IN.{phone}"})
    here.gets(message)


def test_every_session_is_ended_and_every_pdf_deleted_until_nothing_is_left() -> None:
    here = desk()
    here.signed_in()
    here.says("1")
    assert len(here.aws.pdfs()) == 1
    here.aws.timers()
    told = Told(here, lambda: work_off(here))

    assert revoke_all(walked(here), told.terminal)

    assert here.locker.calls.count("revoke") == 1
    assert here.aws.pdfs() == []
    assert json.loads(here.aws.items()["state"]["sealed"]["S"]) == {}
    assert "documents" not in here.aws.items()
    assert told.lines[-1] == "Round 2: nothing is left."


def test_whoever_entrusted_nothing_is_left_alone() -> None:
    here = desk()
    written_by(here, "919000000002")
    assert revoke_all(walked(here), Told(here).terminal)
    assert jobs(here) == []


def test_what_is_typed_and_not_worked_on_yet_counts_too() -> None:
    here = desk()
    here.asked_for_aadhaar()
    here.deliver(here.text(a_desk.AADHAAR))
    here.deliver(here.text("menu"))
    state = here.aws.items()["state"]
    assert json.loads(state["sealed"]["S"]) == {}, "it stands in the outbox alone"

    def a_minute_later() -> None:
        here.clock.now += 60
        work_off(here)

    told = Told(here, lambda: work_off(here), a_minute_later)
    assert revoke_all(walked(here), told.terminal)
    assert here.aws.items()["state"]["outbox"]["M"] == {} or "aadhaar" not in json.dumps(here.aws.items()["state"])


def test_it_goes_no_faster_than_it_is_told_and_tells_how_far_it_is() -> None:
    here = desk()
    here.signed_in()
    state = here.aws.items()["state"]
    for number in range(24):
        here.aws.client("dynamodb").put_item(
            TableName=here.aws.environment["CONVERSATIONS_TABLE"],
            Item={**state, "conversation": {"S": f"{number:032d}"}},
        )
    told = Told(here)
    assert command._round(walked(here), told.terminal, 5) == 25
    assert told.slept == [1.0] * 5
    assert "  26 items looked at, 25 sessions to end" in told.lines
    assert len({job.conversation_id for job in jobs(here) if isinstance(job, EndSession)}) == 25


def test_a_run_that_broke_off_goes_on_with_what_is_left() -> None:
    here = desk()
    here.signed_in()
    command._round(walked(here), Told(here).terminal, 20)
    work_off(here)
    told = Told(here)
    assert revoke_all(walked(here), told.terminal)
    assert told.lines[-1] == "Round 1: nothing is left."


def test_what_cannot_be_ended_is_not_called_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MOST_ROUNDS", 2)
    here = desk()
    here.signed_in()
    assert not revoke_all(walked(here), Told(here).terminal)


def test_pdfs_are_deleted_by_their_keys() -> None:
    here = desk()
    here.aws.client("s3").put_object(Bucket=here.aws.environment["DOCUMENTS_BUCKET"], Key="documents/a", Body=b"%PDF-")
    here.aws.client("s3").put_object(Bucket=here.aws.environment["DOCUMENTS_BUCKET"], Key="directory/a", Body=b"{}")
    command._round(walked(here), Told(here).terminal, 20)
    assert jobs(here) == [DeletionTimer("documents/a")]


@pytest.mark.parametrize(("typed", "code"), [("", 1), ("helpdesk-prod", 1), ("helpdesk-dev", 0)])
def test_nothing_is_done_before_the_stacks_name_is_typed(
    typed: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = desk()
    environment = here.aws.environment
    outputs = {
        "ConversationsTableName": environment["CONVERSATIONS_TABLE"],
        "DocumentsBucketName": environment["DOCUMENTS_BUCKET"],
        "TimerQueueUrl": environment["TIMER_QUEUE_URL"],
    }
    stack = Stack("helpdesk-dev", "CREATE_COMPLETE", "", outputs, {})
    monkeypatch.setattr(command, "stack_of", lambda _: stack)
    monkeypatch.setattr("builtins.input", lambda _: typed)
    assert command.main(["helpdesk-dev"]) == code
    assert ("Nothing was done." in capsys.readouterr().out) == bool(code)
