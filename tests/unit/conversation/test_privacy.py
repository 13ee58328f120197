"""Privacy, deletion, silence, and the language she speaks."""

from copy import replace

import pytest

from helpdesk.conversation.advance import advance
from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.effects import EraseData, OfferLanguages, Revoke, Say, SendOtp, ShowDocuments
from helpdesk.conversation.events import (
    DocumentsListed,
    Entered,
    Event,
    Failed,
    IdentityChanged,
    Kind,
    LateMessage,
    OtpSent,
    Said,
    SentSomethingElse,
    SignedIn,
    Tapped,
)
from helpdesk.conversation.limits import Used
from helpdesk.conversation.model import Conversation, IssuedDocument, RepeatedText, Rules, Stage
from helpdesk.conversation.problems import Problem

NOW = 1_800_000_000
RULES = Rules(otps_per_citizen_per_day=2, languages=("en", "hi", "bn", "mr"))
LICENCE = IssuedDocument("Driving License", "DRVLC", "Ministry of Road Transport", "in.gov.transport-DRVLC-X1")


def after(conversation: Conversation, *events: Event, now: int = NOW) -> Conversation:
    for event in events:
        conversation, _ = advance(conversation, event, now, RULES)
    return conversation


def said(*choices: Choice, languages: tuple[str, ...] = ()) -> Said:
    return Said("step", frozenset(choices), languages)


def signed_in() -> Conversation:
    return after(
        Conversation(stage=Stage.AADHAAR, active_at=NOW, language="hi"),
        Entered("number", Kind.AADHAAR, mark="her number"),
        OtpSent("number", "34", 600, "her number"),
        Entered("otp", Kind.OTP),
        SignedIn("otp", 3600),
        DocumentsListed("otp", (LICENCE,)),
    )


def told(effects: tuple[object, ...]) -> Say:
    (say,) = [effect for effect in effects if isinstance(effect, Say)]
    return say


def test_deleting_signs_out_first_tells_her_and_then_forgets_where_to_reach_her() -> None:
    gone, effects = advance(signed_in(), Tapped("tap", Tap(Choice.DELETE, "delete")), NOW, RULES)
    assert [type(effect) for effect in effects] == [Revoke, Say, EraseData]
    assert told(effects).language == "hi"
    assert gone.session is None
    assert gone.documents == ()
    assert gone.keeps == frozenset()
    assert gone.language == Conversation().language


def test_deleting_does_not_reset_what_holds_misuse_back() -> None:
    tried = after(signed_in(), Tapped("tap", Tap(Choice.DELETE)))
    assert tried.tried == signed_in().tried
    asked = replace(tried, stage=Stage.AADHAAR)
    again = (Entered("again", Kind.AADHAAR, mark="her number"), OtpSent("again", "34", 600, "her number"))
    asked = after(asked, *again, now=NOW + 60)
    deleted = replace(after(asked, Tapped("tap", Tap(Choice.DELETE)), now=NOW + 60), stage=Stage.AADHAAR)
    _, effects = advance(deleted, Entered("third", Kind.AADHAAR, mark="her number"), NOW + 120, RULES)
    assert not any(isinstance(effect, SendOtp) for effect in effects)
    assert told(effects).text.key == "otp.too_many_today"


def test_yes_deletes_only_where_it_was_asked() -> None:
    asked = after(signed_in(), said(Choice.DELETE_DATA))
    assert asked.stage is Stage.DELETE
    assert EraseData() in advance(asked, said(Choice.YES), NOW, RULES)[1]
    assert EraseData() not in advance(signed_in(), said(Choice.YES), NOW, RULES)[1]
    assert after(asked, said(Choice.NO)).session is not None


def test_stop_signs_out_and_only_hi_is_answered_after_it() -> None:
    stopped, effects = advance(signed_in(), said(Choice.STOP), NOW, RULES)
    assert isinstance(effects[-1], Revoke)
    for event in (said(Choice.MENU), Entered("n", Kind.OTP), SentSomethingElse("v", "audio"), said(Choice.YES)):
        assert advance(stopped, event, NOW, RULES) == (stopped, ())
    assert after(stopped, said(Choice.GREETING)).stage is Stage.MENU


def test_stop_is_heard_above_her_limits_in_a_pause_late_and_after_her_data_was_deleted() -> None:
    stop = said(Choice.STOP)
    flooded = replace(signed_in(), minute=NOW // 60, messages=RULES.messages_per_minute + 9)
    assert told(advance(flooded, stop, NOW, RULES)[1]).text.key == "stop.done"
    assert told(advance(signed_in(), LateMessage("step", stop), NOW, RULES)[1]).text.key == "stop.done"
    repeating = replace(signed_in(), repeated=RepeatedText("stop", NOW, 9))
    assert after(repeating, replace(stop, typed="stop")).stage is Stage.STOPPED
    paused = replace(signed_in(), used=Used(paused_until=NOW + 60))
    for conversation in (paused, after(paused, Tapped("delete", Tap(Choice.DELETE)))):
        for event in (stop, LateMessage("step", stop)):
            assert after(conversation, event).stage is Stage.STOPPED


def test_who_has_her_number_next_is_told_what_she_was_told_and_the_counts_stay() -> None:
    used = Used(replies=tuple(range(NOW - 60, NOW)), paused_until=NOW + 3600)
    flooded = replace(signed_in(), used=used, minute=NOW // 60, messages=99, late_at=NOW)
    handed_over = after(replace(flooded, repeated=RepeatedText("x", NOW, 9)), IdentityChanged("system"))
    assert handed_over.used == replace(used, paused_until=0)
    assert told(advance(handed_over, replace(said(Choice.MENU), typed="x"), NOW, RULES)[1]).text.key == "pause.minutes"
    late = replace(handed_over, used=Used())
    assert told(advance(late, LateMessage("step"), NOW, RULES)[1]).note is not None


@pytest.mark.parametrize(
    ("spoken", "languages", "answered"),
    [
        ("en", ("hi", "mr"), "hi"),
        ("mr", ("hi", "mr"), "mr"),
        ("hi", ("en",), "hi"),
        ("bn", ("en", "hi"), "bn"),
        ("bn", ("hi",), "hi"),
        ("hi", (), "hi"),
        ("hi", ("xx",), "hi"),
    ],
)
def test_the_language_follows_her_words_unless_they_fit_the_one_that_is_spoken(
    spoken: str, languages: tuple[str, ...], answered: str
) -> None:
    conversation = Conversation(language=spoken, stage=Stage.MENU)
    assert after(conversation, said(Choice.HELP, languages=languages)).language == answered


def test_nobody_goes_back_to_english_by_saying_hi() -> None:
    chosen = after(Conversation(stage=Stage.MENU), Tapped("tap", Tap(Choice.SPEAK, "", "bn")))
    assert after(chosen, said(Choice.GREETING, languages=("en",))).language == "bn"


def test_the_list_of_languages_has_pages() -> None:
    asked = after(Conversation(stage=Stage.ACCOUNT), said(Choice.LANGUAGE))
    for event in (said(Choice.MORE), Tapped("tap", Tap(Choice.MORE, "language", "2"))):
        _, (offer,) = advance(asked, event, NOW, RULES)
        assert isinstance(offer, OfferLanguages)
        assert offer.page == 2


def test_answers_that_are_understood_start_the_count_of_others_anew() -> None:
    asked = after(Conversation(stage=Stage.ACCOUNT), said(), said())
    assert asked.misses == 2
    assert after(asked, said(Choice.YES)).misses == 0


def test_a_list_that_is_older_than_five_minutes_is_asked_for_again_and_kept_if_that_fails() -> None:
    _, effects = advance(signed_in(), said(Choice.OTHER_DOCUMENTS), NOW + 299, RULES)
    assert isinstance(effects[0], ShowDocuments)
    asked, effects = advance(signed_in(), said(Choice.OTHER_DOCUMENTS), NOW + 300, RULES)
    (request,) = effects
    kept, (shown,) = advance(asked, Failed("step", Problem.BUSY, request), NOW + 301, RULES)  # type: ignore[arg-type]
    assert isinstance(shown, ShowDocuments)
    assert shown.note is not None
    assert shown.note.key == "documents.not_refreshed"
    assert kept.documents == (LICENCE,)
