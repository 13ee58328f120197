"""The pages that a citizen sees between the chat and DigiLocker, rendered from the texts of a catalogue.

Each is one heading, a few sentences and one way to go on: a link or, on the first page, a form. They load nothing, run
nothing, and can be read at a width of 320 pixels, by a screen reader, from right to left, and in the dark.
"""

import re
from base64 import b64encode
from enum import Enum
from hashlib import sha256
from html import escape
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from helpdesk.structs import Value

_DIGITS: Final = re.compile(r"[0-9]{2,4}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{7,14}")
"""A telephone number with its country code: E.164 allows 15 digits."""
_STRONG: Final = re.compile(r"\*([^*\n]+)\*")
_BULLET: Final = "• "
ANSWER, AGREE, DECLINE = "action", "agree", "decline"
"""The field of the form on the first page, and what it can hold."""
_CODE: Final = re.compile(r"[A-Za-z0-9 -]{4,32}")
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
"""A language tag (BCP 47)."""

STYLE: Final = """
:root{color-scheme:light dark;--ground:#eef3f1;--sheet:#fff;--ink:#14211e;--line:#cbd6d2;
--strong:#075e54;--on-strong:#fff;--good:#0b6b4f;--bad:#8a3b12;--box:#f1f6f4}
@media (prefers-color-scheme:dark){:root{--ground:#0d1513;--sheet:#16211e;--ink:#eaf2ef;--line:#34443f;
--strong:#5fd6b4;--on-strong:#06231c;--good:#6fe0b8;--bad:#ffb68a;--box:#1e2c28}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);overflow-wrap:anywhere;
font:1.0625rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
[dir=rtl] body{line-height:2.1;
font-family:"Noto Nastaliq Urdu","Jameel Noori Nastaleeq","Noto Naskh Arabic","Noto Sans Arabic",serif}
header{padding:.8rem 1rem;border-block-end:1px solid var(--line);background:var(--sheet);font-weight:600}
header p,main{max-width:34rem;margin-inline:auto}
header p{margin-block:0}
main{padding:1.5rem 1rem 2.5rem}
svg{display:block;width:3.25rem;height:3.25rem;margin:0 -.4rem 1rem;color:var(--strong)}
.good svg{color:var(--good)}
.bad svg{color:var(--bad)}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.3}
[dir=rtl] h1{line-height:1.9}
main p{margin:0 0 .9rem}
.box{padding:.8rem 1rem;border:1px solid var(--line);border-inline-start:.3rem solid var(--strong);border-radius:.6rem;
background:var(--box)}
.box strong{font-size:1.2em;letter-spacing:.06em;white-space:nowrap}
.box .code{display:block;margin-block-start:.2rem}
code{font:700 1.45rem/1.4 ui-monospace,"Noto Sans Mono",monospace;letter-spacing:.08em;
-webkit-user-select:all;user-select:all}
.go{display:block;margin-block:1.4rem 1.1rem;padding:.85rem 1rem;border:2px solid transparent;border-radius:.7rem;
background:var(--strong);color:var(--on-strong);font-weight:700;text-align:center;text-decoration:none}
button{width:100%;font:inherit;line-height:1.55;cursor:pointer}
.go.no{margin-block:0;background:none;color:var(--strong);border-color:var(--strong)}
.go:hover{text-decoration:underline}
.go:focus-visible{outline:3px solid var(--ink);outline-offset:3px}
ul{margin:0 0 .9rem;padding-inline-start:1.2rem}
li{margin-block-end:.5rem}
"""

STYLE_HASH: Final = b64encode(sha256(STYLE.encode()).digest()).decode()
"""The style's SHA-256 as base64: what `style-src` allows, and nothing else."""


class Language(Value, frozen=True):
    """A language's tag, such as `hi`, and the direction of its script."""

    tag: str
    direction: Literal["ltr", "rtl"] = "ltr"

    def __post_init__(self) -> None:
        if not _TAG.fullmatch(self.tag):
            raise ValueError("not a language tag")


class PageTexts(Value, frozen=True, kw_only=True):
    """A page's texts, all in one language. Plain text: whatever would be markup is shown as it is written."""

    service: str
    """The desk's name, above everything."""
    heading: str
    paragraphs: tuple[str, ...]
    action: str
    """What the one link says; it must be understood without the text around it."""


class _Mood(Enum):
    """What the picture says: decoration only, the heading says the same in words."""

    NEUTRAL = ("", "M12 3l7 3v5c0 4.6-2.9 8-7 10-4.1-2-7-5.4-7-10V6z M9 11.5l2.2 2.2L15.2 9.5")  # shield
    GOOD = ("good", "M12 2.8a9.2 9.2 0 1 1 0 18.4 9.2 9.2 0 0 1 0-18.4z M7.8 12.3l2.9 2.9 5.5-6")
    BAD = ("bad", "M12 2.8a9.2 9.2 0 1 1 0 18.4 9.2 9.2 0 0 1 0-18.4z M12 7.2v6 M12 16.4v.4")


def start_page(
    texts: PageTexts, language: Language, *, recipient: str, digits: str, consent: str, agree: str, decline: str
) -> str:
    """Return the page that says where the documents will go and asks for her consent, before she goes to DigiLocker.

    `recipient` is a sentence that holds `{digits}`, the last two to four digits of the WhatsApp number; a sentence
    without, if no number is known and `digits` is "". Raises ValueError for anything else. `consent` is written as in
    WhatsApp: paragraphs, lines that begin with "•", *what stands out*. Its form goes to the page's own address.
    """
    before, mark, after = recipient.partition("{digits}")
    if bool(mark) != bool(digits) or (digits and not _DIGITS.fullmatch(digits)):
        raise ValueError("the page must name the last digits of the number")
    named = f"<strong><bdi>{digits}</bdi></strong>" if digits else ""
    box = f'<p class="box">{escape(before)}{named}{escape(after)}</p>'
    form = f"""<form method="post">
<button class="go" name="{ANSWER}" value="{AGREE}">{escape(agree)}</button>
<button class="go no" name="{ANSWER}" value="{DECLINE}">{escape(decline)}</button>
</form>"""
    return _html(texts, language, _Mood.NEUTRAL, f"{box}\n{_marked_up(consent)}\n{form}")


def _marked_up(text: str) -> str:
    """Return paragraphs, lists and strong words for a text that is written as in WhatsApp."""
    parts = []
    for paragraph in text.strip().split("\n\n"):
        lines = [_STRONG.sub(r"<strong>\1</strong>", escape(line)) for line in paragraph.split("\n")]
        if paragraph.startswith(_BULLET):
            lines = [f"<li>{line.removeprefix(_BULLET)}</li>" for line in lines]
            parts.append(f"<ul>{''.join(lines)}</ul>")
        else:
            parts.append(f"<p>{'<br>'.join(lines)}</p>")
    return "\n".join(parts)


def done_page(texts: PageTexts, language: Language, *, whatsapp_url: str) -> str:
    """Return the page that says that she is signed in; it leads back to the chat."""
    return _page(texts, language, _Mood.GOOD, whatsapp_url)


def refused_page(texts: PageTexts, language: Language, *, whatsapp_url: str) -> str:
    """Return the page that says that nothing was shared, as she wished; it leads back to the chat."""
    return _page(texts, language, _Mood.NEUTRAL, whatsapp_url)


def expired_page(texts: PageTexts, language: Language, *, whatsapp_url: str) -> str:
    """Return the page for a link that is too old, was used, or belongs to another browser."""
    return _page(texts, language, _Mood.BAD, whatsapp_url)


def proof_page(texts: PageTexts, language: Language, *, number: str, code_label: str, code: str) -> str:
    """Ask her to send a one-time code from the chat that asked: only then is what she allowed used.

    The link opens the chat with the desk (`number`: digits with the country code) with the code typed already; it is
    shown as well, for a citizen who has WhatsApp on another device. Raises ValueError for a malformed code or number.
    """
    if not _CODE.fullmatch(code):
        raise ValueError("a code is 4 to 32 letters, digits, spaces and hyphens")
    box = f'<p class="box">{escape(code_label)} <span class="code"><code dir="ltr">{escape(code)}</code></span></p>'
    return _page(texts, language, _Mood.NEUTRAL, whatsapp_link(number, code), box)


def whatsapp_link(number: str, text: str = "") -> str:
    """Return the address that opens a chat with a number (digits with the country code), `text` typed already.

    Raises ValueError for anything but a number.
    """
    digits = number.removeprefix("+")
    if not _NUMBER.fullmatch(digits):
        raise ValueError("not a telephone number")
    return f"https://wa.me/{digits}" + (f"?text={quote(text, safe='')}" if text else "")


def _page(texts: PageTexts, language: Language, mood: _Mood, url: str, box: str = "") -> str:
    link = f'<a class="go" href="{escape(_web_address(url))}">{escape(texts.action)}</a>'
    return _html(texts, language, mood, f"{box}\n{link}")


def _html(texts: PageTexts, language: Language, mood: _Mood, rest: str) -> str:
    kind, path = mood.value
    paragraphs = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in texts.paragraphs)
    return f"""<!doctype html>
<html lang="{language.tag}" dir="{language.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(texts.heading)} - {escape(texts.service)}</title>
<style>{STYLE}</style>
</head>
<body>
<header><p>{escape(texts.service)}</p></header>
<main class="{kind}">
<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" \
stroke-linejoin="round" aria-hidden="true" focusable="false"><path d="{path}"/></svg>
<h1>{escape(texts.heading)}</h1>
{paragraphs}
{rest}
</main>
</body>
</html>
"""


def _web_address(url: str) -> str:
    """Return the address if a link may lead there: a link with another scheme could run code."""
    if not (url.isascii() and url.isprintable() and " " not in url):
        raise ValueError("not a web address")
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("not a web address")
    return url
