"""Signing up for a DigiLocker account inside the chat: details as in Aadhaar, then the OTP to the mobile.

Source: "Authorized Partner API Specification" 1.x, "Sign Up". The contents of 2.4 list it no longer; like the device
code it is called there anyway, and refused if it is gone.

Two things are our own reading (inferred). The hash is the one that the specification prints at every endpoint, over
secret, client id and time stamp: working integrations hash more at account verification, and none is known for this.
And what answers a wrong OTP is not documented: see `OtpRefused`.
"""

import datetime as dt

from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.digilocker.errors import Endpoint
from helpdesk.digilocker.models import SignUpAnswer, Token, TokenAnswer


def request_sign_up(
    client: DigiLockerClient, *, uid: str, name: str, born: dt.date, gender: str, mobile: str, seconds: float
) -> None:
    """Have details compared with Aadhaar's and an OTP sent to the mobile. The citizen must have consented to that.

    `uid` is an Aadhaar number (a VID will not do), `gender` M, F or T, `mobile` Indian, with its country code or
    without. Never repeated: it may have taken effect, whatever became of its answer.

    Always with `verification=Y` and `demoauth=Y`. A token that comes at once, as it may where the Aadhaar number
    has an account already (since 1.7), is not looked at: nobody has shown yet that the mobile is hers. Nor is the
    mobile that it names, which could be that of such an account.

    Raises `DetailsDiffer`, `DetailsInvalid`, `MobileTaken`, `OtpTooMany` (inferred), and what every call raises.
    """
    fields = {
        "uid": uid,
        "name": name,
        "dob": born.strftime("%d%m%Y"),
        "gender": gender,
        "mobile": _national(mobile),
        "verification": "Y",
        "demoauth": "Y",
        "consent": "Y",
    }
    client.signed(Endpoint.SIGN_UP, "signup/2/demoauth", SignUpAnswer, fields, "", seconds)


def verify_sign_up(client: DigiLockerClient, mobile: str, otp: str, seconds: float) -> Token:
    """Exchange the OTP for the new account's token. Never repeated.

    Raises `OtpRefused`, `OtpExpired`, `OtpTooMany` (all inferred), and what every call raises.
    """
    fields = {"mobile": _national(mobile), "otp": otp}
    path = "signup/1/demoauthverify"
    return client.signed(Endpoint.SIGN_UP_VERIFY, path, TokenAnswer, fields, "", seconds).to_value()


def _national(mobile: str) -> str:
    """Return an Indian mobile without its country code: ten digits."""
    digits = mobile.removeprefix("+")
    return digits.removeprefix("91") if len(digits) == 12 else digits
