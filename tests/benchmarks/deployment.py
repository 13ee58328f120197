"""The help desk and its floor, deployed side by side into one local AWS, with one citizen's phone for each message.

The floor (`floor/`) makes the same calls to AWS and to WhatsApp for a text, and does nothing else. Both are posted the
same bytes, signed as Meta signs, by `Deployment.post`.
"""

import io
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import requests

from standins.local_stack import ARTIFACTS_BUCKET, LocalStack
from standins.whatsapp.phones import Message, Phone
from standins.whatsapp.webhooks import encode, signature

type Side = Literal["desk", "floor"]
SIDES: tuple[Side, Side] = ("desk", "floor")

FLOOR = Path(__file__).parent / "floor"
NAME = "floor"
# A benchmark is a machine, but not to be taken for one; nor are WhatsApp's limits what is measured.
PARAMETERS = {"RepliesPerCitizenPerDay": "100000", "MessagesPerMinute": "1000", "SameTextsPerMinute": "1000"}
_NONE: Mapping[str, str] = MappingProxyType({})
HABITS: Mapping[str, Any] = {"throughput": 100_000, "pair_burst": 100_000, "enforce_window": False}


@dataclass(frozen=True)
class Deployment:
    """Both of them, running."""

    stack: LocalStack
    urls: Mapping[Side, str]

    def number(self, side: Side, citizen: int) -> str:
        """Return the phone number of a citizen of one side; nobody writes to both."""
        return f"91900{SIDES.index(side) + 1}{citizen:06d}"

    def phone(self, side: Side, citizen: int) -> Phone:
        """Return her phone, with all that has arrived on it."""
        with self.stack.simulator.world.lock:
            return self.stack.simulator.world.phones.at(self.number(side, citizen))

    def replies(self, side: Side, citizen: int) -> list[Message]:
        """Return what she was told, oldest first."""
        phone = self.phone(side, citizen)
        with self.stack.simulator.world.lock:
            return [message for message in phone.messages if message.sender == "desk"]

    def fetched(self, citizen: int) -> int:
        """Count the documents that WhatsApp has fetched for a citizen of the help desk."""
        return sum(message.media is not None for message in self.replies("desk", citizen))

    def text(self, side: Side, citizen: int, message_id: str, body: str) -> bytes:
        """Make the delivery of a text."""
        return self._message(side, citizen, message_id, {"type": "text", "text": {"body": body}})

    def tap(self, side: Side, citizen: int, message_id: str, button: str) -> bytes:
        """Make the delivery of a tap on the button or row with an id."""
        kind = "list_reply" if "#" in button else "button_reply"
        reply = {"type": kind, kind: {"id": button, "title": button[:20]}}
        return self._message(side, citizen, message_id, {"type": "interactive", "interactive": reply})

    def _message(self, side: Side, citizen: int, message_id: str, content: Mapping[str, Any]) -> bytes:
        phone = self.phone(side, citizen)
        message = {
            "from": phone.number,
            "from_user_id": phone.user_id,
            "id": message_id,
            "timestamp": str(int(time.time())),
            **content,
        }
        contact = {"profile": {"name": phone.name}, "wa_id": phone.number, "user_id": phone.user_id}
        return self._delivery(contacts=[contact], messages=[message])

    def status(self, side: Side, citizen: int, message_id: str, status: str) -> bytes:
        """Make the delivery of a reply's status."""
        phone = self.phone(side, citizen)
        reported = {
            "id": message_id,
            "status": status,
            "timestamp": str(int(time.time())),
            "recipient_id": phone.number,
            "recipient_user_id": phone.user_id,
        }
        return self._delivery(statuses=[reported])

    def _delivery(self, **value: Any) -> bytes:
        return encode(self.stack.simulator.world.webhooks.envelope([value]), escape=True)

    def post(self, session: requests.Session, side: Side, body: bytes) -> int:
        """Post a delivery; give the status of the answer."""
        signed = signature(self.stack.config.app_secret, body)
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signed}
        return session.post(self.urls[side], body, headers=headers, timeout=30).status_code


@contextmanager
def deployed(tell: Callable[[str], None], parameters: Mapping[str, str] = _NONE) -> Iterator[Deployment]:
    """Start the local AWS and deploy both. WhatsApp's stand-in reports no status by itself.

    Raises StackError.
    """
    with LocalStack(
        parameters={**PARAMETERS, **parameters},
        simulator_settings=HABITS,
        tell=tell,
    ) as stack:
        stack.simulator.world.faults.set({"whatsapp": {"status_order": "none"}})
        yield Deployment(stack, {"desk": stack.webhook_url, "floor": _deploy_floor(stack)})


def direct_session() -> requests.Session:
    """Return a session with no proxy between here and the loopback."""
    session = requests.Session()
    session.trust_env = False
    return session


def _deploy_floor(stack: LocalStack) -> str:
    """Deploy the floor beside the help desk; give its webhook's address."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(FLOOR.glob("*.py")):
            archive.write(path, path.name)
    stack.client("s3").put_object(Bucket=ARTIFACTS_BUCKET, Key=NAME, Body=packed.getvalue())
    config = stack.config
    parameters = {
        "CodeBucket": ARTIFACTS_BUCKET,
        "CodeKey": NAME,
        "MessagesUrl": f"{stack.chat_url}/graph/{config.graph_version}/{config.phone_number_id}/messages",
        "AccessToken": config.access_token,
    }
    cloudformation = stack.client("cloudformation")
    cloudformation.create_stack(
        StackName=NAME,
        TemplateBody=(FLOOR / "template.yaml").read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})
    outputs = cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]["Outputs"]
    api = next(output["OutputValue"] for output in outputs if output["OutputKey"] == "ApiId")
    return f"{stack.emulator_url}/restapis/{api}/local/_user_request_/webhook"
