"""A whole conversation in Urdu, read from right to left, with the Latin names and numbers in it."""

import itertools
import json
from collections.abc import Iterator

import pytest

from tests.browser.chromium import Chromium
from tests.browser.hand import Hand, phones
from tests.integration.desk import Desk, running_desk

_numbers = itertools.count(919000600000, 100)

# Where the first and the last letter of some words stand, and the box of what they stand in; x grows to the right.
_PLACES = """(([selector, words]) => {
    const box = [...document.querySelectorAll(selector)].at(-1);
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const found = walker.currentNode.data.indexOf(words);
        if (found < 0) continue;
        const place = (at) => {
            const range = document.createRange();
            range.setStart(walker.currentNode, at);
            range.setEnd(walker.currentNode, at + 1);
            return range.getBoundingClientRect();
        };
        const [first, last, around] = [place(found), place(found + words.length - 1), box.getBoundingClientRect()];
        return { first: first.x, last: last.x, top: first.y, right: around.right - first.right, width: around.width };
    }
    return null;
})"""


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk(hurried=True) as running:
        yield running


@pytest.fixture
def hand(desk: Desk, chromium: Chromium) -> Iterator[Hand]:
    with phones(chromium, desk.simulator.url, next(_numbers)) as take:
        yield take(width=1280, height=900)


def places(hand: Hand, selector: str, words: str) -> dict[str, float]:
    """Where words stand in the last such element, in CSS pixels."""
    found: dict[str, float] = hand.page.until(f"{_PLACES}({json.dumps([selector, words])})")
    return found


def begins_at_the_right(hand: Hand, selector: str, words: str) -> bool:
    """Whether the first of these words stands at the right edge of the element, and the rest leads to the left."""
    at = places(hand, selector, words)
    return at["right"] < at["width"] / 4 and at["last"] < at["first"]


def reads_from_left_to_right(hand: Hand, selector: str, words: str) -> bool:
    """Whether Latin words keep their own order, on one line or over two."""
    at = places(hand, selector, words)
    return at["first"] < at["last"]


def to_the_list(hand: Hand) -> None:
    """From the greeting to the list of documents."""
    hand.say("سلام", "خوش آمدید")
    hand.tap("خدمات", "اکاؤنٹ ہے")
    hand.tap("ہاں", "کیا آپ متفق ہیں")
    hand.tap("میں متفق ہوں", "VID")
    received = hand.page.evaluate("document.querySelectorAll('#sms button').length")
    hand.page.click("#about dd:nth-of-type(1) button")
    hand.send("6 ہندسے")
    hand.page.until(f"document.querySelectorAll('#sms button').length > {received}")
    hand.page.click("#sms li:first-child button")
    hand.send("DigiLocker کی دستاویزات")


def test_the_whole_way_to_the_pdf_and_out(hand: Hand) -> None:
    to_the_list(hand)
    hand.choose("دو پہیہ گاڑی بیمہ", "PDF کو دبائیں")
    hand.page.until("document.querySelector('#chat > li:last-child img.page')?.naturalWidth > 300")
    assert "دو پہیہ گاڑی بیمہ.pdf" in hand.page.text("#chat > li:last-child .name")
    assert hand.page.text("#chat > li:last-child .size").startswith("PDF · ")
    hand.tap("دوسری دستاویزات", "صفحہ 1")
    hand.choose("ختم", "سائن آؤٹ")


def test_a_bubble_and_its_buttons_begin_at_the_right(hand: Hand) -> None:
    hand.say("سلام", "خوش آمدید")
    assert begins_at_the_right(hand, "#chat .bubble:not(.mine) .words", "خوش آمدید")
    assert begins_at_the_right(hand, "#chat .bubble:not(.mine) .words", "براہ کرم")
    assert reads_from_left_to_right(hand, "#chat .bubble:not(.mine) .words", "DigiLocker")
    buttons = hand.page.evaluate(
        "[...document.querySelectorAll('#chat .choices button')].map((one) => [one.querySelector('svg')"
        ".getBoundingClientRect().x > one.querySelector('span').getBoundingClientRect().right - 1, one.lang])"
    )
    assert buttons == [[True, "ur"]] * 3
    assert hand.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_list_is_numbered_at_the_right_and_its_latin_names_are_read_as_ever(hand: Hand) -> None:
    to_the_list(hand)
    listed = "#chat .bubble:not(.mine) .words"
    assert begins_at_the_right(hand, listed, "2. ڈرائیونگ")
    assert reads_from_left_to_right(hand, listed, "Income Tax Department")
    # The spaces of the hanging script are too narrow between Latin words.
    assert hand.page.evaluate(
        """(() => {
            const width = (letters) => {
                const measure = document.createElement("span");
                measure.textContent = letters;
                document.querySelector("#chat > li:last-child .words").append(measure);
                const found = measure.getBoundingClientRect().width;
                measure.remove();
                return found;
            };
            return width("n n") - width("nn") > width("n") / 3;
        })()"""
    )

    hand.page.click("#chat .choices button[aria-haspopup]")
    hand.page.until("document.querySelector('#sheet').open")
    rows = hand.page.evaluate(
        """[...document.querySelectorAll("#rows .row")].map((row) => {
            const edge = (element) => {
                const range = document.createRange();
                range.selectNodeContents(element);
                return Math.round(range.getBoundingClientRect().right);
            };
            const radio = row.querySelector("input").getBoundingClientRect();
            return [...row.querySelectorAll("b, small")].map(edge).concat(radio.right < edge(row.querySelector("b")));
        })"""
    )
    edges = [edge for row in rows for edge in row[:-1]]
    assert len(rows) > 8
    assert all(row[-1] for row in rows)
    assert max(edges) - min(edges) <= 3
    assert reads_from_left_to_right(hand, "#rows .row:nth-child(2) small", "PAN Verification")
