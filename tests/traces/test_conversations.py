"""After whole conversations in which everything goes wrong, nothing that was stored or logged tells a secret."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.traces.consent_page import OnThePage
from tests.traces.conversation import CANARY, CONFIGURED, EVERYTHING, Evidence, Story, gone_through
from tests.traces.recording import Written
from tests.traces.searching import Class, Planted, search, search_all

PLACES = {
    ("state", "person"): {"phone number", "user id", "wamid"},
    ("documents", "documents"): {"document URI", "number of a document"},
}
"""The attributes of the table's items that may hold personal data, and which. No secret may stand in any. The wamid is
that of her newest message, under which "typing" is shown."""


STORIES = {"in the chat": Story, "on DigiLocker's page": OnThePage}
LEVELS = {"as configured": CONFIGURED, "at DEBUG": EVERYTHING}
GONE_THROUGH = [("in the chat", "as configured"), ("in the chat", "at DEBUG"), ("on DigiLocker's page", "at DEBUG")]
"""At DEBUG all is written that is written otherwise, and more. Once it is as configured, to see that too."""


@pytest.fixture(scope="module", params=GONE_THROUGH, ids=", ".join)
def left(request: pytest.FixtureRequest) -> Iterator[Evidence]:
    story, level = request.param
    with gone_through(STORIES[story], *LEVELS[level]) as evidence:
        yield evidence


def as_bytes(value: object) -> bytes:
    return json.dumps(value, default=str).encode()


def names(planted: list[Planted], content: bytes) -> set[str]:
    return {trace.name for trace in search(planted, "here", content)}


def logged(evidence: Evidence) -> bytes:
    return "\n".join(evidence.output).encode()


def test_everything_that_was_to_go_wrong_went_wrong(left: Evidence) -> None:
    assert left.unfailed == []
    assert len(left.failed) > left.least_failed
    assert left.crashes
    assert {planted.rank for planted in left.planted} == set(Class)
    assert left.told <= {planted.name for planted in left.planted}


def test_no_log_line_tells_anything(left: Evidence) -> None:
    assert [str(trace) for trace in search(left.planted, "the log", logged(left))] == []


def test_what_leaves_a_handler_is_told_by_its_class_only(left: Evidence) -> None:
    assert set(left.crashes) == {"UnexpectedError"}


def test_the_metrics_are_among_what_was_searched(left: Evidence) -> None:
    assert any('"CloudWatchMetrics"' in line for line in left.output)


def test_no_message_that_was_ever_queued_tells_anything(left: Evidence) -> None:
    sent = [("a message", written.content) for written in left.written if written.service == "sqs"]
    waiting = [(queue, as_bytes(bodies)) for queue, bodies in left.waiting.items()]
    assert len(sent) > 20
    assert left.waiting["dead"]
    assert [str(trace) for trace in search_all(left.planted, [*sent, *waiting])] == []


def test_nothing_but_the_document_itself_lies_in_the_bucket(left: Evidence) -> None:
    put = [("a request", written.content) for written in left.written if written.service == "s3"]
    kept = [("an object", as_bytes(found)) for found in left.objects]
    assert any(found["key"].startswith("documents/") for found in left.objects)
    assert [str(trace) for trace in search_all(left.planted, [*put, *kept])] == []


def test_the_table_holds_personal_data_in_its_places_only(left: Evidence) -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for item in left.items:
        for name, value in item.items():
            if here := names(left.planted, as_bytes(value)):
                found.setdefault((item["part"]["S"].partition("#")[0], name), set()).update(here)
    assert found == PLACES


def test_nothing_that_was_ever_written_to_the_table_told_more(left: Evidence) -> None:
    written = [one for one in left.written if one.service == "dynamodb"]
    assert len(written) > 40
    elsewhere = [(one.operation, without_places(one)) for one in written]
    assert [str(trace) for trace in search_all(left.planted, elsewhere)] == []


def without_places(written: Written) -> bytes:
    """Take the person and the list of documents out of a request to DynamoDB; of no other attribute."""
    address, headers, body = written.content.split(b"\n", 2)
    request: dict[str, Any] = json.loads(body)
    changes = request.get("TransactItems", [{written.operation.removesuffix("Item"): request}])
    for change in changes:
        for kind, one in change.items():
            if kind == "Update":
                one.get("ExpressionAttributeValues", {}).pop(":person", None)
            if kind == "Put" and one["Item"]["part"] == {"S": "documents"}:
                one["Item"].pop("documents")
    return b"\n".join([address, headers, as_bytes(request)])


def test_a_secret_in_any_of_the_places_would_have_been_seen(left: Evidence) -> None:
    seen = {
        "log": names([CANARY], as_bytes([line for line in left.output if "CloudWatchMetrics" not in line])),
        "metric": names([CANARY], as_bytes([line for line in left.output if "CloudWatchMetrics" in line])),
        "queue": names([CANARY], as_bytes(left.waiting)),
        "table": names([CANARY], as_bytes(left.items)),
        "bucket": names([CANARY], as_bytes(left.objects)),
        **{
            f"request to {service}": names(
                [CANARY], b"\n".join(one.content for one in left.written if one.service == service)
            )
            for service in ("dynamodb", "sqs", "s3")
        },
    }
    assert [place for place, found in seen.items() if not found] == []
