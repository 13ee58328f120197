"""What every stage of the dialogue is written with: how a message is put, and what an answer picks."""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import Button, Effect, Revoke, Say, Text
from helpdesk.conversation.events import FromHer, Said, Tapped
from helpdesk.conversation.model import Conversation, Stage, Waiting

type Turn = tuple[Conversation, tuple[Effect, ...]]

# Buttons that mean the same wherever they are tapped, today or next week.
SERVICES = Button(Choice.SERVICES)
LANGUAGE = Button(Choice.LANGUAGE)
HELP = Button(Choice.HELP)
MENU = Button(Choice.MENU)
CANCEL = Button(Choice.CANCEL)
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
        "only_text",
        "number_not_now",
        "sign_up.not_a_name",
        "sign_up.not_a_date",
        "sign_up.not_a_mobile",
        "aadhaar.length",
        "aadhaar.first_digit",
        "aadhaar.checksum",
        "otp.length",
        "documents.no_such_name",
        "documents.no_such_number",
        "documents.long_number",
        "pull.not_accepted",
    }
)
"""Notes which say that an answer was none."""

_REFUSALS = {Choice.NO, Choice.DECLINE}


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


def question(stage: Stage, *choices: Choice) -> tuple[Button, ...]:
    """Make the buttons of a question. They count only while it is open."""
    return tuple(Button(choice, stage.value) for choice in choices)


def picks(
    event: FromHer, stage: Stage, options: tuple[Choice, ...], *, numbered: bool = True, **also: Choice
) -> Choice | None:
    """Say which of the question's options the answer picks: by its button, its number, or a word for it.

    `numbered` is false where a number can't mean an option. `also` names further words by choice: `yes=Choice.AGREE`
    lets a *yes* stand for *I agree*.
    """
    match event:
        case Tapped(tap=tap) if tap and tap.place in {"", stage.value} and tap.choice in options:
            return tap.choice
        case Said(number=int(number)) if numbered and 1 <= number <= len(options):
            return options[number - 1]
        case Said(choices=choices):
            said = [option for option in options if option in choices]
            said += [option for word, option in also.items() if Choice(word) in choices]
            # Whoever says both yes and no ("ok, but no") has not agreed.
            return next((option for option in said if option in _REFUSALS), said[0] if said else None)
    return None


def waits(conversation: Conversation, stage: Stage, event_id: str, now: int) -> Conversation:
    """Go to a stage in which nothing is asked until the step `event_id` is answered."""
    return replace(conversation, stage=stage, previous=None, again=None, waiting=(Waiting(event_id, now),))


def settled(conversation: Conversation, event_id: str) -> Conversation:
    """Stop waiting for a step."""
    return replace(conversation, waiting=tuple(w for w in conversation.waiting if w.id != event_id))


def left(conversation: Conversation, stage: Stage) -> Conversation:
    """Leave whatever was going on: no answer is wanted any more, nothing half-done is kept. She stays signed in."""
    left = replace(conversation, stage=stage, previous=None, waiting=(), otp=None, again=None)
    return replace(left, link=None, form=None, pull=None, was_closed=False)


def signed_out(conversation: Conversation, stage: Stage) -> Turn:
    """End the session: the list and the tokens are forgotten here, and the tokens are revoked at DigiLocker."""
    effects = (Revoke(conversation.session.tokens),) if conversation.session else ()
    return replace(left(conversation, stage), session=None, documents=(), wanted=None), effects
