"""One clock and one source of chance for everything in the world."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

START = 1_800_000_000.0


@dataclass
class Clock:
    """Time, which only the world moves. Seconds since the epoch. It is the stand-ins' clock as well."""

    seconds: float = START

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds

    def now(self) -> float:
        """Return the time."""
        return self.seconds


@contextmanager
def seeded(chance: random.Random) -> Iterator[None]:
    """Have all chance come from one source: `random`, and `secrets` as well, which asks the operating system."""
    before, urandom = random.getstate(), random._urandom  # type: ignore[attr-defined]
    random.seed(chance.random())
    random._urandom = chance.randbytes  # type: ignore[attr-defined]
    try:
        yield
    finally:
        random._urandom = urandom  # type: ignore[attr-defined]
        random.setstate(before)
