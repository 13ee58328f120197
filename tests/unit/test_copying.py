import dataclasses

import pytest

from helpdesk.conversation.model import Conversation, Stage, Waiting
from helpdesk.copying import replace
from helpdesk.storage.codec import CLASSES
from helpdesk.storage.conversations import Person, Stored

BEFORE = Conversation(language="hi", stage=Stage.OTP, waiting=(Waiting("step", 1),))


def test_a_copy_is_what_the_standard_library_makes() -> None:
    copy = replace(BEFORE, stage=Stage.MENU, waiting=())
    assert copy == dataclasses.replace(BEFORE, stage=Stage.MENU, waiting=())
    assert hash(copy) == hash(dataclasses.replace(BEFORE, stage=Stage.MENU, waiting=()))
    assert type(copy) is Conversation


def test_the_original_and_its_copy_stay_as_they_are() -> None:
    copy = replace(BEFORE, language="bn")
    assert copy != BEFORE
    assert BEFORE.language == "hi"
    with pytest.raises(dataclasses.FrozenInstanceError):
        copy.language = "en"  # type: ignore[misc]


@pytest.mark.parametrize("cls", [*CLASSES.values(), Person, Stored], ids=lambda cls: cls.__name__)
def test_what_is_stored_or_in_a_conversation_can_be_copied_this_way(cls: type) -> None:
    """Slots have no `__dict__`, and checks in `__post_init__` would not be made."""
    assert not hasattr(cls, "__slots__")
    assert not hasattr(cls, "__post_init__")
    assert all(field.init for field in dataclasses.fields(cls))
