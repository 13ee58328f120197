"""The tables of phrases: what is said at an open question does what its speaker means, and nothing else."""

import pytest

from tests.understanding.table import languages, phrases, play, report


@pytest.mark.parametrize("language", languages())
def test_every_phrase_is_understood_as_it_is_meant(language: str) -> None:
    played = [play(phrase) for phrase in phrases(language)]
    assert all(one.is_right for one in played), report(played, tell=True)


@pytest.mark.parametrize("language", languages())
def test_nothing_is_done_that_was_not_asked_for(language: str) -> None:
    harmful = [one for one in map(play, phrases(language)) if one.is_harmful]
    assert not harmful, report(harmful, tell=True)


@pytest.mark.parametrize("language", languages())
def test_each_language_has_sixty_phrases(language: str) -> None:
    assert len(list(phrases(language))) >= 60
