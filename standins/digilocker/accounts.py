"""Citizens' DigiLocker accounts, and which tokens are valid for each."""

import secrets
from dataclasses import dataclass, field, replace

from standins.clock import Clock
from standins.config import SimulatorConfig
from standins.digilocker.citizens import Citizen, everyone
from standins.digilocker.documents import Flaw, IssuedDocument, UploadedFile
from standins.digilocker.otp import OneTimePasswords, SmsInbox

TOKEN_SECONDS = 3600
CONSENT_SECONDS = 31 * 24 * 3600
"""How long a consent holds where none says otherwise; one code base assumes it, no document does."""
GENERAL_SCOPES = ("userdetails", "files.issueddocs", "files.uploadeddocs")
EVERYBODYS_PIN = "123456"
"""The security PIN of all accounts that were not made here."""


@dataclass(frozen=True)
class Consent:
    """What a citizen lets a client have. All tokens that come of it share its `grant`, and die together."""

    scopes: tuple[str, ...]
    valid_till: float
    client_id: str = ""
    purpose: str = ""
    new_account: bool = False
    grant: str = field(default_factory=lambda: secrets.token_hex(16))


def scope_of(document: IssuedDocument) -> str:
    """Return the scope token with which a document may be fetched."""
    return f"issued/{document.uri}"


def everything(citizen: Citizen, valid_till: float) -> Consent:
    """Return the consent of a citizen who was not asked: all that is general, and each document that may be fetched."""
    shared = [scope_of(document) for document in citizen.issued if document.flaw is not Flaw.NOT_SHARED]
    return Consent((*GENERAL_SCOPES, *shared), valid_till)


@dataclass
class Session:
    """What an access token stands for."""

    citizen: Citizen
    expires_at: float
    consent: Consent
    files_fetched: int = 0
    reference_key: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def scope(self) -> str:
        """What was granted: what is general, and one token for each document that may be fetched."""
        return " ".join(self.consent.scopes)


@dataclass(frozen=True)
class _Refreshable:
    citizen: Citizen
    consent: Consent
    expires_at: float


class Accounts:
    """The citizens, their OTPs and their tokens; the caller holds the world's lock."""

    def __init__(self, config: SimulatorConfig, clock: Clock, inbox: SmsInbox) -> None:
        self.citizens = list(everyone())
        self.otps = OneTimePasswords(config, clock, inbox)
        self._clock = clock
        self._refresh_seconds = config.refresh_token_seconds
        self.token_seconds = TOKEN_SECONDS
        self._sessions: dict[str, Session] = {}
        self._refreshable: dict[str, _Refreshable] = {}
        self._signed_up: dict[str, str] = {}

    def with_uid(self, uid: str) -> Citizen | None:
        """Return whose Aadhaar number it is, if she has an account."""
        return next((one for one in self.citizens if self.has_account(one) and one.aadhaar == uid), None)

    def with_username(self, username: str) -> Citizen | None:
        """Return whose account it is, by Aadhaar number, VID or user name."""
        return next((one for one in self.citizens if self.has_account(one) and one.is_called(username)), None)

    def with_mobile(self, mobile: str) -> list[Citizen]:
        """Return all accounts on a mobile, written with its country code or without."""
        full = f"91{mobile}" if len(mobile) == 10 else mobile.removeprefix("+")
        return [one for one in self.citizens if self.has_account(one) and one.mobile == full]

    def has_account(self, citizen: Citizen) -> bool:
        """Return whether she has an account, from the beginning or since she signed up."""
        return citizen.registered or citizen.aadhaar in self._signed_up

    def sign_up(self, citizen: Citizen, pin: str = EVERYBODYS_PIN) -> None:
        """Make an account for a citizen."""
        self._signed_up[citizen.aadhaar] = pin

    def know(self, citizen: Citizen) -> None:
        """Keep what has changed about a citizen, or somebody new."""
        for place, one in enumerate(self.citizens):
            if one.aadhaar == citizen.aadhaar:
                self.citizens[place] = citizen
                break
        else:
            self.citizens.append(citizen)
        for session in self._sessions.values():
            if session.citizen.aadhaar == citizen.aadhaar:
                session.citizen = citizen

    def known(self, citizen: Citizen) -> Citizen:
        """Return a citizen as she is now: somebody may hold what she was before she pulled a document."""
        return next((one for one in self.citizens if one.aadhaar == citizen.aadhaar), citizen)

    def put_into_locker(self, session: Session, document: IssuedDocument) -> None:
        """Add a document to the session's citizen, which the session may fetch: she consented to pulling it."""
        consent = session.consent
        session.consent = replace(consent, scopes=(*consent.scopes, scope_of(document)))
        citizen = self.known(session.citizen)
        self.know(replace(citizen, issued=(*citizen.issued, document)))

    def is_pin(self, citizen: Citizen, pin: str) -> bool:
        """Return whether it is the security PIN of the citizen's account."""
        return pin == self._signed_up.get(citizen.aadhaar, EVERYBODYS_PIN)

    def open_session(self, citizen: Citizen, consent: Consent | None = None) -> tuple[str, Session]:
        """Return a new access token and what it stands for; without a consent: for everything."""
        now = self._clock.now()
        token = secrets.token_hex(20)
        citizen = self.known(citizen)
        consent = consent or everything(citizen, now + CONSENT_SECONDS)
        session = Session(citizen, now + self.token_seconds, consent)
        self._sessions[token] = session
        return token, session

    def open_refreshable(self, session: Session) -> str:
        """Return a new refresh token for a session."""
        token = secrets.token_hex(20)
        expires_at = min(self._clock.now() + self._refresh_seconds, session.consent.valid_till)
        self._refreshable[token] = _Refreshable(session.citizen, session.consent, expires_at)
        return token

    def refresh(self, token: str, client_id: str) -> tuple[str, Session] | None:
        """Return a new access token and what it stands for; the refresh token dies. None if it was not good."""
        refreshable = self._refreshable.get(token)
        if refreshable is None or refreshable.consent.client_id != client_id:
            return None
        del self._refreshable[token]
        if self._clock.now() >= refreshable.expires_at:
            return None
        return self.open_session(refreshable.citizen, refreshable.consent)

    def may_refresh(self, token: str) -> bool:
        """Return whether a refresh token is still good."""
        held = self._refreshable.get(token)
        return held is not None and self._clock.now() < held.expires_at

    def session(self, token: str) -> Session | None:
        """Return what the token stands for, if it is still good."""
        session = self._sessions.get(token)
        if session is None or self._clock.now() >= session.expires_at:
            return None
        dies_after = session.citizen.token_dies_after
        if dies_after is not None and session.files_fetched >= dies_after:
            self.end_grant(session.consent.grant)
            return None
        return session

    def revoke(self, token: str, hint: str = "") -> bool:
        """Forget a token and all others of its grant; tell whether there was one.

        The hint (`access_token`, `refresh_token`) says which kind it is; without one both are looked through.
        """
        held: Session | _Refreshable | None = None
        if hint != "refresh_token":
            held = self._sessions.get(token)
        if held is None and hint != "access_token":
            held = self._refreshable.get(token)
        if held is None:
            return False
        self.end_grant(held.consent.grant)
        return True

    def end_grant(self, grant: str) -> None:
        """Forget all tokens of a grant."""
        for access in [token for token, session in self._sessions.items() if session.consent.grant == grant]:
            del self._sessions[access]
        for refresh in [token for token, held in self._refreshable.items() if held.consent.grant == grant]:
            del self._refreshable[refresh]

    def tokens(self) -> tuple[str, ...]:
        """Return the tokens that are good now."""
        return tuple(token for token in tuple(self._sessions) if self.session(token) is not None)


def issued(citizen: Citizen, uri: str) -> IssuedDocument | None:
    """Return the citizen's issued document with that URI."""
    return next((document for document in citizen.issued if document.uri == uri), None)


def uploaded(citizen: Citizen, uri: str) -> UploadedFile | None:
    """Return the citizen's own file with that URI, in any folder."""
    files = [*citizen.uploaded, *(child for one in citizen.uploaded for child in one.children or ())]
    return next((one for one in files if one.uri and one.uri == uri), None)


def folder(citizen: Citizen, folder_id: str) -> tuple[UploadedFile, ...] | None:
    """Return what lies in one of the citizen's folders."""
    return next((one.children for one in citizen.uploaded if one.id == folder_id and one.children is not None), None)
