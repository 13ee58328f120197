"""What she wishes for before she is signed in: how long it is kept, and what it does."""

import pytest

from helpdesk.conversation.model import Conversation, Stage, Wish
from standins.digilocker.citizens import everyone
from tests.conversations.chat import Chat

LICENCE = Wish(("DRVLC",))


def chat(*said: str) -> Chat:
    here = Chat(next(one for one in everyone() if one.name == "ASHA VERMA"))
    for text in said:
        here.say(text)
    return here


@pytest.mark.parametrize(
    "before",
    [
        (),
        ("Hi",),
        ("Hi", "1"),
        ("Hi", "1", "Yes"),
        ("Hi", "1", "Yes", "I agree"),
        ("Hi", "1", "Yes", "I agree", "<her Aadhaar number>"),
        ("Hi", "Language"),
        ("Hi", "Delete my data"),
    ],
)
def test_it_is_heard_at_every_question_before_she_is_signed_in(before: tuple[str, ...]) -> None:
    here = chat(*before, "I want my driving licence")
    assert here.conversation.wish == LICENCE
    assert here.said[-1].startswith("*Driving licence*: please sign in first.")


@pytest.mark.parametrize("word", ["Hi", "Menu", "Cancel", "Stop", "No, thanks", "Another person", "yes delete it"])
def test_where_she_ends_something_herself_it_is_forgotten(word: str) -> None:
    here = chat("driving licence", *(("Delete my data",) if "delete" in word else ()), word)
    assert here.conversation.wish is None


def test_a_word_for_several_kinds_is_read_back_as_these_and_waits_for_the_list() -> None:
    here = chat("I want my marksheet")
    assert here.said[-1].startswith("*Class 12 marksheet / Class 10 marksheet*: please sign in first.")
    for text in ("[I agree]", "<her Aadhaar number>", "<the OTP>"):
        here.say(text)
    assert here.said[-1].startswith("Several documents match. Which one do you want?")


def test_it_ends_with_her_silence_and_the_question_stays_open() -> None:
    here = chat("driving licence")
    here.later("16 minutes")
    assert (here.conversation.wish, here.conversation.stage) == (None, Stage.CONSENT)
    here.say("[I agree]")
    assert here.conversation.stage is Stage.AADHAAR


def test_signed_in_she_gets_it_from_the_menu_too() -> None:
    here = chat("Hi", "1", "Yes", "I agree", "<her Aadhaar number>", "<the OTP>", "Menu", "my driving licence please")
    assert here.said[-1].startswith("(Driving licence.pdf)")


def test_what_no_short_name_is_known_for_is_looked_for_on_the_list() -> None:
    here = chat()
    here.conversation = Conversation(stage=Stage.AADHAAR, wish=Wish(), active_at=here.now)
    here.say("<her Aadhaar number>")
    here.say("<the OTP>")
    assert here.said[-1].startswith("If your document is not on this list")
