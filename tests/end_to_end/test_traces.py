"""What a whole conversation leaves in the deployed stack tells no secret: table, queues, bucket, logs."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from standins.digilocker.citizens import everyone
from standins.local_stack import LocalStack
from tests.end_to_end.conftest import Citizen, PhoneOf
from tests.end_to_end.phone import Phone
from tests.traces.searching import Class, Planted, Shape, Trace, search_all

WRONG_OTP = "718293"
NEWCOMER, MISTYPED_NAME = "NEHA BORA", "Neha Bora"
"""Who signs up, and what she types first: Aadhaar spells her otherwise."""
NEW_MOBILE = "9000000087"
"""For her account. She writes from another."""
QUEUES = ("WorkQueue", "ReplyQueue", "TimerQueue", "WorkDeadLetterQueue", "ReplyDeadLetterQueue")
FUNCTIONS = ("WebhookFunction", "DocumentFunction")
PLACES = {("state", "person"), ("documents", "documents")}
"""The attributes of the table's items that hold personal data."""
NAMED = {"phone number", "user id", "wamid", "document URI"}
"""What they hold."""


def in_the_table(stack: LocalStack) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Every attribute of every item in either table, by the item's part and the attribute's name."""
    scan = stack.client("dynamodb").get_paginator("scan")
    for table in ("ConversationsTable", "RecordsTable"):
        for page in scan.paginate(TableName=stack.physical_id(table)):
            for item in page["Items"]:
                part = item["part"]["S"].partition("#")[0]
                yield from (((part, name), as_bytes(value)) for name, value in item.items())


def on_the_queues(stack: LocalStack) -> Iterator[tuple[str, bytes]]:
    """Whatever waits, without keeping it from being worked on."""
    sqs = stack.client("sqs")
    for queue in QUEUES:
        url = stack.physical_id(queue)
        yield queue, as_bytes(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])
        waiting = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
        )
        yield queue, as_bytes(waiting.get("Messages", []))


def in_the_bucket(stack: LocalStack) -> Iterator[tuple[str, bytes]]:
    """All that the bucket tells of its objects, but for what is in them."""
    s3, bucket = stack.client("s3"), stack.physical_id("DocumentsBucket")
    for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        key = found["Key"]
        yield "the bucket", as_bytes([key, s3.head_object(Bucket=bucket, Key=key)])
        yield "the bucket", as_bytes(s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"])


def in_the_logs(stack: LocalStack) -> Iterator[tuple[str, bytes]]:
    """Every line of both functions, REPORT lines and metrics included."""
    for function in FUNCTIONS:
        yield f"the log of {function}", "\n".join(stack.function_logs(function)).encode()


def as_bytes(value: Any) -> bytes:
    return json.dumps(value, default=str, ensure_ascii=False).encode()


def planted_in(stack: LocalStack, phone: Phone, citizen: Citizen, otp: str, links: list[str]) -> list[Planted]:
    """Everything that the conversation handed over, by what it is."""
    her = next(one for one in everyone() if one.aadhaar == citizen["aadhaar"])
    world, config = stack.simulator.world, stack.config
    with world.lock:
        theirs = world.phones.at(phone.number)
        wamids = [message.id for message in theirs.messages]
        tokens = world.accounts.tokens()
    secrets = {
        "client secret": config.client_secret,
        "app secret": config.app_secret,
        "verify token": config.verify_token,
        "WhatsApp token": world.access_token,
    }
    return [
        Planted("Aadhaar number", her.aadhaar, Class.SECRET, Shape.NUMBER),
        Planted("VID", str(her.vid), Class.SECRET, Shape.NUMBER),
        Planted("OTP", otp, Class.SECRET, Shape.NUMBER),
        Planted("wrong OTP", WRONG_OTP, Class.SECRET, Shape.NUMBER),
        Planted("date of birth", her.born, Class.SECRET, Shape.DATE),
        *(Planted("access token", token, Class.SECRET, Shape.RANDOM) for token in tokens),
        *(Planted(name, value, Class.SECRET, Shape.RANDOM) for name, value in secrets.items()),
        Planted("phone number", phone.number.removeprefix("91"), Class.PERSONAL, Shape.NUMBER),
        Planted("user id", theirs.user_id, Class.PERSONAL),
        *(Planted("wamid", wamid.removeprefix("wamid."), Class.PERSONAL) for wamid in wamids),
        *(Planted("link", link, Class.PERSONAL) for link in links),
        *(Planted("document URI", document.uri, Class.PERSONAL) for document in her.issued),
    ]


def links_in(stack: LocalStack, number: str) -> list[str]:
    """The signatures of the links that she was sent."""
    with stack.simulator.world.lock:
        raws = [json.loads(json.dumps(one.raw)) for one in stack.simulator.world.phones.at(number).messages]
    links = [raw.get("interactive", {}).get("header", {}).get("document", {}).get("link") for raw in raws]
    return [parse_qs(urlsplit(link).query)["X-Amz-Signature"][0] for link in links if link]


def planted_by_the_newcomer(stack: LocalStack, phone: Phone, otp: str) -> list[Planted]:
    """What she entered who signs up, and what tells who writes."""
    her = next(one for one in everyone() if one.name == NEWCOMER)
    with stack.simulator.world.lock:
        user_id = stack.simulator.world.phones.at(phone.number).user_id
    return [
        Planted("newcomer's Aadhaar number", her.aadhaar, Class.SECRET, Shape.NUMBER),
        Planted("newcomer's name", str(her.aadhaar_name), Class.SECRET, Shape.NUMBER),
        Planted("mistyped name", MISTYPED_NAME, Class.SECRET, Shape.NUMBER),
        Planted("newcomer's date of birth", her.born, Class.SECRET, Shape.DATE),
        Planted("newcomer's date of birth", "14 February 1996", Class.SECRET, Shape.NUMBER),
        Planted("newcomer's mobile", NEW_MOBILE, Class.SECRET, Shape.NUMBER),
        Planted("OTP", otp, Class.SECRET, Shape.NUMBER),
        Planted("phone number", phone.number.removeprefix("91"), Class.PERSONAL, Shape.NUMBER),
        Planted("user id", user_id, Class.PERSONAL),
    ]


@pytest.fixture
def signing_up(stack: LocalStack, phone_of: PhoneOf) -> list[Planted]:
    """Somebody signs up, is refused, corrects it, and stops before the OTP: all that she entered is still kept."""
    her = next(one for one in everyone() if one.name == NEWCOMER)
    phone = phone_of({"mobile": f"91{NEW_MOBILE}"})
    told = f"<html>{her.aadhaar} {MISTYPED_NAME} {her.born} {NEW_MOBILE}</html>"
    stack.simulator.world.faults.set({"digilocker": {"signup": {"times": 1, "status": 500, "body": told}}})
    for text, answer in (
        *(("Hi", "Welcome"), ("1", "Do you have"), ("no", "Do you agree?"), ("I agree", "12-digit")),
        *(
            (her.aadhaar, "your name"),
            (MISTYPED_NAME, "date of birth"),
            ("14 February 1996", "What is printed on your"),
        ),
        *(("1", "Which mobile number"), (NEW_MOBILE, "Please check your details")),
        *(("send", "DigiLocker is very busy"), ("send", "do not match Aadhaar")),
        *(("2", "your name"), (str(her.aadhaar_name), "Please check your details"), ("send", "OTP is on its way")),
        (WRONG_OTP, "not accepted"),
    ):
        phone.say(text)
        phone.expect(answer)
    return planted_by_the_newcomer(stack, phone, phone.otp())


@pytest.fixture
def planted(stack: LocalStack, phone: Phone, citizen: Citizen, signing_up: list[Planted]) -> list[Planted]:
    """A conversation with a wrong OTP, an issuer that fails and repeats the call, and a PDF that is not collected.

    Beside it somebody is signing up.
    """
    phone.say("Hi")
    phone.expect("Welcome")
    for text, answer in (("1", "Do you have"), ("yes", "Do you agree?"), ("I agree", "12-digit")):
        phone.say(text)
        phone.expect(answer)
    phone.say(f"{citizen['aadhaar'][:4]} {citizen['aadhaar'][4:8]} {citizen['aadhaar'][8:]}")
    phone.expect("OTP is on its way")
    phone.say(WRONG_OTP)
    phone.expect("not accepted")
    otp = phone.otp()
    phone.say(otp)
    phone.expect("Your documents")
    world = stack.simulator.world
    told = f"<html>{' '.join(world.accounts.tokens())} {citizen['aadhaar']} {phone.number}</html>"
    world.faults.set({"digilocker": {"file": {"times": 2, "status": 500, "body": told}}})
    phone.say("2")
    phone.expect("We could not get this document")
    world.faults.set({"whatsapp": {"status_order": "none"}})
    phone.say("2")
    phone.expect("Driving licence.pdf")
    links = links_in(stack, phone.number)
    assert links
    return [*planted_in(stack, phone, citizen, otp, links), *signing_up]


def told(traces: list[Trace]) -> list[str]:
    return sorted({str(trace) for trace in traces})


def test_a_whole_conversation_leaves_no_secret_anywhere(stack: LocalStack, planted: list[Planted]) -> None:
    table = list(in_the_table(stack))
    elsewhere = [(f"{part}.{name}", content) for (part, name), content in table if (part, name) not in PLACES]
    in_places = [(f"{part}.{name}", content) for (part, name), content in table if (part, name) in PLACES]
    logs = list(in_the_logs(stack))

    # What was looked at is what the conversation left.
    assert all(content for _, content in logs)
    assert list(in_the_bucket(stack))
    assert {trace.name for trace in search_all(planted, in_places)} == NAMED

    assert told(search_all(planted, elsewhere)) == []
    assert told(search_all(planted, logs)) == []
    assert told(search_all(planted, on_the_queues(stack))) == []
    assert told(search_all(planted, in_the_bucket(stack))) == []
