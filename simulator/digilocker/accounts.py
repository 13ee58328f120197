"""Who has which DigiLocker account, and which tokens are good for it."""

import secrets
from dataclasses import dataclass, field

from simulator.clock import Clock
from simulator.config import SimulatorConfig
from simulator.digilocker.citizens import Citizen, everyone
from simulator.digilocker.documents import Flaw, IssuedDocument, UploadedFile
from simulator.digilocker.otp import OneTimePasswords, SmsInbox

TOKEN_SECONDS = 3600


@dataclass
class Session:
    """What an access token stands for."""

    citizen: Citizen
    expires_at: float
    files_fetched: int = 0
    reference_key: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def scope(self) -> str:
        """What was granted: what is general, and one token for each document that may be fetched."""
        shared = [f"issued/{document.uri}" for document in self.citizen.issued if document.flaw is not Flaw.NOT_SHARED]
        return " ".join(["userdetails", "files.issueddocs", "files.uploadeddocs", *shared])


class Accounts:
    """The citizens, their OTPs and their tokens; the caller holds the world's lock."""

    def __init__(self, config: SimulatorConfig, clock: Clock, inbox: SmsInbox) -> None:
        self.citizens = everyone()
        self.otps = OneTimePasswords(config, clock, inbox)
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    def with_uid(self, uid: str) -> Citizen | None:
        """Return whose Aadhaar number it is, if she has an account."""
        return next((one for one in self.citizens if one.registered and one.aadhaar == uid), None)

    def with_username(self, username: str) -> Citizen | None:
        """Return whose account it is, by Aadhaar number, VID or user name."""
        return next((one for one in self.citizens if one.registered and one.is_called(username)), None)

    def with_mobile(self, mobile: str) -> list[Citizen]:
        """Return all accounts on a mobile, written with its country code or without."""
        full = f"91{mobile}" if len(mobile) == 10 else mobile.removeprefix("+")
        return [one for one in self.citizens if one.registered and one.mobile == full]

    def open_session(self, citizen: Citizen) -> tuple[str, Session]:
        """Return a new access token and what it stands for."""
        token = secrets.token_hex(20)
        session = Session(citizen, self._clock.now() + TOKEN_SECONDS)
        self._sessions[token] = session
        return token, session

    def session(self, token: str) -> Session | None:
        """Return what the token stands for, if it is still good."""
        session = self._sessions.get(token)
        if session is None or self._clock.now() >= session.expires_at:
            return None
        dies_after = session.citizen.token_dies_after
        if dies_after is not None and session.files_fetched >= dies_after:
            del self._sessions[token]
            return None
        return session

    def revoke(self, token: str) -> bool:
        """Forget a token; tell whether there was one."""
        return self._sessions.pop(token, None) is not None

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
