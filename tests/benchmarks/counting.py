"""How many calls leave the functions, for each thing that happens: the real handlers on a modelled AWS.

What counts is a call of a client: of an AWS service, of DigiLocker, of WhatsApp. SQS delivers to the document function,
and Lambda's polling of the queue is no call of ours.
"""

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.conversations.chat import Transcript, transcripts
from tests.replay.desk import Desk, Pace, scenes

MAIN = "a_licence_in_english"

type Counts = dict[str, int]

QUERY, UPDATE = "dynamodb.query", "dynamodb.update_item"
GET, PUT = "dynamodb.get_item", "dynamodb.put_item"
TRANSACTION = "dynamodb.transact_write_items"
QUEUE, TIMER = "sqs.send_message_batch", "sqs.send_message"
SEAL, OPEN = "kms.encrypt", "kms.decrypt"
SECRET = "secretsmanager.get_secret_value"
KEEP, DELETE = "s3.put_object", "s3.delete_object"
VERIFY, CODE, REDEEM = "digilocker.verify_account", "digilocker.request_device_code", "digilocker.redeem_device_code"
ISSUED, UPLOADED, FILE = "digilocker.issued_documents", "digilocker.uploaded_files", "digilocker.file"
EXCHANGE, REVOKE = "digilocker.exchange_code", "digilocker.revoke"
SEND, TYPING = "whatsapp.send", "whatsapp.typing"

TURN: Counts = {QUERY: 1, UPDATE: 1, QUEUE: 1}
"""What any message costs in the webhook."""
REPLY: Counts = {QUERY: 1, SEND: 1, UPDATE: 1}
"""What a job costs that only replies."""

WEBHOOK: dict[str, Counts] = {
    "Hi": TURN,
    "[DigiLocker Services]": TURN,
    "[Yes]": TURN,
    "[I agree]": TURN,
    "<her Aadhaar number>": TURN | {SEAL: 1},
    "<the OTP>": TURN | {SEAL: 1},
    "2": TURN,
    "[Other documents]": TURN,
    # The list of documents goes with the state that speaks of it, or neither goes.
    "[Done]": {QUERY: 1, TRANSACTION: 1, QUEUE: 1},
}
"""What each message of the main conversation costs in the webhook function, warm."""

DOCUMENT: dict[str, Counts] = {
    "Hi": REPLY,
    "[DigiLocker Services]": REPLY,
    "[Yes]": REPLY,
    # The record of her consent.
    "[I agree]": REPLY | {PUT: 1},
    # Read and written: the count of OTPs for this number over all citizens. The further update: DigiLocker's answer.
    "<her Aadhaar number>": {
        QUERY: 1,
        OPEN: 1,
        VERIFY: 1,
        CODE: 1,
        SEAL: 1,
        GET: 1,
        PUT: 1,
        UPDATE: 2,
        SEND: 1,
        TIMER: 1,
    },
    # Two requests in one job: the token is written down before the list is asked for, with the token opened again.
    "<the OTP>": {
        QUERY: 1,
        OPEN: 3,
        REDEEM: 1,
        SEAL: 1,
        UPDATE: 2,
        ISSUED: 1,
        UPLOADED: 1,
        TRANSACTION: 1,
        SEND: 1,
    },
    # One more than three reads and writes and one call to each: the timer that deletes the PDF if nothing else does.
    "2": {QUERY: 1, OPEN: 1, FILE: 1, KEEP: 1, UPDATE: 2, SEND: 1, TIMER: 1},
    "[Other documents]": REPLY,
    "[Done]": REPLY | {OPEN: 1, REVOKE: 1},
}
"""What the job behind each of these messages costs in the document function, warm."""


@cache
def main_conversation() -> Transcript:
    """Return the conversation in which a citizen gets one document."""
    return next(one for one in transcripts() if one.name == MAIN)


class CountingDesk(Desk):
    """The functions, with their calls counted one invocation at a time."""

    def __init__(self, transcript: Transcript | None = None) -> None:
        super().__init__(transcript or main_conversation(), Pace(0, patient=True))

    def go_to(self, line: str) -> None:
        """Play the conversation until she is about to say `line`; nothing is under way then."""
        self._left = list(scenes(self.transcript.chat))
        self.go_on_to(line)

    def go_on_to(self, line: str) -> None:
        """Play on, until she is about to say `line`."""
        while self._left[0].line.get("she") != line:
            scene = self._left.pop(0)
            self._play(scene.line, [self.expected(answer) for answer in scene.answers])

    @property
    def charged(self) -> int:
        """The messages that she has got."""
        return sum(call.name == SEND for call in self.calls.made)

    def finish(self) -> None:
        """Let everything be done that is under way, and let her think."""
        self._go_on(until=lambda: False)
        self.clock.now += 3

    def said(self, text: str) -> Counts:
        """Have her say something; give what the webhook's call costs."""
        self._write(text)
        return self._delivered()

    def posted(self, **content: Any) -> Counts:
        """Have WhatsApp post something; give what the webhook's call costs."""
        self._deliver(0, **content)
        return self._delivered()

    def again(self) -> Counts:
        """Have WhatsApp post its last delivery again."""
        return self.counted(lambda: self._post(self._newest))

    def worked(self) -> Counts:
        """Have the document function do the next job; give what it costs."""
        return self.counted(lambda: any(map(self._work_on, self.cloud.lanes)))

    def counted(self, happens: Callable[[], object]) -> Counts:
        """Have something happen; give what it costs. Raises LookupError if there was nothing to do."""
        before = len(self.calls.made)
        if happens() is False:
            raise LookupError("nothing is there to be done")
        return dict(Counter(call.name for call in self.calls.made[before:]))

    def _delivered(self) -> Counts:
        _, self._newest = self._deliveries.pop()
        return self.counted(lambda: self._post(self._newest))


def charged() -> dict[str, int]:
    """Count the messages that WhatsApp charges for on a good path, by how she signs in, from *Hi* or from her wish."""
    found = {}
    for sign_in, name, behind in (
        ("in-chat", MAIN, "[Other documents]"),
        ("in-chat.wish", "a_wish_in_english", "[Done]"),
        ("consent-page", "on_digilockers_page", "[Done]"),
        ("consent-page.wish", "a_wish_on_digilockers_page", "[Other documents]"),
    ):
        desk = CountingDesk(next(one for one in transcripts() if one.name == name))
        desk.go_to(behind)
        found[sign_in] = desk.charged
    desk = CountingDesk()
    desk.go_to("2")
    at_list = desk.charged
    desk.go_on_to("[Done]")  # the PDF, and the list again
    found["another document"] = desk.charged - at_list
    desk.said("[Done]")
    desk.finish()
    found["signing out"] = desk.charged - at_list - found["another document"]
    return found


def costs() -> dict[str, tuple[Counts, Counts]]:
    """Go through the main conversation; give for each message what webhook and document function call because of it.

    The first message finds both functions cold: it costs each of them its secret.
    """
    desk, found = CountingDesk(), {}
    for line in WEBHOOK:
        desk.finish()
        webhook = desk.said(line)
        found[line] = (webhook, desk.worked())
    return found
