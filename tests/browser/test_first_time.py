"""Somebody opens the page who has never seen it: she is told what to do, on a screen of any width."""

from collections.abc import Iterator

import pytest

from standins.config import SimulatorConfig
from standins.server import Simulator
from tests.browser.chromium import Chromium, Page, axe_script
from tests.browser.hand import ASHA, Hand
from tests.browser.test_chat_page import serious


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """The stand-ins, with no help desk behind them."""
    config = SimulatorConfig(
        app_secret="app secret",
        verify_token="verify",
        phone_number_id="100000000000001",
        access_token="access",
        client_id="TESTCLIENT",
        client_secret="client secret",
    )
    with Simulator(config, port=0) as running:
        yield running


def shown(page: Page, selector: str) -> bool:
    """Whether it can be seen without scrolling."""
    return bool(
        page.evaluate(
            f"""(() => {{
                const box = document.querySelector("{selector}").getBoundingClientRect();
                const inside = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
                const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                return inside && box.width > 0 && Boolean(hit?.closest("{selector}"));
            }})()"""
        )
    )


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (800, 800), (360, 640)])
def test_she_is_told_to_say_hi(simulator: Simulator, chromium: Chromium, width: int, height: int) -> None:
    with chromium.page(width=width, height=height) as page:
        Hand(page, simulator.url, ASHA)
        page.see("Type Hi to begin", "#begin")
        assert shown(page, "#say-hi")
        assert shown(page, "#text")
        assert page.evaluate("document.activeElement.id") == "text"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if width > 700:
            assert shown(page, "#about dd button"), "the Aadhaar number to type"
            assert shown(page, "#sms"), "where the OTP comes"
        page.evaluate(f"{axe_script()}; 0")
        assert serious(page) == []


def test_one_tap_says_it_and_the_hint_is_gone_for_good(simulator: Simulator, chromium: Chromium) -> None:
    with chromium.page() as page:
        hand = Hand(page, simulator.url, ASHA)
        page.click("#say-hi")
        page.see("Hi", "#chat > li.mine")
        page.until("document.querySelector('#begin').hidden")
        page.reload()
        hand.wait_until_online()
        page.see("Hi", "#chat > li.mine")
        assert page.evaluate("document.querySelector('#begin').hidden")


def test_without_a_help_desk_she_is_told_so(simulator: Simulator, chromium: Chromium) -> None:
    with chromium.page() as page:
        Hand(page, simulator.url, ASHA)
        page.click("#say-hi")
        page.see("is the help desk running?", "#problem")
