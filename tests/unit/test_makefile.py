"""The verbs of the Makefile that touch files, in a project of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the Makefile, and with tools that are there already."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "requirements-dev.txt").touch()
    for name in (".venv/.ready", ".uv/bin/uv"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    os.utime(tmp_path / "requirements-dev.txt", (0, 0))
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return tmp_path


def make(verb: str, project: Path) -> None:
    subprocess.run(["make", verb], cwd=project, check=True, capture_output=True, timeout=60)  # noqa: S603, S607


def test_format_mends_what_can_be_mended_by_itself(project: Path) -> None:
    module = project / "module.py"
    module.write_text("import os\nx = {  'a':1 }\n")

    make("format", project)

    assert module.read_text() == 'x = {"a": 1}\n'


def test_clean_removes_what_was_built_and_leaves_tools_and_sources(project: Path) -> None:
    built = [".aws-sam/build/x", "build/logs/x", ".mypy_cache/x", "functions/__pycache__/x.pyc"]
    kept = [".venv/lib/__pycache__/x.pyc", "functions/app.py"]
    for name in (*built, *kept):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).touch()

    make("clean", project)

    assert [name for name in (*built, *kept) if (project / name).exists()] == kept
