"""Line charts as SVG: the jobs that wait over the day, and the line at the door."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capacity_model.desk import Minute

WIDTH, HEIGHT, LEFT, TOP, LEGEND = 900, 320, 70, 20, 20
COLOURS = ("#b00020", "#d95f02", "#7570b3", "#1b9e77", "#a6761d", "#1f78b4", "#e7298a")


def drawn(lines: Mapping[str, Sequence[tuple[float, int]]]) -> str:
    """Draw lines of (seconds, number), on a logarithmic scale, since settings differ by thousands."""
    last = max(time for line in lines.values() for time, _ in line)
    most = math.log10(max(10, *(number for line in lines.values() for _, number in line)))

    def x(time: float) -> float:
        return LEFT + time / last * (WIDTH - LEFT - 10)

    def y(number: float) -> float:
        return TOP + HEIGHT - math.log10(max(1.0, number)) / most * HEIGHT

    height = TOP + HEIGHT + 30 + LEGEND * len(lines)
    view = f'viewBox="0 0 {WIDTH} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {view} font-family="sans-serif" font-size="12">',
        "<title>Jobs waiting on the work queues on result day</title>",
        f'<rect width="{WIDTH}" height="100%" fill="white"/>',
    ]
    for power in range(int(most) + 1):
        at = y(10**power)
        parts.append(f'<path d="M{LEFT} {at:.0f}H{WIDTH - 10}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.0f}" text-anchor="end">{10**power:,}</text>')
    parts += [
        f'<text x="{x(hour * 3600):.0f}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{hour} h</text>'
        for hour in range(int(last // 3600) + 1)
    ]
    for index, (name, line) in enumerate(lines.items()):
        colour = COLOURS[index % len(COLOURS)]
        points = " ".join(f"{x(time):.0f},{y(number):.0f}" for time, number in line)
        below = TOP + HEIGHT + 36 + LEGEND * index
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(f'<text x="{LEFT}" y="{below}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def line_day(minutes: Sequence["Minute"]) -> str:
    """Draw what comes in, is let in and is given in each minute, and below it the line."""

    def of_each(count: "Callable[[Minute], int]") -> list[tuple[float, float]]:
        steps = [(after.at, count(after) - count(before)) for before, after in pairwise(minutes)]
        return [(at, sum(number for _, number in steps[max(0, n - 4) : n + 1]) / 5) for n, (at, _) in enumerate(steps)]

    rates = {
        "arrivals a minute": of_each(lambda minute: minute.arrived),
        "let in a minute": of_each(lambda minute: minute.began),
        "documents a minute": of_each(lambda minute: minute.documents),
    }
    waiting = {"citizens in line": [(minute.at, float(minute.in_line)) for minute in minutes]}
    height = 2 * (TOP + HEIGHT // 2 + 30) + LEGEND * 4 + 20
    view = f'viewBox="0 0 {WIDTH} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {view} font-family="sans-serif" font-size="12">',
            "<title>Result day with a line at the door</title>",
            f'<rect width="{WIDTH}" height="100%" fill="white"/>',
            *_panel(rates, TOP, COLOURS),
            *_panel(waiting, TOP + HEIGHT // 2 + 60 + LEGEND * 3, COLOURS[5:]),
            "</svg>\n",
        ]
    )


def counts(title: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Draw lines of (seconds, number) over some minutes, on a scale that begins with zero."""
    view = f'viewBox="0 0 {WIDTH} {TOP + HEIGHT // 2 + 40 + LEGEND * len(lines)}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {view} font-family="sans-serif" font-size="12">'
    white = f'<rect width="{WIDTH}" height="100%" fill="white"/>'
    return "\n".join(
        [head, f"<title>{escape(title)}</title>", white, *_panel(lines, TOP, COLOURS, (60, "min")), "</svg>\n"]
    )


def _panel(
    lines: Mapping[str, Sequence[tuple[float, float]]],
    top: int,
    colours: Sequence[str],
    unit: tuple[int, str] = (3600, "h"),
) -> list[str]:
    """Draw lines over the same time, on a scale that begins with zero."""
    seconds, name_of_unit = unit
    tall = HEIGHT // 2
    last = max(time for line in lines.values() for time, _ in line)
    most = max(1.0, *(number for line in lines.values() for _, number in line))
    wide = WIDTH - LEFT - 10
    parts = []
    for part in range(5):
        at = top + tall - tall * part / 4
        parts.append(f'<path d="M{LEFT} {at:.0f}H{WIDTH - 10}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.0f}" text-anchor="end">{most * part / 4:,.0f}</text>')
    parts += [
        f'<text x="{LEFT + at * seconds / last * wide:.0f}" y="{top + tall + 16}" text-anchor="middle">'
        f"{at} {name_of_unit}</text>"
        for at in range(int(last // seconds) + 1)
    ]
    for index, (name, line) in enumerate(lines.items()):
        points = " ".join(f"{LEFT + t / last * wide:.0f},{top + tall - n / most * tall:.0f}" for t, n in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colours[index]}" stroke-width="1.5"/>')
        below = top + tall + 36 + LEGEND * index
        parts.append(f'<text x="{LEFT}" y="{below}" fill="{colours[index]}">{escape(name)}</text>')
    return parts
