"""The Aadhaar number and the OTP.

Nothing is told about an account before an OTP has succeeded: a number without an account gets the same messages.
"""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import (
    Effect,
    ListDocuments,
    SendOtp,
    SetTimer,
    SignUp,
    Text,
    VerifyOtp,
    VerifySignUp,
)
from helpdesk.conversation.ends import LONGEST_SESSION_SECONDS
from helpdesk.conversation.events import Entered, Failed, FromHer, Kind, OtpSent, Refreshed, SignedIn
from helpdesk.conversation.model import Conversation, OtpRound, Rules, Session, Stage, Tried
from helpdesk.conversation.numbers import Fault
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.turn import MENU, SERVICES, Turn, left, picks, question, say, settled, text, waits

NUMBER_OPTIONS = (Choice.CANCEL,)
FAILED_OPTIONS = (Choice.TRY_AGAIN, Choice.CHANGE_NUMBER, Choice.CANCEL)
OTP_OPTIONS = (Choice.RESEND, Choice.SIGN_UP, Choice.CHANGE_NUMBER)
SIGN_UP_OTP_OPTIONS = (Choice.RESEND, Choice.CHANGE, Choice.CANCEL)

DAY = 24 * 3600

# The number


def ask_number(conversation: Conversation, note: Text | None = None) -> Turn:
    """Ask for the Aadhaar number or VID."""
    asked = left(conversation, Stage.AADHAAR)
    return asked, (say(asked, "aadhaar.ask", *question(Stage.AADHAAR, *NUMBER_OPTIONS), note=note),)


def answer_number(conversation: Conversation, event: FromHer, now: int, rules: Rules) -> Turn:
    """A well-formed number has an OTP sent; any other gets a clear answer that does not repeat it."""
    match event:
        case Entered(kind=Kind.AADHAAR | Kind.VIRTUAL_ID, fault=None, mark=mark):
            return send(left(conversation, Stage.AADHAAR), mark, event.id, now, rules)
        case Entered(
            kind=Kind.AADHAAR | Kind.VIRTUAL_ID, fault=Fault.LENGTH | Fault.FIRST_DIGIT | Fault.CHECKSUM as fault
        ):
            return ask_number(conversation, note=text(f"aadhaar.{fault}"))
        case Entered():
            return ask_number(conversation, note=text("aadhaar.length"))
    match picks(event, Stage.AADHAAR, FAILED_OPTIONS, numbered=False):
        case Choice.TRY_AGAIN if isinstance(conversation.again, SendOtp):
            return send(conversation, conversation.again.mark, event.id, now, rules)
        case Choice.CHANGE_NUMBER:
            return ask_number(conversation)
    return ask_number(conversation, note=text("aadhaar.length"))


# The OTP


def send(conversation: Conversation, mark: str, event_id: str, now: int, rules: Rules) -> Turn:
    """Have an OTP sent, to sign in or up, unless she had too many or tried too many numbers: then say when it opens."""
    today = tuple(tried for tried in conversation.tried if now - tried.at < DAY)
    numbers = {tried.mark for tried in today}
    otps = [tried for tried in today if not tried.refused]
    limit = None
    if len(otps) >= rules.otps_a_day:
        limit = "otp.too_many_today", otps[0]
    elif mark not in numbers and len(numbers) >= rules.numbers_a_day:
        limit = "aadhaar.too_many_today", today[0]
    if limit:
        why, first = limit
        hours = -(-(first.at + DAY - now) // 3600)
        stays = left(conversation, Stage.MENU)
        return stays, (say(stays, why, SERVICES, MENU, hours=hours),)
    form = conversation.form
    request = SignUp(mark, form.mobile_mark) if form else SendOtp(mark)
    return waits(replace(conversation, otp=None), Stage.SENDING_OTP, event_id, now), (request,)


def sent(conversation: Conversation, event: OtpSent, now: int, rules: Rules) -> Turn:
    """The OTP is on its way."""
    otp = OtpRound(now, now + event.expires_in, rules.otp_tries, event.digits, event.mark)
    tried = (*(t for t in conversation.tried if now - t.at < DAY), Tried(event.mark, now))
    asked = replace(settled(conversation, event.id), stage=Stage.OTP, otp=otp, tried=tried)
    return with_timer(asked, ask_otp(asked)[1], now, rules)


def not_sent(conversation: Conversation, event: Failed, request: SendOtp) -> Turn:
    """No OTP could be sent: what happened, and *Try again* with the same number."""
    stays = replace(settled(conversation, event.id), stage=Stage.AADHAAR, again=request)
    return stays, (say(stays, f"problem.{event.problem}", *question(Stage.AADHAAR, *FAILED_OPTIONS)),)


def ask_otp(conversation: Conversation, note: Text | None = None) -> Turn:
    """Ask for the OTP."""
    digits = conversation.otp.digits if conversation.otp else ""
    key = "otp.ask" if conversation.form is None else "otp.sign_up"
    buttons = question(Stage.OTP, *otp_options(conversation))
    return conversation, (say(conversation, key, *buttons, note=note, digits=digits),)


def otp_options(conversation: Conversation) -> tuple[Choice, ...]:
    """Give what can be done while an OTP is waited for, other than typing it."""
    return OTP_OPTIONS if conversation.form is None else SIGN_UP_OTP_OPTIONS


def answer_otp(conversation: Conversation, event: FromHer, now: int, rules: Rules) -> Turn:
    """Six digits are verified; or another OTP, another number."""
    otp = conversation.otp
    if otp is None:
        return ask_number(conversation)
    match event:
        case Entered(kind=Kind.OTP):
            if now >= otp.expires_at:
                return need_new(conversation, "otp.expired")
            if otp.tries_left < 1:
                return need_new(conversation, "otp.no_tries")
            return waits(conversation, Stage.VERIFYING, event.id, now), (
                VerifyOtp() if conversation.form is None else VerifySignUp(),
            )
        case Entered():
            return ask_otp(conversation, note=text("otp.length"))
    match picks(event, Stage.OTP, otp_options(conversation), numbered=False, change=Choice.CHANGE_NUMBER):
        case Choice.RESEND:
            wait = otp.sent_at + rules.resend_seconds - now
            if wait > 0:
                return ask_otp(conversation, note=text("otp.wait", seconds=wait))
            return send(conversation, otp.mark, event.id, now, rules)
        case Choice.CHANGE_NUMBER:
            return ask_number(conversation)
    return ask_otp(conversation, note=text("otp.length"))


def verified(conversation: Conversation, event: SignedIn, now: int, rules: Rules) -> Turn:
    """She is signed in: on to her documents, in the same breath."""
    lasts = min(event.lasts or event.expires_in, LONGEST_SESSION_SECONDS)
    until = now + event.expires_in if event.lasts else 0
    session = Session(signed_in_at=now, expires_at=now + lasts, token_until=until, keeps=event.keeps)
    here = replace(conversation, session=session, otp=None, link=None, form=None)
    signed_in = waits(here, Stage.LISTING, event.id, now)
    return with_timer(signed_in, (ListDocuments(),), now, rules)


def refreshed(conversation: Conversation, event: Refreshed, now: int) -> Turn:
    """The token was too old and has been exchanged: on with what it is for."""
    if conversation.session is None:
        return conversation, ()
    session = replace(conversation.session, token_until=now + event.expires_in, keeps=event.keeps)
    return replace(conversation, session=session), (event.request,)


def not_verified(conversation: Conversation, event: Failed) -> Turn:
    """The OTP was not accepted: why, and how many tries are left."""
    otp = conversation.otp
    back = replace(settled(conversation, event.id), stage=Stage.OTP)
    if otp is None:
        return ask_number(back)
    match event.problem:
        case Problem.OTP_WRONG if otp.tries_left > 1:
            back = replace(back, otp=replace(otp, tries_left=otp.tries_left - 1))
            tries = otp.tries_left - 1
            note = text("otp.wrong_last" if tries == 1 else "otp.wrong", tries=tries)
            return back, (say(back, "otp.retry", *question(Stage.OTP, *otp_options(back)), note=note),)
        case Problem.OTP_WRONG | Problem.OTP_TOO_MANY:
            return need_new(back, "otp.no_tries")
        case Problem.OTP_EXPIRED:
            return need_new(back, "otp.expired")
    # DigiLocker may have used the OTP up before it failed, so the same one is not tried again.
    return need_new(back, f"problem.{event.problem}")


def need_new(conversation: Conversation, key: str) -> Turn:
    """The OTP is of no more use: why, and that a new one is needed."""
    spent = replace(conversation, otp=replace(conversation.otp, tries_left=0) if conversation.otp else None)
    buttons = question(Stage.OTP, *otp_options(spent))
    return spent, (say(spent, "otp.new", *buttons, note=text(key)),)


def with_timer(conversation: Conversation, effects: tuple[Effect, ...], now: int, rules: Rules) -> Turn:
    """See to it that what she entrusted is forgotten when she falls silent, whether she writes again or not."""
    if conversation.timer_at > now:
        return conversation, effects
    timed = replace(conversation, timer_at=now + rules.session_seconds)
    return timed, (*effects, SetTimer(rules.session_seconds))
