"""The tables of phrases: what is said at an open question does what its speaker means."""

import pytest

from tests.understanding.table import languages, phrases, play, report, share

FLOOR = {"en": 28.0}
"""The least share of phrases, in percent, that must be right. It only rises; a language without one may begin at 0."""


@pytest.mark.parametrize("language", languages())
def test_as_many_are_right_as_were_before(language: str) -> None:
    played = [play(phrase) for phrase in phrases(language)]
    assert share(played) >= FLOOR.get(language, 0.0), report(played, tell=True)
