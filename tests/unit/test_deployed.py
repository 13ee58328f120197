"""The deployed stacks are started when they are needed, once, and end together."""

from types import TracebackType
from typing import Any, Self

import pytest

from tests import conftest, deployed
from tests.deployed import IN_CHAT, PAGE_STACKS, Deployments


class Stack:
    """Stands in for the local stack."""

    running: list["Stack"]

    def __init__(self, **given: Any) -> None:
        self.given = given

    def __enter__(self) -> Self:
        self.running.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.running.remove(self)


@pytest.fixture(autouse=True)
def none_running() -> None:
    Stack.running = []


def test_each_is_started_once_and_only_if_it_is_asked_for() -> None:
    with Deployments(Stack) as deployments:  # type: ignore[arg-type] # as much of a stack as is needed here
        assert not Stack.running
        first: object = deployments.stack(IN_CHAT)
        assert deployments.stack(IN_CHAT) is first
        other: object = deployments.stack(PAGE_STACKS[0])
        running: list[object] = [*Stack.running]
        assert running == [first, other]
    assert not Stack.running


def test_those_with_the_page_differ_in_what_their_names_say() -> None:
    with Deployments(Stack) as deployments:  # type: ignore[arg-type] # as above
        given = [vars(deployments.stack(name))["given"] for name in PAGE_STACKS]
    assert [one["parameters"]["MobileMismatch"] for one in given] == ["ask", "refuse"]
    assert [one["simulator_settings"]["digilocker_version"] for one in given] == ["1.x", "2.4"]


def test_the_names_by_which_tests_are_kept_together_are_those_of_the_stacks() -> None:
    assert (*deployed.PAGE_STACKS, deployed.BY_FORM) == conftest._OTHER_STACKS
