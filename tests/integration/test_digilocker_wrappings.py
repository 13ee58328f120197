"""DigiLocker's answers in other wrappings than the documents show: she has her document all the same."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from standins.phone import Bubble
from standins.wrappings import Wrapping
from tests.integration.desk import Desk, at_list, citizen, running_desk, sign_in
from tests.integration.test_bringing_in import looks_for

ASHA, DEEPAK = "ASHA VERMA", "DEEPAK NAIR"
NEEDED = ("verify", "code", "token", "issued", "files")


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk(otp_sends=10_000, pair_seconds=0.001) as running:
        yield running


@pytest.fixture(autouse=True)
def mended(desk: Desk) -> Iterator[None]:
    yield
    desk.mend()
    desk.pass_time(24 * 3600)


def switch(desk: Desk, **switches: Mapping[str, Any]) -> None:
    desk.simulator.world.faults.set({"digilocker": {name: {"times": 9, **one} for name, one in switches.items()}})


def item(uri: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "Registration of Vehicles",
        "type": "file",
        "size": "",
        "date": "12-09-2019",
        "parent": "",
        "mime": ["application/pdf"],
        "uri": uri,
        "doctype": "RVCER",
        "description": "Registration of Vehicles",
        "issuerid": "in.gov.transport",
        "issuer": "Ministry of Road Transport and Highways",
    } | more


def listed(desk: Desk, body: object) -> Bubble:
    """Sign in, with this answer to the call for the list, and see what she is told."""
    switch(desk, issued={"status": 200, "body": body})
    return sign_in(desk, ASHA).expect()


@pytest.mark.parametrize("wrapping", Wrapping)
def test_she_signs_in_and_has_her_document_in_every_wrapping(desk: Desk, wrapping: Wrapping) -> None:
    switch(desk, **{endpoint: {"wrap": wrapping} for endpoint in NEEDED})
    phone = at_list(desk, ASHA)
    phone.say("3")
    delivered = phone.expect("Vehicle RC")

    assert phone.document(delivered) == citizen(ASHA).issued[2].content()


@pytest.mark.parametrize("wrapping", [Wrapping.IN_DATA, Wrapping.NUMBERED, Wrapping.SINGLE, Wrapping.CAPITALS])
def test_she_brings_a_document_in_in_every_wrapping(desk: Desk, wrapping: Wrapping) -> None:
    switch(desk, **{name: {"wrap": wrapping} for name in ("pull_parameters", "pull_document")})
    phone = looks_for(desk, DEEPAK, "driving licence")
    phone.expect("needs", "*Driving Licence Number*")


def test_two_vehicles_are_told_apart_on_the_list_and_in_its_rows(desk: Desk) -> None:
    car, scooter = "in.gov.transport-RVCER-DL4CAB2345", "in.gov.transport-RVCER-DL4SCD6789"

    told = listed(desk, {"items": [item(car), item(scooter, date="13-08-2020")]})

    assert "1. Vehicle RC (12/09/2019)" in told.text
    assert "2. Vehicle RC (13/08/2020)" in told.text
    assert len({row for _, row in told.rows[:2]}) == 2


def test_of_a_list_that_can_be_read_in_part_the_rest_is_counted_and_told(desk: Desk) -> None:
    before = desk.counted["DocumentsLeftOut"]

    told = listed(desk, {"items": [item("in.gov.transport-RVCER-1"), item(""), "x", None]})

    assert "1. Vehicle RC" in told.text
    assert "We cannot show 3 more of your documents" in told.text
    assert desk.counted["DocumentsLeftOut"] - before == 3


def test_a_list_of_which_nothing_can_be_read_is_not_called_empty(desk: Desk) -> None:
    told = listed(desk, {"items": [item(""), item("")]})

    assert "You have documents in DigiLocker (2), but we cannot show them here" in told.text
    assert "no documents" not in told.text


@pytest.mark.parametrize("items", [[], {}, "", None])
def test_a_list_without_anything_is_called_empty(desk: Desk, items: object) -> None:
    assert "There are no documents in your DigiLocker yet" in listed(desk, {"items": items}).text


def test_what_the_issuer_lists_as_objects_is_chosen_by_name_and_shown_so(desk: Desk) -> None:
    states = [{"value": "17", "label": "Kerala"}, {"value": "18", "label": "Tamil Nadu"}]
    parameters = [{"label": "State", "paramname": "state code", "valuelist": states, "example": ""}]
    switch(desk, pull_parameters={"status": 200, "body": parameters})
    phone = looks_for(desk, DEEPAK, "driving licence")
    assert "1. Kerala" in phone.expect("*State*").text
    phone.say("tamil nadu")
    phone.expect("We will ask", "1. State: Tamil Nadu")


def test_something_that_nobody_can_be_asked_for_is_told_before_she_types_the_rest(desk: Desk) -> None:
    switch(desk, pull_parameters={"status": 200, "body": [{"label": "Year"}, {"paramname": "no", "label": "Number"}]})
    phone = looks_for(desk, DEEPAK, "driving licence")
    phone.expect("Which document do you need?")


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Registration number as it is printed on the top right corner of the certificate " * 2, "KL0020080000014"),
        ("Institution", "Government Higher Secondary School for Girls, Chirayinkeezhu, Thiruvananthapuram 695304"),
    ],
)
def test_what_she_is_to_check_can_be_read_to_its_end(desk: Desk, label: str, value: str) -> None:
    parameters = [{"label": label, "paramname": "no", "valuelist": "", "example": ""}]
    switch(desk, pull_parameters={"status": 200, "body": parameters})
    phone = looks_for(desk, DEEPAK, "driving licence")
    phone.expect("needs")
    phone.say(value)

    assert f": {value}\n" in phone.expect("We will ask").text
