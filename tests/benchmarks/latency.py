"""How long things take through the local AWS: an answer and a reply, beside the floor's; from choice to PDF.

One message at a time, the two sides in turn, with nothing else under way.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import requests

from standins.digilocker.citizens import Citizen, everyone
from standins.phone import Phone
from tests.benchmarks.deployment import SIDES, Deployment, Side, direct_session
from tests.benchmarks.figures import Figure

TEXTS = ("Hi", "1", "yes", "help", "menu", "1")
"""What each citizen writes, one after the other."""
ROUNDS, WARM_UP, CHOICES = 120, 12, 27
PAUSE_SECONDS = 0.1
"""What goes on after a reply (the outbox, the log) is over by then."""
PATIENCE_SECONDS = 30.0
GLANCE_SECONDS = 0.001
RICH = "ASHA VERMA"


@dataclass
class Times:
    """Seconds, of each message."""

    answered: list[float] = field(default_factory=list)
    """Until the webhook's answer."""
    replied: list[float] = field(default_factory=list)
    """Until WhatsApp has taken the reply."""


@dataclass(frozen=True)
class Moments:
    """When something was posted, answered, and brought about what was waited for. Seconds since 1970."""

    posted: float
    answered: float
    over: float


def figures(deployment: Deployment) -> Iterator[Figure]:
    """Measure both sides in turn, then how long a document takes."""
    times = compared(deployment, ROUNDS)
    desk, floor = times["desk"], times["floor"]
    yield Figure("stack.webhook_vs_floor", _ratio(desk.answered, floor.answered), "x", 1.25)
    yield Figure("stack.webhook_ms", _milliseconds(desk.answered), "ms")
    yield Figure("stack.floor_ms", _milliseconds(floor.answered), "ms")
    yield Figure("stack.reply_vs_floor", _ratio(desk.replied, floor.replied), "x")
    yield Figure("stack.reply_ms", _milliseconds(desk.replied), "ms")
    chosen = [moments.over - moments.posted for moments in documents(deployment, CHOICES, 900_000)]
    yield Figure("stack.choice_to_pdf_ms", _milliseconds(chosen), "ms")


def compared(deployment: Deployment, rounds: int) -> dict[Side, Times]:
    """Have both sides take the same texts in turn."""
    times: dict[Side, Times] = {side: Times() for side in SIDES}
    with direct_session() as session:
        for number in range(WARM_UP + rounds):
            for side in SIDES if number % 2 else reversed(SIDES):
                moments = say(deployment, session, side, *divmod(number, len(TEXTS)))
                if number >= WARM_UP:
                    times[side].answered.append(moments.answered - moments.posted)
                    times[side].replied.append(moments.over - moments.posted)
    return times


def say(deployment: Deployment, session: requests.Session, side: Side, citizen: int, number: int) -> Moments:
    """Have a citizen write her next text, and wait for the reply. Raises TimeoutError."""
    body = deployment.text(side, citizen, f"wamid.{side}.{citizen}.{number}", TEXTS[number])
    return _posted(deployment, session, side, body, lambda: len(deployment.replies(side, citizen)) > number)


def documents(deployment: Deployment, count: int, first_citizen: int) -> list[Moments]:
    """Have new citizens choose documents, each another one, until WhatsApp has fetched the PDF. Raises TimeoutError."""
    found: list[Moments] = []
    rich = next(one for one in everyone() if one.name == RICH)
    with direct_session() as session:
        for index in range(count):
            citizen, number = first_citizen + index // len(rich.issued), index % len(rich.issued) + 1
            if number == 1:
                sign_in(deployment, citizen, rich)
                time.sleep(PAUSE_SECONDS)
            found.append(choose(deployment, session, citizen, number))
    return found


def choose(deployment: Deployment, session: requests.Session, citizen: int, number: int) -> Moments:
    """Have a citizen at her list choose a document, and wait for the PDF. Raises TimeoutError."""
    body = deployment.text("desk", citizen, f"wamid.choice.{citizen}.{number}", str(number))
    before = deployment.fetched(citizen)
    return _posted(deployment, session, "desk", body, lambda: deployment.fetched(citizen) > before)


def sign_in(deployment: Deployment, citizen: int, account: Citizen) -> None:
    """Go on until a citizen sees the list of somebody's documents. Raises NotAnsweredError."""
    phone = Phone(deployment.stack.chat_url, deployment.number("desk", citizen), account.mobile)
    try:
        phone.catch_up()
        for text, answer in (
            ("Hi", "Welcome"),
            ("1", "Do you have"),
            ("yes", "Do you agree?"),
            ("I agree", "12-digit"),
        ):
            phone.say(text)
            phone.expect(answer)
        phone.say(account.aadhaar)
        phone.expect("OTP is on its way")
        phone.say(phone.otp())
        phone.expect("Your documents")
    finally:
        phone.close()


def _posted(
    deployment: Deployment, session: requests.Session, side: Side, body: bytes, is_over: Callable[[], bool]
) -> Moments:
    """Post a delivery and wait for what follows from it; then leave them in peace for a moment. Raises TimeoutError."""
    posted = time.time()
    if deployment.post(session, side, body) != requests.codes.ok:
        raise TimeoutError(f"the {side} refuses a delivery")
    answered = time.time()
    while not is_over():
        if time.time() - posted > PATIENCE_SECONDS:
            raise TimeoutError(f"the {side} does not reply")
        time.sleep(GLANCE_SECONDS)
    moments = Moments(posted, answered, time.time())
    time.sleep(PAUSE_SECONDS)
    return moments


def _ratio(desk: list[float], floor: list[float]) -> float:
    return statistics.median(desk) / statistics.median(floor)


def _milliseconds(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000
