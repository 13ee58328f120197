"""The citizens of the lanes' benchmark: what they write, in which order, and what is counted as a menu."""

from collections import defaultdict

from tests.benchmarks.lanes import LANES, Waits, figures, script, walked


def test_each_citizen_goes_on_when_she_was_answered_and_menus_are_told_from_requests() -> None:
    said: dict[int, list[str]] = defaultdict(list)

    def ask(citizen: int, number: int, text: str) -> float:
        assert number == len(said[citizen])
        said[citizen].append(text)
        return 9.0 if text.isdecimal() and len(text) > 1 else 0.1

    waits = walked(ask, 3, 0.0, sleep=lambda _seconds: None)

    assert said == {citizen: [text for text, _ in script(citizen)] for citizen in range(3)}
    assert (waits.menu, waits.asking) == ([0.1] * 15, [9.0] * 6)


def test_slow_menus_are_a_miss_with_two_lanes_and_none_with_one() -> None:
    slow = {lanes: Waits([0.31] * 99 + [1.1] * 2, [2.0]) for lanes in LANES}
    missed = [figure.name for figure in figures(slow) if not figure.is_met]
    assert missed == ["lanes.two_menu_p50_ms", "lanes.two_menu_p99_ms"]
