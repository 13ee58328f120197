"""The dialogue, walked at random: whatever she does, whatever DigiLocker answers, and however late either comes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from helpdesk.conversation.advance import advance
from helpdesk.conversation.answers import wanted
from helpdesk.conversation.choices import Choice, Tap, read_tap
from helpdesk.conversation.effects import (
    AADHAAR,
    CODE,
    DETAILS,
    DEVICE_CODE,
    LINK,
    REFRESH,
    REPLIES,
    REQUESTS,
    SHARED,
    SOUGHT,
    TOKEN,
    VERIFIER,
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
    Reply,
    Request,
    Revoke,
    Say,
    SealInput,
    SendOtp,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
    SignUp,
    Text,
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
    Kind,
    LateMessage,
    LinkMade,
    Naming,
    OffersFound,
    OtpSent,
    ParametersTold,
    Pulled,
    Refreshed,
    Said,
    SentProof,
    SentSomethingElse,
    SignedIn,
    SignUpEntered,
    Tapped,
    TimelyEvent,
    TimeRanOut,
)
from helpdesk.conversation.flow import Flow
from helpdesk.conversation.in_form import LEADS_TO
from helpdesk.conversation.limits import Limit
from helpdesk.conversation.model import Conversation, IssuedDocument, Rules, Stage
from helpdesk.conversation.numbers import Fault
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.screens import Screen
from helpdesk.languages.catalogue import codes
from helpdesk.service.form_screens import FormScreens
from helpdesk.service.renderer import Renderer
from helpdesk.whatsapp.messages import (
    ButtonsMessage,
    DocumentHeader,
    FormMessage,
    LinkMessage,
    ListMessage,
    TextMessage,
)
from tests.conversations.chat import FORM
from tools.forms import data_faults

NOW = 1_800_000_000
UNLIMITED = Limit(1000, 1000, 1000)
RULES = Rules(
    languages=codes(),
    messages_per_minute=1000,
    documents=UNLIMITED,
    pulls=UNLIMITED,
    links=UNLIMITED,
    replies=UNLIMITED,
)
"""Limits on what a citizen may ask for have walks of their own: test_limits.py."""
SESSION = {TOKEN, REFRESH, SHARED}
PROOF = "a hash of the one-time code"
SCREENS = FormScreens(Renderer(session_seconds=900, link_seconds=900))
RENDERER = Renderer(session_seconds=900, link_seconds=900, helpline="1800-000-000")
PARAMETERS = (
    Parameter("rollno", "Roll Number", "5147103"),
    Parameter("year", "Year", "2009", tuple(str(year) for year in range(2026, 2003, -1))),
)
PULLED = {TOKEN, SOUGHT, *(detail(number) for number in range(1, len(PARAMETERS) + 1))}
"""What bringing a document in may keep sealed."""
NEEDED = {
    Stage.MENU: SESSION,  # she stays signed in
    Stage.AADHAAR: {AADHAAR, *DETAILS},  # for another try with the same number, or as it is being corrected
    Stage.FORM: {DEVICE_CODE, *DETAILS},
    Stage.NAME: set(DETAILS),
    Stage.BORN: set(DETAILS),
    Stage.GENDER: set(DETAILS),
    Stage.MOBILE: set(DETAILS),
    Stage.SUMMARY: set(DETAILS),
    Stage.SENDING_OTP: set(DETAILS),
    Stage.OTP: {DEVICE_CODE, *DETAILS},
    Stage.VERIFYING: {DEVICE_CODE, *DETAILS},
    Stage.LINK: {LINK, VERIFIER},
    Stage.PROOF: {CODE, VERIFIER},
    Stage.LISTING: SESSION | PULLED,  # whether it was brought in, the list tells
    Stage.DOCUMENTS: SESSION,
    Stage.DELETE: SESSION,
    Stage.FINDING: SESSION | PULLED,
    Stage.SEARCHING: SESSION | PULLED,
    Stage.DETAIL: SESSION | PULLED,
    Stage.CHECK: SESSION | PULLED,
    Stage.PULLING: SESSION | PULLED,
}
"""What may be kept sealed at each question; nothing at the others."""
SHOWN = {
    **dict.fromkeys(PULLED, "{document}" * 10),
    "aadhaar": "999999990019",
    "name": "X" * 100,
    "born": "1985-09-30",
    "gender": "T",
    "mobile": "9000000001",
}
"""What she entered, as the functions open it for a message that shows it."""


TOLD = (Say, OfferLink, OfferForm, ShowDocuments, ShowOptions, ShowDetails, OfferLanguages)
"""What she is told, but for the document itself."""


# What can happen


@dataclass(frozen=True)
class Taps:
    """She taps something that was offered: `back` messages ago, or so."""

    back: int
    which: int


@dataclass(frozen=True)
class Answers:
    """DigiLocker answers one of the requests made so far, once more maybe."""

    back: int
    problem: Problem | None
    expires_in: int
    documents: tuple[IssuedDocument, ...] = field(repr=False)
    uploaded: int


@dataclass(frozen=True)
class GoesOn:
    """She does the next thing on the way to her documents, or DigiLocker does."""

    signs_up: bool = False
    brings_in: bool = False


@dataclass(frozen=True)
class Passes:
    """Time goes by."""

    seconds: int


@dataclass(frozen=True)
class FallsSilent:
    """She writes no more, and the timer fires."""


type Sent = ButtonsMessage | FormMessage | LinkMessage | ListMessage | TextMessage
type Move = TimelyEvent | LateMessage | TimeRanOut | Taps | Answers | Passes | FallsSilent | GoesOn

_WORDS = st.sampled_from(("licence", "driving", "insurance", "policy", "life", "transport", "zzzz"))
_SAID = st.builds(
    Said,
    id=st.just(""),
    choices=st.frozensets(st.sampled_from(Choice), max_size=2),
    languages=st.lists(st.sampled_from(RULES.languages), max_size=2, unique=True).map(tuple),
    number=st.none() | st.integers(0, 40) | st.just(999),
    named=st.lists(
        st.builds(Naming, words=st.tuples(_WORDS), doctype=st.sampled_from(("DRVLC", "PANCR", "LFINS"))), max_size=2
    ).map(tuple),
    words=st.lists(_WORDS, max_size=3).map(tuple),
    is_clear=st.booleans(),
    fits=st.booleans(),
)
_ONE_WORD = st.sampled_from(Choice).map(lambda choice: Said("", frozenset({choice})))
_NUMBER = st.integers(1, 12).map(lambda number: Said("", number=number))
_ENTERED = st.builds(
    Entered, id=st.just(""), kind=st.sampled_from(Kind), fault=st.none() | st.sampled_from(Fault), fits=st.booleans()
)
_TAPPED = st.builds(
    Tapped,
    id=st.just(""),
    tap=st.none()
    | st.builds(
        Tap,
        choice=st.sampled_from(Choice),
        place=st.sampled_from(("", "00000003", *Stage)).map(str),
        detail=st.sampled_from(("", "0", "1", "7", "999999", "-1", "hi", "xx", "१")),
    ),
)
_ELSE = st.sampled_from(("audio", "image", "location", "unknown")).map(lambda kind: SentSomethingElse("", kind))
_PROOF = st.sampled_from((PROOF, "another")).map(lambda mark: SentProof("", mark))
_IN_TIME = st.one_of(_SAID, _ONE_WORD, _NUMBER, _ENTERED, _TAPPED, _ELSE, _PROOF)
_LATE = st.builds(LateMessage, id=st.just(""), event=st.none() | _IN_TIME)
_TEXT = st.sampled_from(
    (
        "Driving License",
        "Insurance Policy - Life",
        "Insurance Policy - Two Wheeler, the long one of a company with a long name, Ltd. (formerly known otherwise)",
        "माध्यमिक परीक्षा प्रमाण पत्र" * 6,
        "মাধ্যমিক পরীক্ষার প্রমাণপত্র - " * 5,
        "👨‍👩‍👧‍👦" * 40,
        "{document}",
        "a/b\\c\n\t*bold* _it_",
    )
) | st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=40)
_DOCUMENT = st.builds(
    IssuedDocument,
    name=_TEXT,
    doctype=st.sampled_from(("DRVLC", "PANCR", "LFINS", "WHAT")),
    issuer=st.just("") | _TEXT,
    uri=st.just("in.gov.somebody-DOC-1"),
    has_pdf=st.sampled_from((True, True, True, False)),
    shared=st.sampled_from((True, True, True, False)),
)
_LISTS = st.lists(_DOCUMENT, min_size=0, max_size=3).flatmap(
    lambda few: st.sampled_from((0, 1, 1, 5, 9)).map(lambda times: tuple(few) * times)
)
_ANSWERS = st.builds(
    Answers,
    back=st.integers(0, 2),
    problem=st.none() | st.sampled_from(Problem),
    expires_in=st.sampled_from((1, 600, 3600)),
    documents=_LISTS,
    uploaded=st.sampled_from((0, 0, 3)),
)
_PASSES = st.sampled_from((1, 30, 61, 91, 181, 600, 899, 901, 3600, 90_000)).map(Passes)
_MOVES = st.one_of(
    st.just(GoesOn(brings_in=True)),
    st.just(GoesOn(brings_in=True)),
    st.just(GoesOn()),
    st.just(GoesOn()),
    st.just(GoesOn()),
    _IN_TIME,
    _LATE,
    st.builds(Taps, back=st.integers(0, 4), which=st.integers(0, 9)),
    _ANSWERS,
    _PASSES,
    st.just(TimeRanOut("")),
    st.just(FallsSilent()),
)


# The walk


@dataclass(frozen=True)
class Step:
    """One turn of a walk."""

    before: Conversation
    event: Event
    now: int
    after: Conversation
    effects: tuple[Effect, ...]
    replies: tuple[Reply, ...]
    """All replies of the walk so far, these included."""
    rules: Rules

    @property
    def requests(self) -> list[Request]:
        return [effect for effect in self.effects if isinstance(effect, REQUESTS)]


def walk(moves: list[Move]) -> Iterator[Step]:
    """Take a new conversation through some moves."""
    conversation, now = Conversation(writes_from_mobile=len(moves) % 2 == 0), NOW
    rules = replace(RULES, on_page=len(moves) % 3 == 0, by_form=len(moves) % 3 == 1)
    asked: list[tuple[str, Request]] = []
    offered: list[list[str]] = []
    replies: list[Reply] = []
    for count, move in enumerate(moves):
        step = f"{count:08d}"
        if isinstance(move, Passes):
            now += move.seconds
            continue
        if isinstance(move, FallsSilent):
            now += 2 * RULES.session_seconds
        event = _event(move, step, conversation, asked, offered)
        if event is None:
            continue
        session = conversation.session
        if isinstance(event, DocumentsListed) and not (session and session.on_page):
            # Who signed in in the chat was not asked what she shares.
            event = replace(event, documents=tuple(replace(document, shared=True) for document in event.documents))
        after, effects = advance(conversation, event, now, rules)
        requests = [(event.id, effect) for effect in effects if isinstance(effect, REQUESTS)]
        # A request that follows from an answer takes the place of the one that was answered.
        asked = [(id_, request) for id_, request in asked if not requests or id_ != event.id] + requests
        new = [effect for effect in effects if isinstance(effect, REPLIES)]
        replies += new
        offered += [_ids(message) for reply in new if (message := rendered(reply, after))]
        yield Step(conversation, event, now, after, effects, tuple(replies), rules)
        conversation = after


def _event(
    move: Move, step: str, conversation: Conversation, asked: list[tuple[str, Request]], offered: list[list[str]]
) -> Event | None:
    match move:
        case Passes():
            return None
        case FallsSilent():
            return TimeRanOut(step)
        case Taps(back=back, which=which):
            ids = offered[-1 - back] if back < len(offered) else []
            return Tapped(step, read_tap(ids[which % len(ids)])) if ids else None
        case Answers(back=back):
            return _answer(move, *asked[-1 - back]) if back < len(asked) else None
        case GoesOn():
            return _onwards(step, conversation, asked, move)
        case LateMessage(event=event):
            return LateMessage(step, replace(event, id=step) if event else None)
    return replace(move, id=step)


def _answer(move: Answers, step: str, request: Request) -> Answer:
    if move.problem:
        return Failed(step, move.problem, request)
    match request:
        case SendOtp() | SignUp():
            return OtpSent(step, "34", move.expires_in)
        case VerifyOtp() | VerifySignUp():
            return SignedIn(step, move.expires_in)
        case MakeLink(sign_up=signs_up):
            return LinkMade(step, "a hash of the state", "https://digilocker.example/?state={state}", signs_up)
        case ExchangeCode():
            return SignedIn(step, move.expires_in, 86_400, (TOKEN, SHARED, REFRESH))
        case ListDocuments():
            return DocumentsListed(step, move.documents, move.uploaded)
        case FetchDocument(number=number, listing=listing):
            return DocumentFetched(step, number, listing, f"documents/{step}")
        case FindOffers(page=page, within=within):
            return _found(step, page, within, move.expires_in)
        case AskParameters(offer=offer):
            return ParametersTold(step, offer, PARAMETERS[: move.expires_in % 7])
        case PullDocument(offer=offer):
            return Pulled(step, offer, f"{offer.issuer_id}-{offer.doctype}-1")


def _found(step: str, page: int, within: str, chance: int) -> OffersFound:
    """Nothing, one, or two pages."""
    total = {1: 0, 600: 1}.get(chance, 11)
    org_id = "000101" if within or total == 1 else ""
    offer = Offer(within or "DRVLC", "Driving License " * 6, org_id, "in.gov.transport", "Ministry of Transport " * 4)
    return OffersFound(step, (offer,) * min(8, total - 8 * (page - 1)), total, page, within)


def _onwards(step: str, conversation: Conversation, asked: list[tuple[str, Request]], move: GoesOn) -> Event:
    licence = IssuedDocument("Driving License", "DRVLC", "Ministry of Road Transport", "in.gov.transport-DRVLC-X1")
    for waited, request in reversed(asked):
        if conversation.waits_for(waited):
            return _answer(Answers(0, None, 3600, (licence, replace(licence, has_pdf=False)) * 7, 1), waited, request)
    match conversation.stage:
        case Stage.FORM if conversation.flow:
            return _in_form(step, conversation, conversation.flow, move)
        case Stage.ACCOUNT:
            return Said(step, frozenset({Choice.NO if move.signs_up else Choice.YES}))
        case Stage.NAME:
            return Said(step, words=("asha", "kumari"), is_clear=False)
        case Stage.BORN:
            return Entered(step, Kind.DATE)
        case Stage.GENDER:
            return Said(step, number=1)
        case Stage.MOBILE:
            return Entered(step, Kind.MOBILE)
        case Stage.SUMMARY:
            return Said(step, frozenset({Choice.SEND}))
        case Stage.CONSENT:
            return Said(step, frozenset({Choice.AGREE}))
        case Stage.AADHAAR:
            return Entered(step, Kind.AADHAAR)
        case Stage.OTP:
            return Entered(step, Kind.OTP)
        case Stage.LINK if conversation.link and not conversation.link.agreed:
            return ConsentAnswered(step, agreed=int(step) % 5 > 0)
        case Stage.LINK if conversation.link and int(step) % 7 == 0:
            return ConsentReturned(step)
        case Stage.LINK if conversation.link:
            return ConsentReturned(step, "a hash of the code", PROOF if move.signs_up else "")
        case Stage.LINK:
            return Said(step, frozenset({Choice.NEW_LINK}))
        case Stage.PROOF:
            return SentProof(step, PROOF)
        case Stage.FINDING:
            number = 1 if conversation.pull and conversation.pull.offers else None
            return Said(step, number=number, words=() if number else ("driving",))
        case Stage.DETAIL:
            return Said(step, words=("5147103",), fits=True)
        case Stage.CHECK:
            return Said(step, frozenset({Choice.SEND}))
        case Stage.DOCUMENTS if move.brings_in:
            return Said(step, frozenset({Choice.NEW_DOCUMENT}))
        case Stage.DOCUMENTS:
            return Said(step, number=2 if int(step) % 2 else 1)
    return Said(step, frozenset({Choice.SERVICES}))


def _in_form(step: str, conversation: Conversation, flow: Flow, move: GoesOn) -> Event:
    """Go on in the form; now and then leave it, go back in it, or have its answer told in the chat."""
    if int(step) % 13 == 12:
        return FormNotShown(step, flow.mark)
    if int(step) % 11 == 10:
        return FormUnseen(step, flow.step, Say(conversation.language, Text("otp.ask")), again=move.signs_up)
    if flow.shown is None:
        return FormOpened(step)
    screen = flow.shown.screen
    entered: dict[Screen, Entered | Tapped | SignUpEntered] = {
        Screen.CONSENT: Tapped(step, Tap(Choice.SIGN_UP if move.signs_up else Choice.AGREE, "consent")),
        Screen.NUMBER: Entered(step, Kind.AADHAAR, mark=f"mark {int(step) % 2}"),
        Screen.SIGN_UP: SignUpEntered(step, "mark", "", "sign_up.not_a_name" if int(step) % 3 == 0 else ""),
        Screen.OTP: Tapped(step, Tap(Choice.RESEND, "otp")) if int(step) % 7 == 6 else Entered(step, Kind.OTP),
    }
    if screen not in entered:
        return FormClosed(step)
    if int(step) % 9 == 8 and screen is not Screen.CONSENT:
        return FormBack(step, screen)
    return FormSubmitted(step, flow.number, screen, entered[screen])


def rendered(reply: Reply, conversation: Conversation) -> Sent | None:
    """Write a reply as it is sent: a list, or a document of one, only to who is still signed in for it."""
    match reply:
        case Say():
            return RENDERER.say(reply, conversation, SHOWN)
        case OfferLink():
            return RENDERER.link(reply, "https://desk.example/consent/start?s=state")
        case OfferForm():
            return RENDERER.form(reply, "token")
        case OfferLanguages():
            return RENDERER.languages(reply)
        case ShowOptions():
            return RENDERER.options(reply)
        case ShowDetails():
            return RENDERER.details(reply, SHOWN)
    if conversation.session is None or conversation.session.listing != reply.listing:
        return None
    if isinstance(reply, DeliverDocument):
        header = DocumentHeader(link="https://bucket.example/pdf", filename=RENDERER.filename(reply, conversation))
        return RENDERER.delivery(reply, conversation, header)
    assert isinstance(reply, ShowDocuments)
    return RENDERER.documents(reply, conversation)


def _ids(message: Sent) -> list[str]:
    match message:
        case ButtonsMessage(buttons=buttons):
            return [button.id for button in buttons]
        case ListMessage(rows=rows):
            return [row.id for row in rows]
    return []


@settings(max_examples=300, deadline=None)
@given(st.lists(st.just(GoesOn()) | st.just(GoesOn(signs_up=True)) | _MOVES, min_size=1, max_size=40))
def test_the_form_shows_only_what_a_phone_takes_and_goes_only_where_it_may(moves: list[Move]) -> None:
    moves = [*moves, *([Passes(1)] * ((1 - len(moves)) % 3))]
    for step in walk(moves):
        flow = step.after.flow
        if flow is None or flow.shown is None or flow.shown.screen is Screen.SUCCESS:
            continue
        shown: Any = SCREENS.answer(flow.shown, step.after, "token", step.now)
        assert data_faults(FORM, shown["screen"], shown["data"]) == []
        assert flow.shown.screen in {flow.asked, *LEADS_TO[flow.asked]} or not isinstance(step.event, FormSubmitted)


def test_the_dialogue_leads_where_the_form_may_lead() -> None:
    assert {screen.value: sorted(to) for screen, to in LEADS_TO.items()} == {
        screen: sorted(to) for screen, to in FORM["routing_model"].items()
    }


# From anywhere on the way to a document, and on from there.
walks = given(
    st.builds(
        lambda signs_up, brings_in, way, moves: [GoesOn(signs_up, brings_in)] * way + moves,
        st.booleans(),
        st.booleans(),
        st.integers(0, 18),
        st.lists(_MOVES, min_size=1, max_size=40),
    )
)
bounded = settings(max_examples=150, deadline=None)


@bounded
@walks
def test_every_message_fits_whatsapp_and_offers_a_next_step(moves: list[Move]) -> None:
    for step in walk(moves):
        told = [effect for effect in step.effects if isinstance(effect, REPLIES)]
        assert len(told) <= 1, "one reply is one message"
        for reply in told:
            message = rendered(reply, step.after)
            assert message is not None
            assert message.to_json()
            ids = _ids(message)
            assert ids or isinstance(message, LinkMessage | FormMessage)
            assert all(read_tap(id_) is not None for id_ in ids)


@bounded
@walks
def test_whatever_she_writes_gets_one_answer_or_is_being_worked_on(moves: list[Move]) -> None:
    for step in walk(moves):
        answered = [effect for effect in step.effects if isinstance(effect, (*REPLIES, *REQUESTS))]
        if isinstance(step.event, LateMessage):
            assert len(answered) <= 1
        elif step.before.stage is Stage.STOPPED and not greets(step.event):
            # An answer that comes late may bring a token, which is given back.
            late = Revoke if isinstance(step.event, SignedIn | Refreshed) else ()
            assert all(isinstance(effect, late) for effect in step.effects)
        elif isinstance(step.event, Said | Entered | Tapped | SentSomethingElse | SentProof):
            assert len(answered) == 1


@bounded
@walks
@example([GoesOn()] * 9 + [Said("", number=1), FallsSilent()])
def test_a_reply_that_is_sent_later_can_still_be_written(moves: list[Move]) -> None:
    for step in walk(moves):
        for reply in step.replies:
            rendered(reply, step.after)


def greets(event: Event) -> bool:
    match event:
        case Said(choices=choices):
            return Choice.GREETING in choices
        case Tapped(tap=Tap(choice=Choice.GREETING)):
            return True
    return False


@bounded
@walks
def test_hi_and_menu_lead_to_the_menu_from_everywhere(moves: list[Move]) -> None:
    for step in walk(moves):
        here = replace(step.after, messages=0)  # not the thirtieth message of this minute
        words = [Choice.GREETING] if step.after.stage is Stage.STOPPED else [Choice.GREETING, Choice.MENU]
        for word in words:
            typed, tapped = Said("menu", frozenset({word})), Tapped("menu", Tap(word))
            for event in (typed, tapped, LateMessage("menu", typed)):
                after, effects = advance(here, event, step.now, step.rules)
                assert after.stage is Stage.MENU
                assert not after.waiting
                assert isinstance(effects[0], Say)
                assert effects[0].text.key == "menu"


@bounded
@walks
@example([GoesOn(signs_up=True)] * 9 + [Passes(901), GoesOn()])
@example([*[GoesOn()] * 6, Passes(90_000), Answers(0, Problem.UNREACHABLE, 1, (), 0)])
def test_every_button_and_row_does_something_in_the_state_that_it_is_offered_in(moves: list[Move]) -> None:
    for step in walk(moves):
        for reply in step.effects:
            if not isinstance(reply, REPLIES):
                continue
            message = rendered(reply, step.after)
            assert message is not None
            for tap in map(read_tap, _ids(message)):
                _, effects = advance(step.after, Tapped("tap", tap), step.now, step.rules)
                told = [effect for effect in effects if isinstance(effect, TOLD)]
                notes = {answer.note.key for answer in told if answer.note}
                assert told or any(isinstance(effect, REQUESTS) for effect in effects)
                assert not notes & {"old_button", "not_understood", "documents.old_list"}


@bounded
@walks
def test_back_cancel_help_and_the_other_words_are_understood_in_every_state(moves: list[Move]) -> None:
    words = (Choice.BACK, Choice.CANCEL, Choice.HELP, Choice.LANGUAGE, Choice.PRIVACY, Choice.PERSON, Choice.STOP)
    for step in walk(moves):
        if step.after.stage is Stage.STOPPED:
            continue
        for word in words:
            after, effects = advance(step.after, Said("word", frozenset({word})), step.now, step.rules)
            told = [effect for effect in effects if isinstance(effect, TOLD)]
            assert len(told) == 1
            assert not told[0].note or told[0].note.key not in {"old_button", "not_understood"}
            if word in {Choice.HELP, Choice.PRIVACY, Choice.PERSON}:
                assert after.stage in {step.after.stage, Stage.ENDED}


@bounded
@walks
def test_no_more_is_kept_than_the_open_question_can_need(moves: list[Move]) -> None:
    for step in walk(moves):
        assert step.after.keeps <= NEEDED.get(step.after.at, set())
        assert (TOKEN in step.after.keeps) == (step.after.session is not None)
        assert bool(step.after.documents) <= (step.after.session is not None)


@bounded
@walks
def test_what_an_effect_needs_was_kept_or_has_just_been_brought(moves: list[Move]) -> None:
    for step in walk(moves):
        brought: set[str] = set()
        match step.event.entered if isinstance(step.event, FormSubmitted) else step.event:
            case SignUpEntered():
                brought = {*DETAILS}
            case Entered(kind=Kind.AADHAAR | Kind.VIRTUAL_ID):
                brought = {AADHAAR}
            case Entered(kind=Kind.OTP):
                brought = {"otp"}
            case OtpSent():
                brought = {DEVICE_CODE}
            case SignedIn(keeps=keeps):
                brought = set(keeps)
            case LinkMade():
                brought = {LINK, VERIFIER}
            case ConsentReturned(code=code) if code:
                brought = {CODE}
        brought |= {effect.name for effect in step.effects if isinstance(effect, SealInput)}
        for effect in step.effects:
            assert set(effect.needs) <= step.before.keeps | brought
        assert step.after.keeps <= step.before.keeps | brought


@bounded
@walks
def test_what_she_entered_is_kept_only_as_it_is_asked_for(moves: list[Move]) -> None:
    for step in walk(moves):
        keeps = [effect for effect in step.effects if isinstance(effect, SealInput)]
        assert len(keeps) <= 1
        for keep in keeps:
            assert keep.name in step.after.keeps
            assert step.before.form or step.after.pull
            assert isinstance(step.event, Said | Entered | Tapped)
        if step.after.session:
            assert not step.after.keeps & set(DETAILS)


@bounded
@walks
def test_a_request_is_made_once_first_and_only_while_it_is_waited_for(moves: list[Move]) -> None:
    for step in walk(moves):
        if not step.requests:
            continue
        (request,) = step.requests
        assert next(effect for effect in step.effects if not isinstance(effect, SealInput)) is request
        assert step.after.waits_for(step.event.id)
        assert wanted(step.after, step.event.id, request)
        # What is in the outbox from before is wanted no longer than it is waited for.
        left, _ = advance(step.after, Said("menu", frozenset({Choice.MENU})), step.now, step.rules)
        assert not wanted(left, step.event.id, request)


@bounded
@walks
def test_an_answer_that_nobody_waits_for_changes_and_says_nothing(moves: list[Move]) -> None:
    for step in walk(moves):
        if isinstance(step.event, OtpSent | SignedIn | DocumentsListed | DocumentFetched | Failed) and (
            not step.before.waits_for(step.event.id)
        ):
            assert step.after == step.before
            assert not any(isinstance(effect, (*REPLIES, *REQUESTS)) for effect in step.effects)


@bounded
@walks
def test_who_is_silent_for_long_is_forgotten_with_the_next_timer(moves: list[Move]) -> None:
    for step in walk(moves):
        later = step.now + 7200
        after, effects = advance(step.after, TimeRanOut("timer"), later, step.rules)
        assert not after.keeps
        assert not after.documents
        assert not any(isinstance(effect, (*REPLIES, *REQUESTS)) for effect in effects)


def test_the_walks_reach_every_stage() -> None:
    reached: set[Stage] = set()

    @settings(max_examples=800, deadline=None, derandomize=True, database=None)
    @walks
    @example([Said("", frozenset({Choice.DELETE_DATA}))])
    def look(moves: list[Move]) -> None:
        reached.update(step.after.stage for step in walk(moves))

    look()
    assert reached >= set(Stage) - {Stage.NEW, Stage.LINE}  # the line is walked in test_line.py
