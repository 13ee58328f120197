"""The conversations of tests/conversations, for showing them in the page."""

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "conversations"
_PLAYABLE = {"she", "she sends", "desk"}
"""Time that passes and answers that DigiLocker makes up cannot be had from a running help desk."""

_NAMED = {"<her Aadhaar number>", "<her VID>", "<the OTP>", "<a wrong OTP>"}
"""What the page knows to type."""


def listed() -> list[dict[str, Any]]:
    """Return name, subject and citizen of each conversation, and whether it can be replayed on a running help desk."""
    return [
        {
            "name": path.stem,
            "about": content["about"],
            "citizen": content["citizen"],
            "playable": all(_is_playable(line) for line in content["chat"]),
        }
        for path, content in ((path, _read(path)) for path in sorted(FOLDER.glob("*.yaml")))
    ]


def _is_playable(line: dict[str, Any]) -> bool:
    said = str(line.get("she", ""))
    return line.keys() <= _PLAYABLE and (not said.startswith("<") or said in _NAMED)


def transcript(name: str) -> dict[str, Any] | None:
    """Return one conversation as it is written, or None."""
    path = FOLDER / f"{name}.yaml"
    if path.parent != FOLDER or not path.is_file():
        return None
    content = _read(path)
    lines = [{key: str(value) for key, value in line.items()} for line in content["chat"]]
    return {"name": name, "about": content["about"], "citizen": content["citizen"], "chat": lines}


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return content
