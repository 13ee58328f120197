"""What `make new-question` adds, tried on a copy of the product."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.new_question import PACKAGE, ROOT, add_question

ASKED = """
from helpdesk.conversation.advance import advance
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.events import Said
from helpdesk.conversation.model import Conversation, Rules, Stage
from helpdesk.conversation.stages import STAGES
from helpdesk.conversation.turn import Context
from helpdesk.languages.catalogue import catalogues

assert set(STAGES) == set(Stage)
asked, (question,) = STAGES[Stage.PETS_NAME].ask(Conversation(), Context(1, Rules(), "0"), None)
assert asked.stage is Stage.PETS_NAME
assert all(question.text.key in catalogue.texts for catalogue in catalogues())


def say(conversation, *choices):
    after, effects = advance(conversation, Said("1", frozenset(choices)), 1, Rules())
    keys = [text.key for text in (effects[0].note, effects[0].text, effects[0].more) if text]
    assert all(key in catalogue.texts for key in keys for catalogue in catalogues()), keys
    return after, keys


missed, keys = say(asked)
assert keys == ["not_understood", "pets_name.ask"]
assert say(missed)[1] == ["not_understood", "pets_name.ask", "example.pets_name"]
assert say(asked, Choice.HELP)[1] == ["help.pets_name", "help.ways"]
assert say(asked, Choice.YES)[0].stage is Stage.MENU
assert say(asked, Choice.BACK)[0].stage is Stage.MENU
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / PACKAGE, tmp_path / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def changed(root: Path) -> dict[str, tuple[str, str]]:
    """Return what each file that differs was and is."""
    files = {path.relative_to(root): path.read_text() for path in root.rglob("*") if path.suffix in {".py", ".txt"}}
    before = {path: (ROOT / path).read_text() if (ROOT / path).exists() else "" for path in files}
    return {str(path): (before[path], after) for path, after in files.items() if after != before[path]}


def test_a_new_question_can_be_asked_answered_explained_and_gone_back_from(root: Path) -> None:
    add_question("pets_name", root)
    environment = {**os.environ, "PYTHONPATH": str(root / PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", ASKED], env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own code
    assert done.returncode == 0, done.stderr


def test_a_new_question_touches_four_code_files_at_most_and_takes_nothing_away(root: Path) -> None:
    made = add_question("pets_name", root)
    differing = changed(root)
    assert {str(path.relative_to(root)) for path in made} == differing.keys()
    code = [name for name in differing if name.endswith(".py")]
    assert len(code) <= 4
    assert len(differing) - len(code) == 13
    for before, after in differing.values():
        lines = after.splitlines()
        assert all(line in lines for line in before.splitlines())


def test_what_is_added_keeps_to_the_style(root: Path) -> None:
    code = [str(path) for path in add_question("pets_name", root) if path.suffix == ".py"]
    for command in (("ruff", "check"), ("ruff", "format", "--check")):
        arguments = [sys.executable, "-m", *command, "--config", str(ROOT / "pyproject.toml"), *code]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)  # noqa: S603 - see above
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["", "Pets", "pets-name", "account", "otp", "../x"])
def test_a_name_that_is_none_or_taken_changes_nothing(root: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"name|already"):
        add_question(name, root)
    assert changed(root) == {}
