"""How many citizens a minute may begin to sign in while others wait in line, and how long a wait is said to be.

Pure: the pacer looks at the desk every now and then, and each look leads from one pace to the next.

- **Trouble** is a backlog on the work queue, calls to DigiLocker that take much longer than usual, or refusals. What is
  served then is all that DigiLocker bears, so the pace goes a little below that, but not by more than a third at once.
- **Ease** is none of these. If the pace is being used up, it goes up by a twentieth a minute, to see whether more is
  borne; ten times as fast where so much was borne a short while ago.
- In between, the pace stays.

Halving blindly, as TCP does, wastes a part of a scarce service each time; what is served says how far to go down.
"""

import math

from helpdesk.structs import Value

JOBS = 4
"""Jobs on the work queue that one citizen brings: number, OTP, document, sign-out (tests/unit/test_calls.py)."""
EASE_SECONDS, TROUBLE_SECONDS = 2.0, 6.0
"""A backlog is small or large by how long it takes to serve."""
EASE_TIMES, TROUBLE_TIMES = 1.5, 2.5
"""Calls are fast or slow by how many times longer than usual they take."""
TROUBLE_REFUSED = 0.05
"""The part of DigiLocker's calls that fail."""
RAISE = 0.05
"""Of the pace, in a minute of ease."""
RAISE_BACK = 0.5
"""The same, while it is below what was borne a short while ago."""
LEAST_RAISE = 1 / 100
"""Of the most that is allowed, in a minute of ease."""
IS_BORNE = 0.8
"""Of what was borne a short while ago: so far it goes up fast."""
BORNE_MEMORY_MINUTES = 30.0
BELOW_SERVED = 0.95
MOST_CUT = 0.67
"""What is left of the pace at least after a look at trouble."""
IS_USED = 0.8
"""Of the pace. A pace that is not used up is not raised: nobody knows whether it would be borne."""
MEMORY_MINUTES = 2.0
"""How far back what is served is counted: longer than she takes from number to OTP, so that a lull is no drop."""
STEADY_MINUTES = 5.0
LEAST_TOLD = 1.0
"""Numbers a minute. Slower than that it is no line but a stop, whose end nobody knows."""
COME_MEMORY_MINUTES = 5.0
"""How far back it is counted who comes when called: she may take a minute or two to see it."""
LEAST_COME = 0.25
"""At most four are called for each that may begin."""
USUAL_MEMORY_MINUTES = 15.0
"""How long calls have to take longer until that is taken as usual."""


class Bounds(Value, frozen=True):
    """Sign-ins a minute."""

    least: float
    most: float


class Look(Value, frozen=True):
    """What the pacer finds out about the time since its last look."""

    seconds: float
    """How long that is."""
    called: int
    """Citizens in line who were told that it is their turn."""
    came: int
    """Citizens who began to sign in after such a call."""
    began: int
    """Citizens who began to sign in: those, and whoever found no line."""
    served: int
    """Citizens whose sign-in succeeded."""
    passed: int
    """Numbers of the line that were called, or skipped since their owner had left."""
    backlog: int
    """Jobs that wait on the work queue now."""
    calls: int = 0
    """Calls to DigiLocker that ended."""
    refused: int = 0
    """Those of them that it refused as too many, failed to answer or was not reached with."""
    call_seconds: float = 0.0
    """How long one that was answered took in the mean."""


class Pace(Value, frozen=True):
    """What the pacer keeps from one look to the next. Rates are per minute."""

    sign_ins: float
    """How many may begin."""
    steady: float
    """The same over the last minutes, which is what a wait is told by: it should not jump with every look."""
    served: float
    borne: float = 0.0
    """The most that was served lately."""
    called: float = 1.0
    came: float = 1.0
    passed: float = 1.0
    usual_seconds: float | None = None
    """How long a call to DigiLocker takes when it is well."""

    @property
    def come(self) -> float:
        """Which part of those who are called comes."""
        return min(1.0, max(LEAST_COME, self.came / self.called))

    @property
    def passing(self) -> float:
        """How many numbers pass in a minute. The owners of some have left, so more pass than are called."""
        return max(LEAST_TOLD, self.steady / self.come * max(1.0, self.passed / self.called))


def first_pace(bounds: Bounds) -> Pace:
    """Return the pace before the first look: the most, which an operator took for what DigiLocker bears."""
    return Pace(sign_ins=bounds.most, steady=bounds.most, served=bounds.most)


def next_pace(pace: Pace, look: Look, bounds: Bounds) -> Pace:
    """Return the pace that follows from a look."""
    minutes = _minutes(look)
    served = _blend(pace.served, look.served / minutes, minutes / MEMORY_MINUTES)
    usual = _usual_seconds(pace, look, minutes)
    sign_ins = pace.sign_ins
    if _is_troubled(pace, look, usual):
        sign_ins = max(min(served * BELOW_SERVED, sign_ins), sign_ins * MOST_CUT)
    elif _is_at_ease(pace, look, usual) and _used(pace, look) / minutes >= sign_ins * IS_USED:
        part = RAISE_BACK if sign_ins < pace.borne * IS_BORNE else RAISE
        sign_ins += max(sign_ins * part, bounds.most * LEAST_RAISE) * minutes
    sign_ins = min(max(sign_ins, bounds.least), bounds.most)
    return Pace(
        sign_ins=sign_ins,
        steady=_blend(pace.steady, sign_ins, minutes / STEADY_MINUTES),
        served=served,
        borne=max(served, _blend(pace.borne, served, minutes / BORNE_MEMORY_MINUTES)),
        called=_of_calls(pace.called, look.called, look),
        came=_of_calls(pace.came, look.came, look),
        passed=_of_calls(pace.passed, look.passed, look),
        usual_seconds=usual,
    )


def calls(pace: Pace, seconds: float, found_no_line: int = 0) -> float:
    """Return how many in line may be called for the next seconds, so many that as many come as may begin."""
    return max(0.0, pace.sign_ins * seconds / 60 - found_no_line) / pace.come


def told_minutes(ahead: int, pace: Pace) -> int:
    """Return in how many minutes it is the turn of somebody with so many numbers ahead of her: whole, rounded up."""
    return max(1, math.ceil(ahead / pace.passing))


def _minutes(look: Look) -> float:
    return max(look.seconds, 1.0) / 60


def _blend(before: float, now: float, weight: float) -> float:
    return before + (now - before) * min(1.0, weight)


def _used(pace: Pace, look: Look) -> float:
    """Return how many were let in: those who found no line, and of those called as many as will come."""
    return look.began - look.came + look.called * pace.come


def _of_calls(before: float, number: int, look: Look) -> float:
    """What belongs to calling is remembered while nobody is called."""
    minutes = _minutes(look)
    return _blend(before, number / minutes, minutes / COME_MEMORY_MINUTES) if look.called else before


def _usual_seconds(pace: Pace, look: Look, minutes: float) -> float | None:
    """Down at once, up slowly: a crowd does not become usual, a DigiLocker that is slower for good does."""
    if look.calls <= look.refused:
        return pace.usual_seconds
    if pace.usual_seconds is None or look.call_seconds < pace.usual_seconds:
        return look.call_seconds
    return _blend(pace.usual_seconds, look.call_seconds, minutes / USUAL_MEMORY_MINUTES)


def _is_troubled(pace: Pace, look: Look, usual: float | None) -> bool:
    return (
        _backlog_seconds(pace, look) > TROUBLE_SECONDS
        or look.refused > look.calls * TROUBLE_REFUSED
        or (usual is not None and look.call_seconds > usual * TROUBLE_TIMES)
    )


def _is_at_ease(pace: Pace, look: Look, usual: float | None) -> bool:
    return _backlog_seconds(pace, look) < EASE_SECONDS and (usual is None or look.call_seconds < usual * EASE_TIMES)


def _backlog_seconds(pace: Pace, look: Look) -> float:
    """Return how long the backlog takes, at the rate at which citizens are served or let in, whichever is lower."""
    return look.backlog * 60 / (JOBS * max(1.0, min(pace.served, pace.sign_ins)))
