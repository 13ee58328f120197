"""What a message costs as things grow: the conversation, the list of documents, a delivery, the directory of issuers.

Counted are the interpreter's instructions in all code but the tests': exact, whatever else the machine does. Beside
them stands the CPU time, which has what happens in C (JSON, hashes) in it as well, and is not judged. Each curve is
said to be flat or linear, and judged by its exponent at the upper end: doubling the size makes flat things cost at most
a tenth more, and linear things at most a tenth more than twice as much.
"""

import gc
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import replace
from dataclasses import dataclass
from types import CodeType
from typing import Any, Literal
from unittest import mock

from helpdesk.service import inbound
from standins.digilocker import documents
from tests.benchmarks import directory
from tests.benchmarks.counting import CountingDesk, main_conversation
from tests.benchmarks.figures import Figure
from tests.handlers import ROOT

type Shape = Literal["flat", "linear"]

MOST_EXPONENT: dict[Shape, float] = {"flat": math.log2(1.1), "linear": math.log2(2.2)}
TURNS = (1, 3, 11, 31, 101, 301, 1001)
DOCUMENTS = (1, 3, 10, 30, 100, 250, 500)
BATCH = (1, 3, 10, 30, 100, 300, 1000)
PARTS_OF_DIRECTORY = (64, 16, 4, 2, 1)
TURN_SECONDS = 10
ROUNDS = 3
_TOOL = sys.monitoring.PROFILER_ID
_NOT_COUNTED = str(ROOT / "tests")


@dataclass(frozen=True)
class Point:
    """What something costs at one size."""

    size: int
    instructions: int
    cpu_ms: float


@dataclass(frozen=True)
class Curve:
    """What something costs at each size, smallest first."""

    name: str
    what: str
    shape: Shape
    points: tuple[Point, ...]

    def exponent(self, cost: Callable[[Point], float] = lambda point: point.instructions) -> float:
        """Return the power of the size with which the cost grows between the last two points: 0 is flat, 1 linear."""
        lower, upper = self.points[-2:]
        return math.log(cost(upper) / cost(lower)) / math.log(upper.size / lower.size)


def figures(curves: Sequence[Curve]) -> Iterator[Figure]:
    """Yield each curve's exponent, and that of its CPU time."""
    for curve in curves:
        yield Figure(f"growth.{curve.name}_exponent ({curve.shape})", curve.exponent(), "", MOST_EXPONENT[curve.shape])
        yield Figure(f"growth.{curve.name}_cpu_exponent", curve.exponent(lambda point: point.cpu_ms), "")


def all_curves() -> Iterator[Curve]:
    """Measure everything that can grow."""
    yield Curve("conversation", "a text and its reply, by the turns before it", "flat", tuple(conversation(TURNS)))
    yield Curve("documents", "a page of the list, by her documents", "linear", tuple(lists(DOCUMENTS)))
    yield Curve("batch", "a delivery of texts, by as many citizens", "linear", tuple(batches(BATCH)))
    yield Curve("statuses", "a delivery of statuses, by their number", "linear", tuple(statuses(BATCH)))
    yield Curve("directory", "a search, by the directory's types of documents", "linear", tuple(searches()))


# --- counting -------------------------------------------------------------------------------------------------------


@contextmanager
def counting() -> Iterator[Callable[[], int]]:
    """Count the instructions of all code but the tests'; gives how many there were so far.

    No garbage is collected meanwhile: what it would finalise is not this work's.
    """
    count = 0

    def executed(code: CodeType, _offset: int) -> object:
        nonlocal count
        if code.co_filename.startswith(_NOT_COUNTED):
            return sys.monitoring.DISABLE
        count += 1
        return None

    events = sys.monitoring.events.INSTRUCTION
    gc.collect()
    gc.disable()
    sys.monitoring.use_tool_id(_TOOL, "growth")
    sys.monitoring.register_callback(_TOOL, events, executed)
    sys.monitoring.set_events(_TOOL, events)
    try:
        yield lambda: count
    finally:
        sys.monitoring.set_events(_TOOL, 0)
        sys.monitoring.register_callback(_TOOL, events, None)
        sys.monitoring.free_tool_id(_TOOL)
        gc.enable()


def measured(size: int, work: Sequence[Callable[[], object]]) -> Point:
    """Do something once to count it, then again for the least CPU time; each element of `work` is one time.

    The very first is neither counted nor timed: what is made when it is first needed is there from then on.
    """
    first, counted, *others = work
    first()
    with counting() as count:
        counted()
        instructions = count()
    times = []
    for again in others:
        began = time.process_time_ns()
        again()
        times.append(time.process_time_ns() - began)
    return Point(size, instructions, min(times) / 1e6)


# --- what grows -----------------------------------------------------------------------------------------------------


def conversation(sizes: Sequence[int]) -> Iterator[Point]:
    """Have one citizen write on and on, a text every ten seconds."""
    desk, turns = CountingDesk(), 0

    def turn() -> None:
        nonlocal turns
        turns += 1
        # Never the same twice in a row, as from a machine; both answers are as long at any time.
        desk.said("help" if turns % 2 else "menu")
        desk.worked()
        desk.clock.now += TURN_SECONDS

    def two_turns() -> None:
        turn()
        turn()

    desk.said("Hi")
    desk.worked()
    for size in sizes:
        while turns < size - 2:
            turn()
        yield measured(size, [turn, turn, *[two_turns] * ROUNDS])


def lists(sizes: Sequence[int]) -> Iterator[Point]:
    """Have citizens with more and more documents turn to their list."""
    for size in sizes:
        yield measured(size, [_asking_for_list(size) for _ in range(2 + ROUNDS)])


def _asking_for_list(size: int) -> Callable[[], object]:
    conversation = main_conversation()
    holder = conversation.citizen
    more = [
        documents.certificate(
            holder.name, f"Certificate {index}", f"C{index:04d}", "in.gov.specimen", "Specimen", str(index)
        )
        for index in range(size)
    ]
    desk = CountingDesk(replace(conversation, citizen=replace(holder, issued=tuple(more))))
    for line in ("Hi", "1", "yes", "I agree", "<her Aadhaar number>", "<the OTP>"):
        desk.said(line)
        desk.worked()
        desk.clock.now += TURN_SECONDS

    def ask() -> None:
        desk.said("other documents")
        desk.worked()

    return ask


def batches(sizes: Sequence[int]) -> Iterator[Point]:
    """Post the first texts of more and more citizens in one delivery."""
    # Else the webhook puts off what it cannot begin in time, which is soon where each instruction is counted.
    with mock.patch.object(inbound, "MOST_SECONDS", math.inf):
        for size in sizes:
            desk = CountingDesk()
            yield measured(size, [_posting(desk, messages=_texts(desk, size, time)) for time in range(2 + ROUNDS)])


def _texts(desk: CountingDesk, size: int, time: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"wamid.{time}-{size}-{index}",
            "from": f"9190{time}{size:04d}{index:04d}"[:13],
            "timestamp": str(int(desk.clock.now)),
            "type": "text",
            "text": {"body": "Hi"},
        }
        for index in range(size)
    ]


def statuses(sizes: Sequence[int]) -> Iterator[Point]:
    """Post more and more statuses in one delivery."""
    for size in sizes:
        desk = CountingDesk()
        many = [
            {"id": f"wamid.{index}", "status": "delivered", "timestamp": str(int(desk.clock.now)), "recipient_id": "91"}
            for index in range(size)
        ]
        yield measured(size, [_posting(desk, statuses=many)] * (2 + ROUNDS))


def _posting(desk: CountingDesk, **content: Any) -> Callable[[], object]:
    def post() -> None:
        desk.posted(**content)
        if desk._deliveries:
            raise RuntimeError("a part of the delivery must come again")

    return post


def searches() -> Iterator[Point]:
    """Search larger and larger directories of issuers."""
    for part in PARTS_OF_DIRECTORY:
        types = directory.TYPES // part
        found = directory.made_up(directory.ISSUERS // part, types)
        yield measured(types, [lambda found=found: found.search("state board certificate")] * (2 + ROUNDS))  # type: ignore[misc]
