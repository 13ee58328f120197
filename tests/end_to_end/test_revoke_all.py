"""`make revoke-all` on the deployed stack: while the desk is closed, with nothing but the rights that it needs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from standins.local_stack import REGION, ROOT, ROOT_CREDENTIALS, STACK_NAME, LocalStack
from tests.end_to_end.conftest import Citizen, PhoneOf


def _switch(stack: LocalStack, *, enabled: bool) -> None:
    """Switch both lanes' sources, as it is done where minutes count."""
    functions = stack.client("lambda")
    for lane in ("WorkQueue", "ReplyQueue"):
        queue = stack.client("sqs").get_queue_attributes(QueueUrl=stack.physical_id(lane), AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        (source,) = functions.list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=source["UUID"], Enabled=enabled)


@pytest.fixture
def closed(stack: LocalStack) -> Iterator[None]:
    """A desk whose lanes are off until the test switches it on again."""
    _switch(stack, enabled=False)
    yield
    _switch(stack, enabled=True)


def revoke_all(stack: LocalStack) -> subprocess.CompletedProcess[str]:
    ours = {
        **os.environ,
        **ROOT_CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": stack.emulator_url,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONPATH": f"layers/helpdesk{os.pathsep}.",
    }
    return subprocess.run(  # noqa: S603 - this test's own words
        [sys.executable, "-m", "operations.stage.revoke_all", STACK_NAME],
        cwd=ROOT,
        env=ours,
        input=f"{STACK_NAME}\n",
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def items(stack: LocalStack) -> list[dict[str, Any]]:
    table = stack.physical_id("ConversationsTable")
    found: list[dict[str, Any]] = stack.client("dynamodb").scan(TableName=table)["Items"]
    return found


def test_every_session_is_ended_while_the_desk_is_closed_and_she_is_told_afterwards(
    stack: LocalStack, phone_of: PhoneOf, citizen: Citizen, request: pytest.FixtureRequest
) -> None:
    phone = phone_of(citizen)
    tokens = stack.simulator.world.accounts.tokens
    others = set(tokens())  # of tests that shared the stack, some without a conversation any more
    for text in ("Hi", "1", "yes", "I agree", citizen["aadhaar"]):
        phone.say(text)
        phone.expect()
    phone.say(phone.otp())
    phone.expect("documents")
    hers = set(tokens()) - others
    assert hers
    assert [item for item in items(stack) if item["part"]["S"] == "documents"]
    request.getfixturevalue("closed")

    ended = revoke_all(stack)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "nothing is left" in ended.stdout
    assert hers.isdisjoint(tokens())
    assert not [item for item in items(stack) if item["part"]["S"] == "documents"]
    assert all(json.loads(item["sealed"]["S"]) == {} for item in items(stack) if item["part"]["S"] == "state")

    phone.say("1")
    phone.expect_silence(1)  # closed
    _switch(stack, enabled=True)
    phone.expect("We signed you out and deleted")
