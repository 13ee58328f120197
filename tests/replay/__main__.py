"""`python -m tests.replay`: die at every crash point, and say how many there were and what went wrong."""

import contextlib
import io
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

os.environ |= {
    "POWERTOOLS_SERVICE_NAME": "replay",
    "POWERTOOLS_METRICS_NAMESPACE": "Helpdesk",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
}

from tests.replay.crash_points import ALSO, MAIN, Tried, conversation, tried
from tests.replay.desk import PACES


def main() -> int:
    """Try all of them. Gives 1 if any went wrong."""
    started = time.monotonic()
    total, runs = 0, list[Tried]()
    names = (MAIN, *ALSO)
    with ProcessPoolExecutor() as pool:
        done = list(pool.map(_quietly, names))
    for name, here in zip(names, done, strict=True):
        points = sum(run.pace == PACES[0] for run in here)
        asked = sum(run.asked and run.pace == PACES[0] for run in here)
        print(f"{name}: {points} crash points tried in {len(here)} runs; {asked} cost her a question")
        total += points
        runs += here
    failed = [run for run in runs if run.wrong]
    for run in failed:
        print(f"  {run}")
    print(f"{total} crash points, {len(runs)} runs, {len(failed)} went wrong ({time.monotonic() - started:.0f} s)")
    return 1 if failed else 0


def _quietly(name: str) -> list[Tried]:
    """Go through one conversation; the functions' metrics, which are lines of output, are not shown."""
    paces = PACES if name == MAIN else PACES[:1]
    with contextlib.redirect_stdout(io.StringIO()):
        return [run for pace in paces for run in tried(conversation(name), pace)]


if __name__ == "__main__":
    sys.exit(main())
