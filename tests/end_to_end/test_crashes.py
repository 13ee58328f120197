"""Functions that die in the middle of their work: the deployed stack carries each conversation to its end all the same.

`tests/replay` dies at every call of a conversation, on models; here the process of a deployed function is killed at a
few of them (SIGKILL), and everything else is the local AWS's. A stand-in kills the function that calls it, before the
call takes effect or after (`standins/callers.py`); for the webhook function, which calls nobody but AWS, a gate before
the queue does it.

A job whose function died comes back when the queue's visibility timeout is over. As deployed that is 60 s, which is set
lower here, and the conversations wait for it together.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from helpdesk.service.identity import conversation_id
from helpdesk.storage.conversations import ConversationStore, Stored
from standins import callers
from standins.digilocker.citizens import everyone
from standins.local_stack import LocalStack
from tests.end_to_end.conftest import Citizen, new_phone
from tests.end_to_end.phone import Bubble

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="processes are looked up in /proc")

AADHAAR, OTP, PAN = "<her Aadhaar number>", "<the OTP>", "PAN"
CONVERSATION = {
    "Hi": "Welcome",
    "1": "Do you have",
    "yes": "Do you agree?",
    "I agree": "12-digit",
    AADHAAR: "OTP is on its way",
    OTP: "Your documents",
    PAN: "PAN card.pdf",
    "Done": "signed out",
}
"""What she says, and words of the answer."""
LINES = list(CONVERSATION)
QUESTION = "you need a new OTP"
"""The one honest question, where DigiLocker has consumed the OTP and its answer is lost."""
LANES = ("WorkQueue", "ReplyQueue")
_INVISIBLE = 20
"""Seconds until a job whose function died comes back: longer than any such job takes, or it would be done twice."""
_VISIBLE_AGAIN = 150.0
"""Seconds that she waits for the answer to a job that died: far more than that."""
_SOON = 60.0
"""Seconds that anything else may take at the most."""


@dataclass(frozen=True)
class Point:
    """Where the document function dies: at a call to a stand-in, while it works on what she said.

    `after`: the call has taken effect, and only its answer is lost. `who` is the citizen of this conversation; each
    has a locker and a mobile of her own.
    """

    name: str
    said: str
    service: str
    endpoint: str
    who: str
    after: bool = False
    question: bool = False

    def __str__(self) -> str:
        """Return its name."""
        return self.name


POINTS = (
    Point("after the OTP was redeemed", OTP, "digilocker", "token", "JOSEPH MATHEW", after=True, question=True),
    Point("after the OTP was sent", AADHAAR, "digilocker", "code", "IMRAN KHAN", after=True),
    Point("before WhatsApp got the list", OTP, "whatsapp", "messages", "KAVITA JOSHI"),
    Point("after the file was fetched", PAN, "digilocker", "file", "MOHAN SINGH", after=True),
    Point("before WhatsApp got the document", PAN, "whatsapp", "messages", "LAKSHMI NARAYANAN"),
    Point("after WhatsApp took the document", PAN, "whatsapp", "messages", "ASHA VERMA", after=True),
)


@dataclass(frozen=True)
class Ended:
    """What a conversation came to."""

    answers: Counter[str]
    """How often each was sent, by its words."""
    others: tuple[str, ...]
    questions: int
    pdfs: tuple[bytes, ...]
    otps: int
    stored: Stored
    tokens: int


class Conversation:
    """One citizen's way through the conversation."""

    def __init__(self, stack: LocalStack, citizen: Citizen) -> None:
        self._stack = stack
        self._citizen = citizen
        self._otps_before = self._otps()
        self._tokens_before = self._tokens()
        self.phone = new_phone(stack.chat_url, citizen)

    def say(self, said: str) -> None:
        """Say something, whatever comes of it."""
        self.phone.say({AADHAAR: self._citizen["aadhaar"], OTP: ""}.get(said, said) or self.phone.otp())

    def hear(self, said: str, within: float = _SOON) -> None:
        """Wait for the answer to what she said."""
        self.phone.expect(CONVERSATION[said], within=within)

    def answer_the_question(self) -> None:
        """Have a new OTP sent where hers was used up, and type that."""
        self.phone.expect(QUESTION, within=_VISIBLE_AGAIN)
        self.phone.tap("Resend")
        self.hear(AADHAAR)
        self.say(OTP)

    def go_until(self, said: str) -> None:
        """Have the conversation up to what she is to say next."""
        for earlier in LINES[: LINES.index(said)]:
            self.say(earlier)
            self.hear(earlier)

    def go_on_after(self, said: str) -> None:
        """Wait for the answer to what she said, and have the rest."""
        self.hear(said, within=_VISIBLE_AGAIN)
        for later in LINES[LINES.index(said) + 1 :]:
            self.say(later)
            # Where an answer had come before its function died, the job still holds up what she says next.
            self.hear(later, within=_VISIBLE_AGAIN)

    def stored(self) -> Stored:
        """What the table holds of it."""
        secret = self._stack.client("secretsmanager").get_secret_value(
            SecretId=self._stack.outputs["IdentitySecretArn"]
        )
        pepper = json.loads(secret["SecretString"])["id_pepper"]
        with self._stack.simulator.world.lock:
            person = self._stack.simulator.world.phones.at(self.phone.number).user_id
        store = ConversationStore(self._stack.client("dynamodb"), self._stack.outputs["ConversationsTableName"])
        return store.load(conversation_id(pepper, self._stack.config.phone_number_id, person))

    def ended(self) -> Ended:
        """Say what it came to, once nothing is left to be done."""
        eventually(lambda: not self.stored().outbox)
        bubbles = [bubble for bubble in self.phone.chat() if bubble.sender == "desk"]
        known = [next((words for words in CONVERSATION.values() if shows(bubble, words)), "") for bubble in bubbles]
        unknown = [bubble.text for bubble, words in zip(bubbles, known, strict=True) if not words]
        return Ended(
            answers=Counter(filter(None, known)),
            others=tuple(text for text in unknown if QUESTION not in text),
            questions=sum(QUESTION in text for text in unknown),
            pdfs=tuple(self.phone.document(bubble) for bubble in bubbles if bubble.filename),
            otps=self._otps() - self._otps_before,
            stored=self.stored(),
            tokens=self._tokens() - self._tokens_before,
        )

    def _tokens(self) -> int:
        world = self._stack.simulator.world
        with world.lock:
            sessions = [world.accounts.session(token) for token in world.accounts.tokens()]
        return sum(one is not None and one.citizen.aadhaar == self._citizen["aadhaar"] for one in sessions)

    def _otps(self) -> int:
        with self._stack.simulator.world.lock:
            return sum(sms.otp is not None for sms in self._stack.simulator.world.sms.of(self._citizen["mobile"]))


def shows(bubble: Bubble, words: str) -> bool:
    return words in bubble.text or words in bubble.filename


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + _SOON
    while not holds():
        assert time.monotonic() < deadline, "it never held"
        time.sleep(0.1)


def dropped(stack: LocalStack) -> int:
    """Count the calls that got no answer. A kill that finds no function to kill is answered with 500."""
    with stack.simulator.world.lock:
        return sum(call.status is None for call in stack.simulator.world.calls)


def die_at(stack: LocalStack, point: Point, conversation: Conversation) -> None:
    """Say what makes the function die."""
    before = dropped(stack)
    stack.simulator.world.faults.set({point.service: {point.endpoint: {"kill": True, "after": point.after}}})
    conversation.say(point.said)
    eventually(lambda: dropped(stack) == before + 1)


def carry_on(point: Point, conversation: Conversation) -> Ended:
    """Wait for the answer that was lost, and go on to the end."""
    if point.question:
        conversation.answer_the_question()
    conversation.go_on_after(point.said)
    return conversation.ended()


@pytest.fixture(scope="module")
def soon_back(stack: LocalStack) -> Iterator[None]:
    """Have a job whose function died come back sooner than as deployed."""
    queues, urls = stack.client("sqs"), [stack.physical_id(lane) for lane in LANES]
    deployed = queues.get_queue_attributes(QueueUrl=urls[0], AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert int(deployed["VisibilityTimeout"]) > _INVISIBLE
    for url in urls:
        queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(_INVISIBLE)})
    try:
        yield
    finally:
        for url in urls:
            queues.set_queue_attributes(QueueUrl=url, Attributes=deployed)


@pytest.fixture(scope="module")
def crashed(stack: LocalStack, everybody: list[Citizen], soon_back: None) -> Iterator[dict[Point, Future[Ended]]]:
    """Each conversation with one crash, at its end."""
    stack.simulator.world.faults.reset()
    with stack.simulator.world.lock:
        stack.simulator.world.accounts.otps.forget_flooding()
    of = {citizen["name"]: citizen for citizen in everybody}
    conversations = {point: Conversation(stack, of[point.who]) for point in POINTS}
    try:
        with ThreadPoolExecutor(len(POINTS)) as pool:
            # One after the other: the local AWS works on one job at a time, and a switch holds for whoever calls next.
            for point, conversation in conversations.items():
                conversation.go_until(point.said)
            for point, conversation in conversations.items():
                die_at(stack, point, conversation)
            ends = {point: pool.submit(carry_on, point, conversations[point]) for point in POINTS}
        yield ends
    finally:
        for conversation in conversations.values():
            conversation.phone.close()


@pytest.fixture
def ended(crashed: dict[Point, Future[Ended]], point: Point) -> Ended:
    """One of them. Raises NotAnsweredError where it did not come to an end."""
    return crashed[point].result()


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_she_gets_her_document_and_every_answer_once_or_twice(ended: Ended, point: Point) -> None:
    issued = next(citizen for citizen in everyone() if citizen.name == point.who).issued[0]

    assert set(ended.pdfs) == {issued.content()}
    assert set(ended.answers) == set(CONVERSATION.values())
    assert set(ended.answers.values()) <= {1, 2}
    assert not ended.others


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_she_is_asked_for_another_otp_only_where_hers_was_used_up(ended: Ended, point: Point) -> None:
    assert ended.questions == point.question
    assert ended.otps <= 2


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_nothing_is_left_of_her(ended: Ended, point: Point) -> None:
    assert not ended.stored.outbox
    assert not ended.stored.sealed
    assert not ended.stored.conversation.session
    assert not ended.stored.conversation.documents
    # Where the answer with the token was lost, nobody can revoke it: it dies by itself.
    assert ended.tokens == point.question


def test_no_job_and_no_pdf_is_left_of_anybody(stack: LocalStack, crashed: dict[Point, Future[Ended]]) -> None:
    assert crashed
    eventually(lambda: not any(jobs(stack, lane) for lane in LANES))
    bucket = stack.outputs["DocumentsBucketName"]
    eventually(lambda: not stack.client("s3").list_objects_v2(Bucket=bucket, Prefix="documents/")["KeyCount"])
    assert not jobs(stack, "WorkDeadLetterQueue")
    assert not jobs(stack, "ReplyDeadLetterQueue")
    assert not jobs(stack, "TimerDeadLetterQueue")


def jobs(stack: LocalStack, queue: str) -> int:
    """Count the messages of a queue, in flight ones too."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    asked = stack.client("sqs").get_queue_attributes(QueueUrl=stack.physical_id(queue), AttributeNames=names)
    return sum(int(asked["Attributes"][name]) for name in names)


# --- the webhook function ---------------------------------------------------------------------------------------------


class Gate:
    """Stands before the queue, and kills the function that first sends a batch: before it gets through, or after."""

    def __init__(self, emulator_url: str, *, after: bool) -> None:
        self.killed: list[int] = []
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                batch = self.headers["X-Amz-Target"].endswith("SendMessageBatch")
                kills = batch and not gate.killed
                answer = None if kills and not after else self._pass_on(body)
                if kills:
                    gate.killed.append(callers.kill(self.client_address[1], gate.port))
                elif answer is not None:
                    self.send_response(answer.status_code)
                    for name in ("Content-Type", "Content-Length"):
                        self.send_header(name, answer.headers[name])
                    self.end_headers()
                    self.wfile.write(answer.content)

            def _pass_on(self, body: bytes) -> requests.Response:
                return requests.post(emulator_url, body, headers=dict(self.headers), timeout=_SOON)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def sending_by(stack: LocalStack, port: int) -> Iterator[None]:
    """Have the webhook function reach its queue at another port, in a version of its own."""
    functions = stack.client("lambda")
    name = stack.physical_id("WebhookFunction")
    deployed = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed: dict[str, Any] = variables | {"AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{port}"}
    try:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
        version = functions.publish_version(FunctionName=name)["Version"]
        functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
        yield
    finally:
        functions.update_alias(FunctionName=name, Name="live", FunctionVersion=deployed)
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@pytest.mark.parametrize("after", [False, True], ids=["before the job was queued", "after the job was queued"])
def test_a_message_whose_webhook_died_after_its_write_is_delivered_again_and_answered_once(
    stack: LocalStack, citizen: Citizen, after: bool
) -> None:
    conversation = Conversation(stack, citizen)
    gate = Gate(stack.emulator_url, after=after)
    try:
        with sending_by(stack, gate.port):
            conversation.say("Hi")
            conversation.hear("Hi")
            eventually(lambda: not conversation.stored().outbox)
        conversation.say("1")
        conversation.hear("1")
        chat = conversation.phone.chat()
    finally:
        gate.close()
        conversation.phone.close()

    assert len(gate.killed) == 1
    said = [bubble for bubble in chat if bubble.sender == "desk"]
    assert [next((words for words in CONVERSATION.values() if shows(bubble, words)), "") for bubble in said] == [
        CONVERSATION["Hi"],
        CONVERSATION["1"],
    ]
    assert not jobs(stack, "WorkDeadLetterQueue")
    assert not jobs(stack, "ReplyDeadLetterQueue")
