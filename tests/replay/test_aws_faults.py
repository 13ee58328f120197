"""Whatever AWS refuses once, the conversation ends as if nothing had happened."""

import json
import logging
from collections.abc import Callable, Iterator
from copy import replace
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import NoCredentialsError, ReadTimeoutError

from tests.conversations.chat import Transcript
from tests.replay.crash_points import MAIN, conversation, differences, may_ask, may_try_again
from tests.replay.desk import PACES, THE_END, Desk, Outcome, Pace
from tests.replay.trouble import (
    EVERYWHERE,
    SOMEWHERE,
    Kind,
    Once,
    Trouble,
    TroubledDesk,
    after_an_outage,
    at_the_end,
    happens_to,
    trouble,
)
from tests.world.calls import Call

KINDS = (*EVERYWHERE, *SOMEWHERE)
ONE_OF_A_CLASS: tuple[Kind, ...] = ("throttled", "unreachable", "timed out after", *SOMEWHERE)
"""The functions tell errors apart by class and code, and these are one of each class and moment: a refusal, no
connection, an answer that was lost, and those that have a meaning of their own. Enough where all were tried before."""
LICENCE = conversation(MAIN)
SILENT = replace(LICENCE, chat=LICENCE.chat[:-2])
"""She never says that she is done: the session ends by its timer."""
PROMPT, LATE = PACES[0], Pace(45, webhook_only=True)
LINK_FAILS = Pace(0, fate="link fails")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable()  # what the functions log is much, and not what this is about
    yield
    logging.disable(logging.NOTSET)


def aws_calls(outcome: Outcome, kind: Kind = "throttled") -> list[tuple[int, Call]]:
    return [(index, call) for index, call in enumerate(outcome.calls.made) if happens_to(kind, call)]


def went_wrong(
    transcript: Transcript, pace: Pace, kind: Kind, undisturbed: Outcome, tried: list[tuple[int, Call]]
) -> list[str]:
    """Have each of some calls fail in one way, one a run."""
    wrong = []
    for index, call in tried:
        once = Once(index, kind)
        desk = TroubledDesk(transcript, pace, troubles=once)
        if seen := seen_at_the_end(desk, undisturbed, once):
            wrong.append(f"call {index + 1} ({call}), {pace}: {'; '.join(seen)}")
    return wrong


def seen_at_the_end(desk: TroubledDesk, undisturbed: Outcome, once: Once) -> list[str]:
    """Say what is not as it must be. Where she may be told to try again, she is told so once."""
    calls = tuple(undisturbed.calls.made)
    if once.index not in may_try_again(calls):
        return at_the_end(desk, undisturbed, may_ask=once.point in may_ask(calls))
    wrong = after_an_outage(desk, undisturbed)
    told = [received for received in desk.whatsapp.received if "went wrong on our side" in received.text]
    return wrong if len(told) == 1 else [*wrong, f"told {len(told)} times to try again"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_fails_once_changes_nothing(kind: Kind) -> None:
    undisturbed = Desk(LICENCE, PROMPT).run()

    wrong = went_wrong(LICENCE, PROMPT, kind, undisturbed, aws_calls(undisturbed, kind))

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", ONE_OF_A_CLASS)
def test_a_delivery_that_failed_and_comes_again_later_changes_nothing(kind: Kind) -> None:
    undisturbed = Desk(LICENCE, LATE).run()
    calls = [(index, call) for index, call in aws_calls(undisturbed, kind) if call.function == "webhook"]

    wrong = went_wrong(LICENCE, LATE, kind, undisturbed, calls)

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", ONE_OF_A_CLASS)
def test_a_call_that_fails_once_while_a_pdf_is_sent_as_a_file_changes_nothing(kind: Kind) -> None:
    undisturbed = Desk(LICENCE, LINK_FAILS).run()
    calls = [(index, call) for index, call in aws_calls(undisturbed, kind) if is_of_an_upload(call, undisturbed)]

    wrong = went_wrong(LICENCE, LINK_FAILS, kind, undisturbed, calls)

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", ONE_OF_A_CLASS)
def test_a_call_that_fails_once_while_a_silent_session_ends_changes_nothing(kind: Kind) -> None:
    undisturbed = Desk(SILENT, PROMPT).run()
    calls = [(index, call) for index, call in aws_calls(undisturbed, kind) if call.line == THE_END]

    wrong = went_wrong(SILENT, PROMPT, kind, undisturbed, calls)

    assert not wrong, "\n".join(wrong)


def test_a_job_that_failed_comes_back_even_if_its_visibility_cannot_be_changed() -> None:
    undisturbed = Desk(LICENCE, PROMPT).run()
    wrong = []
    for index, call in aws_calls(undisturbed):
        if call.function == "document":
            once = Once(index, "throttled")

            def both(index: int, call: Call, now: float, once: Once = once) -> Trouble | None:
                if call.name == "sqs.change_message_visibility":
                    return trouble("unavailable", call)
                return once(index, call, now)

            desk = TroubledDesk(LICENCE, PROMPT, troubles=both)
            seen = seen_at_the_end(desk, undisturbed, once)
            wrong += [f"{call}: {'; '.join(seen)}"] if seen else []

    assert not wrong, "\n".join(wrong)


def test_every_kind_of_call_is_among_those_that_fail() -> None:
    main, upload = Desk(LICENCE, PROMPT).run(), Desk(LICENCE, LINK_FAILS).run()
    uploading = [call for _, call in aws_calls(upload) if is_of_an_upload(call, upload)]

    assert len(aws_calls(main)) > 65
    assert {call.name for _, call in aws_calls(main)} | {call.name for call in uploading} == {
        "dynamodb.query",
        "dynamodb.update_item",
        "dynamodb.get_item",
        "dynamodb.put_item",
        "dynamodb.transact_write_items",
        "sqs.send_message_batch",
        "sqs.send_message",
        "kms.encrypt",
        "kms.decrypt",
        "s3.put_object",
        "s3.get_object",
        "s3.delete_object",
        "secretsmanager.get_secret_value",
    }


def test_the_end_of_a_silent_session_calls_aws() -> None:
    silent = Desk(SILENT, PROMPT).run()

    names = [call.name for _, call in aws_calls(silent) if call.line == THE_END]

    assert {"dynamodb.transact_write_items", "kms.decrypt"} <= set(names)


# What is no call of its own


def test_a_link_that_cannot_be_signed_is_signed_later() -> None:
    undisturbed = Desk(LICENCE, PROMPT).run()
    desk = TroubledDesk(LICENCE, PROMPT)
    signed = desk.cloud.bucket.generate_presigned_url
    signing = FailsOnce(signed, NoCredentialsError())

    with mock.patch.object(desk.cloud.bucket, "generate_presigned_url", signing):
        outcome = desk.run()

    assert signing.times == 2
    assert not differences_without_a_death(undisturbed, outcome)


def test_a_pdf_that_breaks_off_while_it_is_read_is_read_again() -> None:
    undisturbed = Desk(LICENCE, LINK_FAILS).run()
    desk = TroubledDesk(LICENCE, LINK_FAILS)
    bodies: list[Any] = [BrokenOff()]
    get_object = desk.cloud.bucket.get_object

    def get(**request: Any) -> dict[str, Any]:
        return {"Body": bodies.pop()} if bodies else get_object(**request)

    with mock.patch.object(desk.cloud.bucket, "get_object", get):
        outcome = desk.run()

    assert not bodies
    assert not differences_without_a_death(undisturbed, outcome)


@pytest.mark.parametrize("refused", ["0", "1"])
def test_a_batch_that_is_taken_in_part_is_sent_again(refused: str) -> None:
    both = {"Hi": lambda desk: desk.write_in(0, "help")}
    undisturbed = TroubledDesk(LICENCE, PROMPT, before=both).run()
    desk = TogetherDesk(LICENCE, PROMPT, before=both)
    send_batch = desk.cloud.reply.send_batch
    sizes: list[int] = []

    def send(entries: list[dict[str, str]]) -> tuple[list[str], list[str]]:
        sizes.append(len(entries))
        if len(sizes) > 1:
            return send_batch(entries)
        taken, _ = send_batch([entry for entry in entries if entry["Id"] != refused])
        return taken, [refused]

    with mock.patch.object(desk.cloud.reply, "send_batch", send):
        outcome = desk.run()

    assert sizes[:2] == [2, 2]
    assert not differences_without_a_death(undisturbed, outcome)


class FailsOnce:
    """A function that raises the first time."""

    def __init__(self, function: Callable[..., Any], error: Exception) -> None:
        self.times = 0
        self._function = function
        self._error = error

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.times += 1
        if self.times == 1:
            raise self._error
        return self._function(*args, **kwargs)


class BrokenOff:
    """The body of an answer of S3 that stops coming."""

    def read(self) -> bytes:
        raise ReadTimeoutError(endpoint_url="https://aws.example")


class TogetherDesk(TroubledDesk):
    """WhatsApp delivers her first two messages in one call."""

    def _post(self, body: bytes) -> None:
        if len(self._deliveries) == 1 and not self.calls.made:
            _, other = self._deliveries.pop()
            first, second = json.loads(body), json.loads(other)
            first["entry"] += second["entry"]
            body = json.dumps(first).encode()
        super()._post(body)


def differences_without_a_death(undisturbed: Outcome, outcome: Outcome) -> list[str]:
    return [wrong for wrong in differences(undisturbed, outcome, may_ask=False) if wrong != "nothing died"]


def is_of_an_upload(call: Call, outcome: Outcome) -> bool:
    """Return whether a call is made where a PDF is uploaded, or where the webhook asks for that."""
    upload = next(other.invocation for other in outcome.calls.made if other.name == "s3.get_object")
    return call.invocation in {upload - 1, upload}
