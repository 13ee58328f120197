"""The Aadhaar card, which DigiLocker may refuse to partners as PDF: its data comes in its place, and she is told so."""

from collections.abc import Iterator

import pytest

from standins.digilocker.documents import eaadhaar
from tests.integration.desk import Desk, at_list, citizen, running_desk, until

NAME = "MEERA PILLAI"
CARD = "2"
ELSEWHERE = "https://www.digilocker.gov.in"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk() as running:
        yield running


@pytest.fixture(autouse=True)
def quiet_world(desk: Desk) -> Iterator[None]:
    yield
    desk.mend()


def data() -> bytes:
    meera = citizen(NAME)
    return eaadhaar(meera.name, meera.aadhaar, meera.born, meera.gender)


def test_its_data_comes_unaltered_with_what_it_is_and_where_the_pdf_is(desk: Desk) -> None:
    phone = at_list(desk, NAME)
    phone.say(CARD)

    bubble = phone.expect("Aadhaar", "signed by UIDAI", "not for showing or printing", ELSEWHERE)

    assert bubble.filename.endswith(".txt")
    assert bubble.buttons == ("Other documents", "Done")
    assert phone.document(bubble) == data()
    until(lambda: desk.objects() == [])


def test_a_link_to_it_that_whatsapp_cannot_fetch_is_replaced_by_the_file(desk: Desk) -> None:
    phone = at_list(desk, NAME)
    desk.simulator.world.faults.set({"whatsapp": {"fetch": {"status": 403}}})
    phone.say(CARD)

    phone.expect("signed by UIDAI")
    bubble = phone.expect("signed by UIDAI")

    assert phone.document(bubble) == data()


@pytest.mark.parametrize("error", ["insufficient_scope", "aadhaar_not_linked"])
def test_where_the_data_is_refused_as_well_she_is_told_where_the_card_is(desk: Desk, error: str) -> None:
    phone = at_list(desk, NAME)
    desk.simulator.world.faults.set({"digilocker": {"eaadhaar": {"error": error}}})
    phone.say(CARD)

    bubble = phone.expect("does not give it to us", ELSEWHERE)

    assert bubble.filename == ""
    assert bubble.buttons == ("Other documents", "Done")


def test_data_that_was_changed_on_the_way_is_never_passed_on(desk: Desk) -> None:
    phone = at_list(desk, NAME)
    desk.simulator.world.faults.set({"digilocker": {"eaadhaar": {"status": 200, "body": "<Certificate/>"}}})
    phone.say(CARD)

    bubble = phone.expect("We could not get this document")

    assert bubble.buttons == ("Try again", "Other documents", "Done")
