"""What is kept about her: what it is, how to have it deleted, how to hear no more; and how to reach a person.

Source: Digital Personal Data Protection Act 2023, sections 5 (notice), 6 (withdrawing is as easy as consenting), 12
(erasure), 13 (complaints).
"""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import EraseData, Text
from helpdesk.conversation.events import FromHer
from helpdesk.conversation.model import Conversation, Rules, Stage
from helpdesk.conversation.turn import (
    DELETE_DATA,
    MENU,
    START_AGAIN,
    Turn,
    left,
    picks,
    question,
    say,
    signed_out,
    text,
)


def person(conversation: Conversation) -> Turn:
    """Tell how to reach a person. The open question can still be answered."""
    return conversation, (say(conversation, "person", MENU),)


def privacy(conversation: Conversation, rules: Rules) -> Turn:
    """Tell what is kept, why, for how long, and where to complain. The open question can still be answered."""
    return conversation, (say(conversation, "privacy.page" if rules.on_page else "privacy", DELETE_DATA, MENU),)


def ask_to_delete(conversation: Conversation, note: Text | None = None) -> Turn:
    """Ask whether her data shall be deleted. Whatever was half-done is dropped already."""
    asked = left(conversation, Stage.DELETE)
    return asked, (say(asked, "delete.ask", *question(Stage.DELETE, Choice.DELETE), MENU, note=note),)


def answer(conversation: Conversation, event: FromHer) -> Turn:
    """*Yes* deletes, *No* leads back."""
    match picks(event, Stage.DELETE, (Choice.DELETE, Choice.MENU), yes=Choice.DELETE, no=Choice.MENU):
        case Choice.DELETE:
            return delete(conversation)
        case Choice.MENU:
            from helpdesk.conversation.chapters import menu  # noqa: PLC0415 - the two lead to each other

            return menu.ask(conversation)
    return ask_to_delete(conversation, note=text("not_understood"))


def delete(conversation: Conversation) -> Turn:
    """Sign out and forget her, but for the counts against misuse: who could reset them would not be held back."""
    out, effects = signed_out(conversation, Stage.NEW)
    told = say(out, "delete.done", START_AGAIN)
    forgotten = Conversation(
        active_at=out.active_at,
        timer_at=out.timer_at,
        tried=out.tried,
        minute=out.minute,
        messages=out.messages,
        late_at=out.late_at,
        repeated=out.repeated,
    )
    return forgotten, (*effects, told, EraseData())


def stop(conversation: Conversation) -> Turn:
    """*Stop*: she is signed out and hears nothing more until she says Hi."""
    out, effects = signed_out(conversation, Stage.STOPPED)
    return replace(out, misses=0), (say(out, "stop.done", START_AGAIN), *effects)
