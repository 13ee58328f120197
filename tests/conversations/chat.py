"""Plays a conversation of this folder against the pure dialogue, with DigiLocker's answers made up on the spot."""

import json
import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import replace

from helpdesk.conversation.advance import advance
from helpdesk.conversation.answers import wanted
from helpdesk.conversation.chapters.sign_in_form import open_form
from helpdesk.conversation.chapters.sign_in_page import open_link
from helpdesk.conversation.choices import read_tap
from helpdesk.conversation.effects import (
    REPLIES,
    REQUESTS,
    SHARED,
    TOKEN,
    AnswerForm,
    AskParameters,
    DeliverDocument,
    Effect,
    ExchangeCode,
    FetchDocument,
    FindOffers,
    ListDocuments,
    MakeLink,
    OfferForm,
    OfferLanguages,
    OfferLink,
    PullDocument,
    Request,
    Say,
    SealInput,
    SendOtp,
    SetTimer,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
    SignUp,
    VerifyOtp,
    VerifySignUp,
    detail,
)
from helpdesk.conversation.events import (
    Answer,
    ConsentAnswered,
    ConsentReturned,
    DocumentFetched,
    DocumentsListed,
    Entered,
    Event,
    Failed,
    FormBack,
    FormClosed,
    FormNotShown,
    FormOpened,
    FormSubmitted,
    FormUnseen,
    LinkMade,
    OtpSent,
    ParametersTold,
    Pulled,
    Refreshed,
    SentProof,
    SentSomethingElse,
    SignedIn,
    Tapped,
    TimeRanOut,
)
from helpdesk.conversation.model import Conversation, IssuedDocument, Rules
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.screens import Screen
from helpdesk.digilocker.directory import Directory
from helpdesk.digilocker.directory import Offer as Listed
from helpdesk.digilocker.models import DocumentType, Issuer
from helpdesk.languages.catalogue import codes
from helpdesk.service.digilocker_gateway import offered
from helpdesk.service.form_reader import read_submission
from helpdesk.service.form_screens import FormScreens
from helpdesk.service.proof_code import read_proof
from helpdesk.service.renderer import Renderer
from helpdesk.understanding.reading import read
from helpdesk.whatsapp.messages import (
    ButtonsMessage,
    DocumentHeader,
    FormMessage,
    LinkMessage,
    ListMessage,
    Message,
    TextMessage,
)
from standins.digilocker.citizens import Citizen, everyone
from standins.digilocker.directory import organisation, organisations
from standins.digilocker.documents import IssuedDocument as Issued

FOLDER = Path(__file__).parent
RIGHT_OTP, WRONG_OTP = "246813", "111111"
PROOF = "a hash of the code that the page shows"
START = 1_800_000_000
_NEVER_DUE = 1e11
FORM: Any = json.loads((FOLDER.parents[1] / "forms" / "sign_in.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Transcript:
    """One file of this folder."""

    name: str
    about: str
    citizen: Citizen
    chat: list[dict[str, str]]
    deployed: bool
    on_page: bool = False
    """She signs in on DigiLocker's own page."""
    by_form: bool = False
    """She signs in by the form."""

    @property
    def rules(self) -> Rules:
        """The parameters of the deployment that she writes to."""
        return Rules(languages=codes(), on_page=self.on_page, by_form=self.by_form)


def transcripts() -> list[Transcript]:
    """Read all files of this folder."""
    return [_transcript(path) for path in sorted(FOLDER.glob("*.yaml"))]


def form_transcripts() -> list[Transcript]:
    """Read those in which she signs in by the form: they also show its screens."""
    return [_transcript(path) for path in sorted((FOLDER / "form").glob("*.yaml"))]


def _transcript(path: Path) -> Transcript:
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    citizen = next(one for one in everyone() if one.name.casefold() == content["citizen"].casefold())
    return Transcript(
        path.stem,
        content["about"],
        citizen,
        content["chat"],
        content.get("deployed", False),
        content.get("signs in", "") == "on the page",
        content.get("signs in", "") == "by the form",
    )


@lru_cache(maxsize=100_000)
def matches(expected: str, said: str) -> bool:
    """Return whether a text is the expected one, in which … stands for anything."""
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in expected.split("…"))
    pattern = pattern.replace(r".*\ ", ".*").replace(r"\ .*", ".*")
    return re.fullmatch(pattern, " ".join(said.split()), re.DOTALL) is not None


@dataclass
class Chat:
    """A chat with the pure dialogue. `said` holds what the desk has said and nobody has read yet."""

    citizen: Citizen
    rules: Rules = field(default_factory=lambda: Rules(languages=codes()))
    now: int = START
    conversation: Conversation = field(default_factory=Conversation)
    said: list[str] = field(default_factory=list)
    tappable: dict[str, str] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    screens: list[str] = field(default_factory=list)
    """What the form has shown and nobody has read yet."""
    slow: int = 0
    """How many of DigiLocker's next answers come too late for the form."""
    writes_from_mobile: bool = True
    _timers: list[int] = field(default_factory=list)
    _steps: int = 0
    _typed: str = ""
    _unticked: set[str] = field(default_factory=set)
    _sealed: dict[str, str] = field(default_factory=dict)
    _brought_in: list[Issued] = field(default_factory=list)

    def play(self, line: dict[str, str]) -> None:
        """Do one line of a transcript, but for what the desk says."""
        match line:
            case {"she": text}:
                self.say(str(text))
            case {"she sends": kind}:
                self.happens(SentSomethingElse(self._step(), kind))
            case {"later": time}:
                self.later(time)
            case {"page": outcome}:
                self.come_back(outcome)
            case {"form": action}:
                self.fill_in(action)
            case {"digilocker": "slow"}:
                self.slow += 1
            case {"digilocker": problem}:
                self.problems.append(Problem(problem.replace(" ", "_")))
            case _:
                raise ValueError(f"what is this line: {line}")

    def say(self, text: str) -> None:
        """Type a text, or tap what stands in square brackets."""
        if text.startswith("[") and text.endswith("]"):
            self.happens(Tapped(self._step(), read_tap(self.tappable[text[1:-1]])))
            return
        named = {
            "<her Aadhaar number>": self.citizen.aadhaar,
            "<her VID>": self.citizen.vid or "",
            "<her mobile>": (self.citizen.mobile or "")[-10:],
            "<the OTP>": RIGHT_OTP,
            "<a wrong OTP>": WRONG_OTP,
        }
        if text == "<the code>" or read_proof(text):
            self.happens(SentProof(self._step(), PROOF if text == "<the code>" else "another"))
            return
        understood = read(self._step(), named.get(text, text), self.conversation)
        asked = self.conversation.asked_parameter
        value = asked.accept(text) if asked else None
        self._typed = value or understood.digits or text
        event = replace(understood.event, fits=value is not None)
        # As the webhook does with a keyed hash.
        self.happens(replace(event, mark=f"mark of {understood.digits}") if isinstance(event, Entered) else event)

    def fill_in(self, action: str) -> None:
        """Do something in the form that was sent last."""
        flow = self.conversation.flow
        match action:
            case "it is not shown" if flow:
                self.happens(FormNotShown(self._step(), flow.mark))
            case "she closes it":
                self.happens(FormClosed(self._step()))
            case _ if flow is None or not open_form(self.conversation, flow.mark, self.now, self.rules):
                self.screens.append("(the form is over)")
            case "she opens it":
                self.happens(FormOpened(self._step()))
            case "she goes back" if flow.shown:
                self.happens(FormBack(self._step(), flow.shown.screen))
            case _ if flow.shown:
                self._submit(flow.shown.screen, flow.number, action)

    def _submit(self, screen: Screen, number: int, action: str) -> None:
        citizen, step = self.citizen, self._step()
        entered = action.partition(" enters ")[2]
        named = {"<her Aadhaar number>": citizen.aadhaar, "<the OTP>": RIGHT_OTP, "<a wrong OTP>": WRONG_OTP}
        value = named.get(entered, entered)
        fields = {
            "she agrees": {"choice": "agree", "agree": "yes"},
            "she taps Sign up": {"choice": "sign_up"},
            "she taps Resend": {"choice": "resend"},
        }.get(action, {"number": value, "otp": value})
        if entered == "<her details>":
            born = f"{citizen.born[4:]}-{citizen.born[2:4]}-{citizen.born[:2]}"
            fields = {"number": citizen.aadhaar, "name": citizen.aadhaar_name or citizen.name, "born": born}
            fields |= {"gender": citizen.gender, "mobile": (citizen.mobile or "")[-10:], "agree": "yes"}
        if action.startswith("she chooses "):
            fields = {"document": self.tappable[action.removeprefix("she chooses ")]}
        own, today = citizen.phone[-10:], "2027-01-01"
        read = read_submission(screen, fields, step, pepper="pepper", own_mobile=own, today=today)
        self._sealed |= read.brought
        self._typed = read.brought.get("otp", self._typed)
        self.happens(FormSubmitted(step, number, screen, read.entered))

    def _show_screen(self, answer: AnswerForm) -> None:
        screens = FormScreens(Renderer(session_seconds=900, link_seconds=900))
        shown = screens.answer(answer, self.conversation, "token", self.now)
        self.screens.append(_screen(str(shown["screen"]), shown["data"]))
        if answer.screen is Screen.DOCUMENTS:
            data: Any = shown["data"]
            self.tappable.update((one["title"], one["id"]) for one in data["documents"])

    def come_back(self, outcome: str) -> None:
        """Agree on our page, and come back from DigiLocker's own, if her link still holds."""
        what, _, untick = outcome.partition(" without ")
        self._unticked = {name for name in untick.split(", ") if name}
        link = self.conversation.link
        if link is None or not open_link(self.conversation, link.mark, self.now):
            self.said.append("(the page) This link cannot be used")
            return
        self.happens(ConsentAnswered(self._step(), agreed=what != "she does not agree to our text"))
        if self.conversation.link is None:
            return
        step = self._step()
        match what:
            case "she agrees":
                self.happens(ConsentReturned(step, "code"))
            case "she agrees and sees a code":
                self.happens(ConsentReturned(step, "code", PROOF))
            case "she declines":
                self.happens(ConsentReturned(step, declined=True))
            case "it fails":
                self.happens(ConsentReturned(step))
            case _:
                raise ValueError(f"what happens on the page: {outcome}")

    def later(self, time: str) -> None:
        """Let time pass, and timers fire on their way."""
        amount, unit = time.split()
        until = self.now + int(amount) * (60 if unit.startswith("minute") else 1)
        while due := [at for at in self._timers if at <= until]:
            self.now = min(due)
            self._timers.remove(self.now)
            self.happens(TimeRanOut(self._step()))
        self.now = until

    def happens(self, event: Event) -> None:
        """Advance, and carry out what follows."""
        before = replace(self.conversation, writes_from_mobile=self.writes_from_mobile)
        self.conversation, effects = advance(before, event, self.now, self.rules)
        self.effects += effects
        flow = self.conversation.flow
        if isinstance(event, FormOpened | FormSubmitted | FormBack) and flow and flow.shown:
            self._show_screen(flow.shown)
        for effect in effects:
            if isinstance(effect, SealInput):
                own = self.citizen.phone[-10:]
                self._sealed[effect.name] = effect.value or (own if effect.own_number else self._typed)
            elif isinstance(effect, REQUESTS):
                if wanted(self.conversation, event.id, effect):
                    self.happens(self._answer(event.id, effect))
            elif isinstance(effect, REPLIES):
                self._show(self._rendered(effect))
            elif isinstance(effect, AnswerForm) and not self.slow:
                self._show_screen(effect)
            elif isinstance(effect, AnswerForm):
                self.slow -= 1
                self._show_screen(AnswerForm(Screen.CLOSED))
                if effect.reply:
                    self.happens(FormUnseen(self._step(), event.id, effect.reply))
            elif isinstance(effect, SetTimer):
                self._timers.append(self.now + effect.seconds)

    def _step(self) -> str:
        self._steps += 1
        return f"{self._steps:08x}".ljust(24, "0")

    def _answer(self, step: str, request: Request) -> Answer:
        if self.problems:
            problem = self.problems.pop(0)
            return Failed(step, problem, request, unsent=problem is not Problem.BUSY)
        match request:
            case SendOtp():
                return OtpSent(step, "••", 600)
            case SignUp():
                return self._signed_up(step, request)
            case VerifySignUp():
                if self._typed != RIGHT_OTP:
                    return Failed(step, Problem.OTP_WRONG, request)
                return SignedIn(step, 3600)
            case MakeLink(sign_up=signs_up):
                return LinkMade(step, f"mark of {step}", "https://digilocker.example", signs_up)
            case ExchangeCode():
                return SignedIn(step, 3600, 86_400, (TOKEN, SHARED))
            case ListDocuments() | FetchDocument() if self._is_old():
                return Refreshed(step, 3600, request, (TOKEN, SHARED))
            case VerifyOtp():
                if self._typed != RIGHT_OTP or not self.citizen.registered:
                    return Failed(step, Problem.OTP_WRONG, request)
                return SignedIn(step, 3600)
            case ListDocuments():
                issued = tuple(
                    IssuedDocument(
                        d.name,
                        d.doctype,
                        d.issuer,
                        d.uri,
                        "application/pdf" in d.media_types,
                        shared=d.doctype not in self._unticked,
                    )
                    for d in (*self.citizen.issued, *self._brought_in)
                )
                return DocumentsListed(step, issued, len(self.citizen.uploaded))
            case FetchDocument(number=number, listing=listing):
                return DocumentFetched(step, number, listing, "documents/key")
            case FindOffers():
                return offered(directory(), step, self._sealed["sought"], request)
            case AskParameters(offer=offer):
                return ParametersTold(step, offer, _parameters(offer))
            case PullDocument():
                return self._pulled(step, request)

    def _pulled(self, step: str, request: PullDocument) -> Answer:
        """Look for the document with what she entered, as its issuer does."""
        offer = request.offer
        entered = {name: self._sealed[detail(number)] for number, name in enumerate(request.parameters, start=1)}
        if not self.citizen.aadhaar_linked:
            return Failed(step, Problem.AADHAAR_NOT_LINKED, request)
        of_issuer = [
            one
            for one in self.citizen.records
            if (one.document.issuer_id, one.document.doctype) == (offer.issuer_id, offer.doctype)
        ]
        record = next((one for one in of_issuer if one.fits(entered)), None)
        if record is None:
            named = any(one.is_named(entered) for one in of_issuer)
            return Failed(step, Problem.PULL_PENDING if named else Problem.NO_RECORD, request)
        if record.error:
            down = record.error == "repository_service_configerror"
            return Failed(step, Problem.ISSUER_DOWN if down else Problem.PULL_UNSURE, request)
        if record.document in self.citizen.issued:
            return Failed(step, Problem.ALREADY_THERE, request)
        self._brought_in.append(record.document)
        return Pulled(step, offer, record.document.uri)

    def _is_old(self) -> bool:
        """Return whether the token is so old that it is refreshed first."""
        session = self.conversation.session
        return bool(session and session.token_until and self.now > session.token_until)

    def _signed_up(self, step: str, request: Request) -> Answer:
        """Compare what she entered with Aadhaar's, as DigiLocker does."""
        citizen, entered = self.citizen, self._sealed
        day, month, year = citizen.born[:2], citizen.born[2:4], citizen.born[4:]
        right = (citizen.aadhaar, (citizen.aadhaar_name or citizen.name).casefold(), f"{year}-{month}-{day}")
        if any(
            one.registered and (one.mobile or "").endswith(entered["mobile"]) for one in everyone() if one != citizen
        ):
            return Failed(step, Problem.MOBILE_TAKEN, request, unsent=True)
        if (entered["aadhaar"], entered["name"].casefold(), entered["born"]) != right:
            return Failed(step, Problem.DETAILS_DIFFER, request, unsent=True)
        return OtpSent(step, entered["mobile"][-2:], 600)

    def _rendered(self, reply: Effect) -> Message:
        renderer = Renderer(session_seconds=900, link_seconds=900)
        match reply:
            case Say():
                return renderer.say(reply, self.conversation, self._sealed)
            case OfferLink():
                return renderer.link(reply, "https://desk.example/consent/start?s=state")
            case OfferForm():
                return renderer.form(reply, "token")
            case OfferLanguages():
                return renderer.languages(reply)
            case ShowDocuments():
                return renderer.documents(reply, self.conversation)
            case ShowOptions():
                return renderer.options(reply)
            case ShowDetails():
                return renderer.details(reply, self._sealed)
            case DeliverDocument():
                filename = renderer.filename(reply, self.conversation)
                header = DocumentHeader(link="https://example.org/x.pdf", filename=filename)
                return renderer.delivery(reply, self.conversation, header)
        raise TypeError(type(reply).__name__)

    def _show(self, message: Message) -> None:
        match message:
            case ButtonsMessage(body=body, buttons=buttons, header=header):
                self.tappable.update((button.title, button.id) for button in buttons)
                file = header.filename if isinstance(header, DocumentHeader) else None
                self.said.append(shown(body, [button.title for button in buttons], file))
            case ListMessage(body=body, button=button, rows=rows):
                self.tappable.update((row.title, row.id) for row in rows)
                self.said.append(shown(body, [f"{button}: {' | '.join(row.title for row in rows)}"]))
            case LinkMessage(body=body, display_text=title):
                self.said.append(shown(body, [f"{title} ↗"]))
            case FormMessage(body=body, button=title):
                self.said.append(shown(body, [f"{title} ▤"]))
            case TextMessage(body=body):
                self.said.append(shown(body, []))


@cache
def directory() -> Directory:
    """Return the stand-in's directory as the desk keeps it. It never has to be fetched again."""
    return Directory(
        (
            Listed(
                Issuer(one.org_id, one.issuer_id, one.name, one.category),
                tuple(DocumentType(kind.doctype, kind.description) for kind in one.kinds),
                _NEVER_DUE,
            )
            for one in organisations()
        ),
        _NEVER_DUE,
    )


def _parameters(offer: Offer) -> tuple[Parameter, ...]:
    issuer = organisation(offer.org_id)
    kind = issuer.kind(offer.doctype) if issuer else None
    return tuple(Parameter(one.name, one.label, one.example, one.values) for one in kind.parameters) if kind else ()


def _screen(name: str, data: Any) -> str:
    """Write a screen of the form as it stands in a transcript: what can be tapped in square brackets."""
    screen = next((one for one in FORM["screens"] if one["id"] == name), None)
    if screen is None:
        return "(the form closes)"
    lines = [name, *([f"! {data['error_message']}"] if "error_message" in data else [])]
    for component in screen["layout"]["children"]:
        texts = {key: data[str(value)[7:-1]] for key, value in component.items() if str(value).startswith("${data.")}
        match component["type"]:
            case "TextBody":
                lines.append(texts["text"])
            case "RadioButtonsGroup":
                lines += [texts["label"], *(f"( ) {one['title']}" for one in texts["data-source"])]
            case "OptIn":
                lines.append(f"☐ {texts['label']}")
            case "EmbeddedLink":
                lines.append(f"[{texts['text']}]")
            case "Footer":
                lines.append(f"[{texts['label']}]")
            case _:
                hint = f" ({texts['helper-text']})" if "helper-text" in texts else ""
                lines.append(f"{texts['label']}: ____{hint}")
    return "\n".join(lines)


def shown(body: str, buttons: list[str], file: str | None = None) -> str:
    """Write a message as it stands in a transcript."""
    lines = [f"({file})"] if file else []
    return "\n".join([*lines, body, " ".join(f"[{title}]" for title in buttons)]).strip()
