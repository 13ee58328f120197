"""Signing in in the chat: the Aadhaar number.

Nothing is told about an account before an OTP has succeeded: a number without an account gets the same messages.
"""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import SendOtp, Text
from helpdesk.conversation.events import CitizenEvent, Entered, Failed, Kind
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.numbers import Fault
from helpdesk.conversation.turn import (
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
    stop_waiting,
    taken_back,
    text,
)

OPTIONS = (Choice.CANCEL,)
FAILED_OPTIONS = (Choice.TRY_AGAIN, Choice.CHANGE_NUMBER, Choice.CANCEL)


def ask(conversation: Conversation, _: Context, note: Text | None = None) -> Turn:
    """Ask for the Aadhaar number or VID."""
    asked = reset_to(conversation, Stage.AADHAAR)
    options = (Choice.SIGN_UP, *OPTIONS) if asked.wish else OPTIONS
    return asked, (say(asked, "aadhaar.ask", *question(Stage.AADHAAR, *options), note=note),)


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """A well-formed number has an OTP sent; any other gets a clear answer that does not repeat it."""
    match event:
        case Entered(kind=Kind.AADHAAR | Kind.VIRTUAL_ID, fault=None, mark=mark):
            return goto(replace(reset_to(conversation, Stage.AADHAAR), again=SendOtp(mark)), Stage.SENDING_OTP)
        case Entered(
            kind=Kind.AADHAAR | Kind.VIRTUAL_ID, fault=Fault.LENGTH | Fault.FIRST_DIGIT | Fault.CHECKSUM as fault
        ):
            return ask(conversation, context, note=text(f"aadhaar.{fault}"))
        case Entered():
            return ask(conversation, context, note=text("aadhaar.length"))
    match match_choice(event, Stage.AADHAAR, FAILED_OPTIONS, numbered=False):
        case Choice.TRY_AGAIN if isinstance(conversation.again, SendOtp):
            return goto(conversation, Stage.SENDING_OTP)
        case Choice.CHANGE_NUMBER:
            return ask(conversation, context)
    return ask(conversation, context, note=text("aadhaar.length"))


def on_otp_not_sent(conversation: Conversation, event: Failed, request: SendOtp) -> Turn:
    """No OTP could be sent: what happened, and *Try again* with the same number."""
    here = taken_back(stop_waiting(conversation, event.id), event)
    stays = replace(here, stage=Stage.AADHAAR, again=request)
    buttons = question(Stage.AADHAAR, *FAILED_OPTIONS)
    if event.wait:
        return stays, (say(stays, "otp.pause", *buttons, seconds=event.wait),)
    return stays, (say(stays, f"problem.{event.problem}", *buttons),)


AADHAAR = Question(
    ask=ask,
    answer=answer,
    back=Stage.CONSENT,
    help=explains("aadhaar", *question(Stage.AADHAAR, *OPTIONS)),
    expects=(Expects.AADHAAR,),
    answers=frozenset({Choice.CHANGE_NUMBER}),
)
