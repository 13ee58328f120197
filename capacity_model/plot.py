"""A line chart as SVG: the jobs that wait, over the day. A logarithmic scale, since settings differ by thousands."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, TOP, LEGEND = 900, 320, 70, 20, 20
COLOURS = ("#b00020", "#d95f02", "#7570b3", "#1b9e77", "#a6761d", "#1f78b4", "#e7298a")


def drawn(lines: Mapping[str, Sequence[tuple[float, int]]]) -> str:
    """Draw lines of (seconds, number)."""
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
