"""The desk as a queue with servers: citizens come, write, wait, and go on when they are answered.

Everything is scaled down together: a fiftieth of the citizens, servers and limits queues as the whole does, only a
little more unevenly. Nothing here waits: time is a number. Times in seconds.
"""

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from capacity_model import facts
from capacity_model.line import Door, Line

STEPS = facts.CONVERSATION + facts.IN_LINE
YOUR_TURN, CONTINUE = len(facts.CONVERSATION), len(facts.CONVERSATION) + 1
FOLLOWS = {CONTINUE: facts.ADMISSION}


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong for a while."""

    what: Literal["dead", "slow", "no pacer"]
    """DigiLocker answers nothing; its calls take four times as long; nobody calls the line."""
    begins: float
    ends: float


@dataclass(frozen=True)
class Day:
    """Load: citizens' messages a second, of which some hours have several times as many."""

    normal: float = 100.0
    factor: float = 10.0
    begins: float = 1800.0
    ends: float = 1800.0 + 3 * 3600
    over: float = 1800.0 + 4.5 * 3600
    troubles: tuple[Trouble, ...] = ()

    def sessions(self, now: float) -> float:
        """Return the conversations that begin in a second."""
        many = self.factor if self.is_busy(now) else 1.0
        return self.normal * many / len(facts.CONVERSATION)

    def is_busy(self, now: float) -> bool:
        """Return whether it is one of the busy hours."""
        return self.begins <= now < self.ends

    def has(self, what: str, now: float) -> bool:
        """Return whether there is this trouble now."""
        return any(one.what == what and one.begins <= now < one.ends for one in self.troubles)

    def bears(self, now: float) -> float:
        """Return which part of its calls DigiLocker bears now."""
        return 0.0 if self.has("dead", now) else 0.25 if self.has("slow", now) else 1.0


@dataclass(frozen=True)
class Setting:
    """What an operator can turn, and what DigiLocker can bear. Each number of ours is its own stack."""

    name: str
    numbers: int = 1
    concurrency: int = 150
    """`MaximumConcurrency` of one stack's work queue."""
    messages_a_second: float = 1000.0
    """Throughput of one number, in and out together."""
    digilocker_bears: float = math.inf
    """The most calls that DigiLocker handles at once; beyond it, each takes longer in proportion."""
    slowness: float = 1.0
    """By how much DigiLocker is slower than at rest."""
    replies_at_once: int = 50
    """`ReplyConcurrency` of one stack. 0: one queue carries everything, as in releases without a reply lane."""
    door: Door | None = None
    """The line of each stack. None: whoever comes is let in."""
    job_expiry_seconds: float = facts.JOB_EXPIRY_SECONDS
    tries_for_ever: bool = False
    """Nobody gives up and nothing expires: how much DigiLocker bears."""
    shares: tuple[float, ...] = ()
    """Which part of the citizens writes to each number. None: as many to each."""


@dataclass
class Job:
    """What a message of a citizen asks for."""

    step: int
    stack: int
    said_at: float
    tries: int = 1
    receives: int = 0
    answered: bool = False
    """DigiLocker's answer is kept, only the reply is left to be sent."""
    announced: bool = False
    failed: bool = False


@dataclass
class Queue:
    """Jobs, and the servers that take them."""

    servers: int
    waiting: deque[Job] = field(default_factory=deque)
    busy: int = 0


@dataclass
class Stack:
    """A number of ours, with its queues."""

    work: Queue
    replies: Queue
    budget: float
    line: Line | None = None
    counted_at: float = 0.0

    @property
    def queues(self) -> tuple[Queue, ...]:
        """Return its queues, each once."""
        return (self.work,) if self.work is self.replies else (self.work, self.replies)


@dataclass(frozen=True)
class Minute:
    """A look at the whole desk."""

    at: float
    arrived: int
    began: int
    documents: int
    in_line: int


@dataclass
class Seen:
    """What came of it."""

    waits: dict[str, list[float]] = field(default_factory=dict)
    """Seconds until she was answered, for messages written in the busy hours: with DigiLocker, and without."""
    refused: int = 0
    held_up: int = 0
    announced: int = 0
    timed_out: int = 0
    dead: int = 0
    gave_up: int = 0
    documents: int = 0
    messages: int = 0
    most_busy: int = 0
    most_waiting: int = 0
    most_calls: int = 0
    answered_calls: int = 0
    """Calls that DigiLocker answered in the busy hours, and the documents that came of them."""
    busy_documents: int = 0
    drained_at: float = 0.0
    depth: list[tuple[float, int]] = field(default_factory=list)
    """How many jobs waited, by the minute."""
    arrived: int = 0
    minutes: list[Minute] = field(default_factory=list)
    """What the plot of the line shows, by the minute, for all citizens."""
    lines: list[Line] = field(default_factory=list)

    def wait(self, kind: str, percent: float) -> float:
        """Return a percentile of the waits."""
        waits = sorted(self.waits.get(kind, [0.0]))
        return waits[min(len(waits) - 1, int(len(waits) * percent / 100))]


class Desk:
    """One day."""

    def __init__(self, setting: Setting, day: Day, scale: float, seed: int) -> None:
        self.seen = Seen()
        self._setting = setting
        self._day = day
        self._scale = scale
        self._chance = random.Random(seed)  # noqa: S311 - a model, no secret
        self._rate = setting.messages_a_second * scale
        self._stacks = [self._stack() for _ in range(setting.numbers)]
        self.seen.lines = [stack.line for stack in self._stacks if stack.line]
        self._calls = 0
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._number = 0

    def _stack(self) -> Stack:
        setting = self._setting
        work = Queue(max(1, round(setting.concurrency * self._scale)))
        apart = setting.replies_at_once
        replies = Queue(max(1, round(apart * self._scale))) if apart else work
        line = Line(setting.door, self._scale, self._chance) if setting.door else None
        return Stack(work, replies, self._rate, line)

    def run(self) -> Seen:
        """Go through the day."""
        self._at(0.0, self._arrive)
        self._at(0.0, self._look)
        for stack in self._stacks:
            if stack.line:
                self._at(self._chance.random() * facts.LOOK_SECONDS, partial(self._pace, stack=stack))
        while self._events:
            now, _, happens = heapq.heappop(self._events)
            if now > self._day.over:
                break
            happens(now)
        return self.seen

    def _at(self, when: float, happens: Callable[[float], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (when, self._number, happens))

    # citizens

    def _arrive(self, now: float) -> None:
        self.seen.arrived += 1
        shares = self._setting.shares
        every = range(len(self._stacks))
        stack = self._chance.choices(every, shares)[0] if shares else self._chance.randrange(len(every))
        self._say(now, 0, stack, 1)
        self._at(now + self._chance.expovariate(self._day.sessions(now) * self._scale), self._arrive)

    def _say(self, now: float, step: int, stack: int, tries: int) -> None:
        self.seen.messages += 1
        self._spend(now, self._stacks[stack])
        job = Job(step, stack, now, tries)
        self._at(now + facts.WEBHOOK_SECONDS, lambda then: self._queue(then, job))

    def _told(self, now: float, job: Job) -> None:
        """She has her answer: she goes on, or tries again, or gives up."""
        step = STEPS[job.step]
        if self._day.is_busy(job.said_at):
            kind = "menu" if not step.calls else "document" if step.name == "document" else "sign-in"
            self.seen.waits.setdefault(kind, []).append(now - job.said_at)
        line = self._stacks[job.stack].line
        following, tries = FOLLOWS.get(job.step, job.step + 1), 1
        if job.failed and line and line.door.takes_back:
            self._holds(now, job, line)
            return
        if job.failed:
            following, tries = job.step, job.tries + 1
            gives_up = tries > facts.MOST_TRIES or self._chance.random() > facts.TRIES_AGAIN
            if gives_up and not self._setting.tries_for_ever:
                self.seen.gave_up += 1
                return
        elif step.name == "document":
            self.seen.documents += 1
            self.seen.busy_documents += self._day.is_busy(now)
        elif step.name == "OTP" and line:
            line.look.served += 1
        if following == facts.ADMISSION and job.step != CONTINUE and line and not line.lets_in():
            line.take(now)
            return
        if following < len(facts.CONVERSATION):
            self._thinks(now, following, job.stack, tries)

    def _holds(self, now: float, job: Job, line: Line) -> None:
        """Nothing is asked of a citizen whom DigiLocker did not answer."""
        if STEPS[job.step].expires or now - job.said_at > facts.SESSION_SECONDS - facts.HOLD_SECONDS:
            line.take_back(now)
            return
        job.failed = job.answered = False
        job.receives = 0
        self._at(now + facts.HOLD_SECONDS, lambda then: self._queue(then, job))

    def _thinks(self, now: float, step: int, stack: int, tries: int) -> None:
        thinking = STEPS[step].thinking_seconds * self._chance.lognormvariate(0, 0.5)
        self._at(now + thinking, lambda then: self._say(then, step, stack, tries))

    # the line

    def _pace(self, now: float, *, stack: Stack) -> None:
        """Call those whose turn it is. One message each, in the reply lane."""
        line = stack.line
        if line and not self._day.has("no pacer", now):
            number = self._stacks.index(stack)
            share = self._setting.shares[number] if self._setting.shares else 1 / len(self._stacks)
            for ticket in line.call(now, round(len(stack.work.waiting) / self._scale), self._day.bears(now) * share):
                self._queue(now, Job(YOUR_TURN, number, now))
                comes = now + STEPS[CONTINUE].thinking_seconds * self._chance.lognormvariate(0, facts.COMES_SPREAD)
                if comes < min(ticket.leaves_at, now + facts.PLACE_SECONDS):
                    self._at(comes, partial(self._comes, number=number, line=line))
                else:
                    line.left += 1
        self._at(now + facts.LOOK_SECONDS, partial(self._pace, stack=stack))

    def _comes(self, now: float, *, number: int, line: Line) -> None:
        line.look.came += 1
        line.look.began += 1
        self._say(now, CONTINUE, number, 1)

    # the queue and the document function

    def _queue(self, now: float, job: Job) -> None:
        # The lane is the step's, also for a reply that is still to be sent. She writes when she has been answered, so
        # she has nothing else that it would have to wait for.
        stack = self._stacks[job.stack]
        queue = stack.work if STEPS[job.step].calls else stack.replies
        queue.waiting.append(job)
        self._serve(now, queue)

    def _serve(self, now: float, queue: Queue) -> None:
        while queue.waiting and queue.busy < queue.servers:
            self._begin(now, queue, queue.waiting.popleft())

    def _begin(self, now: float, queue: Queue, job: Job) -> None:
        queue.busy += 1
        self.seen.most_busy = max(self.seen.most_busy, sum(q.busy for stack in self._stacks for q in stack.queues))
        job.receives += 1
        step = STEPS[job.step]
        calls = 0 if job.answered else step.calls
        late = now - job.said_at
        expiry = self._setting.job_expiry_seconds
        if calls and late > (expiry if step.expires else facts.SESSION_SECONDS) and not self._setting.tries_for_ever:
            self.seen.held_up += 1
            job.failed, calls = True, 0
        elif calls and late > expiry and not job.announced:
            self.seen.announced += 1
            job.announced = True
            self._spend(now, self._stacks[job.stack])
        at_digilocker = 0.0
        if calls:
            self._calls += 1
            self.seen.most_calls = max(self.seen.most_calls, self._calls)
            at_digilocker = sum(self._digilocker(now) for _ in range(calls))
            if at_digilocker > facts.JOB_SECONDS:
                at_digilocker, job.failed = facts.JOB_SECONDS, True
                self.seen.timed_out += 1
            elif self._day.is_busy(now):
                self.seen.answered_calls += calls
            line = self._stacks[job.stack].line
            if line:
                line.saw(now + at_digilocker, calls, at_digilocker, failed=job.failed)
            self._at(now + at_digilocker, self._hang_up)
        job.answered = True
        takes = facts.OWN_SECONDS + at_digilocker + facts.WHATSAPP_SECONDS
        self._at(now + takes, lambda then: self._end(then, queue, job))

    def _digilocker(self, now: float) -> float:
        if not self._day.bears(now):
            return math.inf
        crowded = max(1.0, self._calls / (self._setting.digilocker_bears * self._scale))
        median = facts.DIGILOCKER_SECONDS * self._setting.slowness * crowded / self._day.bears(now)
        return median * self._chance.lognormvariate(0, facts.DIGILOCKER_SPREAD)

    def _hang_up(self, _now: float) -> None:
        self._calls -= 1

    def _end(self, now: float, queue: Queue, job: Job) -> None:
        queue.busy -= 1
        if self._spend(now, self._stacks[job.stack], can_be_refused=True):
            self._told(now, job)
        elif job.receives >= facts.MOST_RECEIVES:
            self.seen.dead += 1
        else:
            self.seen.refused += 1
            least = facts.BACKOFF_SECONDS[min(job.receives, len(facts.BACKOFF_SECONDS)) - 1]
            back = least * (1 + facts.JITTER * self._chance.random())
            self._at(now + back, lambda then: self._queue(then, job))
        self._serve(now, queue)

    # WhatsApp

    def _spend(self, now: float, stack: Stack, *, can_be_refused: bool = False) -> bool:
        """Count a message against the number's throughput. What citizens write is counted and never refused."""
        stack.budget = min(self._rate, stack.budget + (now - stack.counted_at) * self._rate)
        stack.counted_at = now
        if can_be_refused and stack.budget < 1:
            return False
        stack.budget = max(stack.budget - 1, -self._rate)
        return True

    # looking on

    def _look(self, now: float) -> None:
        queues = [queue for stack in self._stacks for queue in stack.queues]
        waiting = sum(len(queue.waiting) for queue in queues)
        self.seen.most_waiting = max(self.seen.most_waiting, waiting)
        self.seen.depth.append((now, round(waiting / self._scale)))
        oldest = min((queue.waiting[0].said_at for queue in queues if queue.waiting), default=now)
        if now - oldest > 5 and now >= self._day.begins:
            self.seen.drained_at = now
        lines = [stack.line for stack in self._stacks if stack.line]
        numbers = (self.seen.arrived, sum(line.began for line in lines), self.seen.documents)
        in_line = sum(len(line.tickets) for line in lines)
        self.seen.minutes.append(Minute(now, *(round(number / self._scale) for number in (*numbers, in_line))))
        self._at(now + 60, self._look)
