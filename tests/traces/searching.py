"""Looks for planted values in whatever was stored or logged, in every encoding they might have taken on the way.

The searched bytes are unpacked, again and again, into *views*: escapes resolved (URL, JSON, HTML), hex and base64
decoded wherever they begin, compressed blobs inflated. In each view every planted value is looked for. What is found is
told by its name, never by its value.
"""

import base64
import binascii
import hashlib
import html
import re
import unicodedata
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Final

DEPTH: Final = 4
"""Encodings within one another that are undone."""
_MOST: Final = 4 * 1024 * 1024
"""Bytes of a blob that are inflated."""
_LEAST_BASE64: Final = 8
"""Letters of base64 that an OTP has."""
_PIECE: Final = 16
"""Characters of a long random value that give it away: a log line may have been cut."""

_BETWEEN: Final = r"[\s\-.,/_·'\"\u200b-\u200d\u2010-\u2015\u2060\ufeff]{0,2}"
_ALL_BETWEEN: Final = re.compile(r"[\s\-.,/_·'\"\u200b-\u200d\u2010-\u2015\u2060\ufeff]+")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{%d,}" % _LEAST_BASE64)
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2}[ :]?){6,}[0-9A-Fa-f]?")
_JSON_ESCAPE: Final = re.compile(rb"\\+u([0-9A-Fa-f]{4})|\\+x([0-9A-Fa-f]{2})|\\+([/\"'])")
_OTHER_DIGIT: Final = re.compile(r"[^\D0-9]")
_ZLIB_OR_GZIP: Final = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")


class Class(Enum):
    """How much a value gives away."""

    SECRET = "secret"
    """Rests in the clear nowhere: Aadhaar number, VID, OTP, date of birth, tokens, credentials."""
    PERSONAL = "personal"
    """Never in a log or on a queue; in the table in its own place: phone number, user id, documents' URIs, links."""


class Shape(Enum):
    """What a value is made of, and so how it may be written."""

    NUMBER = "number"
    """Digits, or capitals and digits, that people and programs group as they like."""
    DATE = "date"
    """A date of birth, given as DDMMYYYY."""
    TEXT = "text"
    """Found as a whole only."""
    RANDOM = "random"
    """Nobody writes such a thing by chance: a piece of it is enough."""


@dataclass(frozen=True)
class Planted:
    """A value that must not be found. `name` says what it is, and is all that is ever shown."""

    name: str
    value: str = field(repr=False)
    rank: Class
    shape: Shape = Shape.TEXT

    @cached_property
    def forms(self) -> tuple["_Form", ...]:
        match self.shape:
            case Shape.NUMBER:
                hashes = (_Form(digest) for digest in _hashes(self.value)) if len(self.value) > _SHORT else ()
                return (_Form(self.value, grouped=True), *hashes)
            case Shape.DATE:
                day, month, year = self.value[:2], self.value[2:4], self.value[4:]
                return tuple(_Form("".join(order), grouped=True) for order in ((day, month, year), (year, month, day)))
            case Shape.RANDOM if len(self.value) > _PIECE:
                return tuple(_Form(self.value[at : at + _PIECE]) for at in (0, -_PIECE // 2 + len(self.value) // 2))
        return (_Form(self.value),)


_SHORT: Final = 8
"""Digits of a number that a longer one, or a hash, may hold by chance."""


class _Form:
    """One way of writing a value."""

    def __init__(self, value: str, *, grouped: bool = False) -> None:
        self.grouped = grouped
        """Whether there may be something between the characters."""
        self.core = _ALL_BETWEEN.sub("", value.casefold()) if grouped else value.casefold()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """How a value whose characters are grouped may stand in a text."""
        spread = _BETWEEN.join(re.escape(character) for character in self.core)
        edge = "" if len(self.core) > _SHORT else "[0-9a-f]"
        return re.compile(f"(?<!{edge}){spread}(?!{edge})" if edge else spread)


class _Sought:
    """Values to look for. Nearly all views hold none of them, so that it is the looking that counts."""

    def __init__(self, planted: Sequence[Planted]) -> None:
        self._planted = planted
        forms = [(form, value) for value in planted for form in value.forms]
        self._whole = [(form.core, value) for form, value in forms if not form.grouped]
        self._grouped = [(form.core, form, value) for form, value in forms if form.grouped]

    def found_in(self, view: "View") -> list[Planted]:
        """Return the values that stand in these characters, in the order in which they were given."""
        text = view.text
        here = {value for core, value in self._whole if core in text}
        if self._grouped:
            compact = view.compact
            here |= {value for core, form, value in self._grouped if core in compact and form.pattern.search(text)}
        return [value for value in self._planted if value in here] if here else []


class View:
    """Bytes as characters: without case, digits of every script as 0-9."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @cached_property
    def text(self) -> str:
        text = self.content.decode("utf-8", "replace").casefold()
        return text if text.isascii() else _OTHER_DIGIT.sub(_plain, text)

    @cached_property
    def compact(self) -> str:
        return _ALL_BETWEEN.sub("", self.text)


@dataclass(frozen=True)
class Trace:
    """A planted value was found: what, where, and behind which encodings."""

    name: str
    rank: Class
    where: str
    encodings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} in {self.where}" + (f" ({' in '.join(self.encodings)})" if self.encodings else "")


def search(planted: Iterable[Planted], where: str, content: bytes) -> list[Trace]:
    """Return a trace for each planted value that stands in `content`, by the shortest way of reading it."""
    missing = list(planted)
    sought = _Sought(missing)
    found: list[Trace] = []
    for encodings, view in views(content):
        if not missing:
            break
        if here := sought.found_in(view):
            found += [Trace(value.name, value.rank, where, encodings) for value in here]
            missing = [value for value in missing if value not in here]
            sought = _Sought(missing)
    return found


def search_all(planted: Sequence[Planted], places: Iterable[tuple[str, bytes]]) -> list[Trace]:
    """Search several places. What many of them hold is read once, unless something is found: then each is searched."""
    searched = list(places)
    sought = _Sought(planted)
    if not any(sought.found_in(view) for _, view in views(*(content for _, content in searched))):
        return []
    return [trace for where, content in searched for trace in search(planted, where, content)]


def views(*contents: bytes) -> Iterator[tuple[tuple[str, ...], View]]:
    """Yield each content and all that can be read out of it, the outermost encoding first in each name.

    All of one depth come before any of the next, so that nothing is read less deeply for having been met before.
    """
    seen: set[bytes] = set()
    runs = _Runs()
    level: list[tuple[tuple[str, ...], bytes]] = [((), content) for content in contents]
    for depth in range(DEPTH + 1):
        following: list[tuple[tuple[str, ...], bytes]] = []
        for encodings, current in level:
            if current in seen:
                continue
            seen.add(current)
            yield encodings, View(current)
            if depth < DEPTH:
                following += (((*encodings, name), read) for name, read in _decoded(current, runs) if read != current)
        level = following


class _Runs:
    """The runs of letters that were decoded before: the same letters hold the same again."""

    def __init__(self) -> None:
        self._known: set[tuple[re.Pattern[bytes], bytes]] = set()

    def new(self, pattern: re.Pattern[bytes], content: bytes) -> list[bytes]:
        """Return those that a pattern finds and that were not met before."""
        runs = [run for run in dict.fromkeys(pattern.findall(content)) if (pattern, run) not in self._known]
        self._known.update((pattern, run) for run in runs)
        return runs


def _decoded(content: bytes, runs: _Runs) -> Iterator[tuple[str, bytes]]:
    if b"%" in content:
        yield "URL-escaped", urllib.parse.unquote_to_bytes(content)
    if b"+" in content:
        yield "form-encoded", content.replace(b"+", b" ")
    if b"\\" in content:
        yield "JSON-escaped", _JSON_ESCAPE.sub(_unescaped, content)
    if b"&" in content:
        yield "HTML-escaped", html.unescape(content.decode("utf-8", "replace")).encode()
    if b"\x00" in content:
        yield "UTF-16", content.replace(b"\x00", b"")
    yield from _unhexed(runs.new(_HEX, content))
    yield from _from_base64(runs.new(_BASE64, content))
    yield from _inflated(content)


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return chr(int(match[1], 16)).encode("utf-8", "replace")
    return match[3] or bytes([int(match[2], 16)])


def _unhexed(found: list[bytes]) -> Iterator[tuple[str, bytes]]:
    runs = [re.sub(rb"[ :]", b"", run) for run in found]
    for start in (0, 1):
        pieces = (run[start : start + (len(run) - start) // 2 * 2] for run in runs)
        if read := b"\n".join(binascii.unhexlify(piece) for piece in pieces):
            yield "hex", read


def _from_base64(found: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Decode every run that could be base64, from each of the four places where a group of letters may begin."""
    runs = [run.replace(b"-", b"+").replace(b"_", b"/") for run in found]
    for start in range(4):
        pieces = [_letters_decoded(run[start:]) for run in runs]
        if read := b"\n".join(pieces):
            yield "base64", read
        for piece in pieces:
            for name, blob in _inflated(piece):
                yield f"{name} in base64", blob


def _letters_decoded(letters: bytes) -> bytes:
    whole = letters[: len(letters) - (len(letters) % 4 == 1)]
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))


def _inflated(content: bytes) -> Iterator[tuple[str, bytes]]:
    for match in _ZLIB_OR_GZIP.finditer(content):
        if blob := _inflate(content[match.start() :], zlib.MAX_WBITS | 32):
            yield "compressed", blob
    if content and content[0] & 0b110 != 0b110 and (blob := _inflate(content, -zlib.MAX_WBITS)):
        yield "compressed", blob


def _inflate(content: bytes, window: int) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(content, _MOST)
    except zlib.error:
        return b""


def _hashes(value: str) -> Iterator[str]:
    """Yield the hashes without a key: there are so few Aadhaar numbers that each of them is as good as the number."""
    for algorithm in ("md5", "sha1", "sha256"):
        digest = hashlib.new(algorithm, value.encode(), usedforsecurity=False).digest()
        yield digest.hex()
        yield base64.b64encode(digest).decode().rstrip("=")


def _plain(digit: re.Match[str]) -> str:
    return str(unicodedata.decimal(digit[0]))
