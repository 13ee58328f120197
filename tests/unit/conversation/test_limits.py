"""What one citizen may ask for: counted when she asks, whatever she does before the answer comes."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from helpdesk.conversation.advance import advance
from helpdesk.conversation.allowance import pauses
from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.effects import (
    REPLIES,
    REQUESTS,
    Effect,
    EraseData,
    FetchDocument,
    MakeLink,
    PullDocument,
    Revoke,
    Say,
    SendOtp,
    ShowDocuments,
)
from helpdesk.conversation.events import (
    Entered,
    Event,
    Failed,
    Kind,
    LateMessage,
    OtpSent,
    Said,
    SentSomethingElse,
    Tapped,
)
from helpdesk.conversation.limits import DAY, HOUR, Limit, Used
from helpdesk.conversation.model import Conversation, IssuedDocument, Rules, Session, Stage
from helpdesk.conversation.offers import Offer
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.pull import Pull

NOW = 1_800_000_000 - 1_800_000_000 % 60
RULES = Rules()


def said(*choices: Choice, step: str = "said", number: int | None = None) -> Said:
    return Said(step, frozenset(choices), number=number)


def signed_in() -> Conversation:
    documents = tuple(IssuedDocument(f"Document {n}", "PANCR", "Issuer", f"in.gov.x-PANCR-{n}") for n in range(100))
    session = Session(NOW, NOW + 10 * DAY, listing="listing0", count=100, listed_at=NOW)
    return Conversation(stage=Stage.DOCUMENTS, active_at=NOW, session=session, documents=documents)


def keys(effects: tuple[Effect, ...]) -> list[str]:
    """Return the keys of what is told, and of the notes before it."""
    found = []
    for effect in effects:
        if isinstance(effect, Say):
            found.append(effect.text.key)
        if isinstance(effect, Say | ShowDocuments) and effect.note:
            found.append(effect.note.key)
    return found


# The window


@given(
    most=st.integers(1, 6),
    gaps=st.lists(st.integers(0, 3000), max_size=40),
)
def test_a_limit_lets_no_more_through_in_any_hour_and_waits_no_longer_than_it_must(most: int, gaps: list[int]) -> None:
    limit = Limit(1000, most, 1000)
    times: tuple[int, ...] = ()
    now = NOW
    for gap in gaps:
        now += gap
        wait = limit.wait(times, now)
        if wait == 0:
            times = (*times, now)
        else:
            assert limit.wait(times, now + wait) == 0
            assert limit.wait(times, now + wait - 1) > 0
    assert all(sum(at <= other < at + HOUR for other in times) <= most for at in times)


# OTPs: every way of asking, leaving and answering

NUMBERS = ("a", "b", "c", "d", "e")
LEAVES = (
    said(Choice.BACK),
    said(Choice.MENU),
    said(Choice.CANCEL),
    said(Choice.STOP),
    said(Choice.GREETING),
    said(Choice.LANGUAGE),
    said(Choice.ANOTHER_PERSON),
    Tapped("leave", Tap(Choice.DELETE)),
    Tapped("leave", Tap(Choice.CHANGE_NUMBER, "otp")),
)

type Move = tuple[str, int]
MOVES = st.one_of(
    st.tuples(st.just("asks"), st.integers(0, len(NUMBERS) - 1)),
    st.tuples(st.just("asks"), st.integers(0, len(NUMBERS) - 1)),
    st.tuples(st.just("leaves"), st.integers(0, len(LEAVES) - 1)),
    st.tuples(st.just("sent"), st.integers(0, 2)),
    st.tuples(st.just("failed"), st.integers(0, 2)),
    st.tuples(st.just("unsent"), st.integers(0, 2)),
    st.tuples(st.sampled_from(("resends", "again")), st.just(0)),
    st.tuples(st.just("passes"), st.sampled_from((1, 20, 59, 60, 61, 600, 901, 3600, 6 * HOUR))),
)


def otps(moves: list[Move]) -> Iterator[tuple[Conversation, list[tuple[int, str]], list[tuple[int, str]]]]:
    """Take a chat through some moves; yield it with the OTPs that DigiLocker was asked for, and the numbers tried."""
    conversation, now = Conversation(stage=Stage.AADHAAR, active_at=NOW), NOW
    asked: dict[str, tuple[int, str]] = {}
    tried: list[tuple[int, str]] = []
    open_steps: list[str] = []
    for count, (move, which) in enumerate(moves):
        step = f"{count:024d}"
        event: Event
        match move:
            case "passes":
                now += which
                continue
            case "asks":
                # However she got back to the question: with the consent, which is not what this is about.
                way = replace(conversation, previous=None, waiting=(), otp=None, session=None)
                conversation = way if conversation.stage is Stage.AADHAAR else replace(way, stage=Stage.AADHAAR)
                event = Entered(step, Kind.AADHAAR, mark=NUMBERS[which])
            case "resends":
                event = Tapped(step, Tap(Choice.RESEND, "otp"))
            case "again":
                event = Tapped(step, Tap(Choice.TRY_AGAIN, "aadhaar"))
            case "leaves":
                event = replace(LEAVES[which], id=step)
            case _ if which < len(open_steps):
                of = open_steps.pop(-1 - which)
                request = SendOtp(asked[of][1])
                if move == "sent":
                    event = OtpSent(of, "34", 600, request.mark)
                elif move == "unsent":
                    event = Failed(of, Problem.HELD_UP, request, unsent=True)
                    del asked[of]
                else:
                    event = Failed(of, Problem.UNREACHABLE, request)
            case _:
                continue
        conversation, effects = advance(conversation, event, now, replace(RULES, replies=Limit(1000, 1000, 1000)))
        for effect in effects:
            if isinstance(effect, SendOtp):
                asked[step] = (now, effect.mark)
                tried.append((now, effect.mark))
                open_steps.append(step)
        yield conversation, list(asked.values()), tried


@settings(max_examples=400)
@given(st.lists(MOVES, min_size=3, max_size=60))
def test_no_way_of_asking_leaving_and_answering_gets_around_the_limits_of_otps(moves: list[Move]) -> None:
    for _, sent, tried in otps(moves):
        for at, mark in sent:
            day = [(other, whose) for other, whose in sent if at <= other < at + DAY]
            assert len(day) <= RULES.otps_per_citizen_per_day
            pause = [other for other, whose in sent if whose == mark and at <= other < at + RULES.resend_seconds]
            assert len(pause) == 1
        for at, _ in tried:
            assert len({mark for other, mark in tried if at <= other < at + DAY}) <= RULES.numbers_per_citizen_per_day


def test_an_otp_counts_although_she_has_moved_on_before_it_was_sent() -> None:
    conversation = Conversation(stage=Stage.AADHAAR, active_at=NOW)
    numbers = []
    for count, mark in enumerate(NUMBERS):
        asked, effects = advance(
            replace(conversation, stage=Stage.AADHAAR),
            Entered(f"s{count}", Kind.AADHAAR, mark=mark),
            NOW + count,
            RULES,
        )
        numbers += [effect.mark for effect in effects if isinstance(effect, SendOtp)]
        left, _ = advance(asked, said(Choice.BACK), NOW + count, RULES)
        conversation, undone = advance(left, OtpSent(f"s{count}", "34", 600, mark), NOW + count, RULES)
        assert undone == ()
    assert numbers == ["a", "b", "c"]


def test_the_pause_before_another_otp_to_the_same_number_holds_on_every_way() -> None:
    conversation = Conversation(stage=Stage.AADHAAR, active_at=NOW)
    asked, effects = advance(conversation, Entered("one", Kind.AADHAAR, mark="a"), NOW, RULES)
    assert effects == (SendOtp("a"),)
    sent, _ = advance(asked, OtpSent("one", "34", 600, "a"), NOW + 3, RULES)
    changed, _ = advance(sent, Tapped("two", Tap(Choice.CHANGE_NUMBER, "otp")), NOW + 4, RULES)

    paused, effects = advance(changed, Entered("three", Kind.AADHAAR, mark="a"), NOW + 5, RULES)

    assert keys(effects) == ["aadhaar.ask", "otp.pause"]
    assert paused.stage is Stage.AADHAAR
    _, effects = advance(paused, Entered("four", Kind.AADHAAR, mark="b"), NOW + 6, RULES)
    assert effects == (SendOtp("b"),)
    _, effects = advance(paused, Entered("five", Kind.AADHAAR, mark="a"), NOW + RULES.resend_seconds, RULES)
    assert effects == (SendOtp("a"),)


def test_an_otp_that_was_not_sent_for_certain_is_taken_back_but_its_number_stays_tried() -> None:
    conversation = Conversation(stage=Stage.AADHAAR, active_at=NOW)
    asked, _ = advance(conversation, Entered("one", Kind.AADHAAR, mark="a"), NOW, RULES)

    unsent, _ = advance(asked, Failed("one", Problem.HELD_UP, SendOtp("a"), unsent=True), NOW, RULES)
    unsure, _ = advance(asked, Failed("one", Problem.UNREACHABLE, SendOtp("a")), NOW, RULES)

    again = Tapped("two", Tap(Choice.TRY_AGAIN, "aadhaar"))
    assert advance(unsent, again, NOW + 1, RULES)[1] == (SendOtp("a"),)
    assert keys(advance(unsure, again, NOW + 1, RULES)[1]) == ["aadhaar.ask", "otp.pause"]
    assert [(tried.mark, tried.refused) for tried in unsent.tried] == [("a", True)]
    assert [(tried.mark, tried.refused) for tried in unsure.tried] == [("a", False)]


def test_what_a_version_asked_for_that_counts_only_the_answer_is_counted_with_it() -> None:
    asked, _ = advance(
        Conversation(stage=Stage.AADHAAR, active_at=NOW), Entered("one", Kind.AADHAAR, mark="a"), NOW, RULES
    )
    sent, _ = advance(replace(asked, tried=()), OtpSent("one", "34", 600, "a"), NOW, RULES)
    assert [tried.mark for tried in sent.tried] == ["a"]


# Documents, pulls, links


def test_documents_are_limited_by_minute_and_hour_and_day_and_the_list_stays_open() -> None:
    conversation, fetched, noted = signed_in(), [], 0
    unlimited = replace(RULES, replies=Limit(10_000, 10_000, 10_000))
    for minute in range(0, 24 * 60, 2):
        now = NOW + 60 * minute
        for again in range(3):
            step = f"{minute:04d}{again:04d}"
            conversation = replace(conversation, waiting=())
            conversation, effects = advance(
                conversation, said(step=step, number=minute % 90 + 1 + again), now, unlimited
            )
            fetched += [now for effect in effects if isinstance(effect, FetchDocument)]
            noted += bool({"limit.minutes", "limit.hours"} & set(keys(effects)))
            assert conversation.stage is Stage.DOCUMENTS
    for at in fetched:
        assert sum(at <= other < at + 60 for other in fetched) <= RULES.documents.minute
        assert sum(at <= other < at + HOUR for other in fetched) <= RULES.documents.hour
    assert len(fetched) == RULES.documents.day
    assert noted == 3 * 12 * 60 - len(fetched)


def test_pulls_are_limited_and_what_was_entered_stays_to_be_sent_later() -> None:
    offer = Offer("HSCER", "Marksheet", "000103", "in.gov.cbse", "CBSE")
    conversation = replace(signed_in(), stage=Stage.CHECK, pull=Pull(chosen=offer))
    pulls = 0
    for count in range(RULES.pulls.minute + 1):
        at_check = replace(conversation, stage=Stage.CHECK, pull=Pull(chosen=offer), waiting=())
        conversation, effects = advance(at_check, said(Choice.SEND, step=f"{count}"), NOW, RULES)
        pulls += sum(isinstance(effect, PullDocument) for effect in effects)
    assert pulls == RULES.pulls.minute
    assert conversation.stage is Stage.CHECK
    assert conversation.pull == Pull(chosen=offer)


def test_links_are_limited() -> None:
    on_page = replace(RULES, on_page=True)
    conversation, links = Conversation(active_at=NOW), 0
    for count in range(RULES.links.minute + 1):
        at_menu = replace(conversation, stage=Stage.MENU)
        conversation, effects = advance(at_menu, said(Choice.SERVICES, step=f"{count}"), NOW + count, on_page)
        links += sum(isinstance(effect, MakeLink) for effect in effects)
    assert links == RULES.links.minute
    assert conversation.stage is Stage.MENU


# What WhatsApp charges for


def charged(effects: tuple[Effect, ...]) -> int:
    return sum(isinstance(effect, (*REPLIES, *REQUESTS)) for effect in effects)


FLOODS: dict[str, Callable[[int], Event]] = {
    "texts": lambda n: said((Choice.MENU, Choice.HELP)[n % 2], step=f"{n}"),
    "the same text": lambda n: replace(said(Choice.MENU, step=f"{n}"), typed="same"),
    "taps": lambda n: Tapped(f"{n}", Tap(Choice.MENU)),
    "nonsense": lambda n: Said(f"{n}", words=(f"word{n}",)),
    "pictures": lambda n: SentSomethingElse(f"{n}", "image"),
    "late ones": lambda n: LateMessage(f"{n}", None),
    "documents": lambda n: said(step=f"{n}", number=n % 90 + 1),
    "stop and hi": lambda n: said((Choice.STOP, Choice.GREETING)[n % 2], step=f"{n}"),
    "delete and hi": lambda n: Tapped(f"{n}", Tap(Choice.DELETE)) if n % 2 else said(Choice.GREETING, step=f"{n}"),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_phone_that_writes_all_day_costs_at_most_a_hundred_messages(flood: str) -> None:
    conversation = signed_in()
    paid: list[int] = []
    changes = told = n = 0
    for minute in range(0, 26 * 60, 1 if flood == "texts" else 5):
        now = NOW + 60 * minute
        for _ in range(30):
            n += 1
            after, effects = advance(replace(conversation, waiting=()), FLOODS[flood](n), now, RULES)
            changes += after != replace(conversation, waiting=())
            paid += [now] * charged(effects)
            told += sum(key.startswith("pause.") for key in keys(effects))
            conversation = after
    assert max(sum(at <= other < at + DAY for other in paid) for at in paid) <= RULES.replies.day
    # What gets no answer changes nothing, so it is not written.
    assert changes <= len(paid) + 4
    assert told <= 6


def test_at_the_limit_she_is_told_when_it_goes_on_and_then_hears_nothing_until_then() -> None:
    used = Used(replies=tuple(range(NOW - 59, NOW)))
    conversation = replace(signed_in(), used=used, timer_at=NOW + RULES.session_seconds)
    paused, effects = advance(conversation, said(Choice.HELP), NOW, RULES)
    assert keys(effects) == ["pause.minutes"]
    (told,) = effects
    assert isinstance(told, Say)
    assert dict(told.text.values) == {"minutes": "60"}
    silent, effects = advance(paused, said(Choice.HELP), NOW + 61, RULES)
    assert effects == ()
    assert silent == paused
    _, effects = advance(paused, said(Choice.GREETING), paused.used.paused_until, RULES)
    assert keys(effects) == ["menu"]


def test_a_stop_that_meets_the_limit_is_told_both() -> None:
    conversation = replace(signed_in(), used=Used(replies=tuple(range(NOW - 59, NOW))))
    stopped, (told, *_) = advance(conversation, said(Choice.STOP), NOW, RULES)
    assert isinstance(told, Say)
    assert (told.text.key, told.more and told.more.key) == ("stop.done", "pause.minutes")
    assert pauses(told)
    assert (stopped.stage, stopped.used.paused_until > NOW) == (Stage.STOPPED, True)


@pytest.mark.parametrize(
    ("event", "stage", "does"),
    [
        (said(Choice.STOP), Stage.STOPPED, Revoke),
        (said(Choice.DONE), Stage.MENU, Revoke),
        (Tapped("delete", Tap(Choice.DELETE)), Stage.NEW, EraseData),
    ],
)
def test_what_ends_things_is_done_without_a_word_while_she_gets_no_answers(
    event: Event, stage: Stage, does: type[Effect]
) -> None:
    paused = replace(signed_in(), used=Used(paused_until=NOW + HOUR))
    after, effects = advance(paused, event, NOW + 1, RULES)
    assert after.stage is stage
    assert after.session is None
    assert after.used.paused_until == NOW + HOUR
    assert any(isinstance(effect, does) for effect in effects)
    assert not any(isinstance(effect, REPLIES) for effect in effects)
    assert advance(after, event, NOW + 2, RULES) == (after, ())


def test_deleting_her_data_does_not_reset_what_she_has_used() -> None:
    used = Used(replies=(NOW,), documents=(NOW,), links=(NOW,), pulls=(NOW,))
    after, _ = advance(replace(signed_in(), used=used), Tapped("delete", Tap(Choice.DELETE)), NOW + 1, RULES)
    assert after.used == replace(used, replies=(NOW, NOW + 1))
