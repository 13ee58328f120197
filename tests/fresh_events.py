"""What must come of an event, as `events/expected.yaml` says it: for the deployed functions and for `sam local`."""

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from events.make import EVENTS, Fresh, expectations
from standins.local_stack import LocalStack
from standins.phone import Phone

_ARRIVES_SECONDS = 30.0
_PDF = re.compile(r"documents/[0-9a-f]{32}/[0-9a-f]{64}")


def phones_of(stack: LocalStack, fresh: Fresh) -> dict[str, Phone]:
    """Take up the phones that events are from; what has come to them until now counts as read."""
    phones = {name: Phone(stack.chat_url, number) for name, number in fresh.phones.items()}
    for phone in phones.values():
        phone.catch_up()
    return phones


def event_of(fresh: Fresh, name: str) -> Any:
    """Return an event, whether it was made now or lies in the repository."""
    return fresh.events.get(name) or json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def answer_of(answer: Mapping[str, Any]) -> int | list[str]:
    """Return the status code; or the ids of the messages that are to come again."""
    if "statusCode" in answer:
        return int(answer["statusCode"])
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def check_what_came(
    stack: LocalStack, phones: Mapping[str, Phone], fresh: Fresh, name: str, answer: Mapping[str, Any]
) -> None:
    """See that the page is shown and the message arrives that the event brings, and that its PDF goes."""
    expected = expectations()[name]
    assert [words for words in expected.get("page", ()) if words not in answer["body"]] == []
    if "chat" in expected:
        phones[name].expect(*expected["chat"], within=_ARRIVES_SECONDS)
    if expected.get("pdf") == "gone":
        assert _pdf_goes(stack, json.dumps(event_of(fresh, name)))


def _pdf_goes(stack: LocalStack, event: str) -> bool:
    found = _PDF.search(event)
    assert found is not None
    bucket = stack.outputs["DocumentsBucketName"]
    deadline = time.monotonic() + _ARRIVES_SECONDS
    while time.monotonic() < deadline:
        if not stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=found[0]).get("KeyCount"):
            return True
        time.sleep(0.1)
    return False
