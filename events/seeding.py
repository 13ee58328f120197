"""Brings chats of the local stack to the points where the sample events belong: `make events` beside `make run`.

The desk's own code does it, run in this process on the local AWS: signed messages go through the webhook's receiver and
jobs through the document function's handler, and where citizens sign in on DigiLocker's page, they do so at its
stand-in. So what lies in the table, sealed with the local key, is what the desk itself wrote. Only the work queue is
another one: there the last job of a chat stays, to become a sample.
"""

import itertools
import json
import time
from collections.abc import Callable, Mapping
from copy import replace
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3

from events.samples import OF_NOBODY, Message, Occasions, Status, Visit, said, tap, text
from helpdesk.bootstrap import consent, document, webhook
from helpdesk.conversation.choices import Choice, tap_id
from helpdesk.conversation.model import Conversation, Rules, Session, Stage
from helpdesk.service.callback_data import Tracker, Tracking, tracking_keys
from helpdesk.service.identity import conversation_id, document_key
from helpdesk.service.proof_code import proof_of
from helpdesk.service.queue_consumer import QueueMessage
from helpdesk.storage.conversations import ConversationStore
from helpdesk.storage.secrets import Secret
from helpdesk.telemetry import logger, metrics
from helpdesk.web.pages import AGREE, ANSWER
from operations.webhook import STEP, WebhookAccess, signature
from standins.phone import Phone
from standins.visitor import PIN, Visitor

_PDF = b"%PDF-1.4\n% a sample\n%%EOF\n"
_FIRST_PHONE = 919000200000
"""The phones of the samples; those of the stand-ins' own citizens stay free for trying things out by hand."""


@dataclass(frozen=True)
class Citizen:
    """Whom a chat signs in as: what is on her Aadhaar card, and the mobile that her OTPs go to."""

    aadhaar: str
    mobile: str
    name: str
    born: str
    """As DDMMYYYY."""
    gender: str
    """`F` or `M`."""


@dataclass(frozen=True)
class Seeded:
    """What the samples are about, and from whose phone each chat was held, by the samples' names."""

    occasions: Occasions
    phones: Mapping[str, str]


class LocalDesk:
    """The desk's code on the local AWS, with its own queue for both lanes."""

    def __init__(
        self, access: WebhookAccess, environments: Mapping[str, Mapping[str, str]], pepper: str, queue_url: str
    ) -> None:
        """`environments`: of the deployed functions, by their logical ids. `queue_url`: of that queue."""
        self._access = access
        self._settings = environments["DocumentFunction"]
        self._pepper = pepper
        self._queue_url = queue_url
        self._sqs = boto3.client("sqs")
        self._dynamodb = boto3.client("dynamodb")
        lanes = {"WORK_QUEUE_URL": queue_url, "REPLY_QUEUE_URL": queue_url}
        self._receiver = webhook.receiver({**environments["WebhookFunction"], **lanes})
        self._handler = document.handler({**self._settings, **lanes})
        pages = environments.get("ConsentFunction")
        self._consenting = consent.consenting({**pages, **lanes}) if pages else None
        self._outbound_secret = Secret(
            boto3.client("secretsmanager"), self._settings["OUTBOUND_SECRET_ARN"], "OutboundSecret", time.time
        )
        self._store = ConversationStore(self._dynamodb, self._settings["CONVERSATIONS_TABLE"])

    @property
    def on_page(self) -> bool:
        """Whether citizens sign in on DigiLocker's own page, and not in the chat."""
        return self._consenting is not None

    @property
    def consent_url(self) -> str:
        """Where DigiLocker's page sends them back to."""
        return self._settings["CONSENT_URL"]

    @property
    def session_seconds(self) -> int:
        """After how long a silence she is signed out."""
        return int(self._settings["SESSION_SECONDS"])

    def conversation(self, message: Message) -> str:
        """Return the id of the chat that a message belongs to."""
        return conversation_id(self._pepper, self._access.phone_number_id, message.user_id)

    def forget(self, identity: str) -> None:
        """Take out what an earlier run has left of a chat."""
        for part in ("state", "documents"):
            key = {"conversation": {"S": identity}, "part": {"S": part}}
            self._dynamodb.delete_item(TableName=self._settings["CONVERSATIONS_TABLE"], Key=key)

    def read(self, identity: str) -> Conversation:
        """Return what the desk remembers of a chat."""
        return self._store.load(identity).conversation

    def change(self, identity: str, change: Callable[[Conversation], Conversation]) -> None:
        """Write a chat as it would be later."""
        stored = self._store.load(identity)
        self._store.save(stored, replace(stored, conversation=change(stored.conversation)))

    def receive(self, message: Message, now: int) -> None:
        """Take a message in, as the webhook function does."""
        metrics.clear_metrics()  # nobody counts these
        body = said(self._access, message, now)
        self._receiver.receive(body, signature(body, self._access.app_secret))

    def visited(self, visit: Visit) -> None:
        """Take a return from DigiLocker's page in, as the consent function does."""
        if self._consenting is None:
            raise LookupError("there is no way back to this desk from DigiLocker's page")
        metrics.clear_metrics()
        self._consenting.callback(_parameters(visit), [visit.cookies], "")

    def opened(self, visit: Visit) -> str:
        """Open our page before DigiLocker's, as a browser does. Returns the cookie that it then has."""
        if self._consenting is None:
            raise LookupError("there is no page before DigiLocker's here")
        (cookie,) = self._consenting.start(_parameters(visit), "")["multiValueHeaders"]["Set-Cookie"]
        return cookie.partition(";")[0]

    def agreed(self, visit: Visit, now: int) -> str:
        """Agree on that page, and do what follows. Returns DigiLocker's address."""
        if self._consenting is None:
            raise LookupError("there is no page before DigiLocker's here")
        metrics.clear_metrics()
        answer = self._consenting.answer(_parameters(visit), _AGREES, [visit.cookies], "same-origin", "")
        self.do(self.job(), now)
        return answer["multiValueHeaders"]["Location"][0]

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

    def callback_of(self, identity: str, name: str, listing: str, *, uploaded: bool = False) -> str:
        """Put a PDF into the bucket, and return the callback data of the message that carries it."""
        tracking = Tracking(identity, self.keep_pdf(identity, name), 1, listing, uploaded)
        return Tracker(lambda: tracking_keys(self._outbound_secret)).write(tracking)

    def keep_pdf(self, identity: str, name: str) -> str:
        """Put a PDF into the bucket, as one that was sent by link. Returns its key."""
        key = document_key(tracking_keys(self._outbound_secret)[0], identity, name)
        boto3.client("s3").put_object(Bucket=self._settings["DOCUMENTS_BUCKET"], Key=key, Body=_PDF)
        return key


class Chat:
    """A citizen's chat, from *Hi* to the point where a sample begins."""

    def __init__(self, local: LocalDesk, chat_url: str, number: str, citizen: Citizen, now: int) -> None:
        self.number = number
        self._local = local
        self._citizen = citizen
        self._now = now
        self._came_back: Visit | None = None
        self._phone = Phone(chat_url, number, citizen.mobile)
        # WhatsApp delivers replies only to people who have written: to it a reaction is a message, to the desk no step.
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
        """Return the message that a tap is."""
        return tap(tap_id(choice, stage, detail), title, self.number, row=choice is Choice.DOCUMENT)

    def says(self, *messages: Message) -> None:
        """Have messages taken in, and everything done that they ask for."""
        for message in messages:
            self._local.do(self.asks(message), self._now)

    def asks(self, message: Message) -> dict[str, Any]:
        """Have a message taken in, and give the job that it asks for."""
        self._local.receive(message, self._now)
        return self._local.job()

    # Each of these goes on where another one ends.

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

    def to_the_summary(self) -> "Chat":
        """She wants an account, and sees all that she has entered for it."""
        self.to_the_menu().says(
            self.taps(Choice.SERVICES),
            self.taps(Choice.NO, Stage.ACCOUNT),
            self.taps(Choice.AGREE, Stage.CONSENT),
            self.number_typed(),
            self.types(self._citizen.name),
            self.types("/".join((self._citizen.born[:2], self._citizen.born[2:4], self._citizen.born[4:]))),
            self.taps(Choice.FEMALE if self._citizen.gender == "F" else Choice.MALE, Stage.GENDER),
            self.types(self._citizen.mobile[-10:]),
        )
        return self

    def to_the_otp_of_a_new_account(self) -> "Chat":
        """She wants an account, and is asked for the OTP."""
        self._phone.catch_up()
        self.to_the_summary().says(self.taps(Choice.SEND, Stage.SUMMARY))
        return self

    def to_the_link(self) -> "Chat":
        """She has the link to DigiLocker's page."""
        self.to_the_menu().says(self.taps(Choice.SERVICES))
        return self

    def to_the_code(self) -> "Chat":
        """She is back from DigiLocker's page, and has to send the code that ours shows."""
        self.to_the_link()
        self._came_back = self.comes_back()
        self._local.visited(self._came_back)
        return self

    def to_the_list(self) -> "Chat":
        """She is signed in and sees her documents."""
        if self._local.on_page:
            self.to_the_code().says(self.code_typed())
        else:
            self.to_the_otp().says(self.otp_typed())
        return self

    def to_the_search(self) -> "Chat":
        """She is signed in, and is asked which document she needs that is not on her list."""
        self.to_the_list().says(self.taps(Choice.NEW_DOCUMENT))
        return self

    # What she does there

    def types(self, body: str) -> Message:
        """Return the message with what she types."""
        return text(body, self.number)

    def number_typed(self) -> Message:
        """Return the message with her Aadhaar number."""
        return self.types(self._citizen.aadhaar)

    def otp_typed(self) -> Message:
        """Return the message with the OTP that came to her mobile."""
        return self.types(self._phone.otp())

    def code_typed(self) -> Message:
        """Return the message with the code that our page shows. Raises LookupError if she was not there."""
        if self._came_back is None:
            raise LookupError(f"{self.number} has not come back from DigiLocker's page")
        return self.types(proof_of(self._came_back.query["state"], self._came_back.query["code"]))

    def opens_link(self) -> Visit:
        """Return the call with which a browser opens her link."""
        return _call_of(self._link, "")

    def agrees(self) -> Visit:
        """Return the call with which she agrees on our page."""
        opened = self.opens_link()
        return replace(opened, cookies=self._local.opened(opened), body=_AGREES)

    def comes_back(self, *, declines: bool = False) -> Visit:
        """Sign in on DigiLocker's page, and give the call with which it sends her back."""
        visitor, agreed = Visitor(stops_before=self._local.consent_url), self.agrees()
        visitor.open(self._local.agreed(agreed, self._now))
        if declines:
            visitor.press("deny")
        else:
            self._phone.catch_up()
            visitor.press("continue", account=self._citizen.mobile[-10:])
            visitor.press("continue", otp=self._phone.otp())
            visitor.press("continue", pin=PIN)
            visitor.press("allow")
        return _call_of(visitor.at, agreed.cookies)

    @property
    def _link(self) -> str:
        return self._phone.chat()[-1].link

    def then(self, *bodies: str) -> "Chat":
        """She types something, and is answered."""
        self.says(*(self.types(body) for body in bodies))
        return self

    def later(self, seconds: int) -> "Chat":
        """Time has passed in which nothing was said."""
        session = replace(self.session, listed_at=self.session.listed_at - seconds)

        def aged(conversation: Conversation) -> Conversation:
            return replace(conversation, active_at=conversation.active_at - seconds, timer_at=0, session=session)

        self._local.change(self.id, aged)
        return self

    def close(self) -> None:
        """Put the phone down."""
        self._phone.close()


def seed(local: LocalDesk, chat_url: str, people: list[dict[str, Any]], now: int) -> Seeded:
    """Hold a chat for each sample, up to where it belongs. `people`: the citizens, as the stand-ins list them."""
    told = logger.log_level
    logger.setLevel("ERROR")
    numbers = itertools.count(_FIRST_PHONE)
    everybody = {
        person["name"]: Citizen(person["aadhaar"], person["mobile"], **person["on_aadhaar"]) for person in people
    }
    chats: dict[str, Chat] = {}

    def chat(name: str) -> Chat:
        chats[name] = Chat(local, chat_url, str(next(numbers)), everybody[_SIGNS_IN_AS.get(name, "ASHA VERMA")], now)
        return chats[name]

    try:
        occasions = Occasions(
            _messages(chat, local),
            _statuses(chat, local),
            _work(chat, local),
            _timers(chat, local),
            _visits(chat) if local.on_page else {},
        )
    finally:
        logger.setLevel(told)
        for held in chats.values():
            held.close()
    return Seeded(occasions, {name: held.number for name, held in chats.items()})


_SIGNS_IN_AS = {
    # Their OTPs stay open. A newer one voids an account's older ones, so nobody else signs in as these.
    "text_otp": "LAKSHMI NARAYANAN",
    "job_verify_otp": "MEERA PILLAI",
    # She has an account already, which is then the one that she is signed in to: it can be done again and again.
    "job_verify_sign_up": "KAVITA JOSHI",
    "job_sign_up": "SUNITA DEVI",
    # What can be brought in is there already, so nothing changes by it.
    "job_pull_document": "DEEPAK NAIR",
}

type _ChatOf = Callable[[str], Chat]


def _messages(chat: _ChatOf, local: LocalDesk) -> dict[str, Message]:
    points: dict[str, Callable[[Chat], Chat]] = {
        "text_hi": Chat.begins,
        "text_namaste_in_hindi": Chat.begins,
        "text_that_came_late": Chat.to_the_menu,
        "text_document_number": Chat.to_the_list,
        "tap_services": Chat.to_the_menu,
        "tap_other_documents": Chat.to_the_list,
        "tap_done": Chat.to_the_list,
        **dict.fromkeys(_AT_THE_MENU, Chat.to_the_menu),
        **({} if local.on_page else {"tap_consent": Chat.to_the_consent, "text_aadhaar_number": Chat.to_the_number}),
    }
    messages: dict[str, Message] = {}
    for name, come_to in points.items():
        messages[name] = replace(OF_NOBODY.messages[name], phone=come_to(chat(name)).number)
    if local.on_page:
        messages["text_code_of_the_page"] = chat("text_code_of_the_page").to_the_code().code_typed()
    else:
        messages["text_otp"] = chat("text_otp").to_the_otp().otp_typed()
    held = chat("tap_document").to_the_list()
    messages["tap_document"] = held.taps(Choice.DOCUMENT, held.session.listing, 1, "PAN card")
    return messages


_AT_THE_MENU = (
    "quick_reply",
    "image",
    "video",
    "voice_note",
    "file",
    "sticker",
    "location",
    "contacts",
    "order",
    "form",
    "unsupported",
    "of_a_new_kind",
    "reaction",
    "edit",
    "revoke",
    "number_changed",
)
"""What does not depend on where she is."""


def _statuses(chat: _ChatOf, local: LocalDesk) -> dict[str, Status]:
    def of_a_document(name: str) -> str:
        held = chat(name).to_the_list()
        return local.callback_of(held.id, name, held.session.listing)

    delivered, undelivered = "status_document_delivered", "status_document_undelivered"
    return {
        **OF_NOBODY.statuses,
        delivered: replace(OF_NOBODY.statuses[delivered], callback_data=of_a_document(delivered)),
        undelivered: replace(OF_NOBODY.statuses[undelivered], callback_data=of_a_document(undelivered)),
    }


_JOBS: dict[str, Callable[[Chat], Message]] = {
    "job_reply": lambda her: her.types("Hi"),
    "job_list_documents": lambda her: her.to_the_list().later(Rules().list_seconds).taps(Choice.OTHER_DOCUMENTS),
    "job_fetch_document": lambda her: her.to_the_list().types("2"),
    "job_find_offers": lambda her: her.to_the_search().types("10th marksheet"),
    "job_ask_parameters": lambda her: her.to_the_search().then("10th marksheet").types("1"),
    "job_pull_document": lambda her: (
        her.to_the_search().then("pan", "AAAPN0000M", "Deepak Nair").taps(Choice.SEND, Stage.CHECK)
    ),
    "job_sign_out": lambda her: her.to_the_list().taps(Choice.DONE),
    "job_erase_data": lambda her: her.to_the_menu().then("delete my data").taps(Choice.DELETE, Stage.DELETE),
}
"""With which message each job is asked for, wherever citizens sign in."""
_JOBS_IN_CHAT: dict[str, Callable[[Chat], Message]] = {
    "job_record_consent": lambda her: her.to_the_consent().taps(Choice.AGREE, Stage.CONSENT),
    "job_send_otp": lambda her: her.to_the_number().number_typed(),
    "job_verify_otp": lambda her: her.to_the_otp().otp_typed(),
    "job_sign_up": lambda her: her.to_the_summary().taps(Choice.SEND, Stage.SUMMARY),
    "job_verify_sign_up": lambda her: her.to_the_otp_of_a_new_account().otp_typed(),
}
_JOBS_ON_PAGE: dict[str, Callable[[Chat], Message]] = {
    "job_make_link": lambda her: her.to_the_menu().taps(Choice.SERVICES),
    "job_exchange_code": lambda her: her.to_the_code().code_typed(),
}


def _work(chat: _ChatOf, local: LocalDesk) -> dict[str, Mapping[str, object]]:
    jobs: dict[str, Mapping[str, object]] = {}
    for name, come_to in (_JOBS | (_JOBS_ON_PAGE if local.on_page else _JOBS_IN_CHAT)).items():
        held = chat(name)
        jobs[name] = held.asks(come_to(held))
    delivered = chat("document_delivered").begins()
    return {
        **jobs,
        "document_delivered": {
            "conversation": delivered.id,
            "delivered": local.keep_pdf(delivered.id, "document_delivered"),
            "callback": local.callback_of(delivered.id, "document_delivered", ""),
        },
        **{name: _undelivered(name, chat, local) for name in ("document_undelivered", "document_undelivered_as_file")},
        "form_undelivered": OF_NOBODY.work["form_undelivered"],
    }


def _undelivered(name: str, chat: _ChatOf, local: LocalDesk) -> Mapping[str, object]:
    held = chat(name).to_the_list()
    report, listing = OF_NOBODY.work[name], held.session.listing
    theirs = {"conversation": held.id, "undelivered": local.keep_pdf(held.id, name), "listing": listing}
    callback = local.callback_of(held.id, name, listing, uploaded=bool(report["uploaded"]))
    return {**report, **theirs, "callback": callback}


def _timers(chat: _ChatOf, local: LocalDesk) -> dict[str, Mapping[str, object]]:
    silent = chat("timer_idle").to_the_list().later(local.session_seconds)
    closed = chat("timer_end_session").to_the_list()
    sent = chat("timer_delete_pdf").begins()
    return {
        **OF_NOBODY.timers,
        "timer_idle": {"idle": silent.id, "timer": STEP},
        "timer_end_session": {"idle": closed.id, "timer": STEP, "close": True},
        "timer_delete_pdf": {"delete": local.keep_pdf(sent.id, "timer_delete_pdf")},
    }


def _visits(chat: _ChatOf) -> dict[str, Visit]:
    return {
        "start": chat("start").to_the_link().opens_link(),
        "agree": chat("agree").to_the_link().agrees(),
        "return_with_a_code": chat("return_with_a_code").to_the_link().comes_back(),
        "return_of_who_declined": chat("return_of_who_declined").to_the_link().comes_back(declines=True),
    }


_AGREES = f"{ANSWER}={AGREE}"


def _parameters(visit: Visit) -> dict[str, list[str]]:
    return {name: [value] for name, value in visit.query.items()}


def _call_of(address: str, cookies: str) -> Visit:
    parts = urlsplit(address)
    return Visit(parts.path, dict(parse_qsl(parts.query)), cookies)
