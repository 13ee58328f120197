"""DigiLocker's endpoints under `/public`: account, device code, token, and a citizen's documents; and its own pages."""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from flask import Blueprint, Response, abort, request

from standins.digilocker import accounts
from standins.digilocker.accounts import TOKEN_SECONDS, Session, scope_of
from standins.digilocker.authorization import CodeRefused
from standins.digilocker.authorize import AuthorizePages
from standins.digilocker.citizens import Citizen
from standins.digilocker.documents import PDF, XML, Flaw, IssuedDocument, UploadedFile, eaadhaar
from standins.digilocker.errors import ApiError
from standins.digilocker.otp import NoMobile, OtpFlooding, OtpRefused
from standins.digilocker.pull import PullApi
from standins.digilocker.sign_up import SignUpApi
from standins.digilocker.signed import is_recent, is_right
from standins.interference import cut, flaw, switched
from standins.world import World

_DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_AADHAAR_CARD = "ADHAR"
_REPOSITORY_FLAWS = {
    Flaw.UNRESPONSIVE,
    Flaw.MISCONFIGURED,
    Flaw.BAD_RESPONSE,
    Flaw.EXCEPTION,
    Flaw.INACTIVE,
    Flaw.UNPUBLISHED,
    Flaw.GONE,
    Flaw.NOT_SHARED,
}


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


class DigiLockerApi:
    """The views; `blueprint()` says which path leads to which."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._config = world.config
        self._sign_up = SignUpApi(world)
        self._pull = PullApi(world)
        self._pages = AuthorizePages(world)

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at DigiLocker's base."""
        routes = Blueprint("digilocker", __name__)
        for path, endpoint, view, method in (
            ("/public/account/1/verify", "verify", self.verify_first_edition, "POST"),
            ("/public/account/2/verify", "verify", self.verify, "POST"),
            ("/public/oauth2/1/code", "code", self.device_code, "POST"),
            ("/public/oauth2/1/token", "token", self.token, "POST"),
            ("/public/oauth2/1/revoke", "revoke", self.revoke, "POST"),
            ("/public/oauth2/1/user", "user", self.user, "GET"),
            ("/public/oauth2/1/files/issued", "issued", self.issued_first_edition, "GET"),
            ("/public/oauth2/2/files/issued", "issued", self.issued, "GET"),
            ("/public/oauth2/1/files/", "files", self.root, "GET"),
            ("/public/oauth2/1/files", "files", self.root, "GET"),
            ("/public/oauth2/1/files/<folder_id>", "files", self.folder, "GET"),
            ("/public/oauth2/1/file/", "file", self.uri_missing, "GET"),
            ("/public/oauth2/1/file/<path:uri>", "file", self.file, "GET"),
            ("/public/oauth2/1/xml/", "xml", self.uri_missing, "GET"),
            ("/public/oauth2/2/xml/eaadhaar", "eaadhaar", self.eaadhaar, "GET"),
            ("/public/oauth2/3/xml/eaadhaar", "eaadhaar", self.eaadhaar, "GET"),
            ("/public/oauth2/1/xml/<path:uri>", "xml", self.xml, "GET"),
            ("/public/signup/2/demoauth", "signup", self._sign_up.request, "POST"),
            ("/public/signup/1/demoauthverify", "signup_verify", self._sign_up.verify, "POST"),
            ("/public/oauth2/1/pull/issuers", "pull_issuers", self._pull.issuers, "POST"),
            ("/public/oauth2/1/pull/doctype", "pull_doctype", self._pull.doctypes, "POST"),
            ("/public/oauth2/1/pull/parameters", "pull_parameters", self._pull.parameters, "POST"),
            ("/public/oauth2/1/pull/pulldocument", "pull_document", self.pull_document, "POST"),
        ):
            routes.add_url_rule(path, f"{method} {path}", self._answering(endpoint, view), methods=[method])
        self._pages.add_to(routes, lambda view: self._answering("authorize", view))
        return routes

    def _answering(self, endpoint: str, view: Callable[..., Response]) -> Callable[..., Response]:
        """Turn refusals into documented answers, and let the switched faults of the endpoint hold."""

        def refuse(error: ApiError) -> Response:
            return _json(*error.answer(self._config.digilocker_version, endpoint))

        @wraps(view)
        def answer(**path: str) -> Response:
            try:
                return view(**path)
            except ApiError as error:
                return refuse(error)

        faulty = switched(
            self._world.faults, self._world.background, "digilocker", endpoint, lambda code: refuse(ApiError(str(code)))
        )
        return faulty(answer)

    # Account

    def verify(self) -> Response:
        citizen = self._verified()
        if citizen is None:
            return _json({"registered": False})
        registered: bool | str = "true" if citizen.registered_as_text else True
        return _json({"registered": registered, "digilockerid": citizen.digilocker_id})

    def verify_first_edition(self) -> Response:
        return _json({"registered": self._verified() is not None})

    def _verified(self) -> Citizen | None:
        """Check form, time and hash, and return whose account it is."""
        if self._config.digilocker_version == "2.4":
            abort(404)  # this edition has no such call, and its host no JSON for unknown paths
        form = request.form
        if form.get("clientid") != self._config.client_id:
            raise ApiError("invalid_client_id")
        uid, mobile = form.get("uid", ""), form.get("mobile", "")
        if not uid and not mobile:
            raise ApiError("invalid_parameter", "Either one of uid or mobile number is mandatory")
        ts = form.get("ts", "")
        if not is_recent(ts, self._config, self._world.clock):
            raise ApiError("invalid_parameter", "Timestamp parameter is missing or invalid")
        value = (uid or mobile) if self._config.verify_hmac_order == "with-value" else ""
        if not is_right(form.get("hmac", ""), self._config, value, ts):
            raise ApiError("invalid_parameter", "HMAC parameter is missing or invalid")
        with self._world.lock:
            if uid:
                return self._world.accounts.with_uid(uid)
            return next(iter(self._world.accounts.with_mobile(mobile)), None)

    # Sign-in with an OTP

    def device_code(self) -> Response:
        form = request.form
        if form.get("client_id") != self._config.client_id:
            raise ApiError("invalid_client_id")
        if form.get("response_type") != "device_code":
            raise ApiError("invalid_response_type")
        with self._world.lock:
            citizen = self._named(form.get("dl_username", ""), form.get("dl_mobile", ""))
            try:
                code = self._world.accounts.otps.send(citizen)
            except NoMobile:
                raise ApiError("otp_error") from None
            except OtpFlooding:
                raise ApiError("otp_flooding_error") from None
        return _json(
            {
                "device_code": code,
                "dl_masked_mobile": f"XXXXXX{(citizen.mobile or '')[-4:]}",
                "dl_masked_email": "xxxxxx@example.com",
                "expires_in": round(self._config.otp_digits_seconds),
            }
        )

    def _named(self, username: str, mobile: str) -> Citizen:
        if username:
            citizen = self._world.accounts.with_username(username)
            if citizen is None:
                raise ApiError("invalid_username")
            return citizen
        if not mobile:
            raise ApiError("invalid_username")
        match self._world.accounts.with_mobile(mobile):
            case []:
                raise ApiError("invalid_mobile")
            case [citizen]:
                return citizen
            case _:
                raise ApiError("multiple_mobile_accounts")

    def token(self) -> Response:
        match request.form.get("grant_type"):
            case "authorization_code":
                client = self._check_client(secret_needed=True)
                return self._token_answer(*self._redeemed_code(client), refreshable=True)
            case "refresh_token":
                # Here only HTTP Basic is documented; elsewhere the form does as well.
                client = self._check_client(secret_needed=True, in_form=False)
                return self._token_answer(*self._refreshed(client), refreshable=True)
            case grant:
                self._check_client(secret_needed=False)
                if grant != _DEVICE_CODE_GRANT:
                    raise ApiError("invalid_grant_type")
                return self._token_answer(*self._redeemed_otp(), refreshable=False)

    def _redeemed_otp(self) -> tuple[str, Session]:
        form = request.form
        with self._world.lock:
            try:
                citizen = self._world.accounts.otps.redeem(form.get("device_code", ""), form.get("dl_otp", ""))
            except OtpRefused as refused:
                code = self._config.expired_otp_error if refused.expired else "invalid_grant"
                raise ApiError(code, str(refused), status=400) from None
            return self._world.accounts.open_session(citizen)

    def _redeemed_code(self, client: str) -> tuple[str, Session]:
        """Exchange an authorization code. That a refusal is `invalid_grant` is ours: documents name no code."""
        form = request.form
        code = form.get("code", "")
        accounts = self._world.accounts
        with self._world.lock:
            stolen = self._world.codes.grant_of_used(code)
            if stolen is not None:
                accounts.end_grant(stolen)
            try:
                citizen, consent = self._world.codes.redeem(
                    code, client, form.get("redirect_uri", ""), form.get("code_verifier", "")
                )
            except CodeRefused as refused:
                raise ApiError("invalid_grant", str(refused)) from None
            return accounts.open_session(citizen, consent)

    def _refreshed(self, client: str) -> tuple[str, Session]:
        with self._world.lock:
            opened = self._world.accounts.refresh(request.form.get("refresh_token", ""), client)
        if opened is None:
            raise ApiError("invalid_grant", "The refresh token is invalid, was used, or has expired")
        return opened

    def _token_answer(self, token: str, session: Session, *, refreshable: bool) -> Response:
        citizen, consent = session.citizen, session.consent
        answer = {
            "access_token": token,
            "expires_in": TOKEN_SECONDS,
            "token_type": "Bearer",
            "scope": session.scope,
            **self._person(session),
            "new_account": "Y" if consent.new_account else "N",
        }
        if refreshable:
            with self._world.lock:
                answer["refresh_token"] = self._world.accounts.open_refreshable(session)
        if self._config.digilocker_version == "2.4":
            valid_till = round(consent.valid_till)
            # Both spellings occur in real answers.
            answer["consent_valid_till"] = str(valid_till) if citizen.date_shape == "iso" else valid_till
            answer["mobile"] = (citizen.mobile or "")[-10:]
            if refreshable:
                answer["purpose"] = consent.purpose
        return _json(answer)

    def _check_client(self, *, secret_needed: bool, in_form: bool = True) -> str:
        """Take client id and secret from HTTP Basic or from the form, and return the id."""
        basic = request.authorization
        client: str | None = None
        secret: str | None = None
        if basic is not None and basic.type == "basic":
            client, secret = basic.username, basic.password
        elif in_form:
            client, secret = request.form.get("client_id"), request.form.get("client_secret")
        clients = {self._config.client_id: self._config.client_secret, **dict(self._config.other_clients)}
        if client not in clients or (secret != clients[client] and (secret or secret_needed)):
            raise ApiError("invalid_client")
        return client

    def revoke(self) -> Response:
        self._check_client(secret_needed=True)
        with self._world.lock:
            if not self._world.accounts.revoke(request.form.get("token", ""), request.form.get("token_type_hint", "")):
                raise ApiError("invalid_token", "The token is invalid", status=400)
        return Response(status=200)

    # A citizen's documents

    def _session(self, *needed: str) -> Session:
        """Return what the bearer's token stands for; its scope must hold what is needed."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        with self._world.lock:
            session = self._world.accounts.session(token) if scheme.lower() == "bearer" else None
        if session is None:
            raise ApiError("invalid_token")
        _check_scope(session, *needed)
        return session

    def _person(self, session: Session) -> dict[str, Any]:
        citizen = session.citizen
        return {
            "digilockerid": citizen.digilocker_id,
            "name": citizen.name,
            "dob": citizen.born,
            "gender": citizen.gender,
            "eaadhaar": "Y",
            "reference_key": session.reference_key,
        }

    def pull_document(self) -> Response:
        return self._pull.document(self._session())

    def user(self) -> Response:
        session = self._session("userdetails")
        person = self._person(session)
        if self._config.digilocker_version == "2.4":
            person |= {"mobile": (session.citizen.mobile or "")[-10:], "email": "", "picture": ""}
        return _json(person)

    def issued(self) -> Response:
        return self._listed(first_edition=False)

    def issued_first_edition(self) -> Response:
        return self._listed(first_edition=True)

    def _listed(self, *, first_edition: bool) -> Response:
        # What was not ticked is still listed; only fetching it is refused (inferred).
        citizen = self._session("files.issueddocs").citizen
        items = []
        for document in citizen.issued:
            item = {
                "name": document.name,
                "type": "file",
                "size": "",
                "date": document.issued_on.strftime(
                    "%d/%m/%Y" if citizen.date_shape == "indian" else "%Y-%m-%dT15:50:38Z"
                ),
                "parent": "",
                "mime": _mime(document, "scalar" if first_edition else citizen.mime_shape),
                "uri": document.uri,
                "doctype": document.doctype,
                "description": document.name,
                "issuerid": document.issuer_id,
                "issuer": document.issuer,
            }
            items.append(item)
        return _json({"items": items, "resource": "D"})

    def root(self) -> Response:
        return _json(
            {
                "directory": "/",
                "items": [_uploaded_item(one, "/") for one in self._session("files.uploadeddocs").citizen.uploaded],
            }
        )

    def folder(self, folder_id: str) -> Response:
        files = accounts.folder(self._session("files.uploadeddocs").citizen, folder_id)
        if files is None:
            raise ApiError("invalid_id")
        return _json({"directory": folder_id, "items": [_uploaded_item(one, folder_id) for one in files]})

    def uri_missing(self) -> Response:
        raise ApiError("uri_missing")

    def file(self, uri: str) -> Response:
        session = self._session()
        with self._world.lock:
            session.files_fetched += 1
        own = accounts.uploaded(session.citizen, uri)
        if own is not None:
            _check_scope(session, "files.uploadeddocs")
            return self._bytes(own.content(), own.media_type)
        document = accounts.issued(session.citizen, uri)
        if document is None or PDF not in document.media_types:
            raise ApiError("invalid_uri")
        _check_scope(session, scope_of(document))
        document = replace(document, flaw=Flaw(flaw() or document.flaw))
        if document.flaw in _REPOSITORY_FLAWS:
            raise ApiError(document.flaw)
        return self._flawed(document)

    def _flawed(self, document: IssuedDocument) -> Response:
        match document.flaw:
            case Flaw.SLOW:
                self._world.background.sleep(self._config.slow_seconds)
            case Flaw.STUCK:
                self._world.background.sleep(self._config.stuck_seconds)
            case Flaw.JSON_ERROR:
                return _json({"error": "unexpected_error", "error_description": "Internal server error"})
            case Flaw.HTML_ERROR:
                return Response("<html><body><h1>Service unavailable</h1></body></html>", 200, content_type="text/html")
            case _:
                pass
        answer = self._bytes(document.content(), PDF)
        match document.flaw:
            case Flaw.BAD_HMAC:
                answer.headers["hmac"] = self._hmac(b"other bytes")
            case Flaw.NO_HMAC:
                del answer.headers["hmac"]
            case Flaw.TRUNCATED:
                cut(answer, len(answer.get_data()) // 2)
            case _:
                pass
        return answer

    def xml(self, uri: str) -> Response:
        session = self._session()
        document = accounts.issued(session.citizen, uri)
        if document is None or XML not in document.media_types:
            raise ApiError("invalid_uri")
        _check_scope(session, scope_of(document))
        if document.flaw in _REPOSITORY_FLAWS:
            raise ApiError(document.flaw)
        return self._bytes(document.xml(), XML)

    def eaadhaar(self) -> Response:
        session = self._session()
        card = next((one for one in session.citizen.issued if one.doctype == _AADHAAR_CARD), None)
        if card is None:
            raise ApiError("aadhaar_not_linked")
        # Which scope it needs is not documented: that of the card, if she could tick it.
        _check_scope(session, "files.issueddocs" if card.flaw is Flaw.NOT_SHARED else scope_of(card))
        citizen = session.citizen
        return self._bytes(eaadhaar(citizen.name, citizen.aadhaar, citizen.born, citizen.gender), XML)

    def _bytes(self, content: bytes, media_type: str) -> Response:
        answer = Response(content, content_type=media_type)
        answer.headers["hmac"] = self._hmac(content)
        return answer

    def _hmac(self, content: bytes) -> str:
        return base64.b64encode(hmac.digest(self._config.client_secret.encode(), content, "sha256")).decode()


def _check_scope(session: Session, *needed: str) -> None:
    if not set(needed) <= set(session.consent.scopes):
        raise ApiError("insufficient_scope")


def _mime(document: IssuedDocument, shape: str) -> object:
    """Spell the media types as an array, as one string, or as a list of objects: all three occur."""
    if shape == "array":
        return list(document.media_types)
    if shape == "objects":
        return [{"mime": media_type} for media_type in document.media_types]
    return PDF if PDF in document.media_types else document.media_types[-1]


def _uploaded_item(one: UploadedFile, parent: str) -> dict[str, Any]:
    is_folder = one.children is not None
    return {
        "name": one.name,
        "type": "dir" if is_folder else "file",
        "id": one.id,
        "size": "" if is_folder else str(len(one.content())),
        "date": one.uploaded_on.strftime("%Y-%m-%dT10:00:00Z"),
        "parent": parent,
        "mime": one.media_type,
        "uri": one.uri,
        "description": "",
        "issuer": "",
    }
