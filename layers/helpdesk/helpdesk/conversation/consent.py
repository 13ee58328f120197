"""What is used, what for, what is kept and for how long; and whether she agrees."""

from dataclasses import replace

from helpdesk.conversation import sign_in
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import RecordConsent, Text
from helpdesk.conversation.events import FromHer, Said
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.turn import MENU, SERVICES, Turn, left, picks, question, say, text

VERSION = "2026-11-24"
"""The version of the consent text. Change it whenever the meaning of the text `consent.ask` changes."""

OPTIONS = (Choice.AGREE, Choice.DECLINE)


def ask(conversation: Conversation, note: Text | None = None) -> Turn:
    """Ask for her consent."""
    asked = left(conversation, Stage.CONSENT)
    return asked, (say(asked, "consent.ask", *question(Stage.CONSENT, *OPTIONS), note=note),)


def answer(conversation: Conversation, event: FromHer, now: int) -> Turn:
    """*I agree* is recorded and leads to the Aadhaar number; *No, thanks* leads back, and nothing was used."""
    is_clear = event.is_clear if isinstance(event, Said) else True
    match picks(event, Stage.CONSENT, OPTIONS, yes=Choice.AGREE, no=Choice.DECLINE):
        case Choice.AGREE if is_clear:
            asked, replies = sign_in.ask_number(conversation)
            return asked, (RecordConsent(VERSION, conversation.language, now), *replies)
        case Choice.DECLINE:
            declined = replace(left(conversation, Stage.MENU), wanted=None)
            return declined, (say(declined, "consent.declined", SERVICES, MENU),)
    return ask(conversation, note=text("not_understood"))
