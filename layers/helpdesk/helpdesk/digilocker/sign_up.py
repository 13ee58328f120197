"""Signing up for a DigiLocker account inside the chat: details as in Aadhaar, then the OTP to the mobile.

Source: "Authorized Partner API Specification" 1.x, "Sign Up". The contents of 2.4 list it no longer; like the device
code it is called there all the same, and refused if it is gone.

Two things are our own reading (inferred). The hash is the one that the specification prints at every endpoint, over
secret, client id and time stamp: working integrations hash more at account verification, and none is known for this.
And what answers a wrong OTP is not documented: see `OtpRefused`.
"""

import datetime as dt
from typing import Literal

from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.digilocker.errors import Endpoint
from helpdesk.digilocker.models import SignUpAnswer, Token, TokenAnswer
from helpdesk.structs import Value

type Gender = Literal["M", "F", "T"]


class Applicant(Value, frozen=True):
    """Who signs up, as her Aadhaar has it. Nothing of it shows in a `repr`."""

    hidden = ("uid", "name", "born", "gender", "mobile")

    uid: str
    """Her Aadhaar number, digits only. A VID will not do."""
    name: str
    born: dt.date
    gender: Gender
    mobile: str
    """Where the OTP goes and the account's mobile from then on; Indian, with its country code or without."""


class SignUp:
    """The two calls. Neither is ever repeated: each may have taken effect, whatever became of its answer."""

    def __init__(self, client: DigiLockerClient) -> None:
        self._client = client

    def request(self, applicant: Applicant, seconds: float) -> None:
        """Have the details compared with Aadhaar's and an OTP sent. The citizen must have consented to that.

        Always with `verification=Y` and `demoauth=Y`. A token that comes at once, as it may where the Aadhaar number
        has an account already (since 1.7), is not looked at: nobody has shown yet that the mobile is hers. Nor is the
        mobile that it names, which could be that of such an account.

        Raises `DetailsDiffer`, `DetailsInvalid`, `MobileTaken`, `OtpTooMany` (inferred), and what every call raises.
        """
        fields = {
            "uid": applicant.uid,
            "name": applicant.name,
            "dob": applicant.born.strftime("%d%m%Y"),
            "gender": applicant.gender,
            "mobile": _national(applicant.mobile),
            "verification": "Y",
            "demoauth": "Y",
            "consent": "Y",
        }
        self._client.signed(Endpoint.SIGN_UP, "signup/2/demoauth", SignUpAnswer, fields, "", seconds)

    def verify(self, mobile: str, otp: str, seconds: float) -> Token:
        """Exchange the OTP for the new account's token.

        Raises `OtpRefused`, `OtpExpired`, `OtpTooMany` (all inferred), and what every call raises.
        """
        fields = {"mobile": _national(mobile), "otp": otp}
        answer = self._client.signed(
            Endpoint.SIGN_UP_VERIFY, "signup/1/demoauthverify", TokenAnswer, fields, "", seconds
        )
        return answer.to_value()


def _national(mobile: str) -> str:
    """Give an Indian mobile without its country code: ten digits."""
    digits = mobile.removeprefix("+")
    return digits.removeprefix("91") if len(digits) == 12 else digits
