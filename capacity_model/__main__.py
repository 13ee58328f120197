"""Runs result day under several settings and prints what citizens see, then what a delivered document costs.

    python -m capacity_model [scale]

The same seed gives the same table. The scale (0.02 unless told) is the part of the citizens that is played; each figure
is given for all of them. Draws docs/plots/queue.svg.
"""

import math
import sys
from pathlib import Path

from capacity_model import cost
from capacity_model.desk import Day, Desk, Seen, Setting
from capacity_model.plot import drawn

SEED = 1
PLOT = Path(__file__).parents[1] / "docs" / "plots" / "queue.svg"
DAYS = {"an ordinary day": Day(factor=1.0), "result day": Day()}
SETTINGS = (
    ("an ordinary day", Setting("1 number of 80/s, 150 + 50 at once", messages_a_second=80)),
    ("an ordinary day", Setting("1 number of 1,000/s, 50 + 50 at once", concurrency=50)),
    ("an ordinary day", Setting("1 number of 1,000/s, 150 + 50: prod's own")),
    ("result day", Setting("1 number of 1,000/s, 150 + 50 at once")),
    ("result day", Setting("1 number of 1,000/s, 1,000 + 300 at once", concurrency=1000, replies_at_once=300)),
    ("result day", Setting("3 numbers, 150 + 50 each", 3)),
    ("result day", Setting("3 numbers, 400 + 100 each", 3, 400, replies_at_once=100)),
    ("result day", Setting("3 numbers, 400 + 100 each, DigiLocker bears 400", 3, 400, 1000, 400, replies_at_once=100)),
    ("result day", Setting("3 numbers, 150 + 100 each, DigiLocker bears 400", 3, 150, 1000, 400, replies_at_once=100)),
    ("result day", Setting("the same in one lane, 250 each", 3, 250, 1000, 400, replies_at_once=0)),
)
COLUMNS = (
    ("day", 15),
    ("setting", 48),
    ("menu p50/p99", 13),
    ("sign-in p50/p99", 15),
    ("document p50/p99", 16),
    ("busy", 6),
    ("at DigiLocker", 13),
    ("queue", 8),
    ("drained", 8),
    ("expired", 8),
    ("announced", 9),
    ("refused", 9),
    ("lost", 7),
    ("documents", 10),
)


def _waits(seen: Seen, kind: str) -> str:
    return " / ".join(_seconds(seen.wait(kind, percent)) for percent in (50, 99))


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def row(day: str, setting: Setting, seen: Seen, scale: float) -> list[str]:
    """Write what came of one day, for all citizens. A queue is drained when nobody has waited for five seconds."""

    def whole(number: int) -> str:
        return f"{number / scale:,.0f}"

    ends = DAYS[day].ends
    after = "at once" if seen.drained_at <= ends else f"{math.ceil((seen.drained_at - ends) / 60)} min"
    return [
        day,
        setting.name,
        *(_waits(seen, kind) for kind in ("menu", "sign-in", "document")),
        whole(seen.most_busy),
        whole(seen.most_calls),
        whole(seen.most_waiting),
        "not yet" if seen.drained_at > DAYS[day].over - 300 else after,
        whole(seen.held_up + seen.timed_out),
        whole(seen.announced),
        whole(seen.refused),
        whole(seen.dead + seen.gave_up),
        whole(seen.documents),
    ]


def main(scale: float) -> None:
    """Play all days."""
    print("| " + " | ".join(title for title, _ in COLUMNS) + " |")
    print("|" + "|".join("-" * (width + 2) for _, width in COLUMNS) + "|")
    lines: dict[str, list[tuple[float, int]]] = {}
    for day, setting in SETTINGS:
        seen = Desk(setting, DAYS[day], scale, SEED).run()
        cells = row(day, setting, seen, scale)
        print(
            "| " + " | ".join(f"{c:{width}}" for c, (_, width) in zip(cells, COLUMNS, strict=True)) + " |", flush=True
        )
        if day == "result day":
            lines[setting.name] = seen.depth
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    PLOT.write_text(drawn(lines), encoding="utf-8")
    print()
    print(cost.table())


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.02)
