"""The OTP that signing in and signing up share: sent, asked for, verified."""

from collections.abc import Sequence
from math import ceil

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import Request, Say, SendOtp, SignUp, Text, VerifyOtp, VerifySignUp
from helpdesk.conversation.events import CitizenEvent, Entered, Failed, Kind, OtpSent
from helpdesk.conversation.limits import DAY
from helpdesk.conversation.model import Conversation, OtpAttempt, OtpRound, Rules, Stage
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.turn import (
    MENU,
    SERVICES,
    Context,
    Expects,
    Question,
    Turn,
    at_work,
    await_answer,
    goto,
    match_choice,
    question,
    reset_to,
    say,
    stop_waiting,
    text,
    wait,
)

OPTIONS = (Choice.RESEND, Choice.SIGN_UP, Choice.CHANGE_NUMBER)
SIGN_UP_OPTIONS = (Choice.RESEND, Choice.CHANGE, Choice.CANCEL)

_LIMITS = frozenset({"otp.too_many_today", "aadhaar.too_many_today"})


def send(conversation: Conversation, context: Context, _: Text | None = None) -> Turn:
    """Have an OTP sent, to sign in or up, unless she had too many or tried too many numbers: then say when it opens.

    It is counted here, where it is asked for: the answer may come when nobody waits for it any more.
    """
    if conversation.stage is Stage.SENDING_OTP:
        return wait(conversation)
    now, rules, mark = context.now, context.rules, _mark(conversation)
    today = tuple(tried for tried in conversation.tried if now - tried.at < DAY)
    otps = [tried for tried in today if not tried.refused]
    pause = max((tried.at + rules.number_pause_seconds - now for tried in otps if tried.mark == mark), default=0)
    if pause > 0:
        return goto(conversation, conversation.stage, text("otp.pause", seconds=pause))
    if limit := _limit(today, otps, mark, rules):
        why, first = limit
        hours = max(2, ceil((first.at + DAY - now) / 3600))  # no text has to say "1 hours"
        stays = reset_to(conversation, Stage.MENU)
        return stays, (say(stays, why, SERVICES, MENU, hours=hours),)
    form = conversation.form
    request = SignUp(mark, form.mobile_mark) if form else SendOtp(mark)
    tried = (*today, OtpAttempt(mark, now, step=context.step))
    # What was asked for in the session before is not asked of another account.
    wanted = conversation.wanted if not otps or otps[-1].mark == mark else None
    asked = replace(conversation, otp=None, tried=tried, wanted=wanted)
    return await_answer(asked, Stage.SENDING_OTP, context), (request,)


def _limit(
    today: Sequence[OtpAttempt], otps: Sequence[OtpAttempt], mark: str, rules: Rules
) -> tuple[str, OtpAttempt] | None:
    """Return the text for the limit that another OTP would break, and what opens it when a day has passed."""
    numbers = {tried.mark for tried in today}
    if len(otps) >= rules.otps_per_citizen_per_day:
        return "otp.too_many_today", otps[0]
    if mark not in numbers and len(numbers) >= rules.numbers_per_citizen_per_day:
        return "aadhaar.too_many_today", today[0]
    return None


def refuses_otp(reply: Say) -> bool:
    """Return whether a reply refuses an OTP by a limit on this citizen."""
    return reply.text.key in _LIMITS


def _mark(conversation: Conversation) -> str:
    """Return what stands for the number: the one that an OTP was sent for before, or that she has entered now."""
    if conversation.otp:
        return conversation.otp.mark
    if conversation.form:
        return conversation.form.mark
    return conversation.again.mark if isinstance(conversation.again, SendOtp) else ""


def on_otp_sent(conversation: Conversation, event: OtpSent, context: Context) -> Turn:
    """The OTP is on its way."""
    now = context.now
    otp = OtpRound(now, now + event.expires_in, context.rules.otp_tries, event.digits, event.mark)
    tried = conversation.tried
    if all(one.step != event.id for one in tried):
        tried = (*tried, OtpAttempt(event.mark, now, step=event.id))  # asked for by a version that counts only here
    asked = replace(stop_waiting(conversation, event.id), stage=Stage.OTP, otp=otp, tried=tried)
    return ask(asked, context)


def ask(conversation: Conversation, _: Context, note: Text | None = None) -> Turn:
    """Ask for the OTP."""
    digits = conversation.otp.digits if conversation.otp else ""
    key = "otp.ask" if conversation.form is None else "otp.sign_up"
    buttons = question(Stage.OTP, *_options(conversation))
    return conversation, (say(conversation, key, *buttons, note=note, digits=digits),)


def _options(conversation: Conversation) -> tuple[Choice, ...]:
    """Return what can be done while an OTP is waited for, other than typing it."""
    return OPTIONS if conversation.form is None else SIGN_UP_OPTIONS


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """Six digits are verified; or another OTP, another number. When signing up, she changes her details instead."""
    if conversation.form and _changes(event):
        return goto(conversation, Stage.SUMMARY)
    otp = conversation.otp
    if otp is None:
        return _ask_number(conversation)
    match event:
        case Entered(kind=Kind.OTP):
            if context.now >= otp.expires_at:
                return need_new(conversation, "otp.expired")
            if otp.tries_left < 1:
                return need_new(conversation, "otp.no_tries")
            return await_answer(conversation, Stage.VERIFYING, context), (_verification(conversation),)
        case Entered():
            return ask(conversation, context, note=text("otp.length"))
    options = (*_options(conversation), Choice.NOT_COME)
    match match_choice(event, Stage.OTP, options, numbered=False, change=Choice.CHANGE_NUMBER):
        case Choice.RESEND:
            seconds = otp.sent_at + context.rules.resend_seconds - context.now
            if seconds > 0:
                return ask(conversation, context, note=text("otp.wait", seconds=seconds))
            return send(conversation, context)
        case Choice.CHANGE_NUMBER:
            return _ask_number(conversation)
        case Choice.NOT_COME:
            buttons = question(Stage.OTP, *_options(conversation))
            return conversation, (say(conversation, "otp.not_come", *buttons),)
    return ask(conversation, context, note=text("otp.length"))


def _changes(event: CitizenEvent) -> bool:
    return match_choice(event, Stage.OTP, (Choice.CHANGE,), numbered=False, change_number=Choice.CHANGE) is not None


def _ask_number(conversation: Conversation) -> Turn:
    return goto(replace(conversation, form=None), Stage.AADHAAR)


def _verification(conversation: Conversation) -> Request:
    return VerifyOtp() if conversation.form is None else VerifySignUp()


def not_verified(conversation: Conversation, event: Failed) -> Turn:
    """The OTP was not accepted: why, and how many tries are left."""
    otp = conversation.otp
    back = replace(stop_waiting(conversation, event.id), stage=Stage.OTP)
    if otp is None:
        return _ask_number(back)
    match event.problem:
        case Problem.OTP_WRONG if otp.tries_left > 1:
            back = replace(back, otp=replace(otp, tries_left=otp.tries_left - 1))
            tries = otp.tries_left - 1
            note = text("otp.wrong_last" if tries == 1 else "otp.wrong", tries=tries)
            return back, (say(back, "otp.retry", *question(Stage.OTP, *_options(back)), note=note),)
        case Problem.OTP_WRONG | Problem.OTP_TOO_MANY:
            return need_new(back, "otp.no_tries")
        case Problem.OTP_EXPIRED:
            return need_new(back, "otp.expired")
    # DigiLocker may have used the OTP up before it failed, so the same one is not tried again.
    return need_new(back, f"problem.{event.problem}")


def need_new(conversation: Conversation, key: str) -> Turn:
    """The OTP cannot be used any longer: why, and that a new one is needed."""
    spent = replace(conversation, otp=replace(conversation.otp, tries_left=0) if conversation.otp else None)
    buttons = question(Stage.OTP, *_options(spent))
    return spent, (say(spent, "otp.new", *buttons, note=text(key)),)


def _back(conversation: Conversation, _: Context) -> Turn:
    """*Back* to the details that she signs up with, or to the number."""
    return goto(conversation, Stage.SUMMARY if conversation.form else Stage.AADHAAR)


SENDING_OTP = at_work(
    lambda conversation: SendOtp() if conversation.form is None else SignUp(),
    ask=send,
    back=_back,
)
OTP = Question(
    ask=ask,
    answer=answer,
    back=_back,
    help=lambda conversation: say(conversation, "help.otp", *question(Stage.OTP, *_options(conversation))),
    expects=(Expects.OTP,),
    answers=frozenset({Choice.NOT_COME, Choice.RESEND, Choice.CHANGE_NUMBER}),
)
VERIFYING = at_work(_verification, back=_back)
