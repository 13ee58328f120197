"""What the page's switches do to a conversation, and that it gets over it. Queues take their real time here."""

import itertools
from collections.abc import Iterator

import pytest
import requests

from tests.browser.chromium import Chromium
from tests.browser.hand import Hand, phones
from tests.integration.desk import Desk, running_desk

_numbers = itertools.count(919000500000, 100)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk() as running:
        yield running


@pytest.fixture
def hand(desk: Desk, chromium: Chromium) -> Iterator[Hand]:
    with phones(chromium, desk.simulator.url, next(_numbers)) as take:
        yield take()


def switch(hand: Hand, title: str, name: str, *, on: bool) -> None:
    """Click a switch, and wait until the simulator has taken it."""
    hand.page.click("#switches label", title)
    url = hand.page.evaluate("location.origin")
    hand.page.until(
        f"fetch('{url}/switches').then((answer) => answer.json())"
        f".then((all) => all.some((one) => one.name === '{name}' && one.on === {str(on).lower()}))"
    )
    hand.page.until(f"document.querySelector('[name={name}]').checked === {str(on).lower()}")


def test_while_digilocker_is_slow_the_help_desk_is_seen_typing(hand: Hand) -> None:
    hand.ask_for_number()
    switch(hand, "DigiLocker is slow", "digilocker-slow", on=True)
    before = hand.count()
    hand.page.click("#text")
    hand.page.type("999999990019")
    hand.page.press("Enter")
    hand.page.until(
        "!document.querySelector('#typing').hidden && document.querySelector('#presence').innerText === 'typing…'"
    )
    assert hand.page.evaluate("document.querySelector('#typing').checkVisibility()")
    assert hand.page.evaluate("document.querySelectorAll('#chat > li:not(.mine)').length") == before // 2
    switch(hand, "DigiLocker is slow", "digilocker-slow", on=False)
    hand.answered(before, "OTP is on its way")
    hand.page.until("document.querySelector('#typing').hidden")
    assert hand.page.text("#presence") == "online"


def test_what_whatsapp_did_not_take_comes_once_it_takes_messages_again(desk: Desk, hand: Hand) -> None:
    switch(hand, "WhatsApp takes no messages", "whatsapp-refuses", on=True)
    hand.page.click("#text")
    hand.page.type("Hi")
    hand.page.press("Enter")
    number = hand.page.evaluate("new URLSearchParams(location.search).get('phone')")
    hand.page.until(
        f"fetch('/phones/{number}/journal').then((answer) => answer.json())"
        ".then((all) => all.some((one) => one.kind === 'message' && one.answer.includes('131016')))"
    )
    assert hand.texts() == ["Hi"]
    switch(hand, "WhatsApp takes no messages", "whatsapp-refuses", on=False)
    hand.answered(1, "Welcome")
    journal = requests.get(f"{desk.simulator.url}/phones/{number}/journal", timeout=5).json()
    assert [one["status"] for one in journal if one["kind"] == "message"][-1] == 200
    assert len(hand.texts()) == 2


def test_a_pdf_that_whatsapp_cannot_fetch_comes_as_a_file(desk: Desk, hand: Hand) -> None:
    hand.sign_in()
    switch(hand, "WhatsApp cannot fetch the PDF", "link-refused", on=True)
    uploaded = desk.to_whatsapp.count("/media")
    before = hand.count()
    hand.page.click("#chat .choices button[aria-haspopup]")
    hand.page.until("document.querySelector('#sheet').open")
    hand.page.click("#rows .row", "2. Driving licence")
    hand.page.click("#sheet-send")
    hand.answered(before, "Not delivered. 131053")
    hand.page.until("document.querySelector('#chat > li:last-child img.page')?.naturalWidth > 300")
    assert "Driving licence.pdf" in hand.page.text("#chat > li:last-child .document")
    assert not hand.page.evaluate("Boolean(document.querySelector('#chat > li:last-child .failed'))")
    assert desk.to_whatsapp.count("/media") == uploaded + 1
