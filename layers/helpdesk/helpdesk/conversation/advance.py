"""The dialogue, from above: what happens next, for every event."""

from msgspec.structs import replace

from helpdesk.conversation import in_form
from helpdesk.conversation.allowance import counted, ends, paid, within_limits
from helpdesk.conversation.answers import answered, undo, unwanted
from helpdesk.conversation.beside import is_courtesy, told_beside
from helpdesk.conversation.chapters import documents, language, line, privacy, sign_in_page, wish
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.commands import COMMANDS, command, command_even_late, option_tapped
from helpdesk.conversation.effects import (
    REQUESTS,
    Effect,
    OfferForm,
    OfferLanguages,
    OfferLink,
    Say,
    SetTimer,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
)
from helpdesk.conversation.ends import idle_end
from helpdesk.conversation.events import (
    EDIT,
    Answer,
    CitizenEvent,
    ConsentAnswered,
    ConsentReturned,
    DeliveryFailed,
    Ended,
    Entered,
    Event,
    FormBack,
    FormClosed,
    FormNotShown,
    FormOpened,
    FormSubmitted,
    FormUnseen,
    IdentityChanged,
    LateMessage,
    Said,
    SentInGroup,
    SentProof,
    SentSomethingElse,
    SessionClosed,
    Tapped,
    TimeRanOut,
    TurnCame,
)
from helpdesk.conversation.flood import repeated, too_many
from helpdesk.conversation.limits import DAY, MINUTE
from helpdesk.conversation.model import Conversation, Rules, Stage
from helpdesk.conversation.open_question import answer, ask_again, carried_out
from helpdesk.conversation.place import Door
from helpdesk.conversation.stages import STAGES
from helpdesk.conversation.turn import (
    MENU,
    MISSED,
    Context,
    Expects,
    Turn,
    say,
    signed_out,
    text,
)

type Outcome = tuple[Conversation, tuple[Effect, ...]]

_TOLD = (Say, OfferLink, OfferForm, ShowDocuments, ShowOptions, ShowDetails, OfferLanguages)
_BURST_SECONDS = 60
_TIMER_SLACK_SECONDS = 5
_NUMBERS = frozenset(
    {
        Expects.AADHAAR,
        Expects.OTP,
        Expects.DATE,
        Expects.MOBILE,
        Expects.VALUE,
        Expects.DOCUMENT,
        Expects.ANYTHING,
    }
)
"""What can be a longer number, or a date."""
_IN_SESSION = frozenset({Choice.DONE, Choice.OTHER_DOCUMENTS, Choice.NEW_DOCUMENT, Choice.MORE})
"""What only somebody who is signed in can have."""


def advance(conversation: Conversation, event: Event, now: int, rules: Rules, door: Door | None = None) -> Outcome:
    """Return the next conversation and the effects to carry out.

    `now` is in seconds since the epoch. An answer to a step that nobody waits for any more leaves the conversation
    as it is; the effects then undo what the step brought. `door`: what she finds there, if it was looked at.
    """
    context = Context(now, rules, event.id, door)
    match event:
        case Said() | Entered() | Tapped() | SentSomethingElse() | SentProof() | LateMessage():
            return _citizen_wrote(conversation, event, context)
        case ConsentAnswered():
            return carried_out(sign_in_page.consented(conversation, event, context), context)
        case ConsentReturned():
            return carried_out(sign_in_page.on_consent_returned(conversation, event, context), context)
        case SentInGroup():
            return _in_group(conversation, context)
        case IdentityChanged():
            return carried_out(privacy.hand_over(conversation), context)
        case DeliveryFailed():
            return carried_out(documents.not_delivered(conversation, event), context)
        case TurnCame():
            return carried_out(line.on_turn_came(conversation, event, context), context)
        case TimeRanOut():
            return _time_ran_out(conversation, context)
        case FormOpened() | FormSubmitted() | FormBack() | FormClosed() | FormNotShown() | FormUnseen():
            return _with_timer(*in_form.happened(conversation, event, context), context)
        case SessionClosed():
            return _closed(conversation)
        case _:
            return _digilocker_answered(conversation, event, context)


def _digilocker_answered(conversation: Conversation, event: Answer, context: Context) -> Outcome:
    now, session = context.now, conversation.session
    if not conversation.waits_for(event.id):
        return unwanted(conversation, event, context)
    is_over = session is not None and now >= session.expires_at
    if is_over or conversation.stage is Stage.ENDED:  # the answer took so long that nothing can be done with it
        conversation, effects = carried_out(answered(conversation, Ended(event.id), context), context)
        return conversation, (*effects, *undo(event))
    if now >= idle_end(conversation, context.rules):
        conversation = replace(conversation, active_at=now)  # she was not silent: she was waiting for us
    conversation, effects = in_form.answered(conversation, event, context)
    return _with_timer(counted(conversation, effects, context), effects, context)


def _citizen_wrote(conversation: Conversation, event: CitizenEvent, context: Context) -> Outcome:
    """Answer her. A message that gets no answer changes nothing, so that it need not be written down either."""
    now, rules = context.now, context.rules
    if conversation.stage is Stage.STOPPED and command_even_late(event) is not Choice.GREETING:
        return conversation, ()
    conversation, leaving = _expired(conversation, context)
    silent = conversation, leaving
    if now < conversation.used.paused_until:
        conversation, effects = ends(conversation, event, context)
        return conversation, (*effects, *leaving)
    same = conversation.minute == now // MINUTE
    messages = conversation.messages + 1 if same else 1
    again = repeated(conversation.repeated, event, now)
    asked = replace(conversation, active_at=now, minute=now // MINUTE, messages=messages, repeated=again)
    flooding = too_many(asked, event, rules)
    if flooding > 1 or (conversation.is_done and is_courtesy(conversation, event)):
        return silent  # an answer would only cost money
    asked = replace(asked, is_done=False)
    if flooding:
        conversation, effects = asked, (say(asked, "slowly", MENU),)
    else:
        here = asked if _answers_open_question(asked, event) else language.follow(asked, event, rules)
        conversation, effects = carried_out(_reply(here, event, context), context)
        conversation, effects = _helped(*within_limits(asked, conversation, effects, context))
        if here.language != asked.language and asked.stage is not Stage.NEW:
            effects = _with_way_back(effects, asked.language)
    if not effects:
        return silent
    conversation, effects = _with_timer(*paid(asked, event, conversation, effects, context), context)
    return conversation, (*effects, *leaving)


def _with_timer(conversation: Conversation, effects: tuple[Effect, ...], context: Context) -> Outcome:
    """See to it that what she entrusted is forgotten when she falls silent, whether she writes again or not.

    Where DigiLocker is asked first, it is the answer that does.
    """
    is_asked = any(isinstance(effect, REQUESTS) for effect in effects)
    ends = is_entrusted(conversation) or _has_wish_that_ends(conversation)
    if is_asked or not ends or conversation.timer_at > context.now:
        return conversation, effects
    seconds = context.rules.session_seconds
    return replace(conversation, timer_at=context.now + seconds), (*effects, SetTimer(seconds))


def _helped(conversation: Conversation, effects: tuple[Effect, ...]) -> Outcome:
    """Count answers that were not understood; the second in a row gets an example, the third the way to a person."""
    told = [effect for effect in effects if isinstance(effect, _TOLD)]
    if not any(reply.note and reply.note.key in MISSED for reply in told):
        return (replace(conversation, misses=0) if told and conversation.misses else conversation), effects
    misses = conversation.misses + 1
    more = None
    if misses > 2:
        more = text("person")
    elif misses == 2:
        at = Stage.MENU if conversation.stage in {Stage.NEW, Stage.ENDED} else conversation.stage
        more = text(f"example.{at}")
    helped = (replace(effect, more=more or effect.more) if effect in told else effect for effect in effects)
    return replace(conversation, misses=misses), tuple(helped)


def _with_way_back(effects: tuple[Effect, ...], before: str) -> tuple[Effect, ...]:
    """Say in the first answer in another language how to change back, unless it says more already."""
    at, first = next(((at, effect) for at, effect in enumerate(effects) if isinstance(effect, _TOLD)), (0, None))
    if first is None or first.more:
        return effects
    return (*effects[:at], replace(first, more=text("language.back", spoken=before)), *effects[at + 1 :])


def _reply(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """The open question comes first where only it can be meant; then what means the same everywhere; then the rest."""
    if isinstance(event, LateMessage):
        return _late(conversation, event, context)
    if _answers_open_question(conversation, event):
        return answer(conversation, event, context)
    if isinstance(event, SentProof):
        proved = sign_in_page.on_sent_proof(conversation, event, context)
        return proved or ask_again(conversation, context, note=text("proof.elsewhere"))
    if wished := wish.heard(conversation, event, STAGES[conversation.stage].expects):
        spoken = _language(conversation, event, context.rules)
        here = language.speak(conversation, spoken) if spoken else conversation
        return documents.straight_to(here, wished, context) if here.session else wish.keep(here, wished)
    if told := told_beside(conversation, event):
        return told
    if choice := command(event):
        return _commanded(conversation, choice, event, context)
    if spoken := _language(conversation, event, context.rules):
        return ask_again(language.speak(conversation, spoken), context, note=text("language.changed"))
    match event:
        case Tapped():
            return _tapped(conversation, event, context)
        case SentSomethingElse(kind=kind):
            return ask_again(conversation, context, note=text("edits_not_seen" if kind == EDIT else "only_text"))
        case Entered() if _NUMBERS.isdisjoint(STAGES[conversation.stage].expects):
            return ask_again(conversation, context, note=text("number_not_now"))
    return answer(conversation, event, context)


def _late(conversation: Conversation, late: LateMessage, context: Context) -> Turn:
    """A message from long ago: only *Hi*, *Menu* and *Stop* are still acted on. She is told once for a burst."""
    if late.event and command(late.event) in {Choice.GREETING, Choice.MENU, Choice.STOP}:
        return _reply(language.follow(conversation, late.event, context.rules), late.event, context)
    if context.now - conversation.late_at < _BURST_SECONDS:
        return conversation, ()
    return ask_again(replace(conversation, late_at=context.now), context, note=text("late"))


def _tapped(conversation: Conversation, event: Tapped, context: Context) -> Turn:
    """She tapped a row, or a button that belongs to one question."""
    tap = event.tap
    if tap and tap.choice is Choice.DOCUMENT:
        return documents.tapped(conversation, tap, context)
    if tap and tap.choice is Choice.OPTION:
        return option_tapped(conversation, tap, context)
    if tap is None or (tap.place and tap.place != conversation.stage):
        return ask_again(conversation, context, note=text("old_button"))
    return answer(conversation, event, context)


def _answers_open_question(conversation: Conversation, event: CitizenEvent) -> bool:
    """Return whether her words answer the open question, though one of them means something elsewhere."""
    if not isinstance(event, Said):
        return False
    question = STAGES[conversation.stage]
    expects = question.expects
    if not question.answers.isdisjoint(event.choices):
        return True
    if Expects.DOCUMENT in expects and Choice.ANOTHER_PERSON not in event.choices:
        return event.is_of_documents
    if Expects.VALUE in expects and event.fits and event.is_clear:
        parameter = conversation.asked_parameter
        return parameter is not None and bool(parameter.values)
    if Expects.WORDS in expects:
        return not event.is_clear or event.is_of_documents  # "home insurance"
    return not event.is_clear and not {Expects.NAME, Expects.VALUE}.isdisjoint(expects)


def _commanded(conversation: Conversation, choice: Choice, event: CitizenEvent, context: Context) -> Turn:
    """Do what means the same everywhere. Words for what needs a session lead to it, or to the open question."""
    if isinstance(event, Said) and conversation.session is None and choice in _IN_SESSION:
        if conversation.stage in {Stage.NEW, Stage.MENU, Stage.ENDED} and choice is not Choice.DONE:
            return COMMANDS[Choice.SERVICES](conversation, event, context)
        if choice is not Choice.MORE or conversation.stage is not Stage.LANGUAGE:
            return ask_again(conversation, context)
    return COMMANDS[choice](conversation, event, context)


def _language(conversation: Conversation, event: CitizenEvent, rules: Rules) -> str | None:
    """Say which language was asked for, if one was."""
    match event:
        case Tapped(tap=tap) if not tap or tap.choice is not Choice.SPEAK:
            return None
        case Said(choices=choices, number=number) if Choice.SPEAK not in choices and number is None:
            return None
        case Entered() | SentSomethingElse() | SentProof() | LateMessage():
            return None
    return language.chosen(event, rules, listed=conversation.stage is Stage.LANGUAGE)


def _expired(conversation: Conversation, context: Context) -> Outcome:
    """End a session, or a half-done sign-in, that lay still for too long; otherwise leave all as it is."""
    if _has_wish_that_ends(conversation) and context.now >= idle_end(conversation, context.rules):
        conversation = replace(conversation, wish=None)
    if not is_entrusted(conversation) or context.now < idle_end(conversation, context.rules):
        session = conversation.session
        if session is None or context.now < session.expires_at:
            return conversation, ()
    return signed_out(conversation, Stage.ENDED)


def _in_group(conversation: Conversation, context: Context) -> Outcome:
    """Act on nothing that is said in a group. She is told once a day, where she may be written to."""
    now, used = context.now, conversation.used
    may_write = now - conversation.active_at < DAY and conversation.stage is not Stage.STOPPED
    if not may_write or now - conversation.told_of_groups_at < DAY or now < used.paused_until:
        return conversation, ()
    told = replace(conversation, told_of_groups_at=now, used=replace(used, replies=(*used.replies, now)))
    return told, (say(told, "group", MENU),)


def _time_ran_out(conversation: Conversation, context: Context) -> Outcome:
    """The timer fired: end what lay still, or wait for the rest of the time."""
    now = context.now
    if conversation.timer_at > now + _TIMER_SLACK_SECONDS:
        return conversation, ()  # an older timer: a newer one is set
    waiting = conversation.waiting
    conversation, leaving = _expired(replace(conversation, timer_at=0), context)
    if not is_entrusted(conversation) and not _has_wish_that_ends(conversation):
        # What she still waits for is not done any more, and its job says so.
        return (replace(conversation, waiting=waiting) if conversation.stage is Stage.ENDED else conversation), leaving
    rest = max(1, idle_end(conversation, context.rules) - now)
    return replace(conversation, timer_at=now + rest), (SetTimer(rest),)


def _closed(conversation: Conversation) -> Outcome:
    """End whatever she entrusted, at once. She is told with her next message: writing to her now may not be safe."""
    if not is_entrusted(conversation):
        return conversation, ()
    out, leaving = signed_out(conversation, Stage.ENDED)
    return replace(out, was_closed=True), leaving


def is_entrusted(conversation: Conversation) -> bool:
    """Return whether anything is kept that must be forgotten in time."""
    return bool(conversation.keeps or conversation.documents)


def _has_wish_that_ends(conversation: Conversation) -> bool:
    """Return whether a wish ends with her silence: in the line, silence is what she is asked for."""
    return conversation.wish is not None and conversation.place is None
