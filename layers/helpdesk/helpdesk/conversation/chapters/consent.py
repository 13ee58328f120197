"""What is used, what for, what is kept and for how long; and whether she agrees."""

from msgspec.structs import replace

from helpdesk.conversation.chapters import sign_in_chat, sign_in_page, sign_up
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import RecordConsent, Text
from helpdesk.conversation.events import FromHer, Said
from helpdesk.conversation.model import Conversation, Form, Rules, Stage
from helpdesk.conversation.turn import MENU, SERVICES, Turn, left, picks, question, say, text

VERSION = "2026-11-24"
"""The version of the consent text. Change it whenever the meaning of the text `consent.ask` changes."""
SIGN_UP_VERSION = "2026-11-24-sign-up"
"""The same for the text `consent.sign_up`, which who signs up agrees to."""
PAGE_VERSION = "2026-11-24-page"
"""The same for the text `consent.page`, for who signs in on DigiLocker's own page."""

OPTIONS = (Choice.AGREE, Choice.DECLINE)


def ask(conversation: Conversation, rules: Rules, note: Text | None = None) -> Turn:
    """Ask for her consent. What was entered for signing up before is forgotten."""
    form = None if conversation.form is None else Form()
    asked = replace(left(conversation, Stage.CONSENT), form=form)
    key = "consent.page" if rules.on_page else "consent.ask" if form is None else "consent.sign_up"
    return asked, (say(asked, key, *question(Stage.CONSENT, *OPTIONS), note=note),)


def answer(conversation: Conversation, event: FromHer, now: int, rules: Rules) -> Turn:
    """*I agree* is recorded and leads on to sign in; *No, thanks* leads back, and nothing was used."""
    is_clear = event.is_clear if isinstance(event, Said) else True
    match picks(event, Stage.CONSENT, OPTIONS, yes=Choice.AGREE, no=Choice.DECLINE):
        case Choice.AGREE if is_clear:
            signs_up = conversation.form is not None
            if rules.on_page:
                asked, effects = sign_in_page.make(conversation, event.id, now, sign_up=signs_up)
                return asked, (*effects, RecordConsent(PAGE_VERSION, conversation.language, now))
            asked, replies = sign_up.ask(conversation) if signs_up else sign_in_chat.ask_number(conversation)
            return asked, (
                RecordConsent(SIGN_UP_VERSION if signs_up else VERSION, conversation.language, now),
                *replies,
            )
        case Choice.DECLINE:
            declined = replace(left(conversation, Stage.MENU), wanted=None)
            return declined, (say(declined, "consent.declined", SERVICES, MENU),)
    return ask(conversation, rules, note=text("not_understood"))
