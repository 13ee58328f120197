"""What a person does in the chat page, with the mouse and by typing."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import requests

from tests.browser.chromium import Chromium, Page

ASHA = "919000000001"
SUNITA = "919000000003"
LAKSHMI = "919000000007"


class Hand:
    """Holds one phone in one tab."""

    def __init__(self, page: Page, url: str, number: str, citizen: str = ASHA) -> None:
        self.page = page
        page.open(f"{url}/?phone={number}" + (f"&as={citizen}" if citizen != number else ""))
        self.wait_until_online()

    def wait_until_online(self) -> None:
        """Wait until the page is connected and has drawn what there is."""
        self.page.until("document.querySelector('#presence').innerText === 'online'")
        self.page.until("document.querySelector('#switches input')")

    def say(self, text: str, answer: str) -> None:
        """Type, and wait for an answer with these words."""
        self.page.click("#text")
        self.page.type(text)
        self.send(answer)

    def send(self, answer: str) -> None:
        """Send what stands in the line, and wait for an answer with these words."""
        before = self.count()
        self.page.click("#composer > button")
        self.answered(before, answer)

    def tap(self, title: str, answer: str) -> None:
        """Tap the newest button of that title, and wait for the answer."""
        before = self.count()
        self.page.click("#chat .choices button", title)
        self.answered(before, answer)

    def choose(self, row: str, answer: str) -> None:
        """Open the newest list, choose a row and send it."""
        before = self.count()
        self.page.click("#chat .choices button[aria-haspopup]")
        self.page.until("document.querySelector('#sheet').open")
        self.page.click("#rows .row", row)
        self.page.click("#sheet-send")
        self.answered(before, answer)

    def count(self) -> int:
        """How many messages the chat has."""
        return int(self.page.evaluate("document.querySelectorAll('#chat > li').length"))

    def answered(self, before: int, words: str) -> None:
        """Wait for a message of the desk's behind the first `before` with these words."""
        self.page.until(
            f"[...document.querySelectorAll('#chat > li')].slice({before})"
            f".some((one) => !one.classList.contains('mine') && one.innerText.includes({words!r}))"
        )

    def texts(self) -> list[str]:
        """The messages' texts, in order."""
        found: list[str] = self.page.evaluate(
            "[...document.querySelectorAll('#chat .words')].map((one) => one.innerText)"
        )
        return found

    def ask_for_number(self) -> None:
        """From Hi to the question for the Aadhaar number."""
        self.say("Hi", "Welcome")
        self.tap("DigiLocker Services", "Do you have a DigiLocker account?")
        self.tap("Yes", "Do you agree?")
        self.tap("I agree", "12-digit")

    def sign_in(self) -> None:
        """From Hi to the list of documents, with the Aadhaar number and the OTP that the page offers to type."""
        self.ask_for_number()
        received = len(self.page.evaluate("[...document.querySelectorAll('#sms button')].map(() => 1)"))
        self.page.click("#about dd:nth-of-type(1) button")
        self.send("OTP is on its way")
        self.page.until(f"document.querySelectorAll('#sms button').length > {received}")
        self.page.click("#sms li:first-child button")
        self.send("Your documents")

    def open_backstage(self) -> None:
        """Open the panel, and wait for its steps."""
        self.page.click("#open-backstage")
        self.page.until("document.querySelector('#steps button')")


@contextmanager
def phones(chromium: Chromium, url: str, first: int) -> Iterator[Callable[..., Hand]]:
    """Yield a way to open phones, the first with that number.

    At the end nothing may have gone wrong in any of their pages, nor may one have asked for anything from elsewhere.
    """
    pages: list[Page] = []
    numbers = itertools.count(first)
    with ExitStack() as tabs:

        def take(citizen: str = ASHA, **window: Any) -> Hand:
            page = tabs.enter_context(chromium.page(**window))
            pages.append(page)
            return Hand(page, url, str(next(numbers)), citizen)

        yield take
        requests.delete(f"{url}/faults", timeout=5).raise_for_status()
        for page in pages:
            assert page.errors == []
            # Chromium's own picture of a calendar lies in its address.
            assert [address for address in page.asked if not address.startswith((f"{url}/", "data:"))] == []
