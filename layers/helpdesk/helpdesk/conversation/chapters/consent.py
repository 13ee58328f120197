"""What is used, what for, what is kept and for how long; and whether she agrees."""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import RecordConsent, Text
from helpdesk.conversation.events import CitizenEvent
from helpdesk.conversation.model import Conversation, Form, Stage
from helpdesk.conversation.place import must_pass_door
from helpdesk.conversation.turn import (
    MENU,
    PRIVACY,
    SERVICES,
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
    text,
)

VERSION = "2026-12-01"
"""The version of the consent text. Change it whenever the meaning of the text `consent.ask` changes."""
SIGN_UP_VERSION = "2026-12-01-sign-up"
"""The same for the text `consent.sign_up`, which who signs up agrees to."""

OPTIONS = (Choice.AGREE, Choice.DECLINE)
WISH_OPTIONS = (*OPTIONS, Choice.SIGN_UP)
"""With a wish she is not asked before whether she has an account."""


def ask(conversation: Conversation, context: Context, note: Text | None = None) -> Turn:
    """Ask for her consent. What was entered for signing up before is forgotten."""
    if must_pass_door(conversation, context):
        return goto(conversation, Stage.LINE, note)
    if context.rules.on_page:  # there our own page asks, before it leads to DigiLocker's
        return goto(conversation, Stage.MAKING_LINK)
    if context.rules.by_form and not conversation.types:
        return goto(conversation, Stage.FORM, note)
    form = None if conversation.form is None else Form()
    asked = replace(reset_to(conversation, Stage.CONSENT), form=form)
    key = "consent.ask" if form is None else "consent.sign_up"
    options = _options(asked)
    told = say(asked, key, *question(Stage.CONSENT, *options), note=note)
    return asked, (replace(told, more=text("wish.no_account") if Choice.SIGN_UP in options else None),)


def _options(conversation: Conversation) -> tuple[Choice, ...]:
    return WISH_OPTIONS if conversation.wish and conversation.form is None else OPTIONS


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """*I agree* is recorded and leads to signing in; *No, thanks* leads back, and nothing is used."""
    match match_choice(event, Stage.CONSENT, _options(conversation), yes=Choice.AGREE, no=Choice.DECLINE):
        case Choice.AGREE if context.rules.on_page:  # asked by the release before
            return ask(conversation, context)
        case Choice.AGREE:
            version = VERSION if conversation.form is None else SIGN_UP_VERSION
            asked, replies = goto(conversation, Stage.AADHAAR)
            return asked, (RecordConsent(version, conversation.language, context.now), *replies)
        case Choice.DECLINE:
            declined = replace(reset_to(conversation, Stage.MENU), wanted=None, wish=None)
            return declined, (say(declined, "consent.declined", SERVICES, MENU),)
        case Choice.SIGN_UP:
            return goto(replace(conversation, form=Form()), Stage.CONSENT)
    return ask(conversation, context, note=not_understood(event))


CONSENT = Question(
    ask=ask,
    answer=answer,
    back=Stage.ACCOUNT,
    help=explains("consent", *question(Stage.CONSENT, *OPTIONS), PRIVACY),
    expects=(Expects.CHOICE,),
    answers=frozenset({*OPTIONS, Choice.YES, Choice.NO}),
)
