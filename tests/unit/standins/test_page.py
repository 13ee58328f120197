"""The chat page's files: nothing is put in as markup, nothing comes from elsewhere, and each is small."""

import re
from pathlib import Path

import pytest

import standins

FILES = sorted((Path(standins.__file__).parent / "page").iterdir())
LARGEST = 100_000


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".js"], ids=lambda path: path.name)
def test_a_module_puts_nothing_in_as_markup(path: Path) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_asked_for_elsewhere(path: Path) -> None:
    foreign = re.sub(r"http://www\.w3\.org/2000/svg", "", path.read_text())
    assert not re.search(r"""["'(]https?://|@import|url\(""", foreign)


def test_all_of_it_is_small() -> None:
    assert 0 < sum(path.stat().st_size for path in FILES) < LARGEST
