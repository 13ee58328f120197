"""Runs the SAM CLI, which has its own environment beside ours."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def sam(*words: str) -> bool:
    """Run a command of it in the operator's terminal. Returns whether it succeeded."""
    executable = Path(sys.prefix) / "sam" / "bin" / "sam"
    return subprocess.run([executable, *words], cwd=ROOT, check=False).returncode == 0  # noqa: S603 - our own words
