"""Do you have a DigiLocker account?"""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import Text
from helpdesk.conversation.events import CitizenEvent
from helpdesk.conversation.model import Conversation, Form, Stage
from helpdesk.conversation.turn import (
    Context,
    Expects,
    Question,
    Turn,
    explains,
    goto,
    match_choice,
    not_understood,
    question,
    reset_to,
    say,
)

OPTIONS = (Choice.YES, Choice.NO)
_ACTS = frozenset({Choice.NO})
"""A *no* begins to open an account."""


def ask(conversation: Conversation, context: Context, note: Text | None = None) -> Turn:
    """Ask whether she has an account. DigiLocker's own page opens one too, so it need not be known for that."""
    if context.rules.on_page:
        return goto(conversation, Stage.MAKING_LINK)
    if context.rules.by_form and not conversation.types:  # the form asks both; the way there may be by the line
        return goto(conversation, Stage.CONSENT, note)
    asked = reset_to(conversation, Stage.ACCOUNT)
    return asked, (say(asked, "account.ask", *question(Stage.ACCOUNT, *OPTIONS), note=note),)


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """*Yes* leads to the consent for signing in, *No* to that for signing up."""
    match match_choice(event, Stage.ACCOUNT, OPTIONS, acts=_ACTS):
        case Choice.YES:
            return goto(conversation, Stage.CONSENT)
        case Choice.NO:
            return sign_up(conversation)
    return ask(conversation, context, note=not_understood(event))


def sign_up(conversation: Conversation) -> Turn:
    """Begin to sign up: with the consent, and nothing entered."""
    return goto(replace(reset_to(conversation, Stage.ACCOUNT), form=Form(), wanted=None), Stage.CONSENT)


ACCOUNT = Question(
    ask=ask,
    answer=answer,
    back=Stage.MENU,
    help=explains("account", *question(Stage.ACCOUNT, *OPTIONS)),
    expects=(Expects.CHOICE,),
    answers=frozenset(OPTIONS),
)
