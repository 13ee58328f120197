"""What is kept about her: what it is, how to have it deleted, how to stop messages; and how to reach a person.

Source: Digital Personal Data Protection Act 2023, sections 5 (notice), 6 (withdrawing is as easy as consenting), 12
(erasure), 13 (complaints).
"""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import EraseData, Text
from helpdesk.conversation.events import CitizenEvent, Tapped
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.turn import (
    ACTS,
    DELETE_DATA,
    MENU,
    PERSON,
    PRIVACY,
    SERVICES,
    START_AGAIN,
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
    signed_out,
)


def person(conversation: Conversation, *_: object) -> Turn:
    """Say how to reach a person. The open question can still be answered."""
    return conversation, (say(conversation, "person", MENU),)


def privacy(conversation: Conversation, _: CitizenEvent, context: Context) -> Turn:
    """Say what is kept, why, for how long, and where to complain. The open question can still be answered."""
    return conversation, (say(conversation, "privacy.page" if context.rules.on_page else "privacy", DELETE_DATA, MENU),)


def ask_to_delete(conversation: Conversation, _: Context, note: Text | None = None) -> Turn:
    """Ask whether her data shall be deleted. Whatever was half-done is dropped already."""
    asked = reset_to(conversation, Stage.DELETE)
    return asked, (say(asked, "delete.ask", *question(Stage.DELETE, Choice.DELETE), MENU, note=note),)


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """*Yes* deletes, *No* leads back."""
    # "Delete my data" is a yes here.
    options = (Choice.MENU, Choice.DELETE)
    refusals = dict.fromkeys(("no", "decline", "cancel"), Choice.MENU)
    also: dict[str, Choice] = {**refusals, "yes": Choice.DELETE, "delete_data": Choice.DELETE}
    match match_choice(event, Stage.DELETE, options, numbered=False, acts=ACTS, **also):
        case Choice.DELETE:
            return delete(conversation)
        case Choice.MENU:
            return goto(conversation, Stage.MENU)
    return ask_to_delete(conversation, context, note=not_understood(event))


def said_delete(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """*Delete*, from anywhere: a tap deletes, and so does the word where it was asked for. Otherwise she is asked."""
    if isinstance(event, Tapped) or conversation.stage is Stage.DELETE:
        return delete(conversation)
    return ask_to_delete(conversation, context)


def delete(conversation: Conversation) -> Turn:
    """Delete her data and say so. The counts against misuse stay: who could reset them would not be held back."""
    forgotten, effects = forget(conversation)
    told = say(conversation, "delete.done", START_AGAIN)
    return forgotten, (*effects, told, EraseData())


def hand_over(conversation: Conversation) -> Turn:
    """Sign out and forget her without a word: her number or user id may be somebody else's by now.

    Whoever that is has not been told why messages get no answer. What was asked for stays counted.
    """
    forgotten, effects = forget(conversation)
    told = replace(forgotten, used=replace(forgotten.used, paused_until=0), messages=0, late_at=0, repeated=None)
    return told, effects


def forget(conversation: Conversation) -> Turn:
    """Sign out and forget her, except for the counts against misuse."""
    out, effects = signed_out(conversation, Stage.NEW)
    forgotten = Conversation(
        active_at=out.active_at,
        timer_at=out.timer_at,
        tried=out.tried,
        used=out.used,
        minute=out.minute,
        messages=out.messages,
        late_at=out.late_at,
        repeated=out.repeated,
    )
    return forgotten, effects


def stop(conversation: Conversation, *_: object) -> Turn:
    """*Stop*: she is signed out and hears nothing more until she says Hi."""
    out, effects = signed_out(conversation, Stage.STOPPED)
    return replace(out, misses=0), (say(out, "stop.done", START_AGAIN), *effects)


DELETE = Question(
    ask=ask_to_delete,
    answer=answer,
    back=Stage.MENU,
    help=explains("delete", *question(Stage.DELETE, Choice.DELETE), MENU),
    expects=(Expects.CHOICE,),
    answers=frozenset({Choice.DELETE, Choice.DELETE_DATA, Choice.YES, Choice.NO, Choice.DECLINE, Choice.CANCEL}),
)
STOPPED = Question(
    ask=lambda conversation, _, note: goto(conversation, Stage.MENU, note),
    answer=lambda conversation, *_: goto(conversation, Stage.MENU),
    back=Stage.MENU,
    help=explains("menu", SERVICES, PRIVACY, PERSON),
    expects=(Expects.CHOICE,),
)
