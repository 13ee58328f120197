"""A function that faces the internet is taken over: what is written to table and queues in its name redirects nothing.

The same on the deployed stack, with the roles' own rights: tests/end_to_end/test_taken_over.py.
"""

import hashlib
import json
import uuid
from typing import Any
from unittest import mock

import msgspec
import pytest

from helpdesk.conversation.effects import LINK, DeletePdf, DeliverDocument, Effect, FetchDocument, OfferLink, Text
from helpdesk.service import inbound, message_sender, outbox_worker
from helpdesk.service.identity import conversation_id, document_key
from tests.unit.aws import IDENTITY_SECRET, OUTBOUND_SECRET, PEPPER, PHONE_NUMBER_ID, WEBHOOK_SECRET
from tests.unit.service.desk import HER_ID, Desk, delivery, desk, signature

HIS, HIS_ID = "919876543210", "IN.2"
STEP = "f" * 24
HERS = conversation_id(PEPPER, PHONE_NUMBER_ID, HER_ID)


class Role:
    """What the roles of webhook and consent function may both do, and nothing else."""

    def __init__(self, victim: Desk) -> None:
        self._victim = victim
        self._dynamodb, self._sqs = victim.aws.client("dynamodb"), victim.aws.client("sqs")
        self._table, self._queue = (
            victim.aws.environment["CONVERSATIONS_TABLE"],
            victim.aws.environment["WORK_QUEUE_URL"],
        )

    def state(self, conversation: str) -> dict[str, Any]:
        found = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="conversation = :c AND part = :p",
            ExpressionAttributeValues={":c": {"S": conversation}, ":p": {"S": "state"}},
        )["Items"]
        (item,) = found
        return dict(item)

    def write(self, conversation: str, person: dict[str, str], effect: Effect, sealed: dict[str, str]) -> None:
        """Put a step into the outbox, with somebody to reply to, and have it worked on."""
        state = json.loads(self.state(conversation)["state"]["S"])
        now = int(self._victim.clock.now)
        state["waiting"] = [{"is": "Waiting", "id": STEP, "at": now, "number": 1}]
        entry = {"at": now, "order": 1, "sealed": sealed, "effects": [msgspec.to_builtins(effect)]}
        self._dynamodb.update_item(
            TableName=self._table,
            Key={"conversation": {"S": conversation}, "part": {"S": "state"}},
            UpdateExpression="SET person = :p, #s = :s, outbox.#step = :e, version = version + :one",
            ExpressionAttributeNames={"#s": "state", "#step": STEP},
            ExpressionAttributeValues={
                ":p": {"S": json.dumps(person)},
                ":s": {"S": json.dumps(state)},
                ":e": {"S": json.dumps(entry)},
                ":one": {"N": "1"},
            },
        )
        self.send({"conversation": conversation, "step": STEP})

    def set_link(self, conversation: str, address: str) -> None:
        state = json.loads(self.state(conversation)["state"]["S"])
        state["link"]["address"] = address
        self._dynamodb.update_item(
            TableName=self._table,
            Key={"conversation": {"S": conversation}, "part": {"S": "state"}},
            UpdateExpression="SET #s = :s",
            ExpressionAttributeNames={"#s": "state"},
            ExpressionAttributeValues={":s": {"S": json.dumps(state)}},
        )

    def send(self, body: dict[str, object]) -> None:
        self._sqs.send_message(
            QueueUrl=self._queue,
            MessageBody=json.dumps(body),
            MessageGroupId=str(body["conversation"]),
            MessageDeduplicationId=uuid.uuid4().hex,
        )


@pytest.fixture
def victim() -> Desk:
    """She is signed in, and her list is on her phone."""
    signed_in = desk()
    signed_in.signed_in()
    return signed_in


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(outbox_worker, "count", lambda name, number=1: names.append(name) if number else None)
    monkeypatch.setattr(message_sender, "count", lambda name, number=1: names.append(name) if number else None)
    return names


def fetches_hers(role: Role, hers: str, person: dict[str, str]) -> None:
    """Have her document fetched with a copy of her sealed token, which nobody has to open for that."""
    state = role.state(hers)
    listing = json.loads(state["state"]["S"])["session"]["listing"]
    sealed = {"token": json.loads(state["sealed"]["S"])["token"]}
    role.write(hers, person, FetchDocument(1, listing), sealed)


def his_conversation(victim: Desk) -> str:
    """He is signed in as himself, in a chat of his own."""
    victim.clock.now += 60  # the same made-up number: the pause between two OTPs
    for text in ("Hi", "1", "yes", "I agree", "999999990019", "246813"):
        victim.gets(victim.text(text, **{"from": HIS, "from_user_id": HIS_ID}))
    return conversation_id(PEPPER, PHONE_NUMBER_ID, HIS_ID)


@pytest.mark.parametrize("person", [{"phone": HIS}, {"user_id": HIS_ID}, {"phone": HIS, "user_id": HIS_ID}])
def test_her_document_is_not_fetched_for_somebody_who_was_put_in_her_place(
    victim: Desk, counted: list[str], person: dict[str, str]
) -> None:
    sent, calls = len(victim.whatsapp.sent), len(victim.locker.calls)
    fetches_hers(Role(victim), HERS, person)
    victim.work()
    assert victim.whatsapp.sent[sent:] == []
    assert victim.locker.calls[calls:] == []
    assert "ForeignWork" in counted
    assert victim.aws.items()["state"]["outbox"]["M"] == {}


def test_a_number_that_was_put_beside_her_user_id_is_not_written_to(victim: Desk) -> None:
    fetches_hers(Role(victim), HERS, {"phone": HIS, "user_id": HER_ID})
    victim.work()
    assert (victim.whatsapp.to[-1].phone, victim.whatsapp.to[-1].user_id) == (None, HER_ID)


def test_who_is_put_in_her_place_while_her_document_is_fetched_does_not_get_it(
    victim: Desk, counted: list[str]
) -> None:
    role, sent = Role(victim), len(victim.whatsapp.sent)

    def meanwhile() -> None:
        victim.aws.client("dynamodb").update_item(
            TableName=victim.aws.environment["CONVERSATIONS_TABLE"],
            Key={"conversation": {"S": HERS}, "part": {"S": "state"}},
            UpdateExpression="SET person = :p, version = version + :one",
            ExpressionAttributeValues={":p": {"S": json.dumps({"user_id": HIS_ID})}, ":one": {"N": "1"}},
        )

    victim.locker.meanwhile = [meanwhile]
    victim.says("1")
    assert "fetch_document" in victim.locker.calls
    assert victim.whatsapp.sent[sent:] == []
    assert HIS_ID in role.state(HERS)["person"]["S"]


def test_silence_still_ends_a_session_in_which_somebody_was_put_in_her_place(victim: Desk) -> None:
    victim.aws.client("dynamodb").update_item(
        TableName=victim.aws.environment["CONVERSATIONS_TABLE"],
        Key={"conversation": {"S": HERS}, "part": {"S": "state"}},
        UpdateExpression="SET person = :p, version = version + :one",
        ExpressionAttributeValues={":p": {"S": json.dumps({"user_id": HIS_ID})}, ":one": {"N": "1"}},
    )
    sent = len(victim.whatsapp.sent)
    victim.clock.now += 901
    victim.time_runs_out()
    assert "revoke" in victim.locker.calls
    assert victim.whatsapp.sent[sent:] == []


def test_her_token_does_not_open_in_his_conversation(victim: Desk) -> None:
    role, his = Role(victim), his_conversation(victim)
    sealed = {"token": json.loads(role.state(HERS)["sealed"]["S"])["token"]}
    listing = json.loads(role.state(his)["state"]["S"])["session"]["listing"]
    sent, calls = len(victim.whatsapp.sent), len(victim.locker.calls)
    # The state holds a token of his own, which would be taken in place of this one.
    victim.aws.client("dynamodb").update_item(
        TableName=victim.aws.environment["CONVERSATIONS_TABLE"],
        Key={"conversation": {"S": his}, "part": {"S": "state"}},
        UpdateExpression="SET sealed = :none",
        ExpressionAttributeValues={":none": {"S": "{}"}},
    )
    role.write(his, {"user_id": HIS_ID}, FetchDocument(1, listing), sealed)
    with pytest.raises(Exception, match="InvalidCiphertext"):
        victim.work()
    assert victim.whatsapp.sent[sent:] == []
    assert victim.locker.calls[calls:] == []


def her_pdf(victim: Desk) -> tuple[str, str]:
    """Her document is delivered by link, and lies in the bucket for minutes: its key, and the callback data."""
    (reply,) = victim.says("1")
    (key,) = victim.aws.pdfs()
    victim.aws.client("s3").put_object(
        Bucket=victim.aws.environment["DOCUMENTS_BUCKET"], Key=key, Body=b"%PDF-1.7 HERS"
    )
    return key, str(reply["callback"])


@pytest.mark.parametrize("callback", [None, "", "hers", "hers for his", "made up"])
def test_her_pdf_is_not_sent_to_his_chat_by_a_report_that_names_both(victim: Desk, callback: str | None) -> None:
    key, signed = her_pdf(victim)
    his = his_conversation(victim)
    listing = json.loads(Role(victim).state(his)["state"]["S"])["session"]["listing"]
    written = {
        "hers": signed,
        "hers for his": signed.replace(HERS, his, 1),
        "made up": f"{his}:{key}:1:{listing}:link:{'0' * 64}",
    }
    sent = len(victim.whatsapp.sent)
    body = {"conversation": his, "undelivered": key, "number": 1, "listing": listing, "uploaded": False}
    Role(victim).send(body if callback is None else body | {"callback": written.get(callback, "")})
    victim.work()
    assert victim.whatsapp.uploaded == []
    assert victim.whatsapp.sent[sent:] == []


@pytest.mark.parametrize("key", ["directory/claim.json", "hers"])
def test_nothing_is_deleted_by_a_report_that_was_made_up(victim: Desk, key: str) -> None:
    hers, _ = her_pdf(victim)
    key = hers if key == "hers" else key
    bucket = {"Bucket": victim.aws.environment["DOCUMENTS_BUCKET"]}
    victim.aws.client("s3").put_object(**bucket, Key="directory/claim.json", Body=b"{}")
    callback = f"{HERS}:{key}:1:x:link:{'0' * 64}"
    Role(victim).send({"conversation": HERS, "delivered": key, "callback": callback})
    victim.work()
    there = victim.aws.client("s3").list_objects_v2(**bucket)["Contents"]
    assert {found["Key"] for found in there} == {hers, "directory/claim.json"}


def test_her_pdf_is_neither_sent_nor_deleted_by_a_step_of_another_conversation(
    victim: Desk, counted: list[str]
) -> None:
    key, _ = her_pdf(victim)
    role, his = Role(victim), his_conversation(victim)
    listing = json.loads(role.state(his)["state"]["S"])["session"]["listing"]
    sent = len(victim.whatsapp.sent)
    for uploaded in (False, True):
        deliver = DeliverDocument("en", number=1, listing=listing, key=key, uploaded=uploaded)
        role.write(his, {"user_id": HIS_ID}, deliver, {})
        victim.work()
    role.write(his, {"user_id": HIS_ID}, DeletePdf(key), {})
    victim.work()
    assert victim.whatsapp.sent[sent:] == []
    assert victim.whatsapp.uploaded == []
    assert victim.aws.pdfs() == [key]
    assert counted.count("ForeignWork") == 2


def test_the_key_of_a_pdf_follows_from_nothing_that_stands_in_table_queue_or_log(victim: Desk) -> None:
    first, _ = her_pdf(victim)
    assert first.startswith(f"documents/{HERS}/")
    victim.aws.put_secret("OUTBOUND_SECRET_ARN", {**OUTBOUND_SECRET, "tracking_key": "another"})
    steps = json.loads(Role(victim).state(HERS)["seen"]["S"])
    assert not [step for step, _ in steps if first == document_key("another", HERS, step)]
    assert [step for step, _ in steps if first == document_key("tracking-key", HERS, step)]


@pytest.mark.parametrize(
    "address",
    [
        "https://digilocker-gov-in.example/signin?state={state}",
        "https://digilocker.example.evil.example/authorize?state={state}",
        "https://digilocker.example@evil.example/authorize?state={state}",
        "http://digilocker.example/authorize?state={state}",
        "//evil.example/?state={state}",
    ],
)
def test_the_page_before_digilocker_leads_to_digilocker_only(address: str) -> None:
    she = desk(on_page=True)
    state = she.at_link()
    assert she.consenting.start({"s": [state]}, "en")["statusCode"] == 200
    (cookie,) = she.consenting.start({"s": [state]}, "en")["multiValueHeaders"]["Set-Cookie"]
    Role(she).set_link(HERS, address)
    with mock.patch("helpdesk.service.consent_pages.count") as count:
        page = she.consenting.start({"s": [state]}, "en")
        assert page == she.consenting.answer({"s": [state]}, "action=agree", [cookie], "same-origin", "en")
    assert page["statusCode"] == 410
    assert she.work() == 0
    assert "evil" not in page["body"]
    assert "digilocker-gov-in" not in page["body"]
    assert mock.call("ForeignLinks") in count.mock_calls


def test_a_link_that_leads_elsewhere_is_not_sent() -> None:
    """Who faces the internet can seal, and so could seal an address of his own."""
    she = desk(on_page=True)
    she.at_link()
    hers = HERS
    seal = she.receiver._turns._seal
    sealed = seal.seal("https://evil.example/start?s=x", hers, LINK, ends_at=int(she.clock.now) + 600)
    sent = len(she.whatsapp.sent)
    Role(she).write(hers, {"user_id": HER_ID}, OfferLink("en", Text("link")), {LINK: sealed})
    she.work()
    assert she.whatsapp.sent[sent:] == []


# --- until `make deploy` has moved the pepper, and made the key -------------------------------------------------------


def not_moved_yet(victim: Desk) -> None:
    victim.aws.put_secret("IDENTITY_SECRET_ARN", {**IDENTITY_SECRET, "id_pepper": ""})
    victim.aws.put_secret("WEBHOOK_SECRET_ARN", {**WEBHOOK_SECRET, "id_pepper": PEPPER})
    kept = ("whatsapp_access_token", "digilocker_client_id", "digilocker_client_secret")
    victim.aws.put_secret("OUTBOUND_SECRET_ARN", {name: OUTBOUND_SECRET[name] for name in kept})


def test_until_the_pepper_is_moved_everything_works_and_that_nobody_is_checked_is_counted() -> None:
    she = desk()
    not_moved_yet(she)
    with mock.patch("helpdesk.service.recipients.count") as count:
        she.signed_in()
        she.says("1")
    assert she.conversation_id == conversation_id(PEPPER, PHONE_NUMBER_ID, HER_ID)
    assert mock.call("IdentitiesUnchecked") in count.mock_calls
    assert len(she.aws.pdfs()) == 1


def test_her_conversation_goes_on_when_the_pepper_is_moved() -> None:
    she = desk()
    not_moved_yet(she)
    she.signed_in()
    (reply,) = she.says("1")
    she.aws.put_secret("IDENTITY_SECRET_ARN", IDENTITY_SECRET)
    she.aws.put_secret("WEBHOOK_SECRET_ARN", WEBHOOK_SECRET)
    she.aws.put_secret("OUTBOUND_SECRET_ARN", OUTBOUND_SECRET)
    she.clock.now += 301
    # A report on what was signed before is still believed.
    value = {"id": "wamid.x", "status": "delivered", "biz_opaque_callback_data": reply["callback"]}
    body = delivery(messages=[], statuses=[value])
    she.receiver.receive(body, signature(body))
    she.work()
    assert she.aws.pdfs() == []
    (reply,) = she.says("2")
    assert "header" in reply["interactive"]
    assert len({item["conversation"]["S"] for item in she.aws.items().values()}) == 1


def test_a_document_that_the_version_before_fetched_is_sent_by_this_one(victim: Desk) -> None:
    """It wrote a key that names no conversation; the step that fetched it does."""
    role, hers = Role(victim), HERS
    listing = json.loads(role.state(hers)["state"]["S"])["session"]["listing"]
    key = "documents/" + hashlib.sha256(f"document\n{hers}\n{STEP}".encode()).hexdigest()
    sent = len(victim.whatsapp.sent)
    role.write(hers, {"user_id": HER_ID}, DeliverDocument("en", number=1, listing=listing, key=key), {})
    victim.work()
    (reply,) = victim.whatsapp.sent[sent:]
    assert key in reply["interactive"]["header"]["document"]["link"]


# --- bad statuses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        f"{'0' * 32}:documents/{'a' * 64}:{'9' * 300}:x:link",
        f"{'0' * 32}:documents/{'a' * 4000}:1:x:link",
        f"{'0' * 32}:documents/{'a' * 64}:1:{'x' * 400}:link",
        12,
        None,
        {"a": 1},
        ["x"],
        "\ud800",
    ],
)
@pytest.mark.parametrize("status", ["delivered", "failed"])
def test_one_bad_status_does_not_keep_the_others_from_being_done(victim: Desk, bad: object, status: str) -> None:
    _, callback = her_pdf(victim)
    errors: list[object] = [{"code": 131053}, {"code": 10**400}, {"code": "x"}, None, 7]
    values = [
        {"id": "wamid.bad", "status": status, "biz_opaque_callback_data": bad, "errors": errors},
        {"id": "wamid.good", "status": "delivered", "biz_opaque_callback_data": callback},
    ]
    body = delivery(messages=[], statuses=values)
    victim.receiver.receive(body, signature(body))
    victim.work()
    assert victim.aws.pdfs() == []


def test_a_status_that_cannot_be_followed_is_skipped_and_counted(victim: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _, callback = her_pdf(victim)
    follow = inbound._follow_up

    def fails_for_the_first(status: Any) -> Any:
        if status.callback_data == "bad":
            raise OverflowError
        return follow(status)

    monkeypatch.setattr(inbound, "_follow_up", fails_for_the_first)
    values = [{"id": "wamid.1", "status": "delivered", "biz_opaque_callback_data": data} for data in ("bad", callback)]
    body = delivery(messages=[], statuses=values)
    with mock.patch("helpdesk.service.inbound.count") as count:
        victim.receiver.receive(body, signature(body))
    assert mock.call("StatusesSkipped") in count.mock_calls
    victim.work()
    assert victim.aws.pdfs() == []
