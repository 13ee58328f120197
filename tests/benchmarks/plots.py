"""Plots as SVG, of what `make bench` has measured."""

import math
from collections.abc import Mapping, Sequence
from html import escape

from capacity_model.plot import COLOURS, HEIGHT, LEFT, LEGEND, TOP, WIDTH

NAMES = 250
"""Width that the names of bars take."""
ROW = 20


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    view = f'viewBox="0 0 {WIDTH} {height:.0f}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {view} font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="100%" fill="white"/>',
        f'<text x="10" y="{TOP}" font-weight="bold">{escape(title)}</text>',
    ]
    return "\n".join([*head, *parts, "</svg>"]) + "\n"


def _short(value: float) -> str:
    return f"{value / 1e6:g} million" if value >= 1e6 else f"{value:,.10g}"


def spans(title: str, rows: Sequence[tuple[str, float, float]]) -> str:
    """Draw what lasts from when to when: (name, from, to) in milliseconds. An indented name is part of another."""
    last = max(end for _, _, end in rows)
    scale = (WIDTH - NAMES - 80) / last
    parts = []
    for index, (name, begin, end) in enumerate(rows):
        y = TOP + 12 + ROW * index
        x, width = NAMES + begin * scale, max(1.0, (end - begin) * scale)
        colour = COLOURS[3] if name.startswith(" ") else COLOURS[5]
        parts += [
            f'<text x="{10 + 12 * name.startswith(" ")}" y="{y + 13}">{escape(name.strip())}</text>',
            f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="{ROW - 6}" fill="{colour}"/>',
            f'<text x="{x + width + 4:.1f}" y="{y + 13}">{end - begin:.1f} ms</text>',
        ]
    return _svg(title, TOP + 24 + ROW * len(rows), parts)


def curves(title: str, lines: Mapping[str, Sequence[tuple[float, float]]], across: str, *, wide: bool = True) -> str:
    """Draw lines of (x, y), y on a logarithmic scale and, if `wide`, x as well. `across` says what x is."""

    def logarithm(value: float) -> float:
        return math.log10(max(value, 1e-9))

    def place(value: float) -> float:
        return logarithm(value) if wide else value

    xs = [place(x) for line in lines.values() for x, _ in line]
    ys = [logarithm(y) for line in lines.values() for _, y in line]
    left, right, bottom, top = min(xs), max(xs), math.floor(min(ys)), math.ceil(max(ys))

    def across_at(value: float) -> float:
        return LEFT + (place(value) - left) / (right - left) * (WIDTH - LEFT - 20)

    def up_at(power: float) -> float:
        return TOP + 12 + HEIGHT - (power - bottom) / (top - bottom) * HEIGHT

    parts = []
    for power in range(bottom, top + 1):
        y = up_at(power)
        parts.append(f'<path d="M{LEFT} {y:.0f}H{WIDTH - 20}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{_short(10.0**power)}</text>')
    ticks = (
        [10.0**power for power in range(math.ceil(left), math.floor(right) + 1)] if wide else [0, 25, 50, 75, 90, 99]
    )
    for tick in ticks:
        if left <= place(tick) <= right:
            x, y = across_at(tick), TOP + HEIGHT + 28
            parts.append(f'<text x="{x:.0f}" y="{y}" text-anchor="middle">{_short(tick)}</text>')
    parts.append(f'<text x="{WIDTH - 20}" y="{TOP + HEIGHT + 44}" text-anchor="end">{escape(across)}</text>')
    for index, (name, line) in enumerate(lines.items()):
        colour = COLOURS[index % len(COLOURS)]
        points = " ".join(f"{across_at(x):.1f},{up_at(logarithm(y)):.1f}" for x, y in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        below = TOP + HEIGHT + 44 + LEGEND * index
        parts.append(f'<text x="{LEFT}" y="{below}" fill="{colour}">{escape(name)}</text>')
    return _svg(title, TOP + HEIGHT + 60 + LEGEND * len(lines), parts)
