"""The texts of one language, read from a file that holds nothing but text.

The format is the plainest that a translator can use without learning it: `[name]`, and below it the text. It is also
quick to read, which every cold start does (tests/benchmarks/catalogue_formats.py compares it with JSON and TOML).
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from helpdesk.structs import Value

_FOLDER = Path(__file__).parent


class Catalogue(Value, frozen=True):
    """What the desk says in one language, and what it understands."""

    code: str
    texts: Mapping[str, str]

    @property
    def name(self) -> str:
        """The language's own name for itself."""
        return self.texts["language.name"]

    def document(self, doctype: str, name: str) -> str:
        """Return the short name of a kind of document; the document's own name where we have none."""
        return self.texts.get(f"document.{doctype}", name)

    def section(self, prefix: str) -> Mapping[str, str]:
        """Return the texts whose names start with `prefix` and a dot, by the rest of the name."""
        start = len(prefix) + 1
        return {key[start:]: text for key, text in self.texts.items() if key.startswith(f"{prefix}.")}


@cache
def catalogue(code: str) -> Catalogue:
    """Read the catalogue of a language, once. Raises FileNotFoundError for an unknown one."""
    return Catalogue(code, parse((_FOLDER / f"{code}.txt").read_text(encoding="utf-8")))


@cache
def codes() -> tuple[str, ...]:
    """Return the codes of all languages in the order in which they are offered, reading only the head of each file."""
    return tuple(path.stem for path in sorted(_FOLDER.glob("*.txt"), key=_order))


def catalogues() -> tuple[Catalogue, ...]:
    """Read all catalogues, in the order in which the languages are offered."""
    return tuple(catalogue(code) for code in codes())


def _order(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("[language.order]"):
                return int(next(file))
    raise ValueError(f"{path.name} says nothing about [language.order]")


def parse(content: str) -> dict[str, str]:
    """Read the text of a catalogue."""
    texts: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in content.splitlines():
        if line.startswith("[") and line.endswith("]"):
            lines = texts.setdefault(line[1:-1], [])
        elif not line.startswith("#"):
            lines.append(line)
    # Blank lines around a text don't count, except those that open a text which follows another one.
    return {name: _trimmed(name, text) for name, text in texts.items()}


def _trimmed(name: str, lines: list[str]) -> str:
    text = "\n".join(lines).rstrip()
    return text if name.endswith(".line") else text.lstrip("\n")
