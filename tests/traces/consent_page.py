"""Signing in on DigiLocker's own page while everything goes wrong, and all that is told on the way."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests

from standins.visitor import PIN, Visitor
from tests.handlers import Context
from tests.integration.desk import Desk
from tests.traces.conversation import (
    ANOTHER_NUMBER,
    PLANTED_ACCESS_TOKEN,
    PLANTED_REFRESH_TOKEN,
    WRONG_OTP,
    Story,
    invalid,
    refused,
)
from tests.traces.recording import Cloud, Wire, answering, in_html, in_json, raising
from tests.traces.searching import Class, Planted, Shape

WRONG_CODE = "DL-7K3F-9QXM"
"""The one-time code of a page that somebody else has opened."""
STOLEN = "5d1e7a9b3c0f4e2d8b6a49c7f1e3052846ab0c9d"
"""A code of DigiLocker's that belongs to nobody here."""
_TOKEN = "/oauth2/1/token"


class OnThePage(Story):
    """She asks for her licence, by way of DigiLocker's own page."""

    settings: Mapping[str, str] = {
        "SIGN_IN": "consent-page",
        "DIGILOCKER_VERSION": "2.4",
        "REQUESTED_DOCTYPES": "",
        "MOBILE_MISMATCH": "ask",
    }
    simulated: Mapping[str, Any] = {"digilocker_version": "2.4"}
    least_failed = 15
    told = frozenset({"state", "code", "verifier", "access token", "refresh token", "one-time code", "cookie"})

    def __init__(self, desk: Desk, cloud: Cloud, wire: Wire) -> None:
        super().__init__(desk, cloud, wire)
        self._told: list[Planted] = []

    def run(self) -> None:
        """Go through it all."""
        self._a_link_that_can_not_be_made_and_a_page_that_can_not_be_shown()
        self._a_refusal_that_can_not_be_queued()
        self._a_return_that_can_not_be_stored()
        self._a_code_that_digilocker_does_not_take()
        self._tokens_that_are_none()
        self._an_old_token_that_can_not_be_exchanged()
        self._odd_calls()
        self._a_message_that_is_never_done()
        self._a_canary_everywhere()

    def planted(self) -> list[Planted]:
        """Everything that must not be found, by what it is."""
        sent = {
            "code": self._wire.sent["code"],
            "verifier": self._wire.sent["code_verifier"],
            "refresh token": self._wire.sent["refresh_token"],
            "access token": self._wire.sent["token"],
        }
        values = [Planted(name, one, Class.SECRET, Shape.RANDOM) for name, those in sent.items() for one in those]
        return [
            *super().planted(),
            *values,
            *self._told,
            Planted("code", STOLEN, Class.SECRET, Shape.RANDOM),
            Planted("one-time code", WRONG_CODE, Class.SECRET, Shape.NUMBER),
            Planted("PIN", PIN, Class.SECRET, Shape.NUMBER),
        ]

    # What happens

    def _a_link_that_can_not_be_made_and_a_page_that_can_not_be_shown(self) -> None:
        self._say("Hi", "Welcome")
        self._fail("kms", "Encrypt", invalid)
        link = self._link("DigiLocker Services")
        visitor = Visitor()
        for failure in (refused, RuntimeError):
            self._fail("dynamodb", "Query", failure)
            visitor.open(link)
            assert visitor.status >= 500
        visitor.open(link)
        self._told_by(visitor)
        for service, operation, reason in (
            ("dynamodb", "UpdateItem", refused),
            ("dynamodb", "UpdateItem", OSError),
            ("sqs", "SendMessageBatch", invalid),
        ):
            self._fail(service, operation, reason)
            visitor.press("agree")
            assert visitor.status >= 500
            visitor.open(link)
        self._look()

    def _a_refusal_that_can_not_be_queued(self) -> None:
        visitor = self._signed_in_there(self._link("New link"))
        self._fail("sqs", "SendMessageBatch", invalid)
        visitor.press("deny")
        self._fail("sqs", "SendMessageBatch", RuntimeError)
        visitor.open(visitor.at)
        assert visitor.status >= 500
        visitor.open(visitor.at)
        self._phone.expect("You did not share anything")

    def _a_return_that_can_not_be_stored(self) -> None:
        visitor = self._agreed(self._link("New link"), stuck=True)
        for service, operation, failure in (
            ("kms", "Encrypt", RuntimeError),
            ("dynamodb", "UpdateItem", refused),
            ("dynamodb", "UpdateItem", OSError),
        ):
            assert visitor.status >= 500
            self._fail(service, operation, failure)
            visitor.open(visitor.at)
        visitor.open(visitor.at)
        proof = self._proof_on(visitor)
        self._look()
        self._say(WRONG_CODE, "That is not the code")
        self._wire.plan(_TOKEN, answering(400, in_json(error="invalid_grant")))
        self._say(proof, "New link")

    def _a_code_that_digilocker_does_not_take(self) -> None:
        for outcome in (
            answering(500, in_html),
            answering(200, in_json(access_token=7)),
            raising(requests.ReadTimeout),
            raising(RuntimeError),  # nobody foresees it: the job comes back, and is not done again
        ):
            visitor = self._agreed(self._link("New link"))
            self._wire.plan(_TOKEN, outcome)
            self._say(self._proof_on(visitor), "New link")

    def _tokens_that_are_none(self) -> None:
        answer = {
            "access_token": PLANTED_ACCESS_TOKEN,
            "refresh_token": PLANTED_REFRESH_TOKEN,
            "expires_in": 3600,
            "token_type": "Bearer",
            "scope": "files.issueddocs",
            "dob": self._citizen.born,
            "name": self._citizen.name,
            "mobile": self._citizen.phone[-10:],
            "eaadhaar": "Y",
        }
        visitor = self._agreed(self._link("New link"))
        self._wire.plan(_TOKEN, answering(200, lambda _text: json.dumps(answer)))
        self._wire.plan("/files/issued", answering(401, in_json(error="invalid_token")))
        self._say(self._proof_on(visitor), "DigiLocker Services")

    def _an_old_token_that_can_not_be_exchanged(self) -> None:
        for outcome in (raising(RuntimeError), answering(400, in_json(error="invalid_grant")), None):
            self._say("Hi", "Welcome")
            visitor = self._agreed(self._link("DigiLocker Services"))
            self._say(self._proof_on(visitor), "documents")
            for _ in range(6):
                self._desk.pass_time(600)
                self._desk.until_timers_fired()
                self._say("help", "Talk to a person")
            if outcome:
                self._wire.plan(_TOKEN, outcome)
                self._say("2", "DigiLocker Services")
            else:
                self._desk.simulator.world.faults.set({"whatsapp": {"status_order": "none"}})  # so the PDF stays
                self._say("2", "Driving licence.pdf")
            self._look()

    def _odd_calls(self) -> None:
        """Calls of the two pages that no browser makes by itself, with a secret wherever there is room."""
        there = Visitor(ANOTHER_NUMBER)
        there.cookies = {"__Host-link": STOLEN, ANOTHER_NUMBER: STOLEN}
        state = f"{'0' * 32}.{STOLEN[:22]}"
        for query in (
            f"state={state}&code={STOLEN}",
            f"state={STOLEN}&error=access_denied&error_description={ANOTHER_NUMBER}",
            f"code={STOLEN}&code={ANOTHER_NUMBER}&state={state}",
            f"state={state}&error={ANOTHER_NUMBER}",
            f"{STOLEN}={ANOTHER_NUMBER}&code=%0d%0aSet-Cookie:{STOLEN}",
        ):
            there.open(f"{self._desk.consent_url}?{query}")
            there.open(f"{self._desk.consent_url}/start?{query}&s={state}")
            there.open(f"{self._desk.consent_url}/start?s={state}", "POST", {"action": [STOLEN], ANOTHER_NUMBER: ["x"]})
        for event in ({}, {"httpMethod": "GET", "resource": STOLEN, "multiValueQueryStringParameters": ANOTHER_NUMBER}):
            self._desk.consent.lambda_handler(event, Context())
        self._say(f"{WRONG_OTP} {WRONG_CODE}", "")
        self._look()

    # How it is done

    def _link(self, text: str) -> str:
        self._phone.say(text)
        link = self._phone.expect("sign in on DigiLocker's own page", within=30).link
        nonce = link.partition("?s=")[2].partition(".")[2]
        self._told += [
            Planted("link to our page", link, Class.SECRET),
            Planted("state", nonce, Class.SECRET, Shape.RANDOM),
        ]
        return link

    def _agreed(self, link: str, *, stuck: bool = False) -> Visitor:
        """Agree on DigiLocker's page. `stuck`: the way back fails."""
        visitor = self._signed_in_there(link)
        if stuck:
            self._fail("dynamodb", "Query", KeyError)
        visitor.press("allow")
        (code,) = parse_qs(urlsplit(visitor.at).query)["code"]
        self._told.append(Planted("code", code, Class.SECRET, Shape.RANDOM))
        return visitor

    def _signed_in_there(self, link: str) -> Visitor:
        """Sign in on DigiLocker's page with a link."""
        self._desk.pass_time(110)  # no more than six OTPs in ten minutes
        visitor = Visitor()
        visitor.open(link)
        self._told_by(visitor)
        visitor.press("agree")
        self._told.append(Planted("authorize URL", visitor.led_to, Class.SECRET))
        visitor.press("continue")
        visitor.press("continue", otp=self._phone.otp())
        visitor.press("continue", pin=PIN)
        return visitor

    def _told_by(self, visitor: Visitor) -> None:
        self._told += [
            *(Planted("cookie", value, Class.SECRET, Shape.RANDOM) for value in visitor.cookies.values()),
        ]

    def _proof_on(self, visitor: Visitor) -> str:
        (back,) = visitor.page.links
        proof = unquote(back.partition("?text=")[2])
        self._told.append(Planted("one-time code", proof, Class.SECRET, Shape.NUMBER))
        return proof
