import json
from dataclasses import MISSING, fields, replace
from pathlib import Path

import pytest

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import (
    ALL_EFFECTS,
    AskParameters,
    Button,
    DeletePdf,
    DeliverDocument,
    Effect,
    EraseData,
    ExchangeCode,
    FetchDocument,
    FindOffers,
    ListDocuments,
    MakeLink,
    OfferLanguages,
    OfferLink,
    Option,
    PullDocument,
    RecordConsent,
    Revoke,
    Say,
    SendOtp,
    SetTimer,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
    SignUp,
    Text,
    VerifyOtp,
    VerifySignUp,
)
from helpdesk.conversation.model import Conversation, Link, OtpRound, Pull, Repeated, Session, Stage, Waiting, Wanted
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.storage import codec

OFFER = Offer("SSCER", "Class X Marksheet", "000103", "in.gov.cbse", "Central Board of Secondary Education")
EFFECTS: tuple[Effect, ...] = (
    SendOtp(),
    VerifyOtp(),
    SignUp("mark", "mark of the mobile"),
    VerifySignUp(),
    ListDocuments(),
    FetchDocument(2, "list"),
    MakeLink(sign_up=True),
    ExchangeCode(sign_up=True, proved=True),
    Revoke(("token", "refresh")),
    OfferLink("hi", Text("link.open", (("minutes", "10"),)), Text("not_understood")),
    DeletePdf("key"),
    SetTimer(900),
    RecordConsent("v", "hi", 1),
    EraseData(),
    Say(
        "bn",
        Text("otp.ask", (("digits", "34"),)),
        (Button(Choice.RESEND, "otp"),),
        Text("otp.wrong"),
        about=2,
        shows=("born",),
    ),
    OfferLanguages("en", Text("not_understood"), Text("example.language"), 2),
    ShowDocuments("en", "list", 2, (1, 3), Text("documents.which")),
    DeliverDocument("en", "key", 2, "list"),
    FindOffers(("SSCER",), "SSCER", 2),
    AskParameters(OFFER),
    PullDocument(OFFER, ("rollno", "year")),
    ShowOptions("ta", Text("pull.which"), "mark", (Option("a", "b", "SSCER"),), 2, 3, Text("old_button")),
    ShowDetails("or", Text("pull.check"), ("Roll Number",), (Button(Choice.SEND, "check"),)),
)


def test_the_examples_cover_every_effect() -> None:
    assert {type(effect) for effect in EFFECTS} == set(ALL_EFFECTS)


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: type(effect).__name__)
def test_an_effect_reads_back_as_it_was_written(effect: Effect) -> None:
    assert codec.loads(codec.dumps((effect,)), tuple) == (effect,)


def test_a_conversation_reads_back_as_it_was_written() -> None:
    conversation = Conversation(
        language="bn",
        stage=Stage.LANGUAGE,
        previous=Stage.OTP,
        otp=OtpRound(1, 2, 3, "34"),
        link=Link("mark", "https://digilocker.example/?state={state}", 4, sign_up=True, returned="code", proof="p"),
        session=Session(1, 2, "list", 3, 4, token_until=5, keeps=("token", "refresh")),
        again=FetchDocument(2, "list"),
        waiting=(Waiting("step", 1, 2),),
        repeated=Repeated("mark", 1, 2),
        wanted=Wanted("DRVLC", "Driving License", "Ministry", 1, offer=OFFER),
        pull=Pull(True, ("SSCER",), "SSCER", (OFFER,), chosen=OFFER, parameters=(Parameter("year", "Year"),)),
    )
    read = codec.loads(codec.dumps(conversation), Conversation)
    assert read == conversation
    assert isinstance(read.stage, Stage)
    assert isinstance(read.previous, Stage)


def test_effects_read_back_with_what_they_stood_in() -> None:
    entry = {"effects": EFFECTS, "sealed": {"otp": "sealed"}}
    assert codec.loads(codec.dumps(entry), dict) == entry


@pytest.mark.parametrize("value", [Path("a"), {1, 2}, object()], ids=lambda value: type(value).__name__)
def test_what_is_none_of_the_dialogues_is_not_stored(value: object) -> None:
    with pytest.raises(TypeError):
        codec.dumps(replace(Conversation(), wanted=value))  # type: ignore[arg-type]


def test_what_is_as_it_would_be_anyway_is_not_written() -> None:
    conversation = Conversation(stage=Stage.MENU, waiting=(Waiting("step", 1),))
    assert json.loads(codec.dumps(conversation)) == {
        "is": "Conversation",
        "stage": "menu",
        "waiting": [{"is": "Waiting", "id": "step", "at": 1}],
    }


def test_a_default_stays_as_it_is_for_good() -> None:
    """What is stored leaves it out. A new field with a default adds its line to the file; no line ever changes."""
    defaults = {
        f"{cls.__name__}.{field.name} = {field.default!r}"
        for cls in codec.CLASSES.values()
        for field in fields(cls)
        if field.default is not MISSING
    }
    written = set((Path(__file__).parent / "defaults.txt").read_text(encoding="utf-8").splitlines())
    assert defaults == written
    assert all(field.default_factory is MISSING for cls in codec.CLASSES.values() for field in fields(cls))


def test_what_a_newer_or_older_version_wrote_is_read() -> None:
    text = json.dumps({"is": "Conversation", "language": "hi", "a_field_of_tomorrow": 1})
    assert codec.loads(text, Conversation) == Conversation(language="hi")


@pytest.mark.parametrize("text", ['{"is": "Path"}', '{"is": "Text", "key": "menu"}', "[]"])
def test_nothing_else_is_built(text: str) -> None:
    with pytest.raises((TypeError, KeyError)):
        codec.loads(text, Conversation)
