"""What is stale is named, and the page to check a language by shows all of it."""

import re
from html import unescape
from pathlib import Path

import pytest

from helpdesk.languages.catalogue import Catalogue, catalogue, catalogues
from tools import translations
from tools.texts import entries, head
from tools.translation_page import page
from tools.translations import main, mark, mark_of, read_marks, stale

ENGLISH = {"menu": mark_of("Welcome."), "help.menu": mark_of("Here is help.")}


def test_a_text_is_stale_until_it_is_marked_and_again_once_its_english_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "xx.marks"
    assert stale(read_marks(path), ENGLISH) == ["menu", "help.menu"]
    mark(path, ENGLISH, ENGLISH)
    assert stale(read_marks(path), ENGLISH) == []
    assert stale(read_marks(path), ENGLISH | {"menu": mark_of("Good day.")}) == ["menu"]


def test_a_mark_of_a_text_that_is_gone_goes_with_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "xx.marks"
    mark(path, ENGLISH, ENGLISH)
    mark(path, ["menu"], {"menu": ENGLISH["menu"]})
    assert read_marks(path) == {"menu": ENGLISH["menu"]}


def test_what_is_stale_is_named_by_language_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(translations, "MARKS", tmp_path)
    for language in catalogues()[1:]:
        assert main(["mark", language.code, "all"]) == 0
    assert main(["stale"]) == 0
    with (tmp_path / "or.marks").open("a", encoding="utf-8") as file:
        file.write("otp.ask 0000000000\n")
    assert main(["stale"]) == 1
    assert capsys.readouterr().out.startswith("or otp.ask: ")


@pytest.mark.parametrize(
    "arguments", [["mark", "xx", "all"], ["mark", "or", "no.such"], ["mark", "or"], ["page", "xx"], []]
)
def test_a_mistyped_language_or_key_changes_nothing(arguments: list[str]) -> None:
    assert main(arguments) == 2


@pytest.mark.parametrize("language", catalogues(), ids=lambda language: language.code)
def test_the_page_shows_every_text_beside_the_english(language: Catalogue) -> None:
    written = page(language)
    assert set(re.findall(r'<(?:article|tr) id="([^"]+)"', written)) == language.texts.keys()
    plain = unescape(re.sub(r"<[^>]+>", "", written)).replace("*", "")
    for key in ("menu", "stop.done", "page.start", "words.yes", "button.agree", "document.PANCR"):
        for text in (language.texts[key], catalogue("en").texts[key]):
            assert all(line.replace("*", "") in plain for line in text.splitlines()), key


def test_the_notes_above_a_text_are_shown_and_those_at_the_head_are_not() -> None:
    notes = {one.key: one.note for one in entries()}
    assert notes["menu"] == "The first message."
    assert notes["language.order"] == ""
    assert head("en").checked


@pytest.mark.parametrize("language", catalogues()[1:], ids=lambda language: language.code)
def test_every_language_says_who_has_checked_it_and_has_one_term_for_one_thing(language: Catalogue) -> None:
    top = head(language.code)
    assert top.checked
    assert {"document", "account", "consent", "department", "record", "encrypted", "tap"} <= top.terms.keys()
    assert all(reason for _, reason in top.terms.values())
