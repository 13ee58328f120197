"""What can be brought into her DigiLocker: a type of document, its issuer, and what the issuer wants to know."""

import re
import unicodedata

from helpdesk.structs import Tagged

_LONGEST_VALUE = 100
"""Characters of what is entered for a parameter; ours."""

_SHAPES = (
    (r"(?:19|20)[0-9]{2}|yyyy", r"(?:19|20)[0-9]{2}"),
    (r"[0-9]{2}-[0-9]{2}-[0-9]{4}|dd-mm-yyyy", r"[0-9]{2}-[0-9]{2}-[0-9]{4}"),
    (r"[0-9]{2}/[0-9]{2}/[0-9]{4}|dd/mm/yyyy", r"[0-9]{2}/[0-9]{2}/[0-9]{4}"),
)
"""Shape of an example -> pattern of the value."""


class Offer(Tagged, frozen=True):
    """A type of document; and who issues it, where that is one."""

    doctype: str
    title: str
    """What DigiLocker calls it."""
    org_id: str = ""
    """DigiLocker's number for the issuer; empty where there are several to choose from."""
    issuer_id: str = ""
    """What the URIs of its documents start with."""
    issuer: str = ""

    @property
    def called(self) -> dict[str, str]:
        """What a text calls it by: our short name for its doctype, where we have one."""
        return {"document": self.title, "doctype": self.doctype}


class Parameter(Tagged, frozen=True):
    """Something that an issuer wants to know before it looks for a document."""

    name: str
    """As it is sent."""
    label: str
    """As it is asked for, in English."""
    example: str = ""
    values: tuple[str, ...] = ()
    """All that it may be, as it is sent; empty: anything."""
    labels: tuple[str, ...] = ()
    """The same as it is shown; empty: as it is sent."""

    @property
    def shown(self) -> tuple[str, ...]:
        """What is shown for each of the values."""
        return self.labels or self.values

    @property
    def pattern(self) -> str:
        """A regular expression for what it looks like, "" where that cannot be told.

        Read off the example (inferred; DigiLocker tells no pattern), and only for years and dates: numbers of licences
        and policies have many lengths.
        """
        if self.values:
            return ""
        return next((pattern for shape, pattern in _SHAPES if re.fullmatch(shape, self.example, re.IGNORECASE)), "")

    def accept(self, entered: str) -> str | None:
        """Return what was entered as it is to be sent: one line, a listed value in its spelling. None: not acceptable.

        Digits of any script become those that issuers know.
        """
        value = "".join(_ascii_digit(character) for character in " ".join(entered.split()))
        if not 0 < len(value) <= _LONGEST_VALUE or not value.isprintable():
            return None
        if self.values:
            pairs = (*zip(self.shown, self.values, strict=True), *zip(self.values, self.values, strict=True))
            return next((sent for shown, sent in pairs if shown.casefold() == value.casefold()), None)
        return value if not self.pattern or re.fullmatch(self.pattern, value) else None


def _ascii_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)
