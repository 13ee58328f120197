"""Signing in by the form: the message that opens it, and the way to type in the chat instead.

What is asked in the form are the questions of the chat, screen by screen: `helpdesk.conversation.in_form` says how.
Here is what she is told in the chat meanwhile.
"""

from hmac import compare_digest

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import OfferForm, Text
from helpdesk.conversation.ends import idle_end
from helpdesk.conversation.events import CitizenEvent, FormNotShown
from helpdesk.conversation.flow import Flow
from helpdesk.conversation.model import Conversation, Rules, Stage
from helpdesk.conversation.place import must_pass_door
from helpdesk.conversation.turn import (
    CANCEL,
    MENU,
    SERVICES,
    Context,
    Expects,
    Question,
    Turn,
    explains,
    goto,
    match_choice,
    not_understood,
    reset_to,
    say,
    text,
    wait,
)


def ask(conversation: Conversation, context: Context, note: Text | None = None) -> Turn:
    """Send the form; the one that she has already as long as it can be opened."""
    if conversation.flow and _can_go_on(conversation, context):
        here = replace(conversation, stage=Stage.FORM, previous=None)
    elif must_pass_door(conversation, context):
        return goto(conversation, Stage.LINE, note)
    else:
        here = replace(reset_to(conversation, Stage.FORM), flow=Flow(context.step, context.now))
    return here, (offer(here, context.rules, "form.ask", note),)


def offer(conversation: Conversation, rules: Rules, key: str, note: Text | None = None) -> OfferForm:
    """Return the message that opens the form."""
    flow = conversation.flow or Flow("", 0)
    more = text("form.type_instead") if rules.types_instead else None
    return OfferForm(conversation.language, text(key), flow.mark, flow.ends_at, note, more)


def open_form(conversation: Conversation, mark: str, now: int, rules: Rules) -> Flow | None:
    """Return the form with this mark, if it can still be filled in."""
    flow = conversation.flow
    is_hers = flow is not None and compare_digest(flow.mark, mark)
    return flow if is_hers and _is_open(conversation, now, rules) else None


def _is_open(conversation: Conversation, now: int, rules: Rules) -> bool:
    flow = conversation.flow
    return flow is not None and now < flow.ends_at and now < idle_end(conversation, rules)


def _can_go_on(conversation: Conversation, context: Context) -> bool:
    """Return whether there is a form that can be opened again, and DigiLocker is not overdue."""
    late = 2 * context.rules.job_expiry_seconds
    is_overdue = any(context.now - waiting.at >= late for waiting in conversation.waiting)
    return conversation.at is Stage.FORM and _is_open(conversation, context.now, context.rules) and not is_overdue


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """She writes instead of opening it: *chat* lets her type what the form asks for."""
    if context.rules.types_instead and match_choice(event, Stage.FORM, (Choice.CHAT,), numbered=False):
        return type_instead(conversation)
    if conversation.waiting and _can_go_on(conversation, context):
        return wait(conversation)
    return ask(conversation, context, note=not_understood(event))


def type_instead(conversation: Conversation, note: Text | None = None) -> Turn:
    """Go on in the chat, where the form would be sent otherwise."""
    here = replace(reset_to(conversation, Stage.ACCOUNT), types=True)
    return goto(here, Stage.CONSENT if here.wanted or here.wish else Stage.ACCOUNT, note)


def not_shown(conversation: Conversation, event: FormNotShown, context: Context) -> Turn:
    """WhatsApp did not show her the form: she types in the chat, or is told if she may not."""
    flow = conversation.flow
    if flow is None or flow.mark != event.mark or conversation.at is not Stage.FORM:
        return conversation, ()
    if context.rules.types_instead:
        return type_instead(conversation, text("form.not_shown"))
    stays = reset_to(conversation, Stage.MENU)
    return stays, (say(stays, "form.unavailable", SERVICES, MENU),)


FORM = Question(
    ask=ask,
    answer=answer,
    back=Stage.MENU,
    help=explains("form", CANCEL),
    expects=(Expects.CHOICE,),
    answers=frozenset({Choice.CHAT}),
)
