"""Calls to DigiLocker's partner API.

Source: "Authorized Partner API Specification" 1.x and "Requester" 2.4; the section is named at each call.
"""

import hashlib
import hmac
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final, Literal, NoReturn
from urllib.parse import quote

import requests
from pydantic import BaseModel, ValidationError

from helpdesk import outbound
from helpdesk.digilocker.errors import (
    NOT_JSON,
    OTHER_SHAPE,
    Damaged,
    Endpoint,
    InvalidToken,
    InvalidUri,
    NotAPdf,
    NotInThisVersion,
    TooLarge,
    Unanswered,
    Unintelligible,
    Unreachable,
    error_of,
    names_error,
)
from helpdesk.digilocker.models import (
    AccountAnswer,
    DeviceCodeAnswer,
    Issued,
    IssuedDocuments,
    Token,
    TokenAnswer,
    UploadedDocuments,
    usable_uri,
)
from helpdesk.errors import DigiLockerError

type Version = Literal["1.x", "2.4"]

MAX_FILE: Final = 10 * 1024 * 1024
"""Bytes: what DigiLocker lets issuers and citizens store."""

_MAX_ANSWER: Final = 4 * 1024 * 1024
"""Bytes of a JSON answer that are read: room for thousands of documents."""

_PDF_MARK: Final = re.compile(rb"%PDF-")
_XML_MARK: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:Certificate|KycRes|UidData|OfflinePaperlessKyc)[\s/>]")
"""The root of an issuer's data: `Certificate` (what integrators read), or what the specification shows inside it."""
_HEAD: Final = 1024
"""The mark may be anywhere in the first 1024 bytes: what PDF readers accept (ISO 32000-1 asks for the very first,
Adobe's implementation note allows this), and some issuers' servers put a line feed or a byte order mark before it."""

_WORTH_A_RETRY: Final = 1.0
"""Seconds that must be left for a second try."""

_TOKEN_PATH: Final = "oauth2/1/token"  # noqa: S105 - the name of an API
_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"

_NOT_CONNECTED: Final = "(not connected)"
_NO_ANSWER: Final = "(no answer)"
_TOO_LARGE: Final = "(too large)"
_UNUSABLE: Final = "(unusable)"


class DigiLockerClient:
    """One partner's side of the API.

    Every method takes `seconds`, the time that the whole call may take, connecting and reading included, and raises
    what `helpdesk.digilocker.errors` lists (besides what `client_id` and `client_secret` raise themselves). Lists,
    files and revocation are tried twice when DigiLocker fails or does not answer; calls that send or use up an OTP,
    a code or a refresh token only where no connection could be made.
    """

    def __init__(
        self,
        url: str,
        version: Version,
        client_id: Callable[[], str],
        client_secret: Callable[[], str],
        session: requests.Session | None = None,
        clock: Callable[[], float] = time.time,
        connect_timeout: float = 3.05,
        read_timeout: float = 10.0,
        file_timeout: float = 25.0,
    ) -> None:
        """Take the base address, the API's version, and where the credentials come from.

        `clock` gives seconds since 1970, for time stamps that may be off by 30 minutes at most. Timeouts are in
        seconds; `file_timeout` is both the wait for a file's first byte, since DigiLocker fetches it from the issuer
        meanwhile, and the most that fetching it may take.
        """
        self.version: Final = version
        self._base = f"{url.rstrip('/')}/public"
        self._client_id = client_id
        self._client_secret = client_secret
        self._session = outbound.plain_session(session)
        self._clock = clock
        self._timeouts = outbound.Timeouts(connect_timeout, read_timeout)
        self._file_timeouts = outbound.Timeouts(connect_timeout, file_timeout)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._session.close()

    # --- account and sign-in ------------------------------------------------------------------------------------

    def verify_account(self, uid: str, seconds: float) -> bool:
        """Return whether an Aadhaar number has a DigiLocker account (1.x, "Verify Account"; gone in 2.4).

        Raises `NotInThisVersion` for 2.4 without calling.
        """
        if self.version != "1.x":
            raise NotInThisVersion(_UNUSABLE)
        # The documents print the hash without the number; the two known integrations hash it.
        return self.signed(
            Endpoint.VERIFY_ACCOUNT, "account/2/verify", AccountAnswer, {"uid": uid}, uid, seconds
        ).registered

    def request_device_code(self, username: str, seconds: float) -> str:
        """Have DigiLocker send an OTP to the account of this user name (1.x, device-code flow, step 1).

        Return the device code. The masked mobile and the lifetime that come with it are not read.
        """
        form = {"response_type": "device_code", "client_id": self._client_id(), "dl_username": username}
        return self._post(Endpoint.DEVICE_CODE, "oauth2/1/code", DeviceCodeAnswer, form, seconds).device_code

    def redeem_device_code(self, device_code: str, otp: str, seconds: float) -> Token:
        """Exchange device code and OTP for an access token (1.x, device-code flow, step 2)."""
        form = {
            "grant_type": _DEVICE_GRANT,
            "client_id": self._client_id(),
            "device_code": device_code,
            "dl_otp": otp,
        }
        return self._post(Endpoint.DEVICE_TOKEN, _TOKEN_PATH, TokenAnswer, form, seconds).to_value()

    def exchange_code(self, code: str, redirect_uri: str, verifier: str, seconds: float) -> Token:
        """Exchange the code that came back with the citizen for tokens ("Get Access Token").

        `redirect_uri` is the one she was sent off with, `verifier` that of the challenge. Raises `CodeRefused`.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self._client_id(),
            "client_secret": self._client_secret(),
            "code_verifier": verifier,
        }
        return self._post(Endpoint.CODE_TOKEN, _TOKEN_PATH, TokenAnswer, form, seconds).to_value()

    def refresh(self, refresh_token: str, seconds: float) -> Token:
        """Exchange a refresh token for new tokens ("Refresh Access Token"); the given one is dead afterwards.

        Also after `Unanswered` and `Unserved` it may be. Raises `InvalidToken`.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = self._post(Endpoint.REFRESH_TOKEN, _TOKEN_PATH, TokenAnswer, form, seconds, self._basic())
        return answer.to_value()

    def revoke(self, token: str, seconds: float, *, kind: str = "access_token") -> None:
        """Make a token, and the others of the same grant, invalid ("Revoke Token").

        `kind` is `access_token` or `refresh_token`. A token that is invalid already is as good: no error.
        """
        deadline = outbound.Deadline.after(seconds)
        request = requests.Request(
            "POST",
            f"{self._base}/oauth2/1/revoke",
            data={"token": token, "token_type_hint": kind},
            headers=self._basic(),
        )
        with suppress(InvalidToken):
            _twice(lambda: self._call(Endpoint.REVOKE, request, deadline), deadline)

    # --- documents ----------------------------------------------------------------------------------------------

    def issued_documents(self, token: str, seconds: float) -> Issued:
        """List what authorities have issued to the citizen ("Get List of Issued Documents", version 2)."""
        return self._get(Endpoint.ISSUED, "oauth2/2/files/issued", IssuedDocuments, token, seconds).to_value()

    def uploaded_files(self, token: str, seconds: float) -> int:
        """Count the files in the top folder of what the citizen uploaded ("Get List of Self Uploaded Documents")."""
        return self._get(Endpoint.UPLOADED, "oauth2/1/files/", UploadedDocuments, token, seconds).files

    def file(self, token: str, uri: str, seconds: float) -> bytes:
        """Fetch a document's bytes ("Get File from URI"), checked and unaltered.

        At most `MAX_FILE` bytes, a PDF by its content, and fitting the `hmac` header (Base64 of HMAC-SHA256 by the
        client secret). Raises `TooLarge`, `NotAPdf`, `Damaged` and what DigiLocker answers instead.
        """
        if not usable_uri(uri):
            raise InvalidUri(_UNUSABLE)
        # One path segment, whatever the issuer has put into the document's id.
        return self._file(Endpoint.FILE, f"oauth2/1/file/{quote(uri, safe='')}", token, seconds, _PDF_MARK)

    def eaadhaar(self, token: str, seconds: float) -> bytes:
        """Fetch the data of the citizen's Aadhaar card, signed by UIDAI ("Get e-Aadhaar Data in XML Format").

        Checked and unaltered as a file is. The Aadhaar number in it is masked. Raises what `file` does.
        """
        return self._file(Endpoint.EAADHAAR, "oauth2/3/xml/eaadhaar", token, seconds, _XML_MARK)

    def _file(self, endpoint: Endpoint, path: str, token: str, seconds: float, mark: re.Pattern[bytes]) -> bytes:
        deadline = outbound.Deadline.after(min(seconds, self._file_timeouts.read))
        request = requests.Request("GET", f"{self._base}/{path}", headers=_bearer(token))
        request.headers["Accept-Encoding"] = "identity"

        def fetch() -> bytes:
            check = _FileCheck(endpoint, self._client_secret(), mark)
            with _told(endpoint):
                response = outbound.start(self._session, request, deadline=deadline, timeouts=self._file_timeouts)
                if not 200 <= response.status_code < 300:
                    _refuse(endpoint, outbound.finish(response, deadline=deadline, limit=_MAX_ANSWER))
                content = outbound.read(response, deadline=deadline, limit=MAX_FILE, observe=check.feed)
            check.finish(response.headers.get("hmac"))
            return content

        return _twice(fetch, deadline)

    def _basic(self) -> dict[str, str]:
        credentials = b64encode(f"{self._client_id()}:{self._client_secret()}".encode()).decode()
        return {"Authorization": f"Basic {credentials}"}

    # --- calling ------------------------------------------------------------------------------------------------

    def signed[M: BaseModel](
        self, endpoint: Endpoint, path: str, model: type[M], fields: Mapping[str, str], hashed: str, seconds: float
    ) -> M:
        """Make a call that carries client id, time stamp and hash instead of a token, and read its answer.

        `hashed` is what comes between client id and time stamp in the hash. Tried twice unless it may burn something,
        or is account verification, which takes of the OTP's time.
        """
        deadline = outbound.Deadline.after(seconds)
        client_id, ts = self._client_id(), str(int(self._clock()))
        # Called "hmac", but documented and used as a plain SHA-256 of the concatenation.
        digest = hashlib.sha256(f"{self._client_secret()}{client_id}{hashed}{ts}".encode()).hexdigest()
        form = {"clientid": client_id, **fields, "ts": ts, "hmac": digest}
        request = requests.Request("POST", f"{self._base}/{path}")
        if endpoint in {Endpoint.VERIFY_ACCOUNT, Endpoint.SIGN_UP, Endpoint.SIGN_UP_VERIFY}:
            request.files = {name: (None, value) for name, value in form.items()}  # multipart/form-data
        else:
            request.data = form
        if endpoint.takes_effect or endpoint is Endpoint.VERIFY_ACCOUNT:
            answer = self._call(endpoint, request, deadline)
        else:
            answer = _twice(lambda: self._call(endpoint, request, deadline), deadline)
        return _model(model, answer, endpoint)

    def submitted[M: BaseModel](
        self, endpoint: Endpoint, path: str, model: type[M], token: str, fields: Mapping[str, str], seconds: float
    ) -> M:
        """Submit a form with the citizen's token, once, and read the answer."""
        return self._post(endpoint, path, model, fields, seconds, _bearer(token))

    def _post[M: BaseModel](
        self,
        endpoint: Endpoint,
        path: str,
        model: type[M],
        form: Mapping[str, str],
        seconds: float,
        headers: Mapping[str, str] | None = None,
    ) -> M:
        """Submit a form once, and read the answer."""
        request = requests.Request("POST", f"{self._base}/{path}", data=dict(form), headers=headers)
        return _model(model, self._call(endpoint, request, outbound.Deadline.after(seconds)), endpoint)

    def _get[M: BaseModel](self, endpoint: Endpoint, path: str, model: type[M], token: str, seconds: float) -> M:
        deadline = outbound.Deadline.after(seconds)
        request = requests.Request("GET", f"{self._base}/{path}", headers=_bearer(token))
        return _model(model, _twice(lambda: self._call(endpoint, request, deadline), deadline), endpoint)

    def _call(self, endpoint: Endpoint, request: requests.Request, deadline: outbound.Deadline) -> outbound.Answer:
        """Make a call and give its answer when that is a success."""
        request.headers["Accept-Encoding"] = "identity"
        with _told(endpoint):
            answer = outbound.exchange(
                self._session, request, deadline=deadline, timeouts=self._timeouts, limit=_MAX_ANSWER
            )
        if not answer.succeeded:
            _refuse(endpoint, answer)
        return answer


def _bearer(token: str) -> dict[str, str]:
    """Return the header for a token; one that cannot be in a header is no token (and the attempt would quote it)."""
    if not (token and token.isascii() and token.isprintable() and " " not in token):
        raise InvalidToken(_UNUSABLE)
    return {"Authorization": f"Bearer {token}"}


def _refuse(endpoint: Endpoint, answer: outbound.Answer) -> NoReturn:
    raise error_of(answer.status, answer.json(), endpoint=endpoint)


@contextmanager
def _told(endpoint: Endpoint) -> Iterator[None]:
    """Turn failures of the connection into errors of DigiLocker."""
    try:
        yield
    except outbound.NothingSent:
        raise Unreachable(_NOT_CONNECTED) from None
    except outbound.AnswerTooLarge:
        if endpoint is Endpoint.FILE:
            raise TooLarge(_TOO_LARGE) from None
        raise (Unanswered if endpoint.takes_effect else Unintelligible)(_TOO_LARGE) from None
    except outbound.CallFailed:
        raise (Unanswered if endpoint.takes_effect else Unreachable)(_NO_ANSWER) from None


def _twice[T](call: Callable[[], T], deadline: outbound.Deadline) -> T:
    """Make a harmless call a second time when DigiLocker failed or did not answer and there is time for it.

    Not when no connection could be made: that has been tried twice already.
    """
    try:
        return call()
    except DigiLockerError as error:
        failed = error.status is not None and error.status >= 500
        if not error.retryable or not (failed or error.code == _NO_ANSWER) or deadline.left() < _WORTH_A_RETRY:
            raise
    return call()


def _model[M: BaseModel](model: type[M], answer: outbound.Answer, endpoint: Endpoint) -> M:
    """Read a successful answer. One that holds an error anyway raises it."""
    body = answer.json()
    if names_error(body):
        raise error_of(answer.status, body, endpoint=endpoint)
    try:
        return model.model_validate(body)
    except ValidationError:
        pass
    # Raised outside the handler: pydantic's error knows the input.
    code = NOT_JSON if body is None else OTHER_SHAPE
    raise (Unanswered if endpoint.takes_effect else Unintelligible)(code, status=answer.status)


class _FileCheck:
    """Judges a file while its pieces come in, so that it need not be gone through, or held, again."""

    def __init__(self, endpoint: Endpoint, client_secret: str, mark: re.Pattern[bytes]) -> None:
        """`mark` must be near the beginning: it identifies the expected format."""
        self._endpoint = endpoint
        self._mac = hmac.new(client_secret.encode(), digestmod=hashlib.sha256)
        self._mark = mark
        self._head = bytearray()
        self._is_expected = False

    def feed(self, piece: bytes) -> None:
        """Take the next piece. Raises as soon as it is clear that this is something else."""
        self._mac.update(piece)
        if not self._is_expected:
            self._head += piece[: _HEAD - len(self._head)]
            self._is_expected = self._mark.search(self._head) is not None
            if not self._is_expected and len(self._head) == _HEAD:
                self._raise_what_it_is()

    def finish(self, header: str | None) -> None:
        """Judge the whole. `header` is the `hmac` header; without it the file counts as damaged."""
        if not self._is_expected:
            self._raise_what_it_is()
        if header is None:
            raise Damaged("(no hmac)")
        try:
            expected = b64decode(header.strip(), validate=True)
        except ValueError:
            expected = b""
        if not hmac.compare_digest(expected, self._mac.digest()):
            raise Damaged("(wrong hmac)")

    def _raise_what_it_is(self) -> NoReturn:
        """Raise the error that tells another format from a refusal or a proxy's page that came with status 200."""
        head = bytes(self._head)
        body = outbound.decode(head)
        if names_error(body):
            raise error_of(200, body, endpoint=self._endpoint)
        if not head or head.lstrip()[:1] in {b"{", b"<"}:
            raise Unintelligible(OTHER_SHAPE, status=200)
        raise NotAPdf("(not a PDF)")
