"""Plays a table of phrases (<language>.yaml) against the pure dialogue, each at its open question."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import replace

from helpdesk.conversation.advance import advance
from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.effects import (
    BORN,
    MOBILE,
    NAME,
    DeliverDocument,
    Effect,
    EraseData,
    FetchDocument,
    FindOffers,
    OfferLanguages,
    PullDocument,
    RecordConsent,
    Say,
    SealInput,
    SendOtp,
    ShowDocuments,
    ShowOptions,
    SignUp,
    VerifyOtp,
    detail,
)
from helpdesk.conversation.events import Entered, Event, Tapped
from helpdesk.conversation.model import (
    Conversation,
    Form,
    IssuedDocument,
    OtpRound,
    Rules,
    Session,
    Stage,
    Waiting,
)
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.conversation.pull import Pull
from helpdesk.conversation.turn import MISSED
from helpdesk.languages.catalogue import codes
from helpdesk.understanding.reading import read

FOLDER = Path(__file__).parent
NOW = 1_800_000_000
LISTING = "1f2e3d4c"

DOCUMENTS = (
    IssuedDocument("Aadhaar Card", "ADHAR", "Unique Identification Authority of India", "in.gov.uidai-ADHAR-1"),
    IssuedDocument("PAN Verification Record", "PANCR", "Income Tax Department", "in.gov.pan-PANCR-1"),
    IssuedDocument("Driving License", "DRVLC", "Ministry of Road Transport and Highways", "in.gov.transport-DRVLC-1"),
    IssuedDocument(
        "Registration of Vehicles", "RVCER", "Ministry of Road Transport and Highways", "in.gov.transport-RVCER-1"
    ),
    IssuedDocument("Class X Marksheet", "SSCER", "Central Board of Secondary Education", "in.gov.cbse-SSCER-1"),
    IssuedDocument(
        "Class X Passing Certificate", "SPCER", "Central Board of Secondary Education", "in.gov.cbse-SPCER-1"
    ),
    IssuedDocument("Class XII Marksheet", "HSCER", "Central Board of Secondary Education", "in.gov.cbse-HSCER-1"),
    IssuedDocument("Insurance Policy - Two Wheeler", "TWIPC", "New India Assurance Co. Ltd.", "in.newindia-TWIPC-1"),
    IssuedDocument("Insurance Policy - Car", "CRIPC", "New India Assurance Co. Ltd.", "in.newindia-CRIPC-1"),
    IssuedDocument("Income Certificate", "INCER", "Revenue Department", "in.gov.edistrict-INCER-1"),
    IssuedDocument("Insurance Policy - Health", "HLIPC", "New India Assurance Co. Ltd.", "in.newindia-HLIPC-1"),
    IssuedDocument(
        "Class XII Passing Certificate", "HPCER", "Central Board of Secondary Education", "in.gov.cbse-HPCER-1"
    ),
)
"""What she has at `documents`, seven on a page."""

_OFFER = Offer("DRVLC", "Driving License", "001891", "in.gov.transport", "Ministry of Road Transport and Highways")
_PARAMETERS = (Parameter("dlno", "Driving Licence Number"), Parameter("name", "Name"))
_RULES = Rules(languages=codes())
_ACTS = {"agree", "send", "delete", "stop", "sign-out", "sign-up"}


@dataclass(frozen=True)
class Phrase:
    """One line of a table."""

    language: str
    question: str
    say: str
    means: str
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Played:
    """What came of a phrase."""

    phrase: Phrase
    got: str

    @property
    def is_right(self) -> bool:
        """Whether it is what the table wants."""
        return _same(_wanted(self.phrase), self.got)

    @property
    def is_harmful(self) -> bool:
        """Whether something was done that she did not ask for."""
        if self.is_right:
            return False
        kind, _, rest = self.got.partition(" ")
        if kind == "fetch":
            return rest not in _wanted(self.phrase).split()[1:]
        return kind in _ACTS


def languages() -> list[str]:
    """Return the languages that have a table."""
    return [code for code in codes() if (FOLDER / f"{code}.yaml").exists()]


def phrases(language: str) -> Iterator[Phrase]:
    """Read the table of a language."""
    table: dict[str, list[dict[str, Any]]] = yaml.load(
        (FOLDER / f"{language}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    for question, lines in table.items():
        for line in lines:
            unknown = line.keys() - {"say", "means", "without"}
            if unknown or question not in QUESTIONS:
                raise ValueError(f"{language}.yaml: what is {question}: {line}?")
            yield Phrase(language, question, str(line["say"]), line["means"], tuple(line.get("without", ())))


def play(phrase: Phrase) -> Played:
    """Say the phrase at its open question."""
    before = QUESTIONS[phrase.question]
    before = replace(before, language="en" if phrase.question == "menu" else phrase.language)
    if phrase.without:
        kept = tuple(document for document in before.documents if document.doctype not in phrase.without)
        before = replace(before, documents=kept)
    event, value = hear(before, phrase.say)
    after, effects = advance(before, event, NOW, _RULES)
    return Played(phrase, _outcome(before, after, effects, value))


def hear(conversation: Conversation, text: str) -> tuple[Event, str]:
    """Read a text as the webhook does; return the event, and the value that would be sealed."""
    understood = read("step", text, conversation)
    parameter = conversation.asked_parameter
    event = understood.event
    if parameter and parameter.accept(text) is not None:
        event = replace(event, fits=True)
    if isinstance(event, Entered):
        event = replace(event, mark="mark of it")
    return event, understood.digits or text


def _at_documents() -> Conversation:
    session = Session(NOW - 60, NOW + 3000, listing=LISTING, count=len(DOCUMENTS), listed_at=NOW - 50)
    return Conversation(stage=Stage.DOCUMENTS, active_at=NOW - 30, session=session, documents=DOCUMENTS)


def _ended() -> Conversation:
    out, _ = advance(_at_documents(), Tapped("done", Tap(Choice.DONE)), NOW - 20, _RULES)
    return out


def _signing_up(stage: Stage, *has: str) -> Conversation:
    return Conversation(stage=stage, active_at=NOW - 30, form=Form(has=has), writes_from_mobile=True)


_OTP = OtpRound(NOW - 90, NOW + 500, 3, "", "mark")
_BRINGING = Pull(chosen=_OFFER, parameters=_PARAMETERS, mark="5a5a5a5a", has=(detail(1), detail(2)))
QUESTIONS = {
    "menu": Conversation(),
    "account": Conversation(stage=Stage.ACCOUNT, active_at=NOW - 30),
    "consent": Conversation(stage=Stage.CONSENT, active_at=NOW - 30),
    "aadhaar": Conversation(stage=Stage.AADHAAR, active_at=NOW - 30),
    "otp": Conversation(stage=Stage.OTP, active_at=NOW - 30, otp=_OTP),
    "documents": _at_documents(),
    "finding": replace(_at_documents(), stage=Stage.FINDING, pull=Pull()),
    "check": replace(_at_documents(), stage=Stage.CHECK, pull=_BRINGING),
    "delete": replace(_at_documents(), stage=Stage.DELETE),
    "language": Conversation(stage=Stage.LANGUAGE, previous=Stage.MENU, active_at=NOW - 30),
    "name": _signing_up(Stage.NAME, "aadhaar"),
    "born": _signing_up(Stage.BORN, "aadhaar", "name"),
    "mobile": _signing_up(Stage.MOBILE, "aadhaar", "name", "born", "gender"),
    "waiting": replace(_at_documents(), stage=Stage.LISTING, waiting=(Waiting("asked", NOW - 5),)),
    "ended": _ended(),
}
"""Where she is when she says it. At `menu` the desk speaks English yet, everywhere else her language."""


def _wanted(phrase: Phrase) -> str:
    """Return what is wanted, in the words that `_outcome` has for it."""
    kind, _, rest = phrase.means.partition(" ")
    if kind == "fetch" and rest.isdecimal():
        kept = [document for document in DOCUMENTS if document.doctype not in phrase.without]
        return f"fetch {kept[int(rest) - 1].doctype}"
    if kind == "yes":
        return {"check": "send", "delete": "delete"}.get(phrase.question, "yes")
    if kind == "no" and phrase.question == "account":
        return "sign-up"
    if kind == "choose":
        return " ".join(["choose", *sorted(rest.split())])
    return {"no-otp": "resend", "wish other": "wish other"}.get(phrase.means, phrase.means)


def _same(wanted: str, got: str) -> bool:
    if wanted == got:
        return True
    kind, _, value = wanted.partition(" ")
    # Where the table names no value, any will do.
    if not value and kind in {"otp", "aadhaar", "mobile", "date", "name"}:
        return got.partition(" ")[0] == kind
    return (wanted, got) in _ENOUGH


_ENOUGH = {
    ("menu", "greet"),
    ("greet", "menu"),
    ("no", "menu"),
    ("no", "decline"),
    ("decline", "cancel"),
    ("no", "change"),
    ("no", "again"),
    ("again", "change"),
    ("again", "explain"),
    ("help", "explain"),
    ("explain", "help"),
    ("about safe", "privacy"),
}
"""What the table wants, and what is as good."""


def _outcome(before: Conversation, after: Conversation, effects: tuple[Effect, ...], value: str) -> str:
    """Say in a word or two what came of it."""
    done = _done(before, effects, value)
    if done:
        return done
    if not effects:
        return "silent"
    if after.stage is Stage.STOPPED:
        return "stop"
    if before.session is None and after.wish and after.wish != before.wish:
        return " ".join(["wish", *(sorted(after.wish.doctypes) or ["other"])])
    told = next((e for e in effects if isinstance(e, Say | ShowDocuments | OfferLanguages | ShowOptions)), None)
    key = told.text.key if isinstance(told, Say | ShowOptions) else ""
    note = told.note.key if told and told.note else ""
    if note == "language.changed":
        return f"language {after.language}"
    if note in MISSED and after.stage is before.stage:
        return "again"
    if key in _KEYS:
        return _KEYS[key]
    first, _, rest = key.partition(".")
    if first in {"courtesy", "about"}:
        return "courtesy" if first == "courtesy" else f"about {rest}"
    if first == "help":
        return "explain" if rest == "account" else "help"
    if note == "documents.not_hers" or key == "documents.not_hers":
        return "bring-in"
    if isinstance(told, OfferLanguages):
        return "again" if note in MISSED else "languages"
    if note.startswith("cancelled"):
        return "cancel"
    if note in MISSED or note.endswith(".length"):
        return "again"
    if isinstance(told, ShowDocuments):
        return _shown(before, after, told)
    return _moved(before, after, key)


_KEYS = {
    "done": "sign-out",
    "consent.declined": "decline",
    "person": "person",
    "privacy": "privacy",
    "pull.change": "change",
    "sign_up.change": "change",
    "delete.ask": "ask-delete",
    "otp.not_come": "resend",
    "session.none": "signed-out",
    "documents.not_hers": "bring-in",
}


def _done(before: Conversation, effects: tuple[Effect, ...], value: str) -> str:
    """Name what is done, if anything is."""
    for effect in effects:
        match effect:
            case FetchDocument(number=number):
                return f"fetch {before.documents[number - 1].doctype}"
            case RecordConsent():
                return "agree"
            case EraseData():
                return "delete"
            case PullDocument():
                return "send"
            case FindOffers():
                return "bring-in"
            case VerifyOtp():
                return f"otp {value}"
            case SendOtp() | SignUp():
                return "resend" if before.stage is Stage.OTP else f"aadhaar {value}"
            case SealInput(name=name) if name in {NAME, BORN, MOBILE}:
                return f"{ {NAME: 'name', BORN: 'date', MOBILE: 'mobile'}[name] } {value}"
            case DeliverDocument(number=number):
                return f"deliver {number}"
    return ""


def _shown(before: Conversation, after: Conversation, told: ShowDocuments) -> str:
    if told.only:
        return " ".join(["choose", *sorted(before.documents[number - 1].doctype for number in told.only)])
    if before.stage is Stage.DOCUMENTS and before.session and told.page != before.session.page:
        return f"page {told.page}"
    return "back" if before.stage is Stage.FINDING else "list"


def _moved(before: Conversation, after: Conversation, key: str) -> str:
    """Name where she is now, compared with where she was."""
    if before.stage is Stage.OTP and after.stage is Stage.AADHAAR:
        return "change-number"
    if after.stage is before.stage and before.stage not in {Stage.MENU, Stage.NEW}:
        return "again"
    match after.stage:
        case Stage.MENU | Stage.NEW:
            return "greet" if after.greeted_at == NOW else "menu"
        case Stage.ACCOUNT:
            if before.stage is Stage.CONSENT:
                return "back"
            return "another-person" if before.session and not after.session else "list"
        case Stage.CONSENT:
            if before.stage is Stage.ACCOUNT or after.form:
                return "sign-up" if after.form else "yes"
            return "list" if before.stage in {Stage.MENU, Stage.NEW} else "back"
        case Stage.FINDING:
            return "new-document"
    return "back" if key in {"aadhaar.ask", "sign_up.name", "sign_up.born"} else after.stage.value


def report(played: list[Played], *, tell: bool) -> str:
    """Write the table of right, wrong and harmful, by language and by question; with `tell`, every miss before it."""
    lines: list[str] = []
    if tell:
        for one in played:
            if not one.is_right:
                mark = "HARM" if one.is_harmful else "miss"
                phrase = one.phrase
                lines.append(
                    f"{mark} {phrase.language} {phrase.question}: {phrase.say!r} is {one.got!r}, not {phrase.means!r}"
                )
    for by in ("language", "question"):
        lines.append(f"{by:<12}{'right':>8}{'wrong':>8}{'harmful':>9}{'share':>9}")
        names = dict.fromkeys(getattr(one.phrase, by) for one in played)
        lines.extend(_row(name, [one for one in played if getattr(one.phrase, by) == name]) for name in names)
    lines.append(_row("wishes", [one for one in played if one.phrase.means.startswith("wish")]))
    lines.append(_row("all", played))
    return "\n".join(lines)


def _row(name: str, played: list[Played]) -> str:
    right = sum(one.is_right for one in played)
    harmful = sum(one.is_harmful for one in played)
    return f"{name:<12}{right:>8}{len(played) - right:>8}{harmful:>9}{share(played):>8.1f}%"


def share(played: list[Played]) -> float:
    """Return how many are right, in percent."""
    return 100 * sum(one.is_right for one in played) / len(played) if played else 100.0
