"""A test that fails in the browser leaves what there was to see, and its report says where."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium

ROOT = Path(__file__).parents[2]
FAILING = """
from pathlib import Path
import pytest
from tests.browser import conftest

conftest.EVIDENCE = Path({folder!r})
PAGE = "data:text/html,<h1>Here</h1><script>console.log('said by the page'); console.error('oh', 7)</script>"

@pytest.fixture
def page(chromium):
    with chromium.page(PAGE) as page:
        yield page

def test_while_its_tab_is_open(page):
    assert page.text("h1") == "There"

def test_in_a_tab_that_the_failure_closes(chromium):
    with chromium.page(PAGE) as page:
        assert page.text("h1") == "There"

def test_that_passes(page):
    assert page.text("h1") == "Here"
"""


@pytest.mark.usefixtures("chromium")
def test_a_picture_and_the_console_are_kept_of_each_tab_and_named_in_the_report(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    test = tmp_path / "test_one.py"
    test.write_text(FAILING.format(folder=str(folder)), encoding="utf-8")
    words = ["-m", "pytest", "-p", "tests.browser.conftest", "-p", "no:cacheprovider", "-c", os.devnull, str(test)]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    done = subprocess.run(  # noqa: S603 - its words are this test's own
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )

    assert "2 failed, 1 passed" in done.stdout
    kept = sorted(path.name.partition("test_one.py-")[2] for path in folder.iterdir())
    assert kept == [
        f"{name}-1.{suffix}"
        for name in ("test_in_a_tab_that_the_failure_closes", "test_while_its_tab_is_open")
        for suffix in ("console.txt", "png")
    ]
    for path in folder.iterdir():
        assert f"  {path}\n" in done.stdout
        if path.suffix == ".png":
            assert path.read_bytes().startswith(b"\x89PNG")
        else:
            assert path.read_text() == "log: said by the page\nerror: oh 7"


def test_what_one_test_left_is_not_taken_for_the_next_ones(chromium: Chromium) -> None:
    with pytest.raises(AssertionError, match="no such thing"), chromium.page() as page:
        page.evaluate("console.log('early'); throw new Error('no such thing')")
    assert [tab.console for tab in chromium.evidence()] == [("log: early",)]

    chromium.forget_evidence()

    assert chromium.evidence() == []
