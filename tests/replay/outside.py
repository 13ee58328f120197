"""DigiLocker and WhatsApp, with the methods of the functions' clients. What the real ones consume is consumed here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel

from helpdesk.conversation.model import IssuedDocument
from helpdesk.conversation.problems import Problem
from helpdesk.digilocker import errors
from helpdesk.digilocker.errors import (
    AadhaarNotLinked,
    AlreadyThere,
    CodeRefused,
    DetailsDiffer,
    Endpoint,
    InvalidToken,
    InvalidUri,
    InvalidUserName,
    MobileTaken,
    NoRecord,
    OtpNotSent,
    OtpRefused,
    OutOfTime,
    PullPending,
    PullUnsure,
    RepositoryMisconfigured,
)
from helpdesk.digilocker.models import Issued, Token
from helpdesk.errors import DigiLockerError
from helpdesk.whatsapp.messages import (
    ButtonsMessage,
    DocumentHeader,
    LinkMessage,
    ListMessage,
    Message,
    Recipient,
    TextMessage,
)
from standins.digilocker.citizens import Citizen, everyone
from standins.digilocker.directory import issuing, organisation
from standins.digilocker.documents import IssuedDocument as InLocker
from tests.conversations.chat import shown


@dataclass
class DigiLocker:
    """One citizen's account. An OTP that was verified once is gone, and so is a token that was revoked."""

    version: ClassVar = "1.x"
    citizen: Citizen
    otps: list[str] = field(default_factory=list)
    """Every OTP that was sent, in order."""
    tokens: set[str] = field(default_factory=set)
    """The tokens that are good for something."""
    brought_in: list[InLocker] = field(default_factory=list)
    """The documents that were pulled."""
    codes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The codes that she came back with and that were not exchanged yet, each with the URIs that she ticked."""
    names_mobile: bool = True
    """Whether the mobile that it names is the one that she writes from."""
    _open: dict[str, str] = field(default_factory=dict)
    _given: int = 0
    _fault: DigiLockerError | None = None
    _shown: bool = False

    def fails(self, problem: Problem) -> None:
        """Have every call fail in one way, until it `recovers`. A problem of *signed out* lasts for the token."""
        self._shown = False
        if problem is Problem.OTHER_MOBILE:
            self.names_mobile = False
            return
        self._fault = error_of(problem)
        if problem is Problem.SIGNED_OUT:
            self.tokens.clear()

    def recovers(self) -> None:
        """Have everything go well again, once somebody has seen it fail."""
        if self._shown:
            self._fault, self.names_mobile = None, True

    def verify_account(self, uid: str, _seconds: float) -> bool:
        """Return whether an Aadhaar number has an account."""
        return self.citizen.registered and uid == self.citizen.aadhaar

    def request_device_code(self, username: str, _seconds: float) -> str:
        """Send an OTP; one that was sent before is void. Raises InvalidUserName, OtpNotSent."""
        self._go_wrong()
        if not (self.citizen.registered and self.citizen.is_called(username)):
            raise InvalidUserName("invalid_username", status=400)
        if self.citizen.mobile is None:
            raise OtpNotSent("otp_error", status=500)
        device_code = f"device-code-{len(self.otps) + 1}"
        self._send_otp(device_code)
        return device_code

    def redeem_device_code(self, device_code: str, otp: str, _seconds: float) -> Token:
        """Use an OTP up, also where the answer is a failure. Raises OtpRefused."""
        return Token(self._redeem(device_code, otp), 3600)

    def consents(self, code: str, unticked: set[str]) -> None:
        """She agrees on DigiLocker's page: she is sent back with a code."""
        self.codes[code] = tuple(one.uri for one in self.citizen.issued if one.doctype not in unticked)

    def exchange_code(self, code: str, _redirect_uri: str, _verifier: str, _seconds: float) -> Token:
        """Use a code up, also where the answer is a failure. Raises CodeRefused."""
        if code not in self.codes:
            raise CodeRefused("invalid_grant", status=400)
        shared = self.codes.pop(code)
        self._go_wrong()
        self._given += 1
        access, refresh = f"token-{self._given}", f"refresh-{self._given}"
        self.tokens |= {access, refresh}
        self._shown = self._shown or not self.names_mobile
        mobile = self.citizen.phone[-10:] if self.names_mobile else "9000000099"
        return Token(access, 3600, refresh, " ".join(f"issued/{uri}" for uri in shared), mobile)

    def refresh(self, refresh_token: str, _seconds: float) -> Token:
        """Use a refresh token up, and the access token that came with it. Raises CodeRefused."""
        if refresh_token not in self.tokens:
            raise CodeRefused("invalid_grant", status=400)
        self.tokens -= {refresh_token, refresh_token.replace("refresh", "token")}
        self._given += 1
        access, refresh = f"token-{self._given}", f"refresh-{self._given}"
        self.tokens |= {access, refresh}
        return Token(access, 3600, refresh)

    def signed[T: BaseModel](
        self, endpoint: Endpoint, _path: str, answer: type[T], fields: dict[str, str], _salt: str, _seconds: float
    ) -> T:
        """Sign up, take the OTP of it, or say what an issuer wants to know.

        Raises MobileTaken, DetailsDiffer, OtpRefused.
        """
        match endpoint:
            case Endpoint.SIGN_UP:
                self._go_wrong()
                self._compare(fields)
                self._send_otp(fields["mobile"])
                return answer.model_validate({"mobile": f"******{fields['mobile'][-4:]}"})
            case Endpoint.SIGN_UP_VERIFY:
                token = self._redeem(fields["mobile"], fields["otp"])
                return answer.model_validate({"access_token": token, "expires_in": 3600})
            case Endpoint.PULL_PARAMETERS:
                self._go_wrong()
                issuer = organisation(fields["orgid"])
                kind = issuer.kind(fields["doctype"]) if issuer else None
                told = kind.parameters if kind else ()
                asked = [{"label": p.label, "paramname": p.name, "valuelist": list(p.values)} for p in told]
                return answer.model_validate([one | {"example": p.example} for one, p in zip(asked, told, strict=True)])
        raise ValueError(endpoint)

    def submitted[T: BaseModel](
        self, _endpoint: Endpoint, _path: str, answer: type[T], token: str, fields: dict[str, str], _seconds: float
    ) -> T:
        """Pull a document. Raises InvalidToken, and what the issuer says instead."""
        self._go_wrong()
        self._check(token)
        if not self.citizen.aadhaar_linked:
            raise AadhaarNotLinked("aadhaar_not_linked", status=400)
        records = [
            one
            for one in self.citizen.records
            if issuing(one.document.issuer_id).org_id == fields["orgid"] and one.document.doctype == fields["doctype"]
        ]
        record = next((one for one in records if one.fits(fields)), None)
        if record is None:
            named = any(one.is_named(fields) for one in records)
            raise PullPending("pull_response_pending") if named else NoRecord("record_not_found", status=404)
        if record.error:
            down = record.error == "repository_service_configerror"
            raise RepositoryMisconfigured(record.error) if down else PullUnsure(record.error)
        if record.document in self._issued:
            raise AlreadyThere("uri_exists", status=400)
        self.brought_in.append(record.document)
        return answer.model_validate({"uri": record.document.uri})

    @property
    def _issued(self) -> tuple[InLocker, ...]:
        return (*self.citizen.issued, *self.brought_in)

    def _compare(self, fields: dict[str, str]) -> None:
        """See to it that nobody else has the mobile, and that the details are Aadhaar's."""
        others = (one for one in everyone() if one.registered and one.aadhaar != fields["uid"])
        if any((one.mobile or "").endswith(fields["mobile"]) for one in others):
            raise MobileTaken("mobile_exists", status=400)
        citizen = self.citizen
        name = citizen.aadhaar_name or citizen.name
        entered = (fields["uid"], fields["name"].casefold(), fields["dob"], fields["gender"])
        if entered != (citizen.aadhaar, name.casefold(), citizen.born, citizen.gender):
            raise DetailsDiffer("auth_failure", status=401)

    def _send_otp(self, redeemed_with: str) -> None:
        """Send an OTP; one that was sent before is void."""
        otp = f"{246813 + 1111 * len(self.otps)}"
        self.otps.append(otp)
        self._open = {redeemed_with: otp}

    def _redeem(self, sent_with: str, otp: str) -> str:
        """Use an OTP up, and give a token. Raises OtpRefused."""
        if self._fault:
            self._open.clear()
        self._go_wrong()
        if self._open.get(sent_with) != otp:
            raise OtpRefused("invalid_grant", status=400)
        del self._open[sent_with]
        self._given += 1
        token = f"token-{self._given}"
        self.tokens.add(token)
        return token

    def issued_documents(self, token: str, _seconds: float) -> Issued:
        """List. Raises InvalidToken."""
        self._go_wrong()
        self._check(token)
        documents = tuple(
            IssuedDocument(d.name, d.doctype, d.issuer, d.uri, has_pdf="application/pdf" in d.media_types)
            for d in self._issued
        )
        return Issued(documents)

    def uploaded_files(self, token: str, _seconds: float) -> int:
        """Count what she uploaded. Raises InvalidToken."""
        self._check(token)
        return len(self.citizen.uploaded)

    def file(self, token: str, uri: str, _seconds: float) -> bytes:
        """Return a PDF. Raises InvalidToken, InvalidUri."""
        self._go_wrong()
        self._check(token)
        if not any(document.uri == uri for document in self._issued):
            raise InvalidUri("invalid_uri", status=404)
        return pdf(uri)

    def revoke(self, token: str, _seconds: float, *, kind: str) -> None:  # noqa: ARG002
        """Make a token worthless; one that is already is no error."""
        self.tokens.discard(token)

    def _go_wrong(self) -> None:
        if self._fault:
            self._shown = True
            raise self._fault

    def _check(self, token: str) -> None:
        if token not in self.tokens:
            raise InvalidToken("invalid_token", status=401)


def error_of(problem: Problem) -> DigiLockerError:
    """Return the error that stands for a problem. Raises LookupError for one of our side."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DigiLockerError)]
    for kind in kinds:
        if kind not in {DigiLockerError, OutOfTime} and vars(kind).get("problem") is problem:
            return kind(problem)
    raise LookupError(problem)


def pdf(uri: str) -> bytes:
    """Return the bytes of a document."""
    return f"%PDF-1.7 {uri}".encode()


@dataclass(frozen=True)
class Received:
    """A message on her phone: how it looks, what can be tapped on it, and the bytes of the PDF."""

    id: str
    callback_data: str
    text: str
    tappable: dict[str, str]
    pdf: bytes | None
    link: str = ""
    """What its button opens."""


@dataclass
class WhatsApp:
    """The Cloud API and her phone. A link is fetched as soon as it is sent; one that leads nowhere brings no PDF.

    A document that it `loses` does not reach her phone, and WhatsApp reports so.
    """

    fetch: Callable[[str], bytes | None]
    received: list[Received] = field(default_factory=list)
    on_delivery: Callable[[Received], None] = field(default=lambda _received: None)
    loses: Callable[[DocumentHeader], bool] = field(default=lambda _header: False)
    on_loss: Callable[[Received], None] = field(default=lambda _lost: None)
    lost: list[Received] = field(default_factory=list)
    _media: dict[str, bytes] = field(default_factory=dict)

    def send(self, _recipient: Recipient, message: Message, callback_data: str = "") -> str:
        """Deliver a message."""
        id_ = f"wamid.reply-{len(self.received) + len(self.lost) + 1}"
        received = self._received(id_, callback_data, message)
        header = message.header if isinstance(message, ButtonsMessage) else None
        if isinstance(header, DocumentHeader) and self.loses(header):
            self.lost.append(received)
            self.on_loss(received)
            return id_
        self.received.append(received)
        self.on_delivery(received)
        return id_

    def typing(self, message_id: str) -> None:
        """Show that we are typing."""

    def upload(self, content: Any, _media_type: str, _filename: str) -> str:
        """Keep a file."""
        id_ = f"media-{len(self._media) + 1}"
        self._media[id_] = content if isinstance(content, bytes) else content.read()
        return id_

    def _received(self, id_: str, callback_data: str, message: Message) -> Received:
        match message:
            case ButtonsMessage(body=body, buttons=buttons, header=header):
                tappable = {button.title: button.id for button in buttons}
                file = header.filename if isinstance(header, DocumentHeader) else None
                content = self._content(header) if isinstance(header, DocumentHeader) else None
                return Received(id_, callback_data, shown(body, list(tappable), file), tappable, content)
            case ListMessage(body=body, button=button, rows=rows):
                tappable = {row.title: row.id for row in rows}
                text = shown(body, [f"{button}: {' | '.join(tappable)}"])
                return Received(id_, callback_data, text, tappable, None)
            case LinkMessage(body=body, display_text=title, url=url):
                return Received(id_, callback_data, shown(body, [f"{title} ↗"]), {}, None, url)
            case TextMessage(body=body):
                return Received(id_, callback_data, body, {}, None)
        raise TypeError(type(message).__name__)

    def _content(self, header: DocumentHeader) -> bytes | None:
        return self.fetch(header.link) if header.link else self._media.get(header.media_id or "")
