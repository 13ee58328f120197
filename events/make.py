"""Writes sample events for each function, signed and dated now: make events.

A signature belongs to one secret, time stamps grow stale and a message is taken in only once, so these cannot lie in
the repository as the others in `events/` do. Beside a running `make run` they are written into that folder, each for
its own citizen whose chat has come to the point where the event belongs (events/seeding.py):

    make events
    sam local invoke WebhookFunction -e events/webhook/text_hi.json

For a deployed stack they are written to `build/events/`, signed with its app secret, and nothing is seeded:

    make events STACK=helpdesk-dev
    aws lambda invoke --function-name NAME:live --cli-binary-format raw-in-base64-out \
        --payload file://build/events/webhook/text_hi.json answer.json

The citizens are made up, and their Aadhaar numbers are among those that UIDAI publishes for tests.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.exceptions import EndpointConnectionError

from events.samples import Event, Queues, samples
from events.seeding import LocalDesk, seed
from operations.settings import run
from operations.stack import read_pepper, stack_of
from operations.webhook import access_of
from standins.errors import StackError
from standins.local_stack import STACK_NAME, access, addresses, citizens, environments
from standins.phone import NotAnsweredError

ROOT = Path(__file__).parents[1]
EVENTS = ROOT / "events"
FOR_DEPLOYED = ROOT / "build" / "events"
EXPECTED = EVENTS / "expected.yaml"
FRESH_SECONDS = 600
"""How long an event of the local stack can be used: as long as its message is not too old, and its OTP."""
FUNCTIONS = {"webhook": "WebhookFunction", "document": "DocumentFunction", "consent": "ConsentFunction"}
"""Which function the events of a folder are for."""
IN_CHAT, ON_PAGE = "in-chat", "consent-page"
"""The two values of `SignIn`. With the second there is a ConsentFunction."""


@dataclass(frozen=True)
class Fresh:
    """Events of the local stack, and the phones that they are from, both by the events' paths."""

    events: Mapping[str, Event]
    phones: Mapping[str, str]
    sign_in: str
    """How citizens sign in there: there are events that belong to one of the two ways only."""


def write(events: Mapping[str, Event], folder: Path) -> None:
    """Write each event to its own file, in the place of what was there."""
    for name, event in events.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Signatures and links are in there: only who made them reads them.
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(json.dumps(event, indent=2) + "\n", encoding="utf-8")


def expectations(sign_in: str | None = None) -> dict[str, dict[str, Any]]:
    """Return the outcome of each event, fresh or not, by its path (its file says what is in it).

    `sign_in`: only what there is where citizens sign in so.
    """
    expected: dict[str, dict[str, Any]] = yaml.safe_load(EXPECTED.read_text(encoding="utf-8"))
    return {name: one for name, one in expected.items() if sign_in in {None, one.get("sign_in", sign_in)}}


def static_events(sign_in: str | None = None) -> list[str]:
    """Return the paths of those that lie in the repository. `sign_in`: as for `expectations`."""
    return [name for name, one in expectations(sign_in).items() if one.get("static")]


def for_local_stack(chat_url: str, now: int) -> Fresh:
    """Seed the local stack, whose access is in the environment, and return its events. `now`: seconds since 1970."""
    deployed = environments(boto3.client)
    work = deployed["DocumentFunction"]
    access_to_webhook = access_of(stack_of(STACK_NAME))
    queues = Queues(work["WORK_QUEUE_ARN"], work["REPLY_QUEUE_ARN"], work["TIMER_QUEUE_ARN"])
    webhook = deployed["WebhookFunction"]
    pepper = read_pepper(webhook["IDENTITY_SECRET_ARN"], webhook["WEBHOOK_SECRET_ARN"])
    with _queue() as queue_url:
        seeded = seed(LocalDesk(access_to_webhook, deployed, pepper, queue_url), chat_url, citizens(chat_url), now)
    # A job is too old after a minute and a half: these are for reading about, and trying, first.
    events = samples(access_to_webhook, now, seeded.occasions, queues, queued_at=now + FRESH_SECONDS)
    phones = {path: seeded.phones[name] for path in events if (name := path.split("/")[1]) in seeded.phones}
    return Fresh(events, phones, work["SIGN_IN"])


@contextmanager
def _queue() -> Iterator[str]:
    """Yield a FIFO queue that no function works on, for as long as it is needed."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=f"seeding-{os.getpid()}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    try:
        yield url
    finally:
        sqs.delete_queue(QueueUrl=url)


def main(arguments: list[str] | None = None) -> int:
    """Write the samples, and print how each is run."""
    parser = argparse.ArgumentParser(prog="make events", description=__doc__)
    parser.add_argument("stack", nargs="?", help="sign for this CloudFormation stack, such as helpdesk-dev")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args(arguments)
    now = int(time.time())
    try:
        if given.stack:
            folder = given.folder or FOR_DEPLOYED
            events = dict(samples(access_of(stack_of(given.stack)), now))
            # It holds the verify token in the clear, which stays in no file.
            del events["webhook/verify"]
            (folder / "webhook" / "verify.json").unlink(missing_ok=True)
            write(events, folder)
            print(f"{len(events)} events in {folder}, signed for {given.stack}.")
        else:
            emulator_url, chat_url = addresses()
            os.environ.update(access(emulator_url) | {"AWS_MAX_ATTEMPTS": "1"})
            folder = given.folder or EVENTS
            print("Holding a chat for each event, up to where it belongs", flush=True)
            fresh = for_local_stack(chat_url, now)
            write(fresh.events, folder)
            print(f"\n{told(folder, fresh)}")
            until = time.strftime("%H:%M", time.localtime(now + FRESH_SECONDS))
            print(f"\nThe {len(fresh.events)} fresh ones are good until {until}, each for once.")
    except EndpointConnectionError:
        print("The local stack is not up: `make run` starts it.", file=sys.stderr)
        return 1
    except (ValueError, LookupError, StackError, NotAnsweredError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def told(folder: Path, fresh: Fresh) -> str:
    """Return a line for each event of the local stack, by function: how it is run, and its outcome."""
    expected, static = expectations(fresh.sign_in), static_events()
    chapters = []
    for kind, function in FUNCTIONS.items():
        lines = []
        for name in (name for name in expected if name.startswith(f"{kind}/")):
            path = (EVENTS if name in static else folder) / f"{name}.json"
            shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
            command = f"sam local invoke {function} -e {shown}"
            lines.append(f"{command:90} # {'static: ' if name in static else ''}{expected[name]['is']}")
        chapters.append("\n".join(lines or [f"{function} is not deployed here: make run SIGN_IN={ON_PAGE} has it"]))
    return "\n\n".join(chapters)


if __name__ == "__main__":
    sys.exit(run(main))
