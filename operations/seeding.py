"""Brings chats of the local stack to the points where the sample events belong: `make events` beside `make run`.

The desk's own code does it, run in this process on the local AWS: signed messages go through the webhook's receiver and
jobs through the document function's handler. So what lies in the table, sealed with the local key, is what the desk
itself wrote. Only the work queue is another one: there the last job of a chat stays, to become a sample.
"""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3

from helpdesk import bootstrap
from helpdesk.conversation.choices import Choice, tap_id
from helpdesk.conversation.model import Conversation, Rules, Session, Stage
from helpdesk.service.handling import QueueMessage
from helpdesk.service.identity import conversation_id, document_key
from helpdesk.service.tracking import Tracking
from helpdesk.storage.conversations import ConversationStore
from helpdesk.telemetry import logger, metrics
from operations.samples import OF_NOBODY, STEP, Desk, Message, Occasions, Status, said, sign, tap, text
from simulator.phone import Phone

_PDF = b"%PDF-1.4\n% a sample\n%%EOF\n"
_FIRST_PHONE = 919000200000
"""The phones of the samples; those of the stand-ins' own citizens stay free for trying things out by hand."""


@dataclass(frozen=True)
class Citizen:
    """Whom a chat signs in as: her Aadhaar number, and the mobile that her OTPs go to."""

    aadhaar: str
    mobile: str


@dataclass(frozen=True)
class Seeded:
    """What the samples are about, and from whose phone each chat was held, by the samples' names."""

    occasions: Occasions
    phones: Mapping[str, str]


class LocalDesk:
    """The desk's code on the local AWS, with a work queue of its own."""

    def __init__(self, desk: Desk, environments: Mapping[str, Mapping[str, str]], pepper: str, queue_url: str) -> None:
        """`environments`: of the deployed functions, by their logical ids. `queue_url`: of that queue."""
        self.desk = desk
        self._settings = environments["DocumentFunction"]
        self._pepper = pepper
        self._queue_url = queue_url
        self._sqs = boto3.client("sqs")
        self._dynamodb = boto3.client("dynamodb")
        self._receiver = bootstrap.receiver({**environments["WebhookFunction"], "WORK_QUEUE_URL": queue_url})
        self._handler = bootstrap.document_handler({**self._settings, "WORK_QUEUE_URL": queue_url})
        self._store = ConversationStore(self._dynamodb, self._settings["CONVERSATIONS_TABLE"])

    @property
    def session_seconds(self) -> int:
        """After how long a silence she is signed out."""
        return int(self._settings["SESSION_SECONDS"])

    def conversation(self, message: Message) -> str:
        """Give the id of the chat that a message belongs to."""
        return conversation_id(self._pepper, self.desk.phone_number_id, message.user_id)

    def forget(self, identity: str) -> None:
        """Take out what an earlier run has left of a chat."""
        for part in ("state", "documents"):
            key = {"conversation": {"S": identity}, "part": {"S": part}}
            self._dynamodb.delete_item(TableName=self._settings["CONVERSATIONS_TABLE"], Key=key)

    def read(self, identity: str) -> Conversation:
        """Give what the desk remembers of a chat."""
        return self._store.load(identity).conversation

    def change(self, identity: str, change: Callable[[Conversation], Conversation]) -> None:
        """Write a chat as it would stand later."""
        stored = self._store.load(identity)
        self._store.save(stored, replace(stored, conversation=change(stored.conversation)))

    def receive(self, message: Message, now: int) -> None:
        """Take a message in, as the webhook function does."""
        metrics.clear_metrics()  # nobody counts these
        body = said(self.desk, message, now)
        self._receiver.receive(body, sign(body, self.desk.app_secret))

    def job(self) -> dict[str, Any]:
        """Take the next job off the queue. Raises LookupError if there is none."""
        messages = self._sqs.receive_message(QueueUrl=self._queue_url).get("Messages", [])
        if not messages:
            raise LookupError("a message asked for nothing")
        self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=messages[0]["ReceiptHandle"])
        job: dict[str, Any] = json.loads(messages[0]["Body"])
        return job

    def do(self, job: Mapping[str, Any], now: int) -> None:
        """Do a job, as the document function does. Raises LookupError if it cannot be done now."""
        arn = self._settings["WORK_QUEUE_ARN"]
        if not self._handler.handle(QueueMessage("seeding", json.dumps(job), "seeding", arn, receives=1, sent_at=now)):
            raise LookupError("a job was not done")

    def keep_pdf(self, identity: str, name: str) -> str:
        """Put a PDF into the bucket, as one that was sent by link. Gives its key."""
        key = document_key(identity, name)
        boto3.client("s3").put_object(Bucket=self._settings["DOCUMENTS_BUCKET"], Key=key, Body=_PDF)
        return key


class Chat:
    """A citizen's chat, from *Hi* to the point where a sample begins."""

    def __init__(self, local: LocalDesk, chat_url: str, number: str, citizen: Citizen, now: int) -> None:
        self.number = number
        self._local = local
        self._citizen = citizen
        self._now = now
        self._phone = Phone(chat_url, number, citizen.mobile)
        # WhatsApp carries replies only to who has written: a reaction is a message to it, and no step to the desk.
        self._phone.send({"type": "reaction", "reaction": {"message_id": "wamid.SAMPLE", "emoji": "👋"}})
        self.id = local.conversation(text("", number))
        local.forget(self.id)

    @property
    def session(self) -> Session:
        """Her session. Raises LookupError if she is not signed in."""
        session = self._local.read(self.id).session
        if session is None:
            raise LookupError(f"{self.number} could not sign in")
        return session

    def taps(self, choice: Choice, stage: Stage | str = "", detail: str | int = "", title: str = "-") -> Message:
        """Give the message that a tap is."""
        return tap(tap_id(choice, stage, detail), title, self.number, row=choice is Choice.DOCUMENT)

    def says(self, *messages: Message) -> None:
        """Have messages taken in, and everything done that they ask for."""
        for message in messages:
            self._local.do(self.asks(message), self._now)

    def asks(self, message: Message) -> dict[str, Any]:
        """Have a message taken in, and give the job that it asks for."""
        self._local.receive(message, self._now)
        return self._local.job()

    # Each of these goes on where the one before ends.

    def begins(self) -> "Chat":
        """She has said nothing yet."""
        return self

    def to_the_menu(self) -> "Chat":
        """She has said Hi."""
        self.says(text("Hi", self.number))
        return self

    def to_the_consent(self) -> "Chat":
        """She has an account, and is asked whether she agrees."""
        self.to_the_menu().says(self.taps(Choice.SERVICES), self.taps(Choice.YES, Stage.ACCOUNT))
        return self

    def to_the_number(self) -> "Chat":
        """She is asked for her Aadhaar number."""
        self.to_the_consent().says(self.taps(Choice.AGREE, Stage.CONSENT))
        return self

    def to_the_otp(self) -> "Chat":
        """She is asked for the OTP."""
        self._phone.catch_up()
        self.to_the_number().says(self.number_typed())
        return self

    def to_the_list(self) -> "Chat":
        """She is signed in and sees her documents."""
        self.to_the_otp().says(self.otp_typed())
        return self

    def number_typed(self) -> Message:
        """Give the message with her Aadhaar number."""
        return text(self._citizen.aadhaar, self.number)

    def otp_typed(self) -> Message:
        """Give the message with the OTP that came to her mobile."""
        return text(self._phone.otp(), self.number)

    def later(self, seconds: int) -> None:
        """Let time pass in which nothing was said."""
        session = replace(self.session, listed_at=self.session.listed_at - seconds)

        def aged(conversation: Conversation) -> Conversation:
            return replace(conversation, active_at=conversation.active_at - seconds, timer_at=0, session=session)

        self._local.change(self.id, aged)

    def close(self) -> None:
        """Put the phone down."""
        self._phone.close()


def seed(local: LocalDesk, chat_url: str, people: list[dict[str, Any]], now: int) -> Seeded:
    """Hold a chat for each sample, up to where it belongs. `people`: the citizens, as the stand-ins list them."""
    logger.setLevel("ERROR")
    numbers = itertools.count(_FIRST_PHONE)
    chats: dict[str, Chat] = {}

    def chat(name: str, citizen: str = "ASHA VERMA") -> Chat:
        (person,) = (person for person in people if person["name"] == citizen)
        who = Citizen(person["aadhaar"], person["mobile"])
        chats[name] = Chat(local, chat_url, str(next(numbers)), who, now)
        return chats[name]

    try:
        occasions = Occasions(_messages(chat), _statuses(chat, local), _work(chat, local), _timers(chat, local))
    finally:
        for held in chats.values():
            held.close()
    return Seeded(occasions, {name: held.number for name, held in chats.items()})


# Two OTPs stay open. A newer one voids an account's older ones, so nobody else signs in as these two.
_AT_THE_OTP = "LAKSHMI NARAYANAN"
_VERIFYING = "MEERA PILLAI"

type _ChatOf = Callable[..., Chat]


def _messages(chat: _ChatOf) -> dict[str, Message]:
    points: dict[str, Callable[[Chat], object]] = {
        "text_hi": Chat.begins,
        "text_namaste_in_hindi": Chat.begins,
        "text_that_came_late": Chat.to_the_menu,
        "text_aadhaar_number": Chat.to_the_number,
        "text_document_number": Chat.to_the_list,
        "tap_services": Chat.to_the_menu,
        "tap_consent": Chat.to_the_consent,
        "tap_other_documents": Chat.to_the_list,
        "tap_done": Chat.to_the_list,
        "image": Chat.to_the_menu,
        "voice_note": Chat.to_the_menu,
        "location": Chat.to_the_menu,
        "reaction": Chat.to_the_menu,
        "unsupported": Chat.to_the_menu,
    }
    messages: dict[str, Message] = {}
    for name, come_to in points.items():
        held = chat(name)
        come_to(held)
        messages[name] = replace(OF_NOBODY.messages[name], phone=held.number)
    messages["text_otp"] = chat("text_otp", _AT_THE_OTP).to_the_otp().otp_typed()
    held = chat("tap_document").to_the_list()
    messages["tap_document"] = held.taps(Choice.DOCUMENT, held.session.listing, 1, "PAN card")
    return messages


def _statuses(chat: _ChatOf, local: LocalDesk) -> dict[str, Status]:
    def of_a_document(name: str) -> str:
        held = chat(name).to_the_list()
        return str(Tracking(held.id, local.keep_pdf(held.id, name), 1, held.session.listing, uploaded=False))

    delivered, undelivered = "status_document_delivered", "status_document_undelivered"
    return {
        **OF_NOBODY.statuses,
        delivered: replace(OF_NOBODY.statuses[delivered], callback_data=of_a_document(delivered)),
        undelivered: replace(OF_NOBODY.statuses[undelivered], callback_data=of_a_document(undelivered)),
    }


def _work(chat: _ChatOf, local: LocalDesk) -> dict[str, Mapping[str, object]]:
    greeting = chat("job_reply").begins()
    number = chat("job_send_otp").to_the_number()
    otp = chat("job_verify_otp", _VERIFYING).to_the_otp()
    old_list = chat("job_list_documents").to_the_list()
    old_list.later(Rules.list_seconds)
    fetching = chat("job_fetch_document").to_the_list()
    leaving = chat("job_sign_out").to_the_list()
    delivered = chat("document_delivered").begins()
    undelivered = chat("document_undelivered").to_the_list()
    return {
        "job_reply": greeting.asks(text("Hi", greeting.number)),
        "job_send_otp": number.asks(number.number_typed()),
        "job_verify_otp": otp.asks(otp.otp_typed()),
        "job_list_documents": old_list.asks(old_list.taps(Choice.OTHER_DOCUMENTS)),
        "job_fetch_document": fetching.asks(text("2", fetching.number)),
        "job_sign_out": leaving.asks(leaving.taps(Choice.DONE)),
        "document_delivered": {
            "conversation": delivered.id,
            "delivered": local.keep_pdf(delivered.id, "document_delivered"),
        },
        "document_undelivered": {
            "conversation": undelivered.id,
            "undelivered": local.keep_pdf(undelivered.id, "document_undelivered"),
            "number": 1,
            "listing": undelivered.session.listing,
            "uploaded": False,
        },
    }


def _timers(chat: _ChatOf, local: LocalDesk) -> dict[str, Mapping[str, object]]:
    silent = chat("timer_idle").to_the_list()
    silent.later(local.session_seconds)
    sent = chat("timer_delete_pdf").begins()
    return {
        "timer_idle": {"idle": silent.id, "timer": STEP},
        "timer_delete_pdf": {"delete": local.keep_pdf(sent.id, "timer_delete_pdf")},
    }
