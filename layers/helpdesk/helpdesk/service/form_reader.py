"""What she submitted in the form, as an event of the dialogue and what has to be sealed for it."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from helpdesk.conversation.choices import Choice, Tap, read_tap
from helpdesk.conversation.effects import AADHAAR, BORN, GENDER, MOBILE, NAME, OTP
from helpdesk.conversation.events import Entered, Kind, SignUpEntered, Tapped
from helpdesk.conversation.model import Stage
from helpdesk.conversation.numbers import (
    AADHAAR_DIGITS,
    OTP_DIGITS,
    VIRTUAL_ID_DIGITS,
    Fault,
    digit_groups,
    identity_fault,
    mobile_fault,
    national_mobile,
)
from helpdesk.conversation.screens import Screen
from helpdesk.service.identity import number_mark
from helpdesk.structs import Value

_AGREED: Final = "yes"
_LONGEST_NAME: Final = 100
_IN_NAMES: Final = str.maketrans("", "", " .'’-")
_GENDERS: Final = frozenset("FMT")
_OLDEST: Final = "1900-01-01"


class Submission(Value, frozen=True):
    """What a screen brought, and what is sealed of it, by name."""

    hidden = ("brought",)

    entered: Entered | Tapped | SignUpEntered
    brought: Mapping[str, str]


def read_submission(
    screen: Screen, fields: Mapping[str, str], step: str, *, pepper: str, own_mobile: str, today: str
) -> Submission:
    """Return what the fields of a screen mean. `own_mobile`: the ten digits she writes from, if it is an Indian mobile.

    `today`: in India, as YYYY-MM-DD.
    """
    match screen, fields.get("choice", ""):
        case Screen.CONSENT, "sign_up":
            return _tapped(step, Choice.SIGN_UP, Stage.CONSENT)
        case Screen.CONSENT, _ if fields.get("agree") == _AGREED:
            return _tapped(step, Choice.AGREE, Stage.CONSENT)
        case Screen.NUMBER, _:
            return _number(fields.get("number", ""), step, pepper)
        case Screen.OTP, "resend":
            return _tapped(step, Choice.RESEND, Stage.OTP)
        case Screen.OTP, _:
            digits = _digits(fields.get("otp", ""))
            kind = Kind.OTP if len(digits) == OTP_DIGITS else Kind.OTHER
            return Submission(Entered(step, kind), {OTP: digits} if kind is Kind.OTP else {})
        case Screen.SIGN_UP, _:
            return _sign_up(fields, step, pepper, own_mobile, today)
        case Screen.DOCUMENTS, _:
            return Submission(Tapped(step, read_tap(fields.get("document", ""))), {})
    return Submission(Tapped(step, None), {})


def _tapped(step: str, choice: Choice, stage: Stage) -> Submission:
    return Submission(Tapped(step, Tap(choice, stage.value)), {})


def _number(entered: str, step: str, pepper: str) -> Submission:
    digits = _digits(entered)
    kinds = {AADHAAR_DIGITS: Kind.AADHAAR, VIRTUAL_ID_DIGITS: Kind.VIRTUAL_ID}
    kind, fault = kinds.get(len(digits), Kind.OTHER), identity_fault(digits)
    if fault:
        return Submission(Entered(step, kind, fault), {})
    return Submission(Entered(step, kind, mark=number_mark(pepper, digits)), {AADHAAR: digits})


def _sign_up(fields: Mapping[str, str], step: str, pepper: str, own_mobile: str, today: str) -> Submission:
    """Read everything that signing up takes; what is wrong first is told."""
    number, mobile = _digits(fields.get("number", "")), national_mobile(fields.get("mobile", ""))
    name, born, gender = " ".join(fields.get("name", "").split()), fields.get("born", ""), fields.get("gender", "")
    letters = name.translate(_IN_NAMES)
    fault = identity_fault(number)
    faults = {
        "form.agree": fields.get("agree") != _AGREED or gender not in _GENDERS,
        f"aadhaar.{fault or Fault.LENGTH}": fault is not None or len(number) != AADHAAR_DIGITS,
        "sign_up.not_a_name": not (letters.isascii() and letters.isalpha() and 1 < len(letters) <= _LONGEST_NAME),
        "sign_up.not_a_date": not _is_date(born, today),
        "sign_up.not_a_mobile": not mobile or mobile_fault(mobile) is not None,
    }
    if wrong := next((key for key, is_wrong in faults.items() if is_wrong), ""):
        return Submission(SignUpEntered(step, fault=wrong), {})
    mobile_mark = "" if mobile == own_mobile else number_mark(pepper, mobile)
    entered = SignUpEntered(step, number_mark(pepper, number), mobile_mark)
    return Submission(entered, {AADHAAR: number, NAME: name, BORN: born, GENDER: gender, MOBILE: mobile})


def _digits(entered: str) -> str:
    """Return the digits of a number, whatever script they are in and however they are grouped; "" for other text."""
    groups = digit_groups(entered)
    return groups[0].digits if len(groups) == 1 else ""


def _is_date(text: str, today: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len(_OLDEST) and _OLDEST <= text <= today
