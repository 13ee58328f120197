"""The result of one of the doctor's checks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fine:
    """All is well, or the check does not apply. `what`: what was seen."""

    what: str


@dataclass(frozen=True)
class Mend:
    """Something is wrong. `how`: what to do about it."""

    what: str
    how: str


class CannotTell(Exception):
    """A check cannot be made from here. The message says why, and where to look instead."""


type Finding = Fine | Mend
