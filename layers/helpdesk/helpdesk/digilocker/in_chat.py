"""Signing in inside the chat: the Aadhaar number, then the OTP.

DigiLocker publishes no API that takes an Aadhaar number and an OTP from a partner's screen. What it published (1.x) is
the device-code flow, which sends an OTP to the account of a *user name*. That an Aadhaar number or VID may be used as
the user name is our reading (inferred); `UserNameRefused` is how an operator would notice that it does not hold.
"""

from typing import Final

from helpdesk import outbound
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.digilocker.errors import InvalidUserName, NotRegistered, UserNameRefused
from helpdesk.errors import DigiLockerError

_AADHAAR_DIGITS: Final = 12
"""An Aadhaar number; a VID has 16 digits, which account verification does not take."""

_VERIFY_SHARE: Final = 0.4
"""The part of the time that account verification may take: the OTP matters more."""


def send_otp(client: DigiLockerClient, number: str, seconds: float) -> str:
    """Have an OTP sent for an Aadhaar number or VID (digits only), within `seconds` for all calls together.

    Return the device code that the OTP is verified with.

    In 1.x an Aadhaar number is looked up first, and whatever comes of that the OTP is asked for: so the number of
    calls, and with it the time taken, does not tell whether there is an account. The lookup only says what a refused
    user name means. Raises the errors of `request_device_code`, with `NotRegistered` or `UserNameRefused` for
    `InvalidUserName` where the lookup gave an answer.
    """
    deadline = outbound.Deadline.after(seconds)
    registered = _is_registered(client, number, seconds * _VERIFY_SHARE)
    try:
        return client.request_device_code(number, deadline.left())
    except InvalidUserName as error:
        kind = {True: UserNameRefused, False: NotRegistered, None: InvalidUserName}[registered]
        raise kind(error.code, status=error.status) from None


def _is_registered(client: DigiLockerClient, number: str, seconds: float) -> bool | None:
    """Look an Aadhaar number up; None where that cannot be done, or failed (the OTP call will then tell)."""
    if client.version != "1.x" or len(number) != _AADHAAR_DIGITS:
        return None
    try:
        return client.verify_account(number, seconds)
    except DigiLockerError:
        return None
