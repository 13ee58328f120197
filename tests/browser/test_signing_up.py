"""Somebody without an account opens one in the chat page, in Tamil, by typing and tapping."""

import itertools
from collections.abc import Iterator

import pytest

from tests.browser.chromium import Chromium
from tests.browser.hand import SUNITA, Hand, phones
from tests.integration.desk import Desk, running_desk

_numbers = itertools.count(919000700000, 100)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """One for each test: who has signed up has an account."""
    with running_desk(hurried=True) as running:
        yield running


@pytest.fixture
def hand(desk: Desk, chromium: Chromium) -> Iterator[Hand]:
    with phones(chromium, desk.simulator.url, next(_numbers)) as take:
        yield take(SUNITA, width=1280, height=900)


def test_she_signs_up_corrects_her_date_of_birth_and_is_signed_in(hand: Hand) -> None:
    page = hand.page
    page.see("Sunita Devi, 05/03/1968, female", "#about")
    hand.say("வணக்கம்", "DigiLocker சேவைகள்")
    hand.tap("DigiLocker சேவைகள்", "கணக்கு உள்ளதா")
    hand.tap("இல்லை", "சம்மதிக்கிறீர்களா")
    hand.tap("சம்மதிக்கிறேன்", "ஆதார் எண்ணை")
    page.click("#about dd:nth-of-type(1) button")
    hand.send("உங்கள் பெயரை")
    hand.say("சுனிதா தேவி", "எடுத்துக்காட்டு: Asha Kumari")
    hand.say("Sunita Devi", "பிறந்த தேதி என்ன")
    hand.say("5 ஏப்ரல் 1968", "5 ஏப்ரல் 1968")
    hand.say("௫ மார்ச் ௧௯௬௮", "5 மார்ச் 1968")
    hand.tap("பெண்", "எந்த மொபைல் எண்")
    hand.tap("இதே எண்", "2. பெயர்: Sunita Devi")
    assert "3. பிறந்த தேதி: 5 மார்ச் 1968" in hand.texts()[-1]
    hand.tap("அனுப்பவும்", "OTP வருகிறது")
    # It has come to the number that she writes from, which is not the one that her Aadhaar knows.
    page.click("#sms li:first-child button")
    hand.send("உள்நுழைந்துவிட்டீர்கள்")


def test_a_conversation_in_another_language_than_english_is_replayed_to_its_end(hand: Hand) -> None:
    hand.page.click("#replays summary")
    hand.page.click("#conversations a", "signing up in hindi")
    hand.page.until("new URLSearchParams(location.search).has('as') && document.querySelector('#replaying')")
    hand.page.until("/The end|another way/.test(document.querySelector('#replaying').innerText)", within=120)
    assert "The end of the replay" in hand.page.text("#replaying")
