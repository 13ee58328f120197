"""More citizens at once than DigiLocker serves, in thirteen languages, through the real template.

Each begins within a minute and wants one document. She taps what the desk offers, types what it asks for, and taps *Try
again* when she is told to: what she does follows from the ids of the buttons, whatever language they are in. The local
AWS does one job of a FIFO queue at a time, so DigiLocker's 0.7 s a call make all of them wait for minutes.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Protocol

from capacity_model.plot import counts
from standins.digilocker.aadhaar import made_up_number
from standins.digilocker.citizens import Citizen, everyone
from tests.benchmarks.deployment import Deployment, deployed, direct_session
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import percentile
from tests.handlers import ROOT

GREETINGS = {
    "as": "নমস্কাৰ",
    "bn": "হ্যালো",
    "en": "Hello",
    "gu": "નમસ્તે",
    "hi": "नमस्ते जी",
    "kn": "ನಮಸ್ಕಾರ",
    "ml": "നമസ്കാരം",
    "mr": "मराठी",
    "or": "ନମସ୍କାର",
    "pa": "ਸਤ ਸ੍ਰੀ ਅਕਾਲ",
    "ta": "வணக்கம்",
    "te": "నమస్తే",
    "ur": "سلام",
}
CITIZENS, SECONDS = 60, 60.0
DIGILOCKER_SECONDS = 0.7
MOST_SECONDS = 420.0
"""How long a citizen waits in all."""
GLANCE_SECONDS = 0.1
WARM_UP, WARM_UP_SECONDS = 5, 60.0
SEED = 1
RICH = "ASHA VERMA"
TAPS = ("continue", "agree", "yes", "services")
"""What she taps where it is offered, in this order."""
PARAMETERS = {"OtpsPerNumberPerHour": "100", "OtpsPerNumberPerDay": "100"}
LINE = {"SignInsPerMinute": "30"}
"""Twice of what the local AWS serves: what it is nobody knows beforehand."""


class NotMeasured(Exception):
    """There is nothing to measure. The message says why."""


@dataclass(frozen=True)
class Shown:
    """A message of the desk, as the citizen's phone has it."""

    id: str
    ids: tuple[str, ...] = ()
    """Of its buttons and rows, such as `yes@account` or `document@57428ee8#1`."""
    has_document: bool = False
    """WhatsApp has fetched it, a moment after the message came."""

    def offered(self, choice: str) -> str | None:
        """Return the id of the first button or row that begins so."""
        return next((one for one in self.ids if one.startswith(choice)), None)


@dataclass(frozen=True)
class Act:
    """What she does next, and whether it is DigiLocker that answers it."""

    tap: str = ""
    text: str = ""
    asks: str = ""
    """What the desk had asked her for. Asked for the same twice, she was told to try again."""


class Chat(Protocol):
    """The citizen's phone."""

    def do(self, act: Act) -> None:
        """Tap or write."""

    def newest(self) -> Shown | None:
        """Return what the desk has sent last."""

    def otp(self) -> str:
        """Return the newest OTP."""


@dataclass
class Walk:
    """What came of one citizen, in seconds since all of them began."""

    began: float
    admitted: float | None = None
    """When she could agree, which is where signing in begins."""
    document: float | None = None
    told_again: int = 0
    menus: list[float] = field(default_factory=list)
    """How long replies took that need nothing of DigiLocker."""


def act_on(shown: Shown, aadhaar: str, otp: Callable[[], str]) -> Act | None:
    """Return what a citizen does about a message; None: she waits."""
    for choice in TAPS:
        if tap := shown.offered(f"{choice}@") or shown.offered(choice):
            return Act(tap=tap)
    if shown.offered("resend@otp"):
        return Act(text=otp(), asks="otp")
    if shown.offered("cancel@aadhaar"):
        return Act(text=aadhaar, asks="number")
    if document := shown.offered("document@"):
        return Act(tap=document, asks="document")
    if again := shown.offered("try_again"):
        return Act(tap=again, asks="again")
    return None


def walk(
    chat: Chat,
    greeting: str,
    aadhaar: str,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    chance: random.Random | None = None,
) -> Walk:
    """Have a citizen go on until she has her document, or her time is over."""
    chance = chance or random.Random(SEED)  # noqa: S311 - no secret
    began = clock()
    her, asked = Walk(began), set[str]()
    newest: Shown | None = None
    act: Act | None = Act(text=greeting)
    while True:
        said = clock()
        if act:
            chat.do(act)
        while (latest := chat.newest()) is None or latest == newest:
            if clock() - began > MOST_SECONDS:
                return her
            sleep(GLANCE_SECONDS)
        newest = latest
        if newest.has_document:
            her.document = clock()
            return her
        if act and not act.asks:
            her.menus.append(clock() - said)
        sleep(chance.uniform(1, 3))
        act = act_on(newest, aadhaar, chat.otp)
        if her.admitted is None and newest.offered("agree@"):
            her.admitted = said
        if act and act.asks:
            her.told_again += act.asks in asked or act.asks == "again"
            asked.add(act.asks)


# --- on the deployed stack --------------------------------------------------------------------------------------------


class PhoneChat:
    """A phone whose messages are posted to the desk at once: the stand-in's own delivers one after the other."""

    def __init__(self, deployment: Deployment, citizen: int) -> None:
        """`citizen`: as `Deployment.number` counts them."""
        self._deployment, self._citizen = deployment, citizen
        self._acts = 0

    def do(self, act: Act) -> None:
        """Tap or write."""
        self._acts += 1
        message_id = f"wamid.line.{self._citizen}.{self._acts}"
        make, what = (self._deployment.tap, act.tap) if act.tap else (self._deployment.text, act.text)
        with direct_session() as session:
            status = self._deployment.post(session, "desk", make("desk", self._citizen, message_id, what))
        if status != HTTPStatus.OK:
            raise TimeoutError("a message was not taken")

    def newest(self) -> Shown | None:
        """Return what the desk has sent last."""
        messages = self._deployment.replies("desk", self._citizen)
        if not messages:
            return None
        offered = (*messages[-1].buttons(), *messages[-1].rows())
        return Shown(messages[-1].id, tuple(one["id"] for one in offered), messages[-1].media is not None)

    def otp(self) -> str:
        """Return the newest OTP."""
        world = self._deployment.stack.simulator.world
        with world.lock:
            received = world.sms.of(self._deployment.number("desk", self._citizen))
        return str([sms.otp for sms in received if sms.otp][-1])


def walks(deployment: Deployment, first: int, citizens: int = CITIZENS, seconds: float = SECONDS) -> list[Walk]:
    """Have citizens with a locker each begin within so many seconds. Returns what came of each, from when all began."""
    world = deployment.stack.simulator.world
    world.faults.set({"digilocker": {"*": {"delay": DIGILOCKER_SECONDS, "times": 1_000_000}}})
    rich = next(one for one in everyone() if one.name == RICH)
    _warm_up(deployment, first)
    began = time.monotonic()

    def play(index: int) -> Walk:
        account = _account(rich, deployment.number("desk", first + index), index)
        with world.lock:
            world.accounts.know(account)
        chance = random.Random(SEED + index)  # noqa: S311 - no secret
        time.sleep(chance.uniform(0, seconds))
        greeting = list(GREETINGS.values())[index % len(GREETINGS)]
        her = walk(PhoneChat(deployment, first + index), greeting, account.aadhaar, chance=chance)
        admitted, document = (at if at is None else at - began for at in (her.admitted, her.document))
        return replace(her, began=her.began - began, admitted=admitted, document=document)

    with ThreadPoolExecutor(citizens) as pool:
        return list(pool.map(play, range(citizens)))


def _warm_up(deployment: Deployment, first: int) -> None:
    """Have some citizens greet whom nobody counts, so that the functions have started."""
    until = time.monotonic() + WARM_UP_SECONDS
    chats = [PhoneChat(deployment, first - number) for number in range(1, WARM_UP + 1)]
    for chat in chats:
        chat.do(Act(text="Hello"))
    while any(chat.newest() is None for chat in chats) and time.monotonic() < until:
        time.sleep(GLANCE_SECONDS)


def _account(rich: Citizen, mobile: str, index: int) -> Citizen:
    number = made_up_number(5_000 + index)
    return replace(rich, aadhaar=number, phone=mobile, mobile=mobile, vid=None, username=None)


def legs(tell: Callable[[str], None]) -> dict[str, list[Walk]]:
    """Have the same citizens come to a desk with a line and to one without it, at the same time. Raises NotMeasured."""
    if "\n  SignInsPerMinute:\n" not in (ROOT / "template.yaml").read_text(encoding="utf-8"):
        raise NotMeasured("the template has no line")
    with (
        deployed(tell, PARAMETERS | LINE) as with_line,
        deployed(tell, PARAMETERS) as without,
        ThreadPoolExecutor(2) as pool,
    ):
        both = {"with": pool.submit(walks, with_line, 810_000), "without": pool.submit(walks, without, 820_000)}
        return {name: leg.result() for name, leg in both.items()}


def plot(found: Mapping[str, Sequence[Walk]]) -> str:
    """Draw who has come, who was let in and who has her document, and with a line who waits in it."""
    came, let_in = [one.began for one in found["with"]], _admitted(found["with"])
    ends = sorted([*((at, 1) for at in came), *((at, -1) for at in let_in)])
    waiting = [(at, float(sum(change for _, change in ends[: n + 1]))) for n, (at, _) in enumerate(ends)]
    lines = {
        "have come": _summed(came),
        "are in the line": waiting,
        "were let in": _summed(let_in),
        **{f"have their document, {name} the line": _summed(_documents(walks)) for name, walks in found.items()},
    }
    return counts("Citizens, DigiLocker at 0.7 s a call", {name: line for name, line in lines.items() if line})


def _admitted(found: Sequence[Walk]) -> list[float]:
    return [one.admitted for one in found if one.admitted is not None]


def _documents(found: Sequence[Walk]) -> list[float]:
    return [one.document for one in found if one.document is not None]


def _summed(times: Sequence[float]) -> list[tuple[float, float]]:
    return [(at, float(number)) for number, at in enumerate(sorted(times), start=1)]


def figures(name: str, found: Sequence[Walk], *, is_wanted: bool) -> Iterator[Figure]:
    """Say what came of them. `is_wanted`: it is the line's, of which all is wanted."""
    documents = [one.document - one.began for one in found if one.document is not None]
    least = len(found) if is_wanted else None
    yield Figure(f"line.{name}_documents", len(documents), f"of {len(found)}", least, at_least=True)
    yield Figure(f"line.{name}_told_again", sum(one.told_again for one in found), "times", 0.0 if is_wanted else None)
    menus = [wait for one in found for wait in one.menus]
    yield Figure(f"line.{name}_menu_p99_ms", percentile(menus, 99) * 1000, "ms", 1000 if is_wanted else None)
    if documents:
        yield Figure(f"line.{name}_document_p50_s", percentile(documents, 50), "s")
        yield Figure(f"line.{name}_document_last_s", max(documents), "s")
