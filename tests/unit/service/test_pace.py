"""The pace at which a line moves: how each look leads to the next, and what citizens are told of it."""

import pytest
from msgspec.structs import replace

from helpdesk.service.pace import Bounds, Look, Pace, calls, first_pace, next_pace, told_minutes

BOUNDS = Bounds(least=60, most=6000)
WELL = Look(
    seconds=20, called=800, came=800, began=800, served=800, passed=800, backlog=0, calls=5000, call_seconds=0.7
)
PACE = Pace(sign_ins=2400, steady=2400, served=2400, usual_seconds=0.7)


def after(look: Look, times: int, pace: Pace = PACE) -> Pace:
    for _ in range(times):
        pace = next_pace(pace, look, BOUNDS)
    return pace


def test_it_begins_with_the_most() -> None:
    assert first_pace(BOUNDS).sign_ins == BOUNDS.most


def test_at_ease_it_goes_up_by_a_twentieth_a_minute() -> None:
    assert after(WELL, 3).sign_ins == pytest.approx(2400 * 1.05, rel=0.01)


def test_it_goes_back_fast_to_what_was_borne_a_short_while_ago() -> None:
    below = replace(PACE, sign_ins=600.0, borne=2400.0)

    assert after(WELL, 3, below).sign_ins == pytest.approx(600 * 1.5, rel=0.1)


@pytest.mark.parametrize(
    "trouble",
    [{"backlog": 2400}, {"refused": 500}, {"call_seconds": 3.0}],
)
def test_each_sign_of_trouble_brings_it_down(trouble: dict[str, float]) -> None:
    assert after(replace(WELL, served=700, **trouble), 1).sign_ins < PACE.sign_ins


def test_in_trouble_it_goes_a_little_below_what_is_served_and_not_further() -> None:
    crowded = replace(WELL, served=600, backlog=5000)  # 1,800 a minute

    assert 1500 < next_pace(replace(PACE, served=1800), crowded, BOUNDS).sign_ins < 1800


def test_one_look_takes_no_more_than_a_third_from_it() -> None:
    dead = replace(WELL, served=0, refused=5000, call_seconds=0.0)

    assert next_pace(replace(PACE, served=0), dead, BOUNDS).sign_ins == pytest.approx(2400 * 0.67)


def test_between_ease_and_trouble_it_stays() -> None:
    assert after(replace(WELL, call_seconds=0.7 * 2), 1).sign_ins == PACE.sign_ins


def test_a_pace_that_nobody_uses_up_stays() -> None:
    quiet = replace(WELL, called=0, came=0, passed=0, began=100, served=100)

    assert after(quiet, 30).sign_ins == PACE.sign_ins


def test_whoever_is_called_uses_the_pace_up_before_she_comes() -> None:
    called = replace(WELL, came=0, began=0)

    assert after(called, 1).sign_ins > PACE.sign_ins


def test_it_stays_within_its_bounds() -> None:
    dead = replace(WELL, served=0, refused=5000, call_seconds=0.0)

    assert after(dead, 100).sign_ins == BOUNDS.least
    assert after(replace(WELL, began=10_000, served=10_000), 100).sign_ins == BOUNDS.most


def test_it_finds_its_way_up_again_after_a_failure() -> None:
    dead = replace(WELL, served=0, refused=5000, call_seconds=0.0)

    assert after(replace(WELL, began=10_000), 3 * 20, after(dead, 100)).sign_ins > 1800


def test_a_digilocker_that_is_slower_for_good_becomes_usual() -> None:
    slower = replace(WELL, call_seconds=2.4)

    at_first, later = after(slower, 3), after(slower, 3 * 60)

    assert at_first.sign_ins < PACE.sign_ins < later.sign_ins


def test_as_many_more_are_called_as_do_not_come() -> None:
    half = after(replace(WELL, came=400), 3 * 30)

    assert calls(half, 60) == pytest.approx(half.sign_ins * 2, rel=0.01)


def test_whoever_found_no_line_counts_as_called() -> None:
    assert calls(PACE, 60, found_no_line=1000) == pytest.approx(1400)
    assert calls(PACE, 60, found_no_line=9000) == 0


@pytest.mark.parametrize(("ahead", "minutes"), [(0, 1), (1, 1), (2400, 1), (2401, 2), (60_000, 25), (60_001, 26)])
def test_a_wait_is_told_in_whole_minutes_never_too_few(ahead: int, minutes: int) -> None:
    assert told_minutes(ahead, PACE) == minutes


def test_a_wait_counts_that_some_numbers_are_skipped_and_some_owners_do_not_come() -> None:
    assert told_minutes(48_000, replace(PACE, passed=2.0)) == 10
    assert told_minutes(48_000, replace(PACE, came=0.5)) == 10


def test_a_wait_is_told_by_the_pace_of_some_minutes_not_of_one_look() -> None:
    troubled = next_pace(PACE, replace(WELL, backlog=10_000), BOUNDS)

    assert troubled.sign_ins < 2400 * 0.96
    assert told_minutes(60_000, troubled) in (25, 26)


def test_a_stopped_line_still_tells_a_time() -> None:
    assert told_minutes(100, replace(PACE, steady=0.0)) == 100
