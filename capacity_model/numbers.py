"""How fast numbers are given out: one counter in DynamoDB, raised by `ADD`, and a ticket in the minute's partition.

Both are writes of less than a kilobyte to one key, and a key bears 1,000 of them a second. Here it works them off one
by one, without the burst that DynamoDB allows: rather too slow than too fast.
"""

import random
from typing import Final

WRITES_A_SECOND: Final = 1000.0
"""Of one partition key, as published."""
SECONDS: Final = 120
ARRIVALS: Final = (111, 500, 900)
"""A second: on result day, what is asked of the line, and where it ends."""


def wait_milliseconds(arrivals: float, percent: float, seed: int = 1) -> float:
    """Return a percentile of how long a write to the key waits for those before it."""
    chance = random.Random(seed)  # noqa: S311 - a model, no secret
    now, free_at = 0.0, 0.0
    waits = []
    while now < SECONDS:
        now += chance.expovariate(arrivals)
        waits.append(max(0.0, free_at - now))
        free_at = max(free_at, now) + 1 / WRITES_A_SECOND
    waits.sort()
    return waits[int(len(waits) * percent / 100)] * 1000


def table() -> str:
    """Return the lines for docs/scale.md."""
    rows = [
        f"| {arrivals} | {wait_milliseconds(arrivals, 50):.1f} ms | {wait_milliseconds(arrivals, 99):.1f} ms |"
        for arrivals in ARRIVALS
    ]
    return "\n".join(["| numbers a second | waits p50 | waits p99 |", "|---|---|---|", *rows])
