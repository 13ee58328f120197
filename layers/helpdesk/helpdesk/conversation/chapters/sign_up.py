"""Signing up: what Aadhaar says about her, and the mobile that the OTP goes to.

What she enters is sealed on its way in; the dialogue knows only that it was entered. Whether she has an account
already she learns when the OTP has succeeded: then it is that account which she is signed in to.
"""

from collections.abc import Callable

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import (
    AADHAAR,
    BORN,
    DETAILS,
    GENDER,
    MOBILE,
    NAME,
    SealInput,
    Text,
)
from helpdesk.conversation.events import CitizenEvent, Entered, Failed, Kind, Said
from helpdesk.conversation.model import Conversation, Form, Stage
from helpdesk.conversation.numbers import Fault
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.turn import (
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
    stop_waiting,
    taken_back,
    text,
)

OPTIONS = (Choice.BACK, Choice.CANCEL)
GENDERS = (Choice.FEMALE, Choice.MALE, Choice.TRANSGENDER)
SUMMARY_OPTIONS = (Choice.SEND, Choice.CHANGE, Choice.CANCEL)

STAGES = {
    AADHAAR: Stage.AADHAAR,
    NAME: Stage.NAME,
    BORN: Stage.BORN,
    GENDER: Stage.GENDER,
    MOBILE: Stage.MOBILE,
}
"""At which stage each detail is asked for."""
LONGEST_NAME = 100
"""Characters."""

_INITIALS = {Choice.FEMALE: "F", Choice.MALE: "M", Choice.TRANSGENDER: "T"}


def ask(
    conversation: Conversation,
    _: Context,
    note: Text | None = None,
    more: Text | None = None,
    *,
    offers_own: bool = True,
) -> Turn:
    """Ask for the first detail that is missing; when none is, show them all.

    `offers_own`: the number that she writes from may be the account's mobile, if it is one.
    """
    form = conversation.form or Form()
    missing = next((name for name in DETAILS if name not in form.has), None)
    stage = STAGES[missing] if missing else Stage.SUMMARY
    asked = replace(reset_to(conversation, stage), form=form)
    key = f"sign_up.{missing}"
    options: tuple[Choice, ...] = OPTIONS
    shows: tuple[str, ...] = ()
    match stage:
        case Stage.AADHAAR:
            key = "aadhaar.sign_up"
        case Stage.GENDER:
            options, shows = GENDERS, (BORN,)
        case Stage.MOBILE if asked.writes_from_mobile and offers_own:
            key, options = "sign_up.mobile_own", (Choice.OWN_MOBILE, *OPTIONS)
        case Stage.SUMMARY:
            key, options, shows = "sign_up.check", SUMMARY_OPTIONS, DETAILS
    return asked, (replace(say(asked, key, *question(stage, *options), note=note, shows=shows), more=more),)


def back(conversation: Conversation, context: Context) -> Turn:
    """*Back*: the detail before this one is asked for again."""
    stages = list(STAGES.values())
    at = stages.index(conversation.stage) if conversation.stage in stages else len(stages)
    return ask(_without(conversation, DETAILS[at - 1]), context)


# The details, one by one


def answer_number(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """The Aadhaar number: no VID, which DigiLocker does not take here."""
    match event:
        case Entered(kind=Kind.AADHAAR, fault=None, mark=mark):
            return _kept(conversation, SealInput(AADHAAR), context, mark=mark)
        case Entered(kind=Kind.AADHAAR, fault=Fault.FIRST_DIGIT | Fault.CHECKSUM as fault):
            return ask(conversation, context, note=text(f"aadhaar.{fault}"))
    return ask(conversation, context, note=text("aadhaar.length"))


def answer_name(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """Her name, in Latin letters as on the card. If she writes another script, she is shown an example at once."""
    if isinstance(event, Said) and _is_name(event):
        return _kept(conversation, SealInput(NAME), context)
    return ask(conversation, context, note=text("sign_up.not_a_name"), more=text(f"example.{Stage.NAME}"))


def answer_born(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """Her date of birth."""
    match event:
        case Entered(kind=Kind.DATE, fault=None):
            return _kept(conversation, SealInput(BORN), context)
    return ask(conversation, context, note=text("sign_up.not_a_date"))


def answer_gender(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """Her gender; or the date of birth again, which was read back with the question."""
    match event:
        case Entered(kind=Kind.DATE, fault=None):
            return _kept(conversation, SealInput(BORN), context)
        case Entered():
            return ask(conversation, context, note=text("sign_up.not_a_date"))
    gender = match_choice(event, Stage.GENDER, GENDERS)
    if gender is None:
        return ask(conversation, context, note=text("not_understood"))
    return _kept(conversation, SealInput(GENDER, _INITIALS[gender]), context)


def answer_mobile(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """The mobile that the OTP goes to: the one that she writes from, by a tap, or another."""
    match event:
        case Entered(kind=Kind.MOBILE, fault=None, mark=mark):
            return _kept(conversation, SealInput(MOBILE), context, mobile_mark=mark)
    own = (Choice.OWN_MOBILE,) if conversation.writes_from_mobile else ()
    if match_choice(event, Stage.MOBILE, own, yes=Choice.OWN_MOBILE) is Choice.OWN_MOBILE and own:
        return _kept(conversation, SealInput(MOBILE, own_number=True), context, mobile_mark="")
    return ask(conversation, context, note=text("sign_up.not_a_mobile"))


def answer_summary(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """*Send* has the details compared and an OTP sent; the number of a line asks for that one again."""
    match event:
        case Said(number=int(number)) if 1 <= number <= len(DETAILS):
            return ask(_without(conversation, DETAILS[number - 1]), context)
    match match_choice(
        event,
        Stage.SUMMARY,
        SUMMARY_OPTIONS,
        numbered=False,
        yes=Choice.SEND,
        no=Choice.CHANGE,
        agree=Choice.SEND,
        change_number=Choice.CHANGE,
    ):
        case Choice.SEND:
            return goto(conversation, Stage.SENDING_OTP)
        case Choice.CHANGE:
            buttons = question(Stage.SUMMARY, Choice.SEND, Choice.CANCEL)
            return conversation, (say(conversation, "sign_up.change", *buttons),)
    return ask(conversation, context, note=not_understood(event))


# The answer


def on_otp_not_sent(conversation: Conversation, event: Failed, context: Context) -> Turn:
    """DigiLocker refused: why; and another mobile, or the details to be checked and sent again.

    Where an account can be the reason, the way to sign in to it is shown below, to everybody alike.
    """
    stays = taken_back(stop_waiting(conversation, event.id), event)
    if event.wait:
        return ask(stays, context, text("otp.pause", seconds=event.wait))
    why, has_account = text(f"problem.{event.problem}"), text("sign_up.has_account")
    match event.problem:
        case Problem.MOBILE_TAKEN:
            own = conversation.form is not None and not conversation.form.mobile_mark
            return ask(_without(stays, MOBILE), context, why, has_account, offers_own=not own)
        case Problem.DETAILS_DIFFER:
            return ask(stays, context, why, has_account)
    return ask(stays, context, why)


# What was entered


def _kept(conversation: Conversation, keep: SealInput, context: Context, **marks: str) -> Turn:
    """Have a detail sealed, and go on to the next."""
    form = conversation.form or Form()
    has = tuple(name for name in DETAILS if name in form.has or name == keep.name)
    asked, replies = ask(replace(conversation, form=replace(form, has=has, **marks)), context)
    return asked, (keep, *replies)


def _without(conversation: Conversation, name: str) -> Conversation:
    """Forget one detail."""
    form = conversation.form or Form()
    return replace(conversation, form=replace(form, has=tuple(kept for kept in form.has if kept != name)))


def _is_name(said: Said) -> bool:
    """Return whether her words can be a name as the Aadhaar card has it: Latin letters only, two at least."""
    letters = "".join(said.words)
    return letters.isascii() and letters.isalpha() and 1 < len(letters) <= LONGEST_NAME


def _detail(
    stage: Stage,
    answer: Callable[[Conversation, CitizenEvent, Context], Turn],
    *options: Choice,
    expects: tuple[Expects, ...],
    answers: frozenset[Choice] = frozenset(),
) -> Question:
    """Return the question for one detail: they are asked, and gone back to, in one order."""
    help = explains(stage.value, *question(stage, *options))  # noqa: A001 - the aspect's name
    return Question(ask=ask, answer=answer, back=back, help=help, expects=expects, answers=answers)


AADHAAR_NUMBER = Question(
    ask=ask,
    answer=answer_number,
    back=Stage.CONSENT,
    help=explains("aadhaar", *question(Stage.AADHAAR, Choice.CANCEL)),
    expects=(Expects.AADHAAR,),
)
FULL_NAME = _detail(Stage.NAME, answer_name, *OPTIONS, expects=(Expects.NAME,))
DATE_OF_BIRTH = _detail(Stage.BORN, answer_born, *OPTIONS, expects=(Expects.DATE,))
SEX = _detail(Stage.GENDER, answer_gender, *GENDERS, expects=(Expects.CHOICE, Expects.DATE), answers=frozenset(GENDERS))
MOBILE_NUMBER = _detail(
    Stage.MOBILE,
    answer_mobile,
    *OPTIONS,
    expects=(Expects.MOBILE,),
    answers=frozenset({Choice.OWN_MOBILE, Choice.YES}),
)
SUMMARY = _detail(
    Stage.SUMMARY,
    answer_summary,
    *SUMMARY_OPTIONS,
    expects=(Expects.CHOICE,),
    answers=frozenset({Choice.SEND, Choice.CHANGE, Choice.CHANGE_NUMBER, Choice.YES, Choice.AGREE, Choice.NO}),
)
