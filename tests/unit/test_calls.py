"""What each thing that happens costs in calls that leave the functions. Exact: a call more or less turns this red."""

import hmac
import logging
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unittest import mock

import boto3
import pytest
import requests
import responses
from botocore.session import Session

from capacity_model import cost, facts
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.service import message_sender
from helpdesk.storage.secrets import CACHE_SECONDS, REFRESH_SECONDS
from helpdesk.whatsapp.client import WhatsAppClient
from helpdesk.whatsapp.messages import Recipient, TextMessage
from tests.benchmarks.counting import (
    CODE,
    DELETE,
    DOCUMENT,
    EXCHANGE,
    FILE,
    GET,
    ISSUED,
    KEEP,
    OPEN,
    PUT,
    QUERY,
    QUEUE,
    REPLY,
    REVOKE,
    SEAL,
    SECRET,
    SEND,
    TIMER,
    TRANSACTION,
    TURN,
    TYPING,
    UPDATE,
    UPLOADED,
    VERIFY,
    WEBHOOK,
    CountingDesk,
    Counts,
    charged,
    costs,
)
from tests.conversations.chat import transcripts
from tests.replay.crash_points import conversation
from tests.replay.desk import QuietReplier
from tests.replay.outside import Received
from tests.world.cloud import Cloud, invocation


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    logging.disable()  # what the functions log is not what this is about
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True, scope="module")
def never_slow() -> Iterator[None]:
    """However busy the machine, the two seconds until "typing" are not over."""
    with mock.patch.object(message_sender, "TYPING_AFTER_SECONDS", 3600.0):
        yield


@pytest.fixture(scope="module")
def measured(quiet: None, never_slow: None) -> dict[str, tuple[Counts, Counts]]:
    return costs()


def aws(counts: Counts) -> int:
    """How many of the calls went to AWS."""
    return sum(number for name, number in counts.items() if not name.startswith(("digilocker.", "whatsapp.")))


def of(service: str, counts: Counts) -> int:
    return sum(number for name, number in counts.items() if name.startswith(f"{service}."))


def statuses(message: Received, desk: CountingDesk, *what: str) -> list[dict[str, Any]]:
    return [desk._status(message, status) for status in what]


def document(desk: CountingDesk) -> Received:
    return next(message for message in desk.whatsapp.received if message.pdf)


# statuses


@pytest.mark.parametrize("what", ["sent", "delivered", "read", "failed", "played", "something new"])
def test_the_status_of_a_reply_costs_nothing(what: str) -> None:
    desk = CountingDesk()
    desk.go_to("[DigiLocker Services]")
    (welcome,) = desk.whatsapp.received

    assert desk.posted(statuses=statuses(welcome, desk, what)) == {}


def test_a_documents_status_costs_one_send_if_it_has_arrived_and_then_one_deletion() -> None:
    desk = CountingDesk()
    desk.go_to("2")
    desk.said("2")
    desk.worked()

    assert desk.posted(statuses=statuses(document(desk), desk, "sent")) == {}
    assert desk.posted(statuses=statuses(document(desk), desk, "delivered")) == {QUEUE: 1}
    assert desk.worked() == {DELETE: 1}


def test_many_statuses_of_a_document_in_one_delivery_cost_one_send() -> None:
    desk = CountingDesk()
    desk.go_to("[Other documents]")

    four = statuses(document(desk), desk, "sent", "delivered", "read", "delivered")

    assert desk.posted(statuses=four) == {QUEUE: 1}


# what she writes


@pytest.mark.parametrize("line", WEBHOOK)
def test_a_message_costs_what_the_tables_say(line: str, measured: dict[str, tuple[Counts, Counts]]) -> None:
    cold = {SECRET: 2} if line == "Hi" else {}

    assert measured[line] == (WEBHOOK[line] | cold, DOCUMENT[line] | cold)


def test_a_text_or_a_tap_costs_three_calls_in_the_webhook_and_four_with_something_to_seal() -> None:
    assert {line: aws(counts) for line, counts in WEBHOOK.items() if aws(counts) != 3} == {
        "<her Aadhaar number>": 4,
        "<the OTP>": 4,
    }
    assert {line: counts - Counter(TURN) for line, counts in counters(WEBHOOK).items() if counts != TURN} == {
        "<her Aadhaar number>": {SEAL: 1},
        "<the OTP>": {SEAL: 1},
        "[Done]": {TRANSACTION: 1},
    }


def test_jobs_cost_more_than_their_reply_only_where_it_is_said_why() -> None:
    """A reply: one query, one update, one call to WhatsApp. A document: three reads and writes, and one of the rest."""
    beyond = {line: counts - Counter(REPLY) for line, counts in counters(DOCUMENT).items() if counts != REPLY}

    # The transaction in place of a third write, since a list of documents and its state change together.
    assert beyond.pop("<the OTP>")[TRANSACTION] == 1
    assert beyond == {
        "[I agree]": {PUT: 1},
        "<her Aadhaar number>": {OPEN: 1, VERIFY: 1, CODE: 1, SEAL: 1, GET: 1, PUT: 1, UPDATE: 1, TIMER: 1},
        "2": {OPEN: 1, FILE: 1, KEEP: 1, UPDATE: 1, TIMER: 1},
        "[Done]": {OPEN: 1, REVOKE: 1},
    }


def test_a_document_costs_one_call_to_each_and_one_timer() -> None:
    job = DOCUMENT["2"]

    assert of("digilocker", job) == of("whatsapp", job) == 1
    assert (job[KEEP], job[OPEN], of("dynamodb", job)) == (1, 1, 3)
    assert of("s3", job) == of("kms", job) == 1
    # The timer is the only further one: it deletes the PDF where WhatsApp never says "delivered".
    assert aws(job) == 3 + 1 + 1 + job[TIMER] == 6


def test_a_document_that_digilocker_takes_long_over_costs_one_more_call(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, shown = CountingDesk(), threading.Event()
    desk.go_to("2")
    desk.said("2")
    monkeypatch.setattr(QuietReplier, "typing", TYPES)
    monkeypatch.setattr(message_sender, "TYPING_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(desk.digilocker, "file", after(shown, desk.digilocker.file))
    monkeypatch.setattr(desk.whatsapp, "typing", lambda _message: shown.set())

    assert desk.worked() == DOCUMENT["2"] | {TYPING: 1}


TYPES = message_sender.MessageSender.typing
"""What the replay leaves out."""


def after(event: threading.Event, call: Any) -> Any:
    def waits(*args: Any) -> Any:
        assert event.wait(60)
        return call(*args)

    return waits


def test_the_messages_that_are_charged_for_are_those_of_the_cost_table() -> None:
    assert charged() == cost.CHARGED
    assert [cost.CHARGED[way] for way in ("in-chat", "in-chat.wish", "another document", "signing out")] == [7, 4, 2, 1]
    assert [cost.CHARGED[way] for way in ("consent-page", "consent-page.wish")] == [4, 2]


# signing in on DigiLocker's own page


@pytest.fixture
def away() -> CountingDesk:
    """She has the link."""
    desk = CountingDesk(next(one for one in transcripts() if one.name == "on_digilockers_page"))
    desk.go_to("[DigiLocker Services]")
    desk.said("[DigiLocker Services]")
    desk.worked()
    return desk


@pytest.fixture
def agreed(away: CountingDesk) -> CountingDesk:
    """She has agreed on our page."""
    away.agree()
    away.worked()
    return away


def opened(desk: CountingDesk, link: str = "") -> Counts:
    """Have the newest link opened, or another one; give what its page costs."""
    newest = next(message.link for message in reversed(desk.whatsapp.received) if message.link)
    query = {"s": [(link or newest).partition("?s=")[2]]}
    event = {"httpMethod": "GET", "resource": "/consent/start", "multiValueQueryStringParameters": query}
    return desk.counted(lambda: desk._invoke("consent", event))


def returned(desk: CountingDesk) -> Counts:
    """Have DigiLocker send her back; give what that page costs."""
    return desk.counted(lambda: desk._load("she agrees"))


def test_a_link_costs_no_call_of_digilocker_and_two_seals() -> None:
    desk = CountingDesk(next(one for one in transcripts() if one.name == "on_digilockers_page"))
    desk.go_to("[DigiLocker Services]")

    assert desk.said("[DigiLocker Services]") == TURN
    # The link and the verifier; then the link is opened for the message.
    assert desk.worked() == REPLY | {SEAL: 2, OPEN: 1, UPDATE: 2, TIMER: 1}


def test_the_page_before_digilocker_costs_one_read_however_often_it_is_opened(away: CountingDesk) -> None:
    assert [opened(away) for _ in range(3)] == [{QUERY: 1}] * 3


def test_a_call_that_no_link_has_the_form_of_costs_nothing(away: CountingDesk) -> None:
    assert opened(away, "https://desk.example/consent/start?s=x") == {}


def test_her_consent_costs_a_turn_and_its_record_and_no_message(away: CountingDesk) -> None:
    assert away.counted(away.agree) == TURN | {QUERY: 2}
    assert away.worked() == {QUERY: 1, PUT: 1, UPDATE: 1}
    # The same answer once more: nothing is written.
    assert away.counted(away.agree) == {QUERY: 2}


def test_the_way_back_costs_a_turn_with_the_code_to_seal(agreed: CountingDesk) -> None:
    assert returned(agreed) == TURN | {SEAL: 1}
    # Loaded again while its step stands in the outbox, and after that.
    assert returned(agreed) == {QUERY: 1, QUEUE: 1}
    agreed.worked()
    assert returned(agreed) == {QUERY: 1}


def test_the_exchange_costs_one_call_and_goes_on_to_the_list(agreed: CountingDesk) -> None:
    returned(agreed)

    assert agreed.worked() == {
        QUERY: 1,
        OPEN: 4,  # code and verifier; then the token, and what she shares
        EXCHANGE: 1,
        SEAL: 3,  # both tokens, and what she shares
        UPDATE: 2,
        ISSUED: 1,
        UPLOADED: 1,
        TRANSACTION: 1,
        SEND: 1,
    }


# once, not twice


def test_a_duplicate_costs_one_read_and_one_send_while_its_step_is_in_the_outbox() -> None:
    desk = CountingDesk()
    desk.go_to("[Yes]")
    desk.said("[Yes]")

    assert desk.again() == {QUERY: 1, QUEUE: 1}

    desk.worked()
    assert desk.again() == {QUERY: 1}


def test_a_job_that_is_done_already_costs_one_read() -> None:
    desk = CountingDesk()
    desk.go_to("[Yes]")
    desk.said("[Yes]")
    message = desk.cloud.reply.receive()
    assert message is not None
    event = invocation(desk.cloud.reply, message)

    assert desk.counted(lambda: desk._invoke("document", event)) == REPLY
    assert desk.counted(lambda: desk._invoke("document", event)) == {QUERY: 1}


def test_two_messages_in_one_delivery_cost_as_much_as_one() -> None:
    desk = CountingDesk()
    desk.go_to("[DigiLocker Services]")
    hello = {"from": desk.transcript.citizen.phone, "from_user_id": "IN.1234567890123456", "type": "text"}
    both = [
        hello | {"id": f"wamid.both-{text}", "timestamp": str(int(desk.clock.now)), "text": {"body": text}}
        for text in ("help", "menu")
    ]

    assert desk.posted(messages=both) == TURN


def test_a_secret_is_read_again_only_after_five_minutes() -> None:
    desk = CountingDesk()
    desk.go_to("[Yes]")
    began = desk.clock.now
    desk.clock.now = began + CACHE_SECONDS - 20
    assert SECRET not in desk.said("[Yes]")
    assert SECRET not in desk.worked()

    desk.clock.now = began + CACHE_SECONDS + 20
    assert desk.said("menu")[SECRET] == 2
    assert desk.worked()[SECRET] == 2


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"httpMethod": "POST", "headers": {"X-Hub-Signature-256": f"sha256={'0' * 64}"}, "body": "{}"}, 401),
        (
            {
                "httpMethod": "GET",
                "queryStringParameters": {"hub.mode": "subscribe", "hub.verify_token": "guessed", "hub.challenge": "1"},
            },
            403,
        ),
    ],
    ids=["a signature", "a verify token"],
)
def test_a_flood_of_guesses_costs_one_reading_of_the_secret_in_half_a_minute(call: dict[str, Any], status: int) -> None:
    desk = CountingDesk()
    desk.go_to("[Yes]")

    def guessed() -> Counts:
        answers: list[dict[str, Any] | None] = []
        counts = desk.counted(lambda: answers.extend(desk._invoke("webhook", call) for _ in range(20)))
        assert {answer and answer["statusCode"] for answer in answers} == {status}
        return counts

    assert guessed() == {SECRET: 1}
    desk.clock.now += REFRESH_SECONDS - 1
    assert guessed() == {}
    desk.clock.now += 1
    assert guessed() == {SECRET: 1}


def test_a_whole_conversation_builds_each_client_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built: Counter[str] = Counter()
    client, session = Cloud.client, requests.Session.__init__

    def made(cloud: Cloud, service: str, **more: Any) -> Any:
        built[service] += 1
        return client(cloud, service, **more)

    def opened(self: requests.Session) -> None:
        built["session of requests"] += 1
        session(self)

    monkeypatch.setattr(Cloud, "client", made)
    monkeypatch.setattr(requests.Session, "__init__", opened)
    # Whoever builds one outside of the functions' start meets this.
    monkeypatch.setattr(boto3, "client", mock.Mock(side_effect=AssertionError("a client is built later on")))
    monkeypatch.setattr(Session, "create_client", mock.Mock(side_effect=AssertionError("past boto3")))
    desk = CountingDesk()
    digilocker, whatsapp = mock.Mock(wraps=desk._digilocker_client), mock.Mock(wraps=desk._whatsapp_client)
    monkeypatch.setattr(desk, "_digilocker_client", digilocker)
    monkeypatch.setattr(desk, "_whatsapp_client", whatsapp)

    desk.run()

    # Both functions have these three services, the document function S3; one client reads both secrets of a function.
    assert built == {"dynamodb": 2, "sqs": 2, "kms": 2, "secretsmanager": 2, "s3": 1}
    assert digilocker.call_count == whatsapp.call_count == 1


# what else relies on these tables


def test_the_model_of_result_day_and_the_costs_take_over_what_is_counted() -> None:
    total = sum((*counters(WEBHOOK).values(), *counters(DOCUMENT).values()), Counter[str]())
    lines = {line.name: line.number for line in cost.lines()}

    assert [step.calls for step in facts.CONVERSATION] == [of("digilocker", job) for job in DOCUMENT.values()]
    assert of("whatsapp", total) == cost.REPLIES
    assert of("kms", total) == lines["KMS"]
    # One job more: the deletion of the PDF. One query more: the timer that ends the session.
    assert total[QUEUE] + 1 == cost.JOBS
    assert total[QUERY] + total[GET] + 1 == lines["DynamoDB, reads"]


# what a client's call is on the wire


@responses.activate
def test_a_file_is_one_request_and_a_message_is_one() -> None:
    content = b"%PDF-1.7 x"
    signed = b64encode(hmac.digest(b"secret", content, "sha256")).decode()
    responses.get("https://d.example/public/oauth2/1/file/in.gov.x-DRVLC-1", body=content, headers={"hmac": signed})
    responses.post("https://w.example/v26.0/1/messages", json={"messages": [{"id": "wamid.1"}]})
    digilocker = DigiLockerClient("https://d.example", "1.x", lambda: "id", lambda: "secret", clock=lambda: 0.0)
    whatsapp = WhatsAppClient("https://w.example", "v26.0", "1", lambda: "token")

    digilocker.file("token", "in.gov.x-DRVLC-1", 10.0)
    assert len(responses.calls) == 1

    whatsapp.send(Recipient(phone="919000000001", user_id=None), TextMessage("Hello"))
    assert len(responses.calls) == 2


def counters(table: dict[str, Counts]) -> dict[str, Counter[str]]:
    return {line: Counter(counts) for line, counts in table.items()}


# bringing a document in


def test_finding_a_document_costs_no_call_to_digilocker_and_its_parameters_cost_one() -> None:
    desk = bringing_in("PAN", "bringing_in_what_is_there")
    assert desk.said("PAN") == {**TURN, SEAL: 1}
    # What was found and what is asked are written down one after the other.
    assert desk.worked() == {**REPLY, OPEN: 1, "s3.get_object": 1, UPDATE: 3, "digilocker.pull_parameters": 1}


def test_the_directory_is_read_once_and_searched_in_memory() -> None:
    desk = bringing_in("driving licence")
    desk.said("driving licence")
    desk.worked()
    for word in ("back", "driving licence"):
        desk.finish()
        desk.said(word)
        assert "s3.get_object" not in desk.worked()


def test_a_pull_costs_one_call_and_the_document_another() -> None:
    desk = bringing_in("[Send]")
    assert desk.said("[Send]") == TURN
    # What she entered and the token are opened for the pull, the token again for the file; her list grows.
    pulled = {"digilocker.pull_document": 1, OPEN: 3, TRANSACTION: 1}
    assert desk.worked() == {**DOCUMENT["2"], **pulled}


def bringing_in(line: str, name: str = "bringing_in_a_licence") -> CountingDesk:
    desk = CountingDesk(conversation(name))
    desk.go_to(line)
    desk.finish()
    return desk
