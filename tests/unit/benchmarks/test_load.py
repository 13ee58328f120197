"""The load generator: what it draws, what it posts, and that it sees what has gone wrong."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import replace

import pytest

from tests.benchmarks.load import (
    RECOGNISE,
    SAID,
    STATUSES,
    TRIES,
    Arrival,
    Pace,
    Verdict,
    arrivals,
    drive,
    judged,
    percentile,
)

DRAWN = arrivals(Pace("a little", 20.0, 5.0), first_citizen=0, seed=1)
ALL_AT_ONCE = [replace(arrival, at=0.0) for arrival in DRAWN]
NOTHING_WRONG = Verdict(lost=0, twice=0, out_of_order=0)


class Desk:
    """Takes deliveries, answers each text once, and notes the order of all of it."""

    def __init__(self, refuses: int = 0) -> None:
        self.posted: list[Arrival] = []
        self.told: dict[int, list[str]] = defaultdict(list)
        self._refuses = refuses
        self._seen: set[tuple[int, int]] = set()
        self._lock = threading.Lock()

    def post(self, arrival: Arrival) -> bool:
        with self._lock:
            self.posted.append(arrival)
            if sum(one is arrival for one in self.posted) <= self._refuses:
                return False
            if arrival.kind in {"text", "again"} and (arrival.citizen, arrival.number) not in self._seen:
                self._seen.add((arrival.citizen, arrival.number))
                self.told[arrival.citizen].append(SAID[arrival.number][1])
            return True


def texts(all_of_them: Sequence[Arrival]) -> Iterator[tuple[int, int]]:
    return ((arrival.citizen, arrival.number) for arrival in all_of_them if arrival.kind == "text")


# what is drawn


def test_the_same_seed_draws_the_same_arrivals() -> None:
    pace = Pace("a little", 20.0, 5.0)
    assert arrivals(pace, 0, seed=1) == DRAWN
    assert arrivals(pace, 0, seed=2) != DRAWN


def test_ten_times_the_pace_brings_about_ten_times_the_texts() -> None:
    once, ten_times = (sum(1 for _ in texts(arrivals(Pace("", pace, 100.0), 0, 1))) for pace in (1.0, 10.0))
    assert 80 < once < 120
    assert 900 < ten_times < 1100


def test_every_text_has_three_statuses_after_it_and_some_come_twice() -> None:
    at = {(one.citizen, one.number): one.at for one in DRAWN if one.kind == "text"}
    for kind, later in STATUSES:
        of_kind = {(one.citizen, one.number): one.at for one in DRAWN if one.kind == kind}
        assert of_kind == {text: when + later for text, when in at.items()}
    again = [one for one in DRAWN if one.kind == "again"]
    assert 0.1 * len(at) < len(again) < 0.3 * len(at)
    assert all(one.at >= at[one.citizen, one.number] for one in again)


def test_each_citizen_says_her_texts_from_the_first_on_and_none_twice() -> None:
    said: dict[int, list[int]] = defaultdict(list)
    for citizen, number in texts(DRAWN):
        said[citizen].append(number)
    assert all(numbers == list(range(len(numbers))) for numbers in said.values())
    assert max(map(len, said.values())) == len(SAID)


# what is posted


def test_all_that_arrives_is_posted_once_and_its_wait_is_noted() -> None:
    desk = Desk()
    seen = drive(ALL_AT_ONCE, desk.post)
    assert sorted(desk.posted, key=ALL_AT_ONCE.index) == ALL_AT_ONCE
    assert len(seen.waits) == len(ALL_AT_ONCE)
    assert seen.not_taken == 0
    assert judged(ALL_AT_ONCE, desk.told, RECOGNISE["desk"]) == NOTHING_WRONG


def test_a_citizens_text_waits_until_her_last_one_was_answered() -> None:
    first, second = threading.Event(), []

    def post(arrival: Arrival) -> bool:
        if arrival.number == 0:
            assert first.wait(60)
        if arrival.citizen == 1:
            first.set()  # somebody else does not wait for the first one
        if (arrival.citizen, arrival.number) == (0, 1):
            second.append(first.is_set())
        return True

    drive([Arrival(0.0, 0, 0, "text"), Arrival(0.0, 0, 1, "text"), Arrival(0.0, 1, 1, "text")], post)
    assert second == [True]


def test_a_copy_of_a_text_does_not_overtake_the_text_before_it() -> None:
    others, answered, found = threading.Event(), threading.Event(), []

    def post(arrival: Arrival) -> bool:
        if arrival.citizen == 1:
            others.set()
        elif arrival.number == 0:
            assert others.wait(60)
            answered.set()
        else:
            found.append(answered.is_set())
        return True

    texts = [Arrival(0.0, 0, 0, "text"), Arrival(0.0, 0, 1, "text"), Arrival(0.0, 0, 1, "again")]
    drive([*texts, Arrival(0.0, 1, 0, "text")], post)
    assert found == [True, True]


def test_what_is_refused_is_posted_again_until_it_is_taken() -> None:
    desk = Desk(refuses=TRIES - 1)
    assert drive(ALL_AT_ONCE, desk.post).not_taken == 0
    assert len(desk.posted) == TRIES * len(ALL_AT_ONCE)
    assert judged(ALL_AT_ONCE, desk.told, RECOGNISE["desk"]) == NOTHING_WRONG


def test_what_is_never_taken_is_counted_and_has_no_wait() -> None:
    seen = drive(ALL_AT_ONCE, Desk(refuses=TRIES).post)
    assert (seen.not_taken, seen.waits) == (len(ALL_AT_ONCE), [])


# what has gone wrong

SPOKEN = [Arrival(0.0, 7, number, "text") for number in range(3)]
HI, ONE, YES = (reply for _, reply in SAID[:3])


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ({7: [HI, ONE, YES]}, NOTHING_WRONG),
        ({7: [HI, YES]}, Verdict(lost=1, twice=0, out_of_order=0)),
        ({}, Verdict(lost=3, twice=0, out_of_order=0)),
        ({7: [HI, ONE, ONE, YES]}, Verdict(lost=0, twice=1, out_of_order=0)),
        ({7: [HI, YES, ONE]}, Verdict(lost=0, twice=0, out_of_order=1)),
        ({7: [HI, ONE, YES, "Something went wrong"]}, Verdict(lost=0, twice=1, out_of_order=0)),
        ({7: [HI, ONE, YES, SAID[4][1]]}, Verdict(lost=0, twice=1, out_of_order=0)),
        ({7: [YES, HI, HI]}, Verdict(lost=1, twice=1, out_of_order=1)),
    ],
    ids=["nothing", "lost", "all lost", "twice", "out of order", "an error", "to nothing that was said", "all of it"],
)
def test_what_has_gone_wrong_is_seen(told: Mapping[int, Sequence[str]], verdict: Verdict) -> None:
    assert judged(SPOKEN, told, RECOGNISE["desk"]) == verdict


def test_no_reply_is_taken_for_another_ones() -> None:
    for side, said in (("desk", 1), ("floor", 0)):
        recognise = RECOGNISE["desk" if side == "desk" else "floor"]
        assert [recognise(one[said]) for one in SAID] == list(range(len(SAID)))


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert [percentile([3.0, 1.0, 2.0], percent) for percent in (1, 50, 99)] == [1.0, 2.0, 3.0]
    assert percentile([float(number) for number in range(1, 201)], 99) == 198.0
