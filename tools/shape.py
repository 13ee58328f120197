"""Print the size and shape of the product's code: python -m tools.shape

A newcomer meets long files and tangled functions first. The targets are for the rooms that people work in every day.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from radon.complexity import cc_visit
from radon.metrics import mi_visit

ROOT = Path(__file__).parents[1]
PACKAGE = Path("layers/helpdesk/helpdesk")
WORKED_IN = ("conversation", "service", "whatsapp")
CHAPTERS = PACKAGE / "conversation" / "chapters"
SIMULATION = ("world", "simulation")
"""Folders of the tests that are counted apart: one world for all of them, and the simulation with its auditor."""


@dataclass(frozen=True)
class Figure:
    """One thing that is measured, with its target and what is beyond that."""

    name: str
    value: float
    target: str
    beyond: tuple[str, ...] = ()


def figures(root: Path = ROOT) -> tuple[Figure, ...]:
    """Return all figures of the code under `root`."""
    files = {path: path.read_text(encoding="utf-8") for room in WORKED_IN for path in _python(root / PACKAGE / room)}
    lines = {str(path.relative_to(root / PACKAGE)): len(code.splitlines()) for path, code in files.items()}
    indices = {str(path.relative_to(root / PACKAGE)): mi_visit(code, multi=True) for path, code in files.items()}
    complexities = {
        f"{path.relative_to(root / PACKAGE)}:{block.lineno} {block.fullname}": block.complexity
        for path, code in files.items()
        for block in cc_visit(code)
    }
    imports = [f"{chapter} imports {imported}" for chapter, imported in chapter_imports(root / CHAPTERS)]
    product = [path for room in ("layers", "functions") for path in _python(root / room)]
    tests = set(_python(root / "tests"))
    simulation = {path for folder in SIMULATION for path in _python(root / "tests" / folder)}
    return (
        Figure("product_lines", _lines(product), "11500"),
        Figure("test_lines", _lines(path for path in tests if path not in simulation), "28000"),
        Figure("world_and_simulation_lines", _lines(simulation), "counted apart"),
        Figure("highest_complexity", max(complexities.values()), "15", _beyond(complexities, above=15)),
        Figure("longest_file", max(lines.values()), "400", _beyond(lines, above=400)),
        Figure("lowest_maintainability", round(min(indices.values()), 1), "20 or more", _beyond(indices, below=20)),
        Figure("imports_between_chapters", len(imports), "2", tuple(imports) if len(imports) > 2 else ()),
    )


def chapter_imports(folder: Path) -> list[tuple[str, str]]:
    """Return which chapter of the dialogue imports which other one."""
    package = "helpdesk.conversation.chapters"
    found = []
    for path in _python(folder):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            if node.module == package:
                found += [(path.stem, alias.name) for alias in node.names]
            elif node.module.startswith(f"{package}."):
                found.append((path.stem, node.module.removeprefix(f"{package}.")))
    return found


def _lines(paths: Iterable[Path]) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def _python(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.py")) if "__pycache__" not in path.parts)


def _beyond(
    values: Mapping[str, float], *, above: float = float("inf"), below: float = float("-inf")
) -> tuple[str, ...]:
    """Name what misses a target, the worst first."""
    missing = {name: value for name, value in values.items() if value > above or value < below}
    worst = sorted(missing.items(), key=lambda item: item[1], reverse=above < float("inf"))
    return tuple(f"{name} ({value:.0f})" for name, value in worst)


def main() -> None:
    """Print each figure, its target, and what is beyond that."""
    for figure in figures():
        print(f"{figure.name:28}{figure.value:>9g}   target {figure.target}")
        for name in figure.beyond:
            print(f"    {name}")


if __name__ == "__main__":
    main()
