"""What all tests have in common: their order, how they are spread over the processors, and what is told at the end."""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.deployed import Deployments

DEPLOYED_SECONDS = 900
"""How long a test may take that is about a deployed stack: the first of them waits until it is up."""
_DEPLOYED = ("tests/end_to_end/", "tests/browser/", "tests/sam_local/")
_LONG = (*_DEPLOYED, "tests/traces/", "tests/replay/", "tests/simulation/", "tests/template/", "tests/integration/")
"""Folders whose files take longest, or wait most."""
_OTHER_STACKS = ("ask 1.x", "refuse 2.4", "by form")
_SLOWEST = 10
_BEGAN = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle",
        metavar="SEED",
        help="run the files in an order made from this seed, and the tests in each file too",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_BEGAN] = time.monotonic()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(_DEPLOYED) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(DEPLOYED_SECONDS))
    seed = config.getoption("--shuffle")
    if seed is not None:
        files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
        drawn = random.Random(seed)  # noqa: S311 - no secret
        drawn.shuffle(files)
        for tests in files:
            drawn.shuffle(tests)
        items[:] = [test for tests in files for test in tests]
    if hasattr(config, "workerinput"):
        # What takes longest and waits most goes first, so that no processor is left with it at the end.
        items.sort(
            key=lambda item: next((rank for rank, at in enumerate(_LONG) if item.nodeid.startswith(at)), len(_LONG))
        )


# --- over several processors ------------------------------------------------------------------------------------------


def stay_together(nodeid: str) -> str:
    """Return the name of the tests that are run in one process, one after the other, with this one.

    Those of a file share its fixtures, those about a deployed stack share that.
    """
    path = nodeid.partition("::")[0]
    for name in _OTHER_STACKS:
        if name in nodeid:
            return name
    return "tests/end_to_end" if path.startswith("tests/end_to_end/") else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` starts: one more than there are processors, since many tests wait."""
    return (os.process_cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - not needed, and perhaps not there, in one process

    class Together(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return stay_together(nodeid)

    config.option.loadscopereorder = False
    return Together(config, log)


@pytest.fixture(scope="session")
def deployments() -> Iterator["Deployments"]:
    """The deployed stacks, started once for all tests of a process."""
    from tests.deployed import Deployments  # noqa: PLC0415 - units need none of what that imports

    with Deployments() as running:
        yield running


# --- the end ----------------------------------------------------------------------------------------------------------


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what the run took, and the slowest tests, each with its fixtures."""
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid] += report.duration  # type: ignore[assignment] # seconds are no whole numbers
    wall = time.monotonic() - config.stash[_BEGAN]
    # Of the processes that were started, those that have ended and were waited for.
    cpu = sum(os.times()[:4])
    terminalreporter.section("time")
    terminalreporter.line(f"{wall:.0f} s, of processors {cpu:.0f} s. The slowest:")
    for nodeid, took in seconds.most_common(_SLOWEST):
        terminalreporter.line(f"{took:7.2f} s  {nodeid}")
