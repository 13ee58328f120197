"""Whole conversations on the real handlers: what only shows when both ends are real."""

from collections.abc import Iterator

import pytest

from standins.phone import Bubble, Phone
from tests.integration.desk import Desk, ask_for_number, at_list, citizen, running_desk, sign_in, until


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk(slow_seconds=0.5, stuck_seconds=2.0, pair_burst=1000) as running:
        yield running


@pytest.fixture(autouse=True)
def quiet_world(desk: Desk) -> Iterator[None]:
    yield
    desk.simulator.world.faults.reset()


def sign_out(phone: Phone) -> None:
    phone.say("Done")
    phone.expect("signed out")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("pan", "PAN card"),
        ("driving licence", "Driving licence"),
        ("rc", "Vehicle RC"),
        ("10th marksheet", "Class 10 marksheet"),
        ("class 10 passing certificate", "Class 10 pass cert."),
        ("marksheet 12", "Class 12 marksheet"),
        ("bike insurance", "Two-wheeler policy"),
        ("life insurance", "Life (Insurance Policy)"),
        ("health insurance", "Health insurance"),
    ],
)
def test_each_document_of_the_launch_is_delivered_by_its_name(desk: Desk, name: str, title: str) -> None:
    phone = at_list(desk, "ASHA VERMA")
    phone.say(name)
    bubble = phone.expect(f"*{title}*")
    content = phone.document(bubble)
    assert bubble.filename == f"{title.rstrip('.')}.pdf" or bubble.filename == f"{title}.pdf"
    assert content.startswith(b"%PDF-")
    assert content == next(d.content() for d in citizen("ASHA VERMA").issued if _is(d.doctype, title))


def _is(doctype: str, title: str) -> bool:
    doctypes = {
        "PAN card": "PANCR",
        "Driving licence": "DRVLC",
        "Vehicle RC": "RVCER",
        "Class 10 marksheet": "SSCER",
        "Class 10 pass cert.": "SPCER",
        "Class 12 marksheet": "HSCER",
        "Two-wheeler policy": "TWIPC",
        "Life (Insurance Policy)": "LICER",
        "Health insurance": "HLIPC",
    }
    return doctypes[title] == doctype


def test_done_revokes_the_token_and_leaves_nothing_behind(desk: Desk) -> None:
    phone = sign_in(desk, "ASHA VERMA")
    phone.expect("Your documents")
    sign_out(phone)
    until(lambda: any(call.path.endswith("/revoke") and call.status == 200 for call in desk.simulator.world.calls))
    until(lambda: all(not item.get("outbox", {"M": {}})["M"] for item in desk.items()))
    hers = desk.state(phone.number)["conversation"]
    assert not [item for item in desk.items() if item["part"]["S"] == "documents" and item["conversation"] == hers]


def test_a_number_without_an_account_is_told_nothing(desk: Desk) -> None:
    texts = {}
    for name in ("SUNITA DEVI", "RAVI KUMAR", "GOPAL DAS"):
        phone = ask_for_number(desk, name)
        phone.say(citizen(name).aadhaar)
        sent = phone.expect("OTP is on its way")
        texts[name] = sent.text
        phone.say("000000")
        texts[name] += phone.expect("not accepted").text
    assert len(set(texts.values())) == 1


def test_two_accounts_on_one_mobile_are_told_apart_by_the_aadhaar_number(desk: Desk) -> None:
    phone = sign_in(desk, "FARIDA KHAN")
    phone.expect("documents")


def test_an_empty_locker_says_so(desk: Desk) -> None:
    phone = sign_in(desk, "RAVI KUMAR")
    phone.expect("There are no documents in your DigiLocker yet")


def test_that_digilocker_sends_an_account_no_more_otps_is_told_to_nobody(desk: Desk) -> None:
    phone = ask_for_number(desk, "ABDUL RAHMAN")
    phone.say(citizen("ABDUL RAHMAN").aadhaar)
    phone.expect("OTP is on its way")
    phone.say("000000")
    phone.expect("not accepted")


def failing(desk: Desk, name: str) -> tuple[Phone, Bubble]:
    phone = sign_in(desk, name)
    return phone, phone.expect("Your documents")


def test_every_issuer_that_is_down_is_told_with_the_document_and_a_way_on(desk: Desk) -> None:
    phone, _ = failing(desk, "MOHAN SINGH")
    told = {}
    for number, document in enumerate(citizen("MOHAN SINGH").issued, start=1):
        phone.say(str(number))
        bubble = phone.expect()
        told[document.flaw.name] = "delivered" if bubble.filename else bubble.text
        if not bubble.filename:
            assert "We could not get this document" in bubble.text
            assert bubble.buttons == ("Try again", "Other documents", "Done")
    assert told["NONE"] == "delivered"
    assert len(told) > 3


def test_what_comes_damaged_is_never_passed_on(desk: Desk) -> None:
    phone, _ = failing(desk, "JOSEPH MATHEW")
    for number, document in enumerate(citizen("JOSEPH MATHEW").issued, start=1):
        phone.say(str(number))
        bubble = phone.expect(within=40)
        if document.flaw.name in {"NONE", "LARGE"}:
            assert phone.document(bubble) == document.content()
        else:
            assert not bubble.filename, document.flaw
            assert "We could not get this document" in bubble.text


def test_a_document_without_a_pdf_is_named_as_such(desk: Desk) -> None:
    phone, listed = failing(desk, "MEERA PILLAI")
    assert "(no PDF)" in listed.text
    assert "files that you uploaded yourself" in listed.text
    number = next(line.split(".")[0] for line in listed.text.splitlines() if "(no PDF)" in line)
    phone.say(number)
    phone.expect("does not give a PDF")


def test_a_token_that_was_revoked_in_the_middle_leads_back_to_signing_in(desk: Desk) -> None:
    phone, _ = failing(desk, "HARPREET KAUR")
    phone.say("1")
    phone.expect(".pdf")
    phone.say("2")
    phone.expect("has signed you out", "DigiLocker Services")


def test_a_message_that_is_delivered_twice_is_answered_once(desk: Desk) -> None:
    phone = desk.phone("KAVITA JOSHI")
    phone.catch_up()
    desk.simulator.world.faults.set({"whatsapp": {"webhook": {"duplicate": 2}}})
    phone.say("Hi")
    phone.expect("Welcome")
    phone.expect_silence(1.0)


def test_a_pdf_is_gone_as_soon_as_it_has_reached_her(desk: Desk) -> None:
    phone = sign_in(desk, "ASHA VERMA")
    phone.expect("Your documents")
    phone.say("3")
    phone.document(phone.expect("Vehicle RC.pdf"))
    until(lambda: desk.objects() == [])


def test_a_link_that_whatsapp_cannot_fetch_is_replaced_by_the_file(desk: Desk) -> None:
    phone = sign_in(desk, "ASHA VERMA")
    phone.expect("Your documents")
    desk.simulator.world.faults.set({"whatsapp": {"fetch": {"status": 403}}})
    phone.say("3")
    phone.expect("Vehicle RC.pdf")
    bubble = phone.expect("Vehicle RC.pdf")
    assert phone.document(bubble).startswith(b"%PDF-")
    until(lambda: desk.objects() == [])
