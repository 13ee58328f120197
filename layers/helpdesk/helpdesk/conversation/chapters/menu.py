"""Hi, the menu, and help."""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import Text
from helpdesk.conversation.events import CitizenEvent
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.turn import (
    HELP,
    LANGUAGE,
    MENU,
    PERSON,
    PRIVACY,
    SERVICES,
    Context,
    Expects,
    Question,
    Turn,
    explains,
    goto,
    match_choice,
    reset_to,
    say,
    signed_out,
    text,
)

OPTIONS = (Choice.SERVICES, Choice.LANGUAGE, Choice.HELP)


def ask(conversation: Conversation, _: Context, note: Text | None = None) -> Turn:
    """Show the menu. Whatever was half-done is dropped."""
    at_menu = replace(reset_to(conversation, Stage.MENU), wanted=None, wish=None, types=False)
    return at_menu, (say(at_menu, "menu", SERVICES, LANGUAGE, HELP, note=note),)


def greet(conversation: Conversation, _: CitizenEvent, context: Context) -> Turn:
    """*Hi*, from anywhere, shows the menu."""
    return ask(replace(conversation, greeted_at=context.now), context)


def cancel(conversation: Conversation, _: CitizenEvent, context: Context) -> Turn:
    """*Cancel*, from anywhere, leads back to the menu."""
    left = replace(conversation, place=None)
    return ask(left, context, text("cancelled.signed_in" if conversation.session else "cancelled"))


def services(conversation: Conversation, *_: object) -> Turn:
    """*DigiLocker Services*: to the list if she is signed in, otherwise to the question about an account."""
    if conversation.session:
        return goto(reset_to(conversation, Stage.DOCUMENTS), Stage.LISTING)
    if conversation.wanted or conversation.wish:  # signed in just now: she has an account; or can sign up from there
        return goto(reset_to(conversation, Stage.CONSENT), Stage.CONSENT)
    return goto(conversation, Stage.ACCOUNT)


def another_person(conversation: Conversation, *_: object) -> Turn:
    """*Another person* of the family uses the phone: who was signed in is signed out first."""
    out, effects = signed_out(conversation, Stage.MENU)
    asked, replies = goto(out, Stage.ACCOUNT)
    return asked, (*replies, *effects)


def ended(conversation: Conversation, *_: object) -> Turn:
    """Say that the session expired, or was closed by us, and how to continue."""
    key = "session.closed" if conversation.was_closed else "session.ended"
    at_menu = reset_to(conversation, Stage.MENU)
    return at_menu, (say(at_menu, key, SERVICES, MENU),)


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """Whatever was not understood at the menu shows the menu again."""
    match match_choice(event, Stage.MENU, OPTIONS):
        case Choice.SERVICES:
            return services(conversation)
        case Choice.LANGUAGE:
            return goto(conversation, Stage.LANGUAGE)
        case Choice.HELP:
            return conversation, (replace(AT_MENU.help(conversation), more=text("help.ways")),)
    if conversation.stage is Stage.NEW:
        return ask(conversation, context)
    return ask(conversation, context, note=text("not_understood"))


AT_MENU = Question(
    ask=ask,
    answer=answer,
    back=Stage.MENU,
    help=explains("menu", SERVICES, PRIVACY, PERSON),
    expects=(Expects.CHOICE,),
)
ENDED = replace(AT_MENU, answer=ended, expects=(Expects.ANYTHING,))
"""The session ended without a word from her: the first thing that she writes is answered by telling her so."""
