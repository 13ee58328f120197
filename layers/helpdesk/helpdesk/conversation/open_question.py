"""The question that is open: it is put again, answered, explained, or gone back from."""

from msgspec.structs import replace

from helpdesk.conversation.answers import failed
from helpdesk.conversation.chapters import issuer
from helpdesk.conversation.effects import Effect, PullDocument, Text
from helpdesk.conversation.events import CitizenEvent, Failed
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.stages import STAGES
from helpdesk.conversation.turn import Context, Goto, Turn, goto, text


def ask_again(conversation: Conversation, context: Context, note: Text | None = None) -> Turn:
    """Put the open question again, after a note on what she sent."""
    overdue = _overdue(conversation, context)
    return overdue or STAGES[conversation.stage].ask(conversation, context, note)


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """Let the open question deal with it."""
    overdue = _overdue(conversation, context)
    return overdue or STAGES[conversation.stage].answer(conversation, event, context)


def explain(conversation: Conversation, *_: object) -> Turn:
    """*Help* explains the open question, which can still be answered."""
    explained = STAGES[conversation.stage].help(conversation)
    return conversation, (replace(explained, more=text("help.ways")),)


def go_back(conversation: Conversation, _: CitizenEvent, context: Context) -> Turn:
    """*Back*: one step back."""
    back = STAGES[conversation.stage].back
    return goto(conversation, back) if isinstance(back, Stage) else back(conversation, context)


def carried_out(turn: Turn, context: Context) -> tuple[Conversation, tuple[Effect, ...]]:
    """Return the turn with the question that each `goto` leads to."""
    conversation, effects = turn
    done: list[Effect] = []
    for effect in effects:
        if not isinstance(effect, Goto):
            done.append(effect)
            continue
        if effect.stage is conversation.stage:
            asked = ask_again(conversation, context, effect.note)
        else:
            asked = STAGES[effect.stage].ask(conversation, context, effect.note)
        conversation, replies = carried_out(asked, context)
        done += replies
    return conversation, tuple(done)


def _overdue(conversation: Conversation, context: Context) -> Turn | None:
    """A request to DigiLocker that should have been answered long ago counts as failed."""
    waits_for = STAGES[conversation.stage].waits_for
    request = waits_for(conversation) if waits_for else None
    step = conversation.waiting[0] if conversation.waiting else None
    if request is None or (step and context.now - step.at < 2 * context.rules.job_expiry_seconds):
        return None
    if isinstance(request, PullDocument):  # the issuer may have been asked: she decides whether to ask it again
        return issuer.unsure(conversation, context)
    return failed(conversation, Failed(step.id if step else "", Problem.HELD_UP, request), context)
