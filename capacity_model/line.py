"""The line of one of our numbers: who waits, who is called, and what they were told. The pace is the product's own."""

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass, field

from msgspec.structs import replace

from capacity_model import facts
from helpdesk.service.pace import Bounds, Look, Pace, calls, first_pace, next_pace, told_minutes


@dataclass(frozen=True)
class Door:
    """How a stack lets citizens in."""

    most: float = 6000.0
    """`SignInsPerMinute`."""
    patience_minutes: float = math.inf
    """Half of those who wait for so long have gone."""
    oracle: float | None = None
    """Sign-ins a minute, of all stacks, that DigiLocker bears when it is well: a pace that knows everything."""
    takes_back: bool = False
    """Whoever got no answer from DigiLocker goes to the head of the line, to be called; documents are fetched later."""


@dataclass(frozen=True)
class Ticket:
    """A place in the line."""

    number: int
    taken_at: float
    told: int
    """Minutes."""
    leaves_at: float
    says_so: bool


@dataclass
class Counted:
    """What is counted between two looks, of the part of the citizens that is played."""

    called: int = 0
    came: int = 0
    began: int = 0
    served: int = 0
    passed: int = 0


@dataclass
class Line:
    """One line, its pacer, and what was seen of both."""

    door: Door
    scale: float
    chance: random.Random
    tickets: deque[Ticket] = field(default_factory=deque)
    look: Counted = field(default_factory=Counted)
    ended: list[tuple[float, int, float, bool]] = field(default_factory=list)
    """Jobs at DigiLocker: when each ends, its calls, how long they take, and whether they fail."""
    is_shut: bool = False
    began: int = 0
    left: int = 0
    taken_back: int = 0
    told: list[tuple[float, float]] = field(default_factory=list)
    """What was told and what it was, in minutes."""
    paces: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._bounds = Bounds(least=self.door.most / 50, most=self.door.most)
        self._pace: Pace = first_pace(self._bounds)
        self._number = 0
        self._arrived = 0
        self._looked_at = 0.0
        self._due = 0.0

    def lets_in(self) -> bool:
        """Return whether somebody who wants to sign in needs no number."""
        self._arrived += 1
        if not self.is_shut:
            self.look.began += 1
        return not self.is_shut

    def take_back(self, now: float) -> None:
        """Put somebody whom DigiLocker did not answer at the head: she had her turn, and nothing came of it."""
        self.taken_back += 1
        self.tickets.appendleft(Ticket(0, now, 0, now + self._patience(), says_so=False))

    def take(self, now: float) -> None:
        """Take a number."""
        self._number += 1
        told = told_minutes(round(len(self.tickets) / self.scale), self._pace)
        patience = self._patience()
        says_so = self.chance.random() < facts.SAYS_SO
        self.tickets.append(Ticket(self._number, now, told, now + patience, says_so))

    def _patience(self) -> float:
        return self.chance.expovariate(math.log(2)) * 60 * self.door.patience_minutes

    def saw(self, ends_at: float, number: int, seconds: float, *, failed: bool) -> None:
        """Note calls to DigiLocker, to be counted when they have ended."""
        heapq.heappush(self.ended, (ends_at, number, seconds, failed))

    def call(self, now: float, backlog: int, health: float) -> list[Ticket]:
        """Look, go on to the next pace, and return whose turn it is."""
        seconds = now - self._looked_at
        look, arrived = self._look(now, seconds, backlog), self._arrived
        self._pace = next_pace(self._pace, look, self._bounds)
        if self.door.oracle is not None:
            self._pace = replace(self._pace, sign_ins=self.door.oracle * health, steady=self.door.oracle * health)
        self.paces.append((now, self._pace.sign_ins))
        self._looked_at, self._arrived, self.look = now, 0, Counted()
        rate = arrived / self.scale * 60 / max(seconds, 1.0)
        self.is_shut = bool(self.tickets) or rate > self._pace.sign_ins
        self._due = min(self._due, 1.0) + calls(self._pace, facts.LOOK_SECONDS) * self.scale
        called = []
        while self.tickets and self._due >= 1:
            ticket = self.tickets.popleft()
            self.look.passed += 1
            if ticket.leaves_at <= now and ticket.says_so:
                self.left += 1
                continue
            self._due -= 1
            if ticket.number:
                self.told.append((ticket.told, (now - ticket.taken_at) / 60))
            called.append(ticket)
        self.look.called = len(called)
        return called

    def _look(self, now: float, seconds: float, backlog: int) -> Look:
        of_all = 1 / self.scale
        number, refused, took = 0, 0, 0.0
        while self.ended and self.ended[0][0] <= now:
            _, calls_of_it, in_all, failed = heapq.heappop(self.ended)
            number += 1 if failed else calls_of_it
            refused += failed
            took += 0.0 if failed else in_all
        answered = number - refused
        self.began += self.look.began
        return Look(
            seconds=seconds,
            called=round(self.look.called * of_all),
            came=round(self.look.came * of_all),
            began=round(self.look.began * of_all),
            served=round(self.look.served * of_all),
            passed=round(self.look.passed * of_all),
            backlog=backlog,
            calls=number,
            refused=refused,
            call_seconds=took / answered if answered else 0.0,
        )
