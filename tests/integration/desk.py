"""The real handlers on the model of AWS, or on moto's server, with the stand-ins at both ends, in one process."""

import json
import logging
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType, ModuleType
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit, urlunsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from helpdesk import telemetry
from helpdesk.bootstrap import consent as consent_parts
from helpdesk.bootstrap import document as document_parts
from helpdesk.bootstrap import webhook as webhook_parts
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.service.queue_consumer import DocumentHandler
from helpdesk.whatsapp.client import WhatsAppClient
from operations.stage.redrive import redrive
from standins.clock import Clock
from standins.config import SimulatorConfig
from standins.digilocker.citizens import Citizen, everyone
from standins.phone import Phone
from standins.server import Simulator
from tests.handlers import SETTINGS, Context, load
from tests.integration.model_aws import Model
from tests.integration.moto_aws import Moto
from tests.integration.serving import OneCall, Serving
from tests.world.queues import StaleReceipt

type Aws = Model | Moto
PHONE_NUMBER_ID = "100000000000001"
PAUSES = {"WORK": 0.02, "REPLY": 0.02, "TIMER": 0.2}
"""Seconds between two looks into a queue. Nobody waits for a timer in a chat."""
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "ap-south-1",
    "POWERTOOLS_SERVICE_NAME": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "Helpdesk",
}


class Way(HTTPAdapter):
    """The function's way to a service. It can lead elsewhere, and the function's patience on it can be cut short."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        """The paths of all calls that went to the service, but for those that mark a message as read."""
        self.read_marks: list[dict[str, Any]] = []
        """What the calls said that mark a message as read and show "typing"."""
        self.detours: dict[str, str] = {}
        """Part of a path -> where calls with it end up instead: `host:port`."""
        self.patience: dict[str, float] = {}
        """Part of a path -> seconds that the timeouts of calls with it last at the most."""

    def send(self, request: Any, *args: Any, **options: Any) -> requests.Response:
        """Send a request, as the client's session does."""
        url = urlsplit(request.url)
        for part, seconds in self.patience.items():
            if part in url.path:
                given = options["timeout"]
                options["timeout"] = urllib3.Timeout(
                    total=given.total,
                    connect=min(given.connect_timeout, seconds),
                    read=min(given.read_timeout, seconds),
                )
        for part, elsewhere in self.detours.items():
            if part in url.path:
                request.url = urlunsplit(url._replace(netloc=elsewhere))
                return super().send(request, *args, **options)
        if read_mark := _read_mark(request):
            self.read_marks.append(read_mark)
        else:
            self.sent.append(url.path)
        return super().send(request, *args, **options)

    def count(self, part: str) -> int:
        """Count the calls with this in their path that went to the service."""
        return sum(part in path for path in self.sent)

    def clear(self) -> None:
        """Lead where the settings say again, and wait as long as they say."""
        self.detours.clear()
        self.patience.clear()

    def session(self) -> requests.Session:
        """Return a session that takes this way."""
        session = requests.Session()
        session.mount("http://", self)
        return session


def _read_mark(request: Any) -> dict[str, Any] | None:
    """Return the body of a call that marks a message as read; None for any other."""
    if not urlsplit(request.url).path.endswith("/messages"):
        return None
    body: dict[str, Any] = json.loads(request.body)
    return body if body.get("status") == "read" else None


@dataclass
class Pauses:
    """The queues' client, which also notes how long each failed message is held back, in seconds."""

    sqs: Any
    clock: Clock
    hurried: bool
    noted: list[int] = field(default_factory=list)

    def change_message_visibility(self, **call: Any) -> None:
        """Hold a message back. In a hurry, the time until it comes back passes at once."""
        self.sqs.change_message_visibility(**call)
        self.noted.append(call["VisibilityTimeout"])
        if self.hurried:
            self.clock.advance(call["VisibilityTimeout"])


@dataclass
class Desk:
    """A running help desk, and ways to look inside."""

    simulator: Simulator
    environment: dict[str, str]
    webhook: ModuleType
    document: ModuleType
    consent: ModuleType
    consent_url: str
    """Where DigiLocker sends a browser back to."""
    config: SimulatorConfig
    aws: Aws
    to_digilocker: Way
    to_whatsapp: Way
    pauses: list[int]
    """How long each failed message was held back so far, in seconds."""
    counted: Counter[str]
    """What the functions counted so far, by metric."""

    def pass_time(self, seconds: float) -> None:
        """Let time pass, for the functions, the queues and the stand-ins."""
        self.simulator.world.clock.advance(seconds)

    def until_timers_fired(self) -> None:
        """Wait for the timers that are due."""
        until(lambda: self._is_worked_off("TIMER"))

    def until_idle(self) -> None:
        """Wait until the functions are done with everything that was queued and is due."""
        until(lambda: all(self._is_worked_off(name) for name in PAUSES), seconds=30)

    def _is_worked_off(self, queue: str) -> bool:
        return not self._messages(self.environment[f"{queue}_QUEUE_URL"], "", "NotVisible")

    def _messages(self, url: str, *kinds: str) -> int:
        """Return how many messages of these kinds a queue has; those that are due have no name."""
        names = [f"ApproximateNumberOfMessages{kind}" for kind in kinds]
        counts = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(counts[name]) for name in names)

    def mend(self) -> None:
        """Let everybody do again what they should."""
        self.simulator.world.faults.reset()
        self.to_digilocker.clear()
        self.to_whatsapp.clear()

    def dead_letters(self) -> int:
        """How many messages are on the dead-letter queues of both lanes."""
        return sum(self._messages(dead, "") for dead in self.aws.dead_letter_urls.values())

    def redrive(self) -> int:
        """Send the dead letters back to work, as an operator does. Return how many."""
        return sum(
            redrive(self.client("sqs"), dead, self.environment[queue]).sent
            for queue, dead in self.aws.dead_letter_urls.items()
        )

    def set_access_token(self, token: str) -> None:
        """Change WhatsApp's access token in the secret, as an operator does."""
        change_secret(
            self.client("secretsmanager"), self.environment["OUTBOUND_SECRET_ARN"], whatsapp_access_token=token
        )

    def set_app_secrets(self, *app_secrets: str) -> None:
        """Change the app secrets that count, as an operator does."""
        change_secret(
            self.client("secretsmanager"), self.environment["WEBHOOK_SECRET_ARN"], app_secrets=list(app_secrets)
        )

    def set_verify_token(self, token: str) -> None:
        """Change the verify token, as an operator does."""
        change_secret(self.client("secretsmanager"), self.environment["WEBHOOK_SECRET_ARN"], verify_token=token)

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def items(self) -> list[dict[str, Any]]:
        """Everything in the tables."""
        tables = (self.environment["CONVERSATIONS_TABLE"], self.environment["RECORDS_TABLE"])
        return [item for table in tables for item in self.client("dynamodb").scan(TableName=table)["Items"]]

    def state(self, phone: str = "") -> dict[str, Any]:
        """The state of the only conversation, or of the only one with this phone number."""
        states = [item for item in self.items() if item["part"]["S"] == "state"]
        (item,) = [item for item in states if phone in item["person"]["S"]]
        return item

    def sealed(self, phone: str = "") -> dict[str, str]:
        """What the state of a conversation keeps sealed, by name. `phone`: as of `state`."""
        found: dict[str, str] = json.loads(self.state(phone)["sealed"]["S"])
        return found

    def is_done(self, phone: str = "") -> bool:
        """Whether the outbox of a conversation is empty. `phone`: as of `state`."""
        return not self.state(phone).get("outbox", {"M": {}})["M"]

    def objects(self) -> list[str]:
        """The keys of all PDFs that are kept."""
        answer = self.client("s3").list_objects_v2(Bucket=self.environment["DOCUMENTS_BUCKET"])
        return [found["Key"] for found in answer.get("Contents", [])]

    def phone(self, name: str) -> Phone:
        """The phone of a citizen."""
        citizen = next(one for one in everyone() if one.name == name)
        return Phone(self.simulator.url, citizen.phone, citizen.mobile)


def change_secret(client: Any, arn: str, **changes: object) -> None:
    """Write fields of a secret, and leave the others as they are."""
    fields = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
    client.put_secret_value(SecretId=arn, SecretString=json.dumps(fields | changes))


def citizen(name: str) -> Citizen:
    """Return a made-up citizen by her name."""
    return next(one for one in everyone() if one.name == name)


def ask_for_number(desk: Desk, name: str) -> Phone:
    """Go on until the Aadhaar number is asked for."""
    phone = desk.phone(name)
    phone.catch_up()
    phone.say("Done")  # an earlier test may have left her signed in
    phone.expect()
    phone.say("Hi")
    phone.expect("Welcome")
    phone.tap("DigiLocker Services")
    phone.expect("Do you have a DigiLocker account?")
    phone.tap("Yes")
    phone.expect("Do you agree?")
    phone.tap("I agree")
    phone.expect("12-digit Aadhaar number")
    return phone


def ask_for_otp(desk: Desk, name: str) -> Phone:
    """Go on until the OTP is asked for."""
    phone = ask_for_number(desk, name)
    phone.say(citizen(name).aadhaar)
    phone.expect("OTP is on its way")
    return phone


def sign_in(desk: Desk, name: str) -> Phone:
    """Go on until the OTP is typed."""
    phone = ask_for_otp(desk, name)
    phone.say(phone.otp())
    return phone


def at_list(desk: Desk, name: str) -> Phone:
    """Have the list of her documents on her phone; sign in only where an earlier test has not left her signed in."""
    phone = desk.phone(name)
    phone.catch_up()
    phone.say("other documents")
    if "Your documents" not in phone.expect().text:
        phone = sign_in(desk, name)
        phone.expect("Your documents")
    return phone


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something that goes on behind the conversation."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def running_desk(
    *,
    hurried: bool = False,
    settings: Mapping[str, str] = MappingProxyType({}),
    on: Callable[[], Aws] = Model,
    **changes: Any,
) -> Iterator[Desk]:
    """Set up AWS, the functions and the stand-ins; `changes` go into the simulator's configuration.

    `settings`: of the functions, where they differ from `SETTINGS`. There is one clock, the stand-ins'. `hurried`: the
    time for which a failed message is held back passes at once. `on`: which AWS.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    config = SimulatorConfig(
        app_secret=uuid.uuid4().hex,
        verify_token=uuid.uuid4().hex,
        phone_number_id=PHONE_NUMBER_ID,
        access_token=uuid.uuid4().hex,
        client_id="TESTCLIENT",
        client_secret=uuid.uuid4().hex,
        **{"status_delay": 0.01, **changes},
    )
    stop = threading.Event()
    aws = on()
    to_digilocker, to_whatsapp = Way(), Way()
    try:
        with (
            mock.patch.dict(os.environ, CREDENTIALS),
            Simulator(config, port=0) as simulator,
        ):
            clock = simulator.world.clock
            functions: dict[str, ModuleType] = {}
            gateway = Serving(_gateway(functions, aws.file), OneCall)
            address = f"http://127.0.0.1:{gateway.port}"
            simulator.world.redirect_uris.append(f"{address}/consent")
            counted: Counter[str] = Counter()
            with ExitStack() as patches:
                for module, name, stand_in in aws.patches(clock):
                    patches.enter_context(mock.patch.object(module, name, stand_in))
                environment = _environment(config, simulator.url) | aws.resources(config, address)
                environment |= {"CONSENT_URL": f"{address}/consent", **settings}
                patches.enter_context(mock.patch.dict(os.environ, environment))
                pauses = Pauses(aws.client("sqs"), clock, hurried)
                for module, name, stand_in in (
                    (telemetry.metrics, "add_metric", partial(_count, counted)),
                    (webhook_parts, "receiver", partial(webhook_parts.receiver, clock=clock.now)),
                    (consent_parts, "consenting", partial(consent_parts.consenting, clock=clock.now)),
                    (
                        document_parts,
                        "handler",
                        partial(
                            document_parts.handler,
                            clock=clock.now,
                            whatsapp=partial(WhatsAppClient, session=to_whatsapp.session()),
                            digilocker=partial(DigiLockerClient, session=to_digilocker.session()),
                        ),
                    ),
                    (document_parts, "DocumentHandler", partial(_handler, DocumentHandler, pauses)),
                ):
                    patches.enter_context(mock.patch.object(module, name, stand_in))
                functions |= {name: load(name) for name in ("webhook", "document", "consent")}
                webhook, document = functions["webhook"], functions["document"]
                threads = []
                for name, pause in PAUSES.items():
                    queue = (environment[f"{name}_QUEUE_URL"], environment[f"{name}_QUEUE_ARN"])
                    threads.append(
                        threading.Thread(target=_pump, args=(document, aws, *queue, pause, stop), daemon=True)
                    )
                for thread in threads:
                    thread.start()
                simulator.webhook_url = f"{address}/webhook"
                try:
                    yield Desk(
                        simulator,
                        environment,
                        webhook,
                        document,
                        functions["consent"],
                        f"{address}/consent",
                        config,
                        aws,
                        to_digilocker,
                        to_whatsapp,
                        pauses.noted,
                        counted,
                    )
                finally:
                    stop.set()
                    gateway.close()
                    for thread in threads:
                        thread.join(30)
    finally:
        stop.set()
        aws.close()


def _count(counted: Counter[str], **metric: Any) -> None:
    """Count here instead of in Powertools' metrics, of which the functions of one process would share one set."""
    counted[metric["name"]] += metric["value"]


def _handler(build: Callable[..., Any], pauses: Pauses, **parts: Any) -> Any:
    return build(**parts | {"sqs": pauses})


def _environment(config: SimulatorConfig, url: str) -> dict[str, str]:
    """Return the functions' settings, but for what AWS's resources are called."""
    return {
        **SETTINGS,
        "WHATSAPP_PHONE_NUMBER_ID": config.phone_number_id,
        "WHATSAPP_API_URL": f"{url}/graph",
        "WHATSAPP_API_VERSION": config.graph_version,
        "DIGILOCKER_URL": f"{url}/digilocker",
        "DIGILOCKER_VERSION": config.digilocker_version,
        "OTPS_PER_CITIZEN_PER_DAY": "1000",
        "NUMBERS_PER_CITIZEN_PER_DAY": "1000",
        "OTPS_PER_NUMBER_PER_HOUR": "1000",
        "OTPS_PER_NUMBER_PER_DAY": "1000",
        "REPLIES_PER_CITIZEN_PER_DAY": "10000",
        "MESSAGES_PER_MINUTE": "1000",
        "SAME_TEXTS_PER_MINUTE": "1000",
        "CONSENT_RETENTION_DAYS": "730",
    }


def _event(request: Request) -> dict[str, Any]:
    """Write a request down as API Gateway (REST, proxy integration) does."""
    return {
        "httpMethod": request.method,
        "resource": request.path,
        "headers": dict(request.headers),
        "multiValueHeaders": {name: request.headers.getlist(name) for name, _ in request.headers},
        "queryStringParameters": dict(request.args) or None,
        "multiValueQueryStringParameters": dict(request.args.lists()) or None,
        "body": request.get_data().decode(),
        "isBase64Encoded": False,
    }


def _gateway(functions: Mapping[str, ModuleType], file: Callable[[str], bytes | None]) -> Any:
    """Hand requests to the function that the first part of their path names, one after the other; and give files."""
    lock = threading.Lock()

    @Request.application
    def application(request: Request) -> Response:
        _, name, rest = request.path.split("/", 2) if request.path.count("/") > 1 else ("", request.path[1:], "")
        if name == "objects":
            content = file(rest)
            return Response(content, 404 if content is None else 200, content_type="application/pdf")
        function = functions[name]
        with lock:  # one execution environment of each
            answer = function.lambda_handler(_event(request), Context())
        headers = Headers(answer.get("multiValueHeaders") or answer["headers"])
        return Response(answer["body"], answer["statusCode"], headers)

    return application


def show(
    module: ModuleType,
    path: str,
    query: str,
    headers: Iterable[tuple[str, str]] = (),
    method: str = "GET",
    body: str | None = None,
) -> Any:
    """Have the consent function answer a browser, as API Gateway does."""
    several: dict[str, list[str]] = {}
    for name, value in headers:
        several.setdefault(name, []).append(value)
    event = {
        "httpMethod": method,
        "resource": path,
        "multiValueHeaders": several,
        "body": body,
        "multiValueQueryStringParameters": parse_qs(query, keep_blank_values=True) or None,
    }
    return module.lambda_handler(event, Context())


def _pump(module: ModuleType, aws: Aws, url: str, arn: str, pause: float, stop: threading.Event) -> None:
    """Hand messages to the document function, as the event source mapping does."""
    sqs = aws.client("sqs")
    while not stop.wait(pause):
        if aws.is_empty(url):
            continue
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=1, AttributeNames=["ApproximateReceiveCount", "SentTimestamp"]
        )
        for message in answer.get("Messages", []):
            record = {
                "messageId": message["MessageId"],
                "body": message["Body"],
                "receiptHandle": message["ReceiptHandle"],
                "eventSourceARN": arn,
                "attributes": message["Attributes"],
            }
            if not module.lambda_handler({"Records": [record]}, Context())["batchItemFailures"]:
                # Where a test has moved the clock meanwhile, the message is visible again, and is worked on twice.
                with suppress(StaleReceipt):
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
