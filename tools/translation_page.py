"""A page on which somebody who speaks a language checks its texts: each message as a bubble, beside the English."""

import re
from collections.abc import Mapping
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path

from helpdesk.conversation.effects import Button, Say
from helpdesk.conversation.model import Conversation
from helpdesk.conversation.stages import STAGES
from helpdesk.languages.catalogue import Catalogue, catalogue
from helpdesk.understanding.dates import written
from helpdesk.whatsapp.messages import length
from tests.conversations.chat import Chat, transcripts
from tools.texts import FACTS, LONGEST, NOTES, Entry, entries, head, is_translated, is_word_list, limit

_SHORT = ("button.", "document.", "words.", "example.", "language.name")
"""Texts of a line or so: each in a row of a table."""
_HERE = Path(__file__).parent
_LEAD = """
<p class="lead">Please read every message as a citizen would who uses a chat like this for the first time. Is it
right, polite and simple, and does it say the same as the English? Tick its box. If something should change, write
what, and how you would put it; then send us your remarks with the name of the message, such as
<code>otp.ask</code>. What has a <mark>yellow ground</mark> is only an example: it is filled in later, so the words
around it must fit anything. The number on the right says how long the message is, at its longest, and how long
WhatsApp lets it be.</p>
"""


def page(language: Catalogue) -> str:
    """Return the page for a language."""
    known, top = entries(), head(language.code)
    chapters = [(chapter, list(group)) for chapter, group in groupby(known, key=lambda one: one.chapter)]
    links = "".join(f'<a href="#{_anchor(chapter)}">{escape(_title(chapter))}</a>' for chapter, _ in chapters)
    terms = "".join(
        f"<tr><td>{escape(english)}</td><td{_spoken(language)}><b>{escape(term)}</b></td><td>{_bold(escape(why))}</td></tr>"
        for english, (term, why) in top.terms.items()
    )
    glossary = f"<h2>One word for one thing</h2><table>{terms}</table>" if terms else ""
    facts = "".join(
        f'<tr id="{key}"><td><code>{key}</code></td><td>{escape(language.texts[key])}</td></tr>' for key in FACTS
    )
    body = "".join(
        f'<h2 id="{_anchor(chapter)}">{escape(_title(chapter))}</h2>'
        + "".join(_article(entry, language) for entry in group if entry.key not in FACTS)
        for chapter, group in chapters
    )
    name = escape(language.name)
    style, script = ((_HERE / f"translation_page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{name}: texts to check</title><style>{style}</style>
<body data-code="texts-{language.code}">
<h1>{name}</h1>
<p>Checked by a native reader: {escape(top.checked or "nobody yet")}</p>{_LEAD}<nav>{links}</nav>
<div class="bar"><button class="copy">Copy my remarks</button><span class="done"></span></div>
{glossary}{body}
<h2>Facts about the language</h2><table>{facts}</table>
<script>{script}</script></body></html>
"""


def _article(entry: Entry, language: Catalogue) -> str:
    key, text = entry.key, language.texts[entry.key]
    note = entry.note if not is_word_list(key) else ""
    if key in NOTES:
        note = f"{note} It can stand before a question.".strip()
    about = f'<div class="note">{_bold(escape(note))}</div>' if note else ""
    short = ' class="short"' if key.startswith(_SHORT) else ""
    both = _side(key, language, "") + ("" if language.code == "en" else _side(key, catalogue("en"), "english "))
    return (
        f'<article id="{escape(key)}"{short}><header><label><input type="checkbox"><code>{escape(key)}</code></label>'
        f'{_length(key, text)}</header>{about}{both}<textarea placeholder="Remark"></textarea></article>\n'
    )


def _side(key: str, language: Catalogue, side: str) -> str:
    text = language.texts[key]
    if is_word_list(key) or not is_translated(key):
        return f'<div class="{side}plain"{_spoken(language)}>{escape(text)}</div>'
    shown = _bold(_filled(escape(text, quote=False), examples(language)))
    buttons = "".join(f"<span>{escape(language.texts[f'button.{one}'])}</span>" for one in _buttons().get(key, ()))
    below = f'<div class="buttons">{buttons}</div>' if buttons else ""
    return f'<div class="{side}chat"{_spoken(language)}><div class="bubble">{shown}</div>{below}</div>'


def _length(key: str, text: str) -> str:
    if not is_translated(key) or key.startswith("page.") or key == "date.months":
        return ""
    most, units = limit(key), length(text.format_map(LONGEST))
    near = " near" if units > 0.95 * most else ""
    return f'<span class="limit{near}">{units} of {most}</span>'


def _spoken(language: Catalogue) -> str:
    return f' lang="{language.code}" dir="{language.texts["language.direction"]}"'


def _anchor(chapter: str) -> str:
    return re.sub(r"\W+", "-", chapter)


def _title(chapter: str) -> str:
    return chapter[:1].upper() + chapter[1:]


def _bold(text: str) -> str:
    return re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", text)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: f"<mark>{escape(values[found[1]])}</mark>", text)


def examples(language: Catalogue) -> dict[str, str]:
    """Return a value for everything that is filled in."""
    texts = language.texts
    named = {
        "contact": "1800-000-000",
        "department": texts["department.example"],
        "grievance": "grievance@department.example",
        "privacy_page": "https://department.example/privacy",
        "consent_days": "365",
        "session_minutes": "15",
        "link_minutes": "15",
        "digits": "01",
        "seconds": "30",
        "pages": "3",
        "last": "12",
        "document": texts["document.DRVLC"],
        "issuer": "Transport Department",
        "name": "ASHA KUMARI",
        "born": written("1990-12-31", language.code),
        "gender": texts["button.female"],
        "mobile": "9000000001",
        "label": "Driving Licence Number",
        "example": "KA01 20190001234",
        "minutes": "10",
    }
    return dict.fromkeys(LONGEST, "2") | {"aadhaar": LONGEST["aadhaar"]} | named


@cache
def _buttons() -> dict[str, tuple[str, ...]]:
    """Return the buttons under a text, where a question explains itself or a transcript shows it."""
    found: dict[str, tuple[Button, ...]] = {}
    said = [reply for question in STAGES.values() if isinstance(reply := question.help(Conversation()), Say)]
    for transcript in transcripts():
        chat = Chat(transcript.citizen, transcript.rules)
        for line in transcript.chat:
            if "desk" not in line:
                chat.play(line)
        said += [effect for effect in chat.effects if isinstance(effect, Say)]
    for reply in said:
        found.setdefault(reply.text.key, reply.buttons)
    return {key: tuple(button.choice.value for button in buttons) for key, buttons in found.items()}
