"""Whether a translation says what the English says: one person reads it alone and translates back, another compares.

python -m tools.back_translation blind or      prints the Odia texts to translate back, without the English
python -m tools.back_translation compare or    prints the English beside what came back, and what is still missing

What came back is in docs/translations/or.back.txt: below each name in brackets the text as the reader understood it,
and below that, in lines that start with #, what sounded unnatural to her and what the comparison found.
"""

import sys
from pathlib import Path

from helpdesk.languages.catalogue import Catalogue, catalogue, codes, parse
from tools.texts import is_translated
from tools.translation_page import examples
from tools.translations import MARKS

_ALWAYS = (
    "consent.",
    "page.consent",
    "privacy",
    "otp.",
    "delete.",
    "aadhaar.",
    "proof.",
    "problem.otp_",
    "session.",
    "about.",
)
"""Texts of consent, privacy, OTPs and deletion, which each language's reader gets."""
_ALWAYS_TOO = {
    *("help.consent", "help.otp", "help.aadhaar", "help.delete", "help.summary", "help.detail", "help.check"),
    *("cancelled", "cancelled.signed_in", "number_not_now", "done", "stop.done", "documents.tip", "example.consent"),
    *("button.agree", "button.decline", "button.delete", "button.delete_data", "button.stop", "button.cancel"),
}
_OTHERS = 60
"""How many more; other ones for each language, so that all texts are read in some."""


def keys(code: str) -> list[str]:
    """Return the names of the texts that a language's reader translates back."""
    shown = [key for key in catalogue("en").texts if is_translated(key) and key != "date.months"]
    always = [key for key in shown if key.startswith(_ALWAYS) or key in _ALWAYS_TOO]
    others = [key for key in shown if key not in always]
    start = codes().index(code)
    turned = others[start:] + others[:start]
    step = len(others) / _OTHERS
    return always + [turned[int(number * step)] for number in range(_OTHERS)]


def blind(code: str) -> str:
    """Return the texts of a language alone, with examples filled in."""
    return "\n".join(f"[{key}]\n{_filled(catalogue(code), key)}\n" for key in keys(code))


def compare(code: str, came_back: Path) -> str:
    """Return the English beside what came back, and the names of what has not."""
    back = parse(came_back.read_text(encoding="utf-8")) if came_back.exists() else {}
    english = catalogue("en")
    there = [key for key in keys(code) if back.get(key)]
    missing = [key for key in keys(code) if not back.get(key)]
    rows = [f"[{key}]\nEnglish: {_filled(english, key)}\nBack:    {back[key]}\n" for key in there]
    return "\n".join([*rows, f"{len(missing)} are missing: {' '.join(missing)}" if missing else "None is missing."])


def _filled(language: Catalogue, key: str) -> str:
    return language.texts[key].format_map(examples(language))


def main(arguments: list[str]) -> int:
    """Do what is asked for, and return the exit code."""
    match arguments:
        case ["blind", code] if code in codes():
            print(blind(code))
        case ["compare", code] if code in codes():
            print(compare(code, MARKS / f"{code}.back.txt"))
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
