"""DigiLocker's documented errors: code, text, and the status in either edition of the API."""

from standins.config import DigiLockerVersion

type _Entry = tuple[int, int, str]
"""Status in 1.x, status in 2.4, description."""

_INTERNAL = "Internal server error"

ERRORS: dict[str, _Entry] = {
    "invalid_parameter": (400, 400, "A parameter is missing or invalid"),
    "invalid_client_id": (401, 401, "The client id is invalid"),
    "invalid_client": (400, 400, "The client credentials are invalid"),
    "invalid_response_type": (400, 400, "The response type is invalid"),
    "invalid_username": (400, 400, "The username is invalid"),
    "invalid_mobile": (400, 400, "The mobile number is invalid"),
    "multiple_mobile_accounts": (
        *(400, 400),
        "The mobile number is associated with more than one DigiLocker accounts. Please login using username.",
    ),
    "otp_error": (500, 500, "OTP could not be sent as the account may not have a valid mobile or a valid email."),
    "invalid_grant_type": (400, 400, "The grant type is invalid"),
    "invalid_token": (401, 401, "The access token is invalid"),
    "insufficient_scope": (403, 403, "The request requires higher privileges than provided by the access token"),
    "uri_missing": (400, 400, "URI parameter missing"),
    "invalid_uri": (404, 404, "No file found for given URI"),
    "invalid_id": (404, 404, "The folder does not exist"),
    "repository_service_unresponsive": (500, 530, _INTERNAL),
    "repository_service_configerror": (500, 530, _INTERNAL),
    "repository_service_resperror": (500, 530, _INTERNAL),
    "repository_service_exception": (500, 530, _INTERNAL),
    "repository_service_inactive": (503, 530, _INTERNAL),
    "repository_service_unpublished": (503, 530, _INTERNAL),
    "partner_service_unresponsive": (500, 530, _INTERNAL),
    "unexpected_error": (500, 530, _INTERNAL),
    # Sign-up
    "mobile_exists": (400, 400, "The mobile number is already registered with another DigiLocker account"),
    "auth_failure": (400, 400, "Aadhaar number, name, date of birth or gender do not match"),
    "parameter_missing": (400, 400, "A parameter is missing"),
    "invalid_ts": (400, 400, "The timestamp is invalid"),
    "hmac_mismatch": (400, 400, "The HMAC does not match"),
    # Pull: grouped under 500 in the older documents, under 400 in the newer ones
    "invalid_orgid": (500, 400, "The organisation id is invalid"),
    "invalid_doctype": (500, 400, "The document type is invalid"),
    "pull_response_pending": (
        *(500, 400),
        "The details do not match exactly. The request has been forwarded to the issuer.",
    ),
    "uri_exists": (500, 400, "This document already exists in your Issued Documents"),
    "aadhaar_not_linked": (500, 400, "Please link your Aadhaar number with your DigiLocker account"),
    "record_not_found": (404, 404, "No record found in issuer database for given criteria"),
    # Ours: no document names a code for an OTP that is refused, nor for one that is asked for too often.
    "invalid_grant": (400, 400, "The OTP or the device code is invalid"),
    "expired_token": (400, 400, "The OTP has expired"),
    "otp_flooding_error": (429, 429, "Too many OTPs were requested. Please try again after some time."),
}

_ALWAYS_500 = (
    *("verify", "code", "token", "revoke", "signup", "signup_verify"),
    *("pull_issuers", "pull_doctype", "pull_parameters", "pull_document"),
)
"""530 is the answer of the calls that read documents; the others kept 500."""


class ApiError(Exception):
    """What DigiLocker answers instead of a result."""

    def __init__(self, error: str, description: str | None = None, *, status: int | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status

    def answer(self, version: DigiLockerVersion, endpoint: str) -> tuple[dict[str, str], int]:
        """Return body and status; a code that nobody documents counts as an internal error with that code."""
        old, new, description = ERRORS.get(self.error, ERRORS["unexpected_error"])
        status = old if version == "1.x" or (new == 530 and endpoint in _ALWAYS_500) else new
        return {"error": self.error, "error_description": self.description or description}, self.status or status
