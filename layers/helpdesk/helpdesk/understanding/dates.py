"""Dates as people write them: 12/03/1985, 12-3-85, 12 March 1985, 1985 മാർച്ച് 12, in any language's digits and names.

The day comes before the month, as everywhere in India; only where the year comes first, the month follows it.
"""

import datetime as dt
import re
import unicodedata
from functools import cache

from helpdesk.conversation.numbers import Fault
from helpdesk.languages.catalogue import catalogue, catalogues
from helpdesk.structs import Value

EARLIEST_YEAR = 1900
_LAST_OF_THIS_CENTURY = 20
"""A year of two digits up to this one is of this century. It is read back to her, with all four digits."""

# Compiled when the first number is read: a cold start does not wait for it.
_NUMERIC = r"\D*?(\d{1,2})\s*[/.\-\u2010-\u2014]\s*(\d{1,2})\s*[/.\-\u2010-\u2014]\s*(\d{4}|\d\d)\D*"
_SPACED = r"\D*?(\d{1,2})\s+(\d{1,2})\s+(\d{4})\D*"
_YEAR_FIRST = r"\D*?(\d{4})\s*[/.\-\u2010-\u2014]\s*(\d{1,2})\s*[/.\-\u2010-\u2014]\s*(\d{1,2})\D*"
_TOGETHER = r"\D*?(\d\d)(\d\d)(\d{4})\D*"
_ANYWHERE = r"(?<!\d)\d{1,2}\s*[/.\-]\s*\d{1,2}\s*[/.\-]\s*(?:\d{4}|\d\d)(?!\d)"
_ENDING = r"(?:st|nd|rd|th|[^\W\d_]\S{0,3}(?=[\s,]))?"
"""What is written to a number without a space: 12th, ১২ই, 12ನೇ."""
_DAY_FIRST = rf"\D*?(\d{{1,2}}){_ENDING}[\s,./\-]*(?:of\s+)?([^\W\d_]\S*?)[\s,./\-]*(\d{{4}}|\d\d)\D*"
_MONTH_FIRST = rf"(?:\D*\s)?([^\W\d_]\S*?)[\s./\-]*(\d{{1,2}}){_ENDING}[\s,./\-]+(\d{{4}})\D*"
_MONTH_AFTER_YEAR = rf"\D*?(\d{{4}}){_ENDING}[\s,./\-]+([^\W\d_]\S*?)[\s,./\-]*(\d{{1,2}})\D*"


class Date(Value, frozen=True):
    """A date that was typed, as YYYY-MM-DD; or why it is not one."""

    hidden = ("iso",)

    iso: str = ""
    fault: Fault | None = None


def read_date(text: str) -> Date | None:
    """Read a text that holds one date and no other number; None for any other text."""
    plain = _plain(text)
    if found := re.fullmatch(_NUMERIC, plain):
        day, month, year = found.groups()
        date = _date(day, int(month), year)
        # Six digits in pairs that are no date can be an OTP.
        return None if date.fault and len(day + month + year) == 6 else date
    if found := re.fullmatch(_SPACED, plain):
        return _date(found[1], int(found[2]), found[3])
    if found := re.fullmatch(_YEAR_FIRST, plain):
        return _date(found[3], int(found[2]), found[1])
    if found := re.fullmatch(_TOGETHER, plain):
        date = _date(found[1], int(found[2]), found[3])
        return None if date.fault else date
    if (found := re.fullmatch(_DAY_FIRST, plain)) and (named := _months().get(found[2])):
        return _date(found[1], named, found[3])
    if (found := re.fullmatch(_MONTH_FIRST, plain)) and (named := _months().get(found[1])):
        return _date(found[2], named, found[3])
    if (found := re.fullmatch(_MONTH_AFTER_YEAR, plain)) and (named := _months().get(found[2])):
        return _date(found[3], named, found[1])
    return None


def find_date(text: str) -> Date | None:
    """Find the one date in a text, whatever surrounds it; None if there is none, or more than one."""
    if date := read_date(text):
        return date
    found = {match.group() for match in re.finditer(_ANYWHERE, _plain(text))}
    return read_date(found.pop()) if len(found) == 1 else None


def written(iso: str, language: str) -> str:
    """Write a date (YYYY-MM-DD) for reading: the day, the month's name, the year."""
    date = dt.date.fromisoformat(iso)
    names = catalogue(language).texts["date.months"].split(",")
    return f"{date.day} {names[date.month - 1].split('/')[0].strip()} {date.year}"


def _date(day: str, month: int, year: str) -> Date:
    full = int(year)
    if len(year) == 2:
        full += 2000 if full <= _LAST_OF_THIS_CENTURY else 1900
    try:
        date = dt.date(full, month, int(day))
    except ValueError:
        return Date(fault=Fault.IMPOSSIBLE)
    return Date(date.isoformat()) if full >= EARLIEST_YEAR else Date(fault=Fault.IMPOSSIBLE)


def _plain(text: str) -> str:
    """Fold case and digits; what joins letters invisibly is left out."""
    kept = (character for character in text.casefold().strip() if unicodedata.category(character) != "Cf")
    return "".join(str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c for c in kept)


@cache
def _months() -> dict[str, int]:
    """Return the numbers of all months' names, long and short, in all languages."""
    return {
        _plain(name): number
        for language in catalogues()
        for number, names in enumerate(language.texts["date.months"].split(","), start=1)
        for name in names.split("/")
    }
