"""The line at the door: when more want to sign in than DigiLocker can serve, they get a number and are written to.

Nobody goes before anybody else. Waiting has no idle end: it ends by her turn, by *Cancel*, or after twelve hours.
"""

from math import ceil

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import LookAtDoor, Say, Text
from helpdesk.conversation.events import CitizenEvent, TurnCame
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.place import (
    ADMITTED_SECONDS,
    TURN_SECONDS,
    Place,
    grouped,
    is_over,
    may_be_called,
)
from helpdesk.conversation.turn import (
    CANCEL,
    CONTINUE,
    LANGUAGE,
    MENU,
    SERVICES,
    Context,
    Expects,
    Question,
    Turn,
    explains,
    goto,
    match_choice,
    question,
    reset_to,
    say,
    text,
)

OPTIONS = (Choice.HOW_LONG, Choice.CANCEL)
_TURN_OPTIONS = (Choice.CONTINUE, Choice.CANCEL)
_ANSWERS = frozenset(
    {
        *(Choice.HOW_LONG, Choice.CONTINUE, Choice.YES, Choice.MORE, Choice.GREETING, Choice.SERVICES),
        *(Choice.OTHER_DOCUMENTS, Choice.NEW_DOCUMENT, Choice.SIGN_UP),
    }
)
"""What she may say while she waits without leaving: it tells her where she is."""
_LONG_MINUTES = 120
"""From there on, a wait is told in hours."""


def ask(conversation: Conversation, context: Context, note: Text | None = None) -> Turn:
    """Let her in if there is no line; else tell her place, and about how long it takes."""
    if conversation.place and is_over(conversation.place, context.now):
        conversation = replace(conversation, place=None)
    place = conversation.place
    if place and place.called_at:
        return _called(conversation, place, context, note)
    door = context.door
    if door is None:
        return conversation, (LookAtDoor(),)
    if not door.number or door.ahead < 1:
        return _admitted(conversation, context, note)
    here = replace(reset_to(conversation, Stage.LINE), form=conversation.form)
    here = replace(here, place=place or Place(door.number, context.now))
    return here, (_told(here, door.ahead, door.minutes, note),)


def _told(conversation: Conversation, ahead: int, minutes: int, note: Text | None) -> Say:
    """Tell the place and the time, which is rounded up and never below two minutes."""
    buttons = (*question(Stage.LINE, *OPTIONS), LANGUAGE)
    if minutes > _LONG_MINUTES:
        hours = ceil(minutes / 60)
        return say(conversation, "line.place_hours", *buttons, note=note, place=grouped(ahead), hours=hours)
    return say(conversation, "line.place", *buttons, note=note, place=grouped(ahead), minutes=max(2, minutes))


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """*Continue* when it is her turn; anything else tells her where she is."""
    place = conversation.place
    if place is None or is_over(place, context.now):
        return goto(replace(conversation, place=None), Stage.MENU)
    picked = match_choice(event, Stage.LINE, _TURN_OPTIONS, numbered=bool(place.called_at), yes=Choice.CONTINUE)
    if picked is Choice.CONTINUE:
        return go_on(conversation, event, context)
    return ask(conversation, context)


def go_on(conversation: Conversation, _: CitizenEvent, context: Context) -> Turn:
    """*Continue*, from anywhere: in, if it is her turn."""
    place = conversation.place
    if place is None:
        return goto(conversation, conversation.at)
    if place.called_at and context.now - place.called_at < TURN_SECONDS:
        return _admitted(conversation, context, None)
    return ask(conversation, context)


def _called(conversation: Conversation, place: Place, context: Context, note: Text | None) -> Turn:
    """It was her turn: it still is, or she goes to the end of the line with what she wished for."""
    if context.now - place.called_at < TURN_SECONDS:
        left = ceil((place.called_at + TURN_SECONDS - context.now) / 60)
        here = replace(reset_to(conversation, Stage.LINE), form=conversation.form)
        return here, (say(here, "line.turn", CONTINUE, CANCEL, note=note, minutes=left),)
    return ask(replace(conversation, place=None), context, text("line.missed"))


def _admitted(conversation: Conversation, context: Context, note: Text | None) -> Turn:
    """She is let in: whoever is, is served."""
    wanted = conversation.wanted and replace(conversation.wanted, at=context.now)
    here = replace(conversation, place=None, wanted=wanted, admitted_until=context.now + ADMITTED_SECONDS)
    return goto(here, Stage.CONSENT, note)


def on_turn_came(conversation: Conversation, event: TurnCame, context: Context) -> Turn:
    """Her number is called: one message, with *Continue*. At night, whoever is asleep is left alone."""
    place, now = conversation.place, context.now
    if place is None or place.number != event.number or place.called_at:
        return conversation, ()
    if not may_be_called(conversation.active_at, now):
        return conversation, ()
    if is_over(place, now):
        over = replace(conversation, place=None)
        over = reset_to(over, Stage.MENU) if over.stage is Stage.LINE else over
        return over, (say(over, "line.over", SERVICES, MENU),)
    called = replace(conversation, place=replace(place, called_at=now))
    return called, (say(called, "line.turn", CONTINUE, CANCEL, minutes=TURN_SECONDS // 60),)


LINE = Question(
    ask=ask,
    answer=answer,
    back=Stage.MENU,
    help=explains("line", *question(Stage.LINE, *OPTIONS)),
    expects=(Expects.CHOICE,),
    answers=_ANSWERS,
)
