"""The deployed help desks of the end-to-end tests, and phones of their own for each."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from standins.local_stack import LocalStack, citizens
from tests.deployed import BY_FORM, IN_CHAT, PAGE_STACKS, Deployments
from tests.end_to_end.phone import Phone

_NUMBERS = itertools.count(1)

type Citizen = dict[str, Any]
type PhoneOf = Callable[[Citizen], Phone]


def new_phone(chat_url: str, citizen: Citizen) -> Phone:
    """Return a phone with a number of its own, to sign in from as any citizen; her OTPs arrive on her mobile.

    One number for all tests would run into WhatsApp's limit for one pair of numbers, as it should.
    """
    phone = Phone(chat_url, f"9190001{next(_NUMBERS):05d}", citizen["mobile"])
    phone.catch_up()
    return phone


@pytest.fixture(scope="session")
def stack(deployments: Deployments) -> LocalStack:
    """The one where citizens sign in in the chat."""
    return deployments.stack(IN_CHAT)


@pytest.fixture(scope="session", params=PAGE_STACKS)
def page_stack(request: pytest.FixtureRequest, deployments: Deployments) -> LocalStack:
    """One where citizens sign in on DigiLocker's page."""
    return deployments.stack(request.param)


@pytest.fixture(scope="session", params=[BY_FORM])
def form_stack(request: pytest.FixtureRequest, deployments: Deployments) -> LocalStack:
    """One where citizens sign in by the form."""
    return deployments.stack(request.param)


@pytest.fixture(scope="session")
def everybody(stack: LocalStack) -> list[Citizen]:
    """The made-up citizens."""
    return citizens(stack.chat_url)


@pytest.fixture
def citizen(everybody: list[Citizen]) -> Citizen:
    """The one with a rich locker."""
    return everybody[0]


@pytest.fixture
def phone_of(stack: LocalStack) -> Iterator[PhoneOf]:
    """Hand out new phones, and end them with the test."""
    phones: list[Phone] = []

    def give(citizen: Citizen) -> Phone:
        phone = new_phone(stack.chat_url, citizen)
        phones.append(phone)
        return phone

    yield give
    for phone in phones:
        phone.close()


@pytest.fixture
def phone(phone_of: PhoneOf, citizen: Citizen) -> Phone:
    """A phone for the citizen with a rich locker."""
    return phone_of(citizen)
