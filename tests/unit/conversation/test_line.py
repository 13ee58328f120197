"""The line at the door, as the dialogue has it."""

import datetime as dt

import pytest

from helpdesk.conversation.advance import Outcome, advance
from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.effects import LookAtDoor, MakeLink, OfferForm, Say
from helpdesk.conversation.events import Event, Said, Tapped, TimeRanOut, TurnCame
from helpdesk.conversation.model import Conversation, Rules, Session, Stage, Wish
from helpdesk.conversation.place import Door, Place, grouped, may_be_called, next_morning

IST = dt.timezone(dt.timedelta(hours=5.5))
NOON = int(dt.datetime(2026, 12, 1, 12, tzinfo=IST).timestamp())
RULES = Rules(has_line=True)
WISH = Wish(("SSCER",))
CONTINUE = Tapped("continue", Tap(Choice.CONTINUE))
HOW_LONG = Tapped("how long", Tap(Choice.HOW_LONG, "line"))


def happens(here: Conversation, event: Event, now: int = NOON, door: Door | None = None) -> Outcome:
    return advance(here, event, now, RULES, door)


def said(outcome: Outcome) -> list[str]:
    return [effect.text.key for effect in outcome[1] if isinstance(effect, Say)]


def waiting() -> Conversation:
    here = Conversation(stage=Stage.ACCOUNT, active_at=NOON, wish=WISH)
    yes = Tapped("yes", Tap(Choice.YES, "account"))
    after, _ = happens(here, yes, door=Door(4210, 4210, 25))
    return after


def test_signing_in_looks_at_the_door_first() -> None:
    here = Conversation(stage=Stage.ACCOUNT, active_at=NOON)
    _, effects = happens(here, Tapped("yes", Tap(Choice.YES, "account")))
    assert any(isinstance(effect, LookAtDoor) for effect in effects)


def test_without_a_line_she_is_asked_for_her_consent_and_not_looked_at_again() -> None:
    here = Conversation(stage=Stage.ACCOUNT, active_at=NOON)
    after, effects = happens(here, Tapped("yes", Tap(Choice.YES, "account")), door=Door())
    assert (after.stage, after.place) == (Stage.CONSENT, None)
    assert isinstance(effects[0], Say)
    back, _ = happens(after, Said("back", frozenset({Choice.BACK})), NOON + 60)
    again, effects = happens(back, Tapped("yes", Tap(Choice.YES, "account")), NOON + 90)
    assert again.stage is Stage.CONSENT
    assert not any(isinstance(effect, LookAtDoor) for effect in effects)


def test_the_form_is_behind_the_door_too_and_so_is_a_new_one() -> None:
    rules = Rules(has_line=True, by_form=True)
    services = Tapped("a" * 24, Tap(Choice.SERVICES))
    here = Conversation(stage=Stage.MENU, active_at=NOON)
    _, effects = advance(here, services, NOON, rules)
    assert any(isinstance(effect, LookAtDoor) for effect in effects)
    waits, _ = advance(here, services, NOON, rules, Door(9000, 4210, 25))
    assert waits.stage is Stage.LINE
    let_in, effects = advance(here, services, NOON, rules, Door())
    assert let_in.stage is Stage.FORM
    assert isinstance(effects[0], OfferForm)
    later = let_in.admitted_until + rules.session_seconds
    _, effects = advance(let_in, Said("c" * 24, frozenset({Choice.UNSURE}), is_clear=False), NOON + 60, rules)
    assert not any(isinstance(effect, LookAtDoor) for effect in effects)
    _, effects = advance(let_in, Said("d" * 24, words=("hm",)), later, rules)
    assert any(isinstance(effect, LookAtDoor) for effect in effects)


def test_whoever_waits_is_told_her_place_and_the_time() -> None:
    here = Conversation(stage=Stage.ACCOUNT, active_at=NOON)
    after, (told, *_) = happens(here, Tapped("yes", Tap(Choice.YES, "account")), door=Door(9000, 4210, 25))
    assert isinstance(told, Say)
    assert (told.text.key, dict(told.text.values)) == ("line.place", {"place": "4,210", "minutes": "25"})
    assert [button.choice for button in told.buttons] == [Choice.HOW_LONG, Choice.CANCEL, Choice.LANGUAGE]
    assert (after.stage, after.place) == (Stage.LINE, Place(9000, NOON))


@pytest.mark.parametrize(
    ("minutes", "key", "values"),
    [
        (1, "line.place", {"place": "7", "minutes": "2"}),
        (120, "line.place", {"place": "7", "minutes": "120"}),
        (121, "line.place_hours", {"place": "7", "hours": "3"}),
    ],
)
def test_how_long_still_is_told_from_the_present_pace_and_rounded_up(
    minutes: int, key: str, values: dict[str, str]
) -> None:
    _, (told, *_) = happens(waiting(), HOW_LONG, NOON + 60, Door(4210, 7, minutes))
    assert isinstance(told, Say)
    assert (told.text.key, dict(told.text.values)) == (key, values)


@pytest.mark.parametrize("choice", [Choice.GREETING, Choice.SERVICES, Choice.MORE, Choice.YES])
def test_what_she_types_while_she_waits_does_not_cost_her_place(choice: Choice) -> None:
    after, effects = happens(waiting(), Said("typed", frozenset({choice})), NOON + 60, Door(4210, 7, 3))
    assert (after.stage, after.place) == (Stage.LINE, Place(4210, NOON))
    assert said((after, effects)) == ["line.place"]


def test_waiting_has_no_idle_end_and_keeps_her_wish() -> None:
    after, effects = happens(waiting(), TimeRanOut("timer"), NOON + 3600)
    assert (after.wish, after.place, effects) == (WISH, Place(4210, NOON), ())
    after, _ = happens(waiting(), HOW_LONG, NOON + 7200, Door(4210, 7, 3))
    assert after.wish == WISH


def test_her_turn_is_one_message_and_continue_leads_on() -> None:
    called = happens(waiting(), TurnCame("turn", 4210), NOON + 1500)
    assert said(called) == ["line.turn"]
    assert happens(called[0], TurnCame("again", 4210), NOON + 1501)[1] == ()
    after, effects = happens(called[0], CONTINUE, NOON + 1500 + 599)
    assert (after.stage, after.place, after.wish) == (Stage.CONSENT, None, WISH)
    assert said((after, effects)) == ["consent.ask"]


def test_after_ten_minutes_the_place_is_lost_but_not_the_wish_and_she_is_told() -> None:
    called, _ = happens(waiting(), TurnCame("turn", 4210), NOON + 1500)
    late = NOON + 1500 + 600
    assert any(isinstance(effect, LookAtDoor) for effect in happens(called, CONTINUE, late)[1])
    after, (told, *_) = happens(called, CONTINUE, late, Door(6000, 800, 9))
    assert isinstance(told, Say)
    assert told.note
    assert (told.note.key, told.text.key) == ("line.missed", "line.place")
    assert (after.place, after.wish) == (Place(6000, late), WISH)


def test_a_number_that_has_passed_without_a_call_lets_her_in_when_she_asks() -> None:
    after, _ = happens(waiting(), HOW_LONG, NOON + 60, Door(4210, 0, 1))
    assert after.stage is Stage.CONSENT


def test_after_twelve_hours_the_wait_ends_with_a_message() -> None:
    after, effects = happens(waiting(), TurnCame("turn", 4210), NOON + 20 * 3600)  # 8 in the morning
    assert said((after, effects)) == ["line.over"]
    assert (after.place, after.stage) == (None, Stage.MENU)


@pytest.mark.parametrize("choice", [Choice.CANCEL, Choice.STOP])
def test_leaving_gives_up_the_place(choice: Choice) -> None:
    after, _ = happens(waiting(), Said("leaves", frozenset({choice})), NOON + 60)
    assert after.place is None
    assert happens(after, TurnCame("turn", 4210), NOON + 90)[1] == ()


def test_a_call_for_another_number_is_none() -> None:
    assert happens(waiting(), TurnCame("turn", 4209), NOON + 60) == (waiting(), ())


def test_whoever_is_signed_in_is_never_sent_to_the_line() -> None:
    here = Conversation(stage=Stage.MENU, active_at=NOON, session=Session(NOON, NOON + 900))
    _, effects = happens(here, Tapped("services", Tap(Choice.SERVICES)))
    assert not any(isinstance(effect, LookAtDoor) for effect in effects)


def test_on_digilockers_page_the_door_comes_before_the_link() -> None:
    rules, here = Rules(has_line=True, on_page=True), Conversation(stage=Stage.MENU, active_at=NOON)
    services = Tapped("services", Tap(Choice.SERVICES))
    after, effects = advance(here, services, NOON, rules, Door(3, 3, 1))
    assert (after.stage, said((after, effects))) == (Stage.LINE, ["line.place"])
    called, _ = advance(after, TurnCame("turn", 3), NOON + 60, rules)
    _, effects = advance(called, CONTINUE, NOON + 90, rules)
    assert any(isinstance(effect, MakeLink) for effect in effects)


def test_nobody_is_written_to_at_night_who_did_not_write_within_the_hour() -> None:
    def at(hour: int, minute: int = 0) -> int:
        return int(dt.datetime(2026, 12, 1, hour, minute, tzinfo=IST).timestamp())

    long_ago = at(0) - 7200
    assert [hour for hour in range(24) if not may_be_called(long_ago, at(hour))] == [0, 1, 2, 3, 4, 5, 6, 22, 23]
    assert may_be_called(at(22, 30), at(23, 29))
    assert not may_be_called(at(22, 30), at(23, 30))
    assert next_morning(at(2)) == at(7)
    assert next_morning(at(23)) == at(7) + 24 * 3600
    asleep = happens(waiting(), TurnCame("turn", 4210), at(23))
    assert asleep == (waiting(), ())


def test_numbers_are_grouped_as_in_india() -> None:
    assert [grouped(number) for number in (7, 999, 4210, 99_999, 120_000, 12_345_678)] == [
        *("7", "999", "4,210", "99,999", "1,20,000"),
        "1,23,45,678",
    ]
