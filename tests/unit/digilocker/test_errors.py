"""From DigiLocker's answers to what the citizen is told and whether to try again."""

import pytest

from helpdesk.conversation.problems import Problem
from helpdesk.digilocker.errors import (
    Busy,
    ClientRefused,
    Endpoint,
    InsufficientScope,
    InvalidToken,
    InvalidUri,
    InvalidUserName,
    OtpExpired,
    OtpNotSent,
    OtpRefused,
    OtpTooMany,
    RepositoryMisconfigured,
    RepositoryUnresponsive,
    RequestRefused,
    SeveralAccounts,
    Unanswered,
    Unintelligible,
    Unserved,
    error_of,
)
from helpdesk.errors import DigiLockerError

VERIFY, CODE, TOKEN = Endpoint.VERIFY_ACCOUNT, Endpoint.DEVICE_CODE, Endpoint.DEVICE_TOKEN
ISSUED, UPLOADED, FILE, REVOKE = Endpoint.ISSUED, Endpoint.UPLOADED, Endpoint.FILE, Endpoint.REVOKE


@pytest.mark.parametrize(
    ("endpoint", "status", "code", "kind"),
    [
        (VERIFY, 400, "invalid_parameter", RequestRefused),
        (VERIFY, 401, "invalid_client_id", ClientRefused),
        (VERIFY, 500, "unexpected_error", Busy),
        (CODE, 400, "invalid_response_type", RequestRefused),
        (CODE, 400, "invalid_username", InvalidUserName),
        (CODE, 400, "invalid_mobile", InvalidUserName),
        (CODE, 400, "multiple_mobile_accounts", SeveralAccounts),
        (CODE, 401, "invalid_client_id", ClientRefused),
        (CODE, 500, "otp_error", OtpNotSent),
        (CODE, 500, "unexpected_error", Unserved),
        (TOKEN, 400, "invalid_client", ClientRefused),
        (TOKEN, 400, "invalid_grant", OtpRefused),
        (TOKEN, 400, "invalid_grant_type", RequestRefused),
        (TOKEN, 400, "expired_token", OtpExpired),
        (TOKEN, 500, "unexpected_error", Unserved),
        (TOKEN, 530, "unexpected_error", Unserved),
        (ISSUED, 401, "invalid_token", InvalidToken),
        (ISSUED, 403, "insufficient_scope", InsufficientScope),
        (ISSUED, 500, "partner_service_unresponsive", Busy),
        (ISSUED, 530, "unexpected_error", Busy),
        (UPLOADED, 404, "invalid_id", InvalidUri),
        (FILE, 400, "uri_missing", RequestRefused),
        (FILE, 401, "invalid_token", InvalidToken),
        (FILE, 403, "insufficient_scope", InsufficientScope),
        (FILE, 404, "invalid_uri", InvalidUri),
        (FILE, 404, "aadhaar_not_linked", InvalidUri),
        (FILE, 404, "aadhaar_not_available", InvalidUri),
        *(
            (FILE, status, f"repository_service_{code}", RepositoryUnresponsive)
            for status in (500, 530)
            for code in ("unresponsive", "resperror", "exception")
        ),
        *(
            (FILE, status, f"repository_service_{code}", RepositoryMisconfigured)
            for status in (500, 503, 530)
            for code in ("configerror", "inactive", "unpublished")
        ),
        (REVOKE, 400, "invalid_token", InvalidToken),
        (REVOKE, 400, "invalid_client", ClientRefused),
    ],
)
def test_each_documented_code_is_told_apart(
    endpoint: Endpoint, status: int, code: str, kind: type[DigiLockerError]
) -> None:
    error = error_of(status, {"error": code, "error_description": "text"}, endpoint=endpoint)

    assert type(error) is kind
    assert (error.code, error.status) == (code, status)


@pytest.mark.parametrize(
    ("endpoint", "status", "kind"),
    [
        (FILE, 302, Unintelligible),
        (CODE, 302, Unanswered),
        (FILE, 400, RequestRefused),
        (REVOKE, 400, InvalidToken),
        (FILE, 401, InvalidToken),
        (CODE, 401, ClientRefused),
        (REVOKE, 401, ClientRefused),
        (FILE, 403, InsufficientScope),
        (TOKEN, 403, ClientRefused),
        (FILE, 404, InvalidUri),
        (ISSUED, 404, RequestRefused),
        (ISSUED, 429, Busy),
        *((FILE, status, Busy) for status in (500, 502, 503, 504, 530)),
        *((CODE, status, Unserved) for status in (502, 503, 504, 530)),
        (FILE, 200, Unintelligible),
        (TOKEN, 200, Unanswered),
    ],
)
@pytest.mark.parametrize("body", [None, [], {}, {"error": "brand_new"}, {"error": 5}, {"error": "unexpected_error"}])
def test_without_a_known_code_the_status_decides(
    endpoint: Endpoint, status: int, kind: type[DigiLockerError], body: object
) -> None:
    assert type(error_of(status, body, endpoint=endpoint)) is kind


@pytest.mark.parametrize("body", [[], {}, {"error": "brand_new"}])
def test_too_many_calls_at_the_otps_endpoints_are_about_otps(body: object) -> None:
    assert type(error_of(429, body, endpoint=CODE)) is OtpTooMany
    assert type(error_of(429, body, endpoint=TOKEN)) is Unserved


@pytest.mark.parametrize("endpoint", [CODE, TOKEN])
@pytest.mark.parametrize("status", [400, 422, 429, 500])
def test_the_status_of_a_broken_answer_does_not_tell_what_it_was_about(endpoint: Endpoint, status: int) -> None:
    assert type(error_of(status, None, endpoint=endpoint)) is Unanswered


@pytest.mark.parametrize(
    ("endpoint", "code", "description", "kind"),
    [
        (TOKEN, "invalid_grant", "The OTP is invalid", OtpRefused),
        (TOKEN, "invalid_grant", "The OTP has Expired", OtpExpired),
        (TOKEN, "invalid_grant", "Too many attempts", OtpTooMany),
        (TOKEN, "invalid_otp", None, OtpRefused),
        (TOKEN, "otp_expired", None, OtpExpired),
        (TOKEN, "exceeded_otp_attempt", None, OtpTooMany),
        (CODE, "otp_error", "OTP could not be sent as the account may not have a valid mobile", OtpNotSent),
        (CODE, "otp_error", "Maximum OTP limit reached", OtpTooMany),
        (CODE, "otp_flooding_error", None, OtpTooMany),
        (CODE, "exceeded_otp_generation", None, OtpTooMany),
        (CODE, "wait_otp_generation_1min", None, OtpTooMany),
        (CODE, "slow_down", None, OtpTooMany),
        (REVOKE, "invalid_grant", "The token is invalid", InvalidToken),
    ],
)
def test_what_is_not_documented_about_otps_is_read_from_code_and_text(
    endpoint: Endpoint, code: str, description: object, kind: type[DigiLockerError]
) -> None:
    error = error_of(400, {"error": code, "error_description": description}, endpoint=endpoint)

    assert type(error) is kind


@pytest.mark.parametrize("code", ["999999990019", "uid 999999990019", "Asha_Verma", "a" * 65, "in.gov-DRVLC-1"])
def test_a_code_that_could_be_a_text_is_not_kept(code: str) -> None:
    error = error_of(400, {"error": code, "error_description": code}, endpoint=FILE)

    assert error.code == "(other code)"


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Invalid_Uri"},
        {"Error": " INVALID_URI\n"},
        {"error": {"code": "invalid_uri", "message": "No file"}},
        {"data": {"error": "invalid_uri"}},
        {"status": "failed", "details": {"error_code": "invalid_uri"}},
    ],
)
def test_a_known_code_is_known_in_any_case_and_wrapping(body: object) -> None:
    error = error_of(400, body, endpoint=FILE)

    assert (type(error), error.code) == (InvalidUri, "invalid_uri")


@pytest.mark.parametrize("code", ["", " ", None, 5, "null", "N", "false", {}, {"code": 5}])
def test_an_error_without_a_code_says_nothing(code: object) -> None:
    assert error_of(400, {"error": code}, endpoint=FILE).code == "(no code)"


def test_an_error_never_keeps_the_description() -> None:
    error = error_of(400, {"error": "invalid_parameter", "error_description": "uid 999999990019"}, endpoint=VERIFY)

    assert "999999990019" not in f"{error!s} {error!r} {vars(error)}"


def subclasses(kind: type[DigiLockerError]) -> set[type[DigiLockerError]]:
    return {kind}.union(*(subclasses(sub) for sub in kind.__subclasses__()))


def test_a_call_that_may_have_burnt_something_is_never_called_retryable() -> None:
    for status in (200, 302, 400, 401, 403, 404, 429, 500, 502, 503, 504, 530):
        for code in ("unexpected_error", "otp_error", "invalid_grant", "brand_new"):
            for endpoint in (CODE, TOKEN):
                assert not error_of(status, {"error": code}, endpoint=endpoint).retryable


def test_each_error_has_its_place_in_the_dialogue() -> None:
    problems = {kind.__name__: (kind.problem, kind.retryable) for kind in subclasses(DigiLockerError)}

    assert problems == {
        "DigiLockerError": (Problem.BUSY, False),
        "Unreachable": (Problem.UNREACHABLE, True),
        "Unanswered": (Problem.UNREACHABLE, False),
        "Unintelligible": (Problem.UNREACHABLE, True),
        "OutOfTime": (Problem.HELD_UP, True),
        "Busy": (Problem.BUSY, True),
        "Unserved": (Problem.BUSY, False),
        "DirectoryNotReady": (Problem.BUSY, True),
        "ClientRefused": (Problem.MISCONFIGURED, False),
        "RequestRefused": (Problem.MISCONFIGURED, False),
        "NotInThisVersion": (Problem.MISCONFIGURED, False),
        "InvalidUserName": (Problem.NO_ACCOUNT, False),
        "NotRegistered": (Problem.NO_ACCOUNT, False),
        "UserNameRefused": (Problem.NO_ACCOUNT, False),
        "SeveralAccounts": (Problem.SEVERAL_ACCOUNTS, False),
        "OtpNotSent": (Problem.OTP_NOT_SENT, False),
        "OtpTooMany": (Problem.OTP_TOO_MANY, False),
        "OtpRefused": (Problem.OTP_WRONG, False),
        "OtpExpired": (Problem.OTP_EXPIRED, False),
        "InvalidToken": (Problem.SIGNED_OUT, False),
        "CodeRefused": (Problem.SIGNED_OUT, False),
        "InsufficientScope": (Problem.NOT_SHARED, False),
        "InvalidUri": (Problem.NOT_FOUND, False),
        "DetailsInvalid": (Problem.DETAILS_INVALID, False),
        "MobileTaken": (Problem.MOBILE_TAKEN, False),
        "DetailsDiffer": (Problem.DETAILS_DIFFER, False),
        "AadhaarNotLinked": (Problem.AADHAAR_NOT_LINKED, False),
        "NotOffered": (Problem.NOT_OFFERED, False),
        "NoRecord": (Problem.NO_RECORD, False),
        "PullPending": (Problem.PULL_PENDING, False),
        "AlreadyThere": (Problem.ALREADY_THERE, False),
        "PullUnsure": (Problem.PULL_UNSURE, False),
        "RepositoryUnresponsive": (Problem.ISSUER_DOWN, True),
        "RepositoryUnserved": (Problem.ISSUER_DOWN, False),
        "RepositoryMisconfigured": (Problem.ISSUER_DOWN, False),
        "NotAPdf": (Problem.NOT_A_PDF, False),
        "Damaged": (Problem.DAMAGED, True),
        "TooLarge": (Problem.TOO_LARGE, False),
    }
