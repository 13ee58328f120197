"""What can go wrong outside, in words that the dialogue understands.

Each is one thing to tell the citizen; which error of which service becomes which problem is decided in the
packages that talk to the services. Catalogues hold a text `problem.<value>` for each.
"""

from enum import StrEnum


class Problem(StrEnum):
    """Why DigiLocker could not do what was asked."""

    UNREACHABLE = "unreachable"
    """No connection, a timeout, or an answer that makes no sense: worth another try later."""
    HELD_UP = "held_up"
    """Our own side was held up for so long that DigiLocker was not asked any more."""
    BUSY = "busy"
    """DigiLocker answered that it cannot serve now (500, 503, 530 without more detail, 429)."""
    MISCONFIGURED = "misconfigured"
    """Our own credentials or request were refused: nothing the citizen can mend."""
    OTP_WRONG = "otp_wrong"
    OTP_UNSURE = "otp_unsure"
    """The function died while an OTP was being verified: it may have been right and is used up now."""
    OTP_EXPIRED = "otp_expired"
    OTP_NOT_SENT = "otp_not_sent"
    """DigiLocker could not send an OTP, as the account has no valid mobile or e-mail address."""
    OTP_TOO_MANY = "otp_too_many"
    """DigiLocker sends no more OTPs to this account for a while."""
    NO_ACCOUNT = "no_account"
    SEVERAL_ACCOUNTS = "several_accounts"
    """A mobile number that belongs to more than one account."""
    SIGNED_OUT = "signed_out"
    """The token is invalid, expired or was revoked by the citizen."""
    NOT_SHARED = "not_shared"
    """The granted scope does not cover the document."""
    NOT_FOUND = "not_found"
    """The issuer has no file for this document."""
    ISSUER_DOWN = "issuer_down"
    """The issuer's repository, from which DigiLocker fetches live, does not answer or answers wrongly."""
    NOT_A_PDF = "not_a_pdf"
    DAMAGED = "damaged"
    """The bytes do not match the `hmac` that DigiLocker sent along."""
    TOO_LARGE = "too_large"
