"""Every screen of the form fits a phone in every language: no text is longer than its place."""

from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import AnswerForm, Button, Say, ShowDocuments, Text
from helpdesk.conversation.flow import Flow
from helpdesk.conversation.model import Conversation, IssuedDocument, OtpRound, Session, Stage
from helpdesk.conversation.screens import Screen
from helpdesk.languages.catalogue import Catalogue, catalogue, catalogues
from helpdesk.service.form_screens import FormScreens
from helpdesk.service.renderer import Renderer
from standins.digilocker.citizens import everyone
from tests.conversations.chat import FORM
from tools.forms import data_faults

NOW = 1_800_000_000
SCREENS = FormScreens(Renderer(900, 900, names={"department": "Department of Electronics and Information Technology"}))
LISTED = tuple(
    IssuedDocument(one.name, one.doctype, one.issuer, one.uri, "application/pdf" in one.media_types)
    for one in {one.uri: one for citizen in everyone() for one in citizen.issued}.values()
)
every_language = pytest.mark.parametrize("language", catalogues(), ids=lambda language: language.code)


def conversation(language: Catalogue, documents: tuple[IssuedDocument, ...] = ()) -> Conversation:
    """Return a conversation whose form is open."""
    flow = Flow("a" * 24, NOW, number=3)
    session = Session(NOW, NOW + 3600, "12345678", count=len(documents)) if documents else None
    stage = Stage.DOCUMENTS if documents else Stage.FORM
    made = Conversation(language=language.code, stage=stage, flow=flow, otp=OtpRound(NOW, NOW + 600, 3, "34"))
    return replace(made, session=session, documents=documents)


def shown(answer: AnswerForm, here: Conversation) -> dict[str, Any]:
    """Return the data of a screen, if a phone takes it."""
    screen: Any = SCREENS.answer(answer, here, "1." + "0" * 120, NOW)
    assert screen["screen"] == answer.screen
    assert data_faults(FORM, screen["screen"], screen["data"]) == []
    data: dict[str, Any] = screen["data"]
    return data


@every_language
@pytest.mark.parametrize("screen", [Screen.CONSENT, Screen.NUMBER, Screen.SIGN_UP, Screen.OTP, Screen.CLOSED])
def test_a_screen_fits_in_every_language_and_shows_no_bold_marks(language: Catalogue, screen: Screen) -> None:
    data = shown(AnswerForm(screen), conversation(language))
    assert "*" not in "".join(map(str, data.values()))
    assert "{" not in "".join(text for text in data.values() if isinstance(text, str))


@every_language
@pytest.mark.parametrize("at", range(0, len(LISTED), 20))
def test_any_documents_fit_by_their_titles_and_differ(language: Catalogue, at: int) -> None:
    documents = LISTED[at : at + 20]
    listed = AnswerForm(Screen.DOCUMENTS, ShowDocuments(language.code, "12345678"))
    options = shown(listed, conversation(language, documents))["documents"]
    assert len({(option["title"], option["description"]) for option in options}) == len(documents)


@pytest.mark.parametrize("key", ["otp.retry", "otp.new"])
@every_language
def test_what_went_wrong_is_told_below_and_what_to_do_above(language: Catalogue, key: str) -> None:
    note, buttons = Text("otp.wrong", (("tries", "2"),)), ()
    data = shown(AnswerForm(Screen.OTP, Say(language.code, Text(key), buttons, note)), conversation(language))
    assert "2" in data["error_message"]
    assert data["ask"] == language.texts[key].replace("*", "")


@every_language
def test_a_problem_closes_the_form_with_why_and_what_to_do(language: Catalogue) -> None:
    problem = Say(language.code, Text("problem.busy"), (Button(Choice.MENU),))
    data = shown(AnswerForm(Screen.CLOSED, problem), conversation(language))
    assert language.texts["problem.busy"] in data["text"]
    assert data["text"].endswith(language.texts["form.go_on"])


def test_a_form_that_closes_says_nothing_but_which_one_it_was() -> None:
    assert SCREENS.answer(AnswerForm(Screen.SUCCESS), conversation(catalogue("en")), "token", NOW) == {
        "screen": "SUCCESS",
        "data": {"extension_message_response": {"params": {"flow_token": "token"}}},
    }
