"""Values are dataclasses like any other, but for how they come to be."""

import dataclasses
from dataclasses import field

import pytest

from helpdesk.conversation.model import Conversation, Stage, Waiting
from helpdesk.storage.codec import CLASSES
from helpdesk.storage.conversations import Entry, Person, Stored
from helpdesk.values import dataclass, replace


@dataclass(frozen=True)
class Ours:
    number: int
    secret: str = field(default="", repr=False)
    words: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Standard:
    number: int
    secret: str = field(default="", repr=False)
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Other:
    number: int
    secret: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Number:
    number: int


@dataclass(frozen=True, kw_only=True)
class Checked:
    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("too small")

    def __repr__(self) -> str:
        return "checked"


def test_a_value_shows_what_the_standard_library_shows() -> None:
    shown = repr(Ours(1, "hidden", ("a",)))
    assert shown == repr(Standard(1, "hidden", ("a",))).replace("Standard", "Ours")
    assert "hidden" not in shown


def test_values_are_equal_if_their_class_and_fields_are() -> None:
    assert Ours(1, words=("a",)) == Ours(1, "", ("a",))
    assert Ours(1) != Ours(2)
    others: list[object] = [Other(1), Standard(1), Ours(2)]
    assert Ours(1) not in others
    assert len({Ours(1), Ours(1), Ours(2)}) == 2
    assert hash(replace(Ours(2), number=1)) == hash(Ours(1))


def test_fields_patterns_and_keywords_are_as_ever() -> None:
    assert [one.name for one in dataclasses.fields(Ours)] == ["number", "secret", "words"]
    match Ours(1, words=("a",)):
        case Ours(number, _, (word,)):
            assert (number, word) == (1, "a")
    with pytest.raises(TypeError):
        Ours()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Checked(1)  # type: ignore[call-arg]


def test_a_class_keeps_its_own_methods_and_checks() -> None:
    assert repr(Checked(number=1)) == "checked"
    with pytest.raises(ValueError, match="too small"):
        Checked(number=-1)


def test_a_class_that_extends_a_value_has_its_own_constructor_each_time() -> None:
    class Seven(Number):
        def __init__(self) -> None:
            super().__init__(7)

    assert [Seven().number, Seven().number, Number(1).number] == [7, 7, 1]


# --- copies ---------------------------------------------------------------------------------------------------------

BEFORE = Conversation(language="hi", stage=Stage.OTP, waiting=(Waiting("step", 1),))


def test_a_copy_is_what_the_standard_library_makes() -> None:
    copy = replace(BEFORE, stage=Stage.MENU, waiting=())
    assert copy == dataclasses.replace(BEFORE, stage=Stage.MENU, waiting=())
    assert hash(copy) == hash(dataclasses.replace(BEFORE, stage=Stage.MENU, waiting=()))
    assert type(copy) is Conversation


def test_the_original_stays_as_it_is() -> None:
    copy = replace(BEFORE, language="bn")
    assert (BEFORE.language, copy.language) == ("hi", "bn")
    assert vars(BEFORE) | {"language": "bn"} == vars(copy)


@pytest.mark.parametrize("cls", [*CLASSES.values(), Entry, Person, Stored], ids=lambda cls: cls.__name__)
def test_what_is_stored_can_be_copied_without_its_constructor(cls: type) -> None:
    """Slots have no `__dict__`, and checks in `__post_init__` would not be made."""
    assert not hasattr(cls, "__slots__")
    assert not hasattr(cls, "__post_init__")
    assert all(one.init for one in dataclasses.fields(cls))
