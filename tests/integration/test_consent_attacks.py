"""Attacks on the way through DigiLocker's own page: what the attacker gets, what she sees, what the log says of it.

Asha wants her documents; Ravi wants them too. Both write from the mobile that their DigiLocker knows.
"""

import io
import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import pytest

from helpdesk.storage.conversations import ConversationStore, Stored
from helpdesk.telemetry import logger
from standins.digilocker.accounts import everything
from standins.digilocker.authorization import read, returning
from standins.phone import Phone
from standins.visitor import PIN, Visitor
from tests.handlers import load
from tests.integration.desk import Desk, citizen, running_desk, show, until

ASHA, RAVI = "ASHA VERMA", "RAVI KUMAR"
ON_PAGE = {"SIGN_IN": "consent-page"}
EXCHANGED = "/oauth2/1/token"
REVOKED = "/oauth2/1/revoke"
NOTHING_COMES_SECONDS = 0.5
"""In which a message would have come: a step takes a tenth of that here."""
EVIL = "https://evil.example"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the functions log from here on."""
    handler, written = logger.registered_handler, io.StringIO()
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(written)
    yield written
    handler.setStream(before or sys.stdout)


@contextmanager
def desk_that(mobile_mismatch: str, **changes: Any) -> Iterator[Desk]:
    settings = ON_PAGE | {"MOBILE_MISMATCH": mobile_mismatch}
    with running_desk(settings=settings, **{"digilocker_version": "2.4"} | changes) as running:
        yield running


@pytest.fixture
def desk(log: io.StringIO) -> Iterator[Desk]:
    """A desk that refuses another mobile."""
    with desk_that("refuse") as running:
        yield running


@pytest.fixture
def asking(log: io.StringIO) -> Iterator[Desk]:
    """A desk that has the one-time code sent from the chat."""
    with desk_that("ask") as running:
        yield running


@pytest.fixture(params=["refuse", "ask"])
def either(request: pytest.FixtureRequest, log: io.StringIO) -> Iterator[Desk]:
    with desk_that(request.param) as running:
        yield running


# What they do


def at_link(desk: Desk, name: str) -> tuple[Phone, str]:
    """Go on until the link is there. Gives the phone and the link."""
    phone = desk.phone(name)
    phone.say("Hi")
    phone.expect("Welcome")
    phone.tap("DigiLocker Services")
    return phone, phone.expect("only for you: do not forward it").link


def sign_in(desk: Desk, visitor: Visitor, name: str) -> None:
    """Go from DigiLocker's first page to its last, where the consent is given, as this citizen."""
    visitor.press("continue", account=citizen(name).phone[-10:])
    visitor.press("continue", otp=desk.phone(name).otp())
    visitor.press("continue", pin=PIN)


def go_through(desk: Desk, link: str, name: str, visitor: Visitor | None = None) -> Visitor:
    """Open a link, sign in as this citizen, allow everything and come back."""
    visitor = visitor or Visitor()
    visitor.open(link)
    visitor.press("agree")
    sign_in(desk, visitor, name)
    visitor.press("allow")
    return visitor


def authorize_of(desk: Desk, link: str) -> str:
    """Agree on our page, and give the address at DigiLocker that it leads on to, which nobody has opened yet."""
    visitor = Visitor(stops_before=f"{desk.environment['DIGILOCKER_URL']}/public/oauth2/1/authorize")
    visitor.open(link)
    visitor.press("agree")
    return visitor.at


def redirect_of(desk: Desk, link: str, name: str) -> str:
    """Return the address that DigiLocker sends this citizen back to, which nobody has opened yet."""
    return go_through(desk, link, name, Visitor(stops_before=desk.environment["CONSENT_URL"])).at


def parameters_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def callback(desk: Desk, **parameters: str) -> str:
    return f"{desk.environment['CONSENT_URL']}?{urlencode(parameters)}"


def code_on(visitor: Visitor) -> str:
    """The one-time code, as the page's link would type it."""
    (link,) = visitor.page.links
    return unquote(link.partition("?text=")[2])


# What came of it


def nobody_is_signed_in(desk: Desk) -> None:
    """No list, no PDF and no token is kept, and what DigiLocker gave is revoked."""
    until(lambda: not any(item.get("outbox", {}).get("M") for item in desk.items()))
    assert [item["part"]["S"] for item in desk.items() if item["part"]["S"] == "documents"] == []
    assert all('"token"' not in item["sealed"]["S"] for item in desk.items() if "sealed" in item)
    assert desk.objects() == []
    with desk.simulator.world.lock:
        assert desk.simulator.world.accounts._sessions == {}


def nothing_is_told(log: io.StringIO, *addresses: str) -> None:
    """Neither nonce nor code nor number of any address stands in the log."""
    written = log.getvalue()
    for address in addresses:
        told = parameters_of(address)
        nonce = (told.get("state") or told.get("s", "")).partition(".")[2]
        assert nonce
        assert nonce not in written
        assert told.get("code", nonce) not in written
    for name in (ASHA, RAVI):
        assert citizen(name).phone[-10:] not in written


def is_refused(visitor: Visitor) -> bool:
    return visitor.status == 410 and "This link does not work" in visitor.page.text


# Someone else's link, opened in another browser


def test_who_finds_her_link_and_signs_in_as_himself_gets_nothing_nor_does_she(desk: Desk, log: io.StringIO) -> None:
    her_phone, link = at_link(desk, ASHA)

    visitor = go_through(desk, link, RAVI)

    her_phone.expect("a different mobile number, not the one you are writing from")
    nobody_is_signed_in(desk)
    assert "wa.me/919013151515" in visitor.page.links[0]
    assert desk.counted["MobileMismatches"] == 1
    nothing_is_told(log, link)


def test_who_finds_her_link_cannot_send_the_code_from_his_own_chat(asking: Desk, log: io.StringIO) -> None:
    her_phone, link = at_link(asking, ASHA)
    code = code_on(go_through(asking, link, RAVI))
    his_phone = asking.phone(RAVI)

    his_phone.say(code)

    his_phone.expect("That code belongs to a sign-in from another phone")
    her_phone.expect_silence(NOTHING_COMES_SECONDS)
    assert asking.to_digilocker.count(EXCHANGED) == 0
    nobody_is_signed_in(asking)
    assert code not in log.getvalue()


def test_the_page_behind_a_found_link_is_all_that_he_sees_of_her(either: Desk) -> None:
    _, link = at_link(either, ASHA)

    page = Visitor().open(link)

    assert citizen(ASHA).phone[:-4] not in page.text
    assert f"ending in {citizen(ASHA).phone[-4:]}" in page.text
    assert page.links == []
    assert "verified_mobile" not in authorize_of(either, link)


def test_a_browser_that_holds_one_link_cannot_come_back_by_another(either: Desk, log: io.StringIO) -> None:
    """He signs in as himself, keeps the address that he is sent back to, and has her browser open it."""
    _, his_link = at_link(either, RAVI)
    her_phone, her_link = at_link(either, ASHA)
    his_redirect = redirect_of(either, his_link, RAVI)
    hers = Visitor()
    hers.open(her_link)

    hers.open(his_redirect)

    assert is_refused(hers)
    assert either.counted["CallbacksOfOthers"] == 1
    assert '"reason":"another browser\'s link"' in log.getvalue()
    assert either.to_digilocker.count(EXCHANGED) == 0
    nothing_is_told(log, his_redirect, her_link)
    go_through(either, her_link, ASHA, hers)
    assert hers.status == 200, "her own link still holds"
    if "?text=" in hers.page.links[0]:
        her_phone.say(code_on(hers))
    her_phone.expect("Your documents in DigiLocker")


# `state` fixed by an attacker


@pytest.mark.parametrize("fixed", ["her conversation", "no conversation", "an old link"])
def test_a_state_that_he_has_chosen_leads_nowhere(either: Desk, log: io.StringIO, fixed: str) -> None:
    """He sends her to DigiLocker with a state of his own, in the hope that her consent lands where he says."""
    her_phone, link = at_link(either, ASHA)
    state = parameters_of(link)["s"]
    match fixed:
        case "her conversation":
            state = f"{state.partition('.')[0]}.{'A' * 22}"
        case "no conversation":
            state = f"{'0' * 32}.{'A' * 22}"
        case "an old link":
            her_phone.say("new link")
            link = her_phone.expect("only for you: do not forward it").link
    authorize = authorize_of(either, link).replace(quote(parameters_of(link)["s"]), quote(state))
    hers = Visitor()
    hers.open(authorize)
    sign_in(either, hers, ASHA)

    hers.press("allow")

    assert is_refused(hers)
    her_phone.expect_silence(NOTHING_COMES_SECONDS)
    assert either.to_digilocker.count(EXCHANGED) == 0
    nobody_is_signed_in(either)
    assert either.counted["CallbacksRefused"] == 1
    assert '"reason":"not open"' in log.getvalue()
    nothing_is_told(log, link, hers.at)


def test_a_refusal_is_the_same_for_whatever_is_wrong_with_a_state(either: Desk) -> None:
    _, link = at_link(either, ASHA)
    conversation, _, nonce = parameters_of(link)["s"].partition(".")
    visitor = Visitor()
    told = set()
    for state in (f"{conversation}.{nonce[::-1]}", f"{'f' * 32}.{nonce}", "x", f"{conversation}.{nonce}x"):
        for address in (callback(either, state=state, code="c" * 40), f"{link.partition('?')[0]}?s={quote(state)}"):
            page = visitor.open(address)
            told.add((visitor.status, page.text, tuple(page.links), tuple(sorted(set(visitor.headers) - {"Date"}))))
    assert len(told) == 1


# Her answer on our page


def test_his_own_page_cannot_answer_ours_for_her(either: Desk, log: io.StringIO) -> None:
    """She has his link open, and his page posts our form from her browser."""
    _, link = at_link(either, RAVI)
    hers = Visitor()
    hers.open(link)
    ((name, value),) = hers.cookies.items()
    query = urlsplit(link).query
    for headers in (
        [("Origin", EVIL)],  # the browser keeps a SameSite cookie from another site's form
        [("Cookie", f"{name}={value}"), ("Sec-Fetch-Site", "cross-site")],
    ):
        answer = show(either.consent, "/consent/start", query, headers, "POST", "action=agree")
        assert answer["statusCode"] == 410
        assert "Location" not in answer["multiValueHeaders"]
    assert either.counted["CallbacksOfOthers"] == 2
    assert '"reason":"another browser\'s link"' in log.getvalue()
    nothing_is_told(log, link)
    hers.press("agree")
    assert hers.status == 200, "her own answer counts"


def test_agreeing_in_two_tabs_and_twice_is_one_consent_and_one_sign_in(desk: Desk) -> None:
    her_phone, link = at_link(desk, ASHA)
    hers = Visitor()
    for _ in range(2):
        hers.open(link)
        hers.press("agree")

    sign_in(desk, hers, ASHA)
    hers.press("allow")

    her_phone.expect("Your documents in DigiLocker")
    assert desk.to_digilocker.count(EXCHANGED) == 1
    assert desk.counted["Consented"] == 1


# A code injected


def test_his_code_on_her_link_signs_nobody_in(desk: Desk, log: io.StringIO) -> None:
    _, his_link = at_link(desk, RAVI)
    her_phone, her_link = at_link(desk, ASHA)
    his_redirect = redirect_of(desk, his_link, RAVI)
    authorize_of(desk, her_link)  # she has agreed on our page
    forged = callback(desk, state=parameters_of(her_link)["s"], code=parameters_of(his_redirect)["code"])

    Visitor().open(forged)

    her_phone.expect("DigiLocker could not sign you in")
    nobody_is_signed_in(desk)
    nothing_is_told(log, forged)


def test_her_code_on_his_link_shows_him_nothing(desk: Desk, log: io.StringIO) -> None:
    his_phone, his_link = at_link(desk, RAVI)
    _, her_link = at_link(desk, ASHA)
    her_redirect = redirect_of(desk, her_link, ASHA)
    authorize_of(desk, his_link)
    forged = callback(desk, state=parameters_of(his_link)["s"], code=parameters_of(her_redirect)["code"])

    Visitor().open(forged)

    his_phone.expect("DigiLocker could not sign you in")
    nobody_is_signed_in(desk)
    nothing_is_told(log, forged)


def test_a_code_for_another_client_is_of_no_use_here(desk: Desk, log: io.StringIO) -> None:
    """He runs an application of his own, to which she has consented, and passes her code on."""
    his_phone, his_link = at_link(desk, RAVI)
    world, config = desk.simulator.world, desk.config
    query = {
        "response_type": ["code"],
        "client_id": ["OTHERCLIENT"],
        "redirect_uri": [EVIL],
        "state": ["s"],
        "code_challenge": ["c" * 43],
        "code_challenge_method": ["S256"],
        "purpose": ["Any"],
        "service_name": ["Any"],
    }
    with world.lock:
        asked = read(query, returning(query, "OTHERCLIENT", [EVIL]), config, world.clock.now())
        code = world.codes.issue(asked, citizen(ASHA), everything(citizen(ASHA), asked.valid_till))
    authorize_of(desk, his_link)
    forged = callback(desk, state=parameters_of(his_link)["s"], code=code)

    Visitor().open(forged)

    his_phone.expect("DigiLocker could not sign you in")
    nobody_is_signed_in(desk)
    nothing_is_told(log, forged)


# A replayed callback


def test_a_callback_that_is_replayed_does_nothing_more(either: Desk, log: io.StringIO) -> None:
    her_phone, link = at_link(either, ASHA)
    redirect = redirect_of(either, link, ASHA)
    hers = Visitor()
    hers.open(redirect)
    if "?text=" in hers.page.links[0]:
        her_phone.say(code_on(hers))
    her_phone.expect("Your documents in DigiLocker")
    until(lambda: not any(item.get("outbox", {}).get("M") for item in either.items()))

    replay = Visitor()
    replay.open(redirect)

    assert is_refused(replay)
    her_phone.expect_silence(NOTHING_COMES_SECONDS)
    assert either.to_digilocker.count(EXCHANGED) == 1
    nothing_is_told(log, redirect)


# A link forwarded, so that her documents arrive in the sender's chat


@pytest.mark.parametrize("by_our_page", [True, False], ids=["by our page", "straight to DigiLocker"])
def test_a_forwarded_link_brings_her_documents_to_nobody(desk: Desk, log: io.StringIO, by_our_page: bool) -> None:
    his_phone, link = at_link(desk, RAVI)
    hers = Visitor()
    page = hers.open(link)
    assert f"ending in {citizen(RAVI).phone[-4:]}" in page.text
    assert "Did someone else send you this link? Then close this page" in page.text
    if not by_our_page:
        hers = Visitor()
        hers.open(authorize_of(desk, link))
        sign_in(desk, hers, ASHA)
        hers.press("allow")
    else:
        go_through(desk, link, ASHA, hers)

    told = his_phone.expect("a different mobile number, not the one you are writing from, so nothing was shared")

    assert told.rows == ()
    assert desk.to_digilocker.count(EXCHANGED) == 1
    assert desk.to_digilocker.count(REVOKED) == 2
    nobody_is_signed_in(desk)
    assert desk.counted["MobileMismatches"] == 1
    nothing_is_told(log, link)


def test_a_forwarded_link_waits_in_vain_for_the_code_from_his_chat(asking: Desk, log: io.StringIO) -> None:
    his_phone, link = at_link(asking, RAVI)

    hers = go_through(asking, link, ASHA)
    code = code_on(hers)
    assert (
        "Do not give the code to anyone who asks for it. Did someone else send you the link? Then close this page."
        in hers.page.text
    )
    her_phone = asking.phone(ASHA)
    her_phone.say(code)

    her_phone.expect("That code belongs to a sign-in from another phone", "do not give the code to anyone")
    for guess in ("DL-AAAA-AAAA", "DL-AAAA-AAAB", "DL-AAAA-AAAC"):
        his_phone.say(guess)
        his_phone.expect("That is not the code on the page")
    his_phone.say(code)  # even had she told it to him, by then
    his_phone.expect("That code belongs to a sign-in from another phone")
    assert asking.to_digilocker.count(EXCHANGED) == 0
    nobody_is_signed_in(asking)
    assert code not in log.getvalue()
    nothing_is_told(log, link)


def test_the_code_of_a_forwarded_link_is_worth_nothing_after_ten_minutes(asking: Desk) -> None:
    his_phone, link = at_link(asking, RAVI)
    code = code_on(go_through(asking, link, ASHA))

    asking.pass_time(601)
    his_phone.say(code)

    his_phone.expect("That link does not work any more")
    assert asking.to_digilocker.count(EXCHANGED) == 0
    nobody_is_signed_in(asking)


@pytest.mark.parametrize(
    "unknown",
    [{"digilocker_version": "1.x"}, {"identity": "username"}],
    ids=["DigiLocker tells no mobile", "WhatsApp tells no number"],
)
def test_what_cannot_be_compared_counts_as_another_mobile(log: io.StringIO, unknown: dict[str, Any]) -> None:
    with desk_that("refuse", **unknown) as desk:
        his_phone, link = at_link(desk, RAVI)

        go_through(desk, link, ASHA)

        his_phone.expect("a different mobile number, not the one you are writing from, so nothing was shared")
        nobody_is_signed_in(desk)
        nothing_is_told(log, link)


# An open redirect


def test_no_parameter_leads_to_another_place(desk: Desk) -> None:
    _, link = at_link(desk, ASHA)
    declined = callback(desk, state=parameters_of(link)["s"], error="access_denied")
    ours = (desk.environment["DIGILOCKER_URL"], "https://wa.me/919013151515")
    for address in (link, callback(desk, state="x"), declined):
        for name in ("redirect_uri", "redirect", "next", "url", "continue", "error_uri"):
            for elsewhere in (EVIL, "//evil.example", "javascript:alert(1)"):
                visitor = Visitor()
                page = visitor.open(f"{address}&{urlencode({name: elsewhere})}")
                assert visitor.at.startswith(address), "it redirects nowhere"
                assert [one for one in page.links if not one.startswith(ours)] == []
                assert elsewhere not in page.text + str(visitor.headers) + str(page.links)


def test_the_host_that_a_call_names_stands_nowhere_in_the_answer(desk: Desk) -> None:
    _, link = at_link(desk, ASHA)
    headers = [("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("Referer", EVIL)]
    for path, query in (("/consent/start", urlsplit(link).query), ("/consent", "state=x")):
        assert "evil.example" not in str(show(desk.consent, path, query, headers))


# Header injection


def test_nothing_that_a_call_says_can_begin_a_header(desk: Desk, log: io.StringIO) -> None:
    _, link = at_link(desk, ASHA)
    state = parameters_of(link)["s"]
    calls = [
        ("/consent/start", {"s": state}, 200),
        ("/consent/start", {"s": f"{state}{{}}"}, 410),
        ("/consent", {"state": f"{state}{{}}", "code": "c"}, 410),
        ("/consent", {"state": state, "code": "c{}"}, 410),
        ("/consent", {"state": state, "error": "access_denied{}", "error_description": "{}"}, 200),
    ]
    for path, query, status in calls:
        for end in ("\r\n", "\n", "\r", "\u2028", "\x00"):
            planted = f"{end}Set-Cookie: planted=1"
            headers = [("Accept-Language", f"en{planted}"), ("Cookie", f"other=x{planted}"), (f"X{planted}", "y")]
            asked = urlencode({name: value.replace("{}", planted) for name, value in query.items()})
            answer = show(desk.consent, path, asked, headers)
            assert answer["statusCode"] in {status, 410}
            for name, values in answer["multiValueHeaders"].items():
                assert all(re.fullmatch(r"[\x20-\x7e]+", text) for text in (name, *values))
            assert "planted" not in str(answer)
    assert "planted" not in log.getvalue()


# Two callbacks at once


@contextmanager
def at_the_same_moment(count: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the first look of so many calls at the conversation end together, before any of them has written."""
    together, first = threading.Barrier(count, timeout=10), threading.local()
    look = ConversationStore.load

    def look_together(store: ConversationStore, conversation_id: str) -> Stored:
        found = look(store, conversation_id)
        if getattr(first, "waits", False):
            first.waits = False
            together.wait()
        return found

    start = threading.Thread.run

    def run(thread: threading.Thread) -> None:
        first.waits = thread.name == "browser"
        start(thread)

    with monkeypatch.context() as patched:
        patched.setattr(ConversationStore, "load", look_together)
        patched.setattr(threading.Thread, "run", run)
        yield


def come_back_at_once(monkeypatch: pytest.MonkeyPatch, *redirects: str) -> list[Any]:
    """Have browsers open these addresses at once, each at an execution environment of its own."""
    answers: list[Any] = []

    def open_one(redirect: str) -> None:
        answers.append(show(load("consent"), "/consent", urlsplit(redirect).query))

    browsers = [threading.Thread(target=open_one, args=(one,), name="browser") for one in redirects]
    with at_the_same_moment(len(redirects), monkeypatch):
        for browser in browsers:
            browser.start()
        for browser in browsers:
            browser.join(20)
    return answers


def test_the_same_callback_twice_at_once_signs_her_in_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    her_phone, link = at_link(desk, ASHA)
    redirect = redirect_of(desk, link, ASHA)

    answers = come_back_at_once(monkeypatch, redirect, redirect)

    her_phone.expect("Your documents in DigiLocker")
    her_phone.expect_silence(NOTHING_COMES_SECONDS)
    assert {answer["statusCode"] for answer in answers} <= {200, 410}
    assert 200 in {answer["statusCode"] for answer in answers}
    assert desk.to_digilocker.count(EXCHANGED) == 1


def test_of_her_callback_and_a_forged_one_at_once_one_counts(
    desk: Desk, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    her_phone, link = at_link(desk, ASHA)
    redirect = redirect_of(desk, link, ASHA)
    forged = callback(desk, state=parameters_of(link)["s"], code="f" * 40)

    answers = come_back_at_once(monkeypatch, redirect, forged)

    assert sorted(answer["statusCode"] for answer in answers) == [200, 410]
    told = her_phone.expect().text
    assert "Your documents in DigiLocker" in told or "DigiLocker could not sign you in" in told
    her_phone.expect_silence(NOTHING_COMES_SECONDS)
    assert desk.to_digilocker.count(EXCHANGED) == 1
    nothing_is_told(log, redirect, forged)
