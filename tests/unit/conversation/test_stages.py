"""The table of the dialogue: every stage is in it, with all that belongs to a question."""

import ast
from pathlib import Path

import pytest

from helpdesk.conversation import chapters
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import OfferLanguages, Say
from helpdesk.conversation.events import Said
from helpdesk.conversation.model import Conversation, Form, Rules, Session, Stage, Waiting
from helpdesk.conversation.open_question import carried_out, go_back
from helpdesk.conversation.stages import STAGES
from helpdesk.conversation.turn import Context, Expects, Goto, Question
from helpdesk.languages.catalogue import catalogues

NOW = 1_800_000_000
CONTEXT = Context(NOW, Rules(), "step")
AT_WORK = {
    *(Stage.SENDING_OTP, Stage.VERIFYING, Stage.MAKING_LINK, Stage.EXCHANGING),
    *(Stage.LISTING, Stage.SEARCHING, Stage.PULLING),
}


def at(stage: Stage, form: Form | None = None) -> Conversation:
    waiting = (Waiting("step", NOW),) if stage in AT_WORK else ()
    return Conversation(stage=stage, form=form, session=Session(NOW, NOW + 900, "list"), waiting=waiting)


def test_every_stage_is_in_the_table() -> None:
    assert set(STAGES) == set(Stage)


@pytest.mark.parametrize("stage", Stage)
def test_every_aspect_of_a_question_is_given(stage: Stage) -> None:
    question = STAGES[stage]
    assert isinstance(question, Question)
    assert all(callable(aspect) for aspect in (question.ask, question.answer, question.help))
    assert isinstance(question.back, Stage) or callable(question.back)
    assert all(isinstance(expected, Expects) for expected in question.expects)
    assert (question.waits_for is not None) is (stage in AT_WORK)
    assert question.expects or question.waits_for


@pytest.mark.parametrize("stage", Stage)
def test_help_explains_it_in_every_language(stage: Stage) -> None:
    shown = STAGES[stage].help(at(stage))
    match shown:
        case Say(text=text) | OfferLanguages(note=text):
            assert text is not None
            assert text.key.startswith("help.")
            assert all(text.key in catalogue.texts for catalogue in catalogues())


@pytest.mark.parametrize("form", [None, Form()], ids=["signing in", "signing up"])
@pytest.mark.parametrize("stage", Stage)
def test_a_question_can_be_put_and_gone_back_from(stage: Stage, form: Form | None) -> None:
    here = at(stage, form)
    for turn in (
        STAGES[stage].ask(here, CONTEXT, None),
        STAGES[stage].answer(here, Said("step"), CONTEXT),
        go_back(here, Said("step", frozenset({Choice.BACK})), CONTEXT),
    ):
        after, effects = carried_out(turn, CONTEXT)
        assert after.stage in STAGES
        assert effects
        assert not any(isinstance(effect, Goto) for effect in effects)


def test_a_chapter_leads_on_without_importing_another() -> None:
    """At most twice in all: what two chapters share is no chapter."""
    folder = Path(chapters.__file__).parent
    names = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    imports = []
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            assert node.module.removeprefix("helpdesk.conversation.") not in {
                "advance",
                "stages",
                "commands",
                "answers",
            }
            if node.module == "helpdesk.conversation.chapters":
                imports += [(path.stem, alias.name) for alias in node.names]
            elif node.module.startswith("helpdesk.conversation.chapters."):
                imports.append((path.stem, node.module.rpartition(".")[2]))
    assert all(imported in names for _, imported in imports)
    assert len(imports) <= 2
