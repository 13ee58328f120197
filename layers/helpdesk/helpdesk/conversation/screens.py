"""The screens of the form in which she signs in."""

from enum import StrEnum


class Screen(StrEnum):
    """A screen of the form."""

    CONSENT = "CONSENT"
    NUMBER = "NUMBER"
    SIGN_UP = "SIGN_UP"
    OTP = "OTP"
    DOCUMENTS = "DOCUMENTS"
    CLOSED = "CLOSED"
    """What is left to say; the rest comes in the chat."""
    SUCCESS = "SUCCESS"
    """None: the form closes, as all that follows comes in the chat."""
