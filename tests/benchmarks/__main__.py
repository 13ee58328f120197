"""Measures what can be measured on one machine, shows it as bars, and writes it down (`report.py`).

    python -m tests.benchmarks [part ...]

Times of the code are CPU time and the least of many: what else the machine does makes them longer, never shorter.
Those of the deployed stack are medians. Contenders take turns and are compared within one run only. Ends with 1 if
something is worse than wanted.
"""

import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import BytesIO, StringIO
from pathlib import Path

# Before the package is imported: its Logger and Metrics are made then.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "bench")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Helpdesk")

from capacity_model.cost import CHARGED
from helpdesk.languages.catalogue import codes, parse
from standins.errors import StackError
from standins.local_stack import BUILD, build, stop_on_signals
from tests.benchmarks import (
    counting,
    directory,
    growth,
    image,
    lanes,
    latency,
    line,
    load,
    memory,
    plots,
    report,
    waterfall,
)
from tests.benchmarks.contender import CONTENDERS, ROOT
from tests.benchmarks.deployment import deployed
from tests.benchmarks.dialogue import least, messages_per_second
from tests.benchmarks.figures import Figure
from tests.benchmarks.report import Part, Section

PEERS = ROOT / "build" / "peers" / "bin" / "python"
LAYER = ROOT / "layers" / "helpdesk"
CACHES = ROOT / "build" / "bench-cache"
ROUNDS, ROUNDS_UNCOMPILED = 15, 5
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
"""Packages that Lambda's runtime brings, compiled; a layer's are compiled anew at each cold start."""

type Runs = dict[str, list[dict[str, float]]]


# --- contenders -----------------------------------------------------------------------------------------------------


def _interpreter(name: str) -> Path:
    return PEERS if name == "peer" else Path(sys.executable)


def _run(name: str, cache: Path, *, write: bool) -> dict[str, float]:
    """Let one contender run in a new process, with compiled code from, or into, a cache of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPYCACHEPREFIX": str(cache / ("peer" if name == "peer" else "ours")),
        **({} if write else {"PYTHONDONTWRITEBYTECODE": "1"}),
    }
    ended = subprocess.run(  # noqa: S603 - our own script
        [_interpreter(name), ROOT / "tests" / "benchmarks" / "contender.py", name],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"{name}: {ended.stderr}")
    figures: dict[str, float] = json.loads(ended.stderr.splitlines()[-1])
    return figures


def contend(names: Sequence[str], rounds: int, cache: Path) -> Runs:
    """Let all contenders take turns. A ratio is between what ran side by side."""
    runs: Runs = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            _progress(f"round {number + 1} of {rounds}: {name}")
            runs[name].append(_run(name, cache, write=False))
    _progress("")
    return runs


def _as_deployed(compiled: Path, cache: Path) -> None:
    """Copy what is compiled, without what Lambda finds as source only: layer, functions, the peer's packages."""
    shutil.copytree(compiled, cache)
    for packages in cache.rglob("site-packages"):
        for path in packages.iterdir():
            if path.name.partition(".cpython")[0].removesuffix(".pyc") not in {n.removesuffix(".py") for n in RUNTIME}:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    for folder in ("layers", "functions"):
        shutil.rmtree(cache / "ours" / str(ROOT)[1:] / folder)


def _least(runs: Runs, name: str, figure: str) -> float:
    return min(run[figure] for run in runs[name])


def cold_starts(section: Section) -> Iterator[Figure]:
    """Measure from an empty process to a handler with its clients, and a message on a warm one."""
    names = [name for name in CONTENDERS if name != "peer" or PEERS.exists()]
    shutil.rmtree(CACHES, ignore_errors=True)
    for name in names:
        _progress(f"compiling: {name}")
        _run(name, CACHES / "compiled", write=True)
    _as_deployed(CACHES / "compiled", CACHES / "deployed")
    runs = contend(names, ROUNDS, CACHES / "compiled")
    deployed = contend(names, ROUNDS_UNCOMPILED, CACHES / "deployed")

    def ratio(figure: str, one: str, other: str, among: Runs = runs) -> float:
        return _least(among, one, figure) / _least(among, other, figure)

    yield Figure("cold_start.webhook_vs_floor", ratio("cold_ms", "webhook", "floor_webhook"), "x", 1.2)
    yield Figure("cold_start.document_vs_floor", ratio("cold_ms", "document", "floor_document"), "x", 1.6)
    yield Figure("cold_start.webhook_cpu_ms", _least(runs, "webhook", "cold_ms"), "ms")
    yield Figure("cold_start.document_cpu_ms", _least(runs, "document", "cold_ms"), "ms")
    yield Figure("cold_start.locker_cpu_ms", _least(runs, "document", "locker_ms"), "ms")
    for name in ("webhook", "document"):
        uncompiled = ratio("cold_ms", name, f"floor_{name}", deployed)
        yield Figure(f"cold_start.{name}_uncompiled_vs_floor", uncompiled, "x")
    if "peer" in names:
        yield Figure("cold_start.webhook_vs_peer", ratio("cold_ms", "webhook", "peer"), "x", 0.5)
        yield Figure("cold_start.webhook_uncompiled_vs_peer", ratio("cold_ms", "webhook", "peer", deployed), "x")
        yield Figure("warm.text_vs_peer", ratio("text_outside_aws_ms", "webhook", "peer"), "x", 0.6)
        both_do = _least(runs, "webhook", "text_answer_ms") / _least(runs, "peer", "text_outside_aws_ms")
        yield Figure("warm.text_both_do_vs_peer", both_do, "x", 0.3)
    yield Figure("warm.text_vs_floor", ratio("text_ms", "webhook", "floor_webhook"), "x")
    yield Figure("warm.text_cpu_ms", _least(runs, "webhook", "text_ms"), "ms")
    yield Figure("warm.status_cpu_ms", _least(runs, "webhook", "status_ms"), "ms", 0.2)
    yield Figure("warm.statuses_1000_cpu_ms", _least(runs, "webhook", "statuses_1000_ms"), "ms", 4)
    floor = [run["cold_ms"] for run in runs["floor_webhook"]]
    yield Figure("noise.median_vs_least", statistics.median(floor) / min(floor), "x")
    yield Figure("noise.most_vs_least", max(floor) / min(floor), "x")
    if "peer" not in names:
        section.say("The peer is not installed: its figures are left out.")
    rows = [(name, 0.0, _least(runs, name, "cold_ms")) for name in names]
    rows += [(f"{name}, uncompiled", 0.0, _least(deployed, name, "cold_ms")) for name in names]
    drawn = plots.spans("CPU time of a cold start", rows)
    section.plots["cold_start.svg"] = ("CPU time of a cold start", drawn)


def in_image(section: Section) -> Iterator[Figure]:
    """Measure cold starts in Lambda's base image."""
    try:
        yield from image.figures()
    except image.NotMeasured as reason:
        section.say(f"Not measured: {reason}.")


# --- the deployed stack ----------------------------------------------------------------------------------------------


def stack(section: Section) -> Iterator[Figure]:
    """Measure messages through the local AWS, then look where their time goes."""
    with deployed(_progress) as deployment:
        _progress("")
        yield from latency.figures(deployment)
        found = waterfall.waterfalls(deployment)
    for file, (name, spans) in zip(("reply.svg", "document.svg"), found.items(), strict=True):
        yield Figure(f"{Path(file).stem}.own_code_part", waterfall.own_code(spans), "of 1")
        section.say("", *waterfall.lines(name, spans))
        section.plots[file] = (name, plots.spans(name, [(span.name, span.begin, span.end) for span in spans]))


def peaks(_section: Section) -> Iterator[Figure]:
    """Measure memory over a conversation with a large document."""
    with deployed(_progress) as deployment:
        _progress("")
        yield from memory.figures(deployment)


def loads(section: Section) -> Iterator[Figure]:
    """Measure under load."""
    with deployed(_progress) as deployment:
        _progress("")
        runs = load.runs(deployment)
    yield from load.figures(runs)
    title = "How long a delivery waits for its answer, in ms"
    lines = {
        f"{side}, {pace}": [(float(percent), load.percentile(run.waits, percent) * 1000) for percent in range(1, 101)]
        for (pace, side), run in runs.items()
    }
    section.plots["load.svg"] = (title, plots.curves(title, lines, "percent of deliveries", wide=False))


def two_lanes(_section: Section) -> Iterator[Figure]:
    """Measure menus while DigiLocker is busy, with two lanes and with one."""
    with deployed(_progress, lanes.PARAMETERS) as deployment:
        _progress("")
        found = lanes.runs(deployment)
    yield from lanes.figures(found)


def at_the_door(section: Section) -> Iterator[Figure]:
    """Measure more citizens than DigiLocker serves, with a line and without it."""
    try:
        found = line.legs(_progress)
    except line.NotMeasured as reason:
        section.say(f"Not measured: {reason}.")
        return
    _progress("")
    for name, walks in found.items():
        yield from line.figures(name, walks, is_wanted=name == "with")
    section.plots["door.svg"] = ("Citizens at a desk with a line", line.plot(found))


# --- without AWS -----------------------------------------------------------------------------------------------------


def growing(section: Section) -> Iterator[Figure]:
    """Count what a message costs as things grow."""
    curves = []
    with _quiet():
        curves = list(growth.all_curves())
    yield from growth.figures(curves)
    title = "Instructions for a message or a delivery, by what grows"
    lines = {
        f"{curve.what}: {curve.shape}": [(float(point.size), float(point.instructions)) for point in curve.points]
        for curve in curves
    }
    section.plots["growth.svg"] = (title, plots.curves(title, lines, "turns, documents, texts, statuses, types"))


def calls(_section: Section) -> Iterator[Figure]:
    """Count what the main conversation calls; tests/unit/test_calls.py says why each is made."""
    with _quiet():
        costs, charged = counting.costs(), counting.charged()
    for sign_in, messages in charged.items():
        yield Figure(f"calls.charged.{sign_in}", messages, "messages", CHARGED[sign_in])
    for name, (webhook, job), wanted in (("menu", costs["[Yes]"], (3, 3)), ("document", costs["2"], (3, 8))):
        yield Figure(f"calls.{name}.webhook", sum(webhook.values()), "calls", wanted[0])
        yield Figure(f"calls.{name}.document", sum(job.values()), "calls", wanted[1])
    total: Counter[str] = Counter()
    for webhook, job in costs.values():
        total += Counter(webhook) + Counter(job)
    for service in ("dynamodb", "sqs", "kms", "s3", "digilocker", "whatsapp"):
        number = sum(count for call, count in total.items() if call.startswith(f"{service}."))
        yield Figure(f"calls.conversation.{service}", number, "calls")


def sizes(_section: Section) -> Iterator[Figure]:
    """Build layer and functions as they are deployed, and give their size."""
    build()
    files = [path for path in BUILD.glob("*/**/*") if path.is_file()]
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path)
    yield Figure("layer_bytes", sum(path.stat().st_size for path in files), "bytes", 20_000_000)
    yield Figure("layer_zip_bytes", packed.tell(), "bytes", 8_000_000)


def languages(_section: Section) -> Iterator[Figure]:
    """Read each catalogue."""
    folder = LAYER / "helpdesk" / "languages"

    def load(code: str) -> float:
        return least(lambda: parse((folder / f"{code}.txt").read_text(encoding="utf-8")))

    loads = {code: load(code) for code in codes()}
    slowest = max(loads, key=lambda code: loads[code])
    yield Figure(f"languages.load_ms ({slowest}, the slowest)", loads[slowest], "ms", 3.0)


def directories(_section: Section) -> Iterator[Figure]:
    """Search a directory of issuers larger than any that was reported."""
    units = {"kept_bytes": "bytes", "memory_mb": "MB"}
    wanted = {"slowest_search_ms": 50.0, "memory_mb": 100.0}
    for name, value in directory.figures().items():
        yield Figure(f"directory.{name}", value, units.get(name, "ms"), wanted.get(name))


def dialogue(_section: Section) -> Iterator[Figure]:
    """Measure the pure dialogue."""
    yield Figure("dialogue.messages_per_second", messages_per_second(), "1/s", 5000, at_least=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the functions' log from the terminal; their metrics are lines of it."""
    logging.disable()
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")


PARTS: dict[str, tuple[Part, str, str]] = {
    "cold": (
        cold_starts,
        "Cold start, and a message on a warm function",
        f"""CPU time in a new process, the minimum of {ROUNDS} runs: from nothing to a handler with its clients, then a
message. The floor is boto3 with the same clients and the same calls; the peer is pywa on FastAPI and Mangum with a
DynamoDB client. *Uncompiled*: the layer, the function and the peer's packages without compiled code. `text_vs_peer` is
the whole handler except for calls to AWS; *both do* leaves out what the peer does not have (storing the conversation,
queueing its work, log, metrics), so it covers signature, parsing, dialogue and reply.""",
    ),
    "image": (
        in_image,
        "Cold start in the Lambda base image",
        f"""CPU time of the container's process until it takes its first call from the runtime interface, including
interpreter and runtime client; the minimum of {image.ROUNDS} runs. *Uncompiled*: layer and function without
compiled code.""",
    ),
    "stack": (
        stack,
        "Through the local AWS",
        """The template in the local AWS, one message at a time, alternating with a floor function that makes the same
calls; medians. Below that, where the time goes.""",
    ),
    "memory": (
        peaks,
        "Memory",
        """Peak memory of each function's process over a conversation with a PDF of 10 MB, sent by link and, when that
fails, as a file.""",
    ),
    "load": (
        loads,
        "Load",
        """Open-model arrivals: a text with three statuses once a second, then ten times a second; every fifth text
comes twice. A wait counts from when the delivery was due. The burst is about as much as the local AWS can
handle on two cores.""",
    ),
    "lanes": (
        two_lanes,
        "Two lanes",
        f"""{lanes.CITIZENS} citizens who begin within {lanes.SECONDS:.0f} seconds, with DigiLocker at
{lanes.DIGILOCKER_SECONDS} s a call: how long a reply takes that needs nothing of DigiLocker (*menu*), and one that does
(*asking*). First as deployed, then in the same run with everything on the work queue, as before there were two lanes.
The local AWS does one job of a FIFO queue at a time.""",
    ),
    "line": (
        at_the_door,
        "A line at the door",
        f"""{line.CITIZENS} citizens in thirteen languages who begin within {line.SECONDS:.0f} seconds, with DigiLocker
at {line.DIGILOCKER_SECONDS} s a call: who gets her document, how often somebody was told to try again, and how long a
menu takes. Beside it, at the same time, a desk without a line. The local AWS does one job of a FIFO queue at a
time.""",
    ),
    "growth": (
        growing,
        "Growth",
        """How executed instructions grow with the input, as the exponent between the last two sizes: 0 is flat, 1 is
linear. The sizes go to 1,000 turns, 500 documents, 1,000 texts or statuses in a delivery, 20,000 types of
documents.""",
    ),
    "calls": (calls, "Calls", "Exact counts of the calls that the functions make for a text and for a document."),
    "sizes": (sizes, "Size", "Layer and functions as `sam build` makes them, unpacked and packed."),
    "languages": (languages, "Languages", "Reading the slowest catalogue."),
    "directory": (directories, "Directory of issuers", "With a made-up directory, larger than any that was reported."),
    "dialogue": (dialogue, "Dialogue", "All conversations of the tests, without AWS, on one core."),
}
"""Each with its title and what docs/benchmarks.md says about it."""


def main(names: Sequence[str]) -> int:
    """Measure all parts, or those that are named. Returns the exit status."""
    if unknown := set(names) - set(PARTS):
        print(f"No such part: {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    began, sections = time.monotonic(), []
    with stop_on_signals():
        for name in names or PARTS:
            part, title, says = PARTS[name]
            section = Section(title, says, f"make bench PART={name}")
            try:
                report.measure(section, part)
            except StackError as error:
                print(f"\n{error}", file=sys.stderr)
                return 1
            sections.append(section)
    seconds = time.monotonic() - began
    report.write(sections, whole=not names, seconds=seconds)
    missed = [figure.name for section in sections for figure in section.figures if not figure.is_met]
    print(f"\n{seconds / 60:.1f} minutes.", f"Worse than wanted: {', '.join(missed)}" if missed else "All as wanted.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
