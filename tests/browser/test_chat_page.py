"""Whole conversations in a real browser, with the real handlers behind the page."""

import hashlib
import hmac
import io
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from pypdf import PdfReader

from standins.backstage import Backstage
from tests.browser.chromium import Chromium, Page, axe_script
from tests.browser.hand import LAKSHMI, Hand, phones
from tests.integration.desk import PHONE_NUMBER_ID, Desk, running_desk
from tests.integration.moto_aws import Moto

LARGEST = 100_000
URDU = "آپ کے *کاغذات* یہاں ہیں۔\n1. ڈرائیونگ لائسنس"

type HandOf = Callable[..., Hand]

_numbers = itertools.count(919000400000, 100)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk(hurried=True, on=Moto) as running:
        table = running.environment["CONVERSATIONS_TABLE"]
        running.simulator.world.backstage = Backstage(running.client, table, "pepper", PHONE_NUMBER_ID, {})
        yield running


@pytest.fixture
def hand_of(desk: Desk, chromium: Chromium) -> Iterator[HandOf]:
    with phones(chromium, desk.simulator.url, next(_numbers)) as take:
        yield take


@pytest.fixture
def hand(hand_of: HandOf) -> Hand:
    return hand_of()


def test_from_hi_to_the_pdf_and_its_text(chromium: Chromium, hand: Hand) -> None:
    hand.sign_in()
    hand.choose("2. Driving licence", "Tap the PDF to open it")
    hand.page.until("document.querySelector('#chat img.page')?.naturalWidth > 300")
    assert "Driving licence.pdf" in hand.page.text("#chat .document")

    hand.page.click("#chat a.document")
    answer = requests.get(chromium.take_tab("/documents/"), timeout=5)
    assert answer.headers["Content-Type"] == "application/pdf"
    text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert "ASHA VERMA" in text
    assert "DL00 20200000001" in text

    hand.tap("Other documents", "Your documents")
    hand.tap("Done", "signed out")


def test_what_is_tapped_shows_what_it_answers_and_is_read(hand: Hand) -> None:
    hand.say("Hi", "Welcome")
    hand.tap("Language", "English")
    hand.page.see("Welcome", "#chat > li:nth-child(3) .quote")
    hand.page.until(
        "document.querySelector('#chat > li:nth-child(1) .ticks.delivered, #chat > li:nth-child(1) .ticks.read')"
    )


def test_a_list_is_paged_to_its_end(hand_of: HandOf) -> None:
    hand = hand_of(LAKSHMI)
    hand.sign_in()
    for page in (2, 3, 4):
        hand.choose("More documents", f"page {page} of 4")
    hand.page.click("#chat .choices button[aria-haspopup]")
    hand.page.see("23.", "#rows")


def test_urdu_runs_from_right_to_left(desk: Desk, hand: Hand) -> None:
    hand.say("Hi", "Welcome")
    before = hand.count()
    body = {"messaging_product": "whatsapp", "to": f"+{_number_of(hand)}", "type": "text", "text": {"body": URDU}}
    url = f"{desk.simulator.url}/graph/v26.0/{PHONE_NUMBER_ID}/messages"
    answer = requests.post(url, json=body, headers={"Authorization": f"Bearer {desk.config.access_token}"}, timeout=5)
    assert answer.status_code == 200
    hand.answered(before, "کاغذات")
    shown = "document.querySelector('#chat > li:last-child .words')"
    assert hand.page.evaluate(f"[{shown}.dir, {shown}.lang, getComputedStyle({shown}).direction]") == [
        "auto",
        "ur",
        "rtl",
    ]
    assert hand.page.evaluate(f"{shown}.querySelector('strong').textContent") == "کاغذات"
    # Each line begins at the right edge of its text.
    assert hand.page.evaluate(
        f"""(() => {{
            const range = document.createRange();
            const line = {shown}.lastChild;
            range.setStart(line, line.data.lastIndexOf("1."));
            range.setEnd(line, line.data.lastIndexOf("1.") + 1);
            const box = {shown}.getBoundingClientRect();
            return range.getBoundingClientRect().x > box.x + box.width / 2;
        }})()"""
    )


def test_digilocker_goes_down_and_comes_back(hand: Hand) -> None:
    hand.ask_for_number()
    hand.page.click("#switches label", "DigiLocker is down")
    hand.page.until("document.querySelector('[name=digilocker-down]').checked")
    hand.say("999999990019", "It is not your fault")
    hand.page.click("#switches label", "DigiLocker is down")
    hand.page.until("!document.querySelector('[name=digilocker-down]').checked")
    hand.tap("Try again", "OTP is on its way")


def test_a_fault_is_seen_on_every_phone(hand_of: HandOf) -> None:
    one, other = hand_of(), hand_of(LAKSHMI)
    one.page.click("#switches label", "DigiLocker is slow")
    other.page.show()
    other.page.until("document.querySelector('[name=digilocker-slow]').checked")
    assert not other.page.evaluate("document.querySelector('[name=digilocker-down]').checked")


def test_what_whatsapp_delivers_twice_is_answered_once(desk: Desk, hand: Hand) -> None:
    hand.page.click("#switches label", "WhatsApp delivers twice")
    hand.page.until("document.querySelector('[name=deliver-twice]').checked")
    hand.say("Hi", "Welcome")
    hand.tap("Help", "Aadhaar number")
    journal = f"/phones/{_number_of(hand)}/journal"
    hand.page.until(
        f"fetch('{journal}').then((answer) => answer.json()).then((all) => all.filter((one) => one.kind === 'webhook' "
        "&& one.body.includes('\"Hi\"') && one.status === 200).length === 2)"
    )
    assert len([text for text in hand.texts() if text.startswith("Welcome")]) == 1


def sent_by_whatsapp(desk: Desk, hand: Hand, interactive: dict[str, Any]) -> None:
    """Send her a message that the help desk itself has no use for, as any business may."""
    config = desk.simulator.world.config
    body = {
        "messaging_product": "whatsapp",
        "to": f"+{_number_of(hand)}",
        "type": "interactive",
        "interactive": interactive,
    }
    requests.post(
        f"{desk.simulator.url}/graph/{config.graph_version}/{PHONE_NUMBER_ID}/messages",
        json=body,
        headers={"Authorization": f"Bearer {config.access_token}"},
        timeout=5,
    ).raise_for_status()


def test_a_button_that_opens_an_address_has_its_header_and_footer(desk: Desk, hand: Hand) -> None:
    hand.say("Hi", "Welcome")
    button = {"display_text": "Open DigiLocker", "url": "https://www.digilocker.gov.in"}
    sent_by_whatsapp(
        desk,
        hand,
        {
            "type": "cta_url",
            "header": {"type": "text", "text": "Sign in"},
            "body": {"text": "On DigiLocker's own page."},
            "footer": {"text": "Valid for 10 minutes"},
            "action": {"name": "cta_url", "parameters": button},
        },
    )
    for words in ("Sign in", "On DigiLocker's own page.", "Valid for 10 minutes", "Open DigiLocker"):
        hand.page.see(words, "#chat > li:last-child")
    link = hand.page.evaluate("document.querySelector('#chat > li:last-child .choices a').href")
    assert link == "https://www.digilocker.gov.in/"


def test_a_list_shows_the_titles_of_its_sections(desk: Desk, hand: Hand) -> None:
    hand.say("Hi", "Welcome")
    sections = [
        {"title": "Certificates", "rows": [{"id": "a", "title": "Class 10", "description": "Board of Nowhere"}]},
        {"title": "Insurance", "rows": [{"id": "b", "title": "Two-wheeler"}]},
    ]
    action = {"button": "Look", "sections": sections}
    sent_by_whatsapp(desk, hand, {"type": "list", "body": {"text": "Two kinds"}, "action": action})
    hand.page.click("#chat .choices button", "Look")
    for words in ("Certificates", "Class 10", "Board of Nowhere", "Insurance", "Two-wheeler"):
        hand.page.see(words, "#rows")


def test_two_phones_do_not_see_each_other(hand_of: HandOf) -> None:
    asha, lakshmi = hand_of(), hand_of(LAKSHMI)
    asha.say("Hi", "Welcome")
    lakshmi.say("नमस्ते", "नमस्ते")
    asha.tap("DigiLocker Services", "Do you have a DigiLocker account?")
    lakshmi.say("1", "DigiLocker")
    assert not [text for text in lakshmi.texts() if "Welcome" in text or "Do you have" in text]
    assert not [text for text in asha.texts() if "नमस्ते" in text]


def test_reloading_keeps_the_chat_and_it_goes_on(hand: Hand) -> None:
    hand.ask_for_number()
    before = hand.texts()
    hand.page.reload()
    hand.wait_until_online()
    hand.page.until(f"document.querySelectorAll('#chat > li').length === {hand.count()}")
    assert hand.texts() == before
    hand.say("999999990019", "OTP is on its way")


def test_the_keyboard_is_enough(hand: Hand) -> None:
    page = hand.page
    page.type("Hi")
    page.press("Enter")
    hand.answered(0, "Welcome")
    for title, answer in (("DigiLocker Services", "Do you have"), ("Yes", "Do you agree?"), ("I agree", "12-digit")):
        before = hand.count()
        walk_to(page, title, back=title == "DigiLocker Services")
        page.press("Enter")
        hand.answered(before, answer)
    received = page.evaluate("document.querySelectorAll('#sms button').length")
    walk_to(page, "Type it", forth_at_most=80)
    page.press("Enter")
    page.press("Enter")  # the number stands in the line now, which has the focus
    hand.page.see("OTP is on its way", "#chat")
    page.until(f"document.querySelectorAll('#sms button').length > {received}")
    walk_to(page, "Type this OTP")
    page.press("Enter")
    page.press("Enter")
    page.see("Your documents", "#chat")
    walk_to(page, "Open the list", back=True)
    page.press("Enter")
    page.until("document.querySelector('#sheet').open && document.activeElement.name === 'row'")
    for _ in range(2):
        page.press("ArrowDown")
    page.press("Enter")
    page.see("Vehicle RC.pdf", "#chat")


def walk_to(page: Page, words: str, *, back: bool = False, forth_at_most: int = 60) -> None:
    """Press Tab until what has the focus shows these words."""
    for _ in range(forth_at_most):
        page.press("Tab", shift=back)
        if page.evaluate(f"document.activeElement.innerText?.trim() === {json.dumps(words)}"):
            return
    raise AssertionError(f"Tab does not lead to {words}")


def test_behind_the_scenes_the_signature_and_the_table_are_seen(desk: Desk, hand: Hand) -> None:
    hand.say("Hi", "Welcome")
    hand.open_backstage()
    hand.page.see("WhatsApp calls the webhook", "#steps")
    hand.page.see("A reply is sent to WhatsApp", "#steps")
    hand.page.click("#steps button", "WhatsApp calls the webhook")
    entries = requests.get(f"{desk.simulator.url}/phones/{_number_of(hand)}/journal", timeout=5).json()
    webhook = next(entry for entry in entries if entry["kind"] == "webhook")
    signed = hmac.new(desk.config.app_secret.encode(), webhook["body"].encode(), hashlib.sha256).hexdigest()
    hand.page.see(f"sha256={signed}", "#detail")
    hand.page.click("#steps button", "A reply is sent to WhatsApp")
    hand.page.see('"messaging_product": "whatsapp"', "#detail")
    hand.page.see('"stage"', "#state")


def test_a_conversation_is_replayed(desk: Desk, hand: Hand) -> None:
    hand.page.click("#replays summary")
    hand.page.click("#conversations a", "hi in the middle")
    hand.page.until("new URLSearchParams(location.search).has('as') && document.querySelector('#replaying')")
    hand.page.until("/The end|another way/.test(document.querySelector('#replaying').innerText)", within=120)
    assert "The end of the replay" in hand.page.text("#replaying")
    assert "PAN card.pdf" in hand.page.text("#chat > li:last-child")


def test_on_a_narrow_screen_an_sms_appears_over_the_chat(hand_of: HandOf) -> None:
    hand = hand_of(width=360, height=740)
    hand.ask_for_number()
    hand.say("999999990019", "OTP is on its way")
    hand.page.click("#notification button", "Type this OTP")
    hand.send("Your documents")
    assert hand.page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_serious(hand_of: HandOf, width: int, dark: bool) -> None:
    hand = hand_of(width=width, height=800, dark=dark)
    hand.say("Hi", "Welcome")
    hand.tap("DigiLocker Services", "Do you have a DigiLocker account?")
    hand.page.evaluate(f"{axe_script()}; 0")
    assert serious(hand.page) == []
    if width < 700:
        for view in ("SMS", "Citizens", "Faults", "Chat"):
            hand.page.click(".views button", view)
            assert serious(hand.page) == [], view
    hand.open_backstage()
    assert serious(hand.page) == []


def test_axe_finds_nothing_serious_with_a_list_and_a_document(hand: Hand) -> None:
    hand.sign_in()
    hand.choose("1. PAN card", "Tap the PDF to open it")
    hand.tap("Other documents", "Your documents")
    hand.page.click("#chat .choices button[aria-haspopup]")
    hand.page.until("document.querySelector('#sheet').open")
    hand.page.evaluate(f"{axe_script()}; 0")
    assert serious(hand.page) == []


def serious(page: Page) -> list[Any]:
    """What axe finds that would keep somebody out."""
    found: list[Any] = page.evaluate(
        "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations"
        ".filter(({ impact }) => impact === 'serious' || impact === 'critical')"
        ".map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 200))]))"
    )
    return found


def test_nothing_moves_away_from_her_finger_when_the_pdf_arrives(hand: Hand) -> None:
    hand.sign_in()
    hand.page.evaluate(
        """(() => {
            window.heights = [];
            const sizes = new ResizeObserver((seen) => heights.push(...seen.map((one) => one.target.offsetHeight)));
            new MutationObserver((changes) => changes.flatMap((one) => [...one.addedNodes])
                .filter((one) => one.matches?.("li:has(.document)"))
                .forEach((one) => { heights.push(one.offsetHeight); sizes.observe(one); })
            ).observe(document.querySelector("#chat"), { childList: true });
        })()"""
    )
    hand.choose("1. PAN card", "Tap the PDF to open it")
    hand.page.until("document.querySelector('#chat img.page')?.naturalWidth > 300")
    assert len(set(hand.page.evaluate("heights"))) == 1


def test_a_document_whose_picture_fails_takes_the_same_place(hand: Hand) -> None:
    hand.sign_in()
    hand.choose("1. PAN card", "Tap the PDF to open it")
    hand.page.until("document.querySelector('#chat img.page')?.naturalWidth > 300")
    place = "document.querySelector('#chat .document .page').getBoundingClientRect().toJSON()"
    before = hand.page.evaluate(place)
    hand.page.evaluate("document.querySelector('#chat img.page').dispatchEvent(new Event('error'))")
    assert hand.page.evaluate("document.querySelector('#chat .document .page').localName") == "span"
    assert hand.page.evaluate(place) == before


def test_the_page_is_light(desk: Desk, hand: Hand) -> None:
    own = {
        address: size
        for address, size in hand.page.loaded.items()
        if address.partition("?")[0] == f"{desk.simulator.url}/" or "/page/" in address
    }
    assert {"page.js", "phone.css"} <= {address.rpartition("/")[2] for address in own}
    assert sum(own.values()) < LARGEST


def _number_of(hand: Hand) -> str:
    return str(hand.page.evaluate("new URLSearchParams(location.search).get('phone')"))
