"""The sample events: what API Gateway and SQS hand over, for every kind of message, status, job, timer and visit."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from operations.webhook import NOBODY, PHONE, STEP, WABA_ID, WebhookAccess, delivery, signed_headers, status_delivery
from standins.whatsapp.phones import user_id_of

LATE_SECONDS = 90_000
"""How old the late message is: more than any `MaxMessageAgeSeconds`."""
PDF = f"documents/{'0' * 64}"
MEDIA_FAILED = 131053
"""WhatsApp could not fetch the link (Cloud API, error codes)."""

type Event = dict[str, object]


@dataclass(frozen=True)
class Queues:
    """The ARNs of the queues that jobs and timers come from."""

    work: str = "WorkQueue"
    replies: str = "ReplyQueue"
    timers: str = "TimerQueue"


@dataclass(frozen=True)
class Message:
    """What a citizen sends: a kind of message, and what is under that name. `phone`: with the country code."""

    kind: str
    content: object
    phone: str = PHONE
    age: int = 0
    """How many seconds ago she sent it."""

    @property
    def user_id(self) -> str:
        """Her business-scoped user id: the one that the local WhatsApp has for her, since replies go to it."""
        return user_id_of(WABA_ID, self.phone)


@dataclass(frozen=True)
class Status:
    """What became of one of our messages, and what was written on that message."""

    word: str
    callback_data: str
    error: int = 0


@dataclass(frozen=True)
class Visit:
    """A browser's call of one of the pages: `/consent` or what is below it."""

    path: str
    query: Mapping[str, str]
    cookies: str
    """As they are in the header."""
    body: str = ""
    """Of a form; empty for a page that is opened."""


@dataclass(frozen=True)
class Occasions:
    """What the samples are about, by their names. `work` and `timers` are bodies of the queues' messages."""

    messages: Mapping[str, Message]
    statuses: Mapping[str, Status]
    work: Mapping[str, Mapping[str, object]]
    timers: Mapping[str, Mapping[str, object]]
    visits: Mapping[str, Visit] = field(default_factory=dict)


def text(body: str, phone: str = PHONE, age: int = 0) -> Message:
    """Return what she types."""
    return Message("text", {"body": body}, phone, age)


def tap(choice: str, title: str, phone: str = PHONE, *, row: bool = False) -> Message:
    """Return a tap on a button, or on a row of a list."""
    kind = "list_reply" if row else "button_reply"
    return Message("interactive", {"type": kind, kind: {"id": choice, "title": title}}, phone)


def _undelivered(*, uploaded: bool) -> dict[str, object]:
    return {"conversation": NOBODY, "undelivered": PDF, "number": 1, "listing": STEP, "uploaded": uploaded}


_OF_A_DOCUMENT = f"{NOBODY}:{PDF}:1:{STEP}:link"
_OF_A_FORM = f"form:{NOBODY}:{STEP}:{'0' * 64}"
_JOB = {"conversation": NOBODY, "step": STEP}
_REPLIES = {"job_reply", "job_record_consent", "job_make_link", "job_erase_data"}
"""Jobs that need no answer from DigiLocker: they come on the reply queue."""
_FILE = {"id": "1", "sha256": "0" * 44}
OF_NOBODY = Occasions(
    messages={
        "text_hi": text("Hi"),
        "text_namaste_in_hindi": text("नमस्ते"),
        "text_that_came_late": text("Yes", age=LATE_SECONDS),
        "text_aadhaar_number": text("9999 9999 0019"),
        "text_otp": text("246813"),
        "text_code_of_the_page": text("DL-2345-6789"),
        "text_document_number": text("2"),
        "tap_services": tap("services", "DigiLocker Services"),
        "tap_consent": tap("agree@consent", "I agree"),
        "tap_document": tap("document@00000000#1", "PAN card", row=True),
        "tap_other_documents": tap("other_documents", "Other documents"),
        "tap_done": tap("done", "Done"),
        "quick_reply": Message("button", {"payload": "services", "text": "DigiLocker Services"}),
        "image": Message("image", {**_FILE, "mime_type": "image/jpeg", "caption": "my card"}),
        "video": Message("video", {**_FILE, "mime_type": "video/mp4"}),
        "voice_note": Message("audio", {**_FILE, "mime_type": "audio/ogg; codecs=opus", "voice": True}),
        "file": Message("document", {**_FILE, "mime_type": "application/pdf", "filename": "my card.pdf"}),
        "sticker": Message("sticker", {**_FILE, "mime_type": "image/webp", "animated": False}),
        "location": Message("location", {"latitude": 28.6139, "longitude": 77.209}),
        "contacts": Message("contacts", [{"name": {"formatted_name": "Ravi"}, "phones": [{"phone": "+919000000002"}]}]),
        "order": Message("order", {"catalog_id": "1", "product_items": [{"product_retailer_id": "1", "quantity": 1}]}),
        "form": Message("interactive", {"type": "nfm_reply", "nfm_reply": {"name": "flow", "response_json": "{}"}}),
        "unsupported": Message("unsupported", {"type": "poll_creation"}),
        "of_a_new_kind": Message("hologram", {"id": "1"}),
        "reaction": Message("reaction", {"message_id": "wamid.SAMPLE", "emoji": "👍"}),
        "edit": Message("edit", {"original_message_id": "wamid.SAMPLE", "message": {"type": "text"}}),
        "revoke": Message("revoke", {"original_message_id": "wamid.SAMPLE"}),
        "number_changed": Message("system", {"type": "user_changed_number", "wa_id": "919000000002"}),
    },
    statuses={
        "status_of_a_text": Status("read", f"{NOBODY}:{STEP}"),
        "status_document_delivered": Status("delivered", _OF_A_DOCUMENT),
        "status_document_undelivered": Status("failed", _OF_A_DOCUMENT, MEDIA_FAILED),
    },
    work={
        "job_reply": _JOB,
        "job_send_otp": _JOB,
        "job_verify_otp": _JOB,
        "job_sign_up": _JOB,
        "job_verify_sign_up": _JOB,
        "job_make_link": _JOB,
        "job_exchange_code": _JOB,
        "job_list_documents": _JOB,
        "job_fetch_document": _JOB,
        "job_find_offers": _JOB,
        "job_ask_parameters": _JOB,
        "job_pull_document": _JOB,
        "job_record_consent": _JOB,
        "job_sign_out": _JOB,
        "job_erase_data": _JOB,
        "document_delivered": {"conversation": NOBODY, "delivered": PDF},
        "document_undelivered": _undelivered(uploaded=False),
        "document_undelivered_as_file": _undelivered(uploaded=True),
        "form_undelivered": {"conversation": NOBODY, "form": "undelivered", "callback": _OF_A_FORM},
    },
    timers={
        "timer_idle": {"idle": NOBODY, "timer": STEP},
        "timer_end_session": {"idle": NOBODY, "timer": STEP, "close": True},
        "timer_delete_pdf": {"delete": PDF},
        "timer_form": {"form": NOBODY, "step": STEP},
        "timer_directory": {"refresh": "directory"},
    },
)
"""What can be sent to any desk: nobody's chat is at the point where these belong, so little comes of them."""


def samples(
    access: WebhookAccess,
    now: int,
    occasions: Occasions = OF_NOBODY,
    queues: Queues = Queues(),
    *,
    queued_at: int | None = None,
) -> dict[str, Event]:
    """Return every event by its path, such as `webhook/text_hi`.

    `now` and `queued_at` (when the jobs came on their queue; None: now): seconds since 1970.
    """
    queued_at = now if queued_at is None else queued_at
    folders = {
        "webhook": _webhook(access, now, occasions),
        "consent": {name: _visited(visit) for name, visit in occasions.visits.items()},
        "document": _document(queues, queued_at, occasions),
    }
    return {f"{folder}/{name}": event for folder, events in folders.items() for name, event in events.items()}


def _webhook(access: WebhookAccess, now: int, occasions: Occasions) -> dict[str, Event]:
    signed = {
        **{name: said(access, message, now) for name, message in occasions.messages.items()},
        **{
            name: status_delivery(
                access, now, status=status.word, callback_data=status.callback_data, error=status.error
            )
            for name, status in occasions.statuses.items()
        },
        "malformed": b'{"object": "whatsapp_business_account", "entry": [',
    }
    question = {
        "hub.mode": "subscribe",
        "hub.verify_token": access.verify_token,
        "hub.challenge": "1158201444",
    }
    return {
        **{
            name: _call("POST", "/webhook", body.decode(), signed_headers(body, access.app_secret), None)
            for name, body in signed.items()
        },
        "verify": _call("GET", "/webhook", None, {}, question),
    }


def said(access: WebhookAccess, message: Message, now: int) -> bytes:
    """Return the body of a delivery with one message. `now`: seconds since 1970."""
    # Each has its own id, and another one next time: an id that was seen before is left alone.
    name = hashlib.sha256(f"{message} {now}".encode()).hexdigest()[:32].upper()
    contact = {"profile": {"name": "Asha Verma"}, "wa_id": message.phone, "user_id": message.user_id}
    return delivery(
        access,
        **({} if message.kind == "system" else {"contacts": [contact]}),
        messages=[
            {
                "from": message.phone,
                "from_user_id": message.user_id,
                "id": f"wamid.{name}",
                "timestamp": str(now - message.age),
                "type": message.kind,
                message.kind: message.content,
            }
        ],
    )


def _visited(visit: Visit) -> Event:
    headers = {"Accept-Language": "en-IN", "Cookie": visit.cookies}
    return _call("POST" if visit.body else "GET", visit.path, visit.body or None, headers, visit.query)


def _call(
    method: str, path: str, body: str | None, headers: Mapping[str, str], query: Mapping[str, str] | None
) -> Event:
    """Return what API Gateway (REST, proxy integration) hands over."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": None,
        "requestContext": {"resourcePath": path, "httpMethod": method, "stage": "local"},
        "body": body,
        "isBase64Encoded": False,
    }


def _document(queues: Queues, queued_at: int, occasions: Occasions) -> dict[str, Event]:
    def records(queue_arn: str, bodies: Mapping[str, Mapping[str, object]]) -> dict[str, Event]:
        return {name: _records(queue_arn, json.dumps(body), queued_at) for name, body in bodies.items()}

    return {
        **records(queues.work, {name: body for name, body in occasions.work.items() if name not in _REPLIES}),
        **records(queues.replies, {name: body for name, body in occasions.work.items() if name in _REPLIES}),
        **records(queues.timers, occasions.timers),
        "malformed": _records(queues.work, "not JSON", queued_at),
    }


def _records(queue_arn: str, body: str, queued_at: int) -> Event:
    """Return what SQS hands over: a batch of one."""
    sent = str(queued_at * 1000)
    record = {
        "messageId": "00000000-0000-4000-8000-000000000001",
        "receiptHandle": "sample",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": sent,
            "SenderId": "sample",
            "ApproximateFirstReceiveTimestamp": sent,
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": "ap-south-1",
    }
    return {"Records": [record]}
