"""`make events`: each chat is at the point where its event belongs, as the deployed functions show."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import boto3
import pytest

from events.make import FUNCTIONS, IN_CHAT, ON_PAGE, Fresh, expectations, for_local_stack, main, static_events
from helpdesk.conversation.effects import REQUESTS, EraseData, ExchangeCode, MakeLink, RecordConsent, Revoke, Say
from helpdesk.storage.conversations import ConversationStore
from standins.local_stack import LocalStack, access
from standins.phone import Phone
from tests.deployed import PAGE_STACKS
from tests.fresh_events import answer_of, check_what_came, event_of, phones_of

EFFECTS_OF_JOBS = {*REQUESTS, Revoke, RecordConsent, EraseData, Say}
"""What a job can begin with."""
ONLY_ON_PAGE = {MakeLink, ExchangeCode}


@dataclass
class Made:
    """What `make events` has made on a stack, the last time. `asked`: what the jobs are for, by their events' names."""

    stack: LocalStack
    fresh: Fresh
    asked: dict[str, set[str]]
    phones: dict[str, Phone]

    def take_up(self, events: dict[str, Any]) -> None:
        """Go on with events that were made again: the chats are where these belong now, not the earlier ones."""
        self.fresh = replace(self.fresh, events=events)
        for phone in self.phones.values():
            phone.catch_up()

    def check(self, event: str) -> None:
        """Have an event's function invoked, and see what comes of it."""
        function = self.stack.physical_id(FUNCTIONS[event.partition("/")[0]])
        payload = json.dumps(event_of(self.fresh, event))
        invoked = self.stack.client("lambda").invoke(FunctionName=function, Payload=payload)
        answer = json.load(invoked["Payload"])
        assert answer_of(answer) == expectations()[event]["answer"]
        check_what_came(self.stack, self.phones, self.fresh, event, answer)


@contextmanager
def calling(stack: LocalStack) -> Iterator[None]:
    """Have the SDK call that stack."""
    with pytest.MonkeyPatch.context() as patch:
        # It keeps the credentials that it first saw.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        for name, value in access(stack.emulator_url).items():
            patch.setenv(name, value)
        yield


def make(stack: LocalStack) -> Iterator[Made]:
    with calling(stack):
        fresh = for_local_stack(stack.chat_url, int(time.time()))
    phones = phones_of(stack, fresh)
    yield Made(stack, fresh, asked_for(stack, fresh), phones)
    for phone in phones.values():
        phone.close()


def asked_for(stack: LocalStack, fresh: Fresh) -> dict[str, set[str]]:
    """Return the kinds of effects that stand in the outbox for each job."""
    store = ConversationStore(stack.client("dynamodb"), stack.outputs["ConversationsTableName"])
    asked: dict[str, set[str]] = {}
    for name in fresh.events:
        if name.startswith("document/job_"):
            job = json.loads(event_of(fresh, name)["Records"][0]["body"])
            entry = store.load(job["conversation"]).entry(job["step"])
            asked[name] = {type(effect).__name__ for effect in entry.effects} if entry else set()
    return asked


# For the session, since tests of another module may come between those of one stack.
@pytest.fixture(scope="session")
def in_chat(stack: LocalStack) -> Iterator[Made]:
    yield from make(stack)


@pytest.fixture(scope="session")
def on_page(page_stack: LocalStack) -> Iterator[Made]:
    yield from make(page_stack)


on_one_page_stack = pytest.mark.parametrize("page_stack", PAGE_STACKS[:1], indirect=True)
"""The one that is like that of `make run`: whoever comes back has a code to send."""


@pytest.mark.parametrize("event", expectations(IN_CHAT))
def test_an_event_is_answered_and_does_what_it_is_for(in_chat: Made, event: str) -> None:
    in_chat.check(event)


@on_one_page_stack
@pytest.mark.parametrize("event", expectations(ON_PAGE))
def test_an_event_does_so_too_where_citizens_sign_in_on_digilockers_page(on_page: Made, event: str) -> None:
    on_page.check(event)


def test_every_event_of_a_stack_is_there(in_chat: Made) -> None:
    assert made_or_static(in_chat) == sorted(expectations(IN_CHAT))


@on_one_page_stack
def test_every_event_of_a_stack_with_the_page_is_there(on_page: Made) -> None:
    assert made_or_static(on_page) == sorted(expectations(ON_PAGE))


def made_or_static(made: Made) -> list[str]:
    return sorted([*made.fresh.events, *static_events(made.fresh.sign_in)])


# Not both stacks in one test: it would be run among those of the page's, and the chats of the other be held too early.
def test_there_is_a_job_for_every_kind_of_effect(in_chat: Made) -> None:
    assert set().union(*in_chat.asked.values()) == {kind.__name__ for kind in EFFECTS_OF_JOBS - ONLY_ON_PAGE}


@on_one_page_stack
def test_there_is_a_job_for_what_only_the_page_needs(on_page: Made) -> None:
    assert set().union(*on_page.asked.values()) >= {kind.__name__ for kind in ONLY_ON_PAGE}


def test_what_is_made_twice_works_twice(in_chat: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ports = {
        "HELPDESK_EMULATOR_PORT": str(urlsplit(in_chat.stack.emulator_url).port),
        "HELPDESK_CHAT_PORT": str(urlsplit(in_chat.stack.chat_url).port),
    }
    with calling(in_chat.stack), mock.patch.dict(os.environ, ports):
        assert main(["--folder", str(tmp_path)]) == 0
    assert f"The {len(in_chat.fresh.events)} fresh ones are good until" in capsys.readouterr().out
    again = {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in in_chat.fresh.events}
    first, second = (one["webhook/text_hi"] for one in (in_chat.fresh.events, again))
    in_chat.take_up(again)
    assert first != second
    assert sender(first) == sender(second)


def sender(event: Any) -> str:
    (entry,) = json.loads(event["body"])["entry"]
    return str(entry["changes"][0]["value"]["messages"][0]["from"])


def test_without_a_running_stack_it_is_said_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as unused, mock.patch.dict(os.environ):
        unused.bind(("127.0.0.1", 0))  # nobody listens there
        monkeypatch.setenv("HELPDESK_EMULATOR_PORT", str(unused.getsockname()[1]))
        assert main(["--folder", str(tmp_path)]) == 1
    assert "`make run` starts it" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
