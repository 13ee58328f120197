"""Imports point downwards only: a folder may use those that are listed below it, and none above."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GROUND = {f"operations.{path.stem}" for path in (ROOT / "operations").glob("*.py")}
"""What the three rooms of operations/ share. Deployment may use the other two as well."""
MAY_IMPORT: dict[str, set[str]] = {
    "layers/helpdesk/helpdesk": {"helpdesk"},
    "functions": {"helpdesk"},
    # What an operator does at Meta, `make run` does at its stand-in.
    "standins": {"standins", "operations.building", "operations.stage.forms", "operations.stage.graph"},
    "tools": {"tools", "helpdesk", "tests"},
    "template_checks": {"template_checks"},
    "capacity_model": {"capacity_model", "helpdesk"},
    "operations": {"operations", "helpdesk", "template_checks"},
    "operations/building": {*GROUND, "operations.building"},
    "operations/stage": {*GROUND, "operations.stage", "helpdesk", "template_checks"},
    "events": {"events", "operations", "standins", "helpdesk"},
}
OURS = {*(folder for folder in MAY_IMPORT if "/" not in folder), "helpdesk", "tests"}


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_nothing_is_imported_from_above(folder: str) -> None:
    upward = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in _imported(path)
        if name.split(".")[0] in OURS
        and not any(f"{name}.".startswith(f"{allowed}.") for allowed in MAY_IMPORT[folder])
    ]
    assert upward == []


def _imported(path: Path) -> list[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names] + [
        node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level
    ]
