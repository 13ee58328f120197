"""The worked examples of CONTRIBUTING.md, carried out on a copy of the code as they are written there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tools.new_question import PACKAGE, ROOT, add_question

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^### Worked example: (.+)\n((?:(?!^##).*\n)+)", GUIDE, re.MULTILINE))
_WHERE = re.compile(
    r"(?:[Nn]ew file `(?P<name>[^`]+)` in `(?P<folder>[^`]+)`"
    r"|[Ii]n `(?P<copy>[^`]+)`, a copy of `(?P<original>[^`]+)`"
    r"|[Aa]t the end of (?:each of )?`(?P<file>[^`]+)`"
    r"|[Ii]n\s+`(?P<path>[^`]+)`,\s+(?P<place>before|after|instead of)\s+`(?P<line>[^`]+)`)"
)
_BLOCK = re.compile(r"^```\w*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_PLAY = """
import sys
from tests.conversations.chat import transcripts
from tests.conversations.test_transcripts import test_goes_as_written as plays

for transcript in transcripts():
    plays(transcript)
    print(transcript.name)
"""


class Change(NamedTuple):
    """One place in a file, and what the guide writes there."""

    where: re.Match[str]
    text: str


def changes(example: str) -> Iterator[Change]:
    """Return what an example changes. Every block says where it goes, in the paragraph above it."""
    begin = 0
    for block in _BLOCK.finditer(example):
        places = list(_WHERE.finditer(example, begin, block.start()))
        assert places, f"where does this go?\n{block[0]}"
        yield from (Change(where, block["text"]) for where in places)
        begin = block.end()


def carry_out(root: Path, change: Change) -> None:
    """Write a change into the copy."""
    where, text = change
    if where["name"]:
        created = at(root, where["folder"]) / where["name"]
        assert not created.exists(), created
        created.write_text(text, encoding="utf-8")
    elif where["copy"]:
        original = at(root, where["original"])
        content = original.read_text(encoding="utf-8")
        for key, section in re.findall(r"^\[(\S+)\]\n((?:(?!^\[).*\n?)+)", text, re.MULTILINE):
            content, found = re.subn(
                rf"(?<=^\[{re.escape(key)}\]\n)(?:(?![\[#]).*\n)*", section + "\n", content, flags=re.MULTILINE
            )
            assert found == 1, key
        (original.parent / Path(where["copy"]).name).write_text(content, encoding="utf-8")
    elif where["file"]:
        pattern = Path(where["file"])
        files = sorted(at(root, str(pattern.parent)).glob(pattern.name))
        assert files, pattern
        for path in files:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"\n{text}" if path.suffix == ".txt" else text)
    else:
        path = at(root, where["path"])
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        (number,) = (number for number, line in enumerate(lines) if line.strip() == where["line"])
        begin = number + (where["place"] == "after")
        lines[begin : begin + (where["place"] == "instead of")] = [text]
        path.write_text("".join(lines), encoding="utf-8")


def at(root: Path, name: str) -> Path:
    """Return the place that a path of the guide means."""
    return root / name if (root / name).exists() else root / PACKAGE / name


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of what the examples change. Of the chats, only their own are in it."""
    skipped = shutil.ignore_patterns("__pycache__", "*.json", "a_*.yaml")
    for folder in (PACKAGE, Path("events")):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skipped)
    shutil.copytree(ROOT / "forms", tmp_path / "forms")
    (tmp_path / "tests" / "conversations").mkdir(parents=True)
    for name in ("chat.py", "test_transcripts.py"):
        shutil.copy(ROOT / "tests" / "conversations" / name, tmp_path / "tests" / "conversations")
    for name in ("standins", "operations"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


type Do = Callable[[str], None]


@pytest.fixture
def do(root: Path) -> Do:
    """Carry out an example, format it as `make format` does, and see that the code it touches keeps to the style."""

    def carried_out(name: str) -> None:
        done = list(changes(EXAMPLES[name]))
        for change in done:
            carry_out(root, change)
        touched = {str(at(root, one.where["path"])) for one in done if (one.where["path"] or "").endswith(".py")}
        touched |= {str(at(root, one.where["folder"]) / one.where["name"]) for one in done if one.where["name"]}
        code = sorted(path for path in touched if path.endswith(".py"))
        for command in (("format",), ("check",)) if code else ():
            run(root, "-m", "ruff", *command, "--config", str(ROOT / "pyproject.toml"), *code)

    return carried_out


def run(root: Path, *arguments: str) -> str:
    """Run Python on the copy, and on the repository for what is not copied. Returns what it prints."""
    path = os.pathsep.join(map(str, (root / PACKAGE.parent, root, ROOT)))
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_example_of_the_guide_is_tried_here() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    assert len(EXAMPLES) == 5
    assert [name for name in EXAMPLES if f'do("{name}")' not in here] == []


def test_a_language(root: Path, do: Do) -> None:
    do("the first words of Nepali")
    assert run(root, "-c", _PLAY).split() == ["the_menu_in_nepali"]


def test_a_document(root: Path, do: Do) -> None:
    do("the vaccine certificate")
    assert run(root, "-c", _PLAY).split() == ["a_vaccine_certificate"]
    understood = """
from helpdesk.conversation.model import Conversation
from helpdesk.understanding.reading import read
print(read("1", "कोविड वाला टीका", Conversation(language="hi")).event.doctypes)
"""
    assert run(root, "-c", understood) == "('VACER',)\n"


def test_a_kind_of_message(root: Path, do: Do) -> None:
    do("pinned messages")
    received = """
import time

from events import make, samples, seeding
from helpdesk.service import inbound
from helpdesk.whatsapp.webhook import Kind, parse
from operations.webhook import WebhookAccess

sample = samples.samples(WebhookAccess(app_secret="0" * 32), int(time.time()))["webhook/pin"]
(message,) = parse(sample["body"].encode()).messages
assert message.kind is Kind.PIN
assert message.kind in inbound._NO_STEP
assert "pin" in seeding._AT_THE_MENU
print(make.expectations()["webhook/pin"])
"""
    assert run(root, "-c", received) == "{'is': 'a pinned message: nothing comes', 'answer': 200}\n"


def test_a_question(root: Path, do: Do) -> None:
    (name,) = re.findall(r"make new-question NAME=(\w+)", EXAMPLES["a question"])
    add_question(name, root)
    do("a question")
    assert run(root, "-c", _PLAY).split() == ["a_child_at_the_menu"]


def test_a_step_that_asks_digilocker(root: Path, do: Do) -> None:
    do("a step that asks DigiLocker")
    assert run(root, "-c", _PLAY).split() == ["files_of_her_own"]
    asked = """
from types import SimpleNamespace

from helpdesk.conversation.effects import CountUploads
from helpdesk.conversation.model import Conversation, Rules
from helpdesk.outbound import Deadline
from helpdesk.service.digilocker_gateway import DigiLockerGateway
from helpdesk.service.digilocker_requests import DigiLockerRequests

client = SimpleNamespace(uploaded_files=lambda token, seconds: {"a token": 3}[token])
nothing = dict.fromkeys(("pull", "directory", "documents", "secret", "links"))
gateway = DigiLockerGateway(client=client, **nothing)
sealed = SimpleNamespace(open=lambda stored, name, entry: {"token": "a token"}[name])
asking = DigiLockerRequests(gateway=lambda: gateway, sealed=sealed, records=None, directory=None, rules=Rules())
stored, entry = SimpleNamespace(conversation=Conversation(), sealed={}), SimpleNamespace(step="1")
print(asking.answer(stored, entry, CountUploads(), Deadline.after(30), again=True).event)
"""
    assert run(root, "-c", asked) == "UploadsCounted(id='1', files=3)\n"
