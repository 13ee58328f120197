"""Signing up with Aadhaar details and an OTP to the mobile: `signup/2/demoauth` and `signup/1/demoauthverify` (1.x).

Documented: the fields, the hash over secret, client id and `ts`, the codes, and that a token is given too when the
Aadhaar number has an account already (since 1.7). Ours, since no document says:

- with `verification=Y` the first answer tells the mobile only, and the token comes with the OTP;
- `mobile_exists` is about an account of another Aadhaar number, and an Aadhaar number that has an account must come
  with that account's own mobile (`auth_failure` otherwise): nobody else's mobile opens it;
- what answers a wrong, used or expired OTP, and too many of them: as at the token endpoint;
- that 2.4, whose contents no longer list these calls, has them still.
"""

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Response, request

from standins.digilocker import aadhaar
from standins.digilocker.accounts import TOKEN_SECONDS
from standins.digilocker.citizens import Citizen
from standins.digilocker.errors import ApiError
from standins.digilocker.otp import OtpFlooding, OtpRefused
from standins.digilocker.signed import is_recent, is_right
from standins.world import World

_MOBILE = re.compile(r"(?:\+?91)?([6-9][0-9]{9})")
_UID = re.compile(r"[2-9][0-9]{11}")
_LONGEST_NAME = 100


@dataclass(frozen=True)
class _Waiting:
    """A sign-up whose OTP was sent."""

    device_code: str
    citizen: Citizen


class SignUpApi:
    """The two views."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._config = world.config
        self._waiting: dict[str, _Waiting] = {}

    def request(self) -> Response:
        """Compare the details with Aadhaar's and send the OTP, or make the account at once."""
        form = request.form
        if form.get("clientid") != self._config.client_id:
            raise ApiError("invalid_client_id")
        mobile = self._checked_mobile()
        with self._world.lock:
            citizen = self._applicant(mobile)
            if form["verification"] == "N":
                return self._signed_up(citizen)
            try:
                code = self._world.accounts.otps.send(citizen)
            except OtpFlooding:
                raise ApiError("otp_flooding_error") from None
            self._waiting[mobile] = _Waiting(code, citizen)
        return _json({"mobile": _masked(mobile)})

    def _checked_mobile(self) -> str:
        """Return the mobile with its country code, once every parameter has its form."""
        form = request.form
        mobile = _MOBILE.fullmatch(form.get("mobile", ""))
        uid, name = form.get("uid", ""), form.get("name", "").strip()
        for parameter, right in (
            ("uid", bool(_UID.fullmatch(uid)) and aadhaar.is_valid(uid)),
            ("Name", 0 < len(name) <= _LONGEST_NAME),
            ("Dob", _is_date(form.get("dob", ""))),
            ("Gender", form.get("gender") in {"M", "F", "T"}),
            ("Mobile", mobile is not None),
            ("Verification", form.get("verification") in {"Y", "N"}),
            ("Consent", form.get("consent") == "Y"),
            ("Timestamp", is_recent(form.get("ts", ""), self._config, self._world.clock)),
            ("HMAC", is_right(form.get("hmac", ""), self._config, form.get("ts", ""))),
        ):
            if not right:
                raise ApiError("invalid_parameter", f"{parameter} parameter is missing or invalid")
        return f"91{mobile[1]}" if mobile else ""

    def _applicant(self, mobile: str) -> Citizen:
        """Return who signs up, with her new mobile. Raises ApiError."""
        form = request.form
        accounts = self._world.accounts
        uid = form["uid"]
        if any(one.aadhaar != uid for one in accounts.with_mobile(mobile)):
            raise ApiError("mobile_exists")
        known = next((one for one in accounts.citizens if one.aadhaar == uid), None)
        account = accounts.with_uid(uid)
        fits = known is not None and _fits(known, form) and (account is None or account.mobile == mobile)
        if known is not None and fits:
            return replace(known, mobile=mobile)
        if form.get("demoauth") == "N" and account is None:
            return _basic(form["name"].strip().upper(), mobile)
        raise ApiError("auth_failure")

    def verify(self) -> Response:
        """Take the OTP, make the account and give its token."""
        form = request.form
        if form.get("clientid") != self._config.client_id:
            raise ApiError("invalid_client_id")
        if not all(form.get(name) for name in ("mobile", "otp", "ts", "hmac")):
            raise ApiError("parameter_missing")
        if not is_recent(form["ts"], self._config, self._world.clock):
            raise ApiError("invalid_ts")
        if not is_right(form["hmac"], self._config, form["ts"]):
            raise ApiError("hmac_mismatch")
        mobile = _MOBILE.fullmatch(form["mobile"])
        with self._world.lock:
            waiting = self._waiting.get(f"91{mobile[1]}" if mobile else "")
            try:
                self._world.accounts.otps.redeem(waiting.device_code if waiting else "", form["otp"])
            except OtpRefused as refused:
                code = self._config.expired_otp_error if refused.expired else "invalid_grant"
                raise ApiError(code, str(refused), status=400) from None
            if waiting is None:
                raise ApiError("invalid_grant")
            del self._waiting[waiting.citizen.mobile or ""]
            return self._signed_up(waiting.citizen)

    def _signed_up(self, citizen: Citizen) -> Response:
        accounts = self._world.accounts
        if not accounts.has_account(citizen):
            accounts.sign_up(citizen)
        accounts.know(citizen)
        token, session = accounts.open_session(citizen)
        return _json(
            {
                "access_token": token,
                "expires_in": TOKEN_SECONDS,
                "token_type": "Bearer",
                "scope": session.scope,
                "refresh_token": accounts.open_refreshable(session),
                "mobile": _masked(citizen.mobile or ""),
            }
        )


def _basic(name: str, mobile: str) -> Citizen:
    """Return somebody of whom DigiLocker knows the mobile only: an account without Aadhaar."""
    return Citizen(
        name,
        "Signed up without Aadhaar",
        f"none-{mobile}",
        mobile,
        mobile,
        "",
        "T",
        aadhaar_linked=False,
        registered=False,
    )


def _fits(citizen: Citizen, form: "dict[str, str]") -> bool:
    """Return whether name, date of birth and gender are Aadhaar's; case and spaces of the name do not count."""
    name = " ".join(form["name"].split()).casefold()
    return (name, form["dob"], form["gender"]) == (
        (citizen.aadhaar_name or citizen.name).casefold(),
        citizen.born,
        citizen.gender,
    )


def _is_date(text: str) -> bool:
    """Return whether it is a day as DDMMYYYY."""
    if not (len(text) == 8 and text.isascii() and text.isdigit()):
        return False
    try:
        datetime.strptime(text, "%d%m%Y")  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        return False
    return True


def _masked(mobile: str) -> str:
    return f"******{mobile[-4:]}"


def _json(body: object) -> Response:
    return Response(json.dumps(body), content_type="application/json")
