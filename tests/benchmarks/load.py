"""Load: texts that arrive when they arrive, whether or not those before them are answered, each with three statuses.

The help desk and its floor take the same arrivals in turn: a steady pace, and ten times of it. Arrivals are drawn by
chance from a seed; every fifth text is delivered twice. A delivery's wait counts from when it was due, so none is left
out because another one was slow. What must hold at any pace: every text has its reply, just one, and each citizen's
come in order.
"""

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import pairwise
from threading import local
from typing import Literal

import requests

from tests.benchmarks.deployment import SIDES, Deployment, Side, direct_session
from tests.benchmarks.figures import Figure

type Kind = Literal["text", "again", "sent", "delivered", "read"]
type Post = Callable[["Arrival"], bool]
"""Posts a delivery; tells whether it was answered with 200."""
type Recognise = Callable[[str], int | None]
"""Says to which of a citizen's texts a reply belongs."""

STATUSES: tuple[tuple[Kind, float], ...] = (("sent", 0.3), ("delivered", 0.6), ("read", 1.5))
"""With the seconds after the text at which they arrive."""
SAID = (
    ("Hi", "Welcome"),
    ("1", "Do you have a DigiLocker account?"),
    ("yes", "Please read this first"),
    ("help", "The law says that we must ask you"),
    ("privacy", "Your data: "),
    ("language", "Which language do you prefer?"),
)
"""What each citizen writes, and how the desk's reply to it begins (or nearly so). No two begin alike."""
AT_ONCE = 8
"""Deliveries under way at the same moment: more would only start more processes here. The rest waits."""
WRITING = 6
"""Citizens who write at the same time."""
AGAIN = 0.2
"""The part of the texts that is delivered twice, within half a second."""
TRIES = 6
"""How often a delivery is posted until it is answered with 200."""
QUIET_SECONDS, MOST_SECONDS = 3.0, 120.0
"""The replies are waited for until none has come for so long; at the most for so long."""
SEED = 1


@dataclass(frozen=True)
class Pace:
    """So many texts a second, for so many seconds."""

    name: str
    texts_a_second: float
    seconds: float


STEADY, BURST = Pace("steady", 1.0, 30.0), Pace("burst", 10.0, 8.0)
HALVES = 2
"""Each side takes each pace so many times, in turn."""


@dataclass(frozen=True)
class Arrival:
    """One delivery, `at` seconds after the beginning: text `number` of a citizen, or what belongs to it."""

    at: float
    citizen: int
    number: int
    kind: Kind


@dataclass
class Seen:
    """What became of the arrivals."""

    waits: list[float] = field(default_factory=list)
    """Seconds from when a delivery was due until it was answered with 200."""
    not_taken: int = 0
    """Deliveries that were never answered with 200."""


@dataclass(frozen=True)
class Verdict:
    """What went wrong with the replies."""

    lost: int
    """Texts without a reply."""
    twice: int
    """Replies beyond the first, or to nothing that was said."""
    out_of_order: int
    """Replies that came before one to an earlier text."""


def arrivals(pace: Pace, first_citizen: int, seed: int) -> list[Arrival]:
    """Draw when what arrives: texts with exponential gaps, of citizens who are chosen by chance."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    writing = {first_citizen + index: 0 for index in range(WRITING)}
    found: list[Arrival] = []
    at = chance.expovariate(pace.texts_a_second)
    while at < pace.seconds:
        citizen = chance.choice(list(writing))
        number = writing.pop(citizen)
        if number + 1 < len(SAID):
            writing[citizen] = number + 1
        else:
            writing[max(citizen, *writing) + 1] = 0
        found.append(Arrival(at, citizen, number, "text"))
        found += [Arrival(at + later, citizen, number, kind) for kind, later in STATUSES]
        if chance.random() < AGAIN:
            found.append(Arrival(at + chance.uniform(0, 0.5), citizen, number, "again"))
        at += chance.expovariate(pace.texts_a_second)
    return sorted(found, key=lambda arrival: arrival.at)


def drive(due: Sequence[Arrival], post: Post) -> Seen:
    """Post each arrival when it is due. A citizen's next text, with its copy, waits until her last one was answered."""
    seen, before = Seen(), dict[tuple[int, int], Future[None]]()
    began = time.monotonic()

    def deliver(arrival: Arrival, previous: Future[None] | None) -> None:
        if previous is not None:
            previous.result()
        if any(post(arrival) for _ in range(TRIES)):
            seen.waits.append(time.monotonic() - began - arrival.at)
        else:
            seen.not_taken += 1

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for arrival in due:
            time.sleep(max(0.0, began + arrival.at - time.monotonic()))
            said = arrival.kind in {"text", "again"}
            previous = before.get((arrival.citizen, arrival.number - 1)) if said else None
            posted = pool.submit(deliver, arrival, previous)
            if arrival.kind == "text":
                before[arrival.citizen, arrival.number] = posted
    return seen


def judged(due: Sequence[Arrival], told: Mapping[int, Sequence[str]], recognise: Recognise) -> Verdict:
    """Compare what each citizen was told with what she has said."""
    lost = twice = out_of_order = 0
    for citizen in {arrival.citizen for arrival in due}:
        said = {arrival.number for arrival in due if arrival.citizen == citizen}
        numbers = [recognise(text) for text in told.get(citizen, ())]
        first = list(dict.fromkeys(number for number in numbers if number is not None and number in said))
        lost += len(said) - len(first)
        twice += len(numbers) - len(first)
        out_of_order += sum(later < earlier for earlier, later in pairwise(first))
    return Verdict(lost, twice, out_of_order)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


# --- on the deployed stack ------------------------------------------------------------------------------------------


RECOGNISE: Mapping[Side, Recognise] = {
    "desk": lambda text: next((number for number, (_, reply) in enumerate(SAID) if reply in text[:60]), None),
    "floor": lambda text: next((number for number, (said, _) in enumerate(SAID) if said == text), None),
}


@dataclass
class Run:
    """All that one side has taken at one pace."""

    waits: list[float] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)


def runs(deployment: Deployment) -> dict[tuple[str, Side], Run]:
    """Have both sides take the same arrivals in turn, after some that nobody counts."""
    found: dict[tuple[str, Side], Run] = {}
    first = 100_000
    for pace, halves in ((Pace("warm-up", BURST.texts_a_second, 2.0), 1), (STEADY, HALVES), (BURST, HALVES)):
        for half in range(halves):
            due = arrivals(pace, first, SEED + half)
            first = max(arrival.citizen for arrival in due) + 1
            for side in SIDES if half % 2 else reversed(SIDES):
                _take(deployment, side, due, found.setdefault((pace.name, side), Run()))
    return {key: run for key, run in found.items() if key[0] != "warm-up"}


def _take(deployment: Deployment, side: Side, due: Sequence[Arrival], run: Run) -> None:
    threads = local()

    def post(arrival: Arrival) -> bool:
        if not hasattr(threads, "session"):
            threads.session = direct_session()
        try:
            status = deployment.post(threads.session, side, body(deployment, side, arrival))
        except requests.RequestException:
            return False
        return status == HTTPStatus.OK

    seen = drive(due, post)
    citizens = {arrival.citizen for arrival in due}
    texts = sum(arrival.kind == "text" for arrival in due)
    _await(lambda: sum(len(deployment.replies(side, citizen)) for citizen in citizens), texts)
    told = {citizen: [message.text() for message in deployment.replies(side, citizen)] for citizen in citizens}
    verdict = judged(due, told, RECOGNISE[side])
    run.waits += seen.waits
    run.counted.update(
        texts=texts,
        deliveries=len(due),
        duplicates=sum(arrival.kind == "again" for arrival in due),
        not_taken=seen.not_taken,
        lost=verdict.lost,
        twice=verdict.twice,
        out_of_order=verdict.out_of_order,
    )


def body(deployment: Deployment, side: Side, arrival: Arrival) -> bytes:
    """Make the bytes of a delivery."""
    name = f"{side}.{arrival.citizen}.{arrival.number}"
    if arrival.kind in {"text", "again"}:
        return deployment.text(side, arrival.citizen, f"wamid.{name}", SAID[arrival.number][0])
    return deployment.status(side, arrival.citizen, f"wamid.reply.{name}", arrival.kind)


def _await(count: Callable[[], int], expected: int) -> None:
    """Wait until as many have come as are expected, and then until no more come; or until none has come for long."""
    began = changed = time.monotonic()
    have = count()
    while time.monotonic() - began < MOST_SECONDS:
        time.sleep(0.1)
        if (now := count()) != have:
            have, changed = now, time.monotonic()
        quiet = time.monotonic() - changed
        if quiet > QUIET_SECONDS and (have >= expected or quiet > 10 * QUIET_SECONDS):
            return


def figures(found: Mapping[tuple[str, Side], Run]) -> Iterator[Figure]:
    """Say what the help desk did with it, beside the floor."""
    desk = sum((run.counted for (_, side), run in found.items() if side == "desk"), Counter[str]())
    yield Figure("load.texts", desk["texts"], "texts")
    yield Figure("load.deliveries", desk["deliveries"], "POSTs")
    yield Figure("load.duplicates", desk["duplicates"], "POSTs")
    for name in ("not_taken", "lost", "twice", "out_of_order"):
        yield Figure(f"load.{name}", desk[name], "texts", 0.0)
    for pace in (STEADY, BURST):
        for percent in (50, 99):
            for side in SIDES:
                wait = percentile(found[pace.name, side].waits, percent) * 1000
                yield Figure(f"load.{pace.name}_{side}_p{percent}_ms", wait, "ms")
