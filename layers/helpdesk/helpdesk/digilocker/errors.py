"""What DigiLocker can answer instead of what was asked, by what it means for the citizen and for the operator.

    DigiLockerError
    ├── Unreachable                 no connection, no answer in time, or a broken one
    │   ├── Unanswered              the same for a call that may have taken effect: never repeat it
    │   └── Unintelligible          an answer that is not what the documents describe
    ├── Busy                        500, 503, 530, 429 without more detail
    │   └── Unserved                the same for a call that may have taken effect: never repeat it
    ├── ClientRefused               our client id or secret is not accepted
    ├── RequestRefused              our request is wrong: a parameter, time stamp or hash
    │   └── NotInThisVersion        an API that this version of DigiLocker does not have
    ├── InvalidUserName             no account goes by this user name or number
    │   ├── NotRegistered           ... and account verification says so too
    │   └── UserNameRefused         ... although account verification knows the account: an operator should look
    ├── SeveralAccounts             the mobile number belongs to more than one account
    ├── OtpNotSent                  the account has no valid mobile or e-mail address
    ├── OtpTooMany                  no more OTPs for a while
    ├── OtpRefused                  wrong OTP
    ├── OtpExpired                  the OTP's time is over
    ├── InvalidToken                signed out: expired, or revoked by the citizen
    ├── InsufficientScope           the consent does not cover this document
    ├── InvalidUri                  no file for this document
    ├── RepositoryUnresponsive      the issuer does not answer now
    ├── RepositoryMisconfigured     the issuer's connection is switched off or set up wrongly
    ├── NotAPdf                     a file, but not a PDF
    ├── Damaged                     the bytes do not fit their `hmac`, or came without one
    └── TooLarge                    more than 10 MB

`retryable` says that repeating the very same call can help and cannot burn anything (send a second OTP, use one up).

Source: DigiLocker "Authorized Partner API Specification" 1.x and "Requester" 2.4. Two things are not documented and
are our own reading, marked "inferred" below: what answers a wrong or expired OTP, and what answers too many.
"""

import re
from enum import Enum
from typing import Final

from helpdesk.conversation.problems import Problem
from helpdesk.errors import DigiLockerError


class Endpoint(Enum):
    """The APIs that are called, since what an answer means depends on what was asked."""

    VERIFY_ACCOUNT = "account verify"
    DEVICE_CODE = "device code"
    DEVICE_TOKEN = "device token"  # noqa: S105 - the name of an API
    ISSUED = "issued documents"
    UPLOADED = "uploaded documents"
    FILE = "file"
    REVOKE = "revoke"

    @property
    def takes_effect(self) -> bool:
        """Whether a call may burn something, so that it is never repeated once it has left."""
        return self in {Endpoint.DEVICE_CODE, Endpoint.DEVICE_TOKEN}

    @property
    def takes_bearer(self) -> bool:
        """Whether the call is made with the citizen's access token."""
        return self in {Endpoint.ISSUED, Endpoint.UPLOADED, Endpoint.FILE}


class Unreachable(DigiLockerError):
    """No connection, or no complete answer in time, of a call that may be repeated."""

    problem = Problem.UNREACHABLE
    retryable = True


class Unanswered(Unreachable):
    """The call left and may have taken effect (an OTP sent, or used up), but no readable answer came."""

    retryable = False


class Unintelligible(Unreachable):
    """An answer that is not what the documents describe: a proxy's page, a redirect, JSON of another shape."""


class Busy(DigiLockerError):
    """DigiLocker itself says that it cannot serve now."""

    problem = Problem.BUSY
    retryable = True


class Unserved(Busy):
    """DigiLocker failed at a call that may have taken effect all the same."""

    retryable = False


class ClientRefused(DigiLockerError):
    """Client id or secret are unknown, wrong or blocked."""

    problem = Problem.MISCONFIGURED


class RequestRefused(DigiLockerError):
    """A parameter, time stamp or hash of ours is missing or wrong: a bug, or a clock that is far off."""

    problem = Problem.MISCONFIGURED


class NotInThisVersion(RequestRefused):
    """The configured version of DigiLocker has no such API; nothing was called."""


class InvalidUserName(DigiLockerError):
    """No account goes by this user name, Aadhaar number or mobile."""

    problem = Problem.NO_ACCOUNT


class NotRegistered(InvalidUserName):
    """Account verification says the same: there is no account."""


class UserNameRefused(InvalidUserName):
    """Account verification knows the account, yet its number is refused as user name.

    Then our reading that an Aadhaar number may stand as `dl_username` does not hold (inferred): for the operator.
    """


class SeveralAccounts(DigiLockerError):
    """The mobile number belongs to more than one account; only the user name tells them apart."""

    problem = Problem.SEVERAL_ACCOUNTS


class OtpNotSent(DigiLockerError):
    """DigiLocker has no valid mobile or e-mail address to send an OTP to."""

    problem = Problem.OTP_NOT_SENT


class OtpTooMany(DigiLockerError):
    """Too many OTPs asked for, or too many tries (inferred: no code is documented)."""

    problem = Problem.OTP_TOO_MANY


class OtpRefused(DigiLockerError):
    """The OTP is wrong (inferred: `invalid_grant`)."""

    problem = Problem.OTP_WRONG


class OtpExpired(DigiLockerError):
    """The OTP or its device code is too old (inferred: `expired_token`, as in RFC 8628)."""

    problem = Problem.OTP_EXPIRED


class InvalidToken(DigiLockerError):
    """The access token is expired, or the citizen revoked it at DigiLocker."""

    problem = Problem.SIGNED_OUT


class InsufficientScope(DigiLockerError):
    """What the citizen consented to does not cover this."""

    problem = Problem.NOT_SHARED


class InvalidUri(DigiLockerError):
    """There is no file for the document's URI."""

    problem = Problem.NOT_FOUND


class RepositoryUnresponsive(DigiLockerError):
    """The issuer, from whom DigiLocker fetches at each call, does not answer or answers wrongly."""

    problem = Problem.ISSUER_DOWN
    retryable = True


class RepositoryMisconfigured(DigiLockerError):
    """The issuer's connection is switched off, unpublished or set up wrongly: not a matter of minutes."""

    problem = Problem.ISSUER_DOWN


class NotAPdf(DigiLockerError):
    """The file has another format, such as a picture."""

    problem = Problem.NOT_A_PDF


class Damaged(DigiLockerError):
    """The bytes do not fit the `hmac` header, or there is no such header."""

    problem = Problem.DAMAGED
    retryable = True


class TooLarge(DigiLockerError):
    """The file is above the limit."""

    problem = Problem.TOO_LARGE


_CLASS_OF_CODE: Final[dict[str, type[DigiLockerError]]] = {
    # account verification, device code (1.x)
    "invalid_parameter": RequestRefused,
    "parameter_missing": RequestRefused,
    "invalid_ts": RequestRefused,
    "hmac_mismatch": RequestRefused,
    "invalid_response_type": RequestRefused,
    "invalid_client_id": ClientRefused,
    "invalid_username": InvalidUserName,
    "invalid_mobile": InvalidUserName,
    "multiple_mobile_accounts": SeveralAccounts,
    "otp_error": OtpNotSent,
    # token, revoke
    "invalid_client": ClientRefused,
    "invalid_grant_type": RequestRefused,
    "unauthorized_client": ClientRefused,  # inferred, RFC 6749
    "invalid_request": RequestRefused,  # inferred, RFC 6749
    "unsupported_grant_type": RequestRefused,  # inferred, RFC 6749
    "invalid_grant": OtpRefused,  # inferred
    "invalid_otp": OtpRefused,  # inferred
    "expired_token": OtpExpired,  # inferred, RFC 8628
    "otp_expired": OtpExpired,  # inferred, an aggregator's name
    "slow_down": OtpTooMany,  # inferred, RFC 8628
    "otp_flooding_error": OtpTooMany,  # inferred, an aggregator's name
    "exceeded_otp_generation": OtpTooMany,  # inferred, an aggregator's name
    "wait_otp_generation_1min": OtpTooMany,  # inferred, an aggregator's name
    "exceeded_otp_attempt": OtpTooMany,  # inferred, an aggregator's name
    # documents
    "invalid_token": InvalidToken,
    "insufficient_scope": InsufficientScope,
    "uri_missing": RequestRefused,
    "invalid_uri": InvalidUri,
    "invalid_id": InvalidUri,
    "partner_service_unresponsive": Busy,  # documented for lists only, where no issuer has been chosen yet
    "repository_service_unresponsive": RepositoryUnresponsive,
    "repository_service_resperror": RepositoryUnresponsive,
    "repository_service_exception": RepositoryUnresponsive,
    "repository_service_configerror": RepositoryMisconfigured,
    "repository_service_inactive": RepositoryMisconfigured,
    "repository_service_unpublished": RepositoryMisconfigured,
    # e-Aadhaar, should a file call ever answer with it
    "aadhaar_not_linked": InvalidUri,
    "aadhaar_not_available": InvalidUri,
}
"""DigiLocker's `error` -> what it is raised as. `unexpected_error` says nothing: there the status decides."""

_SAFE_CODE: Final = re.compile(r"[a-z]+(_[a-z0-9]{1,16}){1,6}")
"""What a code looks like: words joined by underscores. Anything else could be a text or number that was sent."""


def error_of(status: int, body: object, *, endpoint: Endpoint) -> DigiLockerError:
    """Give the error for an answer that is not a success (or is one that holds an error all the same).

    `body` is the decoded JSON, or None when it was not JSON (HTML of a proxy, broken off). A known code decides
    whatever the status (1.x answers 500 and 503 where 2.4 answers 530); otherwise the status does.
    """
    code, description = _code_and_description(body)
    kind = _class_of_code(code, description, endpoint) or _class_of_status(status, endpoint)
    return kind(code or ("(no code)" if isinstance(body, dict) else "(not JSON)"), status=status)


def _code_and_description(body: object) -> tuple[str | None, str]:
    if not isinstance(body, dict):
        return None, ""
    code, description = body.get("error"), body.get("error_description")
    if not (isinstance(code, str) and _SAFE_CODE.fullmatch(code)):
        code = None
    return code, description.lower() if isinstance(description, str) else ""


def _class_of_code(code: str | None, description: str, endpoint: Endpoint) -> type[DigiLockerError] | None:
    if code is None:
        return None
    kind = _CLASS_OF_CODE.get(code)
    if kind in {OtpRefused, OtpNotSent}:
        # Inferred: one code may stand for several reasons, told apart only by its text.
        if "expire" in description:
            return OtpExpired
        if any(word in description for word in ("too many", "flood", "exceed", "maximum", "limit")):
            return OtpTooMany
    if kind is OtpRefused and endpoint is not Endpoint.DEVICE_TOKEN:
        return None
    return kind


def _class_of_status(status: int, endpoint: Endpoint) -> type[DigiLockerError]:
    match status:
        case 401 | 403 if not endpoint.takes_bearer:
            return ClientRefused
        case 401:
            return InvalidToken
        case 403:
            return InsufficientScope
        case 400 if endpoint is Endpoint.REVOKE:  # documented without a code: "The token is invalid"
            return InvalidToken
        case 404 if endpoint is Endpoint.FILE:
            return InvalidUri
        case 429 if endpoint is Endpoint.DEVICE_CODE:
            return OtpTooMany  # inferred
        case 429:
            return Unserved if endpoint.takes_effect else Busy
        case _ if 400 <= status < 500:
            return RequestRefused
        case _ if status >= 500:
            return Unserved if endpoint.takes_effect else Busy
        case _ if endpoint.takes_effect:
            return Unanswered
        case _:
            return Unintelligible
