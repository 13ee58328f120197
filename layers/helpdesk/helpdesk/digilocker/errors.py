"""What DigiLocker can answer instead of what was asked, by what it means for the citizen and for the operator.

    DigiLockerError
    ├── Unreachable                 no connection, no answer in time, or a broken one
    │   ├── Unanswered              the same for a call that may have taken effect: never repeat it
    │   ├── Unintelligible          an answer that is not what the documents describe
    │   └── OutOfTime               not even asked: what came before it took all the time that a job has
    ├── Busy                        500, 503, 530, 429 without more detail
    │   ├── Unserved                the same for a call that may have taken effect: never repeat it
    │   └── DirectoryNotReady       the directory of issuers is being fetched for the first time
    ├── ClientRefused               our client id or secret is not accepted
    ├── RequestRefused              our request is wrong: a parameter, time stamp or hash
    │   ├── NotInThisVersion        an API that this version of DigiLocker does not have
    │   └── DetailsInvalid          the part of it that the citizen entered
    ├── InvalidUserName             no account goes by this user name or number
    │   ├── NotRegistered           ... and account verification says so too
    │   └── UserNameRefused         ... although account verification knows the account: an operator should look
    ├── SeveralAccounts             the mobile number belongs to more than one account
    ├── OtpNotSent                  the account has no valid mobile or e-mail address
    ├── OtpTooMany                  no more OTPs for a while
    ├── OtpRefused                  wrong OTP
    ├── OtpExpired                  the OTP's time is over
    ├── InvalidToken                signed out: expired, or revoked by the citizen
    │   └── CodeRefused             the way back from DigiLocker's page took too long, or was gone twice
    ├── InsufficientScope           the consent does not cover this document
    ├── InvalidUri                  no file for this document
    ├── MobileTaken                 signing up: the mobile number belongs to another account
    ├── DetailsDiffer               signing up: the details are not Aadhaar's
    ├── AadhaarNotLinked            pulling: the account is not linked with Aadhaar
    ├── NotOffered                  pulling: no such issuer, or it does not issue this type
    ├── NoRecord                    pulling: the issuer has nothing for these details
    ├── PullPending                 pulling: the details do not match exactly, the issuer looks into it
    ├── AlreadyThere                pulling: the document is in the account already
    ├── PullUnsure                  pulling: it may have taken effect, though no answer says so
    ├── RepositoryUnresponsive      the issuer does not answer now
    │   └── RepositoryUnserved      the same for a call that may have taken effect: never repeat it
    ├── RepositoryMisconfigured     the issuer's connection is switched off or set up wrongly
    ├── NotAPdf                     a file, but not a PDF
    ├── Damaged                     the bytes do not fit their `hmac`, or came without one
    └── TooLarge                    more than 10 MB

`retryable` says that repeating the very same call can help and cannot burn anything (send a second OTP, use one up).

Before an OTP has succeeded, only what `holds_for_everybody` is told to the citizen.

Source: DigiLocker "Authorized Partner API Specification" 1.x and "Requester" 2.4. Two things are not documented and
are our own reading, marked "inferred" below: what answers a wrong or expired OTP, and what answers too many.
"""

import re
from enum import Enum
from typing import Final

from helpdesk.conversation.problems import Problem
from helpdesk.digilocker import wire
from helpdesk.errors import DigiLockerError


class Endpoint(Enum):
    """The APIs that are called, since what an answer means depends on what was asked."""

    VERIFY_ACCOUNT = "account verify"
    DEVICE_CODE = "device code"
    DEVICE_TOKEN = "device token"  # noqa: S105 - the name of an API
    CODE_TOKEN = "code token"  # noqa: S105 - the name of an API
    REFRESH_TOKEN = "refresh token"  # noqa: S105 - the name of an API
    ISSUED = "issued documents"
    UPLOADED = "uploaded documents"
    FILE = "file"
    EAADHAAR = "e-Aadhaar"
    REVOKE = "revoke"
    SIGN_UP = "sign-up"
    SIGN_UP_VERIFY = "sign-up verify"
    PULL_ISSUERS = "pull issuers"
    PULL_DOCTYPES = "pull doctypes"
    PULL_PARAMETERS = "pull parameters"
    PULL_DOCUMENT = "pull document"

    @property
    def takes_effect(self) -> bool:
        """Whether a call may burn something, so that it is never repeated once it has left."""
        return self in {
            Endpoint.DEVICE_CODE,
            Endpoint.DEVICE_TOKEN,
            Endpoint.CODE_TOKEN,
            Endpoint.REFRESH_TOKEN,
            Endpoint.SIGN_UP,
            Endpoint.SIGN_UP_VERIFY,
            Endpoint.PULL_DOCUMENT,
        }

    @property
    def takes_bearer(self) -> bool:
        """Whether the call is made with the citizen's access token."""
        return self in {
            Endpoint.ISSUED,
            Endpoint.UPLOADED,
            Endpoint.FILE,
            Endpoint.EAADHAAR,
            Endpoint.PULL_DOCUMENT,
        }


class Unreachable(DigiLockerError):
    """No connection, or no complete answer in time, of a call that may be repeated."""

    problem = Problem.UNREACHABLE
    retryable = True


class OutOfTime(Unreachable):
    """The job has no time left for a call."""

    problem = Problem.HELD_UP


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
    """DigiLocker failed at a call that may have taken effect anyway."""

    retryable = False


class DirectoryNotReady(Busy):
    """There is no copy of the directory of issuers yet, and somebody else is fetching it."""


class ClientRefused(DigiLockerError):
    """Client id or secret are unknown, wrong or blocked."""

    problem = Problem.MISCONFIGURED


class RequestRefused(DigiLockerError):
    """A parameter, time stamp or hash of ours is missing or wrong: a bug, or a clock that is far off."""

    problem = Problem.MISCONFIGURED


class NotInThisVersion(RequestRefused):
    """The configured version of DigiLocker has no such API; nothing was called."""


class DetailsInvalid(RequestRefused):
    """Something that the citizen entered has a form that DigiLocker does not take."""

    problem = Problem.DETAILS_INVALID


class InvalidUserName(DigiLockerError):
    """No account goes by this user name, Aadhaar number or mobile."""

    problem = Problem.NO_ACCOUNT


class NotRegistered(InvalidUserName):
    """Account verification says the same: there is no account."""


class UserNameRefused(InvalidUserName):
    """Account verification knows the account, yet its number is refused as user name.

    Then our reading that an Aadhaar number can be used as `dl_username` does not hold (inferred): for the operator.
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


class CodeRefused(InvalidToken):
    """The authorization code is used up or too old, or was asked for with another address or verifier.

    Inferred for `invalid_grant`: it is documented for refresh tokens only, and there means `InvalidToken`.
    """


class InsufficientScope(DigiLockerError):
    """What the citizen consented to does not cover this."""

    problem = Problem.NOT_SHARED


class InvalidUri(DigiLockerError):
    """There is no file for the document's URI."""

    problem = Problem.NOT_FOUND


class MobileTaken(DigiLockerError):
    """Signing up: the mobile number belongs to another account."""

    problem = Problem.MOBILE_TAKEN


class DetailsDiffer(DigiLockerError):
    """Signing up: Aadhaar number, name, date of birth or gender are not what Aadhaar has."""

    problem = Problem.DETAILS_DIFFER


class AadhaarNotLinked(DigiLockerError):
    """Pulling: the account is not linked with Aadhaar."""

    problem = Problem.AADHAAR_NOT_LINKED


class NotOffered(DigiLockerError):
    """Pulling: DigiLocker knows no such organisation, or not this document type of it."""

    problem = Problem.NOT_OFFERED


class NoRecord(DigiLockerError):
    """Pulling: the issuer finds nothing for the details."""

    problem = Problem.NO_RECORD


class PullPending(DigiLockerError):
    """Pulling: the details do not match exactly and were forwarded to the issuer."""

    problem = Problem.PULL_PENDING


class AlreadyThere(DigiLockerError):
    """Pulling: the document is among the issued ones already."""

    problem = Problem.ALREADY_THERE


class PullUnsure(DigiLockerError):
    """Pulling: the call left, and nobody knows whether the document is among the issued ones now."""

    problem = Problem.PULL_UNSURE


class RepositoryUnresponsive(DigiLockerError):
    """The issuer, from whom DigiLocker fetches at each call, does not answer or answers wrongly."""

    problem = Problem.ISSUER_DOWN
    retryable = True


class RepositoryUnserved(RepositoryUnresponsive):
    """The same at a call that may have taken effect anyway."""

    retryable = False


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


CLASS_OF_CODE: Final[dict[str, type[DigiLockerError]]] = {
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
    # sign-up (1.x)
    "mobile_exists": MobileTaken,
    "auth_failure": DetailsDiffer,
    # pull: 500 in 1.x, 400 in 2.4
    "invalid_orgid": NotOffered,
    "invalid_doctype": NotOffered,
    "pull_response_pending": PullPending,
    "uri_exists": AlreadyThere,
    "record_not_found": NoRecord,
    # e-Aadhaar
    "aadhaar_not_linked": InvalidUri,
    "aadhaar_not_available": InvalidUri,
}
"""DigiLocker's `error` -> what it is raised as. `unexpected_error` says nothing: there the status decides."""

_GRANT_REFUSED: Final[dict[Endpoint, type[DigiLockerError]]] = {
    Endpoint.CODE_TOKEN: CodeRefused,
    Endpoint.REFRESH_TOKEN: InvalidToken,
}
"""What it means there that the grant is refused, or 401 (documented: "expired or has been revoked")."""

_OTP_ENDPOINTS: Final = frozenset({Endpoint.DEVICE_CODE, Endpoint.DEVICE_TOKEN})
_STATUS_OF_AN_ACCOUNT: Final = frozenset({400, 422, 429, 500})
"""What can answer an unknown user name, or an account that gets no OTP (documented: 400, 500)."""

_MAY_HAVE_TAKEN_EFFECT: Final[dict[type[DigiLockerError], type[DigiLockerError]]] = {
    Busy: Unserved,
    RepositoryUnresponsive: RepositoryUnserved,
}
"""What a failure is called at a call that is never repeated."""

_ABOUT_US: Final = frozenset(
    {
        "invalid_client_id",
        "invalid_client",
        "unauthorized_client",
        "invalid_response_type",
        "invalid_grant_type",
        "unsupported_grant_type",
        "invalid_ts",
        "hmac_mismatch",
    }
)
"""Codes that speak of the partner and of nobody's account."""

NOT_JSON: Final = "(not JSON)"
OTHER_SHAPE: Final = "(other shape)"
"""A success whose JSON lacks what it must have."""
_NO_CODE: Final = "(no code)"
_OTHER_CODE: Final = "(other code)"
"""A code whose form rules out keeping it."""
_SAYS_NOTHING: Final = frozenset({NOT_JSON, _NO_CODE})

_OURS: Final = ("timestamp", "hmac", "verification", "consent", "client")
_CITIZENS: Final = ("uid", "name", "dob", "gender", "mobile")
"""How `invalid_parameter` names the parameter in its text, at sign-up (documented)."""

_ERROR_KEYS: Final = {"error": ("error", "errorcode"), "description": ("errordescription",)}
_INNER_ERROR_KEYS: Final = {"error": ("code", "error"), "description": ("description", "errordescription", "message")}
_SAFE_CODE: Final = re.compile(r"(?!.*[0-9]{4})[a-z]+(_[a-z0-9]{1,16}){1,6}")
"""What a code looks like: words joined by underscores. Anything else could be a text or number that was sent."""


def error_of(status: int, body: object, *, endpoint: Endpoint) -> DigiLockerError:
    """Return the error for an answer that is not a success (or is one that holds an error anyway).

    `body` is the decoded JSON, or None when it was not JSON (HTML of a proxy, broken off). A known code decides
    whatever the status (1.x answers 500 and 503 where 2.4 answers 530); otherwise the status does.
    """
    if body is None and endpoint in _OTP_ENDPOINTS and status in _STATUS_OF_AN_ACCOUNT:
        # The answer broke off: its status could tell a number without an account from one that has one.
        return Unanswered(NOT_JSON, status=status)
    code, description = _code_and_description(body)
    kind = _class_of_code(code, description, endpoint) or _class_of_status(status, endpoint)
    return kind(code or (NOT_JSON if body is None else _NO_CODE), status=status)


def holds_for_everybody(error: DigiLockerError) -> bool:
    """Return whether an error of the OTP's two calls would come for any Aadhaar number.

    Only such an error may be told before an OTP has succeeded; every other one may be about the account, above all a
    code that no document names.
    """
    match error:
        case Unreachable():  # without a status no answer came at all
            return error.status is None or error.code in _SAYS_NOTHING
        case Busy():
            kind = CLASS_OF_CODE.get(error.code)
            is_known = error.code == "unexpected_error" or (kind is not None and issubclass(kind, Busy))
            return is_known or error.code in _SAYS_NOTHING or (error.status or 0) > 500
        case ClientRefused():
            return error.code in _ABOUT_US | _SAYS_NOTHING
        case RequestRefused():
            says_nothing = error.code in _SAYS_NOTHING and error.status not in _STATUS_OF_AN_ACCOUNT
            return error.code in _ABOUT_US or says_nothing
    return False


def names_error(body: object) -> bool:
    """Return whether an answer's JSON says that something went wrong, whatever its status."""
    return _said(body)[0] is not None


def _code_and_description(body: object) -> tuple[str | None, str]:
    """Return a code that is safe to keep, and the description in small letters."""
    code, description = _said(body)
    if code is None:
        return None, description
    known = code.lower()
    if known in CLASS_OF_CODE:
        return known, description
    return (code if _SAFE_CODE.fullmatch(code) else _OTHER_CODE), description


def _said(body: object) -> tuple[str | None, str]:
    """Return the error that is named, also inside a wrapping or as an object; "", "N" and the like name none."""
    by_key = wire.fields(body, _ERROR_KEYS, ())
    error = by_key.get("error")
    if isinstance(error, dict):
        by_key = wire.fields(error, _INNER_ERROR_KEYS, ())
        error = by_key.get("error")
    code = wire.told(error) if isinstance(error, str) else ""
    description = wire.text(by_key.get("description")).lower()
    return (None if not code or wire.flag(code) is False else code), description


def _class_of_code(code: str | None, description: str, endpoint: Endpoint) -> type[DigiLockerError] | None:
    if code is None:
        return None
    if endpoint in _GRANT_REFUSED and code in {"invalid_grant", "expired_token", "invalid_token"}:
        return _GRANT_REFUSED[endpoint]
    kind = CLASS_OF_CODE.get(code)
    if kind in {OtpRefused, OtpNotSent}:
        # Inferred: one code may stand for several reasons, told apart only by its text.
        if "expire" in description:
            return OtpExpired
        if any(word in description for word in ("too many", "flood", "exceed", "maximum", "limit")):
            return OtpTooMany
    if kind is OtpRefused and endpoint not in {Endpoint.DEVICE_TOKEN, Endpoint.SIGN_UP_VERIFY}:
        return None
    if code == "invalid_parameter" and _is_citizen_input(description, endpoint):
        return DetailsInvalid
    if code == "aadhaar_not_linked" and endpoint is Endpoint.PULL_DOCUMENT:
        return AadhaarNotLinked
    if kind is not None and endpoint.takes_effect:
        return _MAY_HAVE_TAKEN_EFFECT.get(kind, kind)
    return kind


def _is_citizen_input(description: str, endpoint: Endpoint) -> bool:
    """Return whether the parameter that is refused is one that the citizen entered."""
    if endpoint is Endpoint.SIGN_UP:
        # One description that lists them all tells nothing.
        return any(word in description for word in _CITIZENS) and not any(word in description for word in _OURS)
    # Inferred: no code is documented for a value that the issuer cannot take. The rest of the form is ours and fixed.
    return endpoint is Endpoint.PULL_DOCUMENT and not any(word in description for word in _OURS)


def _class_of_status(status: int, endpoint: Endpoint) -> type[DigiLockerError]:
    match status:
        case 401 if endpoint in _GRANT_REFUSED:
            return _GRANT_REFUSED[endpoint]
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
        case 429 if endpoint in {Endpoint.DEVICE_CODE, Endpoint.SIGN_UP}:
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
