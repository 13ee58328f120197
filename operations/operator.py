"""The person at the terminal: asked, told, and waited for."""

import getpass
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

type Ask = Callable[[str], str]
"""Shows a prompt and returns what is typed."""
type Confirm = Callable[[str], bool]
"""Asks a question that can be answered with yes."""


class Stopped(Exception):
    """A step cannot be done. The message says why, and what to do."""


@dataclass(frozen=True)
class Operator:
    """Whoever runs a command. Without a terminal nothing is asked: what has no answer in advance stops the command."""

    ask: Ask
    """For secrets: what is typed is not shown."""
    confirm: Confirm
    tell: Callable[[str, str], None]
    sleep: Callable[[float], None]
    read: Ask = input
    """For everything else."""
    present: bool = True
    """Whether somebody can answer."""
    agreed: bool = False
    """Whether the changes that are shown were agreed to in advance (YES=yes)."""


def at_the_terminal(*, agreed: bool = False) -> Operator:
    """Return the operator who runs this command."""
    if sys.stdin.isatty():
        return Operator(getpass.getpass, _confirmed, _told, _waited, agreed=agreed)
    return Operator(_unanswered, lambda _question: False, _told, _waited, _unanswered, present=False, agreed=agreed)


def _confirmed(question: str) -> bool:
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def _unanswered(_prompt: str) -> str:
    return ""


def _told(step: str, what: str) -> None:
    print(f"  {step:<9}{what}" if step else what, flush=True)


def _waited(seconds: float) -> None:
    print("  ...      functions read a changed secret within half a minute; trying again soon", flush=True)
    time.sleep(seconds)
