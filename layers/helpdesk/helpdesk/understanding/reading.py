"""What people type, in any of the languages and scripts at once.

Reading a text gives an event for the dialogue. A number of four or more digits may be an identity number, so it is only
described; what it was stays with the caller, as ASCII digits, to be sealed if the dialogue wants it.
"""

import unicodedata
from collections.abc import Iterable, Iterator
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
    mobile_fault,
    national_mobile,
)
from helpdesk.languages.catalogue import Catalogue, catalogue, catalogues, codes
from helpdesk.structs import Value
from helpdesk.understanding.dates import read_date

LONGEST_TEXT = 400
"""Characters that are looked at. Whoever writes more is not answering one of our questions."""

_JOINERS = frozenset(map(ord, "\u200b\u200c\u200d\ufe0f"))

# Words that may stand before others and still decide: "yes please", "hello, is anyone there".
_LEADING = frozenset({Choice.GREETING, Choice.YES, Choice.NO})
_KINDS = {AADHAAR_DIGITS: Kind.AADHAAR, VIRTUAL_ID_DIGITS: Kind.VIRTUAL_ID, OTP_DIGITS: Kind.OTP}


class Read(Value, frozen=True):
    """A text, understood. `digits` is what an `Entered` number or date was, for sealing; empty otherwise.

    A date is given as YYYY-MM-DD, a mobile number as ten digits.
    """

    hidden = ("digits",)

    event: Said | Entered
    digits: str = ""


class Meaning(Value, frozen=True):
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
    if groups and (date := read_date(text)):
        return Read(Entered(event_id, Kind.DATE, date.fault), date.iso)
    if long and not (said.named and max(len(group.digits) for group in groups) <= 4):
        return _entered(event_id, long, text)
    # "No. 3" is a number, not a refusal.
    if len(groups) == 1 and not groups[0].spaced and not said.named and said.choices <= {Choice.NO}:
        return Read(Said(event_id, languages=said.languages, number=int(groups[0].digits), words=said.words))
    return Read(said)


def fold(text: str) -> tuple[str, ...]:
    """Split a text into words that can be compared: no case, no punctuation, no invisible joiners, ASCII digits."""
    return tuple(_folded(text).split())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().translate(_FOLDED)


class _Folded(dict[int, str]):
    """What stands for a character in a folded word, found out once for each character; a space ends the word."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if code in _JOINERS:
            folded = ""
        elif category == "Nd":
            folded = str(unicodedata.decimal(character))
        # Vowel signs and viramas of Indian scripts are marks: they belong to the word.
        elif character.isalnum() or character == "?" or category[0] == "M":
            folded = character
        else:
            folded = " "
        self[code] = folded
        return folded


_BETWEEN = "\0"
"""Stands between phrases that are folded together. Nobody types it."""
_FOLDED = _Folded({0: _BETWEEN})


def _entered(event_id: str, long: list[Group], text: str) -> Read:
    """Tell what a number looks like. Several in one message are none that was asked for."""
    if len(long) > 1:
        return Read(Entered(event_id, Kind.OTHER))
    digits = long[0].digits
    if mobile := national_mobile(text):
        return Read(Entered(event_id, Kind.MOBILE, mobile_fault(mobile)), mobile)
    kind = _KINDS.get(len(digits), Kind.OTHER)
    fault = identity_fault(digits) if kind in {Kind.AADHAAR, Kind.VIRTUAL_ID} else None
    return Read(Entered(event_id, kind, fault), digits)


def _understood(event_id: str, tokens: tuple[str, ...]) -> Said:
    scripts = dict.fromkeys(["", *map(_script, _foreign("".join(tokens)))])
    whole = _meanings(tokens, scripts)
    choices = {m.choice for m in whole if m.choice}
    meant = {m.language for m in whole if m.choice}
    named: list[Naming] = []
    understood: set[int] = set(range(len(tokens))) if whole else set()
    for start, end in _spans(tokens):
        for meaning in _meanings(tokens[start:end], scripts):
            if meaning.doctype:
                named.append(Naming(tokens[start:end], meaning.doctype))
            elif not whole and meaning.choice and _decides(meaning.choice, start, end, tokens):
                choices.add(meaning.choice)
                meant.add(meaning.language)
                understood.update(range(start, end))
    # A bare number in the name of a kind ("12") names nothing by itself.
    if all(word.isdecimal() for naming in named for word in naming.words):
        named = []
    if any(m.doctype for m in whole) and named:
        choices, meant = set(), set()
    languages = _languages(tokens, meant, spoken=Choice.SPEAK in choices)
    words = tokens if any(not token.isdecimal() for token in tokens) else ()
    is_clear = len(understood) == len(tokens)
    return Said(event_id, frozenset(choices), languages, None, tuple(dict.fromkeys(named)), words, is_clear)


def _languages(tokens: tuple[str, ...], meant: set[str], *, spoken: bool) -> tuple[str, ...]:
    """Give the languages that a text can be in, in the order in which they are offered.

    The script decides, narrowed by what was understood in each language. In Latin letters only the latter tells.
    `spoken`: the text names a language, in whatever script.
    """
    written = set() if spoken else _written_in("".join(tokens))
    possible = (written & meant or written) if written else meant
    return tuple(code for code in codes() if code in possible)


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
def _phrases(script: str) -> dict[tuple[str, ...], list[Meaning]]:
    """Index what is understood, by its folded words: what is written in a script; "" for plain Latin letters.

    A cold start waits for this, so only what the text needs is indexed, and all phrases of a meaning are folded in
    one go.
    """
    index: dict[tuple[str, ...], list[Meaning]] = {}
    for language in catalogues():
        if script not in {"", language.texts["language.script"]}:
            continue
        for meaning, phrases in _vocabulary(language):
            separated = phrases.replace("\n", ",").split(",")
            wanted = [phrase for phrase in separated if phrase.isascii() == (script == "")]
            for phrase in _folded(_BETWEEN.join(wanted)).split(_BETWEEN):
                if tokens := tuple(phrase.split()):
                    index.setdefault(tokens, []).append(meaning)
    return index


def _meanings(tokens: tuple[str, ...], scripts: Iterable[str]) -> list[Meaning]:
    return [meaning for script in scripts for meaning in _phrases(script).get(tokens, ())]


def _vocabulary(language: Catalogue) -> Iterator[tuple[Meaning, str]]:
    for name, text in language.texts.items():
        section, _, rest = name.partition(".")
        kind, _, doctype = rest.partition(".")
        if section == "document":
            yield Meaning(language.code, doctype=rest), _one_phrase(text)
        elif section == "button":
            yield Meaning(language.code, Choice(rest)), _one_phrase(text)
        elif section == "words":
            yield Meaning(language.code, doctype=doctype) if doctype else Meaning(language.code, Choice(kind)), text


def _one_phrase(title: str) -> str:
    """A title is one phrase, whatever commas are in it: "Yes, delete" is no yes."""
    return title.replace(",", " ")


def _written_in(text: str) -> set[str]:
    """Give the languages that are written in the script of a text; none for Latin letters, which all are at times."""
    letters = set(_foreign(text))
    if not letters:
        return set()
    languages = [catalogue(code) for code in codes()]
    script = max(map(_script, letters), key=[_script(letter) for letter in text if letter in letters].count)
    candidates = [language for language in languages if language.texts["language.script"] == script != "LATIN"]
    own = [language for language in candidates if letters & set(language.texts["language.letters"])]
    return {language.code for language in own or candidates}


def _foreign(text: str) -> list[str]:
    """Give the letters that are none of English."""
    return [] if text.isascii() else [one for one in text if not one.isascii() and one.isalpha()]


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0]
