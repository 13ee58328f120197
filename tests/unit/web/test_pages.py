"""The pages between the chat and DigiLocker."""

import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from helpdesk.web import pages
from helpdesk.web.pages import Language, PageTexts, whatsapp_link

CONSENT = "*Department* asks.\n\n• *One:* first\n• second\n\nSee *Privacy*.\n\nDo you agree?"
CHAT = "https://wa.me/919013151515"
EN = Language("en")
UR = Language("ur", "rtl")
TEXTS = PageTexts(
    service="Help desk",
    heading="Sign in",
    paragraphs=("First sentence.", "Second sentence."),
    action="Go on",
)
MARKUP = "</p><script>alert(1)</script>\" onload='x' &amp; <b>"


def start(texts: PageTexts = TEXTS, language: Language = EN, **changes: str) -> str:
    said = {"recipient": "Ends in {digits}.", "digits": "0001", "consent": CONSENT, "agree": "Yes", "decline": "No"}
    return pages.start_page(texts, language, **(said | changes))


def done(texts: PageTexts = TEXTS, language: Language = EN, url: str = CHAT) -> str:
    return pages.done_page(texts, language, whatsapp_url=url)


def proof(texts: PageTexts = TEXTS, language: Language = EN) -> str:
    return pages.proof_page(texts, language, number="919013151515", code_label="Your code:", code="K7Q2-M9XD")


PAGES: dict[str, Callable[[PageTexts, Language], str]] = {
    "start": start,
    "done": done,
    "refused": lambda texts, language: pages.refused_page(texts, language, whatsapp_url=CHAT),
    "expired": lambda texts, language: pages.expired_page(texts, language, whatsapp_url=CHAT),
    "proof": proof,
}
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)
VOID = {"meta", "path"}


class Read(HTMLParser):
    """A page as it is read: its elements, what stands in each, and whether all are closed in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(name: str, texts: PageTexts = TEXTS, language: Language = EN) -> Read:
    return Read(PAGES[name](texts, language))


# --- what is told


@EVERY_PAGE
def test_it_says_what_the_catalogue_says_and_has_one_way_on(name: str) -> None:
    page = read(name)

    assert page.texts["h1"] == ["Sign in"]
    assert page.texts["title"] == ["Sign in - Help desk"]
    assert page.texts["p"][:3] == ["Help desk", "First sentence.", "Second sentence."]
    assert page.texts.get("a", page.texts.get("button")) == (["Yes", "No"] if name == "start" else ["Go on"])


def test_the_start_names_the_last_digits_and_leads_on_by_a_form_to_its_own_address_only() -> None:
    page = read("start")

    assert page.texts["bdi"] == ["0001"]
    assert "Ends in <strong><bdi>0001</bdi></strong>." in start()
    assert page.all("a") == []
    assert page.all("form") == [{"method": "post"}]
    assert [(one["name"], one["value"]) for one in page.all("button")] == [("action", "agree"), ("action", "decline")]


def test_the_consent_has_its_paragraphs_its_list_and_what_stands_out() -> None:
    assert (
        "<p><strong>Department</strong> asks.</p>\n<ul><li><strong>One:</strong> first</li><li>second</li></ul>\n"
        "<p>See <strong>Privacy</strong>.</p>\n<p>Do you agree?</p>"
    ) in start()


@pytest.mark.parametrize("name", ["done", "refused", "expired"])
def test_the_others_lead_back_to_the_chat(name: str) -> None:
    assert read(name).all("a") == [{"class": "go", "href": CHAT}]


def test_the_chat_opens_with_the_code_that_is_shown() -> None:
    page = read("proof")

    assert page.all("a") == [{"class": "go", "href": f"{CHAT}?text=K7Q2-M9XD"}]
    assert page.texts["code"] == ["K7Q2-M9XD"]
    assert page.all("code") == [{"dir": "ltr"}]


def test_without_a_note_there_is_none() -> None:
    texts = PageTexts(service="s", heading="h", paragraphs=(), action="a")

    assert 'class="note"' not in start(texts)


# --- for whom


@EVERY_PAGE
@pytest.mark.parametrize(("language", "direction"), [(EN, "ltr"), (UR, "rtl"), (Language("hi-IN"), "ltr")])
def test_language_and_direction_are_told(name: str, language: Language, direction: str) -> None:
    assert read(name, language=language).all("html") == [{"lang": language.tag, "dir": direction}]


@EVERY_PAGE
def test_a_screen_reader_finds_one_heading_one_landmark_each_and_no_picture(name: str) -> None:
    page = read(name)

    assert [tag for tag, _ in page.elements if tag in {"header", "main", "h1", "h2"}] == ["header", "main", "h1"]
    assert [svg["aria-hidden"] for svg in page.all("svg")] == ["true"]


@EVERY_PAGE
def test_it_fits_the_phone_and_can_be_enlarged(name: str) -> None:
    assert {"name": "viewport", "content": "width=device-width,initial-scale=1"} in read(name).all("meta")


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "ground", 7),
        ("ink", "sheet", 7),
        ("ink", "box", 7),
        ("on-strong", "strong", 4.5),
        ("strong", "ground", 4.5),
        ("good", "ground", 3),
        ("bad", "ground", 3),
    ],
)
def test_colours_can_be_told_apart_in_light_and_in_the_dark(scheme: int, front: str, back: str, least: float) -> None:
    colours = dict(re.findall(r"--([a-z-]+):#([0-9a-f]+)", re.findall(r":root\{[^}]+\}", pages.STYLE)[scheme]))
    bright, dark = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)

    assert (bright + 0.05) / (dark + 0.05) >= least


# --- nothing from elsewhere, nothing that runs


@EVERY_PAGE
def test_it_loads_and_runs_nothing(name: str) -> None:
    page = read(name)

    assert {tag for tag, _ in page.elements} <= {
        *("html", "head", "meta", "title", "style", "body", "header", "main", "svg", "path"),
        *("h1", "p", "a", "strong", "bdi", "code", "span", "ul", "li", "form", "button"),
    }
    names = {key for _, attributes in page.elements for key in attributes}
    assert not {key for key in names if key.startswith("on") or key in {"style", "src", "srcset"}}
    assert "url(" not in pages.STYLE
    assert "@import" not in pages.STYLE


@EVERY_PAGE
def test_its_style_is_the_one_that_the_policy_allows(name: str) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", PAGES[name](TEXTS, EN), re.DOTALL)

    assert b64encode(sha256(style.encode()).digest()).decode() == pages.STYLE_HASH


@EVERY_PAGE
def test_whatever_a_text_holds_is_shown_and_not_obeyed(name: str) -> None:
    texts = PageTexts(service=MARKUP, heading=MARKUP, paragraphs=(MARKUP,), action=MARKUP)

    page = read(name, texts)

    assert [tag for tag, _ in page.elements] == [
        tag for tag, _ in read(name, PageTexts(service="s", heading="h", paragraphs=("p",), action="a")).elements
    ]
    assert page.texts["h1"] == [MARKUP]
    assert page.texts.get("a", [MARKUP]) == [MARKUP]


def test_labels_and_sentences_with_markup_are_shown_too() -> None:
    box = start(recipient=f"{MARKUP}{{digits}}{MARKUP}", digits="01")
    buttons = start(consent=f"*{MARKUP}*\n\n• {MARKUP}", agree=MARKUP, decline=MARKUP)
    label = pages.proof_page(TEXTS, EN, number="919013151515", code_label=MARKUP, code="K7Q2")

    for html in (box, buttons, label):
        assert "<script" not in html
        assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "//elsewhere.example.org/",
        "/relative",
        "https://",
        "",
        "https://a.example.org/\n",
        "https://a.example.org/ x",
        "https://ä.example.org/",
    ],
)
def test_a_link_leads_to_a_web_address_or_is_not_made(url: str) -> None:
    with pytest.raises(ValueError, match=r"^not a web address$"):
        done(url=url)


def test_an_address_with_a_quotation_mark_stays_in_its_attribute() -> None:
    page = Read(done(url='https://a.example.org/?x="onclick="y'))

    assert page.all("a") == [{"class": "go", "href": 'https://a.example.org/?x="onclick="y'}]


@pytest.mark.parametrize("digits", ["", "1", "00001", "ab", "٠١", "01\n", "<b>"])
def test_no_more_than_the_last_digits_can_be_named(digits: str) -> None:
    with pytest.raises(ValueError, match="last digits"):
        start(digits=digits)


def test_a_sentence_without_the_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="last digits"):
        start(recipient="Ends in.")


@pytest.mark.parametrize("code", ["", "abc", "x" * 33, "a<b>c", "कोड1", "abcd\n"])
def test_a_code_of_another_form_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match=r"^a code is"):
        pages.proof_page(TEXTS, EN, number="919013151515", code_label="", code=code)


@pytest.mark.parametrize("tag", ["", "e", 'en" onload="x', "en_IN", "en\n"])
def test_a_language_has_a_tag(tag: str) -> None:
    with pytest.raises(ValueError, match="language tag"):
        Language(tag)


@pytest.mark.parametrize(
    ("number", "text", "link"),
    [
        ("919013151515", "", CHAT),
        ("+919013151515", "", CHAT),
        ("919013151515", "a b&c=d?#/é", f"{CHAT}?text=a%20b%26c%3Dd%3F%23%2F%C3%A9"),
    ],
)
def test_a_chat_is_opened_by_number_and_text(number: str, text: str, link: str) -> None:
    assert whatsapp_link(number, text) == link


@pytest.mark.parametrize(
    "number", ["", "0919013151515", "91901", "9" * 16, "91 9013151515", "919013151515/x", "९१९०१३१५१५"]
)
def test_a_chat_is_opened_with_a_number_only(number: str) -> None:
    with pytest.raises(ValueError, match="telephone number"):
        whatsapp_link(number)


def test_the_package_starts_without_the_packages_that_start_slowly() -> None:
    program = (
        "import sys, helpdesk.web.answers, helpdesk.web.callback, helpdesk.web.cookies, helpdesk.web.pages;"
        "print(not {'requests', 'pydantic', 'boto3', 'aws_lambda_powertools'} & {*sys.modules})"
    )

    ran = subprocess.run(  # noqa: S603 - the words are this test's own
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(Path(__file__).parents[3] / "layers" / "helpdesk")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert ran.stdout == "True\n"
