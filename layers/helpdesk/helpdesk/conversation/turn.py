"""What every chapter of the dialogue is written with: questions, messages, and what an answer picks."""

from collections.abc import Callable, Iterable
from enum import Enum, auto

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import Button, Effect, OfferLanguages, Request, Revoke, Say, Text
from helpdesk.conversation.events import CitizenEvent, Failed, Said, Tapped
from helpdesk.conversation.model import Conversation, Rules, Stage, Waiting, Wish
from helpdesk.conversation.place import Door
from helpdesk.structs import Value


class Context(Value, frozen=True):
    """When something happens (seconds since the epoch), under which rules, and the id of the step that it is."""

    now: int
    rules: Rules
    step: str
    door: Door | None = None
    """What she finds at the door, if it was looked at."""


class Goto(Value, frozen=True):
    """Stands among the effects where another chapter's question is put. `goto` makes it; `advance` carries it out."""

    stage: Stage
    note: Text | None = None


type Turn = tuple[Conversation, tuple[Effect | Goto, ...]]
"""The next conversation, and what is to be done."""


class Expects(Enum):
    """What can answer a question, beside the words and buttons that mean the same everywhere."""

    CHOICE = auto()
    """One of its buttons or rows, a word for it, or its number."""
    AADHAAR = auto()
    OTP = auto()
    DATE = auto()
    MOBILE = auto()
    NAME = auto()
    VALUE = auto()
    """What an issuer wants to know."""
    DOCUMENT = auto()
    """A document on the list, by its number or name."""
    WORDS = auto()
    """Words for a document that is looked for elsewhere."""
    CODE = auto()
    """The one-time code that the page shows after DigiLocker."""
    ANYTHING = auto()


class Question(Value, frozen=True, kw_only=True):
    """All that belongs to one stage of the dialogue."""

    ask: Callable[[Conversation, Context, Text | None], Turn]
    """Put the question, after a note on what just happened. Where DigiLocker is asked, have it asked."""
    answer: Callable[[Conversation, CitizenEvent, Context], Turn]
    back: Stage | Callable[[Conversation, Context], Turn]
    """Where *Back* leads."""
    help: Callable[[Conversation], Say | OfferLanguages]
    """What *Help* says. The question can still be answered."""
    expects: tuple[Expects, ...]
    answers: frozenset[Choice] = frozenset()
    """The words that answer it, whatever they mean elsewhere."""
    waits_for: Callable[[Conversation], Request | None] | None = None
    """What DigiLocker is asked meanwhile, where it is at work."""


def goto(conversation: Conversation, stage: Stage, note: Text | None = None) -> Turn:
    """Hand over to the question of another chapter."""
    return conversation, (Goto(stage, note),)


def explains(key: str, *buttons: Button) -> Callable[[Conversation], Say]:
    """Return the help of a question whose buttons are always the same."""
    return lambda conversation: say(conversation, f"help.{key}", *buttons)


def wait(conversation: Conversation, *_: object) -> Turn:
    """She writes while DigiLocker is at work."""
    return conversation, (say(conversation, "wait", CANCEL),)


def longer(conversation: Conversation) -> Say:
    """Return what she is told of work that is late because of a queue."""
    return say(conversation, "longer", CANCEL)


def at_work(
    waits_for: Callable[[Conversation], Request | None],
    *,
    back: Stage | Callable[[Conversation, Context], Turn],
    ask: Callable[[Conversation, Context, Text | None], Turn] = wait,
) -> Question:
    """Return the question of a stage in which nothing is asked, since DigiLocker is at work."""
    return Question(ask=ask, answer=wait, back=back, help=explains("waiting", CANCEL), expects=(), waits_for=waits_for)


# Buttons that mean the same wherever they are tapped, today or next week.
SERVICES = Button(Choice.SERVICES)
LANGUAGE = Button(Choice.LANGUAGE)
HELP = Button(Choice.HELP)
MENU = Button(Choice.MENU)
CANCEL = Button(Choice.CANCEL)
CONTINUE = Button(Choice.CONTINUE)
NEW_DOCUMENT = Button(Choice.NEW_DOCUMENT)
OTHER_DOCUMENTS = Button(Choice.OTHER_DOCUMENTS)
DONE = Button(Choice.DONE)
PERSON = Button(Choice.PERSON)
PRIVACY = Button(Choice.PRIVACY)
DELETE_DATA = Button(Choice.DELETE_DATA)
NEW_LINK = Button(Choice.NEW_LINK, Stage.LINK.value)
ANOTHER_PERSON = Button(Choice.ANOTHER_PERSON)
START_AGAIN = Button(Choice.GREETING)

MISSED = frozenset(
    {
        "not_understood",
        "not_clear",
        "only_text",
        "number_not_now",
        "sign_up.not_a_name",
        "sign_up.not_a_date",
        "sign_up.not_a_mobile",
        "aadhaar.length",
        "aadhaar.first_digit",
        "aadhaar.checksum",
        "otp.length",
        "documents.refused",
        "documents.no_such_number",
        "documents.long_number",
        "pull.not_accepted",
    }
)
"""Notes which say that an answer was none."""

_MOST_KINDS = 3
"""Kinds of documents that a wish is read back as."""
_REFUSALS = {Choice.NO, Choice.DECLINE}
_DELETING = {Choice.DELETE, Choice.DELETE_DATA}
ACTS = frozenset({Choice.AGREE, Choice.SEND, Choice.DELETE, Choice.DONE, Choice.STOP, Choice.SIGN_UP})
"""What acts: it needs a clear and whole answer, in every language."""
_LONGEST_ECHO = 60
"""Characters of her words that are repeated to her."""


def say(
    conversation: Conversation,
    key: str,
    *buttons: Button,
    note: Text | None = None,
    about: int = 0,
    shows: tuple[str, ...] = (),
    **values: object,
) -> Say:
    """Make the message `key` in her language."""
    return Say(conversation.language, text(key, **values), buttons, note, about=about, shows=shows)


def text(key: str, **values: object) -> Text:
    """Name a text of the catalogue and the values to put in."""
    return Text(key, tuple((name, str(value)) for name, value in values.items()))


def advice(conversation: Conversation) -> Text | None:
    """Advise her to delete her messages with number and OTP, if she was not advised yet."""
    return text("documents.tip") if conversation.session and not conversation.session.advised else None


def confirmation(wish: Wish) -> Text:
    """Say what she wishes for, and that she signs in first."""
    return text("wish.kept", kinds=" ".join(wish.doctypes[:_MOST_KINDS])) if wish.doctypes else text("wish.some")


def question(stage: Stage, *choices: Choice) -> tuple[Button, ...]:
    """Make the buttons of a question. They count only while it is open."""
    return tuple(Button(choice, stage.value) for choice in choices)


def is_meant(event: CitizenEvent, choice: Choice, acts: frozenset[Choice] = ACTS) -> bool:
    """Return whether a choice may be carried out: a tap, or what does no harm, or words that are clear and whole.

    A contrary word, a question, or words that were not understood leave room for doubt.
    """
    return choice not in acts or not isinstance(event, Said) or event.is_clear


def not_understood(event: CitizenEvent) -> Text:
    """Say that an answer was not understood, and which of its words were not."""
    words = echoed(event.unknown) if isinstance(event, Said) and event.choices else ""
    return text("not_clear", words=words) if words else text("not_understood")


def echoed(words: Iterable[str]) -> str:
    """Return her words as they are repeated to her: never a number, and not too many."""
    return " ".join(word for word in words if not any(map(str.isdecimal, word)))[:_LONGEST_ECHO]


def match_choice(
    event: CitizenEvent,
    stage: Stage,
    options: tuple[Choice, ...],
    *,
    numbered: bool = True,
    acts: frozenset[Choice] = ACTS,
    **also: Choice,
) -> Choice | None:
    """Say which of the question's options the answer picks: by its button, its number, or a word for it.

    `numbered` is false where a number can't mean an option. `also` names further words by choice: `yes=Choice.AGREE`
    lets a *yes* stand for *I agree*. `acts`: what is picked only by a clear and whole answer.
    """
    match event:
        case Tapped(tap=tap) if tap and tap.place in {"", stage.value} and tap.choice in options:
            return tap.choice
        case Said(number=int(number)) if numbered and 1 <= number <= len(options):
            return options[number - 1] if is_meant(event, options[number - 1], acts) else None
        case Said(choices=choices):
            picked = _said_of(choices, options, also)
            return picked if picked and is_meant(event, picked, acts) else None
    return None


def _said_of(choices: frozenset[Choice], options: tuple[Choice, ...], also: dict[str, Choice]) -> Choice | None:
    """Return which option words mean. Whoever says both yes and no ("ok, but no") has not agreed."""
    said = [option for option in options if option in choices]
    said += [option for word, option in also.items() if Choice(word) in choices]
    if (not _DELETING.isdisjoint(choices) and Choice.DELETE not in options) or (
        Choice.SEND in choices and Choice.DELETE in options
    ):
        said = [option for option in said if option in _REFUSALS]  # "yes, delete" agrees to nothing else
    return next((option for option in said if option in _REFUSALS), said[0] if said else None)


def await_answer(conversation: Conversation, stage: Stage, context: Context) -> Conversation:
    """Go to a stage in which nothing is asked until this step is answered."""
    waiting = (Waiting(context.step, context.now),)
    return replace(conversation, stage=stage, previous=None, again=None, waiting=waiting)


def stop_waiting(conversation: Conversation, event_id: str) -> Conversation:
    """Stop waiting for a step."""
    return replace(conversation, waiting=tuple(w for w in conversation.waiting if w.id != event_id))


def reset_to(conversation: Conversation, stage: Stage) -> Conversation:
    """Leave whatever was going on: no answer is wanted any more, nothing half-done is kept. She stays signed in."""
    left = replace(conversation, stage=stage, previous=None, waiting=(), otp=None, again=None)
    return replace(left, link=None, flow=None, form=None, pull=None, was_closed=False)


def signed_out(
    conversation: Conversation, stage: Stage, *, is_refused: bool = False
) -> tuple[Conversation, tuple[Effect, ...]]:
    """End the session: the list and the tokens are forgotten here, and the tokens are revoked at DigiLocker.

    `is_refused`: DigiLocker refuses the access token, so there is nothing to revoke unless it could be refreshed.
    """
    session = conversation.session
    effects = (Revoke(session.tokens),) if session and not (is_refused and not session.token_until) else ()
    return replace(
        reset_to(conversation, stage), session=None, documents=(), wanted=None, wish=None, place=None
    ), effects


def taken_back(conversation: Conversation, event: Failed) -> Conversation:
    """Take an OTP back that is known not to have been sent. The number stays among those that she tried."""
    mine = next((tried for tried in conversation.tried if tried.step == event.id), None)
    if mine is None or not event.unsent:
        return conversation
    others = tuple(tried for tried in conversation.tried if tried is not mine)
    if all(tried.mark != mine.mark for tried in others):
        others = (*others, replace(mine, refused=True))
    return replace(conversation, tried=others)
