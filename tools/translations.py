"""Whether the translations still say what the English says, and pages to check them by.

python -m tools.translations stale              names each text whose English has changed since it was translated
python -m tools.translations lint               the same, and what is misspelt
python -m tools.translations mark or menu help.menu   says that these Odia texts say what the English says now
python -m tools.translations mark or all        the same for all of its texts
python -m tools.translations page or            writes build/translations/or.html; without a language, all of them

The marks are in docs/translations/<code>.marks: for each text a hash of the English that it was made from.
"""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from helpdesk.languages.catalogue import catalogue, codes
from tools.spelling import faults
from tools.texts import ROOT, is_translated
from tools.translation_page import page

MARKS = ROOT / "docs/translations"
PAGES = ROOT / "build/translations"
OTHERS = tuple(code for code in codes() if code != "en")


def mark_of(text: str) -> str:
    """Return the mark of an English text."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def wanted_marks() -> dict[str, str]:
    """Return the mark of each English text that is translated, by its key."""
    return {key: mark_of(text) for key, text in catalogue("en").texts.items() if is_translated(key)}


def read_marks(path: Path) -> dict[str, str]:
    """Return the marks of a language; none where there is no file yet."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


def write_marks(path: Path, marks: dict[str, str]) -> None:
    """Write the marks of a language, in the order of the keys."""
    head = "# Which English each text was translated from. Written by `make translated`; not by hand.\n"
    path.write_text(head + "".join(f"{key} {mark}\n" for key, mark in sorted(marks.items())), encoding="utf-8")


def stale(marks: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """Return the keys whose English has changed since they were translated, and those never marked."""
    return [key for key, mark in wanted.items() if marks.get(key) != mark]


def mark(path: Path, keys: Iterable[str], wanted: dict[str, str]) -> None:
    """Mark texts as translated from the English of now. Raises KeyError for an unknown key."""
    kept = {key: value for key, value in read_marks(path).items() if key in wanted}
    write_marks(path, kept | {key: wanted[key] for key in keys})


def _say_stale() -> int:
    count = 0
    for code in OTHERS:
        for key in stale(read_marks(MARKS / f"{code}.marks"), wanted_marks()):
            count += 1
            print(f"{code} {key}: its English has changed since it was translated")
    if count:
        print(f'{count} to look at. After that: make translated LANGUAGE=<code> KEYS="<keys, or all>"')
    return 1 if count else 0


def _say_misspelt() -> int:
    misspelt = False
    for code in OTHERS:
        for key, text in catalogue(code).texts.items():
            for fault in faults(code, key, text) if is_translated(key) else ():
                misspelt = True
                print(f"{code} {key}: {fault}")
    return 1 if misspelt else 0


def _mark(code: str, keys: list[str]) -> int:
    wanted = wanted_marks()
    unknown = [key for key in keys if key not in wanted and key != "all"]
    if code not in OTHERS or unknown or not keys:
        print(f"There is no {code} {' '.join(unknown)}")
        return 2
    mark(MARKS / f"{code}.marks", wanted if keys == ["all"] else keys, wanted)
    return 0


def _write_pages(chosen: list[str]) -> int:
    PAGES.mkdir(parents=True, exist_ok=True)
    for code in chosen or OTHERS:
        if code not in codes():
            print(f"There is no language {code}. There are {' '.join(codes())}")
            return 2
        path = PAGES / f"{code}.html"
        path.write_text(page(catalogue(code)), encoding="utf-8")
        print(path.relative_to(ROOT))
    return 0


def main(arguments: list[str]) -> int:
    """Do what is asked for, and return the exit code."""
    match arguments:
        case ["stale"]:
            return _say_stale()
        case ["lint"]:
            return max(_say_stale(), _say_misspelt())
        case ["mark", code, *keys]:
            return _mark(code, keys)
        case ["page", *chosen]:
            return _write_pages([code for code in chosen if code])
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
