"""DigiLocker's own pages for signing in: account, OTP, PIN, consent. They work without JavaScript.

What the pages ask, and in which order, is told by several sources; how they look, and their addresses, is ours.
"""

import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, request, url_for
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from standins.digilocker.accounts import EVERYBODYS_PIN, Consent, scope_of
from standins.digilocker.authorization import AuthorizationRequest, NotOurs, RequestRefused, read, returning
from standins.digilocker.citizens import Citizen
from standins.digilocker.documents import Flaw, IssuedDocument
from standins.digilocker.otp import NoMobile, OtpFlooding, OtpRefused
from standins.world import World

_PAGES = Path(__file__).parent / "pages"
_PIN = re.compile(r"[0-9]{6}")
_PIN_TRIES = 3


class Step(StrEnum):
    """What is asked next; the page of that name asks it."""

    ACCOUNT = "account"
    OTP = "otp"
    PIN = "pin"
    NEW_PIN = "new_pin"
    CONSENT = "consent"


@dataclass(eq=False)
class SignIn:
    """A citizen on her way through the pages."""

    request: AuthorizationRequest
    started_at: float
    signing_up: bool
    step: Step = Step.ACCOUNT
    problem: str = ""
    citizen: Citizen | None = None
    device_code: str = ""
    pin_tries: int = field(default=_PIN_TRIES)
    new_account: bool = False


class AuthorizePages:
    """The views; each takes and gives up the world's lock on its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._config = world.config
        self._sign_ins: dict[str, SignIn] = {}
        self._pages = Environment(
            loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )

    def add_to(
        self, routes: Blueprint, answering: Callable[[Callable[..., Response]], Callable[..., Response]]
    ) -> None:
        """Add the pages' routes; `answering` puts the switched faults before a view."""
        for path, view, method in (
            ("/public/oauth2/1/authorize", self.authorize, "GET"),
            ("/signinv2/<sign_in_id>", self.show, "GET"),
            ("/signinv2/<sign_in_id>", self.take, "POST"),
        ):
            routes.add_url_rule(path, f"{method} {path}", answering(view), methods=[method])
        routes.add_url_rule("/signinv2.css", "signin_css", self.css)

    def authorize(self) -> Response:
        """Begin a sign-in, or say what is wrong with the request: to the client where that is safe, else on a page."""
        query = dict(request.args.lists())
        with self._world.lock:
            try:
                back = returning(query, self._config.client_id, self._world.redirect_uris)
            except NotOurs as error:
                return self._stopped(str(error), HTTPStatus.BAD_REQUEST)
            now = self._world.clock.now()
            try:
                asked = read(query, back, self._config, now)
            except RequestRefused as refused:
                return _sent_to(back.with_error(refused.error, refused.description))
            sign_in_id = secrets.token_urlsafe(24)
            self._sign_ins[sign_in_id] = SignIn(asked, now, signing_up=asked.signing_up)
        return self._onwards(sign_in_id)

    def show(self, sign_in_id: str) -> Response:
        """Show what is asked next."""
        with self._world.lock:
            sign_in = self._found(sign_in_id)
            if sign_in is None:
                return self._stopped("This sign-in has expired or is over. Please start again.", HTTPStatus.GONE)
            return self._page(sign_in)

    def take(self, sign_in_id: str) -> Response:
        """Take the answer to what was asked, and go on."""
        with self._world.lock:
            sign_in = self._found(sign_in_id)
            if sign_in is None:
                return self._stopped("This sign-in has expired or is over. Please start again.", HTTPStatus.GONE)
            sign_in.problem = ""
            match request.form.get("action", ""):
                case "deny":
                    return self._ended(sign_in_id, sign_in.request.back.with_error("access_denied", "The user refused"))
                case "restart":
                    self._restart(sign_in)
                case "sign up":
                    self._restart(sign_in)
                    sign_in.signing_up = True
                case _ if sign_in.step is Step.CONSENT:
                    return self._ended(sign_in_id, self._consented(sign_in))
                case action:
                    self._answer(sign_in, action)
        return self._onwards(sign_in_id)

    def css(self) -> Response:
        """Serve the pages' style sheet."""
        return _kept_safe(Response((_PAGES / "signin.css").read_bytes(), content_type="text/css; charset=utf-8"))

    # One step after the other

    def _found(self, sign_in_id: str) -> SignIn | None:
        sign_in = self._sign_ins.get(sign_in_id)
        if sign_in is None or self._world.clock.now() - sign_in.started_at >= self._config.sign_in_seconds:
            return None
        return sign_in

    def _restart(self, sign_in: SignIn) -> None:
        sign_in.step, sign_in.citizen, sign_in.device_code = Step.ACCOUNT, None, ""
        sign_in.signing_up = sign_in.request.signing_up

    def _answer(self, sign_in: SignIn, action: str) -> None:
        form = request.form
        match sign_in.step:
            case Step.ACCOUNT:
                self._account(sign_in, form.get("account", "").strip())
            case Step.OTP if action == "resend":
                self._send_otp(sign_in)
            case Step.OTP:
                self._otp(sign_in, form.get("otp", "").strip())
            case Step.PIN:
                self._pin(sign_in, form.get("pin", ""))
            case Step.NEW_PIN:
                self._new_pin(sign_in, form.get("pin", ""), form.get("again", ""))

    def _account(self, sign_in: SignIn, name: str) -> None:
        accounts = self._world.accounts
        if sign_in.signing_up:
            found = [one for one in accounts.citizens if one.aadhaar == name]
            nobody = "This is not an Aadhaar number."
        elif re.fullmatch(r"[0-9]{10}", name):
            found = accounts.with_mobile(name)
            nobody = "No DigiLocker account has this mobile number."
        else:
            named = None if sign_in.request.mobile_only else accounts.with_username(name)
            found = [named] if named else []
            nobody = "No DigiLocker account has this number or user name."
        match found:
            case []:
                sign_in.problem = nobody
            case [citizen]:
                sign_in.citizen = citizen
                self._send_otp(sign_in)
            case _:
                sign_in.problem = (
                    "This mobile number belongs to more than one account. Please use your Aadhaar number or user name."
                )

    def _send_otp(self, sign_in: SignIn) -> None:
        try:
            sign_in.device_code = self._world.accounts.otps.send(_known(sign_in))
            sign_in.step = Step.OTP
        except NoMobile:
            sign_in.problem = "No mobile number is linked, so that no OTP can be sent."
        except OtpFlooding:
            sign_in.problem = "Too many OTPs were asked for. Please try again after some time."

    def _otp(self, sign_in: SignIn, otp: str) -> None:
        accounts = self._world.accounts
        try:
            citizen = accounts.otps.redeem(sign_in.device_code, otp)
        except OtpRefused as refused:
            sign_in.problem = f"{refused}."
            return
        if not accounts.has_account(citizen):
            sign_in.new_account = True
        if sign_in.request.pinless:
            self._admit(sign_in, citizen)
        else:
            sign_in.step = Step.NEW_PIN if sign_in.new_account else Step.PIN

    def _pin(self, sign_in: SignIn, pin: str) -> None:
        if self._world.accounts.is_pin(_known(sign_in), pin):
            self._admit(sign_in, _known(sign_in))
            return
        sign_in.pin_tries -= 1
        sign_in.problem = "The PIN is wrong."
        if sign_in.pin_tries <= 0:
            self._restart(sign_in)
            sign_in.pin_tries = _PIN_TRIES
            sign_in.problem = "The PIN was wrong three times. Please sign in again."

    def _new_pin(self, sign_in: SignIn, pin: str, again: str) -> None:
        if not _PIN.fullmatch(pin) or pin != again:
            sign_in.problem = "Please type the same six digits twice."
            return
        self._admit(sign_in, _known(sign_in), pin)

    def _admit(self, sign_in: SignIn, citizen: Citizen, pin: str = EVERYBODYS_PIN) -> None:
        if sign_in.new_account:
            self._world.accounts.sign_up(citizen, pin)
        sign_in.step = Step.CONSENT

    def _consented(self, sign_in: SignIn) -> str:
        """Return the address with the code for what was ticked. What was not on the page cannot be ticked."""
        asked, citizen = sign_in.request, _known(sign_in)
        ticked = set(request.form.getlist("document"))
        scopes = [scope for scope in asked.scopes if scope != "files.uploadeddocs" or "uploaded" in request.form]
        scopes += [scope_of(document) for document in _offered(sign_in) if document.uri in ticked]
        scopes += [f"file.partners/{doctype}" for doctype in _missing(sign_in) if doctype in ticked]
        consent = Consent(tuple(scopes), asked.valid_till, asked.client_id, asked.purpose, sign_in.new_account)
        return asked.back.with_code(self._world.codes.issue(asked, citizen, consent))

    # What is answered

    def _onwards(self, sign_in_id: str) -> Response:
        return _sent_to(url_for(f"{request.blueprint}.GET /signinv2/<sign_in_id>", sign_in_id=sign_in_id))

    def _ended(self, sign_in_id: str, address: str) -> Response:
        del self._sign_ins[sign_in_id]
        return _sent_to(address)

    def _page(self, sign_in: SignIn) -> Response:
        asked = sign_in.request
        html = self._pages.get_template(f"{sign_in.step}.html").render(
            css=url_for(f"{request.blueprint}.signin_css"),
            asked=asked,
            sign_in=sign_in,
            requester=asked.service_name or asked.client_id,
            citizen=sign_in.citizen,
            offered=_offered(sign_in) if sign_in.step is Step.CONSENT else (),
            missing=_missing(sign_in) if sign_in.step is Step.CONSENT else (),
            everybodys_pin=EVERYBODYS_PIN,
        )
        target = urlsplit(asked.back.redirect_uri)
        # Browsers apply form-action to where an answered form redirects to as well.
        return _kept_safe(Response(html, content_type="text/html; charset=utf-8"), f"{target.scheme}://{target.netloc}")

    def _stopped(self, why: str, status: HTTPStatus) -> Response:
        html = self._pages.get_template("stopped.html").render(css=url_for(f"{request.blueprint}.signin_css"), why=why)
        return _kept_safe(Response(html, status, content_type="text/html; charset=utf-8"))


def _known(sign_in: SignIn) -> Citizen:
    assert sign_in.citizen is not None, "asked only after an account was found"  # noqa: S101 - a bug, not an input
    return sign_in.citizen


def _offered(sign_in: SignIn) -> tuple[IssuedDocument, ...]:
    """Return what she may share: what was asked for and may be shared at all."""
    asked = sign_in.request
    if "files.issueddocs" not in asked.scopes:
        return ()
    doctypes = _limits(asked)
    return tuple(
        document
        for document in _known(sign_in).issued
        if document.flaw is not Flaw.NOT_SHARED and (not doctypes or document.doctype in doctypes)
    )


def _missing(sign_in: SignIn) -> tuple[str, ...]:
    """Return the doctypes that were asked for and are not in the locker: they can be consented to and pulled."""
    if "files.issueddocs" not in sign_in.request.scopes:
        return ()
    here = {document.doctype for document in _known(sign_in).issued}
    return tuple(doctype for doctype in _limits(sign_in.request) if doctype not in here)


def _limits(asked: AuthorizationRequest) -> tuple[str, ...]:
    """Return the doctypes that the request is limited to, by `req_doctype` or by scope; none: no limit."""
    by_scope: Iterable[str] = (scope.removeprefix("partners.") for scope in asked.scopes if scope[:9] == "partners.")
    return asked.doctypes or tuple(by_scope)


def _sent_to(address: str) -> Response:
    headers = {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status=HTTPStatus.SEE_OTHER, headers=headers)


def _kept_safe(response: Response, *form_targets: str) -> Response:
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; form-action {' '.join(("'self'", *form_targets))}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
