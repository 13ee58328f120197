"""`python -m tests.simulation`: search for a while (`--seconds 600`), or play one seed again (`--seed 42`)."""

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
    given = options.parse_args()
    if given.seed:
        return _again(int(given.seed))
    return _search(float(given.seconds or 60))


def _again(seed: int) -> int:
    played = run(seed)
    print(transcript(shrunk(played) if played.findings else played))
    return 1 if played.findings else 0


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
    return [(seed, sorted(run(seed).broken)) for seed in range(first, first + _AT_ONCE)]


if __name__ == "__main__":
    sys.exit(main())
