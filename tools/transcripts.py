"""Write changed texts into the transcripts of tests/conversations: python -m tools.transcripts [--since COMMIT]

Run it after you change a catalogue. Each transcript is played twice: with the catalogues of a commit (HEAD, unless
--since names another), and with those on disk. If the same messages come in the same order with the same buttons, the
texts and titles are brought up to date. Otherwise the transcript is left alone and the reason is printed: the dialogue
itself has changed, and only a person can say whether that is right.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import yaml

from helpdesk.conversation.choices import read_tap
from helpdesk.conversation.events import Tapped
from helpdesk.languages.catalogue import parse
from helpdesk.whatsapp.messages import ButtonsMessage, LinkMessage, ListMessage, Message
from tests.conversations.chat import Chat, matches, transcripts

ROOT = Path(__file__).parents[1]
LANGUAGES = Path("layers/helpdesk/helpdesk/languages")
ELIDED = "…"
_LONGEST_LINE = 110


class Shown(msgspec.Struct, frozen=True):
    """A message of the desk as a transcript shows it, and which buttons it has, whatever their titles."""

    text: str
    buttons: tuple[str, ...]
    titles: tuple[str, ...]


class Played(msgspec.Struct, frozen=True):
    """A transcript as it went: for each line what the desk said in answer; and what each tap was."""

    said: list[list[Shown]]
    taps: dict[int, str]
    stopped: str = ""


class RefusedError(Exception):
    """A transcript has not only other texts."""


class RecordedChat(Chat):
    """A chat that also keeps which buttons each message has."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.shown: list[Shown] = []

    def _show(self, message: Message) -> None:
        super()._show(message)
        match message:
            case ButtonsMessage(buttons=buttons):
                marked = [(button.id, button.title) for button in buttons]
            case ListMessage(rows=rows):
                marked = [(row.id, row.title) for row in rows]
            case LinkMessage(display_text=title):
                marked = [("link", title)]
            case _:
                marked = []
        ids = tuple(_without_ids(mark) for mark, _ in marked)
        self.shown.append(Shown(self.said[-1], ids, tuple(title for _, title in marked)))

    def tap(self, mark: str) -> None:
        """Tap a button, whatever its title."""
        self.happens(Tapped(self._step(), read_tap(mark)))


def play(name: str, taps: dict[int, str] | None = None) -> Played:
    """Play a transcript by the catalogues of this process. `taps`: what is tapped, by the number of the line."""
    transcript = next(one for one in transcripts() if one.name == name)
    chat = RecordedChat(transcript.citizen, transcript.rules)
    said: list[list[Shown]] = []
    tapped: dict[int, str] = {}
    for number, line in enumerate(transcript.chat):
        chat.said.clear()
        tap = _tap(line)
        try:
            if "desk" in line:
                pass
            elif tap is not None:
                tapped[number] = taps[number] if taps else chat.tappable[tap]
                chat.tap(tapped[number])
            else:
                chat.play(line)
        except (KeyError, StopIteration, ValueError) as error:
            return Played(said, tapped, f"line {number + 1}, {line}: {type(error).__name__}: {error}")
        by_text = {one.text: one for one in chat.shown}
        said.append([by_text.get(text, Shown(text, (), ())) for text in chat.said])
    return Played(said, tapped)


def _tap(line: dict[str, Any]) -> str | None:
    text = str(line.get("she", ""))
    return text[1:-1] if text.startswith("[") and text.endswith("]") else None


def _without_ids(mark: str) -> str:
    """Return a button's id without the step or list that it belongs to."""
    return re.sub(r"[0-9a-f]{16,}", "…", mark)


def _play_before(names: list[str], commit: str) -> dict[str, Played]:
    """Play transcripts with the catalogues of a commit and the code on disk."""
    listed = _git("ls-tree", "--name-only", commit, f"{LANGUAGES}/").split()
    with tempfile.TemporaryDirectory() as folder:
        layer = shutil.copytree(ROOT / "layers/helpdesk", Path(folder) / "layers/helpdesk")
        for path in (path for path in listed if path.endswith(".txt")):
            before = _git("show", f"{commit}:{path}")
            (Path(folder) / path).write_text(f"{before}\n{_added(before, ROOT / path)}", encoding="utf-8")
        ran = subprocess.run(
            [sys.executable, "-m", "tools.transcripts", "--play", *names],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": f"{layer}:{ROOT}"},
            capture_output=True,
            check=False,
        )
    if ran.returncode:
        sys.exit(ran.stderr.decode())
    return msgspec.json.decode(ran.stdout, type=dict[str, Played])


def _added(before: str, path: Path) -> str:
    """Return the texts that an earlier catalogue lacks and the code needs."""
    known, now = parse(before), parse(path.read_text(encoding="utf-8"))
    return "\n\n".join(f"[{key}]\n{text}" for key, text in now.items() if key not in known)


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


# --------------------------------------------------------------------------------------------- writing it down


def updated(content: str, before: Played, after: Played) -> str:
    """Return a transcript with the texts of now. Raises RefusedError where more than texts has changed."""
    if before.stopped or after.stopped:
        raise RefusedError(before.stopped or after.stopped)
    lines = _lines(content)
    pending: list[tuple[Shown, Shown]] = []
    changes: list[tuple[int, int, str]] = []
    titles: dict[str, str] = {}
    for number, (line, node) in enumerate(lines):
        if "desk" in line:
            if not pending:
                raise RefusedError(f"line {number + 1}: the desk says nothing there")
            was, now = pending.pop(0)
            if not matches(line["desk"], now.text):
                if not matches(line["desk"], was.text):
                    raise RefusedError(f"line {number + 1} was not right before the change either: {line['desk']}")
                changes.append((*_place(content, node, "desk"), _written(_retold(line["desk"], was, now))))
        else:
            tap = _tap(line)
            if tap is not None and titles.get(tap, tap) != tap:
                changes.append((*_place(content, node, "she"), f'"[{titles[tap]}]"\n'))
        told, tells = before.said[number], after.said[number]
        if [one.buttons for one in told] != [one.buttons for one in tells]:
            raise RefusedError(
                f"line {number + 1}: other messages or buttons: {[one.buttons for one in told]} before, "
                f"now {[one.buttons for one in tells]}"
            )
        pending += zip(told, tells, strict=True)
        for was, now in zip(told, tells, strict=True):
            titles |= dict(zip(was.titles, now.titles, strict=True))
    for start, end, text in reversed(changes):
        content = content[:start] + text + content[end:]
    return content


def _lines(content: str) -> list[tuple[dict[str, Any], yaml.MappingNode]]:
    root: Any = yaml.compose(content, Loader=yaml.SafeLoader)
    chat = next(value for key, value in root.value if key.value == "chat")
    plain = yaml.safe_load(content)["chat"]
    return list(zip(plain, chat.value, strict=True))


def _place(content: str, node: yaml.MappingNode, key: str) -> tuple[int, int]:
    """Return where a value is in the file, up to the beginning of the next line."""
    value = next(value for name, value in node.value if name.value == key)
    start, end = value.start_mark.index, value.end_mark.index
    if content[end - 1] != "\n":
        end = content.index("\n", end) + 1
    return start, end


def _written(text: str) -> str:
    if "\n" not in text and len(text) <= _LONGEST_LINE:
        return json.dumps(text, ensure_ascii=False) + "\n"
    return "|\n" + "".join(f"      {line}\n" for line in text.splitlines())


def _retold(expected: str, was: Shown, now: Shown) -> str:
    """Return the new text, without the lines that were left out of the old one if it has as many."""
    old, new = _told(was), _told(now)
    if len(old) != len(new) or ELIDED not in expected:
        return "\n".join(new)
    hidden = _hidden(expected, old)
    kept = [ELIDED if hides else line for line, hides in zip(new, hidden, strict=True)]
    parts = [next(iter(group)) if line == ELIDED else "\n".join(group) for line, group in groupby(kept)]
    return _joined(parts)


def _joined(parts: list[str]) -> str:
    text = "\n".join(parts)
    return re.sub(r"\n…(?=\n|$)", " …", text)


def _told(shown: Shown) -> list[str]:
    return [line.rstrip() for line in shown.text.splitlines() if line.strip()]


def _hidden(expected: str, lines: list[str]) -> Iterator[bool]:
    """Return, for each line of a text, whether an … stood for all of it."""
    parts = [re.escape(" ".join(part.split())) for part in expected.split(ELIDED)]
    pattern = r"\s*(.*?)\s*".join(f"({part})" for part in parts)
    pattern = pattern.replace(r"\ ", r"\s+")
    found = re.fullmatch(pattern, "\n".join(lines), re.DOTALL)
    covered = [found.span(group) for group in range(1, 2 * len(parts), 2)] if found else []
    start = 0
    for line in lines:
        end = start + len(line)
        yield found is not None and not any(max(a, start) < min(b, end) for a, b in covered)
        start = end + 1


def main() -> None:
    """Bring all transcripts up to date, and say which stay as they are."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--play"]:
        sys.stdout.buffer.write(msgspec.json.encode({name: play(name) for name in arguments[1:]}))
        return
    commit = arguments[1] if arguments[:1] == ["--since"] else "HEAD"
    paths = sorted((ROOT / "tests/conversations").glob("*.yaml"))
    before = _play_before([path.stem for path in paths], commit)
    refused = 0
    for path in paths:
        content = path.read_text(encoding="utf-8")
        told = before[path.stem]
        try:
            new = updated(content, told, play(path.stem, told.taps))
        except RefusedError as error:
            refused += 1
            print(f"{path.relative_to(ROOT)}: not touched. {error}")
            continue
        if new != content:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: texts brought up to date")
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()
