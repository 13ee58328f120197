"""How the growth of a cost is judged: what grows faster than is said is seen."""

import logging
import posixpath
from collections.abc import Callable, Iterator

import pytest

from tests.benchmarks.growth import (
    MOST_EXPONENT,
    Curve,
    Shape,
    batches,
    conversation,
    figures,
    lists,
    measured,
    statuses,
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def work(times: int) -> Callable[[], object]:
    """Call something of the standard library so many times: what the tests execute themselves is not counted."""

    def join() -> None:
        for _ in range(times):
            posixpath.join("a", "b")

    return join


def curve(shape: Shape, times: Callable[[int], int]) -> Curve:
    points = tuple(measured(size, [work(times(size))] * 3) for size in (10, 20, 40))
    return Curve("made_up", "made up", shape, points)


@pytest.mark.parametrize(
    ("shape", "times", "holds"),
    [
        ("flat", lambda _: 100, True),
        ("flat", lambda size: size, False),
        ("linear", lambda size: 100 * size, True),
        ("linear", lambda size: size * size, False),
        ("linear", lambda _: 100, True),
    ],
)
def test_a_cost_that_grows_faster_than_is_said_is_worse_than_wanted(
    shape: Shape, times: Callable[[int], int], holds: bool
) -> None:
    judged, not_judged = figures([curve(shape, times)])
    assert judged.name == f"growth.made_up_exponent ({shape})"
    assert judged.is_met == holds
    assert not_judged.wanted is None


def test_instructions_are_counted_exactly_and_those_of_the_tests_are_not() -> None:
    once, again, more = (measured(1, [work(times)] * 3).instructions for times in (50, 50, 51))
    assert 0 < once == again < more
    nothing, much_in_a_test = (lambda: None, lambda: [number + 1 for number in range(1000)])
    assert measured(1, [much_in_a_test] * 3).instructions == measured(1, [nothing] * 3).instructions


def test_what_is_made_when_it_is_first_needed_is_not_counted() -> None:
    made: list[object] = []

    def needing() -> None:
        if not made:
            made.append(work(1000)())
        work(1)()

    assert measured(1, [needing] * 3).instructions == measured(1, [work(1)] * 3).instructions


def test_everything_that_is_said_to_grow_can_be_measured_at_tiny_sizes() -> None:
    for grown in (conversation, lists, batches, statuses):
        one, three = grown((1, 3))
        assert (one.size, three.size) == (1, 3)
        assert one.instructions > 1000
        if grown is not conversation:
            assert one.instructions < three.instructions < 4 * one.instructions


def test_flat_is_at_most_a_tenth_more_for_twice_the_size_and_linear_at_most_a_tenth_more_than_twice() -> None:
    assert pytest.approx(1.1) == 2 ** MOST_EXPONENT["flat"]
    assert pytest.approx(2.2) == 2 ** MOST_EXPONENT["linear"]
