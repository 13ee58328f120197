"""Reading JSON that is loose: the same thing comes in many wrappings, and none of them may hide what is in it.

Numbers and JSON come as text, keys in any case, one object instead of a list, a list as an object whose keys are
numbers, lists in lists, and all of it inside `data`, `result` or `details`. "null" and "NA" are nothing.
"""

import datetime as dt
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

_NOTHING: Final = frozenset({"", "null", "(null)", "none", "nil", "na", "n/a", "n.a.", "undefined", "-", "--"})
_WRAPPINGS: Final = ("data", "result", "results", "response", "details", "detail", "body", "payload", "output", "value")
_DEPTH: Final = 6
"""Wrappings inside each other that are looked into."""

_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})[-/. ]+([0-9]{1,2}|[A-Za-z]{3,9})[-/. ,]+([0-9]{4})(?![0-9])")
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?![0-9])")
_MONTH_FIRST: Final = re.compile(r"([A-Za-z]{3,9})[ .]+([0-9]{1,2}),?[ ]+([0-9]{4})(?![0-9])")
_EIGHT: Final = re.compile(r"[0-9]{8}")
_EPOCH: Final = re.compile(r"([0-9]{9,10})(?:[0-9]{3})?")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEARS: Final = range(1900, 2101)
"""Any other year is a misreading: of DDMMYYYY for YYYYMMDD, say."""

_MEDIA_TYPES: Final = {
    "pdf": "application/pdf",
    ".pdf": "application/pdf",
    "application/x-pdf": "application/pdf",
    "xml": "application/xml",
    "json": "application/json",
}


# --- texts and numbers ------------------------------------------------------------------------------------------------


def text(value: object) -> str:
    """Return a text or whole number on one line; "" for anything else."""
    return " ".join(identifier(value).split())


def told(value: object) -> str:
    """Return a text on one line; "" also for placeholders such as "none"."""
    one_line = text(value)
    return "" if one_line.casefold() in _NOTHING else one_line


def title(value: object) -> str:
    """Return a text that is meant for people, with HTML's entities as the characters that they stand for."""
    one_line = told(value)
    for _ in range(2):  # some are escaped twice
        if "&" in one_line:
            one_line = told(html.unescape(one_line))
    return one_line


def identifier(value: object) -> str:
    """Return a text or whole number as it came, except for blanks around it; "" for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).encode("utf-8", "replace").decode().strip()


def reference(value: object) -> str:
    """Return what is to be sent back as it came; "" also for placeholders such as "none"."""
    return "" if is_nothing(value) else identifier(value)


def whole_number(value: object) -> int | None:
    """Return a whole number that is not negative, also from text."""
    digits = identifier(value)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def flag(value: object) -> bool | None:
    """Return a yes or no in any of its spellings; None for anything else."""
    if isinstance(value, bool):
        return value
    match text(value).casefold():
        case "y" | "yes" | "true" | "1":
            return True
        case "n" | "no" | "false" | "0":
            return False
    return None


def date(value: object) -> dt.date | None:
    """Return the day of a date, with or without a time; None for what is no date."""
    written = text(value)
    for year, month, day in _possible_days(written):
        try:
            if year in _YEARS:
                return dt.date(year, month, day)
        except ValueError:
            continue
    seconds = _EPOCH.fullmatch(written)
    return dt.datetime.fromtimestamp(int(seconds[1]), dt.UTC).date() if seconds else None


def _possible_days(written: str) -> Iterator[tuple[int, int, int]]:
    if match := _YEAR_FIRST.match(written):
        yield int(match[1]), int(match[2]), int(match[3])
    if match := _DAY_FIRST.match(written):
        yield int(match[3]), _month(match[2]), int(match[1])
    if match := _MONTH_FIRST.match(written):
        yield int(match[3]), _month(match[1]), int(match[2])
    if _EIGHT.fullmatch(written):
        yield int(written[:4]), int(written[4:6]), int(written[6:])
        yield int(written[4:]), int(written[2:4]), int(written[:2])


def _month(written: str) -> int:
    if written.isdigit():
        return int(written)
    name = written[:3].casefold()
    return _MONTHS.index(name) + 1 if name in _MONTHS else 0


def media_types(value: object) -> tuple[str, ...]:
    """Return the media types that a text, a list or an object names, each once."""
    return tuple(dict.fromkeys(_each_media_type(value, _DEPTH)))


def _each_media_type(value: object, depth: int) -> Iterator[str]:
    match unpacked(value):
        case str() as listed:
            for part in listed.split(","):
                media_type = told(part.partition(";")[0]).lower()
                media_type = _MEDIA_TYPES.get(media_type, media_type)
                if "/" in media_type:
                    yield media_type
        case list() as listed if depth:
            for element in listed:
                yield from _each_media_type(element, depth - 1)
        case dict() as named if depth:
            # An object's key is not documented: whichever of its values looks like a media type.
            for element in named.values():
                yield from _each_media_type(element, depth - 1)


# --- objects and lists ------------------------------------------------------------------------------------------------


@lru_cache(1024)
def plain_key(key: str) -> str:
    """Return a key without what its spellings differ in: case, hyphens, underscores, blanks."""
    return re.sub(r"[-_\s]", "", key).casefold()


def unpacked(value: object) -> object:
    """Return what a text holds that is itself JSON of an object or list; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return value
    return value


def is_nothing(value: object) -> bool:
    """Return whether a value is a placeholder for nothing."""
    if isinstance(value, str):
        return value.strip().casefold() in _NOTHING
    return value is None or (isinstance(value, list | dict) and not value)


def named(value: object) -> dict[str, object]:
    """Return an object's values by their plain keys; of two spellings of a key, the one that says something."""
    found: dict[str, object] = {}
    if isinstance(value, dict):
        for key, inner in value.items():
            plain = plain_key(str(key))
            if plain not in found or is_nothing(found[plain]):
                found[plain] = inner
    return found


def fields(value: object, names: Mapping[str, Sequence[str]], needed: Iterable[str]) -> dict[str, object]:
    """Return a model's fields from an object, also where it is wrapped.

    `names` holds the plain keys of each field, best first. A wrapping is opened as long as a `needed` field, or every
    field, is missing.
    """
    found: dict[str, object] = {}
    for _ in range(_DEPTH):
        value = unpacked(value)
        if isinstance(value, list) and len(value) == 1:
            (value,) = value
        by_key = named(value)
        for name, keys in names.items():
            for key in keys:
                if key in by_key and (name not in found or is_nothing(found[name])):
                    found[name] = by_key[key]
        is_whole = not any(is_nothing(found.get(name)) for name in needed) if needed else bool(found)
        if is_whole:
            break
        inside = next((by_key[key] for key in _WRAPPINGS if isinstance(by_key.get(key), dict | list | str)), None)
        if inside is None:
            break
        value = inside
    return found


def contents(value: object, key: str, mark: str) -> object:
    """Return what is under the plain `key`, also where it is wrapped, or is the whole answer; else None.

    `mark`: a plain key by which a single element is known, where a list should be.
    """
    for _ in range(_DEPTH):
        value = unpacked(value)
        if isinstance(value, list):
            only = named(value[0]) if len(value) == 1 else {}
            if key not in only:
                return value
            return only[key]
        by_key = named(value)
        if key in by_key:
            return [] if by_key[key] is None else by_key[key]
        if by_key and all(key.isdigit() for key in by_key):
            return value
        if mark in by_key:
            return [value]
        value = next((by_key[wrapping] for wrapping in _WRAPPINGS if wrapping in by_key), None)
    return None


def elements(value: object, names: Iterable[str], depth: int = _DEPTH) -> list[dict[str, object] | None]:
    """Return the objects of a list in any wrapping, with None for each element that is not one.

    `names`: plain keys, of which an element has at least one. Raises ValueError for what is no list at all.
    """
    known = frozenset(names)
    value = unpacked(value)
    if is_nothing(value):
        return []
    if not isinstance(value, list | dict):
        raise ValueError("no list")  # noqa: TRY004 - pydantic counts it as an invalid answer
    return list(_elements(value, known, depth))


def _elements(value: object, known: frozenset[str], depth: int) -> Iterator[dict[str, object] | None]:
    value = unpacked(value)
    match value:
        case dict() if any(plain_key(str(key)) in known for key in value):
            yield value
        case dict() | list() if depth:
            inner = list(value.values()) if isinstance(value, dict) else value
            nested = [one for one in inner if isinstance(unpacked(one), dict | list)]
            for one in inner if isinstance(value, list) else nested:
                yield from _elements(one, known, depth - 1)
            if isinstance(value, dict) and not nested:
                yield None
        case _:
            yield None
