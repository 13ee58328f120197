"""Bringing a document in, with DigiLocker's stand-in behind real sockets: the directory, the pull, and each refusal."""

from collections.abc import Iterator

import pytest

from standins.phone import Bubble, Phone
from tests.integration.desk import Desk, at_list, citizen, running_desk, until

PULL, LISTED = "/pull/pulldocument", "/pull/issuers"
LICENCE = "KL0020080000014"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """One desk for all: the directory is fetched once, as it is in life."""
    with running_desk() as running:
        yield running


@pytest.fixture(autouse=True)
def mended(desk: Desk) -> Iterator[None]:
    """Let every test begin with working services, and with the messages to a citizen that WhatsApp takes at a time."""
    yield
    desk.mend()
    desk.pass_time(120)


def looks_for(desk: Desk, name: str, words: str) -> Phone:
    """Go on until something was found."""
    phone = at_list(desk, name)
    phone.tap("Get a new document")
    phone.expect("Which document do you need?")
    phone.say(words)
    return phone


def licence(desk: Desk, name: str = "DEEPAK NAIR", number: str = LICENCE) -> Phone:
    """Go on until the licence's number is entered."""
    phone = looks_for(desk, name, "driving licence")
    phone.expect("*Ministry of Road Transport and Highways* needs", "*Driving Licence Number*")
    phone.say(number)
    phone.expect("for: *Driving licence*", f"1. Driving Licence Number: {number}")
    return phone


def marksheet(desk: Desk, year: str = "2005") -> Phone:
    """Go on until the marksheet's details are entered."""
    phone = looks_for(desk, "DEEPAK NAIR", "12th marksheet")
    phone.expect("*Class 12 marksheet*: who issued it?")
    phone.say("cbse")
    phone.expect("*Central Board of Secondary Education* needs", "*Roll Number*")
    phone.say("0000214")
    phone.expect("*Year*", "1. 2026")
    phone.say(year)
    phone.expect("*Name (as on the document)*")
    phone.say("Deepak Nair")
    phone.expect("for: *Class 12 marksheet*", f"2. Year: {year}")
    return phone


def send(phone: Phone) -> Bubble:
    phone.tap("Send")
    return phone.expect()


def test_the_licence_is_brought_in_and_delivered(desk: Desk) -> None:
    phone = licence(desk)
    assert set(desk.sealed(phone.number)) == {"token", "sought", "detail_1"}
    pulls = desk.to_digilocker.count(PULL)
    delivered = send(phone)
    assert delivered.filename == "Driving licence.pdf"
    assert desk.to_digilocker.count(PULL) == pulls + 1
    until(lambda: desk.is_done(phone.number))
    assert set(desk.sealed(phone.number)) == {"token"}
    phone.tap("Other documents")
    phone.expect("1. PAN card", ". Driving licence")  # and whatever else was brought in for him


def test_the_directory_lies_in_the_bucket_and_is_not_fetched_for_everybody(desk: Desk) -> None:
    looks_for(desk, "TENZIN DORJE", "PAN").expect("*Income Tax Department* needs", "*PAN*")
    listed = desk.to_digilocker.count(LISTED)
    looks_for(desk, "DEEPAK NAIR", "10th marksheet").expect("*Class 10 marksheet*: who issued it?")
    assert "directory/issuers.json.gz" in desk.objects()
    assert desk.to_digilocker.count(LISTED) == listed


def test_what_is_there_already_is_delivered(desk: Desk) -> None:
    phone = looks_for(desk, "DEEPAK NAIR", "pan")
    phone.expect("*PAN*")
    phone.say("AAAPN0000M")
    phone.expect("*Name (as on the document)*")
    phone.say("Deepak Nair")
    phone.expect("for: *PAN card*")
    assert send(phone).filename == "PAN card.pdf"


def test_a_number_that_the_issuer_does_not_know_can_be_corrected(desk: Desk) -> None:
    phone = licence(desk, number="KL99")
    refused = send(phone)
    assert "found nothing with these details" in refused.text
    assert "1. Driving Licence Number: KL99" in refused.text
    phone.tap("Change")
    phone.expect("Which line is wrong")
    phone.say("1")
    phone.expect("*Driving Licence Number*")
    phone.tap("Cancel")
    phone.expect("Stopped")


def test_details_that_do_not_match_exactly_wait_for_the_issuer(desk: Desk) -> None:
    pending = send(marksheet(desk, year="2006"))
    assert "has to check it" in pending.text
    assert pending.buttons == ("Try again", "Get a new document", "Other documents")
    phone = desk.phone("DEEPAK NAIR")
    phone.catch_up()
    phone.tap("Try again")
    phone.expect("Your documents in DigiLocker")


def test_a_pull_whose_answer_gets_lost_is_not_repeated_and_the_document_is_found_on_the_list(desk: Desk) -> None:
    phone = marksheet(desk)
    pulls = desk.to_digilocker.count(PULL)
    desk.simulator.world.faults.set({"digilocker": {"pull_document": {"after": True, "drop": True}}})
    assert send(phone).filename == "Class 12 marksheet.pdf"
    assert desk.to_digilocker.count(PULL) == pulls + 1


def test_an_issuer_that_is_set_up_wrongly_is_told(desk: Desk) -> None:
    phone = looks_for(desk, "DEEPAK NAIR", "vehicle rc")
    phone.expect("*Registration Number*")
    phone.say("KL00AH0014")
    phone.expect("*Chassis Number*")
    phone.say("SPECIMEN000000001")
    phone.expect("for: *Vehicle RC*")
    assert "is not answering at the moment" in send(phone).text


def test_an_insurer_that_fails_costs_one_honest_question(desk: Desk) -> None:
    phone = looks_for(desk, "DEEPAK NAIR", "bike insurance")
    phone.expect("*Two-wheeler policy*: who issued it?", "1. Specimen General Insurance Co. Ltd.")
    phone.say("1")
    phone.expect("*Policy Number*")
    phone.say("TW0000000014")
    phone.expect("*Name (as on the document)*")
    phone.say("Deepak Nair")
    phone.expect("for: *Two-wheeler policy*")
    pulls = desk.to_digilocker.count(PULL)
    asked = send(phone)
    assert "not on your list yet" in asked.text
    assert asked.buttons == ("Send", "Change", "Cancel")
    assert desk.to_digilocker.count(PULL) == pulls + 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("invalid_doctype", "cannot get this document here at the moment"),
        ("invalid_parameter", "could not read one of the details"),
        ("insufficient_scope", "connection to DigiLocker is not working"),
        ("repository_service_unresponsive", "not on your list yet"),
    ],
)
def test_each_other_refusal_of_a_pull_has_its_answer(desk: Desk, error: str, told: str) -> None:
    phone = licence(desk, number="KL1")
    desk.simulator.world.faults.set({"digilocker": {"pull_document": {"error": error}}})
    assert told in send(phone).text


def test_a_session_that_digilocker_ends_goes_on_after_signing_in_again(desk: Desk) -> None:
    phone = licence(desk, number="KL1")
    desk.simulator.world.faults.set({"digilocker": {"pull_document": {"error": "invalid_token"}}})
    assert "sign in again. Then we go on with the new document" in send(phone).text
    phone.tap("DigiLocker Services")
    phone.expect("Do you agree?")
    phone.tap("I agree")
    phone.expect("12-digit Aadhaar number")
    phone.say(citizen("DEEPAK NAIR").aadhaar)
    phone.expect("OTP is on its way")
    phone.say(phone.otp())
    phone.expect("*Driving Licence Number*")


def test_an_account_that_is_not_linked_with_aadhaar_is_told_so(desk: Desk) -> None:
    assert "not linked to Aadhaar" in send(licence(desk, "TENZIN DORJE", "KL1")).text


def test_the_directory_is_used_while_digilocker_is_down(desk: Desk) -> None:
    phone = looks_for(desk, "DEEPAK NAIR", "pension")
    phone.expect("Pension Certificate", "Tripura")
    desk.simulator.world.faults.set({"digilocker": {"*": {"status": 503, "times": 100}}})
    phone.say("tripura")
    assert phone.expect().buttons == ("Try again", "Back", "Cancel")
    phone.say("10th marksheet")
    phone.expect("*Class 10 marksheet*: who issued it?")
    phone.say("2")
    phone.expect("DigiLocker is very busy")
    desk.mend()
    phone.tap("Try again")
    phone.expect("*National Institute of Open Schooling* needs", "*Roll Number*")


def test_the_directory_is_fetched_anew_after_a_day_by_a_job_of_its_own(desk: Desk) -> None:
    listed = desk.to_digilocker.count(LISTED)
    desk.pass_time(25 * 3600)
    phone = looks_for(desk, "DEEPAK NAIR", "pension")
    phone.expect("Pension Certificate")
    until(lambda: desk.to_digilocker.count(LISTED) == listed + 1)
