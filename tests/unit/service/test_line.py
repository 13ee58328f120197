"""The door and the pacer, on the model of the table: who is let in, who is called, and what a crash does."""

from collections.abc import Sequence
from typing import Any

import pytest

from helpdesk.conversation.place import Door
from helpdesk.service.door import Doorkeeper
from helpdesk.service.pacer import BUSY_SECONDS, IDLE_SECONDS, Pacer
from helpdesk.storage import line as storage
from helpdesk.storage.line import LineStore
from helpdesk.storage.work import Called, InOrder, LineTimer, Timer, WorkQueue, read_work, timer_body
from tests.world.table import Tables

NOW = 1_800_000_000


class Crashed(Exception):
    pass


class World:
    """A line, and what the pacer sends."""

    def __init__(self, most: int = 60) -> None:
        self.now = float(NOW)
        self.tables = Tables()
        self.called: list[Called] = []
        self.timers: list[int] = []
        self.crashes_after: int | None = None
        self.most = most
        self.line = LineStore(self.tables, "table", self)  # type: ignore[arg-type]
        self.door = Doorkeeper(self.line, most, self)

    def __call__(self) -> float:
        return self.now

    def send(self, jobs: Sequence[InOrder]) -> None:
        for job in jobs:
            assert isinstance(job, Called)
            self.called.append(job)
            if self.crashes_after == len(self.called):
                raise Crashed

    def set(self, timer: Timer, seconds: int) -> None:
        assert isinstance(timer, LineTimer)
        self.timers.append(seconds)

    def turn(self) -> bool:
        pacer = Pacer(
            line=self.line,
            work=self,  # type: ignore[arg-type]
            timers=self,  # type: ignore[arg-type]
            backlog=lambda: 0,
            most=self.most,
            clock=self,
        )
        return pacer.turn()

    def come(self, number: int) -> list[Door]:
        return [self.door.look(f"citizen {place}", 0) for place in range(number)]

    @property
    def numbers(self) -> list[int]:
        return [one.number for one in self.called]


@pytest.fixture
def world() -> World:
    return World()


def test_as_many_a_minute_are_let_in_as_the_pace_allows_and_the_others_get_numbers(world: World) -> None:
    found = world.come(100)
    assert found[:60] == [Door()] * 60
    assert [door.number for door in found[60:]] == list(range(1, 41))
    assert [door.ahead for door in found[60:]] == list(range(1, 41))
    assert found[60].minutes == found[99].minutes == 1


def test_without_a_line_who_signs_in_costs_one_read_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[int] = []
    real = world.line.enter

    def enter(*, began: int) -> storage.Door:
        entered.append(began)
        return real(began=began)

    monkeypatch.setattr(world.line, "enter", enter)
    world.come(5)
    world.now += 1
    world.come(5)
    assert entered == [1]
    world.now += 2
    world.come(1)
    assert entered == [1, 10]
    assert real().in_all == 11


def test_whoever_comes_while_others_wait_is_not_let_in_before_them(world: World) -> None:
    world.come(61)
    world.now += 60
    (door,) = world.come(1)
    assert door.number == 2


def test_the_line_is_called_in_its_order_at_its_pace_until_nobody_waits(world: World) -> None:
    world.come(100)
    world.turn()
    assert not world.numbers  # the first turn only begins to count
    for _ in range(400):
        world.now += 5
        world.turn()
    assert world.numbers == list(range(1, 41))
    assert not world.line.enter().is_closed
    assert world.timers[1] == BUSY_SECONDS
    assert world.timers[-1] == IDLE_SECONDS


def test_a_second_chain_of_timers_ends(world: World) -> None:
    assert world.turn()
    assert not world.turn()
    assert len(world.timers) == 1


@pytest.mark.parametrize("crash", range(1, 6))
def test_a_pacer_that_dies_skips_nobody(world: World, crash: int) -> None:
    world.come(100)
    world.turn()
    world.crashes_after = crash
    died = 0
    for _ in range(400):
        world.now += 5
        try:
            world.turn()
        except Crashed:
            died += 1
    assert died == 1
    assert len(world.timers) > 100  # the next timer was set before
    assert sorted(set(world.numbers)) == list(range(1, 41))
    assert world.numbers.count(crash) <= 2
    assert len(world.numbers) <= 41


def test_after_an_hour_of_standstill_no_more_are_called_at_once_than_in_a_minute(world: World) -> None:
    world.come(60 + 300)
    world.turn()
    world.now += 3600
    world.turn()
    assert 0 < len(world.numbers) <= 240  # a minute's, times four at most for those who do not come
    assert world.numbers == list(range(1, len(world.numbers) + 1))


def test_who_asks_is_told_her_place_by_what_was_called(world: World) -> None:
    world.come(100)
    world.turn()
    for _ in range(3):
        world.now += 5
        world.turn()
    last = world.numbers[-1]
    world.now += 3
    assert world.door.look("citizen 99", 40).ahead == 40 - last
    assert world.door.look("citizen 60", 1).ahead <= 0


def test_a_call_and_the_lines_timer_are_read_as_they_were_queued() -> None:
    sent: list[dict[str, Any]] = []

    class Sqs:
        def send_message_batch(self, *, Entries: list[dict[str, Any]], **_: object) -> dict[str, Any]:  # noqa: N803
            sent.extend(Entries)
            return {}

    call = Called("asha", 7, NOW // 60)
    WorkQueue(Sqs(), "work", "reply").send([call])  # type: ignore[arg-type]
    assert [read_work(entry["MessageBody"]) for entry in sent] == [call]
    assert sent[0]["MessageGroupId"] == "asha"
    assert read_work(timer_body(LineTimer())) == LineTimer()
