"""`make events`: each chat is at the point where its event belongs, as the deployed functions show."""

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import boto3
import pytest

from operations.events import FUNCTIONS, Fresh, expectations, for_local_stack, main
from simulator.local_stack import LocalStack, access
from simulator.phone import Phone
from tests.fresh_events import answer_of, check_what_came, event_of, phones_of


@pytest.fixture(scope="module")
def fresh(stack: LocalStack) -> Iterator[Fresh]:
    with pytest.MonkeyPatch.context() as patch:
        # It keeps the credentials that it first saw.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        for name, value in access(stack.emulator_url).items():
            patch.setenv(name, value)
        yield for_local_stack(stack.chat_url, int(time.time()))


@pytest.fixture(scope="module")
def phones(stack: LocalStack, fresh: Fresh) -> Iterator[dict[str, Phone]]:
    taken_up = phones_of(stack, fresh)
    yield taken_up
    for phone in taken_up.values():
        phone.close()


@pytest.mark.parametrize("event", expectations())
def test_an_event_is_answered_and_does_what_it_is_for(
    stack: LocalStack, fresh: Fresh, phones: dict[str, Phone], event: str
) -> None:
    function = FUNCTIONS[event.split("/", maxsplit=1)[0]]
    answer = stack.client("lambda").invoke(
        FunctionName=stack.physical_id(function), Payload=json.dumps(event_of(fresh, event))
    )
    assert answer_of(json.load(answer["Payload"])) == expectations()[event]["answer"]
    check_what_came(stack, phones, fresh, event)


def test_what_is_made_twice_works_twice(stack: LocalStack, fresh: Fresh) -> None:
    again = for_local_stack(stack.chat_url, int(time.time()))
    assert again.phones == fresh.phones
    assert again.events["webhook/text_hi"] != fresh.events["webhook/text_hi"]


def test_without_a_running_stack_it_is_said_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as unused, mock.patch.dict(os.environ):
        unused.bind(("127.0.0.1", 0))  # nobody listens there
        monkeypatch.setenv("HELPDESK_EMULATOR_PORT", str(unused.getsockname()[1]))
        assert main(["--folder", str(tmp_path)]) == 1
    assert "`make run` starts it" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
