"""Conversations over the deployed template: API Gateway, queue, both functions with their own rights, table, bucket.

The main transcripts run here as they stand in tests/conversations; the rest is what only the deployed stack can show.
"""

import json
import time
from typing import Any

import pytest
import requests

from standins.digilocker.citizens import everyone
from standins.digilocker.documents import Flaw
from standins.local_stack import LocalStack
from tests.conversations.chat import Transcript, matches, shown, transcripts
from tests.end_to_end.conftest import Citizen, PhoneOf
from tests.end_to_end.phone import Bubble, Phone
from tests.memory import peak_memory_of


def transcript_of(bubble: Bubble) -> str:
    rows = [f"{bubble.list_button}: {' | '.join(title for title, _ in bubble.rows)}"] if bubble.rows else []
    return shown(bubble.text, [*bubble.buttons, *rows], bubble.filename or None)


def by_name(everybody: list[Citizen], name: str) -> Citizen:
    return next(one for one in everybody if one["name"] == name)


@pytest.fixture(autouse=True)
def no_flooding(stack: LocalStack) -> None:
    """The tests ask for more OTPs than one citizen would."""
    requests.delete(f"{stack.chat_url}/faults", timeout=10).raise_for_status()


def say(phone: Phone, text: str, citizen: Any) -> None:
    if text.startswith("["):
        phone.tap(text[1:-1])
        return
    named = {
        "<her Aadhaar number>": citizen.aadhaar,
        "<her VID>": citizen.vid,
        "<her mobile>": str(citizen.mobile)[-10:],
        "<a wrong OTP>": "000000",
    }
    phone.say(phone.otp() if text == "<the OTP>" else named.get(text, text))


@pytest.mark.parametrize("transcript", [t for t in transcripts() if t.deployed], ids=lambda transcript: transcript.name)
def test_a_transcript_goes_as_written(
    stack: LocalStack, everybody: list[Citizen], phone_of: PhoneOf, transcript: Transcript
) -> None:
    phone = phone_of(by_name(everybody, transcript.citizen.name))
    for number, line in enumerate(transcript.chat, start=1):
        if "she" in line:
            say(phone, str(line["she"]), transcript.citizen)
        else:
            said = transcript_of(phone.expect())
            assert matches(line["desk"], said), f"line {number}: the desk says\n{said}\nbut should\n{line['desk']}"


def sign_in(phone: Phone, citizen: Citizen) -> Bubble:
    phone.say("Hi")
    phone.expect("Welcome")
    for text, answer in (("1", "Do you have"), ("yes", "Do you agree?"), ("I agree", "12-digit")):
        phone.say(text)
        phone.expect(answer)
    phone.say(citizen["aadhaar"])
    phone.expect("OTP is on its way")
    phone.say(phone.otp())
    return phone.expect("Your documents")


def enter_details(phone: Phone, citizen: Any, mobile: str) -> None:
    """From Hi to the summary of what she signs up with; `mobile` is typed, or tapped."""
    born = f"{citizen.born[:2]}/{citizen.born[2:4]}/{citizen.born[4:]}"
    for text, answer in (
        *(("Hi", "Welcome"), ("[DigiLocker Services]", "Do you have"), ("[No]", "Do you agree?")),
        *(("[I agree]", "12-digit"), (citizen.aadhaar, "your name"), (citizen.name.title(), "date of birth")),
        *(
            (born, "What is printed on your"),
            ("[Female]" if citizen.gender == "F" else "[Male]", "Which mobile number"),
        ),
        (mobile, "Please check your details"),
    ):
        say(phone, text, citizen)
        phone.expect(answer)


def bring_in(stack: LocalStack, citizen: Any) -> None:
    """She brings her driving licence into her locker, on DigiLocker's own site."""
    world = stack.simulator.world
    with world.lock:
        sessions = [session for token in world.accounts.tokens() if (session := world.accounts.session(token))]
        hers = next(session for session in sessions if session.citizen.aadhaar == citizen.aadhaar)
        licence = next(record.document for record in citizen.records if record.document.doctype == "DRVLC")
        world.accounts.put_into_locker(hers, licence)


def test_who_has_no_account_signs_up_and_gets_the_document_that_she_brings_in(
    stack: LocalStack, phone_of: PhoneOf
) -> None:
    sunita = next(one for one in everyone() if one.name == "SUNITA DEVI")
    phone = phone_of({"mobile": None})  # her OTPs come to the number that she writes from
    enter_details(phone, sunita, "[This number]")
    phone.tap("Send")
    phone.expect(f"mobile ending in *{phone.number[-2:]}*")
    phone.say(phone.otp())
    phone.expect("You are signed in", "There are no documents in your DigiLocker yet")

    bring_in(stack, sunita)
    phone.say("Hi")
    phone.expect("Welcome")
    phone.tap("DigiLocker Services")
    assert "1. Driving licence" in phone.expect("Your documents").text
    phone.say("1")
    content = phone.document(phone.expect("Driving licence.pdf"))
    assert content == next(one.document.content() for one in sunita.records if one.document.doctype == "DRVLC")


def test_whose_mobile_belongs_to_another_account_signs_up_with_his_own(phone_of: PhoneOf) -> None:
    rohit = next(one for one in everyone() if one.name == "ROHIT SAXENA")
    phone = phone_of({"mobile": None})
    enter_details(phone, rohit, str(rohit.mobile)[-10:])
    phone.tap("Send")
    refused = phone.expect("belongs to another DigiLocker account", "Do you already have an account?")
    assert refused.buttons == ("This number", "Back", "Cancel")
    phone.tap("This number")
    phone.expect("Please check your details")
    phone.tap("Send")
    phone.expect(f"mobile ending in *{phone.number[-2:]}*")
    phone.say(phone.otp())
    phone.expect("There are no documents in your DigiLocker yet")


def test_the_pdf_that_arrives_is_the_one_that_the_issuer_gave(citizen: Citizen, phone: Phone) -> None:
    sign_in(phone, citizen)
    phone.say("২")
    bubble = phone.expect("Driving licence.pdf")
    content = phone.document(bubble)
    issued = next(one for one in everyone() if one.aadhaar == citizen["aadhaar"]).issued
    assert content == next(document.content() for document in issued if document.doctype == "DRVLC")
    shown_now = phone.chat(bubble.index - 1)[0]
    assert (shown_now.media_type, shown_now.size) == ("application/pdf", len(content))


def test_a_wrong_otp_costs_a_try_and_the_right_one_still_counts(citizen: Citizen, phone: Phone) -> None:
    for text, answer in (("Hi", "Welcome"), ("1", "Do you have"), ("yes", "Do you agree?"), ("yes", "12-digit")):
        phone.say(text)
        phone.expect(answer)
    phone.say(citizen["aadhaar"])
    phone.expect("OTP is on its way")
    otp = phone.otp()
    phone.say("000000" if otp != "000000" else "000001")
    phone.expect("2 tries left")
    phone.say(otp)
    phone.expect("Your documents")


def test_a_document_that_the_issuer_cannot_give_is_told(everybody: list[Citizen], phone_of: PhoneOf) -> None:
    citizen = by_name(everybody, "MOHAN SINGH")
    phone = phone_of(citizen)
    sign_in(phone, citizen)
    phone.say("licence")
    bubble = phone.expect("We could not get this document")
    assert bubble.buttons == ("Try again", "Other documents", "Done")
    phone.say("PAN")
    phone.expect("PAN card.pdf")


def test_a_call_that_is_not_metas_is_refused_and_changes_nothing(stack: LocalStack) -> None:
    before = stack.client("dynamodb").scan(TableName=stack.outputs["ConversationsTableName"])["Count"]
    for headers in ({}, {"X-Hub-Signature-256": "sha256=" + "0" * 64}):
        answer = requests.post(stack.webhook_url, data=b'{"object": "x"}', headers=headers, timeout=20)
        assert answer.status_code == 401
    assert stack.client("dynamodb").scan(TableName=stack.outputs["ConversationsTableName"])["Count"] == before


def test_nothing_secret_is_left_in_table_bucket_queue_or_logs(
    stack: LocalStack, citizen: Citizen, phone: Phone
) -> None:
    sign_in(phone, citizen)
    phone.say("1")
    phone.expect(".pdf")
    phone.say("Done")
    phone.expect("signed out")
    tables = (stack.outputs["ConversationsTableName"], stack.outputs["RecordsTableName"])
    table = [stack.client("dynamodb").scan(TableName=name)["Items"] for name in tables]
    logs = "\n".join(stack.function_logs("WebhookFunction") + stack.function_logs("DocumentFunction"))
    assert '"conversation"' in logs
    config, token = stack.config, stack.simulator.world.access_token
    for secret in (citizen["aadhaar"], config.client_secret, token, config.app_secret):
        assert secret not in json.dumps(table)
        assert secret not in logs
    for personal in (phone.number, citizen["phone"], "wamid.", "IN.", "X-Amz-Signature", "in.gov."):
        assert personal not in logs, personal


def test_the_pdf_is_gone_from_the_bucket_as_soon_as_it_has_reached_her(
    stack: LocalStack, citizen: Citizen, phone: Phone
) -> None:
    sign_in(phone, citizen)
    phone.say("1")
    phone.document(phone.expect(".pdf"))
    deadline = time.monotonic() + 20
    bucket = stack.outputs["DocumentsBucketName"]
    while stack.client("s3").list_objects_v2(Bucket=bucket, Prefix="documents/").get("Contents"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_link_that_whatsapp_cannot_fetch_is_replaced_by_the_file(
    stack: LocalStack, citizen: Citizen, phone: Phone
) -> None:
    sign_in(phone, citizen)
    switch = {"whatsapp": {"fetch": {"status": 403}}}
    requests.post(f"{stack.chat_url}/faults", json=switch, timeout=10).raise_for_status()
    phone.say("1")
    phone.expect("PAN card.pdf")
    assert phone.document(phone.expect("PAN card.pdf")).startswith(b"%PDF-")


def test_each_function_can_do_its_own_work_only(stack: LocalStack) -> None:
    """The emulator enforces IAM: nothing in either log was denied on the way."""
    for name in ("WebhookFunction", "DocumentFunction"):
        assert not [line for line in stack.function_logs(name) if "AccessDenied" in line]


def test_a_pdf_of_ten_megabytes_is_delivered_within_the_functions_memory(
    stack: LocalStack, everybody: list[Citizen], phone_of: PhoneOf
) -> None:
    citizen = by_name(everybody, "JOSEPH MATHEW")
    issued = next(one for one in everyone() if one.name == "JOSEPH MATHEW").issued
    number, document = next((n, d) for n, d in enumerate(issued, start=1) if d.flaw is Flaw.LARGE)
    phone = phone_of(citizen)
    sign_in(phone, citizen)
    phone.say(str(number))
    content = phone.document(phone.expect(".pdf", within=40))
    assert len(content) > 10_400_000
    assert content == document.content()
    # The emulator runs each function as a process of this machine; a Lambda of 512 MB has 512 MiB for it.
    peaks = peak_memory_of(stack.physical_id("DocumentFunction"))
    assert peaks
    assert max(peaks) < 256 * 1024
