"""Where the figures go: the terminal, build/bench.json, and after a whole run docs/benchmarks.md with its plots.

After a part of it the plots lie in build/plots, and docs/benchmarks.md stays as it is: all in it comes from one run.
"""

import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.benchmarks.figures import Figure
from tests.handlers import ROOT

JSON = ROOT / "build" / "bench.json"
PAGE = ROOT / "docs" / "benchmarks.md"
PLOTS = ROOT / "docs" / "plots"
PLOTS_OF_A_PART = ROOT / "build" / "plots"
HEAD = """# Benchmarks

Written by `make bench`, all of it in one run of {minutes:.0f} minutes on {cores} cores ({machine}), Python {python}.
The command below a title measures that part alone. `build/bench.json` has the figures. The conclusions are in
[scale.md](scale.md), and the decisions that followed in [decisions.md](decisions.md).

Each figure is followed by its target and a bar; where less is better, the bar has to end before the mark (│). Ratios
compare candidates that took turns in this run. **Times are this machine's**: compare them only with each other.
"""


@dataclass
class Section:
    """What one part has brought."""

    title: str
    says: str
    command: str
    figures: list[Figure] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """What else is printed below the figures."""
    plots: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name of the file -> what it shows, and the SVG."""

    def say(self, *lines: str) -> None:
        """Print lines, and keep them."""
        print(*lines, sep="\n", flush=True)
        self.lines += lines

    def markdown(self) -> str:
        """Write the section of docs/benchmarks.md."""
        block = "\n".join([*(figure.line() for figure in self.figures), *self.lines])
        shown = "".join(f"\n![{alt}](plots/{name})\n" for name, (alt, _) in self.plots.items())
        return f"## {self.title}\n\n`{self.command}`\n\n{self.says}\n\n```\n{block}\n```\n{shown}"


type Part = Callable[[Section], Iterator[Figure]]


def measure(section: Section, part: Part) -> None:
    """Run a part; print each figure as soon as it is there."""
    print(f"\n{section.title}", flush=True)
    for figure in part(section):
        section.figures.append(figure)
        print(figure.line(), flush=True)


def write(sections: Iterable[Section], *, whole: bool, seconds: float) -> None:
    """Write the figures down; all of the page only if this was all of the run."""
    sections = list(sections)
    figures = {figure.name.partition(" ")[0]: _json(figure) for section in sections for figure in section.figures}
    if not whole and JSON.exists():
        figures = json.loads(JSON.read_text(encoding="utf-8")) | figures
    JSON.parent.mkdir(exist_ok=True)
    JSON.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _write_plots(PLOTS if whole else PLOTS_OF_A_PART, sections)
    if whole:
        PAGE.write_text(page(sections, seconds), encoding="utf-8")


def page(sections: Iterable[Section], seconds: float) -> str:
    """Write docs/benchmarks.md."""
    head = HEAD.format(
        minutes=seconds / 60, cores=os.cpu_count(), machine=platform.machine(), python=platform.python_version()
    )
    return "\n".join([head, *(section.markdown() for section in sections)])


def _json(figure: Figure) -> Mapping[str, object]:
    return asdict(figure) | {"met": figure.is_met}


def _write_plots(folder: Path, sections: Iterable[Section]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for section in sections:
        for name, (_, drawn) in section.plots.items():
            (folder / name).write_text(drawn, encoding="utf-8")
