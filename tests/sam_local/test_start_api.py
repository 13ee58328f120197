"""`sam local start-api`: the webhook over HTTP, as Meta calls it."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from events.make import Fresh
from standins.local_stack import LocalStack
from tests.sam_local.sam import SamLocal

_CALL_SECONDS = 120.0


@pytest.fixture(scope="module")
def api(stack: LocalStack, sam: SamLocal) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with sam.start_api(port) as url:
        yield url


def call(api: str, event: Any) -> requests.Response:
    """Call it with what stands in an event."""
    return requests.request(
        event["httpMethod"],
        f"{api}{event['path']}",
        params=event["queryStringParameters"],
        headers=event["headers"],
        data=event["body"],
        timeout=_CALL_SECONDS,
    )


def test_meta_verifies_the_address(api: str, fresh: Fresh) -> None:
    answer = call(api, fresh.events["webhook/verify"])
    assert (answer.status_code, answer.text) == (200, "1158201444")


def test_a_signed_delivery_is_taken(api: str, fresh: Fresh) -> None:
    answer = call(api, fresh.events["webhook/text_hi"])
    assert (answer.status_code, answer.text) == (200, "ok")


def test_a_delivery_that_was_changed_on_its_way_is_refused(api: str, fresh: Fresh) -> None:
    event: Any = fresh.events["webhook/text_hi"]
    assert call(api, {**event, "body": event["body"].replace("Hi", "Ho")}).status_code == 401
