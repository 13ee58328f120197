"""Bringing a document in, with DigiLocker's stand-in behind real sockets: the directory, the pull, and each refusal."""

import json
from collections.abc import Iterator

import pytest

from simulator.phone import Bubble, Phone
from tests.integration.desk import Desk, at_list, running_desk, until

PULL, LISTED = "/pull/pulldocument", "/pull/issuers"
LICENCE = "KL0020080000014"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """One desk for all: the directory is fetched once, as it is in life."""
    with running_desk() as running:
        yield running


@pytest.fixture(autouse=True)
def mended(desk: Desk) -> Iterator[None]:
    yield
    desk.mend()


def looks_for(desk: Desk, name: str, words: str) -> Phone:
    """Go on until something was found."""
    phone = at_list(desk, name)
    phone.tap("Get a new document")
    phone.expect("Which document shall be brought into your DigiLocker?")
    phone.say(words)
    return phone


def licence(desk: Desk, name: str = "DEEPAK NAIR", number: str = LICENCE) -> Phone:
    """Go on until the licence's number is entered."""
    phone = looks_for(desk, name, "driving licence")
    phone.expect("*Ministry of Road Transport and Highways* needs", "*Driving Licence Number*")
    phone.say(number)
    phone.expect("is asked for: *Driving licence*", f"1. Driving Licence Number: {number}")
    return phone


def send(phone: Phone) -> Bubble:
    phone.tap("Send")
    return phone.expect()


def sealed(desk: Desk) -> set[str]:
    return set(json.loads(desk.state()["sealed"]["S"]))


def is_done(desk: Desk) -> bool:
    return not desk.state().get("outbox", {"M": {}})["M"]


def test_the_licence_is_brought_in_and_delivered(desk: Desk) -> None:
    phone = licence(desk)
    assert sealed(desk) == {"token", "sought", "detail_1"}
    delivered = send(phone)
    assert delivered.file == "Driving licence.pdf"
    assert desk.to_digilocker.count(PULL) == 1
    until(lambda: is_done(desk))
    assert sealed(desk) == {"token"}
    phone.tap("Other documents")
    phone.expect("1. PAN card", "2. Driving licence")


def test_the_directory_lies_in_the_bucket_and_is_not_fetched_for_everybody(desk: Desk) -> None:
    looks_for(desk, "RAVI KUMAR", "PAN").expect("*Income Tax Department* needs", "*PAN*")
    looks_for(desk, "DEEPAK NAIR", "10th marksheet").expect("*Class 10 marksheet*: who issued it?")
    assert "directory/issuers.json.gz" in desk.objects()
    assert desk.to_digilocker.count(LISTED) <= 1
