"""Hi, the menu, and help."""

from dataclasses import replace

from helpdesk.conversation import account, consent, documents
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import Text
from helpdesk.conversation.events import FromHer, Said
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.turn import HELP, LANGUAGE, MENU, SERVICES, Turn, left, picks, say, text

OPTIONS = (Choice.SERVICES, Choice.LANGUAGE, Choice.HELP)


def start(conversation: Conversation, language: str | None) -> Turn:
    """*Hi*, from anywhere: the menu, in the language it was said in. Whatever was half-done is dropped."""
    return ask(replace(conversation, language=language or conversation.language))


def ask(conversation: Conversation, note: Text | None = None) -> Turn:
    """Show the menu."""
    at_menu = replace(left(conversation, Stage.MENU), wanted=None)
    return at_menu, (say(at_menu, "menu", SERVICES, LANGUAGE, HELP, note=note),)


def services(conversation: Conversation) -> Turn:
    """*DigiLocker Services*: to the list for who is signed in, else to the question of the account."""
    if conversation.session:
        return documents.show(left(conversation, Stage.DOCUMENTS))
    if conversation.wanted:
        return consent.ask(conversation)  # she was signed in just now: she has an account
    return account.ask(left(conversation, Stage.ACCOUNT))


def ended(conversation: Conversation) -> Turn:
    """Tell that the session ended by itself, and how to go on."""
    at_menu = left(conversation, Stage.MENU)
    return at_menu, (say(at_menu, "session.ended", SERVICES, MENU),)


def explain(conversation: Conversation) -> Turn:
    """*Help*, without losing the place: the open question can still be answered."""
    return conversation, (say(conversation, "help", SERVICES, LANGUAGE, MENU),)


def answer(conversation: Conversation, event: FromHer) -> Turn:
    """Whatever was not understood at the menu shows the menu again."""
    match picks(event, Stage.MENU, OPTIONS):
        case Choice.SERVICES:
            return services(conversation)
        case Choice.LANGUAGE:
            from helpdesk.conversation import language  # noqa: PLC0415 - the two lead to each other

            return language.ask(conversation)
        case Choice.HELP:
            return explain(conversation)
    if conversation.stage is Stage.NEW:
        return start(conversation, event.language if isinstance(event, Said) else None)
    return ask(conversation, note=text("not_understood"))
