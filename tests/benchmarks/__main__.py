"""Measures what can be measured on one machine, shows it as bars, and writes build/bench.json.

Times are CPU time and the least of many: what else the machine does makes them longer, never shorter. Contenders take
turns, each time in a new process, and are compared within one run only. Ends with 1 if something is worse than wanted.
"""

import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from io import BytesIO, StringIO
from pathlib import Path

# Before the package is imported: its Logger and Metrics are made then.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "bench")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Helpdesk")

from helpdesk.languages.catalogue import codes, parse
from tests.benchmarks import counting, directory
from tests.benchmarks.contender import CONTENDERS, ROOT
from tests.benchmarks.dialogue import least, messages_per_second

BUILD = ROOT / "build"
PEERS = BUILD / "peers" / "bin" / "python"
LAYER = ROOT / "layers" / "helpdesk"
ROUNDS, ROUNDS_UNCOMPILED = 15, 5
BAR = 24
"""Letters of a bar that reaches what is wanted."""
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
"""Packages that Lambda's runtime brings, compiled; a layer's are compiled anew at each cold start."""

type Runs = dict[str, list[dict[str, float]]]


@dataclass(frozen=True)
class Figure:
    """Something measured. `wanted` is the most it may be (the least, if `at_least`), None where nothing is wanted."""

    name: str
    value: float
    unit: str
    wanted: float | None = None
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it is as wanted."""
        if self.wanted is None:
            return True
        return self.value >= self.wanted if self.at_least else self.value <= self.wanted

    def line(self) -> str:
        """Write it with a bar; the mark stands where the bar should end, or be past."""
        wanted, bar = "", ""
        if self.wanted is not None:
            filled = round(BAR * min(self.value / self.wanted, 1.5)) if self.wanted else BAR * bool(self.value)
            whole = "█" * filled + "·" * max(0, BAR - filled)
            bar = f"{whole[:BAR]}│{whole[BAR:]}"
            wanted = f"{'≥' if self.at_least else '≤'} {_written(self.wanted)}"
        missed = "" if self.is_met else "  missed"
        return f"{self.name:38} {_written(self.value):>10} {self.unit:7} {wanted:>10}  {bar}{missed}"


def _written(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


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


def cold_starts() -> Iterator[Figure]:
    """Measure from an empty process to a handler with its clients, and a message on a warm one."""
    names = [name for name in CONTENDERS if name != "peer" or PEERS.exists()]
    caches = BUILD / "bench-cache"
    shutil.rmtree(caches, ignore_errors=True)
    for name in names:
        _progress(f"compiling: {name}")
        _run(name, caches / "compiled", write=True)
    _as_deployed(caches / "compiled", caches / "deployed")
    runs = contend(names, ROUNDS, caches / "compiled")
    deployed = contend(names, ROUNDS_UNCOMPILED, caches / "deployed")

    def ratio(figure: str, one: str, other: str, among: Runs = runs) -> float:
        return _least(among, one, figure) / _least(among, other, figure)

    yield Figure("cold_start.webhook_vs_floor", ratio("cold_ms", "webhook", "floor_webhook"), "x", 2.0)
    yield Figure("cold_start.document_vs_floor", ratio("cold_ms", "document", "floor_document"), "x", 3.0)
    yield Figure("cold_start.webhook_cpu_ms", _least(runs, "webhook", "cold_ms"), "ms")
    yield Figure("cold_start.document_cpu_ms", _least(runs, "document", "cold_ms"), "ms")
    for name in ("webhook", "document"):
        uncompiled = ratio("cold_ms", name, f"floor_{name}", deployed)
        yield Figure(f"cold_start.{name}_uncompiled_vs_floor", uncompiled, "x")
    if "peer" in names:
        yield Figure("cold_start.webhook_vs_peer", ratio("cold_ms", "webhook", "peer"), "x", 0.7)
        yield Figure("cold_start.webhook_uncompiled_vs_peer", ratio("cold_ms", "webhook", "peer", deployed), "x", 0.7)
        yield Figure("warm.text_vs_peer", ratio("text_outside_aws_ms", "webhook", "peer"), "x", 2.0)
    yield Figure("warm.text_vs_floor", ratio("text_ms", "webhook", "floor_webhook"), "x", 2.0)
    yield Figure("warm.text_cpu_ms", _least(runs, "webhook", "text_ms"), "ms")
    yield Figure("warm.status_cpu_ms", _least(runs, "webhook", "status_ms"), "ms", 1.0)
    floor = [run["cold_ms"] for run in runs["floor_webhook"]]
    yield Figure("noise.median_vs_least", statistics.median(floor) / min(floor), "x")
    yield Figure("noise.most_vs_least", max(floor) / min(floor), "x")


# --- the rest -------------------------------------------------------------------------------------------------------


def calls() -> Iterator[Figure]:
    """Count what the main conversation calls; tests/unit/test_calls.py says why each is made."""
    logging.disable()
    with redirect_stdout(StringIO()):  # metrics are lines of the log
        costs = counting.costs()
    logging.disable(logging.NOTSET)
    for name, (webhook, job), wanted in (("menu", costs["[Yes]"], (3, 3)), ("document", costs["2"], (3, 8))):
        yield Figure(f"calls.{name}.webhook", sum(webhook.values()), "calls", wanted[0])
        yield Figure(f"calls.{name}.document", sum(job.values()), "calls", wanted[1])
    total: Counter[str] = Counter()
    for webhook, job in costs.values():
        total += Counter(webhook) + Counter(job)
    for service in ("dynamodb", "sqs", "kms", "s3", "digilocker", "whatsapp"):
        number = sum(count for call, count in total.items() if call.startswith(f"{service}."))
        yield Figure(f"calls.conversation.{service}", number, "calls")


def layer() -> Iterator[Figure]:
    """Install the layer as `sam build` does, for this machine, and give its size."""
    target = BUILD / "bench-layer"
    shutil.rmtree(target, ignore_errors=True)
    uv = ROOT / ".venv" / "bin" / "uv"
    subprocess.run(  # noqa: S603 - our own file of requirements, by hash
        [
            *(str(uv), *["pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python"], sys.executable),
            *("--target", str(target), "--requirement", str(LAYER / "requirements.txt")),
        ],
        check=True,
    )
    files = [path for path in target.rglob("*") if path.is_file()]
    files += [path for path in (LAYER / "helpdesk").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path)
    yield Figure("layer_bytes", sum(path.stat().st_size for path in files), "bytes", 25_000_000)
    yield Figure("layer_zip_bytes", packed.tell(), "bytes", 8_000_000)


def languages() -> Iterator[Figure]:
    """Read each catalogue."""
    folder = LAYER / "helpdesk" / "languages"

    def load(code: str) -> float:
        return least(lambda: parse((folder / f"{code}.txt").read_text(encoding="utf-8")))

    loads = {code: load(code) for code in codes()}
    slowest = max(loads, key=lambda code: loads[code])
    yield Figure(f"languages.load_ms ({slowest}, the slowest)", loads[slowest], "ms", 3.0)


def directories() -> Iterator[Figure]:
    """Search a directory of issuers larger than any that was reported."""
    units = {"kept_bytes": "bytes", "memory_mb": "MB"}
    wanted = {"slowest_search_ms": 50.0, "memory_mb": 100.0}
    for name, value in directory.figures().items():
        yield Figure(f"directory.{name}", value, units.get(name, "ms"), wanted.get(name))


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")


def main() -> None:
    """Print the table and write it down."""
    BUILD.mkdir(exist_ok=True)
    found: list[Figure] = []
    for part in (cold_starts, calls, layer, languages, directories):
        for figure in part():
            found.append(figure)
            print(figure.line(), flush=True)
    dialogue = Figure("dialogue.messages_per_second", messages_per_second(), "1/s", 5000, at_least=True)
    print(dialogue.line())
    found.append(dialogue)
    if not PEERS.exists():
        print("The peer is not installed: its figures are left out.")
    written = {figure.name.partition(" ")[0]: asdict(figure) | {"met": figure.is_met} for figure in found}
    (BUILD / "bench.json").write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if any(not figure.is_met for figure in found):
        raise SystemExit("Something is worse than wanted.")


if __name__ == "__main__":
    main()
