"""The pacer moves the line: one at a time, by a lease, every few seconds, driven by the timer queue.

It looks what was served, sets the pace by that, and calls as many of those who wait as may begin. The next timer is set
before anything is done, so a turn that dies is followed by another. A second chain of timers finds the lease taken and
ends. A call is queued before its ticket is taken out of the line: it may be made twice, and counts once.
"""

import time
from collections.abc import Callable

import msgspec

from helpdesk.conversation.limits import MINUTE
from helpdesk.service.door import bounds, read_pace
from helpdesk.service.pace import Look, Pace, calls, next_pace
from helpdesk.storage.line import Door, LineStore, Ticket
from helpdesk.storage.work import Called, LineTimer, TimerQueue, WorkQueue
from helpdesk.structs import Value
from helpdesk.telemetry import count

BUSY_SECONDS, IDLE_SECONDS = 5, 30
"""From one turn to the next while somebody waits, and while nobody does."""
_LONGEST_CATCH_UP = 60.0
"""After a pause, no more are called at once than in a minute."""
_FIRST_LOOK_MINUTES = 60
"""So far back the first turn of all looks for tickets."""
_MOST_MINUTES = 300
"""Minutes of tickets that one turn reads."""


class Memory(Value, frozen=True):
    """What one turn leaves to the next."""

    at: int
    minute: int
    """The earliest minute in which somebody may wait."""
    called: int = 0
    """The last number that was called."""
    calls: int = 0
    """How many were called in the last turn."""
    carried: float = 0.0
    """The part of a call that was left."""
    in_all: int = 0
    came: int = 0
    served: int = 0
    pace: str = ""
    is_closed: bool = False


_MEMORY = msgspec.json.Decoder(Memory)


class Pacer:
    """Moves the line."""

    def __init__(
        self,
        *,
        line: LineStore,
        work: WorkQueue,
        timers: TimerQueue,
        backlog: Callable[[], int],
        most: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take what is needed. `backlog`: jobs that wait on the work queue. `most`: sign-ins a minute."""
        self._line = line
        self._work = work
        self._timers = timers
        self._backlog = backlog
        self._most = most
        self._clock = clock

    def turn(self) -> bool:
        """Take a turn. Return False if it is another's."""
        held = self._line.lease(BUSY_SECONDS - 1)
        if held is None:
            return False
        now = int(self._clock())
        before = _MEMORY.decode(held.memory) if held.memory else Memory(now, now // MINUTE - _FIRST_LOOK_MINUTES)
        self._timers.set(LineTimer(), BUSY_SECONDS if before.is_closed else IDLE_SECONDS)
        door = self._line.enter()
        pace = self._next_pace(before, door, now)
        seconds = min(float(now - before.at), _LONGEST_CATCH_UP)
        found_no_line = (door.in_all - before.in_all) - (door.came - before.came)
        may = calls(pace, seconds, max(0, found_no_line)) + before.carried
        after = self._call(before, int(may), now)
        carried = min(1.0, may - int(may)) if after.is_closed else 0.0
        written = msgspec.json.encode(pace).decode()
        self._line.pace(after.called, written, is_closed=after.is_closed)
        after = Memory(
            at=now,
            minute=after.minute,
            called=after.called,
            calls=after.calls,
            carried=carried,
            in_all=door.in_all,
            came=door.came,
            served=door.served,
            pace=written,
            is_closed=after.is_closed,
        )
        self._line.remember(held, msgspec.json.encode(after).decode())
        count("LineLength", max(0, self._line.last() - after.called) if after.is_closed else 0)
        count("LinePace", round(pace.sign_ins))
        return True

    def _next_pace(self, before: Memory, door: Door, now: int) -> Pace:
        pace = read_pace(before.pace, self._most)
        if now <= before.at:
            return pace
        began, came = door.in_all - before.in_all, door.came - before.came
        served = door.served - before.served if before.is_closed else began
        look = Look(
            seconds=now - before.at,
            called=before.calls,
            came=came,
            began=max(0, began),
            served=max(0, served),
            passed=before.calls,
            backlog=self._backlog(),
        )
        return next_pace(pace, look, bounds(self._most))

    def _call(self, before: Memory, may: int, now: int) -> Memory:
        """Call the first who wait, and find out whether more do."""
        minute, called, number = before.minute, 0, before.called
        is_closed = False
        first = minute
        for here in range(minute, min(now // MINUTE, minute + _MOST_MINUTES) + 1):
            tickets = self._line.tickets(here, may - called + 1)
            for ticket in tickets[: may - called]:
                self._one(ticket)
                number = max(number, ticket.number)
            is_closed = len(tickets) > may - called
            called += min(len(tickets), may - called)
            if is_closed:
                break
            # A ticket may still be on its way into the minute that has just ended.
            first = here + 1 if here == first and here < now // MINUTE - 1 else first
        else:
            is_closed = first < now // MINUTE - 1
        return Memory(now, first, called=number, calls=called, is_closed=is_closed)

    def _one(self, ticket: Ticket) -> None:
        self._work.send([Called(ticket.conversation_id, ticket.number, ticket.minute)])
        self._line.take(ticket)
