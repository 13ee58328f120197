"""Signing in on DigiLocker's own page: OAuth 2.0 authorization code (RFC 6749) with PKCE (RFC 7636).

Here is what can be done without calling anybody: the address that the citizen is sent to, and the secrets that tie her
way back to it. `DigiLockerClient.exchange_code` and `.refresh` do the rest. Neither `requests` nor `pydantic` is
imported, since the consent function, which a person waits for, must start fast.

Source: "Requester" 2.4 and the "Authorized Partner API Specification" 1.x, authorize. `verified_mobile` is never sent:
DigiLocker would skip its OTP and trust us for the number.
"""

import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote, urlencode

from helpdesk.structs import Value

if TYPE_CHECKING:
    from helpdesk.digilocker.client import Version

NAME_LENGTH: Final = 50
"""Letters of `purpose` and `service_name`: one integrator's limit, the documents give none."""

_NAME: Final = re.compile(rf"[A-Za-z0-9 _]{{1,{NAME_LENGTH}}}")
_DOCTYPE: Final = re.compile(r"[A-Z]{5}")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_STATE_HERE: Final = "{state}"
_MOBILE_HERE: Final = "{mobile}"
_MOBILE: Final = re.compile(r"[6-9][0-9]{9}")

_NONCE_BYTES: Final = 16
_SECRET_BYTES: Final = 32
"""Return 43 characters of base64url: the least that a verifier may have, and what RFC 7636 recommends."""


class Pkce(Value, frozen=True):
    """The secret that proves that who exchanges the code is who asked for it."""

    hidden = ("verifier",)

    verifier: str

    @classmethod
    def new(cls) -> Self:
        """Make a new one; good for one sign-in."""
        return cls(secrets.token_urlsafe(_SECRET_BYTES))

    @property
    def challenge(self) -> str:
        """What goes with the request: the SHA-256 of the verifier (`S256`), as base64url without padding."""
        return urlsafe_b64encode(sha256(self.verifier.encode("ascii")).digest()).rstrip(b"=").decode()


def new_state(conversation_id: str) -> str:
    """Make the value that comes back with the citizen: her conversation's id and 128 bits of chance.

    Good for one sign-in. The id says where to look, what follows it that it is not guessed.
    """
    return f"{conversation_id}.{secrets.token_urlsafe(_NONCE_BYTES)}"


class AuthorizeRequest(Value, frozen=True, kw_only=True):
    """What a citizen is asked for on DigiLocker's page."""

    hidden = ("state", "challenge", "mobile")

    client_id: str
    redirect_uri: str
    """Exactly as it is registered with DigiLocker."""
    state: str
    challenge: str
    """Of a `Pkce`."""
    sign_up: bool = False
    """She has no account yet: to the sign-up first, then to the consent."""
    doctypes: tuple[str, ...] = ()
    """Five capital letters each; none: whatever is in her account."""
    purpose: str = ""
    """Letters, digits, spaces and underscores. 2.4 demands it; 1.x does not know it."""
    service_name: str = ""
    """The same."""
    mobile: str = ""
    """Ten digits that the page fills in; "": it asks for them. 2.4 only."""


def authorize_url(url: str, version: "Version", request: AuthorizeRequest) -> str:
    """Return the address on DigiLocker (`url` is its base) that asks a citizen for consent.

    What a version does not know is left out. Raises ValueError, which names the parameter but not its value, where
    DigiLocker would refuse the request.
    """
    parameters = {
        "response_type": "code",
        "client_id": request.client_id,
        "redirect_uri": request.redirect_uri,
        "state": request.state,
        "code_challenge": _fitting("code_challenge", request.challenge, _CHALLENGE),
        "code_challenge_method": "S256",
    }
    for name, value in parameters.items():
        if not value:
            raise ValueError(f"{name} is empty")
    if request.sign_up:
        parameters["dl_flow"] = "signup"
    if request.doctypes:
        parameters["req_doctype"] = ",".join(_fitting("req_doctype", one, _DOCTYPE) for one in request.doctypes)
    if version == "2.4":
        parameters["purpose"] = _fitting("purpose", request.purpose, _NAME)
        parameters["service_name"] = _fitting("service_name", request.service_name, _NAME)
        if request.mobile:
            parameters["prompt"] = "login_mobile"
            parameters["login_hint"] = _fitting("login_hint", request.mobile, _MOBILE)
    return f"{url.rstrip('/')}/public/oauth2/1/authorize?{urlencode(parameters, quote_via=quote)}"


def put_by(address: str, state: str, mobile: str) -> str:
    """Take out of an address what nobody may read where it is kept: the state, and her number."""
    kept = address.replace(f"state={quote(state)}", f"state={_STATE_HERE}")
    return kept.replace(f"login_hint={mobile}", f"login_hint={_MOBILE_HERE}") if mobile else kept


def taken_up(kept: str, state: str, mobile: str) -> str:
    """Put both back in."""
    return kept.replace(_STATE_HERE, quote(state)).replace(_MOBILE_HERE, mobile)


def _fitting(name: str, value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"{name} is missing or has letters that DigiLocker does not take")
    return value


def indian_mobile(number: str) -> str | None:
    """Return the ten digits of an Indian mobile that is written with its country code; None for any other number."""
    digits = number.removeprefix("+")
    return digits[2:] if digits.startswith("91") and _MOBILE.fullmatch(digits[2:]) else None


def is_same_mobile(number: str, mobile: str) -> bool | None:
    """Return whether a WhatsApp number (with its country code) is the mobile that DigiLocker names (ten digits).

    None: DigiLocker names none ("": not told, or masked), so that nobody knows.
    """
    return indian_mobile(number) == mobile if mobile else None
