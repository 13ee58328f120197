"""`sam local`, as a tester calls it: nothing but what samconfig.toml says stands in its arguments.

Only the folder is another one than that of `make run`, so that the tests can run beside it.
"""

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

from events.make import EVENTS, FUNCTIONS
from standins.local_stack import FOR_SAM_LOCAL, SAMCONFIG

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


class SamLocal:
    """`sam local` in a folder of its own. `built`: what it runs; `events`: those made now."""

    def __init__(self, folder: Path) -> None:
        self.built = folder / "run"
        self.events = folder / "events"
        self._log = folder / "start-api.log"
        self._config = folder / SAMCONFIG.name
        settings = SAMCONFIG.read_text(encoding="utf-8")
        of_make_run = f'"{FOR_SAM_LOCAL.relative_to(ROOT)}/'
        assert of_make_run in settings
        self._config.write_text(settings.replace(of_make_run, f'"{self.built}/'), encoding="utf-8")

    def invoke(self, event: str) -> Invoked:
        """Hand an event to its function, by its path such as `webhook/text_hi`. Raises AssertionError if SAM fails."""
        began = time.monotonic()
        function = FUNCTIONS[event.split("/", maxsplit=1)[0]]
        made = self.events / f"{event}.json"
        with self._sam("invoke", function, "-e", str(made if made.exists() else EVENTS / f"{event}.json")) as process:
            answer, said = process.communicate(timeout=_INVOKE_SECONDS)
        assert process.returncode == 0, said
        return Invoked(json.loads(answer), said, time.monotonic() - began)

    @contextmanager
    def start_api(self, port: int) -> Iterator[str]:
        """Serve the API on a port of this machine; gives its address."""
        url = f"http://127.0.0.1:{port}"
        with self._log.open("w+") as log, self._sam("start-api", "--port", str(port), output=log) as process:
            deadline = time.monotonic() + _START_SECONDS
            while process.poll() is None and time.monotonic() < deadline:
                with suppress(requests.RequestException):
                    requests.get(url, timeout=5)  # any answer will do
                    break
                time.sleep(0.2)
            yield url

    def containers(self) -> set[str]:
        """Return the ids of the containers that run a function from here, or have run one."""
        filters = [word for name in FUNCTIONS.values() for word in ("--filter", f"volume={self.built / name}")]
        listed = subprocess.run(  # noqa: S603 - its words are this module's own
            ["docker", "ps", "--all", "--quiet", "--no-trunc", *filters],  # noqa: S607
            check=True,
            capture_output=True,
            text=True,
        )
        return set(listed.stdout.split())

    @contextmanager
    def _sam(self, verb: str, *arguments: str, output: Any = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
        """Run `sam local`, and see that neither it nor its containers are left."""
        process = subprocess.Popen(  # noqa: S603 - its words are this module's own
            [str(_SAM), "local", verb, "--config-file", str(self._config), *arguments],
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
