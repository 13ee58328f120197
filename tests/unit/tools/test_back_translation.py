"""A reader gets the target language alone, and what she made of it stands beside the English."""

from pathlib import Path

import pytest

from helpdesk.languages.catalogue import catalogue, codes
from tools import back_translation
from tools.back_translation import keys, main
from tools.texts import is_translated

TOLD = ("consent.ask", "consent.sign_up", "page.consent", "privacy", "privacy.page", "otp.ask", "delete.ask")


@pytest.mark.parametrize("code", codes()[1:])
def test_every_language_is_read_for_consent_privacy_otps_deletion_and_sixty_more(code: str) -> None:
    chosen = keys(code)
    assert set(TOLD) <= set(chosen)
    assert len(chosen) == len(set(chosen))
    assert len(chosen) >= len(TOLD) + 60


def test_all_languages_together_are_read_whole() -> None:
    shown = {key for key in catalogue("en").texts if is_translated(key)} - {"date.months"}
    assert {key for code in codes()[1:] for key in keys(code)} == shown


def test_the_reader_does_not_see_the_english(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["blind", "or"]) == 0
    shown = capsys.readouterr().out
    assert "[otp.ask]" in shown
    assert "{" not in shown
    assert catalogue("en").texts["otp.ask"].split(",")[0] not in shown


def test_what_came_back_stands_beside_the_english_and_what_did_not_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(back_translation, "MARKS", tmp_path)
    came_back = "[otp.retry]\nType the six digits of the latest SMS.\n# same\n"
    (tmp_path / "or.back.txt").write_text(came_back, encoding="utf-8")
    assert main(["compare", "or"]) == 0
    shown = capsys.readouterr().out
    english = catalogue("en").texts["otp.retry"]
    assert f"English: {english}\nBack:    Type the six digits of the latest SMS.\n" in shown
    assert "otp.ask" in shown.partition("are missing: ")[2]


@pytest.mark.parametrize("arguments", [["blind", "xx"], ["compare", ""], []])
def test_a_mistyped_language_is_refused(arguments: list[str]) -> None:
    assert main(arguments) == 2
