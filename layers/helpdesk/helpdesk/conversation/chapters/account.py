"""Do you have a DigiLocker account?"""

from msgspec.structs import replace

from helpdesk.conversation.chapters import consent
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import Text
from helpdesk.conversation.events import FromHer
from helpdesk.conversation.model import Conversation, Form, Rules, Stage
from helpdesk.conversation.turn import Turn, left, picks, question, say, text

OPTIONS = (Choice.YES, Choice.NO)


def ask(conversation: Conversation, note: Text | None = None) -> Turn:
    """Ask whether she has an account."""
    asked = left(conversation, Stage.ACCOUNT)
    return asked, (say(asked, "account.ask", *question(Stage.ACCOUNT, *OPTIONS), note=note),)


def answer(conversation: Conversation, event: FromHer, rules: Rules) -> Turn:
    """*Yes* leads to the consent for signing in, *No* to that for signing up."""
    match picks(event, Stage.ACCOUNT, OPTIONS):
        case Choice.YES:
            return consent.ask(conversation, rules)
        case Choice.NO:
            return sign_up(conversation, rules)
    return ask(conversation, note=text("not_understood"))


def sign_up(conversation: Conversation, rules: Rules) -> Turn:
    """Begin to sign up: with the consent, and nothing entered."""
    return consent.ask(replace(left(conversation, Stage.ACCOUNT), form=Form(), wanted=None), rules)
