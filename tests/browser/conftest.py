"""The chat page in a real browser. Without Chromium nothing here can run: that is said loudly, and fails in CI."""

import os

import pytest

from tests.browser.chromium import find_chromium

_HOW = (
    "The chat page was NOT tested: there is no Chromium.\n"
    "On Debian or Ubuntu: apt-get install chromium fonts-noto-core. Elsewhere: install Chrome or Chromium, and set\n"
    "CHROMIUM to its program if it is not on the PATH."
)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if "chromium" not in getattr(item, "fixturenames", ()) or find_chromium():
        return
    if os.environ.get("CI"):
        pytest.fail(_HOW, pytrace=False)
    pytest.skip("there is no Chromium")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "no Chromium" in str(report.longrepr)]
    if skipped:
        terminalreporter.section("NO BROWSER TESTS", sep="=", red=True, bold=True)
        terminalreporter.write_line(f"{_HOW}\nTests left out: {len(skipped)}.")
