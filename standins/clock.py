"""The one clock of the stand-ins."""

import threading
import time


class Clock:
    """The machine's time, plus what a test has moved it by."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the seconds since 1970."""
        with self._lock:
            return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock; it never goes back. Raises ValueError for a negative number."""
        if not seconds >= 0:
            raise ValueError("a clock cannot be moved back")
        with self._lock:
            self._ahead += seconds
