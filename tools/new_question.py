"""Begin a new question of the dialogue: python -m tools.new_question pets_name

It gets a stage, a chapter, its line in stages.py, and its texts in every catalogue. They are in English until they are
translated: tests/unit/languages name those that are not. What leads to the question is yours to write:
`goto(conversation, Stage.PETS_NAME)`.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = Path("layers/helpdesk/helpdesk")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

_CHAPTER = '''"""{title}."""

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import Text
from helpdesk.conversation.events import CitizenEvent
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.turn import (
    Context,
    Expects,
    Question,
    Turn,
    explains,
    goto,
    match_choice,
    question,
    reset_to,
    say,
    text,
)

OPTIONS = (Choice.YES, Choice.NO)


def ask(conversation: Conversation, _: Context, note: Text | None = None) -> Turn:
    """Put the question."""
    asked = reset_to(conversation, Stage.{stage})
    return asked, (say(asked, "{name}.ask", *question(Stage.{stage}, *OPTIONS), note=note),)


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """*Yes* and *No* lead to the menu."""
    match match_choice(event, Stage.{stage}, OPTIONS):
        case Choice.YES | Choice.NO:
            return goto(conversation, Stage.MENU)
    return ask(conversation, context, note=text("not_understood"))


{stage} = Question(
    ask=ask,
    answer=answer,
    back=Stage.MENU,
    help=explains("{name}", *question(Stage.{stage}, *OPTIONS)),
    expects=(Expects.CHOICE,),
    answers=frozenset(OPTIONS),
)
'''
_TEXTS = """
[{name}.ask]
{title}?

1. *Yes*
2. *No*

[help.{name}]
This question is about: {title}.

[example.{name}]
For example, type *Yes*.
"""


def add_question(name: str, root: Path = ROOT) -> list[Path]:
    """Add a question to the code under `root` and return the files that were changed or made.

    Raises ValueError for a name that is invalid, or taken.
    """
    package = root / PACKAGE
    model, stages = package / "conversation" / "model.py", package / "conversation" / "stages.py"
    chapter = package / "conversation" / "chapters" / f"{name}.py"
    stage = name.upper()
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r}: a name has small letters, digits and underscores")
    if chapter.exists() or re.search(rf"^    {stage} = ", model.read_text(encoding="utf-8"), re.MULTILINE):
        raise ValueError(f"{name}: there is such a question already")
    words = {"name": name, "stage": stage, "title": name.replace("_", " ").capitalize()}
    chapter.write_text(_CHAPTER.format(**words), encoding="utf-8")
    _insert(model, before='    LANGUAGE = "language"\n', text=f'    {stage} = "{name}"\n')
    _insert(stages, before="    Stage.LISTING: ", text=f"    Stage.{stage}: {name}.{stage},\n")
    _import(stages, name)
    catalogues = sorted((package / "languages").glob("*.txt"))
    for catalogue in catalogues:
        with catalogue.open("a", encoding="utf-8") as file:
            file.write(_TEXTS.format(**words))
    return [model, chapter, stages, *catalogues]


def _insert(path: Path, *, before: str, text: str) -> None:
    content = path.read_text(encoding="utf-8")
    if content.count(before) != 1:
        raise ValueError(f"{path.name}: {before.strip()!r} does not stand there once")
    path.write_text(content.replace(before, text + before), encoding="utf-8")


def _import(path: Path, name: str) -> None:
    """Add a chapter to those that are imported, in alphabetical order."""
    head, names, tail = re.split(
        r"(?<=from helpdesk\.conversation\.chapters import \(\n)((?:    \w+,\n)+)",
        path.read_text(encoding="utf-8"),
        maxsplit=1,
    )
    chapters = sorted({*names.splitlines(keepends=True), f"    {name},\n"})
    path.write_text(head + "".join(chapters) + tail, encoding="utf-8")


def main() -> None:
    """Add the question that is named."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        changed = add_question(sys.argv[1])
    except ValueError as error:
        sys.exit(str(error))
    for path in changed:
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
