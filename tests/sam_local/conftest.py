"""The local stacks as `make run` has them, their events as `make events` makes them, and `sam local invoke` on each."""

import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from events.make import IN_CHAT, Fresh, expectations, for_local_stack, write
from standins.local_stack import LocalStack, access, way_to_sign_in
from standins.phone import Phone
from tests.fresh_events import phones_of
from tests.sam_local.sam import Invoked, SamLocal

_AT_ONCE = 4
"""Twice as many as a small machine has processors: half of the time SAM and Docker only wait."""


@dataclass(frozen=True)
class Run:
    """What came of each event, as soon as it has been invoked, and the phones that they are from."""

    invoked: dict[str, Future[Invoked]]
    phones: dict[str, Phone]


@pytest.fixture(scope="session")
def docker() -> None:
    """A running Docker engine; without one nothing here can be tested, and nothing is left out."""
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0:  # noqa: S607
        pytest.exit("`make sam-local` needs Docker, running.", returncode=1)


@pytest.fixture(scope="session")
def sam(tmp_path_factory: pytest.TempPathFactory) -> SamLocal:
    """`sam local` on what the stack lays out for it, in a folder that no `make run` shares."""
    return SamLocal(tmp_path_factory.mktemp("sam-local"))


@pytest.fixture(scope="session", params=[IN_CHAT])
def stack(request: pytest.FixtureRequest, docker: None, sam: SamLocal) -> Iterator[LocalStack]:
    """One after the other, by the way in which citizens sign in."""
    parameters, settings = way_to_sign_in(request.param)
    # Each as Ctrl-C: pytest then ends what it has begun, and SAM takes its containers with it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with LocalStack(parameters=parameters, simulator_settings=settings, for_sam_local=sam.built) as running:
        yield running
    assert not sam.containers(), "SAM left containers behind"


@pytest.fixture(scope="session")
def fresh(stack: LocalStack, sam: SamLocal) -> Fresh:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in access(stack.emulator_url).items():
            patch.setenv(name, value)
        made = for_local_stack(stack.chat_url, int(time.time()))
    write(made.events, sam.events)
    return made


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest, stack: LocalStack, fresh: Fresh, sam: SamLocal) -> Iterator[Run]:
    """Every event that a test on this stack is about, a few at once: each is from a phone of its own."""
    calls = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    events = [call["event"] for call in calls if "event" in call and call["stack"] == fresh.sign_in]
    phones = phones_of(stack, fresh)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            yield Run({name: pool.submit(sam.invoke, name) for name in events}, phones)
        finally:
            pool.shutdown(cancel_futures=True)
    for phone in phones.values():
        phone.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was invoked and what came of it, a line each."""
    expected = expectations()
    lines: dict[str, str] = {}
    for outcome, mark in (("passed", "✓"), ("failed", "✗")):
        for report in terminalreporter.stats.get(outcome, []):
            properties = dict(report.user_properties)
            if "event" in properties:
                event = properties["event"]
                answer, seconds = properties["answer"], properties["seconds"]
                lines[event] = f"{mark} {event:42} {answer:>8} {seconds:5.1f} s  {expected[event]['is']}"
    if lines:
        terminalreporter.section("sam local invoke")
        for event in expected:
            if event in lines:
                terminalreporter.line(lines[event])
