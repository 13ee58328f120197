"""What the dialogue asks of DigiLocker, each within the time that a job has.

Whether a number has an account is told to nobody before an OTP has succeeded: where DigiLocker refuses a number, a
decoy stands for its device code. Texts, lifetime, calls and their order are then those of any other number, the OTP is
put to DigiLocker, and none is ever right. So nothing that DigiLocker tells of an account alone, such as its mobile or
how long its OTP lives, is passed on.
"""

import datetime as dt
import random
import re
import secrets
import string
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from msgspec.structs import replace

from helpdesk.conversation.effects import AADHAAR, BORN, GENDER, MOBILE, NAME, FindOffers
from helpdesk.conversation.events import DocumentsListed, OffersFound
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.conversation.pages import OPTIONS as PAGE_SIZE
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.digilocker.directory import Directory, DirectorySource, Found
from helpdesk.digilocker.errors import (
    Busy,
    ClientRefused,
    InsufficientScope,
    InvalidUri,
    NotAPdf,
    OtpRefused,
    OutOfTime,
    PullUnsure,
    RepositoryUnserved,
    RequestRefused,
    Unanswered,
    Unreachable,
    Unserved,
    UserNameRefused,
    holds_for_everybody,
)
from helpdesk.digilocker.in_chat import send_otp
from helpdesk.digilocker.models import Token
from helpdesk.digilocker.pull import PullClient
from helpdesk.digilocker.sign_up import request_sign_up, verify_sign_up
from helpdesk.errors import DigiLockerError, SecretError
from helpdesk.outbound import Deadline
from helpdesk.service.authorization_link import Links, Made
from helpdesk.service.callback_data import tracking_keys
from helpdesk.service.identity import document_key, uri_mark
from helpdesk.service.shared_documents import EVERYTHING
from helpdesk.storage.documents import DATA, LOCKED, DocumentStore
from helpdesk.storage.secrets import Secret
from helpdesk.telemetry import count, logger
from helpdesk.understanding.searching import in_english
from helpdesk.whatsapp.messages import shorten

LEAST_SECONDS = 3.0
"""With less than this left, a call is not begun."""
DIRECTORY_SECONDS = 20.0
"""What a search may spend on fetching the directory where there is none yet: some time is left for what follows."""
REVOKE_SECONDS = 5.0
"""What revoking a token may take: one call for each of two must still end before the function does."""

_EAADHAAR = re.compile(r"[^-]+-ADHAR-.*", re.DOTALL)
"""The Aadhaar card's URI: issuer, doctype, number."""
_ENCRYPTED = re.compile(rb"/Encrypt\s*(?:[0-9]+\s+[0-9]+\s+R\b|<<)")
"""In the trailer of a PDF that is encrypted (ISO 32000-1, 7.6.1): a reference, or the dictionary itself."""
_DECOY = "none"
"""What a decoy starts with. The device code that is put to DigiLocker follows."""
_CODE_LETTERS = string.ascii_letters + string.digits
_CODE_LENGTH = 10
"""The form of the documented example, `74tq5miHKB`."""
_MOST_TYPES = 80
"""Types of document that a search gives: ten pages."""
_LONGEST = 100
"""Letters that are kept of a name, a label or an example out of DigiLocker's directory."""


class DigiLockerGateway:
    """Signs in, lists, fetches, pulls, signs out."""

    def __init__(
        self,
        *,
        client: DigiLockerClient,
        pull: PullClient,
        directory: DirectorySource,
        documents: DocumentStore,
        secret: Secret,
        links: Links,
        verify_decoys: bool = True,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take what it is done with. Without `verify_decoys`, DigiLocker is not asked about the OTP of a decoy."""
        self._client = client
        self._pull = pull
        self._directory = directory
        self._documents = documents
        self._secret = secret
        self._links = links
        self._verify_decoys = verify_decoys
        self._clock = clock
        self._sleep = sleep

    def reread_credentials(self) -> None:
        """Read client id and secret again, after a refusal that may be theirs: they may just have been rotated.

        The refused call is not repeated, as it may have used up an OTP; she can try again at once.
        """
        try:
            self._secret.refresh()
        except SecretError as error:
            logger.error("a secret could not be read again", extra={"reason": str(error)})

    def send_otp(self, number: str, deadline: Deadline) -> str:
        """Have an OTP sent to the mobile of the account that an Aadhaar number or VID belongs to.

        Return the device code with which it is verified.
        """
        try:
            return send_otp(self._client, number, _seconds(deadline))
        except DigiLockerError as error:
            if holds_for_everybody(error):
                raise
            _note(error)
            return _DECOY + _made_up_code()

    def verify_otp(self, device_code: str, otp: str, deadline: Deadline) -> Token:
        """Exchange an OTP for a token. Never repeated: DigiLocker consumes the OTP.

        Raises OtpRefused for all that may be about the account or the OTP: how DigiLocker refuses a decoy need not be
        how it refuses a wrong OTP.
        """
        is_decoy = device_code.startswith(_DECOY)
        if is_decoy:
            # The previous version wrote no code behind it.
            device_code = device_code.removeprefix(_DECOY) or _made_up_code()
            if not self._verify_decoys:
                self._sleep(random.uniform(0.1, 0.4))  # noqa: S311 - nobody must be unable to guess it
                raise OtpRefused("[decoy]")
        try:
            token = self._client.redeem_device_code(device_code, otp, _seconds(deadline))
        except DigiLockerError as error:
            if holds_for_everybody(error):
                raise
            if not isinstance(error, OtpRefused):
                _note(error)
            raise OtpRefused(error.code, status=error.status) from None
        if is_decoy:
            self._reject(token)
            raise OtpRefused("[decoy]")
        return token

    def _reject(self, token: Token) -> None:
        """Give back a token that came for a made-up device code: nobody knows whose it is."""
        count("DecoysAccepted")
        logger.error("DigiLocker accepted a device code that was made up")
        with suppress(DigiLockerError):
            self.revoke(token.access_token)

    def sign_up(self, details: Mapping[str, str], deadline: Deadline) -> None:
        """Have the details compared with Aadhaar's, and an OTP sent to the mobile. Never repeated."""
        request_sign_up(
            self._client,
            uid=details[AADHAAR],
            name=details[NAME],
            born=dt.date.fromisoformat(details[BORN]),
            gender=details[GENDER],
            mobile=details[MOBILE],
            seconds=_seconds(deadline),
        )

    def verify_sign_up(self, mobile: str, otp: str, deadline: Deadline) -> Token:
        """Exchange the OTP for the new account's token. Never repeated."""
        return verify_sign_up(self._client, mobile, otp, _seconds(deadline))

    def make_link(self, conversation_id: str, phone: str, *, sign_up: bool) -> Made:
        """Make the link to DigiLocker's own page. Nobody is asked."""
        return self._links.make(conversation_id, phone, sign_up=sign_up)

    def exchange_code(self, code: str, verifier: str, deadline: Deadline) -> Token:
        """Exchange the code that came back with her for tokens. Never repeated: DigiLocker consumes it."""
        return self._client.exchange_code(code, self._links.consent_url, verifier, _seconds(deadline))

    def refresh(self, refresh_token: str, deadline: Deadline) -> Token:
        """Exchange a refresh token for new tokens. Never repeated: the given one is dead afterwards."""
        return self._client.refresh(refresh_token, _seconds(deadline))

    def list_documents(self, step: str, token: str, shared: str, deadline: Deadline) -> DocumentsListed:
        """List what is in her account. `shared`: see `shared_by`."""
        issued = self._client.issued_documents(token, _seconds(deadline))
        if issued.left_out:
            count("DocumentsLeftOut", issued.left_out)
            logger.warning("documents of a list could not be read", extra={"count": issued.left_out})
        ticked = None if shared == EVERYTHING else frozenset(shared.split())
        documents = tuple(
            replace(document, shared=ticked is None or not ticked.isdisjoint(_marks(document.uri)))
            for document in issued.documents
        )
        try:
            seconds = min(_seconds(deadline), 5.0)
            uploaded = self._client.uploaded_files(token, seconds)
        except DigiLockerError as error:
            # A scope may leave them out; the issued ones are what she came for.
            logger.info("no uploaded files could be listed", extra={"code": error.code})
            uploaded = 0
        return DocumentsListed(step, documents, uploaded, issued.left_out)

    def fetch_document(self, token: str, uri: str, conversation_id: str, step: str, deadline: Deadline) -> str:
        """Fetch one PDF, unaltered, and keep it. Returns its key.

        Where the Aadhaar card is refused as PDF, as partners report, its data comes in its place.
        """
        key = document_key(tracking_keys(self._secret)[0], conversation_id, step)
        try:
            content = self._client.file(token, uri, _seconds(deadline))
        except (InsufficientScope, InvalidUri, NotAPdf):
            if not _EAADHAAR.fullmatch(uri):
                raise
            key, content = f"{key}{DATA}", self._client.eaadhaar(token, _seconds(deadline))
        if _ENCRYPTED.search(content):
            key += LOCKED
        self._documents.keep(key, content)
        return key

    def find_offers(self, step: str, words: str, request: FindOffers, deadline: Deadline) -> OffersFound:
        """Search the directory, fetching it first where there is none yet."""
        directory = self._directory.cached() or self._directory.current(min(_seconds(deadline), DIRECTORY_SECONDS))
        return offered(directory, step, words, request)

    def is_directory_due(self) -> bool:
        """Return whether the directory must be fetched again, or a fetch that has begun must go on."""
        known = self._directory.cached()
        return known is None or known.is_due(self._clock())

    def refresh_directory(self, deadline: Deadline) -> bool:
        """Fetch the directory, or continue, unless somebody else does. Returns whether there is more to be fetched.

        When DigiLocker fails, the next search asks for it again.
        """
        before = self._directory.cached()
        known = self._directory.current(_seconds(deadline) - LEAST_SECONDS)
        return known is not before and known.is_due(self._clock())

    def parameters(self, offer: Offer, deadline: Deadline) -> tuple[Parameter, ...]:
        """Ask what the issuer wants to know."""
        return tuple(
            replace(one, label=shorten(one.label, _LONGEST), example=shorten(one.example, _LONGEST))
            for one in self._pull.parameters(offer.org_id, offer.doctype, _seconds(deadline))
        )

    def pull(self, token: str, offer: Offer, values: Mapping[str, str], deadline: Deadline) -> str:
        """Have the issuer put the document into her account. Never repeated. Returns its URI.

        Raises PullUnsure where it may have taken effect anyway.
        """
        try:
            return self._pull.pull(token, offer.org_id, offer.doctype, values, _seconds(deadline))
        except (Unanswered, Unserved, RepositoryUnserved) as error:
            raise PullUnsure(error.code, status=error.status) from error

    def revoke(self, token: str, *, is_refresh: bool = False) -> None:
        """Sign out. It has its own time, so that nothing before it can use that up."""
        self._client.revoke(token, REVOKE_SECONDS, kind="refresh_token" if is_refresh else "access_token")


def _seconds(deadline: Deadline) -> float:
    """Return the seconds that a job still has for a call, which counts as made.

    Raises OutOfTime if no call can be begun any more.
    """
    left = deadline.left()
    if left < LEAST_SECONDS:
        raise OutOfTime("[no time left]")
    count("DigiLockerRequests")
    return left


def _marks(uri: str) -> set[str]:
    """Return the marks that a document can be ticked under: in a scope, a URI with a blank ends at the first one."""
    return {uri_mark(uri), uri_mark(uri.split(" ", maxsplit=1)[0])}


def _made_up_code() -> str:
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))


def _note(error: DigiLockerError) -> None:
    """Count what is told to nobody. Only an answer that no document describes is logged: the log names her chat."""
    count(f"Problem_{error.problem}")
    if isinstance(error, Unreachable | Busy | ClientRefused | RequestRefused):
        note = logger.error if isinstance(error, ClientRefused | RequestRefused) else logger.warning
        extra = {"code": error.code, "status": error.status}
        note("DigiLocker gave an answer that may be about an account", extra=extra)
    if isinstance(error, UserNameRefused):
        count("UserNameRefused")
        logger.error("DigiLocker refuses the Aadhaar number as user name of a registered account")


def offered(directory: Directory, step: str, words: str, request: FindOffers) -> OffersFound:
    """Return a page of what a directory has for some words: types, or the issuers of the one that is asked for."""
    text, within, page = in_english(words), request.within, request.page
    found = directory.search(text, (), _MOST_TYPES)
    if not found or within not in {"", *(one.doctype for one in found)}:
        # What we know the words to mean, where the directory itself does not understand them.
        found = directory.search(text, request.doctypes, _MOST_TYPES)
    issued = next((one for one in found if one.doctype == within), found[0] if len(found) == 1 else None)
    offers = _by_issuer(issued) if issued else tuple(map(_by_type, found))
    page = page if (page - 1) * PAGE_SIZE < len(offers) else 1
    shown = offers[(page - 1) * PAGE_SIZE :][:PAGE_SIZE]
    return OffersFound(step, shown, len(offers), page, issued.doctype if issued else "")


def _by_type(found: Found) -> Offer:
    if len(found.issuers) == 1:
        return _by_issuer(found)[0]
    return Offer(found.doctype, shorten(found.title, _LONGEST))


def _by_issuer(found: Found) -> tuple[Offer, ...]:
    title = shorten(found.title, _LONGEST)
    return tuple(
        Offer(found.doctype, title, one.org_id, one.issuer_id, shorten(one.name, _LONGEST)) for one in found.issuers
    )
