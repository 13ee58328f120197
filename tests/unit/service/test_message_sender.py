"""Showing her that somebody is at work, while DigiLocker takes its time."""

import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from helpdesk.conversation.effects import Say, Text
from helpdesk.errors import WhatsAppError
from helpdesk.forms.tokens import write_token
from helpdesk.service import message_sender
from helpdesk.service.message_sender import MessageSender
from helpdesk.service.recipients import Recipients
from helpdesk.storage.conversations import Person, Stored
from helpdesk.whatsapp.errors import TokenRefused, Unavailable

HERS = "wamid.HERS"
LONG = 10.0
"""Seconds after which a wait for something that must happen has failed."""


@dataclass
class FakeClient:
    """The Cloud API's client, as far as "typing" goes."""

    fails: WhatsAppError | None = None
    marked: list[str] = field(default_factory=list)
    was_called: threading.Event = field(default_factory=threading.Event)

    def typing(self, message_id: str) -> None:
        self.marked.append(message_id)
        self.was_called.set()
        if self.fails:
            raise self.fails


def replier(client: FakeClient) -> MessageSender:
    """Return a replier that has no use for anything but its client."""
    unused: Any = None
    return MessageSender(
        client=client,  # type: ignore[arg-type]
        renderer=unused,
        documents=unused,
        secret=unused,
        recipients=Recipients(unused, "100000000000001"),
        tracker=unused,
        consent_url="",
        form_token=lambda *form: write_token("form-token-key", *form),
    )


def stored(message: str | None = HERS) -> Stored:
    return Stored("c", person=Person(phone="919000000001", message=message))


def timers() -> list[threading.Timer]:
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def over(before: list[threading.Timer]) -> None:
    """Wait until every timer that was started since has fired or ended."""
    for timer in timers():
        if timer not in before:
            timer.join(LONG)
            assert not timer.is_alive()


def test_work_that_takes_longer_than_the_limit_is_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_sender, "TYPING_AFTER_SECONDS", 0.02)
    client, before = FakeClient(), timers()

    with replier(client).typing(stored(), 0):
        assert client.was_called.wait(LONG)
    over(before)

    assert client.marked == [HERS]


def test_what_she_has_waited_in_the_queue_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_sender, "TYPING_AFTER_SECONDS", 10 * LONG)
    client, before = FakeClient(), timers()

    with replier(client).typing(stored(), 10 * LONG):
        assert client.was_called.wait(LONG)
    over(before)

    assert client.marked == [HERS]


def test_work_that_is_quick_shows_nothing_then_or_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_sender, "TYPING_AFTER_SECONDS", LONG / 4)
    client, before = FakeClient(), timers()

    with replier(client).typing(stored(), 0):
        running = [timer for timer in timers() if timer not in before]
        assert len(running) == 1
    over(before)

    assert client.marked == []


def test_work_that_fails_quickly_shows_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_sender, "TYPING_AFTER_SECONDS", LONG / 4)
    client, before = FakeClient(), timers()

    with pytest.raises(KeyError), replier(client).typing(stored(), 0):
        raise KeyError
    over(before)

    assert client.marked == []


def test_without_a_message_of_hers_there_is_nothing_to_show_it_on() -> None:
    client, before = FakeClient(), timers()

    with replier(client).typing(stored(message=None), 0):
        assert [timer for timer in timers() if timer not in before] == []

    assert client.marked == []


@pytest.mark.parametrize("error", [Unavailable(None), TokenRefused(190)])
def test_whether_it_can_be_shown_matters_to_nobody(monkeypatch: pytest.MonkeyPatch, error: WhatsAppError) -> None:
    monkeypatch.setattr(message_sender, "TYPING_AFTER_SECONDS", 0.02)
    client, before = FakeClient(error), timers()

    with replier(client).typing(stored(), 0):
        assert client.was_called.wait(LONG)
    over(before)  # an error that left the timer's thread would be a warning, and so a failure

    assert client.marked == [HERS]


def test_who_has_had_her_data_deleted_is_told_nothing_more() -> None:
    """A job that died between the deletion and the end of its entry comes again, and knows nobody to tell."""
    nobody = Stored("c")

    assert replier(FakeClient()).send(Say("en", Text("menu")), nobody, "step")  # and the client is not even asked
