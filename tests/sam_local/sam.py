"""`sam local`, as a tester calls it: nothing but what samconfig.toml says stands in its arguments."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from operations.events import FUNCTIONS

ROOT = Path(__file__).parents[2]
_SAM = Path(sys.prefix) / "sam" / "bin" / "sam"
_INVOKE_SECONDS = 180.0
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Invoked:
    """What came of an event. `said`: what else was printed, with the function's log."""

    answer: dict[str, Any]
    said: str
    seconds: float


def invoke(event: str) -> Invoked:
    """Hand an event to its function, by its path such as `webhook/text_hi`. Raises AssertionError if SAM fails."""
    began = time.monotonic()
    function = FUNCTIONS[event.split("/", maxsplit=1)[0]]
    with _sam("invoke", function, "-e", f"events/{event}.json") as process:
        answer, said = process.communicate(timeout=_INVOKE_SECONDS)
    assert process.returncode == 0, said
    return Invoked(json.loads(answer), said, time.monotonic() - began)


@contextmanager
def start_api(port: int) -> Iterator[str]:
    """Serve the API on a port of this machine; gives its address."""
    url = f"http://127.0.0.1:{port}"
    with (
        (ROOT / "build" / "logs" / "sam-local-start-api.log").open("w+") as log,
        _sam("start-api", "--port", str(port), output=log) as process,
    ):
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(requests.RequestException):
                requests.get(url, timeout=5)  # any answer will do
                break
            time.sleep(0.2)
        yield url


def containers() -> set[str]:
    """Give the ids of the containers of SAM that are there, running or not."""
    listed = subprocess.run(
        ["docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", "label=sam.cli.container.type"],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    )
    return set(listed.stdout.split())


@contextmanager
def _sam(*arguments: str, output: Any = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """Run `sam local`, and see that neither it nor its containers are left."""
    process = subprocess.Popen(  # noqa: S603 - its words are this module's own
        [str(_SAM), "local", *arguments],
        cwd=ROOT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        text=True,
        # Out of reach of the terminal's Ctrl-C: a second one, after that below, would have it leave its containers.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        # As Ctrl-C, on which it takes its containers with it. Whoever has an event in hand ends by itself.
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
        if process.poll() is None:
            process.kill()
            process.wait()
