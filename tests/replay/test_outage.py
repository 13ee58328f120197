"""A service is away for a while, or a message can never be done: nothing is lost, and nobody is stuck."""

import logging
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from helpdesk.service.queue_consumer import MOST_RECEIVES
from helpdesk.whatsapp.errors import Unavailable
from tests.replay.crash_points import MAIN, conversation, may_ask
from tests.replay.desk import Desk, Pace
from tests.replay.trouble import Outage, Trouble, TroubledDesk, after_an_outage, service, trouble
from tests.world.calls import Call, CrashPoint

LICENCE = conversation(MAIN)
PACE = Pace(45)
AWS_SECONDS, WHATSAPP_SECONDS = 120, 600


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable()  # what the functions log is much, and not what this is about
    yield
    logging.disable(logging.NOTSET)


# AWS


def unavailable(call: Call) -> Trouble:
    return trouble("unavailable", call)


@pytest.mark.parametrize("for_both", [False, True], ids=["for one function", "for both"])
@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("dynamodb", "webhook"),
        ("dynamodb", "document"),
        ("sqs", "webhook"),
        ("sqs", "document"),
        ("kms", "webhook"),
        ("kms", "document"),
        ("s3", "document"),
        ("secretsmanager", "webhook"),
        ("secretsmanager", "document"),
    ],
)
def test_she_gets_her_licence_after_a_service_was_away(name: str, function: str, for_both: bool) -> None:
    undisturbed = Desk(LICENCE, PACE).run()
    calls = tuple(undisturbed.calls.made)
    first = [(index, call) for index, call in enumerate(calls) if (service(call), call.function) == (name, function)]
    wrong = []
    for index, call in first:
        outage = Outage(index, name, None if for_both else function, AWS_SECONDS, unavailable)
        desk = TroubledDesk(LICENCE, PACE, troubles=outage)
        lost = CrashPoint(index, "before") in may_ask(calls)
        if seen := after_an_outage(desk, undisturbed, may_ask=lost):
            wrong.append(f"from call {index + 1} ({call}) on: {'; '.join(seen)}")

    assert first
    assert not wrong, "\n".join(wrong)


# WhatsApp


@pytest.mark.parametrize("writes", [False, True], ids=["she waits", "she writes"])
@pytest.mark.parametrize("chance", [0, 1], ids=["soonest", "latest"])
@pytest.mark.parametrize("error", [Unavailable(131016, status=503), Unavailable(None)], ids=["503", "no connection"])
def test_all_replies_come_in_order_after_whatsapp_was_away(error: Unavailable, chance: float, writes: bool) -> None:
    calls = Desk(LICENCE, PACE).run().calls.made
    replies = [(index, call.line) for index, call in enumerate(calls) if call.name == "whatsapp.send"]
    wrong = []
    for index, line in replies:
        # Undisturbed, she has her answer at once, and writes before she goes on.
        undisturbed = TroubledDesk(LICENCE, PACE, before={line: asks_for_help(1)} if writes else {}).run()
        desk = TroubledDesk(
            LICENCE,
            PACE,
            troubles=Outage(index, "whatsapp", None, WHATSAPP_SECONDS, lambda _: Trouble(error)),
            chance=chance,
            before={line: asks_for_help(30)} if writes else {},
        )
        if seen := after_an_outage(desk, undisturbed):
            wrong.append(f"from the reply to {line} on: {'; '.join(seen)}")

    assert len(replies) == 9
    assert not wrong, "\n".join(wrong)


def asks_for_help(seconds: float) -> Callable[[TroubledDesk], None]:
    """So many seconds after she wrote a line, she writes again."""
    return lambda desk: desk.write_in(seconds, "help")


# Messages that can never be done


def test_an_unreadable_message_holds_up_nobody_else() -> None:
    undisturbed = TroubledDesk(LICENCE, PACE)
    expected = undisturbed.run()
    desk = TroubledDesk(LICENCE, PACE, before={"Hi": unreadable("somebody else")})

    assert not but_for_what_failed(after_an_outage(desk, expected, dead_letters=1))
    assert desk.answered_at == undisturbed.answered_at
    assert [message.receives for message in desk.cloud.work.dead_letters] == [MOST_RECEIVES]


@pytest.mark.parametrize("line", ["[DigiLocker Services]", "[Yes]", "[I agree]", "[Done]"])
def test_after_an_unreadable_message_of_hers_she_goes_on(line: str) -> None:
    undisturbed = TroubledDesk(LICENCE, PACE)
    expected = undisturbed.run()
    desk = TroubledDesk(LICENCE, PACE, before={line: unreadable()})

    assert not but_for_what_failed(after_an_outage(desk, expected, dead_letters=1))
    assert desk.answered_at == undisturbed.answered_at
    assert [message.receives for message in desk.cloud.work.dead_letters] == [MOST_RECEIVES]


def unreadable(group: str = "") -> Callable[[TroubledDesk], None]:
    """Put a message on the work queue that nobody can read, in her own group if no other is named."""

    def put(desk: TroubledDesk) -> None:
        hers = {item["conversation"]["S"] for item in desk.cloud.items() if item["part"]["S"] == "state"}
        desk.cloud.work.send("not JSON", group=group or hers.pop(), deduplication="unreadable")

    return put


def but_for_what_failed(wrong: list[str]) -> list[str]:
    """No call went wrong here: it was the message."""
    return [each for each in wrong if each != "nothing died"]


@pytest.mark.parametrize("line", ["<the OTP>", "2"])
def test_what_cannot_be_opened_is_told_and_she_goes_on(line: str) -> None:
    undisturbed = Desk(LICENCE, PACE).run()

    def spoilt(_index: int, call: Call, _now: float) -> Trouble | None:
        # What she has sent anew after she was told is another step, with values of its own.
        if (call.line, call.function, call.name) != (line, "document", "kms.decrypt") or desk.asked:
            return None
        return Trouble(ClientError({"Error": {"Code": "InvalidCiphertextException"}}, "Decrypt"))

    desk = TroubledDesk(LICENCE, PACE, troubles=spoilt)

    assert not after_an_outage(desk, undisturbed)
    assert [received for received in desk.whatsapp.received if "went wrong on our side" in received.text]
