"""Numbers as people type them: digits of any script, with spaces and dashes; and the check digit of Aadhaar numbers."""

import unicodedata
from enum import StrEnum

from helpdesk.structs import Value

AADHAAR_DIGITS = 12
VIRTUAL_ID_DIGITS = 16
OTP_DIGITS = 6
MOBILE_DIGITS = 10
"""An Indian mobile without its country code."""
LARGEST_CHOICE = 999
"""A number with more digits than this is never taken for a choice, so it is never handled in the clear."""

_SEPARATORS = frozenset(" \t\n\u00a0\u200b\u200c\u200d\u2007\u2009\u202f-\u2010\u2011\u2012\u2013\u2014\u2212./_")

# The Verhoeff scheme: multiplication in the dihedral group D5, and the permutation by position (Verhoeff, 1969).
_PRODUCT = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_PERMUTATION = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


class Fault(StrEnum):
    """Why a number cannot be an Aadhaar number or VID, a mobile number, or a date."""

    LENGTH = "length"
    FIRST_DIGIT = "first_digit"
    CHECKSUM = "checksum"
    IMPOSSIBLE = "impossible"
    """A date that no calendar has, or a mobile number that nobody can have."""


class Group(Value, frozen=True):
    """A run of digits in a text, as ASCII digits; `spaced` if separators stood inside."""

    digits: str
    spaced: bool

    def __repr__(self) -> str:
        """Only the length: the digits may be an identity number."""
        return f"Group({len(self.digits)} digits)"


def digit_groups(text: str) -> list[Group]:
    """Find the runs of digits in `text`, of any script; single separators inside a run are allowed."""
    groups: list[Group] = []
    digits: list[str] = []
    gap = 0
    spaced = False
    for character in text:
        value = unicodedata.decimal(character, None)
        if value is not None:
            spaced = spaced or gap > 0
            gap = 0
            digits.append(str(value))
        elif digits and character in _SEPARATORS and gap < 3:
            gap += 1
        elif digits:
            groups.append(Group("".join(digits), spaced))
            digits, gap, spaced = [], 0, False
    if digits:
        groups.append(Group("".join(digits), spaced))
    return groups


def national_mobile(text: str) -> str:
    """Return the ten digits of a mobile number written with +91 or 0, or without; "" for what has another length."""
    digits = "".join(group.digits for group in digit_groups(text))
    if "+" in text and len(digits) == MOBILE_DIGITS + 2:
        digits = digits.removeprefix("91")
    elif len(digits) == MOBILE_DIGITS + 1:
        digits = digits.removeprefix("0")
    return digits if len(digits) == MOBILE_DIGITS else ""


def mobile_fault(digits: str) -> Fault | None:
    """Say whether ten digits can't be an Indian mobile number: those start with 6 to 9."""
    return None if digits.startswith(("6", "7", "8", "9")) else Fault.IMPOSSIBLE


def identity_fault(digits: str) -> Fault | None:
    """Say what is wrong with an Aadhaar number (12 digits) or VID (16 digits); None if its form is right.

    An Aadhaar number starts with 2 to 9, and both end in a Verhoeff check digit. A right form proves nothing else.
    """
    if len(digits) not in {AADHAAR_DIGITS, VIRTUAL_ID_DIGITS}:
        return Fault.LENGTH
    if len(digits) == AADHAAR_DIGITS and digits[0] in "01":
        return Fault.FIRST_DIGIT
    return None if verhoeff(digits) else Fault.CHECKSUM


def verhoeff(digits: str) -> bool:
    """Return whether the last digit is the Verhoeff check digit of the others."""
    check = 0
    for position, digit in enumerate(reversed(digits)):
        check = _PRODUCT[check][_PERMUTATION[position % 8][int(digit)]]
    return check == 0
