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
from tests.replay.desk import Pace, paces

type Task = tuple[str, Pace]


def main() -> int:
    """Try all of them. Gives 1 if any went wrong."""
    started = time.monotonic()
    tasks: list[Task] = [(name, pace) for name in (MAIN, *ALSO) for pace in paces(conversation(name))]
    runs = list[Tried]()
    with ProcessPoolExecutor() as pool:
        for (name, pace), here in zip(tasks, pool.map(_quietly, tasks), strict=True):
            runs += here
            if pace == paces(conversation(name))[-1]:
                _tell(name, [run for run in runs if run.transcript == name])
    failed = [run for run in runs if run.wrong or run.blamed]
    for run in failed:
        print(f"  {run}")
    took = f"{time.monotonic() - started:.0f} s"
    print(f"{_points(runs)} crash points, {len(runs)} runs, {len(failed)} went wrong ({took})")
    return 1 if failed else 0


def _tell(name: str, runs: list[Tried]) -> None:
    asked = sum(run.asked for run in runs)
    print(f"{name}: {_points(runs)} crash points tried in {len(runs)} runs; {asked} cost her a question", flush=True)


def _points(runs: list[Tried]) -> int:
    """Count the crash points; where a document takes another way, there are others."""
    return len({(run.transcript, run.pace.fate, run.point) for run in runs})


def _quietly(task: Task) -> list[Tried]:
    """Go through one conversation at one pace; the functions' metrics, which are lines of output, are not shown."""
    name, pace = task
    with contextlib.redirect_stdout(io.StringIO()):
        return list(tried(conversation(name), pace))


if __name__ == "__main__":
    sys.exit(main())
