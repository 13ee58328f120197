"""No folder of tests is forgotten."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_RUN = {"benchmarks", "sam_local"}
"""Measurements, and what needs Docker (`make sam-local`)."""


def test_every_folder_with_tests_is_run() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run = {Path(path).name for path in settings["tool"]["pytest"]["ini_options"]["testpaths"]}
    there = {path.parent.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    assert run == there - NOT_RUN
