"""Authorization requests, and the codes that they end in: OAuth 2.0 (RFC 6749) with PKCE (RFC 7636).

Follows "Requester" 2.4 and the 1.x specification. The documents give no code for most errors of a request: RFC 6749's
are answered then (*ours*). Taken and without effect: `acr`, `amr`, `verified_mobile`.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from standins.clock import Clock
from standins.config import SimulatorConfig
from standins.digilocker.accounts import CONSENT_SECONDS, GENERAL_SCOPES, Consent
from standins.digilocker.citizens import Citizen

_SCOPES = {"openid", "userdetails", "picture", "email", "address", "files.issueddocs", "files.uploadeddocs"}
_PARTNER_SCOPE = re.compile(r"partners\.[A-Z]{5}")
_DOCTYPES = re.compile(r"[A-Z]{5}(,[A-Z]{5})*")
_NAME = re.compile(r"[A-Za-z0-9 _]{1,50}")
"""`purpose` and `service_name`: the characters are documented, the length is one integrator's."""
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_LONGEST = 512
"""Letters of any parameter; ours."""


class NotOurs(Exception):
    """Client or redirect URI are not registered: nobody may be sent anywhere. The message is for the page."""


class RequestRefused(Exception):
    """The request is wrong; the client is told at its redirect URI."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@dataclass(frozen=True)
class Return:
    """Where the citizen is sent back to, and the state that goes with her."""

    redirect_uri: str
    state: str

    def with_code(self, code: str) -> str:
        """Return the address for a success."""
        return self._address({"code": code})

    def with_error(self, error: str, description: str) -> str:
        """Return the address for a refusal or failure."""
        return self._address({"error": error, "error_description": description})

    def _address(self, told: Mapping[str, str]) -> str:
        query = urlencode({**told, **({"state": self.state} if self.state else {})}, quote_via=quote)
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{query}"


@dataclass(frozen=True)
class AuthorizationRequest:
    """What a client asks a citizen for. Times in seconds since 1970."""

    client_id: str
    back: Return
    challenge: str
    scopes: tuple[str, ...]
    doctypes: tuple[str, ...]
    """What the consent is limited to; none: whatever she has."""
    signing_up: bool
    pinless: bool
    mobile_only: bool
    mobile: str
    """Filled in beforehand."""
    service_name: str
    purpose: str
    valid_till: float


def returning(query: Mapping[str, Sequence[str]], client_id: str, redirect_uris: Sequence[str]) -> Return:
    """Return where errors may be told. Raises NotOurs: an address that is not registered is never redirected to."""
    if query.get("client_id") != [client_id]:
        raise NotOurs("The application that sent you here is not registered with DigiLocker (client_id).")
    asked = query.get("redirect_uri", ())
    if len(asked) != 1 or asked[0] not in redirect_uris:
        raise NotOurs("The address to return to is not the one that was registered (redirect_uri).")
    state = query.get("state", ())
    return Return(asked[0], state[0] if len(state) == 1 else "")


def read(query: Mapping[str, Sequence[str]], back: Return, config: SimulatorConfig, now: float) -> AuthorizationRequest:
    """Return the request that a query makes. Raises RequestRefused."""
    newer = config.digilocker_version == "2.4"
    for name, values in query.items():
        if len(values) > 1 or len(values[0]) > _LONGEST:
            raise _invalid(name)
    asked = {name: values[0] for name, values in query.items()}
    if not back.state:
        raise _invalid("state")
    if asked.get("response_type") != "code":
        raise RequestRefused("unsupported_response_type", "response_type must be code")
    challenge, method = asked.get("code_challenge", ""), asked.get("code_challenge_method", "")
    # Whether the challenge is well made shows at the token endpoint, where DigiLocker notices it too.
    if (challenge or method or newer) and not (challenge and method == "S256"):
        raise _invalid("code_challenge and code_challenge_method (S256)")
    for name in ("purpose", "service_name") if newer else ():
        if not _NAME.fullmatch(asked.get(name, "")):
            raise _invalid(name)
    if asked.get("dl_flow", "") not in {"", "signup", "signin"}:
        raise _invalid("dl_flow")
    prompt = asked.get("prompt", "") if newer else ""
    if prompt not in {"", "login", "login_mobile"}:
        raise _invalid("prompt")
    hint = asked.get("login_hint", "") if prompt == "login_mobile" else ""
    if not re.fullmatch(r"([0-9]{10})?", hint):
        raise _invalid("login_hint")
    signing_up = asked.get("dl_flow") == "signup"
    return AuthorizationRequest(
        client_id=asked["client_id"],
        back=back,
        challenge=challenge,
        scopes=_scopes(asked.get("scope", "")),
        doctypes=_doctypes(asked.get("req_doctype", ""), config.approved_doctypes),
        signing_up=signing_up,
        pinless=asked.get("pla") == "Y" or (signing_up and asked.get("plsignup") == "Y"),
        mobile_only=prompt == "login_mobile",
        mobile=hint,
        service_name=asked.get("service_name", "") if newer else "",
        purpose=asked.get("purpose", "") if newer else "",
        valid_till=_valid_till(asked.get("consent_valid_till", ""), now),
    )


def _invalid(name: str) -> RequestRefused:
    return RequestRefused("invalid_request", f"missing, repeated or invalid: {name}")


def _scopes(given: str) -> tuple[str, ...]:
    scopes = tuple(dict.fromkeys(given.split()))
    if not all(scope in _SCOPES or _PARTNER_SCOPE.fullmatch(scope) for scope in scopes):
        raise RequestRefused("invalid_scope", "the scope is unknown")
    return scopes or GENERAL_SCOPES


def _doctypes(given: str, approved: tuple[str, ...] | None) -> tuple[str, ...]:
    if not given:
        return ()
    asked = tuple(dict.fromkeys(given.split(",")))
    if not _DOCTYPES.fullmatch(given) or (approved is not None and not set(asked) <= set(approved)):
        raise _invalid("req_doctype")
    return asked


def _valid_till(given: str, now: float) -> float:
    if not given:
        return now + CONSENT_SECONDS
    if not re.fullmatch(r"[0-9]{1,12}", given) or int(given) <= now:
        raise _invalid("consent_valid_till")
    return float(given)


class CodeRefused(Exception):
    """The authorization code is not accepted; the message says why."""


@dataclass(frozen=True)
class _Issued:
    request: AuthorizationRequest
    citizen: Citizen
    consent: Consent
    at: float


class AuthorizationCodes:
    """The codes that were given out; the caller holds the world's lock."""

    def __init__(self, config: SimulatorConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._issued: dict[str, _Issued] = {}
        self._used: dict[str, str] = {}

    def issue(self, request: AuthorizationRequest, citizen: Citizen, consent: Consent) -> str:
        """Return a new code for what the citizen consented to."""
        code = secrets.token_hex(20)
        self._issued[code] = _Issued(request, citizen, consent, self._clock.now())
        return code

    def redeem(self, code: str, client_id: str, redirect_uri: str, verifier: str) -> tuple[Citizen, Consent]:
        """Return what a code stands for. Raises CodeRefused.

        A code is good once, for a limited time (ours: no document gives one), for the client that asked for it. Whoever
        asks with another redirect URI or verifier has used it up (ours); another client has not.
        """
        issued = self._issued.get(code)
        if issued is None or issued.request.client_id != client_id:
            raise CodeRefused("The authorization code is invalid or was used")
        del self._issued[code]
        self._used[code] = issued.consent.grant
        if self._clock.now() - issued.at >= self._config.authorization_code_seconds:
            raise CodeRefused("The authorization code has expired")
        if issued.request.back.redirect_uri != redirect_uri:
            raise CodeRefused("The redirect URI is not the one that the code was asked for with")
        if issued.request.challenge and not _fits(verifier, issued.request.challenge):
            raise CodeRefused("The code verifier does not fit the code challenge")
        return issued.citizen, issued.consent

    def grant_of_used(self, code: str) -> str | None:
        """Return which grant came of a code that was used already: it may have been stolen (RFC 6749, 4.1.2)."""
        return self._used.get(code)


def _fits(verifier: str, challenge: str) -> bool:
    """Return whether the challenge is the unpadded base64url of the verifier's SHA-256."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    right = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(right, challenge.encode())
