"""What the transcripts don't show: answers that nobody waits for, what is kept sealed, races of her own making."""

from copy import replace

import pytest

from helpdesk.conversation.advance import advance
from helpdesk.conversation.answers import wanted
from helpdesk.conversation.choices import Choice, Tap, read_tap, tap_id
from helpdesk.conversation.effects import (
    AADHAAR,
    DEVICE_CODE,
    SHARED,
    TOKEN,
    DeletePdf,
    DeliverDocument,
    Effect,
    FetchDocument,
    ListDocuments,
    MakeLink,
    Request,
    Revoke,
    Say,
    SendOtp,
    SetTimer,
    ShowDocuments,
    VerifyOtp,
)
from helpdesk.conversation.events import (
    DocumentFetched,
    DocumentsListed,
    Entered,
    Failed,
    Kind,
    LateMessage,
    OtpSent,
    Said,
    SignedIn,
    Tapped,
    TimeRanOut,
)
from helpdesk.conversation.model import Conversation, IssuedDocument, Rules, Session, Stage, Waiting
from helpdesk.conversation.problems import Problem

NOW = 1_800_000_000
RULES = Rules()
LICENCE = IssuedDocument("Driving License", "DRVLC", "Ministry of Road Transport", "in.gov.transport-DRVLC-X1")
PAN = IssuedDocument("PAN Verification Record", "PANCR", "Income Tax Department", "in.gov.pan-PANCR-X2")


def asked_for_aadhaar() -> Conversation:
    return Conversation(stage=Stage.AADHAAR, active_at=NOW)


def sending() -> Conversation:
    return advance(asked_for_aadhaar(), Entered("step", Kind.AADHAAR), NOW, RULES)[0]


def asked_for_otp() -> Conversation:
    return advance(sending(), OtpSent("step", "34", 600), NOW, RULES)[0]


def verifying() -> Conversation:
    return advance(asked_for_otp(), Entered("otp", Kind.OTP), NOW, RULES)[0]


def signed_in() -> Conversation:
    listing = advance(verifying(), SignedIn("otp", 3600), NOW, RULES)[0]
    return advance(listing, DocumentsListed("otp", (LICENCE, PAN)), NOW, RULES)[0]


@pytest.mark.parametrize("uploaded", [0, 3])
def test_documents_that_cannot_be_read_are_never_called_no_documents(uploaded: int) -> None:
    listing = advance(verifying(), SignedIn("otp", 3600), NOW, RULES)[0]
    unreadable, effects = advance(listing, DocumentsListed("otp", (), uploaded, left_out=2), NOW, RULES)

    told = next(effect for effect in effects if isinstance(effect, Say))
    assert told.text.key == "documents.none_readable"
    assert dict(told.text.values)["left_out"] == "2"
    assert (told.more.key if told.more else "") == ("documents.uploaded" if uploaded else "")
    again = advance(unreadable, Tapped("back", Tap(Choice.SERVICES)), NOW + 1, RULES)[1]
    assert again == (ListDocuments(),)


def test_an_empty_list_is_asked_for_anew_as_soon_as_she_comes_back() -> None:
    listing = advance(verifying(), SignedIn("otp", 3600), NOW, RULES)[0]
    empty = advance(listing, DocumentsListed("otp", ()), NOW, RULES)[0]
    services = Tapped("back", Tap(Choice.SERVICES))
    assert advance(empty, services, NOW + 1, RULES)[1] == (ListDocuments(),)
    assert ListDocuments() not in advance(signed_in(), services, NOW + 1, RULES)[1]


def test_the_way_to_the_list_asks_for_one_thing_after_the_other() -> None:
    assert advance(asked_for_aadhaar(), Entered("step", Kind.AADHAAR), NOW, RULES)[1] == (SendOtp(),)
    assert advance(asked_for_otp(), Entered("otp", Kind.OTP), NOW, RULES)[1] == (VerifyOtp(),)
    assert ListDocuments() in advance(verifying(), SignedIn("otp", 3600), NOW, RULES)[1]


@pytest.mark.parametrize(
    ("conversation", "kept"),
    [
        (asked_for_aadhaar(), set()),
        (sending(), {AADHAAR}),
        (asked_for_otp(), {AADHAAR, DEVICE_CODE}),
        (verifying(), {AADHAAR, DEVICE_CODE}),
        (signed_in(), {TOKEN}),
    ],
    ids=["asked for the number", "sending", "asked for the OTP", "verifying", "signed in"],
)
def test_only_what_a_later_step_can_need_is_kept_sealed(conversation: Conversation, kept: set[str]) -> None:
    assert conversation.keeps == kept


@pytest.mark.parametrize("conversation", [sending(), asked_for_otp(), verifying()])
def test_hi_forgets_a_half_done_sign_in(conversation: Conversation) -> None:
    after, _ = advance(conversation, Said("hi", frozenset({Choice.GREETING}), ("en",)), NOW, RULES)
    assert after.keeps == frozenset()
    assert after.waiting == ()


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (Problem.NOT_FOUND, "documents.no_aadhaar"),
        (Problem.NOT_SHARED, "documents.no_aadhaar"),
        (Problem.NOT_A_PDF, "documents.no_aadhaar"),
        (Problem.BUSY, "problem.busy"),
    ],
)
def test_an_aadhaar_card_that_is_given_to_no_partner_is_told_so(problem: Problem, told: str) -> None:
    here = replace(signed_in(), documents=(replace(LICENCE, doctype="ADHAR"), PAN))
    fetching, (request,) = advance(here, Said("fetch", number=1), NOW, RULES)
    assert isinstance(request, FetchDocument)
    _, effects = advance(fetching, Failed("fetch", problem, request), NOW, RULES)
    assert [effect.text.key for effect in effects if isinstance(effect, Say)] == [told]


def test_an_aadhaar_card_that_is_listed_without_a_pdf_is_asked_for_all_the_same() -> None:
    here = replace(signed_in(), documents=(replace(LICENCE, doctype="ADHAR", has_pdf=False), PAN))
    _, (request,) = advance(here, Said("fetch", number=1), NOW, RULES)
    assert isinstance(request, FetchDocument)


@pytest.mark.parametrize(("on_page", "offered"), [(True, True), (False, False)])
def test_who_may_have_left_her_aadhaar_card_unticked_can_share_it(on_page: bool, offered: bool) -> None:
    here = replace(signed_in(), documents=(replace(LICENCE, doctype="ADHAR"), PAN))
    assert here.session
    here = replace(here, session=replace(here.session, keeps=(TOKEN, SHARED) if on_page else (TOKEN,)))
    fetching, (request,) = advance(here, Said("fetch", number=1), NOW, RULES)
    assert isinstance(request, FetchDocument)

    refused, effects = advance(fetching, Failed("fetch", Problem.NOT_SHARED, request), NOW, RULES)

    (told,) = (effect for effect in effects if isinstance(effect, Say))
    assert (Choice.SHARE in [button.choice for button in told.buttons]) is offered
    _, requests = advance(refused, Said("share", frozenset({Choice.SHARE})), NOW, RULES)
    assert any(isinstance(effect, MakeLink) for effect in requests) is offered


def test_a_token_that_nobody_waits_for_any_more_is_revoked() -> None:
    conversation, _ = advance(verifying(), Said("hi", frozenset({Choice.GREETING})), NOW, RULES)
    after, effects = advance(conversation, SignedIn("otp", 3600), NOW, RULES)
    assert effects == (Revoke(),)
    assert after == conversation


def test_a_document_that_nobody_waits_for_any_more_is_deleted() -> None:
    fetching, _ = advance(signed_in(), Said("one", number=1), NOW, RULES)
    done, _ = advance(fetching, Said("done", frozenset({Choice.DONE})), NOW, RULES)
    _, effects = advance(done, DocumentFetched("one", 1, "otp", "key"), NOW, RULES)
    assert effects == (DeletePdf("key"),)


def test_a_job_is_wanted_only_for_the_list_that_is_shown_now() -> None:
    fetching, effects = advance(signed_in(), Said("one", number=1), NOW, RULES)
    assert isinstance(effects[0], FetchDocument)
    assert wanted(fetching, "one", effects[0])
    assert not wanted(fetching, "another step", effects[0])
    assert not wanted(fetching, "one", FetchDocument(1, "an older list"))


def test_two_documents_asked_for_in_a_row_are_both_delivered() -> None:
    first, _ = advance(signed_in(), Said("one", number=1), NOW, RULES)
    both, _ = advance(first, Said("two", number=2), NOW, RULES)
    after, one = advance(both, DocumentFetched("one", 1, "otp", "key1"), NOW, RULES)
    after, two = advance(after, DocumentFetched("two", 2, "otp", "key2"), NOW, RULES)
    assert isinstance(one[0], DeliverDocument)
    assert isinstance(two[0], DeliverDocument)
    assert after.waiting == ()


def test_a_double_tap_fetches_once() -> None:
    first, _ = advance(signed_in(), Said("one", number=1), NOW, RULES)
    _, effects = advance(first, Said("again", number=1), NOW + 1, RULES)
    assert isinstance(effects[0], Say)
    assert effects[0].text.key == "documents.on_its_way"


@pytest.mark.parametrize("problem", list(Problem))
@pytest.mark.parametrize("stage", ["send", "verify", "list", "fetch"])
def test_every_problem_at_every_step_ends_in_a_message_with_a_way_on(problem: Problem, stage: str) -> None:
    given: dict[str, tuple[Conversation, str, Request]] = {
        "send": (sending(), "step", SendOtp()),
        "verify": (verifying(), "otp", VerifyOtp()),
        "list": (advance(verifying(), SignedIn("otp", 3600), NOW, RULES)[0], "otp", ListDocuments()),
        "fetch": (advance(signed_in(), Said("one", number=1), NOW, RULES)[0], "one", FetchDocument(1, "otp")),
    }
    conversation, step, request = given[stage]
    after, effects = advance(conversation, Failed(step, problem, request), NOW, RULES)
    assert isinstance(effects[0], Say)
    assert effects[0].buttons
    assert after.waiting == ()


def test_an_otp_is_never_verified_twice_after_an_uncertain_failure() -> None:
    after, _ = advance(verifying(), Failed("otp", Problem.UNREACHABLE, VerifyOtp()), NOW, RULES)
    _, effects = advance(after, Entered("same again", Kind.OTP), NOW, RULES)
    assert VerifyOtp() not in effects


def test_writing_while_digilocker_works_is_answered_at_once() -> None:
    after, effects = advance(verifying(), Said("hello?", words=("hello",)), NOW + 5, RULES)
    assert isinstance(effects[0], Say)
    assert effects[0].text.key == "wait"
    assert after.waits_for("otp")


def test_a_step_whose_answer_is_lost_does_not_leave_her_stuck() -> None:
    after, effects = advance(verifying(), Said("hello?", words=("hello",)), NOW + 600, RULES)
    assert isinstance(effects[0], Say)
    assert after.stage is Stage.OTP


# Time


def test_signing_in_sets_one_timer() -> None:
    conversation, effects = advance(sending(), OtpSent("step", "34", 600), NOW, RULES)
    assert SetTimer(900) in effects
    verifying, _ = advance(conversation, Entered("otp", Kind.OTP), NOW + 10, RULES)
    assert not any(isinstance(e, SetTimer) for e in advance(verifying, SignedIn("otp", 3600), NOW + 11, RULES)[1])


def test_the_timer_waits_for_the_rest_of_the_time_if_she_wrote_meanwhile() -> None:
    conversation = replace(signed_in(), active_at=NOW + 600)
    after, effects = advance(conversation, TimeRanOut("timer"), NOW + 900, RULES)
    assert effects == (SetTimer(600),)
    assert after.session is not None


def test_the_timer_ends_a_silent_session_without_a_word() -> None:
    after, effects = advance(signed_in(), TimeRanOut("timer"), NOW + 900, RULES)
    assert effects == (Revoke(),)
    assert (after.stage, after.session, after.documents) == (Stage.ENDED, None, ())


def test_the_timer_forgets_a_sign_in_that_was_never_finished() -> None:
    after, effects = advance(asked_for_otp(), TimeRanOut("timer"), NOW + 900, RULES)
    assert after.keeps == frozenset()
    assert effects == ()


def test_a_session_ends_also_if_the_timer_was_lost() -> None:
    after, effects = advance(signed_in(), Said("one", number=1), NOW + 901, RULES)
    assert Revoke() in effects
    assert after.session is None


def test_a_document_that_comes_after_the_end_of_the_session_is_deleted_and_she_is_told() -> None:
    asked, _ = advance(signed_in(), Said("one", number=1), NOW + 1, RULES)
    assert asked.session is not None
    after, effects = advance(asked, DocumentFetched("one", 1, "listing", "key"), asked.session.expires_at, RULES)
    assert after.session is None
    assert [type(effect) for effect in effects] == [Say, Revoke, DeletePdf]
    assert isinstance(effects[0], Say)
    assert effects[0].text.key == "session.closed"


def test_an_otp_typed_into_an_expired_sign_in_goes_nowhere() -> None:
    _, effects = advance(asked_for_otp(), Entered("late", Kind.OTP), NOW + 901, RULES)
    assert VerifyOtp() not in effects


def test_a_message_that_came_late_is_not_acted_on_but_hi_is() -> None:
    after, effects = advance(signed_in(), LateMessage("late", Said("late", number=1)), NOW, RULES)
    assert not any(isinstance(effect, FetchDocument) for effect in effects)
    hi = LateMessage("hi", Said("hi", frozenset({Choice.GREETING}), ("hi",)))
    assert advance(after, hi, NOW, RULES)[0].language == "hi"


def test_a_burst_of_late_messages_is_answered_once() -> None:
    after, first = advance(Conversation(stage=Stage.MENU), LateMessage("1"), NOW, RULES)
    _, second = advance(after, LateMessage("2"), NOW + 1, RULES)
    assert (len(first), len(second)) == (1, 0)


# Taps


@pytest.mark.parametrize(
    "tap", [Tap(Choice.YES, "account"), Tap(Choice.MORE, "1f2e", "2"), Tap(Choice.SPEAK, "", "hi")]
)
def test_the_id_of_a_button_reads_back_as_it_was_written(tap: Tap) -> None:
    assert read_tap(tap_id(tap.choice, tap.place, tap.detail)) == tap


@pytest.mark.parametrize("text", ["", "@", "#", "yes please", "nothing@account", "document@x#٣", "document@x#²"])
def test_an_id_that_is_none_of_ours_is_no_choice_and_no_number(text: str) -> None:
    tap = read_tap(text)
    assert tap is None or tap.number is None


def test_a_tap_on_yesterdays_list_shows_the_list_of_today() -> None:
    after, effects = advance(signed_in(), Tapped("tap", Tap(Choice.DOCUMENT, "yesterday", "1")), NOW, RULES)
    assert not any(isinstance(effect, FetchDocument) for effect in effects)
    assert after.stage is Stage.DOCUMENTS


# Limits against abuse


def an_otp_later(conversation: Conversation, mark: str, now: int) -> Conversation:
    again = replace(conversation, stage=Stage.AADHAAR, otp=None, active_at=now)
    asked, effects = advance(again, Entered(f"step{now}", Kind.AADHAAR, mark=mark), now, RULES)
    assert effects == (SendOtp(mark),)
    return advance(asked, OtpSent(f"step{now}", "34", 600, mark), now, RULES)[0]


def refusal(conversation: Conversation, mark: str, now: int) -> Say:
    again = replace(conversation, stage=Stage.AADHAAR, otp=None, active_at=now)
    _, (reply,) = advance(again, Entered("one more", Kind.AADHAAR, mark=mark), now, RULES)
    assert isinstance(reply, Say)
    return reply


def test_five_otps_a_day_are_enough_and_the_text_says_when_it_opens_again() -> None:
    conversation = asked_for_aadhaar()
    for hour in range(5):
        conversation = an_otp_later(conversation, "a", NOW + hour * 3600)
    reply = refusal(conversation, "a", NOW + 5 * 3600)
    assert reply.text.key == "otp.too_many_today"
    assert dict(reply.text.values) == {"hours": "19"}
    an_otp_later(conversation, "a", NOW + 24 * 3600)


def test_a_family_can_sign_in_from_one_phone_but_a_list_cannot_be_tried() -> None:
    conversation = asked_for_aadhaar()
    for number, mark in enumerate("abc"):
        conversation = an_otp_later(conversation, mark, NOW + number)
    assert refusal(conversation, "d", NOW + 70).text.key == "aadhaar.too_many_today"
    an_otp_later(conversation, "b", NOW + 70)


def test_resending_counts_too() -> None:
    conversation = asked_for_aadhaar()
    for hour in range(5):
        conversation = an_otp_later(conversation, "a", NOW + hour * 60)
    later = NOW + 4 * 60 + 61
    resend = Tapped("resend", Tap(Choice.RESEND, "otp"))
    _, (reply,) = advance(conversation, resend, later, RULES)
    assert isinstance(reply, Say)
    assert reply.text.key == "otp.too_many_today"


def test_a_flood_of_messages_is_answered_once_and_then_not_until_it_is_quieter() -> None:
    conversation = Conversation(stage=Stage.MENU, active_at=NOW)
    answers: list[Effect] = []
    for number in range(40):
        conversation, effects = advance(conversation, Said(f"m{number}", words=("x",)), NOW - NOW % 60, RULES)
        answers += effects
    assert len(answers) == 31
    assert isinstance(answers[-1], Say)
    assert answers[-1].text.key == "slowly"
    _, effects = advance(conversation, Said("later", words=("x",)), NOW + 60, RULES)
    assert len(effects) == 1


def typed(step: str, mark: str) -> Said:
    return Said(step, choices=frozenset({Choice.MORE}), words=("more",), typed=mark)


def test_five_identical_texts_within_a_minute_are_left_alone_and_another_text_is_not() -> None:
    conversation, answered = signed_in(), []
    for times in range(7):
        conversation, effects = advance(conversation, typed(f"{times}", "same"), NOW + times, RULES)
        answered.append(bool(effects))
    assert answered == [True, True, True, True, False, False, False]
    _, effects = advance(conversation, typed("other", "other"), NOW + 8, RULES)
    assert effects


def test_a_text_that_was_left_alone_is_answered_again_after_a_minute() -> None:
    conversation = signed_in()
    for times in range(6):
        conversation, _ = advance(conversation, typed(f"{times}", "same"), NOW + times, RULES)
    _, effects = advance(conversation, typed("later", "same"), NOW + 60, RULES)
    assert effects


def test_the_same_tap_again_and_again_is_no_machines_text() -> None:
    conversation = signed_in()
    for times in range(8):
        conversation, effects = advance(conversation, Tapped(f"{times}", Tap(Choice.MORE)), NOW + times, RULES)
        assert effects


def lost(conversation: Conversation, number: int = 1) -> Conversation:
    asked, _ = advance(conversation, Said("one", number=number), NOW, RULES)
    return advance(asked, Failed("one", Problem.SIGNED_OUT, FetchDocument(number, "otp")), NOW, RULES)[0]


def test_a_document_asked_for_before_the_session_broke_off_is_found_on_a_list_with_other_numbers() -> None:
    again = replace(
        lost(signed_in()), stage=Stage.LISTING, session=Session(NOW, NOW + 3600), waiting=(Waiting("new", NOW),)
    )
    after, effects = advance(again, DocumentsListed("new", (PAN, LICENCE)), NOW, RULES)
    assert effects == (FetchDocument(2, "new"),)
    assert after.wanted is None
    _, effects = advance(again, DocumentsListed("new", (PAN,)), NOW, RULES)
    assert isinstance(effects[0], ShowDocuments)
    _, effects = advance(again, DocumentsListed("new", (LICENCE,)), NOW + RULES.session_seconds, RULES)
    assert isinstance(effects[0], ShowDocuments)


@pytest.mark.parametrize("choice", [Choice.GREETING, Choice.MENU, Choice.CANCEL])
def test_who_goes_elsewhere_does_not_get_it_later_on(choice: Choice) -> None:
    after, _ = advance(lost(signed_in()), Said("elsewhere", frozenset({choice})), NOW, RULES)
    assert after.wanted is None
