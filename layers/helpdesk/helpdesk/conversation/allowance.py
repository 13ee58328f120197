"""What one citizen may ask for: what a turn asks for is counted, and given up where it is too much."""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.commands import COMMANDS, command, command_even_late
from helpdesk.conversation.effects import (
    REPLIES,
    REQUESTS,
    Effect,
    FetchDocument,
    MakeLink,
    PullDocument,
    Say,
    Text,
)
from helpdesk.conversation.events import CitizenEvent, FormClosed, Tapped
from helpdesk.conversation.limits import DAY, HOUR, MINUTE, recent
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.open_question import ask_again, carried_out
from helpdesk.conversation.turn import Context, text

_PAUSES = frozenset({"pause.minutes", "pause.hours"})
_MOST_MINUTES = 100
"""From so many on, a time is told in hours."""


def within_limits(
    asked: Conversation, conversation: Conversation, effects: tuple[Effect, ...], context: Context
) -> tuple[Conversation, tuple[Effect, ...]]:
    """Count the requests of a turn. One that is over its limit is not made, and the question of `asked` stays open."""
    now, rules, used = context.now, context.rules, conversation.used
    for effect in effects:
        match effect:
            case FetchDocument():
                wait = rules.documents.wait(used.documents, now)
                used = replace(used, documents=(*recent(used.documents, now, DAY), now))
            case PullDocument():
                wait = rules.pulls.wait(used.pulls, now)
                used = replace(used, pulls=(*recent(used.pulls, now, DAY), now))
            case MakeLink():
                wait = rules.links.wait(used.links, now)
                used = replace(used, links=(*recent(used.links, now, DAY), now))
            case _:
                continue
        if wait:
            return carried_out(ask_again(asked, context, note=_opens_in("limit", wait)), context)
    return (conversation if used == conversation.used else replace(conversation, used=used)), effects


def counted(conversation: Conversation, effects: tuple[Effect, ...], context: Context) -> Conversation:
    """Count a document that comes without being asked for, now that she is signed in or that it was brought in."""
    if not any(isinstance(effect, FetchDocument) for effect in effects):
        return conversation
    used = conversation.used
    return replace(conversation, used=replace(used, documents=(*recent(used.documents, context.now, DAY), context.now)))


def paid(
    asked: Conversation, event: CitizenEvent, conversation: Conversation, effects: tuple[Effect, ...], context: Context
) -> tuple[Conversation, tuple[Effect, ...]]:
    """Count the messages that a turn has us pay for. At the limit she is told once, and then left without answers.

    The last message that the limit allows is kept for telling her. A request is answered by one message; a link to
    DigiLocker's page also brings her back, and that is answered too.
    """
    now, replies = context.now, context.rules.replies
    cost = sum(isinstance(effect, (*REPLIES, *REQUESTS)) + isinstance(effect, MakeLink) for effect in effects)
    times = recent(conversation.used.replies, now, DAY)
    if replies.wait(times, now, cost + 1):
        pause = replies.pause(times, now, cost + 1)
        ended, silent = ends(asked, event, context)
        told = Say(ended.language, _opens_in("pause", pause))
        if ended.stage is Stage.STOPPED:
            told = replace(next(effect for effect in effects if isinstance(effect, Say)), more=told.text)
        used = replace(asked.used, replies=(*times, now), paused_until=now + pause)
        return replace(ended, used=used), (told, *silent)
    return replace(conversation, used=replace(conversation.used, replies=times + (now,) * cost)), effects


def pause_left(conversation: Conversation, context: Context) -> Text | None:
    """Return what she is told while she is left without answers; None if she is not."""
    left = conversation.used.paused_until - context.now
    return _opens_in("pause", left) if left > 0 else None


def ends(conversation: Conversation, event: CitizenEvent, context: Context) -> tuple[Conversation, tuple[Effect, ...]]:
    """While she is left without answers, *Stop*, *Done* and *Delete my data* still do what they say, without a word."""
    choice = Choice.STOP if command_even_late(event) is Choice.STOP else command(event)
    does = {
        Choice.STOP: conversation.stage is not Stage.STOPPED,
        Choice.DONE: conversation.session is not None,
        Choice.DELETE: conversation.stage is Stage.DELETE
        or (isinstance(event, Tapped) and conversation.stage not in {Stage.NEW, Stage.STOPPED}),
    }
    if choice is None or not does.get(choice):
        return conversation, ()
    ended, effects = carried_out(COMMANDS[choice](conversation, event, context), context)
    return ended, tuple(effect for effect in effects if not isinstance(effect, REPLIES))


def stops_again(conversation: Conversation, event: CitizenEvent | FormClosed) -> bool:
    """Return whether she says *Stop* and is left alone already."""
    if isinstance(event, FormClosed) or conversation.stage is not Stage.STOPPED:
        return False
    return command_even_late(event) is Choice.STOP


def pauses(reply: Say) -> bool:
    """Return whether a reply is the one with which a citizen is left without answers for a while."""
    return any(told is not None and told.key in _PAUSES for told in (reply.text, reply.more))


def _opens_in(key: str, seconds: int) -> Text:
    minutes = max(2, -(-seconds // MINUTE))  # no text has to say "1 minutes"
    if minutes < _MOST_MINUTES:
        return text(f"{key}.minutes", minutes=minutes)
    return text(f"{key}.hours", hours=-(-seconds // HOUR))
