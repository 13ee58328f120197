"""Two releases share one table and one set of queues, during a canary and after a rollback: each reads the other's.

`previous_release.zip` holds that release's own code, as far as it stores and queues, and the commit it was taken from
(`unzip -z`). An archive, so that the old code is not found, linted or imported as if it were ours; and in the
repository, since a shallow clone has no history. After a release, take it anew:

    git archive --format=zip -9 -o tests/unit/storage/previous_release.zip <release> \
        layers/helpdesk/helpdesk/{__init__,structs,errors}.py \
        layers/helpdesk/helpdesk/conversation layers/helpdesk/helpdesk/storage

What one release cannot read takes two: the first learns to read it, the second writes it.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk.conversation import effects
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import (
    AskParameters,
    Button,
    DeletePdf,
    DeliverDocument,
    EraseData,
    ExchangeCode,
    FetchDocument,
    FindOffers,
    FollowUp,
    ListDocuments,
    MakeLink,
    OfferLanguages,
    OfferLink,
    Option,
    PullDocument,
    RecordConsent,
    Request,
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
from helpdesk.conversation.model import (
    Conversation,
    Form,
    IssuedDocument,
    Link,
    Newest,
    OtpAttempt,
    OtpRound,
    RepeatedText,
    ResumeDocument,
    Session,
    Stage,
    Waiting,
    Wish,
)
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.conversation.place import Place
from helpdesk.conversation.pull import Pull
from helpdesk.storage.conversations import Entry, Person, Stored
from helpdesk.storage.work import (
    DeletionTimer,
    Delivered,
    DirectoryTimer,
    IdleTimer,
    Job,
    Lane,
    Undelivered,
    Work,
    read_work,
)
from tests.unit.storage.restore import NOW, load, queue, save

HERE = Path(__file__).parent

OFFER = Offer("SSCER", "Class X Marksheet", "000103", "in.gov.cbse", "Central Board of Secondary Education")
BARE_OFFER = Offer("SSCER", "Class X Marksheet")
EFFECTS: tuple[Request | FollowUp, ...] = (
    SendOtp("mark"),
    VerifyOtp(),
    SignUp("mark", "mark of the mobile"),
    VerifySignUp(),
    ListDocuments(),
    FetchDocument(2, "list"),
    MakeLink(sign_up=True),
    ExchangeCode(sign_up=True, proved=True),
    Revoke(("token", "refresh")),
    OfferLink("hi", Text("link.open", (("minutes", "10"),)), Text("not_understood"), Text("example.link")),
    DeletePdf("key"),
    SetTimer(900),
    RecordConsent("v", "hi", 1),
    EraseData(),
    Say(
        "bn",
        Text("otp.ask", (("digits", "34"),)),
        (Button(Choice.RESEND, "otp"),),
        Text("otp.wrong"),
        Text("example.otp"),
        about=2,
        shows=("born",),
    ),
    OfferLanguages("en", Text("not_understood"), Text("example.language"), 2),
    ShowDocuments("en", "list", 2, (1, 3), Text("documents.which"), Text("example.documents")),
    DeliverDocument("en", "key", 2, "list", uploaded=True, greeted_at=NOW),
    FindOffers(("SSCER",), "SSCER", 2),
    AskParameters(OFFER),
    PullDocument(OFFER, ("rollno", "year")),
    ShowOptions("ta", Text("pull.which"), "mark", (Option("a", "b", "SSCER"),), 2, 3, Text("old_button"), Text("menu")),
    ShowDetails(
        "or", Text("pull.check"), ("Roll Number",), (Button(Choice.SEND, "check"),), Text("menu"), Text("menu")
    ),
)
BARE_EFFECTS: tuple[Request | FollowUp, ...] = (
    SendOtp(),
    SignUp(),
    MakeLink(),
    ExchangeCode(),
    Revoke(),
    OfferLink("hi", Text("link.open")),
    Say("bn", Text("otp.ask")),
    OfferLanguages("en"),
    ShowDocuments("en", "list"),
    DeliverDocument("en", "key", 2, "list"),
    FindOffers(),
    AskParameters(BARE_OFFER),
    PullDocument(BARE_OFFER),
    ShowOptions("ta", Text("pull.which"), "mark", (Option("a"),)),
    ShowDetails("or", Text("pull.check"), (), ()),
)


def entries(
    order: int, asked: tuple[Request | FollowUp, ...], sealed: dict[str, str], *, unsure: bool = False
) -> list[Entry]:
    """Return an entry for each request, and one for all that needs no answer: alone, and behind the last request."""
    requests = list(filter(effects.is_request, asked))
    then = tuple(one for one in asked if not effects.is_request(one))
    alone = [Entry(f"{order + n}", NOW, order + n, (), sealed, one) for n, one in enumerate(requests)]
    return [
        *alone,
        Entry(f"{order + 50}", NOW, order + 50, then, sealed, requests[-1]),
        Entry(f"{order + 51}", NOW, order + 51, then, sealed, unsure=unsure),
    ]


CONVERSATION = Conversation(
    language="bn",
    stage=Stage.LANGUAGE,
    previous=Stage.OTP,
    form=Form(("aadhaar", "name"), "mark", "mark of the mobile"),
    pull=Pull(
        True,
        ("SSCER",),
        "SSCER",
        (OFFER, BARE_OFFER),
        "mark",
        2,
        11,
        OFFER,
        (Parameter("year", "Year"), Parameter("sex", "Sex", "F", ("F", "M"))),
        2,
        ("detail_1",),
        "already_there",
    ),
    writes_from_mobile=True,
    otp=OtpRound(1, 2, 3, "34", "mark"),
    link=Link("mark", "https://digilocker.example/?state={state}", 4, True, "code", "proof", 2),
    session=Session(1, 2, "list", 3, 2, 4, 5, at_list=False, token_until=5, keeps=("token", "refresh")),
    again=FetchDocument(2, "list"),
    waiting=(Waiting("step", 1, 2), Waiting("other", 1)),
    active_at=1,
    greeted_at=2,
    timer_at=3,
    tried=(OtpAttempt("mark", 1), OtpAttempt("other", 2, refused=True)),
    minute=4,
    messages=5,
    misses=6,
    late_at=7,
    repeated=RepeatedText("mark", 1, 2),
    wanted=ResumeDocument("DRVLC", "Driving License", "Ministry", 1, 2, OFFER),
    documents=(
        IssuedDocument("Driving License", "DRVLC", "Ministry", "in.gov.transport-DRVLC-X1"),
        IssuedDocument("লাইসেন্স", "DRVLC", "Ministry", "in.gov.transport-DRVLC-X2", has_pdf=False, shared=False),
    ),
)
CONVERSATIONS = {
    "new": Stored("conversation"),
    "full": Stored(
        "conversation",
        conversation=CONVERSATION,
        person=Person("919000000001", "IN.1", "wamid.1"),
        sealed={"token": "sealed"},
        seen={"step": NOW, "other": NOW},
        outbox=(
            *entries(1, EFFECTS, {"otp": "sealed"}, unsure=True),
            *entries(100, BARE_EFFECTS, {}),
        ),
    ),
    "bare": Stored(
        "conversation",
        conversation=Conversation(
            form=Form(),
            pull=Pull(),
            otp=OtpRound(1, 2, 3, "34"),
            link=Link("mark", "address", 4),
            session=Session(1, 2),
            again=SendOtp(),
            repeated=RepeatedText("mark", 1),
            wanted=ResumeDocument("DRVLC", "Driving License", "Ministry", 1),
        ),
    ),
    **{
        f"at {stage}": Stored("conversation", conversation=Conversation(stage=stage, previous=Stage.NEW))
        for stage in Stage
        if stage not in {Stage.LINE, Stage.FORM}  # which the previous release does not know
    },
    **{
        f"repeats {type(request).__name__}": Stored("conversation", conversation=Conversation(again=request))
        for request in EFFECTS
        if isinstance(request, effects.REQUESTS)
    },
}
WORK: tuple[Work, ...] = (
    Job("conversation", "step"),
    Delivered("conversation", "key"),
    Undelivered("conversation", "key", 2, "list", uploaded=True),
    IdleTimer("conversation", "id"),
    DeletionTimer("key"),
    DirectoryTimer(),
)


def run_previous(*arguments: str, given: str = "") -> Any:
    environment = {**os.environ, "PYTHONPATH": str(HERE / "previous_release.zip" / "layers" / "helpdesk")}
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, *arguments], input=given, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def written() -> dict[str, list[dict[str, Any]]]:
    """Return what this release writes."""
    return {name: save(stored) for name, stored in CONVERSATIONS.items()}


@pytest.fixture(scope="module")
def previous(written: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return what the previous release writes after reading what this one has written and queued."""
    given = {"conversations": list(written.values()), "bodies": [queue(work) for work in WORK]}
    answer = run_previous(str(HERE / "restore.py"), given=json.dumps(given))
    return {"conversations": dict(zip(written, answer["conversations"], strict=True)), "bodies": answer["bodies"]}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_each_release_reads_the_state_and_outbox_that_the_other_wrote(previous: dict[str, Any], name: str) -> None:
    """There and back: had either lost or misread anything, it would be missing."""
    stored = CONVERSATIONS[name]
    read = load(previous["conversations"][name])
    assert (read.conversation, read.person) == (stored.conversation, stored.person)
    assert (read.sealed, read.seen, read.outbox) == (stored.sealed, stored.seen, stored.outbox)


def test_whoever_waits_in_line_is_asked_about_her_account_by_the_previous_release() -> None:
    for stage, previous in ((Stage.LINE, None), (Stage.LANGUAGE, Stage.LINE)):
        waiting = Conversation(stage=stage, previous=previous, place=Place(4210, NOW))
        written = save(Stored("conversation", conversation=waiting))
        assert load(written).conversation == waiting
        given = json.dumps({"conversations": [written], "bodies": []})
        (restored,) = run_previous(str(HERE / "restore.py"), given=given)["conversations"]
        assert load(restored).conversation.at is Stage.ACCOUNT


def test_the_lane_of_an_entry_is_nothing_to_the_previous_release_and_what_it_wrote_is_work() -> None:
    entry = Entry("1", NOW, 1, (DeletePdf("key"),), lane=Lane.REPLY, announced=True)
    written = save(Stored("conversation", outbox=(entry,)))
    assert load(written).outbox == (entry,)

    (restored,) = run_previous(str(HERE / "restore.py"), given=json.dumps({"conversations": [written], "bodies": []}))[
        "conversations"
    ]

    assert load(restored).outbox == (replace(entry, lane=Lane.WORK, announced=False),)


def test_an_entry_without_a_lane_is_written_as_it_was_read_since_its_text_is_what_is_exchanged() -> None:
    (item,) = save(Stored("conversation", outbox=(Entry("1", NOW, 1, (DeletePdf("key"),)),)))
    text = json.loads(item["outbox"]["M"]["1"]["S"])
    assert set(text) == {"at", "order", "effects", "sealed", "unsure"}


def test_what_the_previous_release_does_not_know_it_leaves_out() -> None:
    new = Stored("conversation", conversation=Conversation(wish=Wish(("DRVLC",)), newest=Newest("step", "menu")))
    given = {"conversations": [save(new)], "bodies": []}
    (read,) = run_previous(str(HERE / "restore.py"), given=json.dumps(given))["conversations"]
    assert load(read).conversation == Conversation()


def test_each_release_reads_the_jobs_and_timers_that_the_other_queued(previous: dict[str, Any]) -> None:
    assert tuple(read_work(body) for body in previous["bodies"]) == WORK


def test_the_examples_hold_all_that_the_previous_release_stores(written: dict[str, list[dict[str, Any]]]) -> None:
    stored = set(
        run_previous("-c", "import json; from helpdesk.storage.codec import CLASSES; print(json.dumps(list(CLASSES)))")
    )
    assert set(re.findall(r'"is":"(\w+)"', "".join(state_of(items) for items in written.values()))) == stored


def test_defaults_are_written_out_so_that_they_may_change_one_day(written: dict[str, list[dict[str, Any]]]) -> None:
    new = json.loads(written["new"][0]["state"]["S"])
    # The previous release reads no null in `previous`.
    assert set(new) == {"is", *Conversation.__struct_fields__} - {"previous"}
    assert new["language"] == "en"


def test_fields_of_a_later_release_are_ignored(written: dict[str, list[dict[str, Any]]]) -> None:
    items = json.loads(json.dumps(written["full"]).replace('\\"is\\"', '\\"of_tomorrow\\":[null],\\"is\\"'))
    assert load(items) == load(written["full"])


@pytest.mark.parametrize("text", ['{"is":"Path"}', '{"is":"Text","key":"menu"}', "[]", '{"stage":"nowhere"}'])
def test_nothing_but_a_conversation_is_built(written: dict[str, list[dict[str, Any]]], text: str) -> None:
    state = {**written["new"][0], "state": {"S": text}}
    with pytest.raises(ValueError, match=r"Expected|Invalid"):
        load([state])


def state_of(items: list[dict[str, Any]]) -> str:
    """Return the stored JSON of a conversation."""
    texts = [value["S"] for item in items for value in item.values() if "S" in value]
    return "".join(texts + [entry["S"] for item in items for entry in item.get("outbox", {"M": {}})["M"].values()])
