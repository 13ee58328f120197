"""Where the time goes between a message and what she gets for it: which call runs when, in the median.

The deployed functions are put under a stopwatch (`stopwatch.py`) for it, so this comes after all that is compared.
"""

import io
import json
import statistics
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from standins.local_stack import BUILD
from tests.benchmarks import latency
from tests.benchmarks.deployment import Deployment, direct_session
from tests.benchmarks.latency import TEXTS, Moments

STOPWATCH = Path(__file__).with_name("stopwatch.py")
FUNCTIONS = ("WebhookFunction", "DocumentFunction")
MARK = "stopwatch"
FIRST_CITIZEN = 500_000
"""Whoever is behind this number has not written before the functions were put under the stopwatch."""
ROUNDS = 24
BAR = 60


@dataclass(frozen=True)
class Span:
    """Something that took its time. Milliseconds since the message was posted."""

    name: str
    begin: float
    end: float


def put_under_stopwatch(deployment: Deployment) -> None:
    """Deploy both functions anew, as they are but for their handler."""
    client = deployment.stack.client("lambda")
    for name in FUNCTIONS:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(BUILD / name / "app.py", "app.py")
            archive.write(STOPWATCH, STOPWATCH.name)
        function = deployment.stack.physical_id(name)
        client.update_function_code(FunctionName=function, ZipFile=packed.getvalue())
        client.update_function_configuration(FunctionName=function, Handler=f"{STOPWATCH.stem}.lambda_handler")
        version = client.publish_version(FunctionName=function)["Version"]
        client.update_alias(FunctionName=function, Name="live", FunctionVersion=version)


def waterfalls(deployment: Deployment) -> dict[str, list[Span]]:
    """Return what happens from a text to its reply, and from the choice of a document to its PDF."""
    put_under_stopwatch(deployment)
    with direct_session() as session:
        texts = [
            latency.say(deployment, session, "desk", FIRST_CITIZEN + number // len(TEXTS), number % len(TEXTS))
            for number in range(ROUNDS)
        ]
    documents = latency.documents(deployment, ROUNDS, FIRST_CITIZEN + ROUNDS)
    runs = [run for name in FUNCTIONS for run in _runs(deployment.stack.function_logs(name))]
    return {
        "From a text to the reply": in_the_median([spans(moments, runs) for moments in texts]),
        "From the choice to the PDF": in_the_median([spans(moments, runs) for moments in documents]),
    }


def _runs(log: Sequence[str]) -> Iterator[dict[str, Any]]:
    for line in log:
        if line.startswith("{") and MARK in (run := json.loads(line)):
            yield run


def spans(moments: Moments, runs: Sequence[dict[str, Any]]) -> list[Span]:
    """Return what happened from one message on, until nothing was left to do for it."""

    def span(name: str, begin: float, end: float) -> Span:
        return Span(name, (begin - moments.posted) * 1000, (end - moments.posted) * 1000)

    found = [span("POST until its answer", moments.posted, moments.answered)]
    own = [run for run in runs if moments.posted <= run["began"] <= moments.over]
    for run in sorted(own, key=lambda run: float(run["began"])):
        found.append(span(f"{run[MARK]} function", run["began"], run["ended"]))
        found += (span(f"  {name}", begin, end) for name, begin, end in run["calls"])
    return [*found, span("until she has it", moments.posted, moments.over)]


def in_the_median(all_spans: Sequence[list[Span]]) -> list[Span]:
    """Return the median of each span, over those messages for which the same happened as for most."""
    (usual, _), *_ = Counter(tuple(span.name for span in one) for one in all_spans).most_common(1)
    alike = [one for one in all_spans if tuple(span.name for span in one) == usual]
    return [
        Span(
            spans[0].name,
            statistics.median(span.begin for span in spans),
            statistics.median(span.end for span in spans),
        )
        for spans in zip(*alike, strict=True)
    ]


def lines(name: str, found: Sequence[Span]) -> Iterator[str]:
    """Draw a waterfall for a terminal."""
    last = max(span.end for span in found)
    yield f"{name} (ms)"
    for span in found:
        begin, end = (round(at / last * BAR) for at in (span.begin, span.end))
        bar = " " * begin + "█" * max(1, end - begin)
        yield f"  {span.name:34}{span.end - span.begin:7.1f}  {bar}"


def own_code(found: Sequence[Span]) -> float:
    """Return the part of the functions' time that passes outside of calls."""
    functions = sum(span.end - span.begin for span in found if span.name.endswith(" function"))
    calls = sum(span.end - span.begin for span in found if span.name.startswith("  "))
    return 1 - calls / functions
