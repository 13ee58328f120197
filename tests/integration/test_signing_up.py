"""Signing up in the chat, with DigiLocker's stand-in behind real sockets: what is entered, what is refused, and why."""

from collections.abc import Iterator

import pytest

from standins.phone import Bubble, Phone
from tests.integration.desk import Desk, citizen, running_desk, until

ASK, VERIFY = "/signup/2/demoauth", "/signup/1/demoauthverify"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running_desk() as running:
        yield running


def phone_of(desk: Desk, name: str) -> Phone:
    """The phone that she writes from, where her OTPs arrive as well."""
    return Phone(desk.simulator.url, citizen(name).phone)


def enter(desk: Desk, name: str, born: str, gender: str) -> Phone:
    """Go on until the mobile is asked for."""
    phone = phone_of(desk, name)
    phone.say("Hi")
    phone.expect("Welcome")
    phone.tap("DigiLocker Services")
    phone.expect("Do you have a DigiLocker account?")
    phone.tap("No")
    phone.expect("can open a free DigiLocker account for you", "Do you agree?")
    phone.tap("I agree")
    phone.expect("12-digit Aadhaar number", "VID cannot be used")
    phone.say(citizen(name).aadhaar)
    phone.expect("your name as it is printed on your Aadhaar card")
    phone.say(name.title())
    phone.expect("date of birth")
    phone.say(born)
    phone.expect("What is printed on your Aadhaar card?")
    phone.tap(gender)
    phone.expect("Which mobile number")
    return phone


def send(phone: Phone) -> Bubble:
    """Have the details sent that she is shown, and give what she is told then."""
    assert phone.expect("Please check your details").buttons == ("Send", "Change", "Cancel")
    phone.tap("Send")
    return phone.expect()


def has_account(desk: Desk, name: str) -> bool:
    return desk.simulator.world.accounts.with_uid(citizen(name).aadhaar) is not None


def calls(desk: Desk) -> tuple[int, int]:
    """How often DigiLocker was asked to sign somebody up, and to take the OTP of it."""
    sent = desk.to_digilocker.sent
    return sum(path.endswith(ASK) for path in sent), sum(path.endswith(VERIFY) for path in sent)


def test_she_opens_an_account_and_is_signed_in_to_it(desk: Desk) -> None:
    phone = enter(desk, "SUNITA DEVI", "5 March 1968", "Female")
    assert not has_account(desk, "SUNITA DEVI")
    phone.tap("This number")
    assert "mobile ending in *03*" in send(phone).text
    assert set(desk.sealed()) == {"aadhaar", "name", "born", "gender", "mobile"}

    phone.say("000000")
    phone.expect("That OTP was not accepted")
    assert not has_account(desk, "SUNITA DEVI")
    phone.say(phone.otp())
    phone.expect("You are signed in", "There are no documents in your DigiLocker yet")

    assert has_account(desk, "SUNITA DEVI")
    assert calls(desk) == (1, 2)
    assert set(desk.sealed()) == {"token"}
    phone.tap("Done")
    phone.expect("signed out")
    until(desk.is_done)
    assert set(desk.sealed()) == set()


def test_who_has_signed_up_can_sign_in(desk: Desk) -> None:
    phone = enter(desk, "SUNITA DEVI", "5 March 1968", "Female")
    phone.tap("This number")
    send(phone)
    phone.say(phone.otp())
    phone.expect("You are signed in")
    phone.tap("Done")
    phone.expect("signed out")

    phone.say("Hi")
    phone.expect("Welcome")
    phone.tap("DigiLocker Services")
    phone.expect("Do you have a DigiLocker account?")
    phone.tap("Yes")
    phone.expect("Do you agree?")
    phone.tap("I agree")
    phone.expect("12-digit Aadhaar number")
    phone.say(citizen("SUNITA DEVI").aadhaar)
    phone.expect("OTP is on its way")
    phone.say(phone.otp())
    phone.expect("There are no documents in your DigiLocker yet")


def test_who_says_no_but_has_an_account_learns_it_from_her_documents_once_the_otp_has_succeeded(desk: Desk) -> None:
    sunita = enter(desk, "SUNITA DEVI", "5 March 1968", "Female")
    sunita.tap("This number")
    asha = enter(desk, "ASHA VERMA", "1 January 1992", "Female")
    asha.tap("This number")
    assert send(asha).text == send(sunita).text.replace("*03*", "*01*")

    asha.say("000000")
    asha.expect("That OTP was not accepted")
    asha.say(asha.otp())
    asha.expect("Your documents in DigiLocker", "Driving licence")


@pytest.mark.parametrize(
    "name",
    ["ASHA VERMA", "SUNITA DEVI", "IMRAN KHAN", "GOPAL DAS"],
    ids=["an account", "none", "two on one mobile", "one without a mobile"],
)
def test_after_the_aadhaar_number_there_are_always_both_ways(desk: Desk, name: str) -> None:
    phone = phone_of(desk, name)
    phone.say("Hi")
    phone.expect("Welcome")
    for title, answer in (("DigiLocker Services", "Do you have"), ("Yes", "Do you agree?"), ("I agree", "12-digit")):
        phone.tap(title)
        phone.expect(answer)
    phone.say(citizen(name).aadhaar)

    both = phone.expect("If this number has a DigiLocker account, an OTP is on its way")

    assert both.buttons == ("Resend", "Sign up", "Change number")
    phone.tap("Sign up")
    phone.expect("can open a free DigiLocker account for you")


def test_a_mobile_of_another_account_is_refused_and_one_of_his_own_is_taken(desk: Desk) -> None:
    phone = enter(desk, "ROHIT SAXENA", "21.10.1998", "Male")
    phone.say(str(citizen("ROHIT SAXENA").mobile)[-10:])

    refused = send(phone)

    assert "belongs to another DigiLocker account" in refused.text
    assert "Which mobile number" in refused.text
    assert "Do you already have an account?" in refused.text
    assert refused.buttons == ("This number", "Back", "Cancel")
    assert set(desk.sealed()) == {"aadhaar", "name", "born", "gender"}
    assert not has_account(desk, "ROHIT SAXENA")
    phone.tap("This number")
    assert "mobile ending in *16*" in send(phone).text
    phone.say(phone.otp())
    phone.expect("You are signed in")
    assert has_account(desk, "ROHIT SAXENA")
    assert calls(desk) == (2, 1)


def test_details_that_are_not_aadhaars_are_refused_and_can_be_corrected(desk: Desk) -> None:
    phone = enter(desk, "NEHA BORA", "14/02/1996", "Female")
    phone.tap("This number")

    refused = send(phone)

    assert "do not match Aadhaar" in refused.text
    assert "2. Name: Neha Bora" in refused.text
    assert refused.buttons == ("Send", "Change", "Cancel")
    phone.tap("Change")
    phone.expect("Which line is wrong")
    phone.say("2")
    phone.expect("your name as it is printed on your Aadhaar card")
    phone.say("Neha Barua")
    assert "mobile ending in *17*" in send(phone).text
    phone.say(phone.otp())
    phone.expect("You are signed in")
    assert has_account(desk, "NEHA BORA")
    assert calls(desk) == (2, 1)


def test_who_stops_leaves_nothing_and_has_no_account(desk: Desk) -> None:
    phone = enter(desk, "SUNITA DEVI", "5 March 1968", "Female")
    phone.tap("This number")
    send(phone)
    otp = phone.otp()

    phone.tap("Cancel")
    phone.expect("We did not keep what you typed")
    phone.say(otp)
    phone.expect("not needed now")

    until(desk.is_done)
    assert set(desk.sealed()) == set()
    assert not has_account(desk, "SUNITA DEVI")
    assert calls(desk) == (1, 0)
