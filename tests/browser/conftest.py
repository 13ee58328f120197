"""The chat page in a real browser. Without Chromium nothing here can run: that is said loudly, and fails in CI."""

import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium, find_chromium

EVIDENCE = Path(__file__).parents[2] / "build" / "browser"
"""Where the pictures and consoles of failed tests are kept."""

_HOW = (
    "The chat page was NOT tested: there is no Chromium.\n"
    "On Debian or Ubuntu: apt-get install chromium fonts-noto-core. Elsewhere: install Chrome or Chromium, and set\n"
    "CHROMIUM to its program if it is not on the PATH."
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One browser for all tests; each opens tabs of its own."""
    with Chromium() as running:
        yield running


def pytest_runtest_setup(item: pytest.Item) -> None:
    if "chromium" not in getattr(item, "fixturenames", ()) or find_chromium():
        return
    if os.environ.get("CI"):
        pytest.fail(_HOW, pytrace=False)
    pytest.skip("there is no Chromium")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what each tab showed when a test failed, and name the files in its report."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("chromium")
    if browser is None:
        return report
    if report.failed:
        report.sections.append(("browser", "\n".join(kept(item.nodeid, browser))))
    if report.when == "teardown":
        browser.forget_evidence()
    return report


def kept(nodeid: str, browser: Chromium) -> Iterator[str]:
    """Write a picture and the console of each tab; give the lines that say where."""
    EVIDENCE.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.-]+", "-", nodeid.removeprefix("tests/browser/"))
    for number, tab in enumerate(browser.evidence(), start=1):
        yield f"Tab {number}: {tab.url}"
        for suffix, content in (("png", tab.picture), ("console.txt", "\n".join(tab.console).encode())):
            path = EVIDENCE / f"{name}-{number}.{suffix}"
            path.write_bytes(content)
            yield f"  {path}{'' if content else ' (empty)'}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "no Chromium" in str(report.longrepr)]
    if skipped:
        terminalreporter.section("NO BROWSER TESTS", sep="=", red=True, bold=True)
        terminalreporter.write_line(f"{_HOW}\nTests left out: {len(skipped)}.")
