"""The pages around DigiLocker's, and what a browser's return does: one call at a time."""

import json
from copy import replace
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from helpdesk.conversation.chapters.sign_in_page import CONSENT_VERSION
from helpdesk.conversation.model import Link, Stage
from helpdesk.digilocker.errors import Unanswered
from helpdesk.digilocker.models import Token
from helpdesk.errors import StorageError, VersionConflict
from helpdesk.service.consent_pages import COOKIE
from helpdesk.service.proof_code import proof_of
from helpdesk.web.pages import AGREE, DECLINE
from tests.unit.service.desk import CODE, DOCUMENTS, HER_PHONE, VERIFIER, Desk, desk

COOKIE_NAME = f"__Host-{COOKIE}"


@pytest.fixture(name="desk")
def desk_fixture() -> Desk:
    """A desk that refuses another mobile and asks nothing."""
    return desk(on_page=True)


@pytest.fixture
def asking() -> Desk:
    """A desk that asks for the one-time code."""
    return desk(on_page=True, asks_for_proof=True)


def back(desk: Desk, state: str, cookie: str = "", code: str = CODE, **query: str) -> Any:
    """DigiLocker sends a browser back."""
    asked = {"state": [state], **({"code": [code]} if not query else {name: [value] for name, value in query.items()})}
    return desk.consenting.callback(asked, [f"{COOKIE_NAME}={cookie}"] if cookie else [], "")


def opened(desk: Desk, state: str) -> Any:
    return desk.consenting.start({"s": [state]}, "")


def answered(desk: Desk, state: str, answer: str = AGREE, **changes: Any) -> Any:
    """She presses a button of the first page, in the browser that opened it."""
    sent = {"cookies": [f"{COOKIE_NAME}={cookie_of(opened(desk, state))}"], "site": "same-origin", **changes}
    return desk.consenting.answer({"s": [state]}, f"action={answer}", sent["cookies"], sent["site"], "")


def records(desk: Desk) -> list[str]:
    """The records of her consent: the version of each."""
    items = desk.aws.client("dynamodb").scan(TableName=desk.aws.environment["RECORDS_TABLE"])["Items"]
    return [item["version"]["S"] for item in items if item["part"]["S"].startswith("consent#")]


def cookie_of(answer: Any) -> str:
    (header,) = answer["multiValueHeaders"]["Set-Cookie"]
    return str(header).partition("=")[2].partition(";")[0]


def bodies(messages: list[dict[str, Any]]) -> str:
    return json.dumps(messages)


# The first page


def test_the_first_page_names_the_number_and_asks_for_her_consent(desk: Desk) -> None:
    state = desk.at_link()

    answer = opened(desk, state)

    assert answer["statusCode"] == 200
    assert f">{HER_PHONE[-4:]}<" in answer["body"]
    assert '<form method="post">' in answer["body"]
    assert "<strong>Example Department</strong> asks for your consent." in answer["body"]
    assert "<li><strong>What for:</strong> to list your documents" in answer["body"]
    assert "until <strong>Done</strong> or 15 minutes" in answer["body"]
    assert "digilocker.example" not in answer["body"], "only who has agreed learns the address"
    (policy,) = answer["multiValueHeaders"]["Content-Security-Policy"]
    assert "form-action 'self' https://digilocker.example;" in policy
    (cookie,) = answer["multiValueHeaders"]["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE_NAME}=")
    assert "Max-Age=600;" in cookie
    assert state not in cookie


def test_the_first_page_can_be_opened_again_and_changes_nothing(desk: Desk) -> None:
    state = desk.at_link()
    before = desk.aws.items()

    assert opened(desk, state) == opened(desk, state)

    assert desk.aws.items() == before


def test_the_first_page_is_in_her_language(desk: Desk) -> None:
    desk.says("हिन्दी")
    state = desk.at_link()
    assert '<html lang="hi" dir="ltr">' in opened(desk, state)["body"]


@pytest.mark.parametrize(("language", "direction"), [("hi", "ltr"), ("ur", "rtl")])
def test_a_page_has_the_direction_of_its_language(desk: Desk, language: str, direction: str) -> None:
    page = desk.consenting.start({"s": ["nobody.0"]}, f"{language}-IN,en;q=0.5")
    assert f'<html lang="{language}" dir="{direction}">' in page["body"]


def test_a_link_that_is_too_old_leads_nowhere(desk: Desk) -> None:
    state = desk.at_link()
    desk.clock.now += 600
    answer = opened(desk, state)
    assert answer["statusCode"] == 410
    assert "digilocker.example" not in answer["body"]


def test_a_new_link_makes_the_one_before_worthless(desk: Desk) -> None:
    first = desk.at_link()
    desk.says("new link")
    assert opened(desk, first)["statusCode"] == 410
    assert back(desk, first)["statusCode"] == 410


def test_who_says_that_she_has_no_account_is_led_to_sign_up(desk: Desk) -> None:
    desk.says("Hi")
    desk.taps("sign_up")
    assert desk.locker.links == [(HER_PHONE, True)]


# Her answer


def test_who_agrees_is_recorded_and_led_to_digilocker_and_no_message_is_charged_for(desk: Desk) -> None:
    state = desk.at_link()
    before = len(desk.whatsapp.sent)

    answer = answered(desk, state)

    assert answer["statusCode"] == 303
    assert answer["multiValueHeaders"]["Location"] == [f"https://digilocker.example/authorize?state={state}"]
    assert desk.store.load(desk.conversation_id).outbox, "the step is stored before she is led on"
    desk.work()
    assert records(desk) == [CONSENT_VERSION]
    assert len(desk.whatsapp.sent) == before


def test_the_exchange_of_the_code_stays_behind_the_record_of_her_consent(desk: Desk) -> None:
    state = desk.at_link()
    answered(desk, state)
    back(desk, state)
    assert desk.aws.replies() == []
    record, exchange = desk.store.load(desk.conversation_id).outbox
    assert [job["step"] for job in desk.aws.work()] == [record.step, exchange.step]


def test_who_agrees_twice_is_recorded_once_and_led_on_both_times(desk: Desk) -> None:
    state = desk.at_link()
    first = answered(desk, state)

    assert answered(desk, state) == first
    desk.work()
    assert answered(desk, state) == first

    assert desk.work() == 0
    assert len(records(desk)) == 1


def test_who_does_not_agree_is_told_on_the_page_and_the_link_is_worth_nothing(desk: Desk) -> None:
    state = desk.at_link()
    before = len(desk.whatsapp.sent)

    answer = answered(desk, state, DECLINE)

    assert answer["statusCode"] == 200
    assert "Nothing was shared" in answer["body"]
    assert opened(desk, state)["statusCode"] == 410
    assert back(desk, state)["statusCode"] == 410
    assert desk.work() == 0
    assert records(desk) == []
    assert len(desk.whatsapp.sent) == before
    assert json.loads(desk.aws.items()["state"]["sealed"]["S"]) == {}
    assert "That link does not work any more" in bodies(desk.says("what now"))


def test_no_after_yes_ends_the_link_too(desk: Desk) -> None:
    state = desk.at_digilocker()
    cookie = f"{COOKIE_NAME}={cookie_of(opened(desk, state))}"
    for _ in range(2):
        answer = desk.consenting.answer({"s": [state]}, "action=decline", [cookie], "", "")
        assert "Nothing was shared" in answer["body"]
    assert back(desk, state)["statusCode"] == 410


def test_who_has_not_agreed_cannot_come_back(desk: Desk) -> None:
    state = desk.at_link()
    assert back(desk, state)["statusCode"] == 410
    assert desk.work() == 0


@pytest.mark.parametrize(
    "attack",
    [
        {"cookies": []},
        {"cookies": [f"{COOKIE_NAME}={'0' * 64}"]},
        {"site": "cross-site"},
        {"site": "same-site"},
        {"site": "none"},
    ],
    ids=["no cookie", "another link's cookie", "cross-site", "a sister domain", "typed address"],
)
@pytest.mark.parametrize("answer", [AGREE, DECLINE])
def test_an_answer_that_is_not_of_the_browser_that_opened_the_link_changes_nothing(
    desk: Desk, attack: dict[str, Any], answer: str
) -> None:
    state = desk.at_link()
    before = desk.aws.items()

    assert answered(desk, state, answer, **attack)["statusCode"] == 410

    assert desk.aws.items() == before
    assert answered(desk, state)["statusCode"] == 303, "her own still counts"


@pytest.mark.parametrize("body", [None, "", "action=", "action=yes", "action=agree&action=decline", "a=b", "x" * 9999])
def test_a_form_that_is_not_our_own_changes_nothing(desk: Desk, body: str | None) -> None:
    state = desk.at_link()
    cookie = f"{COOKIE_NAME}={cookie_of(opened(desk, state))}"
    before = desk.aws.items()
    assert desk.consenting.answer({"s": [state]}, body, [cookie], "", "")["statusCode"] == 410
    assert desk.aws.items() == before


@pytest.mark.parametrize("change", ["nonce", "conversation"])
def test_an_answer_with_a_foreign_state_is_refused(desk: Desk, change: str) -> None:
    state = desk.at_link()
    conversation, _, nonce = state.partition(".")
    other = f"{conversation}.{'x' * 22}" if change == "nonce" else f"{'0' * 32}.{nonce}"
    cookie = f"{COOKIE_NAME}={sha256(f'cookie\n{other}'.encode()).hexdigest()}"
    assert desk.consenting.answer({"s": [other]}, "action=agree", [cookie], "", "")["statusCode"] == 410
    assert desk.work() == 0


def test_an_answer_that_comes_too_late_or_after_a_new_link_is_refused(desk: Desk) -> None:
    state = desk.at_link()
    cookie = f"{COOKIE_NAME}={cookie_of(opened(desk, state))}"
    desk.says("new link")
    assert desk.consenting.answer({"s": [state]}, "action=agree", [cookie], "", "")["statusCode"] == 410


def test_an_answer_that_is_replayed_after_she_came_back_is_refused(desk: Desk) -> None:
    state = desk.at_link()
    cookie = f"{COOKIE_NAME}={cookie_of(opened(desk, state))}"
    answered(desk, state)
    back(desk, state)
    desk.work()

    assert desk.consenting.answer({"s": [state]}, "action=agree", [cookie], "", "")["statusCode"] == 410
    assert len(records(desk)) == 1


def test_an_answer_that_could_not_be_queued_is_not_lost_and_leads_nowhere_yet(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = desk.at_link()
    with monkeypatch.context() as broken:
        error = StorageError("Down")
        broken.setattr(desk.consenting._work, "send", lambda _jobs: (_ for _ in ()).throw(error))
        assert answered(desk, state)["statusCode"] == 503

    assert answered(desk, state)["statusCode"] == 303
    desk.work()
    assert len(records(desk)) == 1


def test_a_link_whose_consent_was_given_in_the_chat_can_be_come_back_with() -> None:
    assert msgspec.json.decode(b'{"is": "Link", "mark": "m", "address": "a", "expires_at": 1}', type=Link).agreed


# The way back


def test_she_comes_back_and_the_list_comes_by_itself(desk: Desk) -> None:
    state = desk.at_digilocker()
    cookie = cookie_of(opened(desk, state))

    answer = back(desk, state, cookie)
    before = len(desk.whatsapp.sent)
    desk.work()

    assert answer["statusCode"] == 200
    assert 'href="https://wa.me/919013151515"' in answer["body"]
    assert "Max-Age=0;" in answer["multiValueHeaders"]["Set-Cookie"][0]
    assert desk.locker.calls[-2:] == ["exchange_code", "list_documents"]
    assert "Your documents in DigiLocker" in bodies(desk.whatsapp.sent[before:])


def test_a_browser_that_kept_no_cookie_may_come_back(desk: Desk) -> None:
    assert back(desk, desk.at_digilocker())["statusCode"] == 200


def test_a_browser_with_the_cookie_of_another_link_is_refused_and_the_link_still_holds(desk: Desk) -> None:
    state = desk.at_digilocker()
    assert back(desk, state, "0" * 64)["statusCode"] == 410
    assert back(desk, state)["statusCode"] == 200


@pytest.mark.parametrize("change", ["nonce", "conversation"])
def test_a_state_that_is_not_ours_is_refused(desk: Desk, change: str) -> None:
    state = desk.at_digilocker()
    conversation, _, nonce = state.partition(".")
    other = f"{conversation}.{'x' * 22}" if change == "nonce" else f"{'0' * 32}.{nonce}"

    answer = back(desk, other)

    assert answer["statusCode"] == 410
    assert answer == back(desk, "not a state")
    assert desk.work() == 0
    assert desk.store.load(desk.conversation_id).conversation.stage is Stage.LINK


def test_the_very_same_call_again_carries_the_step_along_and_does_nothing_more(desk: Desk) -> None:
    state = desk.at_digilocker()
    first = back(desk, state)
    desk.aws.work()  # the message is lost

    assert back(desk, state) == first
    desk.aws.work()
    step = desk.job()
    desk.worker.work(step)

    assert desk.locker.calls.count("exchange_code") == 1


def test_a_replay_after_the_step_is_done_is_refused(desk: Desk) -> None:
    state = desk.at_digilocker()
    back(desk, state)
    desk.work()
    assert back(desk, state)["statusCode"] == 410
    assert desk.locker.calls.count("exchange_code") == 1


def test_another_code_for_the_same_state_is_refused(desk: Desk) -> None:
    state = desk.at_digilocker()
    back(desk, state)
    assert back(desk, state, code="0" * 40)["statusCode"] == 410
    desk.work()
    assert desk.locker.calls.count("exchange_code") == 1


def test_a_return_after_she_went_on_in_the_chat_is_refused(desk: Desk) -> None:
    state = desk.at_digilocker()
    desk.says("cancel")
    assert back(desk, state)["statusCode"] == 410


def test_of_two_returns_at_once_one_is_taken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    state = desk.at_digilocker()
    save = desk.store.save
    raced: list[bool] = []

    def race(*args: Any, **changes: Any) -> Any:
        if not raced:
            raced.append(True)
            back(desk, state, code="a" * 40)
            raise VersionConflict("lost")
        return save(*args, **changes)

    monkeypatch.setattr(desk.store, "save", race)

    assert back(desk, state)["statusCode"] == 410
    assert len(desk.store.load(desk.conversation_id).outbox) == 1


def test_what_could_not_be_queued_is_not_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    state = desk.at_digilocker()
    with monkeypatch.context() as broken:
        error = StorageError("Down")
        broken.setattr(desk.consenting._work, "send", lambda _jobs: (_ for _ in ()).throw(error))
        assert back(desk, state)["statusCode"] == 503

    assert back(desk, state)["statusCode"] == 200
    desk.work()
    assert desk.locker.calls.count("exchange_code") == 1


def test_what_could_not_be_queued_goes_along_with_her_next_message(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    state = desk.at_digilocker()
    with monkeypatch.context() as broken:
        error = StorageError("Down")
        broken.setattr(desk.consenting._work, "send", lambda _jobs: (_ for _ in ()).throw(error))
        back(desk, state)
    desk.says("help")
    assert desk.locker.calls.count("exchange_code") == 1


def test_who_declines_is_told_in_the_chat_and_nothing_is_exchanged(desk: Desk) -> None:
    state = desk.at_digilocker()
    answer = back(desk, state, error="access_denied")
    before = len(desk.whatsapp.sent)
    desk.work()
    assert "Nothing was shared" in answer["body"]
    assert "You did not share anything" in bodies(desk.whatsapp.sent[before:])
    assert "exchange_code" not in desk.locker.calls


def test_what_went_wrong_at_digilocker_is_told(desk: Desk) -> None:
    state = desk.at_digilocker()
    answer = back(desk, state, error="server_error")
    before = len(desk.whatsapp.sent)
    desk.work()
    assert "That did not work" in answer["body"]
    assert "could not sign you in" in bodies(desk.whatsapp.sent[before:])


# Whose documents


@pytest.mark.parametrize("mobile", ["9000000099", ""], ids=["another", "not told"])
def test_another_mobile_is_refused_and_the_tokens_are_revoked(desk: Desk, mobile: str) -> None:
    desk.locker.mobile = mobile
    state = desk.at_digilocker()
    back(desk, state)
    before = len(desk.whatsapp.sent)
    desk.work()
    assert desk.locker.calls[-3:] == ["exchange_code", "revoke", "revoke refresh"]
    assert "different mobile number" in bodies(desk.whatsapp.sent[before:])
    assert json.loads(desk.aws.items()["state"]["sealed"]["S"]) == {}


def test_asked_for_a_code_the_exchange_waits_for_it(asking: Desk) -> None:
    asking.locker.mobile = ""
    state = asking.at_digilocker()

    page = back(asking, state)
    assert asking.work() == 0
    proof = proof_of(state, CODE)
    assert f"https://wa.me/919013151515?text={proof}" in page["body"]
    assert back(asking, state) == page, "loaded again, it shows the same code"

    assert "Your documents in DigiLocker" in bodies(asking.says(proof))
    assert asking.locker.calls[-2:] == ["exchange_code", "list_documents"]


def test_while_a_one_time_code_is_waited_for_the_link_takes_no_other_code_and_cannot_be_opened(asking: Desk) -> None:
    state = asking.at_digilocker()
    back(asking, state)

    assert back(asking, state, code="0" * 40)["statusCode"] == 410
    assert opened(asking, state)["statusCode"] == 410

    # What the page showed first still stands for the code that came first.
    asking.gets(asking.text(proof_of(state, CODE)))
    assert asking.locker.calls.count("exchange_code") == 1


def test_the_code_is_taken_also_while_she_chooses_a_language(asking: Desk) -> None:
    state = asking.at_digilocker()
    back(asking, state)
    asking.says("language")
    assert "Your documents in DigiLocker" in bodies(asking.says(proof_of(state, CODE)))


def test_the_code_from_another_chat_changes_nothing(asking: Desk) -> None:
    state = asking.at_digilocker()
    back(asking, state)
    hers = asking.conversation_id

    sent = asking.gets(asking.text(proof_of(state, CODE), **{"from": "919000000077", "from_user_id": "IN.77"}))

    assert "another phone" in bodies(sent)
    assert "exchange_code" not in asking.locker.calls
    assert asking.store.load(hers).conversation.stage is Stage.PROOF


def test_the_code_is_of_no_use_after_ten_minutes(asking: Desk) -> None:
    state = asking.at_digilocker()
    back(asking, state)
    asking.clock.now += 600
    assert "does not work any more" in bodies(asking.says(proof_of(state, CODE)))
    assert "exchange_code" not in asking.locker.calls


# What is kept


def test_nothing_of_it_rests_in_the_clear(asking: Desk) -> None:
    asking.locker.ticked = (DOCUMENTS[0].uri,)
    state = asking.at_digilocker()
    proof = proof_of(state, CODE)
    secrets = [state.partition(".")[2], VERIFIER, CODE, proof]

    def is_clean() -> None:
        items = dict(asking.aws.items())
        items.pop("documents", None)
        found = [secret for secret in [*secrets, asking.locker.token] if secret in json.dumps(items, default=str)]
        assert found == []
        assert DOCUMENTS[0].uri not in json.dumps(items, default=str)

    is_clean()
    back(asking, state)
    is_clean()
    asking.deliver(asking.text(proof))
    is_clean()
    asking.work()
    is_clean()
    assert set(json.loads(asking.aws.items()["state"]["sealed"]["S"])) == {"token", "refresh", "shared"}


# Crashes, and the time after


def test_a_code_is_never_exchanged_twice(desk: Desk) -> None:
    state = desk.at_digilocker()
    back(desk, state)
    before = len(desk.whatsapp.sent)

    desk.work(again=True)  # it was begun before, and nobody knows how far it came

    assert "exchange_code" not in desk.locker.calls
    assert "please sign in again" in bodies(desk.whatsapp.sent[before:])


def signed_in(desk: Desk, *ticked: str) -> None:
    desk.locker.ticked = ticked
    back(desk, desk.at_digilocker())
    desk.work()


def stay(desk: Desk, seconds: int) -> None:
    """Let time pass, with a word from her every ten minutes."""
    for _ in range(seconds // 600):
        desk.clock.now += 600
        desk.says("help")


def test_done_revokes_both_tokens(desk: Desk) -> None:
    signed_in(desk)
    desk.says("done")
    assert desk.locker.calls[-2:] == ["revoke", "revoke refresh"]


def test_an_old_token_is_refreshed_before_it_is_used(desk: Desk) -> None:
    signed_in(desk)
    first = desk.locker.token
    stay(desk, 3600)

    assert "Driving" in bodies(desk.says("2"))

    assert desk.locker.calls[-2:] == ["refresh", "fetch_document"]
    assert desk.locker.token != first
    desk.says("done")
    assert desk.locker.calls[-2:] == ["revoke", "revoke refresh"]


def test_two_documents_in_a_row_need_one_refresh(desk: Desk) -> None:
    signed_in(desk)
    stay(desk, 3600)
    desk.deliver(desk.text("1"))
    desk.deliver(desk.text("2"))
    desk.work()
    assert desk.locker.calls[-3:] == ["refresh", "fetch_document", "fetch_document"]


def test_the_tokens_of_a_refresh_are_kept_though_she_has_moved_on_meanwhile(desk: Desk) -> None:
    signed_in(desk)
    stay(desk, 3600)
    desk.deliver(desk.text("2"))

    def taps_menu_meanwhile(token: Token) -> Token:
        desk.deliver(desk.text("menu"))
        return token

    desk.locker.refreshed = taps_menu_meanwhile
    desk.work()
    desk.locker.refreshed = lambda token: token
    assert "revoke" not in desk.locker.calls
    assert "Driving" in bodies(desk.says("driving licence"))
    assert desk.locker.calls.count("refresh") == 1


def test_the_tokens_of_a_refresh_are_given_back_where_she_has_signed_out_meanwhile(desk: Desk) -> None:
    signed_in(desk)
    stay(desk, 3600)
    desk.deliver(desk.text("2"))

    def signs_out_meanwhile(token: Token) -> Token:
        desk.deliver(desk.text("done"))
        desk.aws.work()
        return token

    desk.locker.refreshed = signs_out_meanwhile
    desk.work()
    assert desk.locker.calls[-3:] == ["refresh", "revoke", "revoke refresh"]


def test_an_old_token_is_refreshed_before_a_document_is_brought_in(desk: Desk) -> None:
    signed_in(desk)
    stay(desk, 3000)
    for text in ("new document", "12th marksheet 214", "0000214 B", "2005"):
        desk.says(text)
    desk.clock.now += 560
    desk.says("help")
    desk.says("send")
    assert desk.locker.calls[desk.locker.calls.index("refresh") + 1] == "pull"


def test_a_refresh_is_never_repeated(desk: Desk) -> None:
    signed_in(desk)
    stay(desk, 3600)
    desk.deliver(desk.text("2"))
    before = len(desk.whatsapp.sent)
    desk.work(again=True)
    assert "refresh" not in desk.locker.calls
    assert desk.locker.calls[-2:] == ["revoke", "revoke refresh"]
    assert "sign in again" in bodies(desk.whatsapp.sent[before:])


def test_a_refresh_without_an_answer_leads_to_signing_in_again(desk: Desk) -> None:
    signed_in(desk)
    stay(desk, 3600)
    desk.locker.fails = [Unanswered("(no answer)")]
    assert "sign in again" in bodies(desk.says("2"))
    assert desk.locker.calls[-3:] == ["refresh", "revoke", "revoke refresh"]


def test_a_refresh_that_names_no_scope_changes_nothing_in_what_she_shares(desk: Desk) -> None:
    signed_in(desk, DOCUMENTS[0].uri)
    stay(desk, 3600)
    desk.locker.refreshed = lambda token: replace(token, scope="")

    assert "Driving licence (not shared)" in bodies(desk.says("other documents"))

    assert desk.locker.calls[-2:] == ["refresh", "list_documents"]


def test_a_refresh_token_that_comes_without_a_new_one_is_used_again(desk: Desk) -> None:
    signed_in(desk)
    stay(desk, 3600)
    first = desk.locker.refresh_token

    def keeps_the_first(token: Token) -> Token:
        desk.locker.refresh_token = first
        return replace(token, refresh_token=None)

    desk.locker.refreshed = keeps_the_first
    desk.says("2")
    stay(desk, 3600)
    desk.says("1")

    assert desk.locker.calls.count("refresh") == 2
    assert desk.locker.calls[-1] == "fetch_document"


def test_what_she_has_not_ticked_is_shown_so_and_can_be_shared(desk: Desk) -> None:
    signed_in(desk, DOCUMENTS[0].uri)
    assert "Driving licence (not shared)" in bodies(desk.whatsapp.sent[-1:])
    assert "PAN card (not shared)" not in bodies(desk.whatsapp.sent[-1:])

    assert "Share more" in bodies(desk.says("2"))
    (message,) = desk.says("share more")
    state = str(message["interactive"]["action"]["parameters"]["url"]).partition("?s=")[2]

    assert desk.locker.calls[-3:] == ["make_link", "revoke", "revoke refresh"]
    desk.locker.ticked = tuple(document.uri for document in DOCUMENTS)
    back(desk, desk.at_digilocker(state))
    before = len(desk.whatsapp.sent)
    desk.work()
    assert "Driving licence.pdf" in bodies(desk.whatsapp.sent[before:])
