"""The form on the chat page: how it is drawn, filled in, and closed. An endpoint of these tests answers."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from operations.stage.forms import SIGN_IN
from standins.config import SimulatorConfig
from standins.server import Simulator
from tests.browser.chromium import Chromium, axe_script
from tests.browser.hand import Hand, phones
from tests.form_endpoint import Endpoint, answering, pem

CONFIG = SimulatorConfig(
    app_secret="app-secret",
    verify_token="verify-token",
    phone_number_id="100000000000001",
    access_token="access-token",
    client_id="TESTCLIENT",
    client_secret="test-secret",
    status_delay=0.001,
)
FORM = json.loads(SIGN_IN.read_text(encoding="utf-8"))
DATA = {
    screen["id"]: {name: schema["__example__"] for name, schema in screen["data"].items()} for screen in FORM["screens"]
}
URDU = {
    "title": "ڈیجی لاکر میں سائن اِن",
    "consent": "محکمہ آپ کی رضامندی چاہتا ہے۔",
    "agree": "میں متفق ہوں",
    "next": "آگے",
    "no_account": "اکاؤنٹ نہیں ہے؟",
}
_numbers = itertools.count(919000800000, 100)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with answering() as told:
        yield told


@pytest.fixture(scope="module")
def simulator(endpoint: Endpoint) -> Iterator[Simulator]:
    with Simulator(CONFIG, 0) as running:
        flow = running.world.flows.add("sign-in", ("SIGN_IN",))
        flow.endpoint_uri = endpoint.url
        flow.published.append(FORM)
        running.world.flows.public_key = pem()
        yield running


@pytest.fixture
def hand(simulator: Simulator, endpoint: Endpoint, chromium: Chromium) -> Iterator[Hand]:
    """A phone to which a form was sent."""
    endpoint.answers.clear()
    endpoint.asked.clear()
    first = next(_numbers)
    with phones(chromium, simulator.url, first) as take:
        taken = take(width=1280, height=900)
        requests.post(f"{simulator.url}/phones/{first}/messages", json={"text": "Hi"}, timeout=5).raise_for_status()
        parameters = {
            "flow_message_version": "3",
            "flow_name": "sign-in",
            "flow_token": "a token",
            "flow_cta": "Open the form",
            "flow_action": "data_exchange",
        }
        action = {"name": "flow", "parameters": parameters}
        message = {
            "messaging_product": "whatsapp",
            "to": f"+{first}",
            "type": "interactive",
            "interactive": {"type": "flow", "body": {"text": "Please sign in"}, "action": action},
        }
        requests.post(
            f"{simulator.url}/graph/v26.0/{CONFIG.phone_number_id}/messages",
            json=message,
            headers={"Authorization": f"Bearer {CONFIG.access_token}"},
            timeout=5,
        ).raise_for_status()
        yield taken


def opened(hand: Hand, endpoint: Endpoint, screen: str = "CONSENT", **changed: Any) -> None:
    endpoint.answers.append({"screen": screen, "data": DATA[screen] | changed})
    hand.page.click("#chat .choices button", "Open the form")
    hand.page.until("document.querySelector('#form-parts input, #form-parts .body')")


def button_is_grey(hand: Hand) -> bool:
    return bool(hand.page.evaluate("document.querySelector('#form-button').disabled"))


def test_the_button_is_grey_until_she_agrees_and_leads_to_the_next_screen(hand: Hand, endpoint: Endpoint) -> None:
    opened(hand, endpoint)
    hand.page.see("The department asks for your consent.", "#form")
    assert button_is_grey(hand)
    hand.page.click(".opt-in")
    assert not button_is_grey(hand)
    endpoint.answers.append({"screen": "NUMBER", "data": DATA["NUMBER"]})
    hand.page.click("#form-button")
    hand.page.until("document.querySelector('#form-number')")
    assert hand.page.evaluate("document.activeElement.id") == "form-number"
    assert endpoint.asked[-1]["data"]["agree"] is True


def test_each_input_has_its_keyboard_and_the_otp_is_masked(hand: Hand, endpoint: Endpoint) -> None:
    opened(hand, endpoint, "SIGN_UP")
    shown = "(name) => (({ type, inputMode, min }) => [type, inputMode, min])(document.getElementsByName(name)[0])"
    assert hand.page.evaluate(f"['number', 'mobile', 'born'].map({shown})") == [
        ["text", "numeric", ""],
        ["text", "tel", ""],
        ["date", "", "1900-01-01"],
    ]
    hand.page.click("#form-close")
    opened(hand, endpoint, "OTP")
    assert hand.page.evaluate(f"['otp'].map({shown})") == [["password", "numeric", ""]]


def test_what_is_wrong_is_told_on_the_screen_and_what_she_typed_stays(hand: Hand, endpoint: Endpoint) -> None:
    opened(hand, endpoint, "NUMBER")
    hand.page.click("#form-number")
    hand.page.type("999999990018")
    endpoint.answers.append({"screen": "NUMBER", "data": DATA["NUMBER"] | {"error_message": "Please look again."}})
    hand.page.click("#form-button")
    hand.page.see("Please look again.", "#form-told")
    assert hand.page.evaluate("document.querySelector('#form-number').value") == "999999990018"


def test_by_the_keyboard_alone_from_the_message_to_sent(hand: Hand, endpoint: Endpoint) -> None:
    endpoint.answers += [
        {"screen": "DOCUMENTS", "data": DATA["DOCUMENTS"]},
        {"screen": "CLOSED", "data": DATA["CLOSED"]},
    ]
    page = hand.page
    page.until("document.querySelector('#chat .choices button')")
    page.evaluate("document.querySelector('#chat .choices button').focus()")
    page.press("Enter")
    page.until("document.activeElement.name === 'document'")
    page.press(" ")
    page.press("Enter")
    page.until("document.activeElement.id === 'form-button'")
    page.press("Enter")
    page.see("📋 Sent", "#chat")
    assert not page.evaluate("document.querySelector('#form').open")


def test_back_leads_to_the_screen_before_and_closing_leads_to_the_chat(hand: Hand, endpoint: Endpoint) -> None:
    opened(hand, endpoint)
    hand.page.click(".opt-in")
    endpoint.answers.append({"screen": "NUMBER", "data": DATA["NUMBER"]})
    hand.page.click("#form-button")
    hand.page.until("document.querySelector('#form-number')")
    endpoint.answers.append({"screen": "CONSENT", "data": DATA["CONSENT"]})
    hand.page.click("#form-back")
    hand.page.until("document.querySelector('.opt-in')")
    hand.page.press("Escape")
    hand.page.until("!document.querySelector('#form').open")


def test_a_form_that_is_over_says_so_and_its_button_is_grey(hand: Hand, endpoint: Endpoint) -> None:
    endpoint.answers.append({"error_msg": "Please ask for a new form."})
    endpoint.statuses.append(427)
    hand.page.click("#chat .choices button", "Open the form")
    hand.page.see("Please ask for a new form.", "#form")
    hand.page.click("#form-close")
    hand.page.reload()
    hand.page.until("document.querySelector('#chat .choices button')?.disabled")


def test_urdu_is_drawn_from_right_to_left(hand: Hand, endpoint: Endpoint) -> None:
    opened(hand, endpoint, "CONSENT", **URDU)
    hand.page.until("document.querySelector('#form').dir === 'rtl'")
    box, label = hand.page.evaluate(
        "['.opt-in input', '.opt-in span'].map((one) => document.querySelector(one).getBoundingClientRect().x)"
    )
    assert box > label
    assert hand.page.evaluate("document.querySelector('#form').lang") == "ur"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("screen", ["CONSENT", "SIGN_UP", "DOCUMENTS"])
def test_nothing_keeps_anybody_out(hand: Hand, endpoint: Endpoint, screen: str, dark: bool) -> None:
    hand.page.prefer(dark=dark)
    opened(hand, endpoint, screen)
    hand.page.evaluate(axe_script())
    found = hand.page.evaluate(
        "axe.run('#form').then((result) => result.violations.map((one) => `${one.id}: ${one.nodes[0].html}`))"
    )
    assert found == []
