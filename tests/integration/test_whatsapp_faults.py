"""What WhatsApp can do to a reply: repeated or not as its error says, nothing lost that can be sent later, no more than
two copies at her phone, and always a way on.

The time for which a failed message is held back passes at once, so nothing here waits for it.
"""

from collections.abc import Callable, Iterator

import pytest

from standins.phone import Bubble, Phone
from tests.integration.desk import Desk, at_list, citizen, running_desk, until

ASHA = "ASHA VERMA"
LICENCE, RC = 2, 3
"""Numbers on her list."""
MESSAGES = "/messages"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk(hurried=True, otp_sends=10_000, pair_seconds=0.001) as running:
        yield running


@pytest.fixture(autouse=True)
def mended(desk: Desk) -> Iterator[None]:
    yield
    desk.mend()


@pytest.fixture
def phone(desk: Desk) -> Phone:
    """Her phone, with the list of her documents on it."""
    return at_list(desk, ASHA)


@pytest.fixture
def attempts(desk: Desk) -> Callable[[], int]:
    """Says how often a message was sent to WhatsApp since now."""
    before = desk.to_whatsapp.count(MESSAGES)
    return lambda: desk.to_whatsapp.count(MESSAGES) - before


def fail(desk: Desk, **switches: object) -> None:
    desk.simulator.world.faults.set({"whatsapp": switches})


def on_her_phone(phone: Phone, after: int) -> list[Bubble]:
    """What the desk wrote behind that message, but for what has failed."""
    return [bubble for bubble in phone.chat(after) if bubble.sender == "desk" and bubble.status != "failed"]


def last(phone: Phone) -> int:
    return phone.chat()[-1].index


def ask_for_list(phone: Phone) -> Bubble:
    """Go on as anybody would whose answer did not come: the list is asked for in her own words."""
    phone.say("other documents")
    return phone.expect("Your documents")


def have_document(phone: Phone, number: int, title: str) -> None:
    phone.say(str(number))
    assert phone.document(phone.expect(f"{title}.pdf")) == citizen(ASHA).issued[number - 1].content()


# Proof that the token is the app's own


def test_the_desk_works_where_the_app_demands_proof_of_every_call(desk: Desk, phone: Phone) -> None:
    desk.simulator.world.business.requires_proof = True
    try:
        have_document(phone, LICENCE, "Driving licence")
    finally:
        desk.simulator.world.business.requires_proof = False


# Not taken: WhatsApp says so


@pytest.mark.parametrize("code", [130429, 131056, 131000, 2])
def test_what_whatsapp_cannot_take_now_is_sent_again_and_comes_once(
    desk: Desk, phone: Phone, attempts: Callable[[], int], code: int
) -> None:
    before, pauses = last(phone), len(desk.pauses)
    fail(desk, messages={"times": 3, "error": code})
    phone.say(str(RC))
    phone.expect("Vehicle RC.pdf")
    have_document(phone, LICENCE, "Driving licence")
    assert [bubble.filename for bubble in on_her_phone(phone, before)] == ["Vehicle RC.pdf", "Driving licence.pdf"]
    assert attempts() == 3 + 2
    assert [least <= pause <= 2 * least for least, pause in zip((1, 4, 16), desk.pauses[pauses:], strict=True)] == [
        True
    ] * 3


def test_replies_that_could_not_be_sent_keep_their_order(desk: Desk, phone: Phone) -> None:
    before = last(phone)
    fail(desk, messages={"times": 3, "error": 131056})
    phone.say(str(RC))
    phone.say(str(LICENCE))
    phone.expect("Driving licence.pdf")
    assert [bubble.filename for bubble in on_her_phone(phone, before)] == ["Vehicle RC.pdf", "Driving licence.pdf"]


def test_a_longer_outage_ends_with_the_reply_and_not_in_the_dead_letter_queue(desk: Desk, phone: Phone) -> None:
    before = last(phone)
    fail(desk, messages={"times": 6, "error": 131016})
    phone.say("other documents")
    phone.expect("Your documents")
    assert len(on_her_phone(phone, before)) == 1
    assert desk.dead_letters() == 0


# Not known whether it was taken


def test_a_server_error_has_the_reply_sent_once_more(desk: Desk, phone: Phone, attempts: Callable[[], int]) -> None:
    before = last(phone)
    fail(desk, messages={"status": 500})
    phone.say(str(RC))
    phone.expect("Vehicle RC.pdf")
    have_document(phone, LICENCE, "Driving licence")
    assert [bubble.filename for bubble in on_her_phone(phone, before)] == ["Vehicle RC.pdf", "Driving licence.pdf"]
    assert attempts() == 2 + 1


def test_a_reply_that_was_taken_without_an_answer_comes_twice_at_the_most(
    desk: Desk, phone: Phone, attempts: Callable[[], int]
) -> None:
    before = last(phone)
    desk.to_whatsapp.patience[MESSAGES] = 0.5
    fail(desk, messages={"times": 5, "stall": 25})
    unsure = desk.counted["RepliesUnsure"]
    phone.say(str(RC))
    until(lambda: desk.counted["RepliesUnsure"] == unsure + 1)
    desk.mend()
    have_document(phone, LICENCE, "Driving licence")
    titles = [bubble.filename for bubble in on_her_phone(phone, before)]
    assert titles == ["Vehicle RC.pdf", "Vehicle RC.pdf", "Driving licence.pdf"]
    assert attempts() == 2 + 1
    assert desk.dead_letters() == 0


def test_a_reply_that_went_out_before_the_connection_broke_comes_twice_at_the_most(desk: Desk, phone: Phone) -> None:
    before = last(phone)
    fail(desk, messages={"drop": True, "after": True})
    phone.say("other documents")
    phone.expect("Your documents")
    have_document(phone, RC, "Vehicle RC")
    assert 1 <= sum("Your documents" in bubble.text for bubble in on_her_phone(phone, before)) <= 2


# Refused until somebody mends our access


def test_a_refused_token_keeps_the_reply_until_it_is_mended_and_sent_back_to_work(desk: Desk) -> None:
    phone = desk.phone("FARIDA KHAN")
    phone.catch_up()
    refused = desk.counted["WhatsApp_TokenRefused"]
    desk.set_access_token("expired")
    desk.pass_time(300)  # the function reads its secret again
    phone.say("Hi")
    until(lambda: desk.dead_letters() == 1, seconds=30)
    assert on_her_phone(phone, -1) == []
    assert desk.counted["WhatsApp_TokenRefused"] - refused == 8
    desk.set_access_token(desk.config.access_token)
    assert desk.redrive() == 1
    phone.expect("Welcome")
    phone.tap("DigiLocker Services")
    phone.expect("Do you have a DigiLocker account?")
    assert len(on_her_phone(phone, -1)) == 2
    assert desk.dead_letters() == 0


def test_a_token_that_is_mended_meanwhile_needs_nobody_to_send_anything_back(desk: Desk, phone: Phone) -> None:
    before = last(phone)
    fail(desk, messages={"times": 3, "error": 190})
    phone.say(str(RC))
    phone.expect("Vehicle RC.pdf")
    assert len(on_her_phone(phone, before)) == 1
    assert desk.dead_letters() == 0


# Refused for good


@pytest.mark.parametrize("code", [131047, 131026, 131009])
def test_a_reply_that_is_refused_for_good_is_not_repeated_and_her_next_word_is_answered(
    desk: Desk, phone: Phone, attempts: Callable[[], int], code: int
) -> None:
    failed = desk.counted["JobsFailed"]
    fail(desk, messages={"error": code})
    phone.say("other documents")
    until(lambda: attempts() == 1)
    ask_for_list(phone)
    have_document(phone, RC, "Vehicle RC")
    assert attempts() == 1 + 2
    assert desk.counted["JobsFailed"] == failed
    assert desk.dead_letters() == 0


@pytest.mark.parametrize("code", [131047, 131026])
def test_a_document_that_does_not_arrive_is_not_repeated_and_can_be_asked_for_again(
    desk: Desk, phone: Phone, attempts: Callable[[], int], code: int
) -> None:
    undelivered = desk.counted["DocumentsUndelivered"]
    fail(desk, delivery={"error": code})
    phone.say(str(RC))
    until(lambda: desk.counted["DocumentsUndelivered"] == undelivered + 1)
    ask_for_list(phone)
    have_document(phone, RC, "Vehicle RC")
    assert attempts() == 1 + 2


def test_any_other_reply_that_does_not_arrive_is_not_repeated_and_her_next_word_is_answered(
    desk: Desk, phone: Phone, attempts: Callable[[], int]
) -> None:
    failed = desk.counted["Status_failed"]
    fail(desk, delivery={"error": 131047})
    phone.say("other documents")
    until(lambda: desk.counted["Status_failed"] == failed + 1)
    ask_for_list(phone)
    have_document(phone, RC, "Vehicle RC")
    assert attempts() == 1 + 2


# The file


def test_a_link_that_whatsapp_cannot_fetch_is_replaced_by_the_file_itself(
    desk: Desk, phone: Phone, attempts: Callable[[], int]
) -> None:
    before = last(phone)
    kept = set(desk.objects())
    uploads = desk.to_whatsapp.count("/media")
    fail(desk, fetch={"status": 403})
    phone.say(str(RC))
    phone.expect("Vehicle RC.pdf")  # by the link
    bubble = phone.expect("Vehicle RC.pdf")
    assert phone.document(bubble) == citizen(ASHA).issued[RC - 1].content()
    assert [shown.index for shown in on_her_phone(phone, before)] == [bubble.index]
    assert attempts() == 2
    assert desk.to_whatsapp.count("/media") - uploads == 1
    until(lambda: set(desk.objects()) <= kept)


@pytest.mark.parametrize("code", [131053, 131009, 131026])
def test_a_document_that_is_refused_at_once_goes_as_a_file(
    desk: Desk, phone: Phone, attempts: Callable[[], int], code: int
) -> None:
    before, uploads, failed = last(phone), desk.to_whatsapp.count("/media"), desk.counted["JobsFailed"]
    kept = set(desk.objects())
    fail(desk, messages={"error": code})
    phone.say(str(RC))
    bubble = phone.expect("Vehicle RC.pdf")
    assert phone.document(bubble) == citizen(ASHA).issued[RC - 1].content()
    have_document(phone, LICENCE, "Driving licence")
    assert [shown.filename for shown in on_her_phone(phone, before)] == ["Vehicle RC.pdf", "Driving licence.pdf"]
    assert attempts() == 2 + 1
    assert desk.to_whatsapp.count("/media") - uploads == 1
    assert desk.counted["JobsFailed"] == failed
    until(lambda: set(desk.objects()) <= kept)


def test_a_document_that_is_refused_as_a_file_too_is_told_and_can_be_tried_again(
    desk: Desk, phone: Phone, attempts: Callable[[], int]
) -> None:
    before, uploads = last(phone), desk.to_whatsapp.count("/media")
    fail(desk, messages={"times": 2, "error": 131053})
    phone.say(str(RC))
    assert_told_that_the_file_failed(phone)
    assert attempts() == 2 + 1
    assert desk.to_whatsapp.count("/media") - uploads == 1
    assert len(on_her_phone(phone, before)) == 1
    assert_tried_again(desk, phone)


def test_a_refused_upload_is_told_and_can_be_tried_again(desk: Desk, phone: Phone, attempts: Callable[[], int]) -> None:
    before, uploads, failed = last(phone), desk.to_whatsapp.count("/media"), desk.counted["JobsFailed"]
    fail(desk, messages={"error": 131053}, media={"error": 131053})
    phone.say(str(RC))
    assert_told_that_the_file_failed(phone)
    assert attempts() == 1 + 1
    assert desk.to_whatsapp.count("/media") - uploads == 1
    assert len(on_her_phone(phone, before)) == 1
    assert desk.counted["JobsFailed"] == failed
    assert_tried_again(desk, phone)


def test_a_refused_upload_is_told_also_when_the_link_failed_later(
    desk: Desk, phone: Phone, attempts: Callable[[], int]
) -> None:
    fail(desk, fetch={"status": 403}, media={"error": 100})
    phone.say(str(RC))
    assert_told_that_the_file_failed(phone)
    assert attempts() == 1 + 1
    assert_tried_again(desk, phone)


def test_an_upload_that_is_not_possible_now_is_repeated_and_the_document_comes_once(
    desk: Desk, phone: Phone, attempts: Callable[[], int]
) -> None:
    before, uploads = last(phone), desk.to_whatsapp.count("/media")
    fail(desk, fetch={"status": 403}, media={"times": 2, "status": 503})
    phone.say(str(RC))
    until(lambda: desk.to_whatsapp.count("/media") - uploads == 3)
    until(lambda: attempts() == 2)
    have_document(phone, LICENCE, "Driving licence")
    assert [shown.filename for shown in on_her_phone(phone, before)] == ["Vehicle RC.pdf", "Driving licence.pdf"]
    assert attempts() == 2 + 1
    assert desk.dead_letters() == 0


def test_a_document_that_is_refused_while_uploads_are_not_possible_comes_once_too(
    desk: Desk, phone: Phone, attempts: Callable[[], int]
) -> None:
    before = last(phone)
    fail(desk, messages={"error": 131053}, media={"status": 503})
    phone.say(str(RC))
    assert phone.document(phone.expect("Vehicle RC.pdf")) == citizen(ASHA).issued[RC - 1].content()
    have_document(phone, LICENCE, "Driving licence")
    assert [shown.filename for shown in on_her_phone(phone, before)] == ["Vehicle RC.pdf", "Driving licence.pdf"]
    # By link, and as a file: the link is not sent again when the upload fails.
    assert attempts() == 2 + 1
    assert desk.dead_letters() == 0


def test_a_file_that_fails_too_is_told_and_can_be_tried_again(
    desk: Desk, phone: Phone, attempts: Callable[[], int]
) -> None:
    kept = set(desk.objects())
    fail(desk, delivery={"times": 2, "error": 131053})
    phone.say(str(RC))
    assert_told_that_the_file_failed(phone)
    assert attempts() == 2 + 1
    assert_tried_again(desk, phone)
    until(lambda: set(desk.objects()) <= kept)


def assert_told_that_the_file_failed(phone: Phone) -> None:
    told = phone.expect("We could not get this document: *Vehicle RC*")
    assert "WhatsApp could not deliver the file. It is not your fault. Please try again." in told.text
    assert told.buttons == ("Try again", "Other documents", "Done")


def assert_tried_again(desk: Desk, phone: Phone) -> None:
    """Take the way that the message offers, with the fault gone."""
    desk.mend()
    phone.tap("Try again")
    assert phone.document(phone.expect("Vehicle RC.pdf")) == citizen(ASHA).issued[RC - 1].content()
