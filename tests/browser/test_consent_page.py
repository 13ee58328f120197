"""The way over DigiLocker's own page in a real browser: over the deployed template, and what each page looks like."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from standins.local_stack import LocalStack
from standins.phone import Phone
from standins.visitor import PIN, Visitor
from tests.browser.chromium import Chromium, Page, axe_script
from tests.browser.hand import ASHA, LAKSHMI, Hand
from tests.browser.test_chat_page import serious
from tests.deployed import Deployments
from tests.integration.desk import Desk, running_desk

NARROW, HIGH = 320, 640
"""CSS pixels of a small phone."""
LANGUAGES = {"en": "Hi", "hi": "नमस्ते", "ur": "سلام"}
"""What she greets with."""

_numbers = itertools.count(919000700001)


# Over the deployed template


@pytest.fixture(params=["refuse 2.4"])
def stack(request: pytest.FixtureRequest, deployments: Deployments) -> LocalStack:
    return deployments.stack(request.param)


@contextmanager
def hand_of(chromium: Chromium, stack: LocalStack, citizen: str) -> Iterator[Hand]:
    """Return the phone of a citizen."""
    with chromium.page() as page:
        yield Hand(page, stack.chat_url, citizen, citizen)
        assert page.errors == []


def arrive(page: Page, selector: str) -> None:
    """Wait for a page with such an element, until it looks as it will."""
    page.until(f"document.readyState === 'complete' && document.querySelector({selector!r})")


def fill_in(page: Page, selector: str, text: str) -> None:
    """Fill in the field of a page of DigiLocker's, and go on."""
    arrive(page, selector)
    page.evaluate(f"document.querySelector({selector!r}).value = ''")
    page.click(selector)
    page.type(text)
    page.click("button", "Continue")


@contextmanager
def on_the_page(chromium: Chromium, hand: Hand) -> Iterator[Page]:
    """From Hi to our first page, which the button opens in a tab of its own, without JavaScript from there on."""
    hand.say("Hi", "Welcome")
    hand.tap("DigiLocker Services", "Please sign in on DigiLocker's own page")
    hand.page.click("#chat > li:last-child .choices a", "Open DigiLocker")
    with chromium.opened("/consent/start?s=", width=NARROW, height=HIGH) as page:
        page.run_nothing()
        page.reload()
        yield page
        assert page.errors == []


def test_from_the_chat_over_digilockers_page_back_to_the_list_and_to_a_document(
    chromium: Chromium, stack: LocalStack
) -> None:
    with hand_of(chromium, stack, ASHA) as hand:
        with on_the_page(chromium, hand) as page:
            page.see(f"ending in {ASHA[-4:]}")
            (cookie,) = page.call("Network.getCookies")["cookies"]
            assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-link", True, True)
            page.click("button", "I agree and continue")
            arrive(page, "#account")
            assert page.evaluate("document.querySelector('#account').value") == ASHA[-10:]
            phone = Phone(stack.chat_url, ASHA)
            phone.catch_up()
            page.click("button", "Continue")
            fill_in(page, "#otp", phone.otp())
            fill_in(page, "#pin", PIN)
            arrive(page, "fieldset")
            page.click(".tick", "PAN Verification Record")
            before = hand.count()
            page.click("button", "Allow")
            page.see("Go back to WhatsApp. Your chat goes on there by itself.")
            assert page.evaluate("document.querySelector('a').href") == "https://wa.me/919013151515"
            assert page.call("Network.getCookies")["cookies"] == []
            assert [one for one in page.asked if not one.startswith(f"{stack.chat_url}/")] == []

        hand.answered(before, "Your documents in DigiLocker")
        assert "PAN card (not shared)" in hand.texts()[-1]
        hand.choose("2. Driving licence", "Tap the PDF to open it")
        hand.page.until("document.querySelector('#chat > li:last-child img.page')?.naturalWidth > 300")
        hand.tap("Done", "signed out")


def test_who_does_not_agree_on_our_page_is_told_there_and_no_message_comes(
    chromium: Chromium, stack: LocalStack
) -> None:
    with hand_of(chromium, stack, LAKSHMI) as hand:
        with on_the_page(chromium, hand) as page:
            before = hand.count()
            page.click("button", "No, thanks")
            page.see("Nothing was shared")
        hand.say("and now", "That link does not work any more")
        assert hand.count() == before + 2


def test_who_declines_on_digilockers_page_is_told_so_there_and_in_the_chat(
    chromium: Chromium, stack: LocalStack
) -> None:
    with hand_of(chromium, stack, LAKSHMI) as hand:
        with on_the_page(chromium, hand) as page:
            page.click("button", "I agree and continue")
            arrive(page, "#account")
            before = hand.count()
            page.click("button", "Cancel")
            page.see("Nothing was shared")

        hand.answered(before, "You did not share anything")
        hand.tap("New link", "Please sign in on DigiLocker's own page")


# How each page looks on a small phone


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A desk that has the one-time code sent from the chat."""
    settings = {"SIGN_IN": "consent-page", "MOBILE_MISMATCH": "ask"}
    with running_desk(settings=settings, digilocker_version="2.4") as running:
        yield running


def link_of(desk: Desk, language: str) -> str:
    """Go on until the link is there, by the place of each button: their names are in another language each time."""
    phone = Phone(desk.simulator.url, str(next(_numbers)))
    phone.say(LANGUAGES[language])
    phone.tap(phone.expect().buttons[0])
    return phone.expect().link


def agreed(desk: Desk, link: str) -> str:
    """Agree on the first page, in another browser. Gives the link's state."""
    visitor = Visitor(stops_before=f"{desk.environment['DIGILOCKER_URL']}/public/oauth2/1/authorize")
    visitor.open(link)
    visitor.press("agree")
    return link.partition("?s=")[2]


def is_well_made(page: Page, *, language: str, direction: str) -> None:
    """Nothing stands beyond the edge, what is tapped is large enough, and axe finds nothing that keeps somebody out."""
    root = page.evaluate("[document.documentElement.lang, getComputedStyle(document.body).direction]")
    assert root == [language, direction]
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    small = "[...document.querySelectorAll('a, button, label.tick')].filter((one) => one.offsetHeight < 44)"
    assert page.evaluate(f"{small}.map((one) => one.outerHTML)") == []
    page.evaluate(f"{axe_script()}; 0")
    assert serious(page) == []
    assert page.errors == []


def ours(desk: Desk, language: str) -> Iterator[tuple[str, str]]:
    """Each of our pages, by its name: the address to open, which brings it about."""
    consent = desk.environment["CONSENT_URL"]
    link = link_of(desk, language)
    yield "start", link
    yield "proof", f"{consent}?state={agreed(desk, link)}&code={'c' * 40}"
    yield "declined", f"{consent}?state={agreed(desk, link_of(desk, language))}&error=access_denied"
    yield "failed", f"{consent}?state={agreed(desk, link_of(desk, language))}&error=server_error"
    yield "expired", link


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_our_pages_are_in_her_language_and_fit_a_small_phone(
    desk: Desk, chromium: Chromium, language: str, dark: bool
) -> None:
    with chromium.page(width=NARROW, height=HIGH, dark=dark) as page:
        page.call("Emulation.setUserAgentOverride", userAgent="Phone", acceptLanguage=language)
        headings: dict[str, Any] = {}
        for name, address in ours(desk, language):
            page.call("Network.clearBrowserCookies")  # one browser would be refused for coming back by several links
            page.open(address)
            headings[name] = page.text("h1")
            if name == "expired":
                assert "410" in page.errors.pop()
            is_well_made(page, language=language, direction="rtl" if language == "ur" else "ltr")
        assert len(set(headings.values())) == len(headings)


def test_digilockers_stand_in_fits_a_small_phone(desk: Desk, chromium: Chromium) -> None:
    phone = Phone(desk.simulator.url, ASHA)

    def answer(selector: str, text: str) -> None:
        arrive(page, selector)
        is_well_made(page, language="en", direction="ltr")
        fill_in(page, selector, text)

    with chromium.page(width=NARROW, height=HIGH) as page:
        page.open(link_of(desk, "en"))
        page.click("button", "I agree and continue")
        answer("#account", ASHA[-10:])
        answer("#otp", "000000")
        arrive(page, ".problem")
        answer("#otp", phone.otp())
        answer("#pin", PIN)
        arrive(page, "fieldset")
        is_well_made(page, language="en", direction="ltr")
