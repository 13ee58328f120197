"""Whole conversations in which everything goes wrong, and everything that they left."""

import base64
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import requests
from botocore.exceptions import ClientError, ParamValidationError

from standins.digilocker.citizens import Citizen, everyone
from standins.phone import Phone
from standins.whatsapp import webhooks
from standins.whatsapp.phones import message_id
from tests.handlers import Context
from tests.integration.desk import Desk, running_desk, until
from tests.integration.moto_aws import Moto
from tests.traces.recording import (
    TYPING,
    Cloud,
    Failure,
    Wire,
    Written,
    answering,
    as_meta_says,
    in_html,
    in_json,
    metrics_at_once,
    raising,
    recorded,
)
from tests.traces.searching import Class, Planted, Shape

NAME = "ASHA VERMA"
WRONG_NUMBER = "999999990018"
"""Her Aadhaar number with a check digit that is not its."""
ANOTHER_NUMBER = "999941057058"
"""UIDAI's: typed, sent and shown where nobody asked for it."""
WRONG_OTP = "718293"
SAYING = "purple elephants dance at noon"
NEWCOMER, HER_NAME, BORN = "SUNITA DEVI", "Sunita Devi", "5 March 1968"
"""Who signs up, and what she types."""
MISTYPED_NAME, MISTYPED_BORN = "Savitri Devi", "06/03/1968"
"""What she types first."""
NEW_MOBILE = "9000000083"
"""For her account. She writes from another, which stands in the table beside her conversation."""
LOOKED_FOR = "driving licence of zanzibarra"
"""What she looks for who brings a document in, and then what she enters for it."""
MISTYPED_LICENCE = "ZZ07 7316402"
PLANTED_ACCESS_TOKEN = "b7f1c2d3e4a5968778695a4b3c2d1e0f12345678"
PLANTED_REFRESH_TOKEN = "c8a2d3e4f5b6079889706b5c4d3e2f1023456789"

CANARY = Planted("canary", "canary5d1e7a9b3c", Class.SECRET)
"""Left on purpose, in every place that is searched."""


def in_hindi(digits: str) -> str:
    return digits.translate({ord("0") + digit: chr(0x0966 + digit) for digit in range(10)})


@dataclass
class Evidence:
    """All that was left behind."""

    planted: list[Planted]
    output: list[str]
    crashes: list[str]
    written: list[Written]
    items: list[dict[str, Any]]
    """The table's items, at each moment that was looked at."""
    objects: list[dict[str, Any]]
    """What the bucket tells of a PDF, but for the PDF."""
    waiting: dict[str, list[str]]
    """Messages on the queues at the end, by queue."""
    failed: list[str] = field(default_factory=list)
    """What was made to fail, and did."""
    unfailed: list[str] = field(default_factory=list)
    """What was made to fail, and was never called."""
    least_failed: int = 0
    """How much of it there is at least."""
    told: frozenset[str] = frozenset()
    """The names of what was certainly planted."""

    def of(self, rank: Class) -> list[Planted]:
        return [planted for planted in self.planted if planted.rank is rank]


@contextmanager
def gone_through(story_of: "type[Story]", level: str, root_level: int) -> Iterator[Evidence]:
    """Have a story happen, with the functions at a log level, and give what is left."""
    wire = Wire()
    running = running_desk(on=Moto, hurried=True, settings=story_of.settings, **story_of.simulated)
    with recorded(level, root_level) as (cloud, output), wire.tapped(), running as desk, metrics_at_once():
        story = story_of(desk, cloud, wire)
        story.run()
        evidence = Evidence(
            planted=story.planted(),
            output=output.lines(),
            crashes=output.crashes,
            written=cloud.written,
            items=story.items,
            objects=story.objects,
            waiting=story.waiting,
            failed=[*cloud.failed, *wire.used],
            unfailed=[*cloud.planned, *wire.planned],
            least_failed=story.least_failed,
            told=story.told,
        )
    yield evidence


class Story:
    """She asks for her licence, again and again."""

    settings: Mapping[str, str] = {}
    simulated: Mapping[str, Any] = {}
    """What is set otherwise than usual, for the functions and for the stand-ins."""
    least_failed = 25
    told = frozenset({"access token", "device code", "OTP", "link", "wamid"})
    """The names of what the story must have planted on its way."""

    def __init__(self, desk: Desk, cloud: Cloud, wire: Wire) -> None:
        self._desk = desk
        self._cloud = cloud
        self._wire = wire
        self._citizen: Citizen = next(one for one in everyone() if one.name == NAME)
        self._phone: Phone = desk.phone(NAME)
        self._newcomer: Citizen = next(one for one in everyone() if one.name == NEWCOMER)
        self._links: list[str] = []
        self._wamids: list[str] = []
        self.items: list[dict[str, Any]] = []
        self.objects: list[dict[str, Any]] = []
        self.waiting: dict[str, list[str]] = {}

    @property
    def _dead_letter_url(self) -> str:
        """A queue of this desk alone: moto has those of earlier stories too, with what is left on them."""
        return self._desk.aws.dead_letter_urls["WORK_QUEUE_URL"]

    @property
    def _messages(self) -> str:
        return f"/{self._desk.config.phone_number_id}/messages"

    def run(self) -> None:
        self._a_wrong_number_and_digilocker_that_repeats_it()
        self._a_wrong_otp_and_a_token_that_is_none()
        self._signed_in_by_vid_while_aws_fails()
        self._documents_while_digilocker_fails()
        self._documents_while_typing_cannot_be_shown()
        self._documents_while_whatsapp_fails()
        self._signing_up_while_everything_fails()
        self._numbers_in_odd_places()
        self._a_message_that_is_never_done()
        self._a_canary_everywhere()

    def planted(self) -> list[Planted]:
        """Everything that must not be found, by what it is."""
        her, config = self._citizen, self._desk.config
        phone = self._desk.simulator.world.phones.at(self._phone.number)
        wamids = {*self._wamids, *(message.id for message in phone.messages)}
        otps = {sms.otp for sms in self._desk.simulator.world.sms.of(str(her.mobile)) if sms.otp}
        secret = [
            Planted("Aadhaar number", her.aadhaar, Class.SECRET, Shape.NUMBER),
            Planted("mistyped Aadhaar number", WRONG_NUMBER, Class.SECRET, Shape.NUMBER),
            Planted("another's Aadhaar number", ANOTHER_NUMBER, Class.SECRET, Shape.NUMBER),
            Planted("VID", str(her.vid), Class.SECRET, Shape.NUMBER),
            Planted("wrong OTP", WRONG_OTP, Class.SECRET, Shape.NUMBER),
            *(Planted("OTP", otp, Class.SECRET, Shape.NUMBER) for otp in otps),
            Planted("date of birth", her.born, Class.SECRET, Shape.DATE),
            Planted("access token", PLANTED_ACCESS_TOKEN, Class.SECRET, Shape.RANDOM),
            Planted("refresh token", PLANTED_REFRESH_TOKEN, Class.SECRET, Shape.RANDOM),
            *(Planted("access token", token, Class.SECRET, Shape.RANDOM) for token in self._wire.sent["token"]),
            *(Planted("device code", code, Class.SECRET, Shape.RANDOM) for code in self._wire.sent["device_code"]),
            Planted("client secret", config.client_secret, Class.SECRET, Shape.RANDOM),
            Planted("app secret", config.app_secret, Class.SECRET, Shape.RANDOM),
            Planted("verify token", config.verify_token, Class.SECRET, Shape.RANDOM),
            Planted("WhatsApp token", config.access_token, Class.SECRET, Shape.RANDOM),
            Planted("what she said", SAYING, Class.SECRET, Shape.NUMBER),
        ]
        personal = [
            Planted("phone number", her.phone.removeprefix("91"), Class.PERSONAL, Shape.NUMBER),
            Planted("user id", phone.user_id, Class.PERSONAL),
            Planted("user id", phone.user_id.removeprefix("IN."), Class.PERSONAL, Shape.NUMBER),
            Planted("name", her.name, Class.PERSONAL, Shape.NUMBER),
            *(Planted("wamid", wamid.removeprefix("wamid."), Class.PERSONAL) for wamid in wamids),
            *(Planted("link", link, Class.PERSONAL) for link in self._links),
            *(Planted("link", link.split("Signature=")[1][:64], Class.PERSONAL, Shape.RANDOM) for link in self._links),
            *(Planted("document URI", document.uri, Class.PERSONAL) for document in her.issued),
            *(Planted("number of a document", number, Class.PERSONAL, Shape.NUMBER) for number in self._numbers()),
        ]
        return [*secret, *personal, *self._planted_by_the_newcomer()]

    def _planted_by_the_newcomer(self) -> list[Planted]:
        """What she entered who signs up, all of it for DigiLocker only, and what tells who writes."""
        world = self._desk.simulator.world
        phone = world.phones.at(self._newcomer.phone)
        otps = {sms.otp for sms in world.sms.of(f"91{NEW_MOBILE}") if sms.otp}
        return [
            Planted("newcomer's Aadhaar number", self._newcomer.aadhaar, Class.SECRET, Shape.NUMBER),
            Planted("newcomer's name", HER_NAME, Class.SECRET, Shape.NUMBER),
            Planted("newcomer's first name", HER_NAME.split(maxsplit=1)[0], Class.SECRET),
            Planted("mistyped name", MISTYPED_NAME, Class.SECRET, Shape.NUMBER),
            Planted("newcomer's date of birth", self._newcomer.born, Class.SECRET, Shape.DATE),
            Planted("newcomer's date of birth", BORN, Class.SECRET, Shape.NUMBER),
            Planted("mistyped date of birth", "06031968", Class.SECRET, Shape.DATE),
            Planted("what she looks for", LOOKED_FOR, Class.SECRET, Shape.NUMBER),
            Planted("mistyped licence number", MISTYPED_LICENCE, Class.SECRET, Shape.NUMBER),
            Planted("newcomer's mobile", NEW_MOBILE, Class.SECRET, Shape.NUMBER),
            *(Planted("OTP", otp, Class.SECRET, Shape.NUMBER) for otp in otps),
            Planted("phone number", self._newcomer.phone.removeprefix("91"), Class.PERSONAL, Shape.NUMBER),
            Planted("user id", phone.user_id, Class.PERSONAL),
            *(Planted("wamid", message.id.removeprefix("wamid."), Class.PERSONAL) for message in phone.messages),
        ]

    def _numbers(self) -> list[str]:
        """What stands in the URIs of the PAN card and the driving licence."""
        return [
            document.uri.rsplit("-", 1)[1]
            for document in self._citizen.issued
            if document.doctype in {"PANCR", "DRVLC"}
        ]

    # What happens

    def _a_wrong_number_and_digilocker_that_repeats_it(self) -> None:
        self._say(SAYING, "")
        self._to_the_number()
        self._say(f"it is {WRONG_NUMBER}", "")
        self._wire.plan("/account/2/verify", answering(500, in_json(error="unexpected_error")))
        self._wire.plan("/oauth2/1/code", answering(500, in_html))
        self._say("9999 9999 0019", "Try again")
        self._wire.plan("/account/2/verify", raising(requests.ConnectionError))
        self._wire.plan("/oauth2/1/code", raising(requests.ReadTimeout))
        self._tap("Try again", "Try again")
        self._wire.plan("/account/2/verify", raising(ValueError))
        self._wire.plan("/oauth2/1/code", raising(RuntimeError))  # nobody foresees it: the job comes back
        self._fail("kms", "Encrypt", invalid)
        self._tap("Try again", "")
        if "OTP is on its way" not in self._phone.chat()[-1].text:  # that one was lost
            self._tap("Try again", "OTP is on its way")

    def _a_wrong_otp_and_a_token_that_is_none(self) -> None:
        self._say(WRONG_OTP, "not accepted")
        self._look()
        answer = {
            "access_token": PLANTED_ACCESS_TOKEN,
            "refresh_token": PLANTED_REFRESH_TOKEN,
            "expires_in": 3600,
            "token_type": "Bearer",
            "scope": "files.issueddocs",
            "dob": self._citizen.born,
            "name": self._citizen.name,
            "eaadhaar": "Y",
        }
        self._wire.plan("/oauth2/1/token", answering(200, lambda _text: json.dumps(answer)))
        self._wire.plan("/files/issued", answering(401, in_json(error="invalid_token")))
        self._say(in_hindi(self._phone.otp()), "DigiLocker Services")

    def _signed_in_by_vid_while_aws_fails(self) -> None:
        self._to_the_number()
        self._fail("kms", "Encrypt", RuntimeError)
        self._say(f"VID {self._citizen.vid}", "OTP is on its way")
        self._wire.plan("/files/issued", answering(200, in_json(items="twelve")))
        self._fail("kms", "Decrypt", refused)
        self._say(f"OTP: {self._phone.otp()}", "Try again")
        self._fail("dynamodb", "UpdateItem", refused)
        self._tap("Try again", "Your documents")
        self._look()

    def _documents_while_digilocker_fails(self) -> None:
        world = self._desk.simulator.world
        self._wire.plan("/oauth2/1/file/", answering(500, in_json(error="repository_service_exception")), times=2)
        self._say("2", "Try again")
        self._wire.plan("/oauth2/1/file/", answering(503, in_html), times=2)
        self._tap("Try again", "Try again")
        self._wire.plan("/oauth2/1/file/", raising(requests.exceptions.ChunkedEncodingError), times=2)
        self._tap("Try again", "Try again")
        world.faults.set({"whatsapp": {"status_order": "none"}})  # so the PDF stays
        self._fail("s3", "PutObject", refused)
        self._tap("Try again", "Driving licence.pdf")
        self._look()
        world.faults.set({"whatsapp": {"status_order": "in-order", "fetch": {"status": 403}}})
        self._fail("sqs", "SendMessage", OSError)
        self._say("2", "Driving licence.pdf")
        self._phone.expect("Driving licence.pdf", within=30)
        self._look()

    def _documents_while_typing_cannot_be_shown(self) -> None:
        from helpdesk.service import message_sender  # noqa: PLC0415 - after the environment is set

        self._desk.pass_time(120)  # she may not have more documents than this in a minute
        with mock.patch.object(message_sender, "TYPING_AFTER_SECONDS", 0.01):
            # Each time another document: copies of the last one may still be on their way.
            for number, filename, outcome in (
                ("3", "Vehicle RC.pdf", answering(401, as_meta_says(190))),
                ("4", "Class 10 marksheet.pdf", answering(502, in_html)),
                ("6", "Class 12 marksheet.pdf", raising(requests.ReadTimeout)),
            ):
                self._wire.plan(TYPING, outcome)
                self._desk.simulator.world.faults.set({"digilocker": {"file": {"delay": 0.5}}})
                self._say(number, filename)
                until(lambda: not self._wire.planned, seconds=30)

    def _documents_while_whatsapp_fails(self) -> None:
        self._wire.plan(self._messages, answering(400, as_meta_says(131026)))
        self._phone.say("1")
        until(lambda: not self._wire.planned, seconds=30)
        for outcome in (
            answering(500, as_meta_says(1)),
            answering(401, as_meta_says(190)),
            answering(502, in_html),
            raising(requests.ConnectionError),
            raising(UnicodeError),
        ):
            self._wire.plan(self._messages, outcome)
            self._say("Other documents", "Your documents", within=60)
        self._fail("sqs", "SendMessageBatch", RuntimeError)
        self._say(f"{ANOTHER_NUMBER} is what I mean", "")
        self._fail("dynamodb", "Query", KeyError)
        self._say("Other documents", "Your documents")

    def _signing_up_while_everything_fails(self) -> None:
        """Another one signs up; whatever repeats what she enters fails with all of it in its text."""
        hers, self._phone = self._phone, Phone(self._desk.simulator.url, self._newcomer.phone, f"91{NEW_MOBILE}")
        self._say("Hi", "Welcome")
        self._tap("DigiLocker Services", "Do you have a DigiLocker account?")
        self._tap("No", "Do you agree?")
        self._tap("I agree", "12-digit Aadhaar number")
        self._say(self._newcomer.aadhaar, "your name")
        self._fail("kms", "Encrypt", RuntimeError)
        self._say(MISTYPED_NAME, "date of birth")
        self._fail("dynamodb", "UpdateItem", KeyError)
        self._fail("kms", "Decrypt", refused)
        self._say(MISTYPED_BORN, "6 March 1968")
        self._fail("kms", "Encrypt", invalid)
        self._say(BORN, "5 March 1968")
        self._tap("Female", "Which mobile number")
        self._wire.plan(self._messages, raising(UnicodeError))
        self._say(f"+91 {NEW_MOBILE[:5]} {NEW_MOBILE[5:]}", "Please check your details", MISTYPED_NAME)
        self._look()
        for outcome in (
            answering(401, in_json(error="auth_failure")),
            answering(500, in_html),
            raising(requests.ReadTimeout),
            raising(RuntimeError),  # nobody foresees it: the job comes back
        ):
            self._wire.plan("/signup/2/demoauth", outcome)
            self._tap("Send", "Please check your details")
        self._say("2", "your name")
        self._say(HER_NAME, "Please check your details", HER_NAME)
        self._tap("Send", "OTP is on its way")
        self._look()
        self._wire.plan("/signup/1/demoauthverify", raising(RuntimeError))
        self._say(self._phone.otp(), "you need a new OTP")
        self._desk.pass_time(61)
        self._tap("Resend", "OTP is on its way")
        self._say(f"OTP {self._phone.otp()}", "no documents in your DigiLocker yet")
        self._look()
        self._bringing_in_while_everything_fails()
        self._phone = hers

    def _bringing_in_while_everything_fails(self) -> None:
        """She looks for a document and enters what its issuer wants to know; whatever repeats it fails with it."""
        self._tap("Get a new document", "Which document")
        self._fail("kms", "Encrypt", RuntimeError)
        self._fail("kms", "Decrypt", refused)
        self._wire.plan("/pull/parameters", answering(500, in_html))
        self._say(LOOKED_FOR, "Driving Licence Number")
        self._fail("dynamodb", "UpdateItem", KeyError)
        self._wire.plan(self._messages, raising(UnicodeError))
        self._say(MISTYPED_LICENCE, "We will ask", MISTYPED_LICENCE)
        self._look()
        for outcome in (
            answering(404, in_json(error="record_not_found")),
            answering(400, in_json(error="invalid_parameter")),
            answering(500, in_html),
            raising(requests.ReadTimeout),
            raising(RuntimeError),  # nobody foresees it: the job comes back
        ):
            self._wire.plan("/pull/pulldocument", outcome)
            self._tap("Send", "We will ask")
        self._tap("Cancel", "Stopped")
        self._look()

    def _numbers_in_odd_places(self) -> None:
        """Messages and calls that nobody expects, each with an Aadhaar number wherever there is room."""
        for message in odd_messages(ANOTHER_NUMBER):
            wamid = message_id(self._citizen.phone, inbound=True)
            self._wamids.append(wamid)
            common = {"id": wamid, "from": self._citizen.phone, "timestamp": str(int(time.time()))}
            self._deliver({"messages": [{**common, **message}]})
        for value in odd_values(ANOTHER_NUMBER, self._citizen.phone):
            self._deliver(value)
        for body in odd_bodies(ANOTHER_NUMBER, self._citizen.phone):
            self._post(body)
        address = str(self._desk.simulator.webhook_url)
        requests.post(address, data=f'{{"uid": "{ANOTHER_NUMBER}"}}', headers={"X-Aadhaar": ANOTHER_NUMBER}, timeout=9)
        wrong = {"hub.mode": "subscribe", "hub.verify_token": ANOTHER_NUMBER, "hub.challenge": self._citizen.phone}
        requests.get(address, params=wrong, timeout=9)
        for event in ({}, {"httpMethod": "POST", "body": ANOTHER_NUMBER, "isBase64Encoded": True, "headers": 7}):
            self._desk.webhook.lambda_handler(event, Context())
        self._desk.document.lambda_handler({"Records": [{"messageId": "1", "body": ANOTHER_NUMBER}]}, Context())
        self._look()

    def _a_message_that_is_never_done(self) -> None:
        """WhatsApp refuses our token: the job goes to the dead-letter queue, whichever lane it is in."""
        sqs, environment = self._desk.client("sqs"), self._desk.environment
        name = self._dead_letter_url.rpartition("/")[2]
        policy = {"deadLetterTargetArn": f"arn:aws:sqs:ap-south-1:123456789012:{name}", "maxReceiveCount": 1}
        for lane in ("WORK", "REPLY"):
            url = environment[f"{lane}_QUEUE_URL"]
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})
        refused = answering(401, as_meta_says(190))
        self._desk.pass_time(61)  # more than 30 messages in a minute get no answer, and many came before
        self._wire.plan(self._messages, refused, times=200)
        self._phone.say(f"OTP {WRONG_OTP} for {ANOTHER_NUMBER}")
        self.waiting["dead"] = []
        until(lambda: self._received(sqs, self._dead_letter_url, self.waiting["dead"]), seconds=60)
        # Its last try, as the function sees it: it gives the job up.
        record = {
            "messageId": "1",
            "body": self.waiting["dead"][0],
            "receiptHandle": "receipt",
            "eventSourceARN": environment["WORK_QUEUE_ARN"],
            "attributes": {"ApproximateReceiveCount": "8", "SentTimestamp": str(int(time.time() * 1000))},
        }
        self._desk.document.lambda_handler({"Records": [record]}, Context())
        self._wire.forget()
        self._look()
        for name in ("WORK", "REPLY", "TIMER"):
            left: list[str] = []
            self._received(sqs, environment[f"{name}_QUEUE_URL"], left)
            self.waiting[name] = left

    def _a_canary_everywhere(self) -> None:
        """Leave something in every place that is searched: what is not found there would be found nowhere."""
        from helpdesk.telemetry import count, logger  # noqa: PLC0415 - after the environment is set

        logger.info("canary", extra={"found": CANARY.value})
        count(CANARY.value)
        sqs, environment = self._desk.client("sqs"), self._desk.environment
        dead = self._dead_letter_url
        sqs.send_message(QueueUrl=dead, MessageBody=CANARY.value, MessageGroupId="canary", MessageDeduplicationId="1")
        found = self.waiting["dead"]
        until(lambda: self._received(sqs, dead, found) and CANARY.value in found, seconds=30)
        key = {"conversation": {"S": "canary"}, "part": {"S": "canary"}}
        for table in ("CONVERSATIONS_TABLE", "RECORDS_TABLE"):
            item = {**key, "text": {"S": f"{CANARY.value} in {table}"}}
            self._desk.client("dynamodb").put_item(TableName=environment[table], Item=item)
        bucket = environment["DOCUMENTS_BUCKET"]
        self._desk.client("s3").put_object(Bucket=bucket, Key="canary", Body=b"", Metadata={"told": CANARY.value})
        self._look()
        self._desk.webhook.lambda_handler({}, Context())  # its metrics go out, the canary among them

    # How it is done

    def _deliver(self, value: dict[str, Any]) -> None:
        envelope = self._desk.simulator.world.webhooks.envelope([value])
        self._post(webhooks.encode(envelope, escape=True))

    def _post(self, body: bytes) -> None:
        """Post signed bytes as Meta does; the stand-in itself sends nothing so odd."""
        signed = {"X-Hub-Signature-256": webhooks.signature(self._desk.config.app_secret, body)}
        requests.post(str(self._desk.simulator.webhook_url), data=body, headers=signed, timeout=30)

    def _to_the_number(self) -> None:
        self._say("Hi", "Welcome")
        self._tap("DigiLocker Services", "Do you have a DigiLocker account?")
        self._tap("Yes", "Do you agree?")
        self._tap("I agree", "12-digit Aadhaar number")

    def _say(self, text: str, *answer: str, within: float = 30) -> None:
        self._phone.say(text)
        self._phone.expect(*answer, within=within)

    def _tap(self, title: str, answer: str) -> None:
        self._phone.tap(title)
        self._phone.expect(answer, within=30)

    def _fail(self, service: str, operation: str, failure: Failure) -> None:
        """Have the next call fail: one of what comes now, and not of what is still being done."""
        self._desk.until_idle()
        self._cloud.fail(service, operation, failure)

    def _look(self) -> None:
        """Take down what stands in the table and in the bucket, and which links are out."""
        self.items += self._desk.items()
        s3, bucket = self._desk.client("s3"), self._desk.environment["DOCUMENTS_BUCKET"]
        for key in self._desk.objects():
            head = s3.head_object(Bucket=bucket, Key=key)
            tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
            self.objects.append({"key": key, "head": head, "tags": tags})
        chat = self._desk.simulator.world.phones.at(self._phone.number).messages
        raws = [json.loads(json.dumps(message.raw)) for message in chat]
        found = (raw.get("interactive", {}).get("header", {}).get("document", {}).get("link") for raw in raws)
        self._links = sorted({link for link in found if link})

    @staticmethod
    def _received(sqs: Any, url: str, bodies: list[str]) -> bool:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        bodies += [message["Body"] for message in answer.get("Messages", [])]
        return bool(bodies)


def odd_messages(number: str) -> list[dict[str, Any]]:
    """Messages with a number in odd places: types, captions, titles, cards."""
    spaced = f"{number[:4]} {number[4:8]} {number[8:]}"
    return [
        {"type": f"uid_{number}", f"uid_{number}": {"body": spaced}},
        {"type": "text", "text": {"body": spaced, number: number}, "context": {"id": number}},
        {"type": "text", "text": {"body": f"{in_hindi(number)} {number}"}},
        {"type": "contacts", "contacts": [{"name": {"formatted_name": spaced}, "phones": [{"phone": number}]}]},
        {
            "type": "interactive",
            "interactive": {"type": "button_reply", "button_reply": {"id": number, "title": spaced}},
        },
        {
            "type": "interactive",
            "interactive": {"type": "list_reply", "list_reply": {"title": spaced, "description": number}},
        },
        {
            "type": "interactive",
            "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": f'{{"a":{number}}}'}},
        },
        {"type": "button", "button": {"text": spaced, "payload": number}},
        {"type": "image", "image": {"id": number, "caption": spaced, "sha256": number}},
        {"type": "document", "document": {"filename": f"{number}.pdf", "caption": spaced}},
        {"type": "location", "location": {"name": spaced, "address": number}},
        {"type": "reaction", "reaction": {"emoji": spaced, "message_id": number}},
        {"type": "unsupported", "errors": [{"code": 131051, "title": number, "details": spaced}]},
        {"type": "order", "order": {"text": spaced, "product_items": [{"product_retailer_id": number}]}},
    ]


def odd_values(number: str, phone: str) -> list[dict[str, Any]]:
    """What stands in a webhook, with a number in odd places."""
    return [
        {"messages": [{"id": "z", "from": phone, "type": "text", "text": {"body": number}, "timestamp": number}]},
        {"messages": [{"id": "x", "from": f"{phone}x", "text": number}, number, [number], {number: number}]},
        {"messages": number, "contacts": number, "statuses": [number]},
        {"errors": [{"code": 131000, "title": number, "message": number, "error_data": {"details": number}}]},
        {"statuses": [{"id": number, "status": number, "recipient_id": phone, "biz_opaque_callback_data": number}]},
        {
            "statuses": [
                {
                    "id": "wamid.x",
                    "status": "failed",
                    "errors": [{"code": 131053, "title": number, "href": phone}],
                    "biz_opaque_callback_data": f"{number}:x:y:z:link",
                }
            ]
        },
        {"metadata": {"phone_number_id": number}, "messages": [{"id": "y", "from": phone, "type": number}]},
    ]


def odd_bodies(number: str, phone: str) -> list[bytes]:
    """Bodies that are no webhook at all, though signed."""
    return [
        f'{{"entry": [{{"uid": "{number}", "from": "{phone}"'.encode(),
        json.dumps([number, phone]).encode(),
        json.dumps({"object": number, "entry": [{"changes": number}]}).encode(),
        json.dumps({"entry": [{"changes": [{"field": number, "value": {"a": number}}, {"value": number}]}]}).encode(),
        base64.b64encode(number.encode()),
        number.encode("utf-16"),
    ]


def refused(text: str) -> Exception:
    error: Exception = ClientError({"Error": {"Code": "ThrottlingException", "Message": f"cannot do {text}"}}, "Call")
    return error


def invalid(text: str) -> Exception:
    error: Exception = ParamValidationError(report=f"Invalid type for parameter, value: {text}")
    return error


CONFIGURED = ("INFO", logging.WARNING)
EVERYTHING = ("DEBUG", logging.DEBUG)
"""Levels of the functions' own logger and of the root logger, which Lambda sets."""
