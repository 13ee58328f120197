"""`python -m tests.simulation`: search for a while (`--seconds 600`), or play seeds again.

`--seed 42` prints the run; `--seeds 0..2000`, or a list (`3,7,100..120`), the seeds that break a law.
"""

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import count

os.environ |= {"POWERTOOLS_SERVICE_NAME": "simulation", "POWERTOOLS_METRICS_NAMESPACE": "Helpdesk"}

from tests.simulation.runs import run, shrunk, transcript

_AT_ONCE = 50


def main() -> int:
    """Search, or play a seed again. Gives 1 if a law is broken."""
    options = argparse.ArgumentParser()
    options.add_argument("--seed", default="", help="play this one, and print it")
    options.add_argument("--seconds", default="", help="search for so long, from a seed that has not been tried")
    options.add_argument("--seeds", default="", help="play these: 0..2000, or a list")
    given = options.parse_args()
    if given.seed:
        return _again(int(given.seed))
    if given.seeds:
        return _each(seeds(given.seeds))
    return _search(float(given.seconds or 60))


def _again(seed: int) -> int:
    played = run(seed)
    print(transcript(shrunk(played) if played.findings else played))
    return 1 if played.findings else 0


def seeds(text: str) -> list[int]:
    """Return the seeds of a list like `3,7,100..120`; the last one of a range is not among them."""
    found: list[int] = []
    for part in text.split(","):
        first, _, end = part.partition("..")
        found += range(int(first), int(end)) if end else [int(first)]
    return found


def _each(chosen: list[int]) -> int:
    """Play these, and name those that break a law."""
    began, failed = time.monotonic(), 0
    with ProcessPoolExecutor() as pool:
        for seed, broken in pool.map(_laws, chosen, chunksize=10):
            failed += bool(broken)
            for law in broken:
                print(f"{seed}: {law}", flush=True)
    print(f"{len(chosen)} runs in {time.monotonic() - began:.0f} s, {failed} break a law")
    return 1 if failed else 0


def _laws(seed: int) -> tuple[int, list[str]]:
    return seed, sorted(run(seed).broken)


def _search(seconds: float) -> int:
    """Try seeds until the time is over, and print the shortest history for each law that was broken."""
    began, tried, failed = time.monotonic(), 0, dict[str, int]()
    times: Counter[str] = Counter()
    first = int(time.time()) * 1000
    with ProcessPoolExecutor() as pool:
        starts = count(first, _AT_ONCE)
        under_way = [pool.submit(_broken, next(starts)) for _ in range(os.cpu_count() or 1)]
        while under_way:
            for seed, laws in under_way.pop(0).result():
                for law in laws:
                    times[law] += 1
                    failed.setdefault(law, seed)
            tried += _AT_ONCE
            if time.monotonic() - began < seconds:
                under_way.append(pool.submit(_broken, next(starts)))
    for law, seed in failed.items():
        print(f"--- {law}: {times[law]} times, first with make simulate SEED={seed}")
        print(transcript(shrunk(run(seed))))
    print(f"{tried} runs in {time.monotonic() - began:.0f} s, {len(failed)} laws broken")
    return 1 if failed else 0


def _broken(first: int) -> list[tuple[int, list[str]]]:
    return [_laws(seed) for seed in range(first, first + _AT_ONCE)]


if __name__ == "__main__":
    sys.exit(main())
