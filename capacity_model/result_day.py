"""Result day with a line at the door, and what goes wrong on it.

    python -m capacity_model.result_day [scale]

The same seed gives the same table. The scale (0.04 unless told) is the part of the citizens that is played; each
figure is given for all of them. Draws docs/plots/line.svg.
"""

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from capacity_model import facts, numbers
from capacity_model.desk import Day, Desk, Seen, Setting, Trouble
from capacity_model.line import Door
from capacity_model.plot import line_day

SEED = 1
PLOT = Path(__file__).parents[1] / "docs" / "plots" / "line.svg"
CALLS = sum(step.calls for step in facts.CONVERSATION)
ONE = Setting("one stack", 1, 1200, 3000, 400, replies_at_once=450, job_expiry_seconds=300)
"""As if one number carried 3,000 messages a second: the line alone, whichever number citizens happen to choose."""
THREE = replace(ONE, name="three stacks", numbers=3, concurrency=400, messages_a_second=1000, replies_at_once=150)
DOOR = Door(most=9000, patience_minutes=30)
"""Almost twice what DigiLocker can take: nobody knows exactly."""
MIDDLE = 7200.0
DEAD = Trouble("dead", MIDDLE, MIDDLE + 600)
SLOW = Trouble("slow", MIDDLE, MIDDLE + 1800)
STOPPED = Trouble("no pacer", MIDDLE, MIDDLE + 3600)
UNDISTURBED = Day()
COLUMNS = (
    "day",
    "documents",
    "of those possible",
    "lost by the desk",
    "left the line",
    "still in line",
    "longest wait",
    "told well",
    "bias",
    "menu p99",
    "sign-in p99",
)


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    name: str
    setting: Setting
    day: Day = UNDISTURBED


def _with(door: Door, setting: Setting = ONE) -> Setting:
    return replace(setting, door=door)


def cases() -> Iterator[Case]:
    """Return what is played."""
    dead, slow, stopped = (Day(troubles=(trouble,)) for trouble in (DEAD, SLOW, STOPPED))
    held = replace(DOOR, takes_back=True)
    yield Case("no line, expiry 90 s", replace(ONE, job_expiry_seconds=90))
    yield Case("no line, expiry 300 s", ONE)
    yield Case("line, nobody leaves it", _with(replace(DOOR, patience_minutes=math.inf)))
    for minutes in facts.PATIENCE_MINUTES:
        yield Case(f"line, half leave in {minutes} min", _with(replace(DOOR, patience_minutes=minutes)))
    yield Case("the same (30), an oracle's pace", _with(replace(DOOR, oracle=4940)))
    yield Case("the same (30), three stacks", _with(replace(DOOR, most=3000), THREE))
    uneven = replace(THREE, shares=(0.5, 0.3, 0.2))
    yield Case("the same, of 50, 30 and 20 %", _with(replace(DOOR, most=3000), uneven))
    yield Case("dead for 10 min, no line", replace(ONE, job_expiry_seconds=90), dead)
    yield Case("dead for 10 min, expiry 90 s", replace(_with(DOOR), job_expiry_seconds=90), dead)
    yield Case("dead for 10 min", _with(DOOR), dead)
    yield Case("dead for 10 min, taken back", _with(held), dead)
    yield Case("a quarter for 30 min, no line", replace(ONE, job_expiry_seconds=90), slow)
    yield Case("a quarter for 30 min", _with(DOOR), slow)
    yield Case("a quarter for 30 min, taken back", _with(held), slow)
    yield Case("no pacer for an hour", _with(DOOR), stopped)


def possible(day: Day, scale: float) -> float:
    """Return how many documents DigiLocker can give in the busy hours: an oracle's day, on which nobody gives up."""
    seen = Desk(replace(ONE, tries_for_ever=True), day, scale, SEED).run()
    return seen.answered_calls / CALLS


def row(name: str, seen: Seen, most: float, scale: float) -> list[str]:
    """Write what came of one day, for all citizens."""

    def whole(number: float) -> str:
        return f"{number / scale:,.0f}"

    told = [pair for line in seen.lines for pair in line.told]
    well = sum(abs(said - real) <= max(2, 0.3 * real) for said, real in told) / max(1, len(told))
    said, real = sum(said for said, _ in told), sum(real for _, real in told)
    return [
        name,
        whole(seen.documents),
        f"{seen.busy_documents / most:.1%}",
        whole(seen.dead + seen.gave_up),
        whole(sum(line.left for line in seen.lines)) if told else "",
        whole(sum(len(line.tickets) for line in seen.lines)) if told else "",
        f"{max(real for _, real in told):.0f} min" if told else "",
        f"{well:.1%}" if told else "",
        f"{said / real - 1:+.0%}" if told else "",
        f"{seen.wait('menu', 99):.1f} s",
        f"{seen.wait('sign-in', 99):.0f} s",
    ]


def main(scale: float, only: str = "") -> None:
    """Play all days, or those that are named so."""
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    most: dict[Day, float] = {}
    for case in cases():
        if only not in case.name:
            continue
        if case.day not in most:
            most[case.day] = possible(case.day, scale)
        seen = Desk(case.setting, case.day, scale, SEED).run()
        print("| " + " | ".join(row(case.name, seen, most[case.day], scale)) + " |", flush=True)
        if case.name == "line, half leave in 30 min":
            PLOT.write_text(line_day(seen.minutes), encoding="utf-8")
    print()
    print(numbers.table())


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.04, sys.argv[2] if len(sys.argv) > 2 else "")
