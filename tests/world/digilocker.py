"""DigiLocker, with the methods of the functions' client: the stand-in's accounts, OTPs and codes, without its HTTP.

A call of the stand-in over HTTP takes a millisecond, and a run of the simulation makes a hundred.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel

from helpdesk.conversation.model import IssuedDocument
from helpdesk.digilocker.errors import (
    AadhaarNotLinked,
    AlreadyThere,
    CodeRefused,
    DetailsDiffer,
    Endpoint,
    InsufficientScope,
    InvalidToken,
    InvalidUri,
    InvalidUserName,
    MobileTaken,
    NoRecord,
    OtpExpired,
    OtpNotSent,
    OtpRefused,
    OtpTooMany,
    PullPending,
    PullUnsure,
    RepositoryMisconfigured,
    RepositoryUnresponsive,
)
from helpdesk.digilocker.models import Issued, Token
from standins.config import SimulatorConfig
from standins.digilocker import authorization
from standins.digilocker.accounts import Accounts, Consent, Session, everything, scope_of
from standins.digilocker.accounts import issued as issued_of
from standins.digilocker.authorization import AuthorizationCodes
from standins.digilocker.citizens import Citizen
from standins.digilocker.directory import issuing, organisation
from standins.digilocker.documents import Flaw
from standins.digilocker.otp import NoMobile, OtpFlooding, SmsInbox
from standins.digilocker.otp import OtpRefused as Refused
from tests.world.chance import Clock
from tests.world.record import Asked, Texted

_CONFIG = SimulatorConfig(
    app_secret="-",
    verify_token="-",
    phone_number_id="100000000000001",
    access_token="-",
    client_id="TESTCLIENT",
    client_secret="client-secret",
    otp_sends=1000,  # the desk's own limits are stricter, and are what is looked at
)
_FLAWS = {
    Flaw.NOT_SHARED: InsufficientScope,
    Flaw.GONE: InvalidUri,
    Flaw.MISCONFIGURED: RepositoryMisconfigured,
    Flaw.UNRESPONSIVE: RepositoryUnresponsive,
    Flaw.EXCEPTION: RepositoryUnresponsive,
    Flaw.INACTIVE: RepositoryUnresponsive,
}


class DigiLocker:
    """Everybody's accounts. Tells the record what it is asked."""

    version = "1.x"

    def __init__(
        self, clock: Clock, note: Callable[[Any], None], conversation: Callable[[], str], step: Callable[[], str]
    ) -> None:
        """`conversation`, `step`: for which the function that calls is at work."""
        self.sms = SmsInbox(clock)  # type: ignore[arg-type] # a clock with the same face
        self.accounts = Accounts(_CONFIG, clock, self.sms)  # type: ignore[arg-type]
        self.codes = AuthorizationCodes(_CONFIG, clock)  # type: ignore[arg-type]
        self._clock, self._note, self._conversation, self._step = clock, note, conversation, step
        self.turned: set[str] = set()
        """The accounts that are listed the other way round, by their Aadhaar numbers."""
        self._devices: dict[str, Citizen] = {}
        self._signing_up: dict[str, str] = {}
        self._refreshable: dict[str, str] = {}

    def whose(self) -> dict[str, str]:
        """Return the tokens that are good, and the Aadhaar numbers of their accounts."""
        sessions = {token: self.accounts.session(token) for token in self.accounts.tokens()}
        good = {token: session.citizen.aadhaar for token, session in sessions.items() if session}
        return good | {token: whose for token, whose in self._refreshable.items() if self.accounts.may_refresh(token)}

    # --- what the functions' client can be asked ----------------------------------------------------------------------

    def verify_account(self, uid: str, _seconds: float) -> bool:
        return self.accounts.with_uid(uid) is not None

    def request_device_code(self, username: str, _seconds: float) -> str:
        citizen = self.accounts.with_username(username)
        self._asked("otp", username, succeeded=citizen is not None)
        if citizen is None:
            raise InvalidUserName("invalid_username", status=400)
        return self._send_otp(citizen, username)

    def redeem_device_code(self, device_code: str, otp: str, _seconds: float) -> Token:
        return self._opened(self._redeem("redeem", device_code, otp), None)

    def exchange_code(self, code: str, redirect_uri: str, verifier: str, _seconds: float) -> Token:
        try:
            citizen, consent = self.codes.redeem(code, _CONFIG.client_id, redirect_uri, verifier)
        except authorization.CodeRefused as refused:
            self._asked("exchange", code, succeeded=False)
            raise CodeRefused("invalid_grant", status=400) from refused
        token, session = self.accounts.open_session(citizen, consent)
        self._asked("exchange", code, citizen.aadhaar, token)
        refresh = self._refresh_token(session)
        return Token(token, self.accounts.token_seconds, refresh, session.scope, (citizen.mobile or "")[-10:])

    def refresh(self, refresh_token: str, _seconds: float) -> Token:
        opened = self.accounts.refresh(refresh_token, _CONFIG.client_id)
        if opened is None:
            self._asked("refresh", refresh_token, succeeded=False)
            raise CodeRefused("invalid_grant", status=400)
        token, session = opened
        self._asked("refresh", refresh_token, session.citizen.aadhaar, token)
        return Token(token, self.accounts.token_seconds, self._refresh_token(session), session.scope)

    def signed[T: BaseModel](
        self, endpoint: Endpoint, _path: str, answer: type[T], fields: dict[str, str], _hashed: str, _seconds: float
    ) -> T:
        match endpoint:
            case Endpoint.SIGN_UP:
                return answer.model_validate({"mobile": self._sign_up(fields)})
            case Endpoint.SIGN_UP_VERIFY:
                mobile = f"91{fields['mobile']}"
                citizen = self._redeem("verify sign-up", self._signing_up.get(mobile, ""), fields["otp"])
                if not self.accounts.has_account(citizen):
                    self.accounts.sign_up(citizen)
                self.accounts.know(citizen)
                return answer.model_validate({"access_token": self._opened(citizen, None).access_token})
            case Endpoint.PULL_PARAMETERS:
                issuer = organisation(fields["orgid"])
                kind = issuer.kind(fields["doctype"]) if issuer else None
                told = kind.parameters if kind else ()
                asked = [{"label": p.label, "paramname": p.name, "valuelist": list(p.values)} for p in told]
                return answer.model_validate([one | {"example": p.example} for one, p in zip(asked, told, strict=True)])
        raise ValueError(endpoint)

    def submitted[T: BaseModel](
        self, _endpoint: Endpoint, _path: str, answer: type[T], token: str, fields: dict[str, str], _seconds: float
    ) -> T:
        session = self._session("pull", token, repr(sorted(fields.items())))
        citizen = self.accounts.known(session.citizen)
        if not citizen.aadhaar_linked:
            raise AadhaarNotLinked("aadhaar_not_linked", status=400)
        records = [
            one
            for one in citizen.records
            if issuing(one.document.issuer_id).org_id == fields["orgid"] and one.document.doctype == fields["doctype"]
        ]
        record = next((one for one in records if one.fits(fields)), None)
        if record is None:
            named = any(one.is_named(fields) for one in records)
            raise PullPending("pull_response_pending") if named else NoRecord("record_not_found", status=404)
        if record.error:
            down = record.error == "repository_service_configerror"
            raise RepositoryMisconfigured(record.error) if down else PullUnsure(record.error)
        if issued_of(citizen, record.document.uri):
            raise AlreadyThere("uri_exists", status=400)
        self.accounts.put_into_locker(session, record.document)
        return answer.model_validate({"uri": record.document.uri})

    def issued_documents(self, token: str, _seconds: float) -> Issued:
        citizen = self.accounts.known(self._session("list", token).citizen)
        listed = citizen.issued[::-1] if citizen.aadhaar in self.turned else citizen.issued
        self._asked("listed", "\n".join(one.uri for one in listed))
        return Issued(
            tuple(
                IssuedDocument(
                    d.name,
                    d.doctype,
                    d.issuer,
                    d.uri,
                    has_pdf="application/pdf" in d.media_types,
                    date=d.issued_on.isoformat(),
                )
                for d in listed
            )
        )

    def uploaded_files(self, token: str, _seconds: float) -> int:
        return len(self._session("uploaded", token).citizen.uploaded)

    def file(self, token: str, uri: str, _seconds: float) -> bytes:
        session = self._session("file", token, uri)
        document = issued_of(self.accounts.known(session.citizen), uri)
        if document is None:
            raise InvalidUri("invalid_uri", status=404)
        if document.flaw in _FLAWS:
            raise _FLAWS[document.flaw](str(document.flaw), status=500)
        if scope_of(document) not in session.consent.scopes:
            raise InsufficientScope("insufficient_scope", status=403)
        session.files_fetched += 1
        return pdf(session.citizen.aadhaar, uri)

    def eaadhaar(self, token: str, _seconds: float) -> bytes:
        return f"<Certificate>{self._session('eaadhaar', token).citizen.aadhaar}</Certificate>".encode()

    def revoke(self, token: str, _seconds: float, *, kind: str) -> None:
        self._asked("revoke", token, succeeded=self.accounts.revoke(token, kind))

    # --- what a citizen does on its page ------------------------------------------------------------------------------

    def consents(self, address: str, citizen: Citizen, unticked: set[str]) -> str:
        """Agree on the page at this address. Gives the address that the browser is sent back to."""
        query = parse_qs(urlsplit(address).query)
        back = authorization.returning(query, _CONFIG.client_id, query["redirect_uri"])
        request = authorization.read(query, back, _CONFIG, self._clock())
        consent = everything(citizen, self._clock() + 86_400)
        left = {scope_of(one) for one in citizen.issued if one.doctype in unticked}
        scopes = tuple(scope for scope in consent.scopes if scope not in left)
        granted = Consent(scopes, consent.valid_till, client_id=_CONFIG.client_id)
        if request.signing_up and not self.accounts.has_account(citizen):
            self.accounts.sign_up(citizen)
        return back.with_code(self.codes.issue(request, citizen, granted))

    # ------------------------------------------------------------------------------------------------------------------

    def _asked(
        self, endpoint: str, about: str = "", whose: str = "", token: str = "", *, succeeded: bool = True
    ) -> None:
        conversation, at = self._conversation(), self._clock()
        self._note(
            Asked(
                at=at,
                endpoint=endpoint,
                conversation=conversation,
                about=about,
                whose=whose,
                token=token,
                succeeded=succeeded,
                step=self._step(),
            )
        )

    def _refresh_token(self, session: Session) -> str:
        token = self.accounts.open_refreshable(session)
        self._refreshable[token] = session.citizen.aadhaar
        self._asked("open", whose=session.citizen.aadhaar, token=token)
        return token

    def _send_otp(self, citizen: Citizen, number: str) -> str:
        try:
            code = self.accounts.otps.send(citizen)
        except NoMobile as error:
            raise OtpNotSent("otp_error", status=500) from error
        except OtpFlooding as error:
            raise OtpTooMany("otp_flooding_error", status=429) from error
        self._devices[code] = citizen
        mobile = citizen.mobile or ""
        digits = self.sms.of(mobile)[-1].otp or ""
        self._note(
            Texted(
                at=self._clock(),
                whose=citizen.aadhaar,
                number=number,
                mobile=mobile,
                digits=digits,
                conversation=self._conversation(),
            )
        )
        return code

    def _redeem(self, endpoint: str, device_code: str, otp: str) -> Citizen:
        try:
            citizen = self.accounts.otps.redeem(device_code, otp)
        except Refused as refused:
            self._asked(endpoint, f"{device_code} {otp}", succeeded=False)
            raise (OtpExpired if refused.expired else OtpRefused)("invalid_grant", status=400) from refused
        self._asked(endpoint, f"{device_code} {otp}", citizen.aadhaar)
        return citizen

    def _opened(self, citizen: Citizen, consent: Any) -> Token:
        token, _ = self.accounts.open_session(citizen, consent)
        self._asked("open", whose=citizen.aadhaar, token=token)
        return Token(token, self.accounts.token_seconds)

    def _session(self, endpoint: str, token: str, about: str = "") -> Session:
        session = self.accounts.session(token)
        whose = session.citizen.aadhaar if session else ""
        self._asked(endpoint, about, whose, token, succeeded=session is not None)
        if session is None:
            raise InvalidToken("invalid_token", status=401)
        return session

    def _sign_up(self, fields: dict[str, str]) -> str:
        mobile = f"91{fields['mobile']}"
        if any(one.aadhaar != fields["uid"] for one in self.accounts.with_mobile(mobile)):
            raise MobileTaken("mobile_exists", status=400)
        citizen = next((one for one in self.accounts.citizens if one.aadhaar == fields["uid"]), None)
        entered = (fields["name"].casefold(), fields["dob"], fields["gender"])
        if citizen is None or citizen.mobile != mobile:
            raise DetailsDiffer("auth_failure", status=401)
        if entered != ((citizen.aadhaar_name or citizen.name).casefold(), citizen.born, citizen.gender):
            raise DetailsDiffer("auth_failure", status=401)
        self._signing_up[mobile] = self._send_otp(citizen, fields["uid"])
        return f"******{mobile[-4:]}"


def pdf(aadhaar: str, uri: str) -> bytes:
    """Return the bytes of a document, which tell whose it is and which one."""
    return f"%PDF-1.7 {aadhaar} {uri}".encode()
