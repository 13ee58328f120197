"""What the tools and tests know of the catalogues beside their texts: order, chapters, notes, limits, and the head."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[1]
LANGUAGES = ROOT / "layers/helpdesk/helpdesk/languages"
FACTS = ("language.order", "language.script", "language.direction", "language.letters", "language.refuses")
"""Facts about a language, which nobody translates."""

LONGEST = {
    "words": "x" * 60,
    "language": "x" * 20,
    "contact": "x" * 60,
    "department": "x" * 64,
    "grievance": "x" * 48,
    "privacy_page": "x" * 48,
    "consent_days": "3650",
    "digits": "00",
    "tries": "2",
    "seconds": "600",
    "hours": "24",
    "session_minutes": "1440",
    "link_minutes": "1440",
    "page": "125",
    "pages": "125",
    "uploaded": "9999",
    "left_out": "9999",
    "last": "9999",
    "document": "x" * 120,
    "issuer": "x" * 200,
    "kinds": " / ".join(["x" * 19] * 3),
    "aadhaar": "•••• •••• 0019",
    "name": "x" * 100,
    "born": "30 " + "x" * 12 + " 1985",
    "gender": "x" * 20,
    "mobile": "9000000001",
    "label": "x" * 100,
    "example": "x" * 100,
    "minutes": "100",
    "place": "10,00,000",
    "left": "9999",
}
"""The longest that can be filled in."""
NOTES = {
    "not_understood",
    "not_clear",
    "documents.refused",
    "documents.one_at_a_time",
    "only_text",
    "wish.kept",
    "line.missed",
    "wish.some",
    "wish.look",
    "edits_not_seen",
    "old_button",
    "number_not_now",
    "late",
    "cancelled",
    "cancelled.signed_in",
    "language.changed",
    "documents.tip",
    "documents.not_refreshed",
    "documents.cut",
    "limit.minutes",
    "limit.hours",
    "answers_left_out",
    "aadhaar.length",
    "aadhaar.first_digit",
    "aadhaar.checksum",
    "otp.length",
    "otp.wait",
    "otp.pause",
    "otp.expired",
    "otp.no_tries",
    "otp.wrong",
    "otp.wrong_last",
    "sign_up.not_a_name",
    "sign_up.not_a_date",
    "sign_up.not_a_mobile",
    "pull.none",
    "pull.not_accepted",
    "proof.wrong",
    "proof.elsewhere",
}
"""Texts that come before a question."""
QUESTIONS = {
    "menu",
    "account.ask",
    "aadhaar.ask",
    "aadhaar.sign_up",
    "otp.sign_up",
    "sign_up.name",
    "sign_up.born",
    "sign_up.gender",
    "sign_up.mobile",
    "sign_up.mobile_own",
    "sign_up.check",
    "sign_up.change",
    "otp.ask",
    "otp.retry",
    "otp.not_come",
    "otp.new",
    "language.ask",
    "delete.ask",
    "pull.ask",
    "pull.which",
    "pull.which_issuer",
    "pull.detail",
    "pull.detail_plain",
    "pull.detail_listed",
    "pull.change",
    "link.open",
    "link.waiting",
    "link.expired",
    "proof.ask",
}
CONSENTS = {"consent.ask", "consent.sign_up"}


def limit(key: str) -> int:
    """Return how long a text may be in WhatsApp's counting, with the longest values filled in."""
    if key.startswith("button.") or key in {"documents.open", "language.open"}:
        return 20
    if key == "department.example":
        return 64
    if key.startswith("document."):
        return 19  # behind the number and its dot
    if key == "language.name":
        return 20  # behind two digits and a dot
    if key in {"documents.more", "documents.first", "pull.more", "language.more", "language.first"}:
        return 24
    if key in {"documents.more_about", "documents.done_about"}:
        return 72
    if key in NOTES:
        return 150
    if key.startswith("example.") or key == "wish.no_account":
        return 100
    if key in {"person", "help.ways"}:
        return 200
    if key.startswith("help."):
        return 600
    if key in CONSENTS:
        return 872
    return 500 if key in QUESTIONS else 1024


class Entry(msgspec.Struct, frozen=True):
    """A text of the English catalogue: where it is, and the note above it."""

    key: str
    chapter: str
    note: str


def is_word_list(key: str) -> bool:
    """Return whether a text is never shown: it holds what people may type."""
    return key.startswith("words.") or key == "search.words"


def is_translated(key: str) -> bool:
    """Return whether a text is a translation of the English one."""
    return not is_word_list(key) and key not in {*FACTS, "language.name"}


def entries() -> list[Entry]:
    """Return the texts of the English catalogue in their order there."""
    return list(_entries((LANGUAGES / "en.txt").read_text(encoding="utf-8")))


def _entries(content: str) -> Iterator[Entry]:
    chapter, note = "the language", ""
    for line in content.splitlines():
        if line.startswith("# ---"):
            chapter, note = line.strip("# -"), ""
        elif line.startswith("#"):
            note = f"{note} {line[1:].strip()}".strip()
        elif line.startswith("[") and line.endswith("]"):
            yield Entry(line[1:-1], chapter, note)
            note = ""
        elif not line.strip():
            note = ""


class Head(msgspec.Struct, frozen=True):
    """The notes at the top of a catalogue."""

    checked: str
    terms: dict[str, tuple[str, str]]
    """For each English term the one that is used, and why."""


_CHECKED = re.compile(r"# Checked by a native reader: (.+?)\.?$")
_TERM = re.compile(r"# - ([^:]+): (.+?)[.।۔] (.+)")


def head(code: str) -> Head:
    """Return who has checked a catalogue, and its glossary."""
    lines = (LANGUAGES / f"{code}.txt").read_text(encoding="utf-8").partition("\n[")[0].splitlines()
    joined: list[str] = []
    for line in lines:
        if line.startswith("#   ") and joined:  # a term's reason goes on
            joined[-1] += f" {line[1:].strip()}"
        else:
            joined.append(line)
    checked = next((found[1] for line in joined if (found := _CHECKED.match(line))), "")
    start = next((number for number, line in enumerate(joined) if line.startswith("# Glossary")), len(joined))
    terms = {found[1]: (found[2], found[3]) for line in joined[start:] if (found := _TERM.match(line))}
    return Head(checked, terms)
