"""Signing in on DigiLocker's own page, with its stand-in behind real sockets: there, back, and on for hours."""

from collections.abc import Iterator
from urllib.parse import unquote

import pytest

from standins.phone import Bubble, Phone
from standins.visitor import PIN, Page, Visitor
from tests.integration.desk import Desk, citizen, running_desk, until

NAME = "ASHA VERMA"
LICENCE = "2"
TOKEN = "/oauth2/1/token"
LASTS = 3600
"""Seconds of DigiLocker's access token."""


@pytest.fixture
def desk() -> Iterator[Desk]:
    settings = {"SIGN_IN": "consent-page", "MOBILE_MISMATCH": "refuse", "DIGILOCKER_VERSION": "2.4"}
    with running_desk(settings=settings, digilocker_version="2.4") as running:
        yield running


@pytest.fixture
def asking() -> Iterator[Desk]:
    """A desk that compares no mobile (1.x names none), but asks for a one-time code."""
    with running_desk(settings={"SIGN_IN": "consent-page"}) as running:
        yield running


def at_the_link(desk: Desk, name: str = NAME) -> tuple[Phone, str]:
    """Return her phone, and the link that she was sent."""
    phone = desk.phone(name)
    phone.say("Hi")
    phone.expect("Welcome")
    phone.tap("DigiLocker Services")
    return phone, phone.expect("sign in on DigiLocker's own page").link


def agreed(phone: Phone, link: str, *unticked: str) -> Page:
    """Go to DigiLocker's page and agree, but to some documents; give the page that stands at the end."""
    visitor = Visitor()
    visitor.open(link)
    visitor.press("agree")
    visitor.press("continue", account=phone.mobile[-10:])
    visitor.press("continue", otp=phone.otp())
    visitor.press("continue", pin=PIN)
    return visitor.press("allow", *unticked)


def at_list(desk: Desk) -> Phone:
    """Have the list of her documents on her phone."""
    phone, link = at_the_link(desk)
    agreed(phone, link)
    phone.expect("Your documents in DigiLocker")
    return phone


def until_the_token_is_old(desk: Desk, phone: Phone) -> None:
    """Let an hour pass in which she is never silent for long."""
    for _ in range(LASTS // 600):
        desk.pass_time(600)
        desk.until_timers_fired()
        phone.say("help")
        phone.expect("Talk to a person")


def licence(phone: Phone) -> Bubble:
    phone.say(LICENCE)
    return phone.expect("Driving licence.pdf")


def refreshed(desk: Desk) -> list[int | None]:
    """What DigiLocker answered to each token request behind the sign-in's own."""
    return [call.status for call in desk.simulator.world.calls if call.path.endswith(TOKEN)][1:]


def test_from_the_chat_to_digilockers_page_and_back_to_a_document_in_the_chat(desk: Desk) -> None:
    phone, link = at_the_link(desk)
    assert link.startswith(f"{desk.consent_url}/start?s=")

    page = agreed(phone, link)

    assert "Go back to WhatsApp" in page.text
    phone.expect("Your documents in DigiLocker")
    document = phone.document(licence(phone))
    assert document == next(one.content() for one in citizen(NAME).issued if one.doctype == "DRVLC")
    assert set(desk.sealed()) == {"token", "refresh", "shared"}
    phone.tap("Done")
    phone.expect("signed out")
    until(lambda: desk.to_digilocker.count("/revoke") == 2)
    assert desk.simulator.world.accounts.tokens() == ()
    assert desk.sealed() == {}


def test_a_code_that_the_page_shows_has_to_come_from_the_chat_that_asked(asking: Desk) -> None:
    phone, link = at_the_link(asking)

    page = agreed(phone, link)

    assert asking.to_digilocker.count(TOKEN) == 0
    (back,) = page.links
    phone.say(unquote(back.partition("?text=")[2]))
    phone.expect("Your documents in DigiLocker")
    assert asking.to_digilocker.count(TOKEN) == 1


def test_what_she_did_not_tick_is_shown_as_not_shared_and_can_be_shared(desk: Desk) -> None:
    uri = next(one.uri for one in citizen(NAME).issued if one.doctype == "DRVLC")
    phone, link = at_the_link(desk)
    agreed(phone, link, uri)
    phone.expect("Your documents in DigiLocker")

    phone.say(LICENCE)
    phone.expect("not shared")
    phone.tap("Share more")
    agreed(phone, phone.expect("sign in on DigiLocker's own page").link)

    phone.expect("Driving licence.pdf")


def test_a_token_that_is_too_old_is_exchanged_and_the_chat_goes_on(desk: Desk) -> None:
    phone = at_list(desk)
    before = desk.sealed()
    until_the_token_is_old(desk, phone)

    licence(phone)

    assert refreshed(desk) == [200]
    after = desk.sealed()
    assert all(before[name] != after[name] for name in ("token", "refresh"))
    # The one that came with it is good as well: the first would have been refused by now.
    until_the_token_is_old(desk, phone)
    licence(phone)
    assert refreshed(desk) == [200, 200]


def test_the_list_goes_on_as_well_when_the_token_is_too_old(desk: Desk) -> None:
    phone = at_list(desk)
    until_the_token_is_old(desk, phone)

    phone.say("other documents")

    phone.expect("Your documents in DigiLocker")
    assert refreshed(desk) == [200]


def test_who_has_withdrawn_her_consent_signs_in_again_and_gets_what_she_asked_for(desk: Desk) -> None:
    phone = at_list(desk)
    until_the_token_is_old(desk, phone)
    with desk.simulator.world.lock:
        (token,) = desk.simulator.world.accounts._refreshable
        desk.simulator.world.accounts.revoke(token)

    phone.say(LICENCE)

    phone.expect("Driving licence", "DigiLocker Services")
    assert refreshed(desk) == [400]
    phone.tap("DigiLocker Services")
    agreed(phone, phone.expect("sign in on DigiLocker's own page").link)
    phone.expect("Driving licence.pdf")


def test_a_refresh_whose_answer_is_lost_is_not_repeated(desk: Desk) -> None:
    phone = at_list(desk)
    until_the_token_is_old(desk, phone)
    desk.simulator.world.faults.set({"digilocker": {"token": {"after": True, "drop": True}}})

    phone.say(LICENCE)

    phone.expect("Driving licence", "DigiLocker Services")
    assert len(refreshed(desk)) == 1
