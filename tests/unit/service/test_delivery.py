"""What becomes of a document that was sent: WhatsApp's delivery statuses."""

from typing import Any

import pytest
from msgspec.structs import replace

from helpdesk.service.callback_data import Claimed, Tracker, Tracking, read_tracking
from helpdesk.service.inbound import DeliveryFailed
from helpdesk.storage.work import Undelivered, WorkNotQueued, _deduplication
from helpdesk.whatsapp.errors import MediaFailed, Unavailable
from tests.unit.service.desk import Desk, delivery, signature

TRACKING = Tracking("c" * 32, f"documents/{'c' * 32}/{'a' * 64}", 7, "listing", uploaded=True)


def status(desk: Desk, name: str, callback: str, *codes: int) -> None:
    value = {
        "id": "wamid.x",
        "status": name,
        "biz_opaque_callback_data": callback,
        "errors": [{"code": c} for c in codes],
    }
    body = delivery(messages=[], statuses=[value])
    desk.receiver.receive(body, signature(body))


def sent_document(desk: Desk) -> str:
    """She is sent a document: the callback data of its message."""
    desk.signed_in()
    (reply,) = desk.says("1")
    return str(reply["callback"])


@pytest.mark.parametrize("name", ["delivered", "read"])
def test_the_pdf_is_deleted_as_soon_as_it_has_reached_her(desk: Desk, name: str) -> None:
    callback = sent_document(desk)
    assert len(desk.aws.pdfs()) == 1
    status(desk, name, callback)
    assert desk.work() == 1
    assert desk.aws.pdfs() == []


def test_delivered_and_read_ask_for_one_deletion(desk: Desk) -> None:
    callback = sent_document(desk)
    status(desk, "delivered", callback)
    status(desk, "read", callback)
    assert desk.work() == 1


@pytest.mark.parametrize("name", ["sent", "failed", "played"])
def test_other_statuses_of_a_document_ask_for_nothing(desk: Desk, name: str) -> None:
    status(desk, name, sent_document(desk))
    assert desk.work() == 0


def test_statuses_of_other_messages_ask_for_nothing(desk: Desk) -> None:
    (reply,) = desk.says("Hi")
    status(desk, "delivered", reply["callback"])
    assert desk.work() == 0


def test_a_link_that_whatsapp_could_not_fetch_is_replaced_by_the_file_once(desk: Desk) -> None:
    callback = sent_document(desk)
    status(desk, "failed", callback, 131053)
    desk.work()
    again = desk.whatsapp.sent[-1]
    assert again["interactive"]["header"]["document"]["id"] == "media-1"
    assert desk.whatsapp.uploaded == [b"%PDF-1.7"]
    status(desk, "failed", callback, 131053)
    desk.clock.now += 400
    sent = len(desk.whatsapp.sent)
    desk.work()
    assert len(desk.whatsapp.sent) == sent


def test_a_file_that_whatsapp_could_not_use_either_is_told(desk: Desk) -> None:
    status(desk, "failed", sent_document(desk), 131053)
    desk.work()
    status(desk, "failed", str(desk.whatsapp.sent[-1]["callback"]), 131053)
    desk.work()
    reply = desk.whatsapp.sent[-1]["interactive"]
    assert "could not deliver the file" in reply["body"]["text"]
    assert reply["action"]["buttons"][0]["reply"]["title"] == "Try again"
    assert desk.aws.pdfs() == []


def test_a_document_of_a_session_that_ended_is_not_sent_again(desk: Desk) -> None:
    callback = sent_document(desk)
    desk.says("done")
    sent = len(desk.whatsapp.sent)
    status(desk, "failed", callback, 131053)
    desk.work()
    assert len(desk.whatsapp.sent) == sent
    assert desk.aws.pdfs() == []


def test_a_status_that_could_not_be_queued_is_asked_for_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    callback = sent_document(desk)

    def fails(_work: object) -> None:
        raise WorkNotQueued("1 of 1")

    monkeypatch.setattr(desk.receiver._work, "send", fails)
    with pytest.raises(DeliveryFailed):
        status(desk, "delivered", callback)


def test_the_tracking_reads_back_as_it_was_written() -> None:
    tracker = Tracker(lambda: ("key",))
    for ending in ("", ".txt", ".locked"):
        sent = replace(TRACKING, key=TRACKING.key + ending)
        claimed = read_tracking(tracker.write(sent))
        assert claimed is not None
        assert claimed.tracking == sent
        assert tracker.is_ours(claimed.tracking, claimed.signature)


def test_what_the_version_before_wrote_is_read_and_not_believed() -> None:
    claimed = read_tracking(str(TRACKING))
    assert claimed == Claimed(TRACKING, "")
    assert not Tracker(lambda: ("key",)).is_ours(TRACKING, "")


def test_the_longest_tracking_is_one_that_whatsapp_carries_and_the_queue_takes() -> None:
    longest = replace(TRACKING, key=f"{TRACKING.key}.txt.locked", number=9999, listing="l" * 64)
    assert len(Tracker(lambda: ("key",)).write(longest)) <= 512
    assert len(_deduplication(Undelivered(longest.conversation_id, longest.key, 1, "", uploaded=True))) <= 128


@pytest.mark.parametrize(
    "changed",
    [
        {"conversation_id": "d" * 32},
        {"key": f"documents/{'c' * 32}/{'b' * 64}"},
        {"number": 8},
        {"listing": "another"},
        {"uploaded": False},
    ],
)
def test_a_signature_is_good_for_what_was_signed_only(changed: dict[str, Any]) -> None:
    tracker = Tracker(lambda: ("key",))
    claimed = read_tracking(tracker.write(TRACKING))
    assert claimed is not None
    assert not tracker.is_ours(replace(TRACKING, **changed), claimed.signature)


def test_what_was_signed_with_the_key_before_is_still_known() -> None:
    claimed = read_tracking(Tracker(lambda: ("derived",)).write(TRACKING))
    assert claimed is not None
    assert Tracker(lambda: ("new", "derived")).is_ours(claimed.tracking, claimed.signature)
    assert not Tracker(lambda: ("new", "another")).is_ours(claimed.tracking, claimed.signature)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "c:step",
        str(TRACKING).replace(":7:", ":²:"),
        str(TRACKING).replace(":7:", f":{'7' * 300}:"),
        str(TRACKING).replace(":7:", ":-7:"),
        str(TRACKING).replace("upload", "pigeon"),
        str(TRACKING).replace("documents/", "directory/"),
        str(TRACKING).replace("documents/", "documents/../"),
        f"{'0' * 32}:directory/claim.json:1:x:link",
        f"{TRACKING}:{'g' * 64}",
        f"{TRACKING}:{'a' * 64}\n",
    ],
)
def test_what_is_none_of_ours_is_no_tracking(text: str | None) -> None:
    assert read_tracking(text) is None


def test_a_document_that_whatsapp_refuses_at_once_goes_as_a_file(desk: Desk) -> None:
    desk.signed_in()
    desk.whatsapp.fails = [MediaFailed(131053)]
    (reply,) = desk.says("1")
    assert reply["interactive"]["header"]["document"]["id"] == "media-1"
    assert desk.aws.items()["state"]["outbox"]["M"] == {}


def test_a_file_that_cannot_be_sent_now_is_sent_later_and_not_the_link_again(desk: Desk) -> None:
    desk.signed_in()
    sent = len(desk.whatsapp.sent)
    desk.deliver(desk.text("1"))
    job = desk.job()
    desk.whatsapp.fails = [MediaFailed(131053), Unavailable(131016)]
    with pytest.raises(Unavailable):
        desk.worker.work(job)
    desk.worker.work(job, again=True)
    (reply,) = desk.whatsapp.sent[sent:]
    assert "id" in reply["interactive"]["header"]["document"]
    assert desk.aws.items()["state"]["outbox"]["M"] == {}


def test_a_document_that_is_refused_either_way_is_told_once(desk: Desk) -> None:
    desk.signed_in()
    desk.whatsapp.fails = [MediaFailed(131053), MediaFailed(131053)]
    (reply,) = desk.says("1")
    assert "We could not get this document" in reply["interactive"]["body"]["text"]
    assert desk.aws.pdfs() == []
    assert desk.aws.items()["state"]["outbox"]["M"] == {}
