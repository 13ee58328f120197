"""Runs the SAM CLI, which has an environment of its own beside ours."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]


def sam(*words: str) -> bool:
    """Run a command of it in the operator's terminal, so that it can ask. Tell whether it succeeded."""
    executable = Path(sys.prefix) / "sam" / "bin" / "sam"
    return subprocess.run([executable, *words], cwd=ROOT, check=False).returncode == 0  # noqa: S603 - our own words


def overrides(stage: str, parameters: Sequence[str]) -> list[str]:
    """Give the words that change some of the stack's parameters (`NAME=VALUE`); the others stay as they are."""
    return ["--parameter-overrides", f"Stage={stage}", *parameters] if parameters else []
