"""The functions' logic on the model of AWS, with fakes of DigiLocker and WhatsApp: one step at a time."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from copy import replace
from dataclasses import dataclass, field
from typing import Any

from helpdesk.conversation.effects import FindOffers
from helpdesk.conversation.events import DocumentsListed, OffersFound
from helpdesk.conversation.model import IssuedDocument, Rules
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.digilocker.models import Token
from helpdesk.errors import DigiLockerError, WhatsAppError
from helpdesk.forms.tokens import write_token
from helpdesk.outbound import Deadline
from helpdesk.service.authorization_link import Made
from helpdesk.service.callback_data import Tracker, tracking_keys
from helpdesk.service.consent_pages import ConsentPages
from helpdesk.service.identity import document_key, link_mark, uri_mark
from helpdesk.service.inbound import Receiver
from helpdesk.service.message_sender import MessageSender
from helpdesk.service.outbox_worker import Worker
from helpdesk.service.recipients import Recipients
from helpdesk.service.renderer import Renderer
from helpdesk.service.shared_documents import EVERYTHING
from helpdesk.storage.conversations import ConversationStore
from helpdesk.storage.documents import DocumentStore
from helpdesk.storage.form_answers import FormAnswers
from helpdesk.storage.records import RecordStore
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.secrets import Secret
from helpdesk.storage.work import IdleTimer, Job, TimerQueue, WorkQueue, read_work
from helpdesk.whatsapp.errors import Unavailable
from helpdesk.whatsapp.messages import Message, Recipient
from tests.unit.aws import APP_SECRET, OUTBOUND_SECRET, PHONE_NUMBER_ID, Modelled

AADHAAR, OTP, TOKEN, DEVICE_CODE = "999999990019", "246813", "0123456789abcdef0123456789abcdef01234567", "74tq5miHKB"
CODE, VERIFIER = "fedcba9876543210fedcba9876543210fedcba98", "v" * 43
HER_PHONE, HER_ID = "919000000001", "IN.1234567890123456"
DOCUMENTS = (
    IssuedDocument("PAN Verification Record", "PANCR", "Income Tax Department", "in.gov.pan-PANCR-ABCPV1234D"),
    IssuedDocument("Driving License", "DRVLC", "Ministry of Road Transport", "in.gov.transport-DRVLC-DL0020200000001"),
)


OFFER = Offer("HSCER", "Class XII Marksheet", "000103", "in.gov.cbse", "Central Board of Secondary Education")
PARAMETERS = (Parameter("rollno", "Roll Number", "5147103"), Parameter("year", "Year", "2009", ("2006", "2005")))
BROUGHT_IN = IssuedDocument(OFFER.title, OFFER.doctype, OFFER.issuer, "in.gov.cbse-HSCER-00002142005")


@dataclass
class FakeLocker:
    """DigiLocker, as the worker sees it. `fails` holds what the next calls raise."""

    calls: list[str] = field(default_factory=list)
    fails: list[DigiLockerError | None] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    """What happens elsewhere while a call is under way."""
    links: list[tuple[str, bool]] = field(default_factory=list)
    """The number and the way (sign-up or not) that each link was made for."""
    mobile: str = HER_PHONE[-10:]
    """What DigiLocker names after a sign-in on its own page."""
    ticked: tuple[str, ...] = ()
    """The documents that she ticks there, by URI; none: the scope names none."""
    token: str = TOKEN
    refresh_token: str = ""
    refreshed: Callable[[Token], Token] = field(default=lambda token: token)
    """What a refresh answers, from what it usually does."""
    """The newest ones."""
    applied: dict[str, str] = field(default_factory=dict)
    """The details of the last sign-up."""
    sought: list[str] = field(default_factory=list)
    pulled: dict[str, str] = field(default_factory=dict)
    """What the issuer was told with the last pull."""
    documents: tuple[IssuedDocument, ...] = DOCUMENTS
    left_out: int = 0
    is_due: bool = False
    parts: int = 0
    """How many parts of the directory are still to be fetched."""
    keep: Callable[[str, bytes], None] = field(default=lambda _key, _content: None)

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if self.fails and (error := self.fails.pop(0)):
            raise error

    def send_otp(self, number: str, _deadline: Deadline) -> str:
        self._called("send_otp")
        assert number == AADHAAR
        return DEVICE_CODE

    def reread_credentials(self) -> None:
        self._called("reread_credentials")

    def verify_otp(self, device_code: str, otp: str, _deadline: Deadline) -> Token:
        self._called("verify_otp")
        assert (device_code, otp) == (DEVICE_CODE, OTP)
        return Token(TOKEN, 3600)

    def sign_up(self, details: Mapping[str, str], _deadline: Deadline) -> None:
        self._called("sign_up")
        self.applied = dict(details)

    def verify_sign_up(self, mobile: str, otp: str, _deadline: Deadline) -> Token:
        self._called("verify_sign_up")
        assert (mobile, otp) == (HER_PHONE[-10:], OTP)
        return Token(TOKEN, 3600)

    def make_link(self, conversation_id: str, phone: str, *, sign_up: bool) -> Made:
        self._called("make_link")
        self.links.append((phone, sign_up))
        state = f"{conversation_id}.{len(self.links):022d}"
        address = f"https://digilocker.example/authorize?state={{state}}{'&dl_flow=signup' if sign_up else ''}"
        return Made(f"https://desk.example/consent/start?s={state}", link_mark(state), address, VERIFIER)

    def exchange_code(self, code: str, verifier: str, _deadline: Deadline) -> Token:
        self._called("exchange_code")
        assert (code, verifier) == (CODE, VERIFIER)
        return replace(self._token(), mobile=self.mobile)

    def refresh(self, refresh_token: str, _deadline: Deadline) -> Token:
        self._called("refresh")
        assert refresh_token == self.refresh_token
        return self.refreshed(self._token())

    def _token(self) -> Token:
        self.token, self.refresh_token = f"{len(self.calls):040x}", f"{len(self.calls) + 4096:040x}"
        shared = " ".join(f"issued/{uri}" for uri in self.ticked)
        return Token(self.token, 3600, self.refresh_token, f"files.issueddocs {shared}")

    def list_documents(self, step: str, token: str, shared: str, _deadline: Deadline) -> DocumentsListed:
        self._called("list_documents")
        assert token == self.token
        marks = shared.split()
        listed = (replace(d, shared=shared == EVERYTHING or uri_mark(d.uri) in marks) for d in self.documents)
        return DocumentsListed(step, tuple(listed), left_out=self.left_out)

    def fetch_document(self, token: str, uri: str, conversation_id: str, step: str, _deadline: Deadline) -> str:
        self._called("fetch_document")
        assert token == self.token
        assert uri in {document.uri for document in (*DOCUMENTS, BROUGHT_IN)}
        key = document_key(str(OUTBOUND_SECRET["tracking_key"]), conversation_id, step)
        self.keep(key, b"%PDF-1.7")
        return key

    def find_offers(self, step: str, words: str, request: FindOffers, _deadline: Deadline) -> OffersFound:
        self._called("find_offers")
        self.sought.append(words)
        return OffersFound(step, (OFFER,), 1, request.page, OFFER.doctype)

    def is_directory_due(self) -> bool:
        return self.is_due

    def refresh_directory(self, _deadline: Deadline) -> bool:
        self._called("refresh_directory")
        self.parts -= 1
        return self.parts > 0

    def parameters(self, offer: Offer, _deadline: Deadline) -> tuple[Parameter, ...]:
        self._called("parameters")
        assert offer == OFFER
        return PARAMETERS

    def pull(self, token: str, offer: Offer, values: Mapping[str, str], _deadline: Deadline) -> str:
        self._called("pull")
        assert (token, offer) == (self.token, OFFER)
        self.pulled = dict(values)
        return BROUGHT_IN.uri

    def revoke(self, token: str, *, is_refresh: bool = False) -> None:
        self._called("revoke refresh" if is_refresh else "revoke")
        assert token == (self.refresh_token if is_refresh else self.token)


@dataclass
class FakeWhatsApp:
    """The Cloud API, as the replier sees it."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    to: list[Recipient] = field(default_factory=list)
    uploaded: list[bytes] = field(default_factory=list)
    fails: list[WhatsAppError | None] = field(default_factory=list)
    probes: int = 0
    is_down: bool = False
    """Whether it does not even answer a probe."""

    def probe(self) -> None:
        self.probes += 1
        if self.is_down:
            raise Unavailable(None)

    def upload(self, content: bytes, media_type: str, filename: str) -> str:
        assert media_type == "application/pdf"
        assert filename.endswith(".pdf")
        self.uploaded.append(content)
        return f"media-{len(self.uploaded)}"

    def send(self, recipient: Recipient, message: Message, callback_data: str = "") -> str:
        if self.fails and (error := self.fails.pop(0)):
            raise error
        self.to.append(recipient)
        self.sent.append({**message.to_json(), "callback": callback_data})
        return "wamid.reply"


class Clock:
    """Time that tests move."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Desk:
    """Everything, and what a test does with it."""

    aws: Modelled
    clock: Clock
    locker: FakeLocker
    whatsapp: FakeWhatsApp
    receiver: Receiver
    worker: Worker
    consenting: ConsentPages
    store: ConversationStore
    _messages: int = 0

    # what she does

    def message(self, kind: str, content: dict[str, Any], **changes: Any) -> dict[str, Any]:
        self._messages += 1
        message = {
            "id": f"wamid.{self._messages}",
            "from": HER_PHONE,
            "from_user_id": HER_ID,
            "timestamp": str(int(self.clock.now)),
            "type": kind,
            kind: content,
        }
        return {key: value for key, value in {**message, **changes}.items() if value is not None}

    def text(self, body: str, **changes: Any) -> dict[str, Any]:
        return self.message("text", {"body": body}, **changes)

    def tap(self, button: str, **changes: Any) -> dict[str, Any]:
        reply = {"type": "button_reply", "button_reply": {"id": button, "title": "?"}}
        return self.message("interactive", reply, **changes)

    def deliver(self, *messages: dict[str, Any]) -> None:
        body = delivery(*messages)
        self.receiver.receive(body, signature(body))

    def work(self, *, last_try: bool = False, queued_at: float = 0, again: bool = False) -> int:
        """Do all work that is queued; give how many jobs there were."""
        jobs = self.aws.work()
        for job in jobs:
            self.worker.work(read_work(json.dumps(job)), last_try=last_try, queued_at=queued_at, again=again)
        return len(jobs)

    def says(self, body: str) -> list[dict[str, Any]]:
        """She types something, the work is done: what she gets."""
        return self.gets(self.text(body))

    def taps(self, button: str) -> list[dict[str, Any]]:
        return self.gets(self.tap(button))

    def gets(self, *messages: dict[str, Any]) -> list[dict[str, Any]]:
        before = len(self.whatsapp.sent)
        self.deliver(*messages)
        self.work()
        return self.whatsapp.sent[before:]

    def time_runs_out(self) -> None:
        self.worker.work(IdleTimer(self.conversation_id, "timer-step"))

    # states to start from

    def asked_for_aadhaar(self) -> None:
        for text in ("Hi", "1", "yes", "I agree"):
            self.says(text)

    def asked_for_otp(self) -> None:
        self.asked_for_aadhaar()
        self.says(AADHAAR)

    def signed_in(self) -> None:
        self.asked_for_otp()
        self.says(OTP)

    def at_link(self) -> str:
        """On to the link to DigiLocker's own page. Gives its state."""
        self.says("Hi")
        (message,) = self.says("1")
        link = str(message["interactive"]["action"]["parameters"]["url"])
        return link.partition("?s=")[2]

    def at_digilocker(self, state: str = "") -> str:
        """On to DigiLocker's page: she agrees on ours. Gives the link's state."""
        state = state or self.at_link()
        (cookie,) = self.consenting.start({"s": [state]}, "")["multiValueHeaders"]["Set-Cookie"]
        answer = self.consenting.answer({"s": [state]}, "action=agree", [cookie], "same-origin", "")
        assert answer["statusCode"] == 303
        self.work()
        return state

    # what is there

    @property
    def conversation_id(self) -> str:
        return str(self.aws.items()["state"]["conversation"]["S"])

    def job(self) -> Job:
        (entry,) = self.store.load(self.conversation_id).outbox
        return Job(self.conversation_id, entry.step)


def delivery(*messages: dict[str, Any], **changes: Any) -> bytes:
    """Wrap messages as WhatsApp delivers them."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "919013151515", "phone_number_id": PHONE_NUMBER_ID},
        "messages": list(messages),
        **changes,
    }
    entry = {"id": "100000000000002", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def signature(body: bytes, secret: str = APP_SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def desk(*, on_page: bool = False, asks_for_proof: bool = False, cloud: Any = None) -> Desk:
    """Put everything together: on the model of AWS, or on the resources of moto that are given."""
    clock, locker, whatsapp, rules = Clock(), FakeLocker(), FakeWhatsApp(), Rules(on_page=on_page)
    cloud = cloud or Modelled(clock)
    environment = cloud.environment
    store = ConversationStore(cloud.client("dynamodb"), environment["CONVERSATIONS_TABLE"], clock)
    sealer = Sealer(cloud.client("kms"), environment["DATA_KEY_ARN"], clock)
    documents = DocumentStore(cloud.client("s3"), environment["DOCUMENTS_BUCKET"], environment["DATA_KEY_ARN"])
    locker.keep = documents.keep
    secrets = cloud.client("secretsmanager")
    outbound = Secret(secrets, environment["OUTBOUND_SECRET_ARN"], "OutboundSecret", clock)
    identity = Secret(secrets, environment["IDENTITY_SECRET_ARN"], "IdentitySecret", clock)
    recipients, tracker = Recipients(identity, PHONE_NUMBER_ID), Tracker(lambda: tracking_keys(outbound))
    receiver = Receiver(
        phone_number_id=PHONE_NUMBER_ID,
        store=store,
        work=WorkQueue(cloud.client("sqs"), environment["WORK_QUEUE_URL"], environment["REPLY_QUEUE_URL"]),
        seal=sealer,
        secret=Secret(secrets, environment["WEBHOOK_SECRET_ARN"], "WebhookSecret", clock),
        identity=identity,
        rules=rules,
        max_age_seconds=600,
        clock=clock,
        sleep=lambda _seconds: None,
    )
    worker = Worker(
        store=store,
        records=RecordStore(cloud.client("dynamodb"), environment["RECORDS_TABLE"], clock),
        sealer=sealer,
        locker=lambda: locker,  # type: ignore[arg-type, return-value]
        replier=MessageSender(
            client=whatsapp,  # type: ignore[arg-type]
            renderer=Renderer(session_seconds=900, link_seconds=900),
            documents=documents,
            secret=outbound,
            recipients=recipients,
            tracker=tracker,
            consent_url="https://desk.example/consent",
            form_token=lambda *form: write_token("form-token-key", *form),
        ),
        documents=documents,
        timers=TimerQueue(cloud.client("sqs"), environment["TIMER_QUEUE_URL"]),
        answers=FormAnswers(cloud.client("dynamodb"), environment["CONVERSATIONS_TABLE"], clock),
        recipients=recipients,
        tracker=tracker,
        rules=rules,
        consent_seconds=1000,
        clock=clock,
        sleep=lambda _seconds: None,
    )
    consenting = ConsentPages(
        store=store,
        work=WorkQueue(cloud.client("sqs"), environment["WORK_QUEUE_URL"], environment["REPLY_QUEUE_URL"]),
        seal=sealer,
        rules=rules,
        number="919013151515",
        digilocker_url="https://digilocker.example",
        asks_for_proof=asks_for_proof,
        facts=Renderer(rules.session_seconds, 900).facts,
        clock=clock,
        sleep=lambda _seconds: None,
    )
    return Desk(cloud, clock, locker, whatsapp, receiver, worker, consenting, store)
