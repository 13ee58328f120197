"""How fast the help desk may send; the caller holds the world's lock."""

from collections import deque

from standins.config import SimulatorConfig
from standins.whatsapp.errors import GraphError


class Rates:
    """The number's throughput, in and out together, and the slower pace for one and the same person."""

    def __init__(self, config: SimulatorConfig) -> None:
        self._config = config
        self._last_second: deque[float] = deque()
        self._paid_until: dict[str, float] = {}

    def count(self, now: float) -> None:
        """Count one message in or out."""
        self._last_second.append(now)

    def check_throughput(self, now: float) -> None:
        """Raise 130429 when a message more would be too many in this second."""
        while self._last_second and now - self._last_second[0] >= 1:
            self._last_second.popleft()
        if len(self._last_second) >= self._config.throughput:
            raise GraphError(130429, status=self._config.rate_limit_status)

    def take_pair(self, person: str, now: float) -> None:
        """Count a message to one person, or raise 131056 when her bucket is empty.

        A burst is borrowed from the time to come: every message books `pair_seconds`, and no more than a burst may be
        booked ahead.
        """
        booked = max(self._paid_until.get(person, now), now) + self._config.pair_seconds
        if booked - now > self._config.pair_seconds * self._config.pair_burst + 1e-6:
            raise GraphError(131056, status=self._config.rate_limit_status)
        self._paid_until[person] = booked
