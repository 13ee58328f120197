"""Do you have a DigiLocker account?"""

from helpdesk.conversation import consent
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import Text
from helpdesk.conversation.events import FromHer
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.turn import MENU, SERVICES, Turn, left, picks, question, say, text

OPTIONS = (Choice.YES, Choice.NO)


def ask(conversation: Conversation, note: Text | None = None) -> Turn:
    """Ask whether she has an account."""
    asked = left(conversation, Stage.ACCOUNT)
    return asked, (say(asked, "account.ask", *question(Stage.ACCOUNT, *OPTIONS), note=note),)


def answer(conversation: Conversation, event: FromHer) -> Turn:
    """*Yes* leads to the consent, *No* to how to get an account."""
    match picks(event, Stage.ACCOUNT, OPTIONS):
        case Choice.YES:
            return consent.ask(conversation)
        case Choice.NO:
            return without(conversation)
    return ask(conversation, note=text("not_understood"))


def without(conversation: Conversation, note: Text | None = None) -> Turn:
    """Tell how to get an account, and how to come back."""
    told = left(conversation, Stage.NO_ACCOUNT)
    return told, (say(told, "account.none", SERVICES, MENU, note=note),)
