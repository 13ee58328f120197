"""What the dialogue asks of DigiLocker, each within the time that a job has.

Whether a number has an account is told to nobody before an OTP has succeeded: for a number without one, everything
looks as if an OTP had been sent, and no OTP is ever right.
"""

import datetime as dt
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from helpdesk.conversation.effects import AADHAAR, BORN, GENDER, MOBILE, NAME
from helpdesk.conversation.model import IssuedDocument
from helpdesk.conversation.problems import Problem
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.digilocker.errors import (
    InsufficientScope,
    InvalidUri,
    NotAPdf,
    OtpRefused,
    OutOfTime,
    UserNameRefused,
)
from helpdesk.digilocker.in_chat import InChatSignIn
from helpdesk.digilocker.models import SignedIn, Token
from helpdesk.digilocker.sign_up import Applicant, Gender, SignUp
from helpdesk.errors import DigiLockerError
from helpdesk.outbound import Deadline
from helpdesk.service.identity import decoy_digits, document_key, uri_mark
from helpdesk.service.linking import Links, Made
from helpdesk.storage.documents import DATA, DocumentStore
from helpdesk.storage.secrets import Secret
from helpdesk.telemetry import count, logger

JOB_SECONDS = 30.0
"""What a job may spend on DigiLocker in all, however many calls it takes: with a reply (12 s) it stays below the
function's 45 s."""
LEAST_SECONDS = 3.0
"""With less than this left, a call is not begun."""
OTP_SECONDS = 600
"""How long an OTP holds (DigiLocker's device code says the same)."""

EVERYTHING = "*"
"""Stands for what she shares where the scope does not say: then only trying tells."""
MOST_SHARED = 300
"""Marks of documents that can be sealed at once: KMS takes 4 KB."""
DAY = 24 * 3600

_EAADHAAR = re.compile(r"[^-]+-ADHAR-.*", re.DOTALL)
"""The Aadhaar card's URI: issuer, doctype, number."""
_NO_ACCOUNT = "none"
_GENDERS: dict[str, Gender] = {"F": "F", "M": "M", "T": "T"}
_TELLS_OF_AN_ACCOUNT = frozenset({Problem.NO_ACCOUNT, Problem.SEVERAL_ACCOUNTS, Problem.OTP_NOT_SENT})


@dataclass(frozen=True)
class Sent:
    """An OTP that was sent, or that seems to have been."""

    device_code: str = field(repr=False)
    digits: str = field(repr=False)
    expires_in: int


class Locker:
    """Signs in, lists, fetches, signs out."""

    def __init__(
        self,
        *,
        client: DigiLockerClient,
        sign_in: InChatSignIn,
        documents: DocumentStore,
        secret: Secret,
        links: Links,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._sign_in = sign_in
        self._sign_up = SignUp(client)
        self._documents = documents
        self._secret = secret
        self._links = links
        self._sleep = sleep
        self._deadline = Deadline.after(JOB_SECONDS)

    def begin(self) -> None:
        """Begin a job: its time runs from here."""
        self._deadline = Deadline.after(JOB_SECONDS)

    def _left(self) -> float:
        """Give the seconds that the job still has. Raises OutOfTime if no call can be begun any more."""
        left = self._deadline.left()
        if left < LEAST_SECONDS:
            raise OutOfTime("[no time left]")
        return left

    def send_otp(self, number: str) -> Sent:
        """Have an OTP sent to the mobile of the account that an Aadhaar number or VID belongs to."""
        try:
            sent = self._sign_in.send_otp(number, self._left())
        except DigiLockerError as error:
            if error.problem not in _TELLS_OF_AN_ACCOUNT:
                raise
            count(f"Problem_{error.problem}")
            if isinstance(error, UserNameRefused):
                logger.error("DigiLocker refuses the Aadhaar number as user name of a registered account")
            digits = decoy_digits(self._secret.text("digilocker_client_secret"), number)
            return Sent(_NO_ACCOUNT, digits, OTP_SECONDS)
        return Sent(sent.device_code, sent.digits or "••", sent.expires_in)

    def verify_otp(self, device_code: str, otp: str) -> Token:
        """Exchange an OTP for a token. Never repeated: DigiLocker consumes the OTP."""
        if device_code == _NO_ACCOUNT:
            # As long as DigiLocker takes to refuse one, so that the time does not tell either.
            self._sleep(random.uniform(0.1, 0.4))  # noqa: S311 - nobody must be unable to guess it
            raise OtpRefused("[no account]")
        return self._sign_in.verify_otp(device_code, otp, self._left())

    def sign_up(self, details: Mapping[str, str]) -> Sent:
        """Have her details compared with Aadhaar's, and an OTP sent to her mobile. Never repeated."""
        applicant = Applicant(
            uid=details[AADHAAR],
            name=details[NAME],
            born=dt.date.fromisoformat(details[BORN]),
            gender=_GENDERS[details[GENDER]],
            mobile=details[MOBILE],
        )
        sent = self._sign_up.request(applicant, self._left())
        return Sent("", sent.digits or details[MOBILE][-2:], OTP_SECONDS)

    def verify_sign_up(self, mobile: str, otp: str) -> Token:
        """Exchange the OTP for the new account's token. Never repeated."""
        return self._sign_up.verify(mobile, otp, self._left())

    def make_link(self, conversation_id: str, phone: str, *, sign_up: bool) -> Made:
        """Make the link to DigiLocker's own page. Nobody is asked."""
        return self._links.make(conversation_id, phone, sign_up=sign_up)

    def exchange_code(self, code: str, verifier: str) -> SignedIn:
        """Exchange the code that came back with her for tokens. Never repeated: DigiLocker consumes it."""
        return self._client.exchange_code(code, self._links.consent_url, verifier, self._left())

    def refresh(self, refresh_token: str) -> Token:
        """Exchange a refresh token for new tokens. Never repeated: the given one is dead afterwards."""
        return self._client.refresh(refresh_token, self._left()).token

    def list_documents(self, token: str, shared: str = EVERYTHING) -> tuple[tuple[IssuedDocument, ...], int]:
        """Give all issued documents, and how many files she uploaded herself. `shared`: see `shared_by`."""
        issued = self._client.issued_documents(token, self._left())
        ticked = None if shared == EVERYTHING else frozenset(shared.split())
        documents = tuple(
            IssuedDocument(
                d.name or d.description,
                d.doctype,
                d.issuer,
                d.uri,
                d.has_pdf,
                shared=ticked is None or uri_mark(d.uri) in ticked,
            )
            for d in issued
        )
        try:
            seconds = min(self._left(), 5.0)
            uploaded = sum(not file.is_folder for file in self._client.uploaded_documents(token, seconds))
        except DigiLockerError as error:
            # A scope may leave them out; the issued ones are what she came for.
            logger.info("no uploaded files could be listed", extra={"code": error.code})
            uploaded = 0
        return documents, uploaded

    def fetch_document(self, token: str, uri: str, conversation_id: str, step: str) -> str:
        """Fetch one PDF, unaltered, and keep it. Gives its key.

        Where the Aadhaar card is refused as PDF, as partners report, its data comes in its place.
        """
        key = document_key(conversation_id, step)
        try:
            content = self._client.file(token, uri, self._left()).content
        except (InsufficientScope, InvalidUri, NotAPdf):
            if not _EAADHAAR.fullmatch(uri):
                raise
            key, content = f"{key}{DATA}", self._client.eaadhaar(token, self._left())
        self._documents.keep(key, content)
        return key

    def revoke(self, token: str, *, is_refresh: bool = False) -> None:
        """Sign out. One call for each of two tokens must still end before the function does."""
        self._client.revoke(token, JOB_SECONDS / 6, kind="refresh_token" if is_refresh else "access_token")


def shared_by(token: Token) -> str:
    """Write down which documents a token's scope names, as marks; `EVERYTHING` if it names none, or too many."""
    uris = token.shared_uris
    return " ".join(map(uri_mark, uris)) if 0 < len(uris) <= MOST_SHARED else EVERYTHING
