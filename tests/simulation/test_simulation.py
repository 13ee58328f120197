"""Many citizens, much misfortune, and the auditor: none of these seeds breaks a law."""

import pytest

from tests.simulation.__main__ import seeds
from tests.simulation.runs import replay, run, shrunk, transcript

SEEDS = 2000
_TOGETHER = 50


@pytest.mark.parametrize("first", range(0, SEEDS, _TOGETHER))
def test_no_law_is_broken(first: int) -> None:
    for seed in range(first, first + _TOGETHER):
        played = run(seed)
        assert not played.findings, transcript(shrunk(played))


def test_seeds_are_named_one_by_one_and_as_ranges() -> None:
    assert seeds("3,7,100..103") == [3, 7, 100, 101, 102]


def test_a_seed_gives_the_same_run_each_time_and_so_does_its_history() -> None:
    for seed in range(12):
        played = run(seed)
        assert run(seed).record == played.record
        assert replay(played.setup, played.acts).record == played.record
