"""Where there is no Chromium, nobody can think that the page was tested."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
A_TEST = """
import pytest

@pytest.fixture
def chromium():
    raise AssertionError("no browser can be started")

def test_that_needs_a_browser(chromium):
    pass
"""


@pytest.fixture
def one_test(tmp_path: Path) -> Path:
    path = tmp_path / "test_one.py"
    path.write_text(A_TEST, encoding="utf-8")
    return path


def run(test: Path, **environment: str) -> tuple[int, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "CHROMIUM", "PYTEST_ADDOPTS"}}
    words = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.browser.conftest",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        str(test),
    ]
    done = subprocess.run(  # noqa: S603 - its words are this test's own
        [sys.executable, *words],
        cwd=ROOT,
        env=kept | {"PATH": "/nonexistent"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


def test_it_is_said_with_the_way_to_get_it(one_test: Path) -> None:
    status, output = run(one_test)
    assert status == 0
    assert "NO BROWSER TESTS" in output
    assert "apt-get install chromium" in output


def test_in_ci_it_fails(one_test: Path) -> None:
    status, output = run(one_test, CI="true")
    assert status == 1
    assert "was NOT tested" in output
