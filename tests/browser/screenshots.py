"""Takes the pictures of docs/images, with the whole help desk on ports of its own: `make screenshots`."""

import io
import sys
from pathlib import Path

import pypdfium2
from PIL import Image

from operations.stage.posters import posters, printed
from standins.errors import StackError
from standins.local_stack import LocalStack, Progress, stop_on_signals
from standins.phone import Phone
from standins.visitor import PIN, Visitor
from tests.browser.chromium import Chromium, Page, find_chromium
from tests.browser.hand import Hand

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
LARGEST = 150_000
"""Bytes of a picture."""
_COLOURS = (256, 128, 64, 32, 16)
_WIDTH, _HEIGHT = 1280, 860
_PHONE_WIDTH, _PHONE_HEIGHT = 360, 600
_GREETINGS = {"hindi": "नमस्ते", "bengali": "হাই", "urdu": "سلام"}
_POSTERS = {"en-DRVLC", "ta-SSCER", "ur-DRVLC"}
_GAP = 16
_WHOLE_WAY = {"hindi", "urdu"}
"""Languages whose list and document are shown too."""


def take(page: Page, name: str, selector: str = "body") -> None:
    """Write a picture of an element."""
    page.until("![...document.images].some((one) => !one.complete)")
    box = page.evaluate(f"document.querySelector('{selector}').getBoundingClientRect().toJSON()")
    clip = {"x": 0, "y": 0, "width": _WIDTH, "height": _HEIGHT}
    if selector != "body":
        clip = {side: box[side] for side in clip}
    write(name, Image.open(io.BytesIO(page.picture(clip={**clip, "scale": 1}))).convert("RGB"))


def write(name: str, taken: Image.Image) -> None:
    """Write a picture, with as many colours as its size allows."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    content = next(found for colours in _COLOURS if len(found := _png(taken, colours)) < LARGEST)
    path = FOLDER / f"{name}.png"
    path.write_bytes(content)
    print(f"  {path.relative_to(FOLDER.parents[1])}  {len(content) // 1000} kB")


def _png(picture: Image.Image, colours: int) -> bytes:
    written = io.BytesIO()
    picture.quantize(colours).save(written, "PNG", optimize=True)
    return written.getvalue()


def pictures(chromium: Chromium, url: str) -> None:
    """Go through a conversation, and take a picture where there is something to see."""
    with chromium.page(width=_WIDTH, height=_HEIGHT) as page:
        page.resize(_WIDTH, _HEIGHT, scale=1.5)
        hand = Hand(page, url, "919000000001")
        hand.say("Hi", "Welcome")
        take(page, "menu")
        hand.sign_in()
        page.click("#chat .choices button[aria-haspopup]")
        page.until("document.querySelector('#sheet').open")
        take(page, "list")
        page.click("#sheet-close")
        hand.choose("2. Driving licence", "Tap the PDF")
        page.until("document.querySelector('#chat img.page')?.naturalWidth > 300")
        page.evaluate("document.querySelector('#scroller').scrollTop = 1e6; document.activeElement.blur()")
        take(page, "document")
        hand.open_backstage()
        page.until("document.querySelectorAll('#steps .run').length > 1")
        page.click("#steps button", "WhatsApp calls the webhook")
        take(page, "behind-the-scenes")
        page.prefer(dark=True)
        page.click("#close-backstage")
        take(page, "dark")
    for number, (language, greeting) in enumerate(_GREETINGS.items(), start=1):
        with chromium.page(width=_WIDTH, height=_HEIGHT) as page:
            page.resize(_WIDTH, _HEIGHT, scale=1.5)
            hand = Hand(page, url, f"91900060000{number}")
            hand.say(greeting, "DigiLocker")
            show_end(page)
            take(page, f"language-{language}", "#phone")
            if language in _WHOLE_WAY:
                list_and_document(hand, language)


def list_and_document(hand: Hand, language: str) -> None:
    """From the menu to the driving licence, by where things stand: their names are in another language each time."""
    page = hand.page
    for _ in range(3):
        before = hand.count()
        page.evaluate("document.querySelector('#chat > li:last-child .choices button').click()")
        hand.answered(before, "")
    received = page.evaluate("document.querySelectorAll('#sms button').length")
    page.click("#about dd:nth-of-type(1) button")
    hand.send("OTP")
    page.until(f"document.querySelectorAll('#sms button').length > {received}")
    page.click("#sms li:first-child button")
    hand.send("Income Tax Department")
    page.click("#chat .choices button[aria-haspopup]")
    page.until("document.querySelector('#sheet').open")
    take(page, f"list-{language}", "#phone")
    before = hand.count()
    page.click("#rows .row", "2.")
    page.click("#sheet-send")
    hand.answered(before, "Ministry of Road Transport and Highways")
    page.until("document.querySelector('#chat > li:last-child img.page')?.naturalWidth > 300")
    show_end(page)
    take(page, f"document-{language}", "#phone")


def pages_around_digilockers(chromium: Chromium, url: str) -> None:
    """Go to DigiLocker's page and back, and take pictures of ours on a phone."""
    number = "919000000001"
    with chromium.page(width=_WIDTH, height=_HEIGHT) as page:
        hand = Hand(page, url, number)
        hand.say("Hi", "Welcome")
        hand.tap("DigiLocker Services", "Please sign in on DigiLocker's own page")
        link = page.evaluate("document.querySelector('#chat > li:last-child .choices a').href")
    visitor = Visitor(stops_before=f"{url}/consent")
    with chromium.page(link, width=_PHONE_WIDTH, height=_PHONE_HEIGHT) as page:
        page.resize(_PHONE_WIDTH, _PHONE_HEIGHT, scale=2)
        page.resize(_PHONE_WIDTH, int(page.evaluate("document.documentElement.scrollHeight")), scale=2)
        take(page, "page-start", "html")
        page.resize(_PHONE_WIDTH, _PHONE_HEIGHT, scale=2)
        visitor.open(link)
        visitor.press("agree")
        visitor.press("continue")
        visitor.press("continue", otp=Phone(url, number).otp())
        visitor.press("continue", pin=PIN)
        visitor.press("allow")
        page.open(visitor.at)
        take(page, "page-code", "html")


def some_posters() -> None:
    """Put three posters side by side."""
    shown = [one for one in posters("919000000000") if one.name in _POSTERS]
    sheets = [page.render(scale=0.62).to_pil() for page in pypdfium2.PdfDocument(printed(shown))]
    width, height = sheets[0].size
    picture = Image.new("RGB", ((width + _GAP) * len(sheets) + _GAP, height + 2 * _GAP), "#c8d0ce")
    for place, sheet in enumerate(sheets):
        picture.paste(sheet, (_GAP + place * (width + _GAP), _GAP))
    write("posters", picture)


def show_end(page: Page) -> None:
    """Scroll to the end of the chat, with nothing in focus."""
    page.evaluate("document.querySelector('#scroller').scrollTop = 1e6; document.activeElement.blur()")


def main() -> int:
    """Return the exit status."""
    if find_chromium() is None:
        print("There is no Chromium: apt-get install chromium fonts-noto-core", file=sys.stderr)
        return 1
    some_posters()
    progress = Progress()
    with stop_on_signals():
        try:
            with (
                LocalStack(tell=progress) as stack,
                Chromium() as chromium,
            ):
                pictures(chromium, stack.chat_url)
            with (
                LocalStack(
                    parameters={"SignIn": "consent-page"},
                    simulator_settings={"digilocker_version": "2.4"},
                    tell=progress,
                ) as stack,
                Chromium() as chromium,
            ):
                pages_around_digilockers(chromium, stack.chat_url)
        except StackError as error:
            progress.broken_off()
            print(f"\n{error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
