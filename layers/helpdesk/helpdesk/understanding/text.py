"""A text as it is compared: normalised once where it enters, and its words.

What looks alike or sounds alike is made alike: invisible characters, digits in any dress, nukta, the length of vowels,
the joined and the spelt-out nasal. Indian scripts lie in Unicode in one order, so one table serves nine of them.
"""

import re
import unicodedata
from functools import cache

LONGEST_TEXT = 400
"""Characters that are looked at. Whoever writes more is not answering one of our questions."""
BREAK = ","
"""Stands among the words where a comma, a full stop or a new line ends a part of the sentence."""
ASKS = "?"

_BREAKS = frozenset(",;.!।॥|:،؛۔/&()[]\n\u2026")
_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
_APOSTROPHES = frozenset("'\u2018\u2019\u02bc`\u00b4")
_BETWEEN = re.compile(r"(?<=[0-9])(?=[^0-9\s])|(?<=[^0-9\s])(?=[0-9])|(?<=[a-z])(?=[^\x00-\x7f])")


class _Normal(dict[int, str]):
    """What stands for a character in a normalised text, found out once for each character."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        digit = unicodedata.digit(character, None)
        normal = character
        if category in {"Cf", "Me"} or 0xFE00 <= code <= 0xFE0F or 0x1F3FB <= code <= 0x1F3FF:
            normal = ""  # joins, directs, surrounds a digit, or colours a hand
        elif digit is not None and category in {"Nd", "No"}:
            normal = str(digit)
        elif character in _DASHES:
            normal = "-"
        elif category == "Zs":
            normal = " "
        elif code > 0x2000 and unicodedata.decomposition(character).startswith("<"):
            normal = unicodedata.normalize("NFKC", character)
        self[code] = normal
        return normal


_NORMAL = _Normal()


def normalised(text: str) -> str:
    """Return a text without invisible characters, with ASCII digits, plain spaces and dashes."""
    return unicodedata.normalize("NFC", text).translate(_NORMAL)


class _Folded(dict[int, str]):
    """What stands for a character in a word that is compared; a space ends the word."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if character in _APOSTROPHES or category == "Cf" or 0xFE00 <= code <= 0xFE0F:
            folded = ""
        elif category == "Nd":
            folded = str(unicodedata.decimal(character))
        # Vowel signs and viramas of Indian scripts are marks: they belong to the word.
        elif character.isalnum() or category[0] == "M":
            folded = character
        elif character in "?؟":
            folded = f" {ASKS} "
        elif character in _BREAKS:
            folded = f" {BREAK} "
        elif category == "So":
            folded = f" {character} "
        else:
            folded = " "
        self[code] = folded
        return folded


_FOLDED = _Folded()


def words(text: str) -> tuple[str, ...]:
    """Split a text into words that can be compared: no case, digits apart from letters, breaks as words too."""
    return tuple(_BETWEEN.sub(" ", _plus_two(_caseless(text)).translate(_FOLDED)).split())


def fold(text: str) -> tuple[str, ...]:
    """Split a text into words as the directory of issuers has them: digits stay with their letters."""
    return tuple(_caseless(text).translate(_PHRASES).split())


def fold_lines(text: str) -> list[str]:
    """Fold phrases, one to a line, all in one go."""
    return _BETWEEN.sub(" ", _plus_two(_caseless(text)).translate(_PHRASES)).split("\n")


def _caseless(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _plus_two(text: str) -> str:
    """Return a text in which "+2", India's name for classes 11 and 12, is a word."""
    return text.replace("+2", " plus 2 ")


class _Phrases(dict[int, str]):
    """As `_FOLDED`, but what ends a part of a sentence is a space, and lines stay lines."""

    def __missing__(self, code: int) -> str:
        folded = "\n" if code == ord("\n") else _FOLDED[code].replace(f" {BREAK} ", " ")
        self[code] = folded
        return folded


_PHRASES = _Phrases()


# How words that sound alike become alike. Offsets into a block of 128 characters, the same in nine scripts.

_LIKE = {
    0x08: 0x07, 0x0A: 0x09, 0x0D: 0x0F, 0x0E: 0x0F, 0x10: 0x0F, 0x11: 0x06, 0x12: 0x13, 0x14: 0x13,  # letters
    0x40: 0x3F, 0x42: 0x41, 0x45: 0x47, 0x46: 0x47, 0x48: 0x47, 0x49: 0x3E, 0x4A: 0x4B, 0x4C: 0x4B,  # signs
    0x23: 0x28, 0x29: 0x28, 0x36: 0x38, 0x37: 0x38, 0x31: 0x30, 0x33: 0x32, 0x34: 0x32,  # consonants
}  # fmt: skip
_LEFT_OUT = (0x01, 0x02, 0x03, 0x3C, 0x70, 0x71)
"""Chandrabindu, anusvara, visarga, nukta; Gurmukhi's tippi and addak."""
_BLOCKS = range(0x0900, 0x0D80, 0x80)
_VIRAMAS = "".join(chr(block + 0x4D) for block in _BLOCKS)
_NASALS = "".join(chr(block + offset) for block in _BLOCKS for offset in (0x19, 0x1E, 0x23, 0x28, 0x2E))
_CONSONANTS = "".join(chr(block + offset) for block in _BLOCKS for offset in range(0x15, 0x3A))
_NASAL = re.compile(f"[{_NASALS}][{_VIRAMAS}](?=[{_CONSONANTS}])")
"""A nasal before another consonant: written as a sign as well, which is left out."""
_OTHERS = {
    0x09CE: "ত", 0x09F0: "র", 0x09F1: "ব", 0x09DF: "য", 0x0B71: "ଵ", 0x0B5F: "ଯ",
    **{ord(character): "ی" for character in "يىئۍ"}, **{ord(character): "ک" for character in "كڪ"},
    **{ord(character): "ہ" for character in "هھةۃحۂ"}, **{ord(character): "ا" for character in "أإآٱ"},
    **{ord(character): "ز" for character in "ذضظ"}, **{ord(character): "س" for character in "صث"},
    **{ord(character): "ن" for character in "ں"}, **{ord(character): "و" for character in "ؤ"},
    ord("ط"): "ت", ord("ۓ"): "ے", ord("ع"): "ا", **dict.fromkeys((*range(0x064B, 0x0660), 0x0670), ""),
}  # fmt: skip
_SOUNDS = {
    **{block + one: chr(block + other) for block in _BLOCKS for one, other in _LIKE.items()},
    **{block + one: "" for block in _BLOCKS for one in _LEFT_OUT},
    **_OTHERS,
}
_LATIN = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"ph", "f"),
        (r"c?ch", "C"),
        (r"ee|ea|ie(?=[a-z])", "i"),
        (r"oo|ou", "u"),
        (r"(?<=[a-zC])h", ""),
        (r"ck|q", "k"),
        (r"c(?=[eiy])", "s"),
        (r"z", "j"),
        (r"w", "v"),
        (r"x", "ks"),
        (r"(?<=[aeiou])y(?=[aeiou])", ""),
        (r"y\b", "i"),
        (r"([a-zC])\1+", r"\1"),
    )
)
_TWICE = re.compile(rf"([\u0900-\u0d7f])[{_VIRAMAS}]?\1+|[{_VIRAMAS}](?![\u0900-\u0d7f])")
_FINAL = {0x0D7A + place: f"{letter}\u0d4d" for place, letter in enumerate("ണനരലളക")}
"""Malayalam's final consonants, spelt out."""


def sounds(text: str) -> str:
    """Return how the words of a folded text sound: words with one sound are one word in another spelling."""
    if text.isascii():
        for pattern, sound in _LATIN:
            text = pattern.sub(sound, text)
        return text
    return _TWICE.sub(r"\1", _NASAL.sub("", text.translate(_FINAL)).translate(_SOUNDS))


def one_apart(one: str, other: str) -> bool:
    """Return whether two different words are one slip of the finger apart."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    rest, others = one[start:], other[start:]
    swapped = rest[:2] == others[1::-1] if len(rest) > 1 and len(others) > 1 else False
    return rest[1:] == others[1:] or rest[1:] == others or rest == others[1:] or (swapped and rest[2:] == others[2:])


@cache
def script(letter: str) -> str:
    """Return the script of a letter, as Unicode names it."""
    return unicodedata.name(letter, "").split(" ")[0]


def foreign(text: str) -> list[str]:
    """Return the letters that are not English."""
    return [] if text.isascii() else [one for one in text if not one.isascii() and one.isalpha()]
