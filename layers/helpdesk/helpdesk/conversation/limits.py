"""How much one citizen can ask for in a minute, an hour and a day.

Each use is counted in the turn that asks for it, and that turn is written before anything is done. An answer counts
nothing: it may arrive when nobody waits for it any more.
"""

from helpdesk.structs import Value

MINUTE = 60
HOUR = 3600
DAY = 24 * HOUR


class Limit(Value, frozen=True):
    """The most uses in any minute, hour and day: sliding windows, not those of the clock."""

    minute: int
    hour: int
    day: int

    def wait(self, times: tuple[int, ...], now: int, more: int = 1) -> int:
        """Return the seconds until `more` uses fit on top of those at `times`; 0 if they fit now."""
        return max(_wait(times, now, seconds, most, more) for seconds, most in self._windows)

    def pause(self, times: tuple[int, ...], now: int, more: int) -> int:
        """Return the seconds until half of every window that `more` uses do not fit in is free.

        A citizen who is paused until a single use is free would be paused again by her next message.
        """
        full = [(seconds, most) for seconds, most in self._windows if _wait(times, now, seconds, most, more)]
        return max((_wait(times, now, seconds, most, max(more, most // 2)) for seconds, most in full), default=0)

    def scaled(self, by: float) -> "Limit":
        """Return a limit on so many times as much."""
        return Limit(*(max(1, int(most * by)) for most in (self.minute, self.hour, self.day)))

    @property
    def _windows(self) -> tuple[tuple[int, int], ...]:
        return (MINUTE, self.minute), (HOUR, self.hour), (DAY, self.day)


class Used(Value, frozen=True):
    """When one citizen asked for what costs something, oldest first, in seconds since the epoch: the last day's."""

    replies: tuple[int, ...] = ()
    documents: tuple[int, ...] = ()
    pulls: tuple[int, ...] = ()
    links: tuple[int, ...] = ()
    paused_until: int = 0
    """Until then her messages get no answer: she has been told."""


def replies_a_day(most: int) -> Limit:
    """Return the limit on messages that we pay for: six in ten of a day's can be had within an hour."""
    return Limit(most, max(2, most * 6 // 10), most)


def recent(times: tuple[int, ...], now: int, seconds: int) -> tuple[int, ...]:
    """Return those of `times` that are less than `seconds` ago."""
    return tuple(at for at in times if now - at < seconds)


def _wait(times: tuple[int, ...], now: int, seconds: int, most: int, more: int) -> int:
    within = recent(times, now, seconds)
    over = len(within) + more - most
    return within[min(over, len(within)) - 1] + seconds - now if over > 0 and within else 0
