import io
import json
from typing import Any

import pytest

from helpdesk.errors import PayloadError, SecretError, SignatureError, StorageError, VersionConflict
from helpdesk.service.inbound import DeliveryFailed
from helpdesk.storage.work import WorkNotQueued
from helpdesk.whatsapp.messages import Recipient
from tests.unit.aws import IDENTITY_SECRET, WEBHOOK_SECRET
from tests.unit.service.desk import AADHAAR, HER_ID, HER_PHONE, OTP, Desk, delivery, signature


def test_a_message_is_stored_and_its_work_queued(desk: Desk) -> None:
    desk.deliver(desk.text("Hi"))
    assert [e.step for e in desk.store.load(desk.conversation_id).outbox] == [job["step"] for job in desk.aws.work()]


def test_a_message_that_is_delivered_again_changes_nothing(desk: Desk) -> None:
    message = desk.text("Hi")
    desk.deliver(message)
    desk.work()
    version = desk.store.load(desk.conversation_id).version
    desk.clock.now += 7 * 24 * 3600
    desk.deliver(message)
    assert desk.work() == 0
    assert desk.store.load(desk.conversation_id).version == version


def test_a_message_twice_in_one_delivery_counts_once(desk: Desk) -> None:
    message = desk.text("Hi")
    assert len(desk.gets(message, message)) == 1


def test_work_that_was_stored_but_not_queued_is_queued_by_the_next_delivery(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = desk.text("Hi")

    def fails(_jobs: object) -> None:
        raise WorkNotQueued("1 of 1")

    with monkeypatch.context() as patch:
        patch.setattr(desk.receiver._work, "send", fails)
        with pytest.raises(DeliveryFailed):
            desk.deliver(message)
    assert desk.aws.work() == []
    desk.deliver(message)
    assert desk.work() == 1


def test_work_that_was_never_queued_goes_along_with_her_next_message(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_jobs: object) -> None:
        raise WorkNotQueued("1 of 1")

    with monkeypatch.context() as patch:
        patch.setattr(desk.receiver._work, "send", fails)
        with pytest.raises(DeliveryFailed):
            desk.deliver(desk.text("Hi"))
    assert len(desk.says("1")) == 2


def test_several_messages_of_one_delivery_are_answered_in_order(desk: Desk) -> None:
    replies = desk.gets(desk.text("Hi"), desk.text("1"), desk.text("yes"))
    assert [reply["interactive"]["body"]["text"][:14] for reply in replies] == [
        "Welcome. Get y",
        "Do you have a ",
        "*Example Depar",
    ]


def test_a_lost_race_is_run_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.says("Hi")
    save = desk.store.save
    races: list[int] = []

    def loses_once(*args: Any, **more: Any) -> Any:
        if not races:
            races.append(1)
            desk.deliver(desk.text("1"))  # somebody else is faster
        return save(*args, **more)

    monkeypatch.setattr(desk.store, "save", loses_once)
    desk.deliver(desk.text("yes"))
    monkeypatch.undo()
    desk.work()
    assert "Please read this first" in desk.whatsapp.sent[-1]["interactive"]["body"]["text"]


def test_too_many_lost_races_ask_for_the_delivery_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def loses(*_args: Any, **_more: Any) -> None:
        raise VersionConflict("lost")

    monkeypatch.setattr(desk.store, "save", loses)
    with pytest.raises(DeliveryFailed):
        desk.deliver(desk.text("Hi"))


def test_the_failure_of_one_conversation_does_not_touch_another(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    load = desk.store.load
    failed: list[str] = []

    def fails_once(conversation_id: str) -> Any:
        if not failed:
            failed.append(conversation_id)
            raise StorageError("ThrottlingException")
        return load(conversation_id)

    monkeypatch.setattr(desk.store, "load", fails_once)
    other = desk.text("Hi", **{"from": "919000000002", "from_user_id": "IN.2"})
    with pytest.raises(DeliveryFailed):
        desk.deliver(desk.text("Hi"), other)
    assert desk.work() == 1


# Who she is


def test_the_same_person_is_one_conversation_whether_or_not_her_number_is_shown(desk: Desk) -> None:
    desk.says("Hi")
    desk.gets(desk.text("1", **{"from": None}))
    desk.gets(desk.text("yes", **{"from": ""}))
    assert desk.whatsapp.to[-1] == Recipient(user_id=HER_ID)
    assert "Please read this first" in desk.whatsapp.sent[-1]["interactive"]["body"]["text"]


def test_a_person_without_a_number_is_answered_by_her_user_id(desk: Desk) -> None:
    desk.gets(desk.text("Hi", **{"from": None}))
    assert desk.whatsapp.to[-1].phone is None
    assert desk.whatsapp.to[-1].user_id == "IN.1234567890123456"


def test_a_person_without_a_user_id_is_known_by_her_number(desk: Desk) -> None:
    desk.gets(desk.text("Hi", from_user_id=None))
    desk.gets(desk.text("1", from_user_id=""))
    assert "Do you have" in desk.whatsapp.sent[-1]["interactive"]["body"]["text"]


# What is not for us


def test_another_phone_number_of_ours_is_ignored(desk: Desk) -> None:
    body = delivery(desk.text("Hi"), metadata={"phone_number_id": "999"})
    desk.receiver.receive(body, signature(body))
    assert desk.aws.items() == {}


@pytest.mark.parametrize("kind", ["reaction", "revoke", "system"])
def test_what_is_no_message_changes_nothing(desk: Desk, kind: str) -> None:
    desk.deliver(desk.message(kind, {"message_id": "wamid.x"}))
    assert desk.aws.items() == {}


# Edited messages, and groups


NOT_SEEN = "We do not see changes to a message."
TYPED_WRONG = AADHAAR[:-1] + "0"


def edit(desk: Desk, of: dict[str, Any], body: str) -> dict[str, Any]:
    new = {"type": "text", "text": {"body": body}}
    return desk.message("edit", {"original_message_id": of["id"], "message": new})


def test_an_edit_of_her_newest_message_answers_the_question_that_is_open_again(desk: Desk) -> None:
    desk.asked_for_aadhaar()
    typed = desk.text(TYPED_WRONG)
    assert "typing mistake" in told(desk.gets(typed))
    assert "typing mistake" in told(desk.gets(edit(desk, typed, TYPED_WRONG)))
    assert "an OTP is on its way" in told(desk.gets(edit(desk, typed, AADHAAR)))


def test_an_edit_of_what_answered_an_earlier_question_is_not_taken_for_an_answer_to_this_one(desk: Desk) -> None:
    desk.says("Hi")
    chosen = desk.text("1")
    desk.gets(chosen)
    asked_again = told(desk.gets(edit(desk, chosen, "2")))
    assert asked_again.startswith(NOT_SEEN)
    assert "Do you have a DigiLocker account?" in asked_again


def test_an_edit_of_an_older_message_or_without_its_text_is_not_seen(desk: Desk) -> None:
    first, second = desk.text("hmm"), desk.text("hm")
    desk.gets(first)
    desk.gets(second)
    unseen = [edit(desk, first, "1"), edit(desk, second, ""), desk.message("edit", {}, edit=None)]
    assert all(told(desk.gets(message)).startswith(NOT_SEEN) for message in unseen)


def test_what_she_says_in_a_group_is_not_acted_on_and_she_is_told_once_a_day_in_her_own_chat(desk: Desk) -> None:
    def in_group() -> list[dict[str, Any]]:
        return desk.gets(desk.text("Hi", group_id="group"))

    assert in_group() == []  # she has never written to us: we may not write to her
    desk.asked_for_aadhaar()
    before = desk.store.load(desk.conversation_id)
    assert "do not answer in groups" in told(in_group())
    after = desk.store.load(desk.conversation_id)
    assert (after.conversation.stage, after.person) == (before.conversation.stage, before.person)
    assert in_group() == []
    desk.clock.now += 25 * 3600
    assert in_group() == []


def told(messages: list[dict[str, Any]]) -> str:
    (message,) = messages
    return str(message["interactive"]["body"]["text"])


# A number or user id that changes hands


NEW_NUMBER, NEW_ID = "919000000009", "IN.9999999999999999"


def changed(desk: Desk, **system: str) -> dict[str, Any]:
    return desk.message("system", {"wa_id": NEW_NUMBER, "user_id": NEW_ID, **system})


@pytest.mark.parametrize(
    ("system", "sender"),
    [
        ({"type": "user_changed_number"}, {}),
        ({"type": "user_changed_user_id", "previous_user_id": HER_ID}, {"from": None, "from_user_id": None}),
    ],
)
def test_a_change_of_number_or_user_id_ends_the_session_and_forgets_whom_it_was_with(
    desk: Desk, system: dict[str, str], sender: dict[str, None]
) -> None:
    desk.signed_in()
    before = len(desk.whatsapp.sent)
    desk.deliver(changed(desk, **system) | sender)
    desk.work()
    stored = desk.store.load(desk.conversation_id)
    assert desk.locker.calls[-1] == "revoke"
    assert (stored.person.phone, stored.person.user_id, stored.person.message) == (None, None, None)
    assert (stored.conversation.session, stored.conversation.documents, dict(stored.sealed)) == (None, (), {})
    assert len(desk.whatsapp.sent) == before


def test_a_document_that_is_on_its_way_then_reaches_nobody(desk: Desk) -> None:
    desk.signed_in()
    desk.deliver(desk.text("1"))
    desk.deliver(changed(desk, type="user_changed_number"))
    before = len(desk.whatsapp.sent)
    desk.work()
    assert len(desk.whatsapp.sent) == before


def test_a_change_of_somebody_who_never_wrote_writes_nothing(desk: Desk) -> None:
    desk.deliver(changed(desk, type="user_changed_number"))
    assert desk.aws.items() == {}


def test_a_reply_goes_to_the_identity_by_which_the_conversation_is_known(desk: Desk) -> None:
    desk.says("Hi")
    assert desk.whatsapp.to[-1].to_json() == {"recipient": HER_ID}
    desk.gets(desk.text("Hi", **{"from": "919000000002", "from_user_id": None}))
    assert desk.whatsapp.to[-1].to_json() == {"to": "+919000000002"}


def test_statuses_call_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.receiver._turns, "_store", None)
    monkeypatch.setattr(desk.receiver, "_work", None)
    body = delivery(statuses=[{"id": "wamid.x", "status": "delivered"}], messages=[])
    desk.receiver.receive(body, signature(body))


@pytest.mark.parametrize("kind", ["audio", "image", "sticker", "location", "contacts", "order", "something_new"])
def test_what_is_not_text_is_answered(desk: Desk, kind: str) -> None:
    desk.says("Hi")
    (reply,) = desk.gets(desk.message(kind, {"id": "1"}))
    assert "only read text and taps" in reply["interactive"]["body"]["text"]


# Proof


@pytest.mark.parametrize("header", [None, "", "sha256=", "sha256=" + "0" * 64, "sha1=abc"])
def test_a_call_that_is_not_signed_is_refused(desk: Desk, header: str | None) -> None:
    with pytest.raises(SignatureError):
        desk.receiver.receive(delivery(desk.text("Hi")), header)
    assert desk.aws.items() == {}


def test_an_old_and_a_new_app_secret_both_count_while_it_is_changed(desk: Desk) -> None:
    desk.aws.put_secret("WEBHOOK_SECRET_ARN", {**WEBHOOK_SECRET, "app_secrets": ["new", "app-secret"]})
    for secret in ("new", "app-secret"):
        body = delivery(desk.text("Hi"))
        desk.receiver.receive(body, signature(body, secret))


def test_a_new_app_secret_is_found_without_waiting_for_the_cache(desk: Desk) -> None:
    desk.says("Hi")
    desk.aws.put_secret("WEBHOOK_SECRET_ARN", {**WEBHOOK_SECRET, "app_secrets": ["new"]})
    body = delivery(desk.text("1"))
    desk.receiver.receive(body, signature(body, "new"))


@pytest.mark.parametrize("field", ["app_secrets", "id_pepper"])
def test_an_empty_secret_refuses_every_call_and_says_which(desk: Desk, field: str) -> None:
    desk.aws.put_secret("WEBHOOK_SECRET_ARN", {**WEBHOOK_SECRET, field: [] if field == "app_secrets" else ""})
    if field == "id_pepper":
        desk.aws.put_secret("IDENTITY_SECRET_ARN", {**IDENTITY_SECRET, "id_pepper": ""})
    with pytest.raises(SecretError, match=f"WebhookSecret: the field {field} is empty"):
        desk.deliver(desk.text("Hi"))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
def test_a_signed_body_that_is_no_object_is_told_apart(desk: Desk, body: bytes) -> None:
    with pytest.raises(PayloadError):
        desk.receiver.receive(body, signature(body))


def test_the_verify_token_proves_meta(desk: Desk) -> None:
    assert desk.receiver.subscription("subscribe", "verify-token")
    assert not desk.receiver.subscription("subscribe", "another")
    assert not desk.receiver.subscription("subscribe", "टोकन")
    assert not desk.receiver.subscription("unsubscribe", "verify-token")


def test_a_new_verify_token_is_found_without_waiting_for_the_cache(desk: Desk) -> None:
    assert desk.receiver.subscription("subscribe", "verify-token")
    desk.aws.put_secret("WEBHOOK_SECRET_ARN", {**WEBHOOK_SECRET, "verify_token": "new"})
    assert desk.receiver.subscription("subscribe", "new")
    assert not desk.receiver.subscription("subscribe", "verify-token")


# What rests where


def test_the_aadhaar_number_and_the_otp_rest_nowhere_in_the_clear(desk: Desk, logged: io.StringIO) -> None:
    desk.asked_for_aadhaar()
    desk.deliver(desk.text("9999 9999 0019"))
    everything = json.dumps([desk.aws.items(), desk.aws.work()], default=str)
    assert "aadhaar" in everything  # it is there, sealed
    assert AADHAAR not in everything.replace(" ", "")
    desk.worker.work(desk.job())
    desk.deliver(desk.text(OTP))
    assert OTP not in json.dumps([desk.aws.items(), desk.aws.work()], default=str)
    assert "message" in logged.getvalue()
    for secret in (AADHAAR, OTP, HER_PHONE, "wamid", "IN.1234567890123456"):
        assert secret not in logged.getvalue()


def test_only_what_is_asked_for_is_sealed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.receiver._turns, "_seal", None)  # would fail if it were used
    desk.says("Hi")
    desk.deliver(desk.text(AADHAAR))
    assert json.loads(desk.aws.items()["state"]["sealed"]["S"]) == {}


def test_a_late_message_is_not_acted_on(desk: Desk) -> None:
    desk.asked_for_otp()
    (reply,) = desk.gets(desk.text(OTP, timestamp=str(int(desk.clock.now) - 601)))
    assert "reached us very late" in reply["interactive"]["body"]["text"]
    assert "verify_otp" not in desk.locker.calls


def test_a_hi_that_was_sent_before_her_stop_does_not_undo_it_however_late_it_comes(desk: Desk) -> None:
    sent = int(desk.clock.now)
    desk.signed_in()
    stop = desk.text("stop", timestamp=str(sent + 3))
    desk.clock.now += 40
    desk.gets(stop)
    for age in (0, 700):
        desk.clock.now += age
        assert desk.gets(desk.text("Hi", timestamp=str(sent))) == []
    desk.gets(desk.text("stop", timestamp=str(sent + 20)))
    assert desk.gets(desk.text("Hi", timestamp=str(sent + 10))) == []
    assert desk.gets(desk.text("Hi", timestamp=str(sent + 20)))


def test_a_delivery_too_large_for_its_time_is_taken_in_part_by_part(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [desk.text("Hi", **{"from": f"9190000001{n:02d}", "from_user_id": f"IN.{n}"}) for n in range(30)]
    ticks = iter(range(1000))
    monkeypatch.setattr(desk.receiver, "_stopwatch", lambda: float(next(ticks)))
    with pytest.raises(DeliveryFailed, match="10 parts"):
        desk.deliver(*people)
    assert len(desk.aws.work()) == 20
    desk.clock.now += 1
    with pytest.raises(DeliveryFailed):
        desk.deliver(*people)
    monkeypatch.setattr(desk.receiver, "_stopwatch", lambda: 0.0)
    desk.deliver(*people)
    conversations = {
        item["conversation"]["S"]
        for item in desk.aws.client("dynamodb").scan(TableName=desk.aws.environment["CONVERSATIONS_TABLE"])["Items"]
    }
    assert len(conversations) == 30
