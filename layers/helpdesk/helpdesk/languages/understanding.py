"""What people type, in any of the languages and scripts at once.

Reading a text gives an event for the dialogue. A number of four or more digits may be an identity number, so it is only
described; what it was stays with the caller, as ASCII digits, to be sealed if the dialogue wants it.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.events import Entered, Kind, Naming, Said
from helpdesk.conversation.numbers import (
    AADHAAR_DIGITS,
    LARGEST_CHOICE,
    OTP_DIGITS,
    VIRTUAL_ID_DIGITS,
    Group,
    digit_groups,
    identity_fault,
)
from helpdesk.languages.catalogue import Catalogue, catalogues

LONGEST_TEXT = 400
"""Characters that are looked at. Whoever writes more is not answering one of our questions."""

_JOINERS = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufe0f"))

# Words that may stand before others and still decide: "yes please", "hello, is anyone there".
_LEADING = frozenset({Choice.GREETING, Choice.YES, Choice.NO})
_KINDS = {AADHAAR_DIGITS: Kind.AADHAAR, VIRTUAL_ID_DIGITS: Kind.VIRTUAL_ID, OTP_DIGITS: Kind.OTP}


@dataclass(frozen=True)
class Read:
    """A text, understood. `digits` is what an `Entered` number was, for sealing; empty otherwise."""

    event: Said | Entered
    digits: str = field(default="", repr=False)


@dataclass(frozen=True)
class Meaning:
    """What a phrase means in one language."""

    language: str
    choice: Choice | None = None
    doctype: str = ""


def read(event_id: str, text: str) -> Read:
    """Understand a text that she typed."""
    text = unicodedata.normalize("NFC", text[:LONGEST_TEXT])
    tokens = fold(text)
    groups = digit_groups(text)
    said = _understood(event_id, tokens)
    long = [group for group in groups if len(group.digits) > len(str(LARGEST_CHOICE))]
    if long and not (said.named and max(len(group.digits) for group in groups) <= 4):
        return _entered(event_id, long)
    # "No. 3" is a number, not a refusal.
    if len(groups) == 1 and not groups[0].spaced and not said.named and said.choices <= {Choice.NO}:
        return Read(Said(event_id, language=said.language, number=int(groups[0].digits), words=said.words))
    return Read(said)


def fold(text: str) -> tuple[str, ...]:
    """Split a text into words that can be compared: no case, no punctuation, no invisible joiners, ASCII digits."""
    folded = unicodedata.normalize("NFC", text.translate(_JOINERS).casefold())
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() and not c.isascii() else c for c in folded)
    return tuple(_words(digits))


def _words(text: str) -> Iterator[str]:
    # `\w` leaves out the vowel signs and viramas of Indian scripts, which are marks: they belong to the word.
    word: list[str] = []
    for character in text:
        if character.isalnum() or character == "?" or unicodedata.category(character)[0] == "M":
            word.append(character)
        elif word:
            yield "".join(word)
            word = []
    if word:
        yield "".join(word)


def _entered(event_id: str, long: list[Group]) -> Read:
    """Tell what a number looks like. Several in one message are none that was asked for."""
    if len(long) > 1:
        return Read(Entered(event_id, Kind.OTHER))
    digits = long[0].digits
    kind = _KINDS.get(len(digits), Kind.OTHER)
    fault = identity_fault(digits) if kind in {Kind.AADHAAR, Kind.VIRTUAL_ID} else None
    return Read(Entered(event_id, kind, fault), digits)


def _understood(event_id: str, tokens: tuple[str, ...]) -> Said:
    phrases = _phrases()
    whole = phrases.get(tokens, frozenset())
    choices = {m.choice for m in whole if m.choice}
    languages = {m.language for m in whole}
    named: list[Naming] = []
    for start, end in _spans(tokens):
        for meaning in phrases.get(tokens[start:end], frozenset()):
            if meaning.doctype:
                named.append(Naming(tokens[start:end], meaning.doctype))
            elif not whole and meaning.choice and _decides(meaning.choice, start, end, tokens):
                choices.add(meaning.choice)
                languages.add(meaning.language)
    # A bare number in the name of a kind ("12") names nothing by itself.
    if all(word.isdecimal() for naming in named for word in naming.words):
        named = []
    if any(m.doctype for m in whole) and named:
        choices = set()
    language = languages.pop() if len(languages) == 1 else _language_of_script(tokens)
    words = tokens if any(not token.isdecimal() for token in tokens) else ()
    return Said(event_id, frozenset(choices), language, None, tuple(named), words)


def _decides(choice: Choice, start: int, end: int, tokens: tuple[str, ...]) -> bool:
    """Tell whether a phrase inside a longer text still means the choice."""
    if choice in _LEADING:
        return start == 0
    return end - start > 1 or len(tokens) <= 3


def _spans(tokens: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Give every run of up to four words among the first thirty."""
    count = min(len(tokens), 30)
    for start in range(count):
        for end in range(start + 1, min(start + 4, count) + 1):
            yield start, end


@cache
def _phrases() -> dict[tuple[str, ...], frozenset[Meaning]]:
    """Index what is understood, in all languages, by its folded words."""
    index: dict[tuple[str, ...], set[Meaning]] = {}
    for language in catalogues():
        for phrase, meaning in _vocabulary(language):
            if tokens := fold(phrase):
                index.setdefault(tokens, set()).add(meaning)
    return {tokens: frozenset(meanings) for tokens, meanings in index.items()}


def _vocabulary(language: Catalogue) -> Iterable[tuple[str, Meaning]]:
    for name, phrases in language.section("words").items():
        kind, _, doctype = name.partition(".")
        meaning = Meaning(language.code, doctype=doctype) if doctype else Meaning(language.code, Choice(kind))
        yield from ((phrase, meaning) for phrase in phrases.replace("\n", ",").split(","))
    for choice, title in language.section("button").items():
        yield title, Meaning(language.code, Choice(choice))
    for doctype, title in language.section("document").items():
        yield title, Meaning(language.code, doctype=doctype)


@cache
def _scripts() -> dict[str, str]:
    """Say which language a script belongs to, for scripts that only one of the languages is written in."""
    scripts: dict[str, list[str]] = {}
    for language in catalogues():
        scripts.setdefault(language.texts["language.script"], []).append(language.code)
    return {script: codes[0] for script, codes in scripts.items() if len(codes) == 1 and script != "LATIN"}


def _language_of_script(tokens: tuple[str, ...]) -> str | None:
    for token in tokens:
        for character in token:
            if not character.isascii() and character.isalpha():
                return _scripts().get(unicodedata.name(character, "").split(" ")[0])
    return None
