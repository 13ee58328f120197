"""Inside the form: each screen stands for questions of the chat, and the same chapters deal with what she submits.

A chapter's reply is turned into the screen that asks the same. What DigiLocker answers is shown in the form if that is
still waiting, else told in the chat: there nobody is asked for a number or an OTP, only to open the form again.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from helpdesk.conversation import answers
from helpdesk.conversation.allowance import pause_left, within_limits
from helpdesk.conversation.chapters import consent, documents, otp, sign_in_chat, sign_in_form, sign_up
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import (
    DETAILS,
    REPLIES,
    AnswerForm,
    Effect,
    FetchDocument,
    ListDocuments,
    OfferForm,
    RecordConsent,
    Say,
    ShowDocuments,
)
from helpdesk.conversation.events import (
    Answer,
    Entered,
    FormBack,
    FormClosed,
    FormEvent,
    FormNotShown,
    FormOpened,
    FormSubmitted,
    FormUnseen,
    SignUpEntered,
    Tapped,
)
from helpdesk.conversation.flow import Flow
from helpdesk.conversation.limits import DAY, MINUTE, recent
from helpdesk.conversation.model import Conversation, Form, Stage
from helpdesk.conversation.open_question import carried_out
from helpdesk.conversation.screens import Screen
from helpdesk.conversation.turn import Context, Turn, goto, say, text

type Outcome = tuple[Conversation, tuple[Effect, ...]]

MOST_DOCUMENTS = 20
"""More radio buttons than that no form has: a longer list comes in the chat."""
LEADS_TO: Mapping[Screen, frozenset[Screen]] = {
    Screen.CONSENT: frozenset({Screen.NUMBER, Screen.SIGN_UP, Screen.OTP}),
    Screen.NUMBER: frozenset({Screen.OTP, Screen.CLOSED}),
    Screen.SIGN_UP: frozenset({Screen.OTP, Screen.CLOSED}),
    Screen.OTP: frozenset({Screen.DOCUMENTS, Screen.CLOSED}),
    Screen.DOCUMENTS: frozenset({Screen.CLOSED}),
    Screen.CLOSED: frozenset(),
}
"""Which screens can follow each: the routing model of the form. Any may be shown again, and any may close it."""

_STAGE_OF = {
    Screen.CONSENT: Stage.CONSENT,
    Screen.NUMBER: Stage.AADHAAR,
    Screen.SIGN_UP: Stage.NAME,
    Screen.OTP: Stage.OTP,
    Screen.DOCUMENTS: Stage.DOCUMENTS,
}
_SIGNING_UP = frozenset(sign_up.STAGES.values()) | {Stage.SUMMARY}
_INSIDE = _SIGNING_UP | {Stage.CONSENT, Stage.AADHAAR, Stage.SENDING_OTP, Stage.OTP, Stage.VERIFYING}
_SENT = frozenset({"otp.ask", "otp.sign_up"})


def happened(conversation: Conversation, event: FormEvent, context: Context) -> Outcome:
    """Return the outcome of what she does in the form, or of what happens to it."""
    match event:
        case FormOpened():
            return _opened(conversation, event, context)
        case FormSubmitted():
            return _submitted(conversation, event, context)
        case FormBack():
            return _back(conversation, event, context)
        case FormClosed():
            return _closed(conversation, context)
        case FormNotShown():
            return carried_out(sign_in_form.not_shown(conversation, event, context), context)
        case FormUnseen():
            return _unseen(conversation, event, context)


def answered(conversation: Conversation, event: Answer, context: Context) -> Outcome:
    """Let the chapter that asked deal with DigiLocker's reply, in the form if it belongs there."""
    flow = conversation.flow
    is_awaited = flow is not None and flow.step == event.id and flow.shown is None
    if flow is None or not (is_awaited or conversation.at is Stage.FORM):
        return carried_out(answers.answered(conversation, event, context), context)
    here = replace(conversation, stage=conversation.inner, previous=None)
    after, effects = carried_out(answers.answered(here, event, context), context)
    if is_awaited and not flow.closed:
        return _inside(conversation, after, effects, is_late=True)
    after = _kept(conversation, after)
    return after, tuple(_in_chat(after, effect, context) if isinstance(effect, Say) else effect for effect in effects)


def _opened(conversation: Conversation, event: FormOpened, context: Context) -> Outcome:
    """She opens the form, perhaps again: it always begins with the consent, and goes on from where she was."""
    return _show(conversation, event.id, Screen.CONSENT, context)


def _back(conversation: Conversation, event: FormBack, context: Context) -> Outcome:
    """*Back*: the screen before has a new number, so that something else can be entered there."""
    before = Screen.CONSENT
    if event.screen is Screen.OTP:
        before = Screen.SIGN_UP if conversation.form else Screen.NUMBER
    return _show(conversation, event.id, before, context, stage=_STAGE_OF[before])


def _show(
    conversation: Conversation, step: str, screen: Screen, context: Context, stage: Stage | None = None
) -> Outcome:
    flow = conversation.flow
    if flow is None or conversation.at is not Stage.FORM:
        return conversation, ()
    shown = replace(
        flow,
        number=flow.number + 1,
        step=step,
        asked=screen,
        shown=AnswerForm(screen),
        is_late=False,
        stage=stage or flow.stage,
        closed=False,
    )
    return replace(conversation, flow=shown, active_at=context.now), ()


def _submitted(conversation: Conversation, event: FormSubmitted, context: Context) -> Outcome:
    """She submitted a screen. What is shown next is in the flow, unless DigiLocker is asked first.

    A screen that is not the newest was submitted before, or is one that she went back from: nothing is done.
    """
    flow, now = conversation.flow, context.now
    if flow is None or event.number != flow.number:
        return conversation, ()
    same = conversation.minute == now // MINUTE
    messages = conversation.messages + 1 if same else 1
    begun = replace(
        flow, number=flow.number + 1, step=event.id, asked=event.screen, shown=None, is_late=False, closed=False
    )
    here = replace(conversation, flow=begun, active_at=now, minute=now // MINUTE, messages=messages)
    if messages > context.rules.messages_per_minute:
        return _refused(here, say(here, "slowly"))
    if pause := pause_left(here, context):
        return _refused(here, Say(here.language, pause))
    entered = replace(here, stage=_STAGE_OF.get(event.screen, here.stage), previous=None)
    after, effects = carried_out(_answer(entered, event, context), context)
    after, effects = within_limits(entered, after, effects, context)
    after, effects = _inside(here, after, effects)
    after = _counted(after, effects, context)
    return after, tuple(effect for effect in effects if not isinstance(effect, AnswerForm))


def _refused(conversation: Conversation, reply: Say) -> Outcome:
    flow = conversation.flow or Flow("", 0)
    screen = flow.asked if Screen.CLOSED not in LEADS_TO[flow.asked] else Screen.CLOSED
    return replace(conversation, flow=replace(flow, shown=AnswerForm(screen, reply))), ()


def _answer(conversation: Conversation, event: FormSubmitted, context: Context) -> Turn:
    """Let the chapter deal with it that asks the same in the chat."""
    match event.screen, event.entered:
        case Screen.CONSENT, Tapped(tap=tap) if tap and tap.choice is Choice.SIGN_UP:
            begun = replace(conversation, form=Form(), stage=Stage.NAME, otp=None, again=None, waiting=())
            return begun, (say(begun, "consent.sign_up"),)
        case Screen.CONSENT, Tapped(tap=tap) as entered if tap:
            if _has_otp(conversation, context):
                return otp.ask(replace(conversation, stage=Stage.OTP), context)
            return consent.answer(replace(conversation, form=None), entered, context)
        case Screen.NUMBER, Entered() as entered:
            return sign_in_chat.answer(replace(conversation, form=None), entered, context)
        case Screen.OTP, Entered() | Tapped() as entered:
            return otp.answer(conversation, entered, context)
        case Screen.SIGN_UP, SignUpEntered() as entered:
            return _sign_up(conversation, entered, context)
        case Screen.DOCUMENTS, Tapped(tap=tap) if tap:
            return documents.tapped(conversation, tap, context)
    return conversation, (say(conversation, "not_understood"),)


def _has_otp(conversation: Conversation, context: Context) -> bool:
    """Return whether she can still type the OTP that was sent before she closed the form."""
    sent = conversation.otp
    return (
        conversation.flow is not None
        and conversation.flow.stage == Stage.OTP
        and sent is not None
        and (context.now < sent.expires_at and sent.tries_left > 0)
    )


def _sign_up(conversation: Conversation, entered: SignUpEntered, context: Context) -> Turn:
    """Everything comes at once; the function that receives it seals it."""
    if entered.fault:
        return conversation, (say(conversation, "consent.sign_up", note=text(entered.fault)),)
    form = Form(DETAILS, entered.mark, entered.mobile_mark)
    asked, requests = goto(replace(conversation, form=form, otp=None), Stage.SENDING_OTP)
    return asked, (*requests, RecordConsent(consent.SIGN_UP_VERSION, conversation.language, context.now))


def _inside(
    before: Conversation, after: Conversation, effects: tuple[Effect, ...], *, is_late: bool = False
) -> Outcome:
    """Turn a chapter's reply into the next screen. `before` is the conversation with its form."""
    flow = before.flow or Flow("", 0)
    stage, after = after.stage, _kept(before, after)
    reply = next((effect for effect in effects if isinstance(effect, Say | ShowDocuments)), None)
    if _goes_on_in_chat(after, reply, effects):
        answer = AnswerForm(Screen.SUCCESS)
        effects = (answer, *effects)
    elif reply is None:
        return after, effects  # DigiLocker is asked
    else:
        shows = replace(reply, shows=()) if isinstance(reply, Say) else reply
        answer = AnswerForm(_screen(flow.asked, stage, reply), shows)
        effects = tuple(answer if effect is reply else effect for effect in effects)
    return replace(after, flow=replace(after.flow or flow, shown=answer, is_late=is_late)), effects


def _kept(before: Conversation, after: Conversation) -> Conversation:
    """Return a conversation that a chapter has taken further, with its form, and inside that if it still is."""
    flow = replace(before.flow or Flow("", 0), stage=after.stage)
    is_inside = after.session is None and after.stage in _INSIDE
    return replace(after, flow=flow, stage=Stage.FORM if is_inside else after.stage)


def _goes_on_in_chat(
    conversation: Conversation, reply: Say | ShowDocuments | None, effects: tuple[Effect, ...]
) -> bool:
    """Return whether all that follows comes in the chat, so that the form can close."""
    for effect in effects:
        if isinstance(effect, FetchDocument):
            return True
        if isinstance(effect, ListDocuments) and (conversation.wish or conversation.wanted):
            return True
    if conversation.session is None or reply is None:
        return False
    return not isinstance(reply, ShowDocuments) or len(reply.only or conversation.documents) > MOST_DOCUMENTS


def _screen(asked: Screen, stage: Stage, reply: Say | ShowDocuments) -> Screen:
    """Return the screen that asks what a reply asks, if the screen that was submitted can lead there."""
    screen = Screen.CLOSED
    if isinstance(reply, ShowDocuments):
        screen = Screen.DOCUMENTS
    elif stage in _SIGNING_UP - {Stage.AADHAAR} or reply.text.key in {"consent.sign_up", "aadhaar.sign_up"}:
        screen = Screen.SIGN_UP
    elif stage in _INSIDE:
        screen = {one: name for name, one in _STAGE_OF.items()}.get(stage, Screen.CLOSED)
    if screen is asked or screen in LEADS_TO[asked]:
        return screen
    return Screen.CLOSED if Screen.CLOSED in LEADS_TO[asked] else asked


def _in_chat(
    conversation: Conversation, reply: Say | ShowDocuments, context: Context
) -> Say | ShowDocuments | OfferForm:
    """Return what is told in the chat of what the form should have shown: it is to be opened again where it asks."""
    if conversation.at is not Stage.FORM or isinstance(reply, ShowDocuments):
        return reply
    why = text("form.otp") if reply.text.key in _SENT else reply.note or reply.text
    return sign_in_form.offer(conversation, context.rules, "form.go_on", why)


def _unseen(conversation: Conversation, event: FormUnseen, context: Context) -> Outcome:
    """Nobody came for what the form was to show, or nothing followed: it is told in the chat."""
    flow = conversation.flow
    if flow is None or (event.again and (flow.closed or flow.step != event.step)):
        return conversation, ()
    reply = _in_chat(conversation, event.reply, context)
    return _counted(conversation, (reply,), context), (reply,)


def _closed(conversation: Conversation, context: Context) -> Outcome:
    """She has gone through the form. Nothing need be said: what follows comes in the chat."""
    flow = conversation.flow
    if flow is None:
        return conversation, ()
    stays = replace(flow, closed=True) if conversation.at is Stage.FORM else None
    return replace(conversation, flow=stays, active_at=context.now), ()


def _counted(conversation: Conversation, effects: tuple[Effect, ...], context: Context) -> Conversation:
    """Count the messages that come in the chat: those that are to be sent, and a document."""
    cost = sum(isinstance(effect, (*REPLIES, FetchDocument)) for effect in effects)
    if not cost:
        return conversation
    times = (*recent(conversation.used.replies, context.now, DAY), *(context.now,) * cost)
    return replace(conversation, used=replace(conversation.used, replies=times))
