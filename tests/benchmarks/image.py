"""Cold starts in the Lambda base image, through the runtime interface: as on Lambda, but for the machine.

Needs Docker on this machine, and in it the base image for Python 3.13 or a stand-in with the same paths and the real
runtime client. Layer and function are mounted where Lambda puts them, and read-only as there: what is not compiled is
compiled at each start. The image's runtime client asks this program for its first call, as it asks Lambda, and the
handler answers with the CPU time that its process has taken by then.
"""

import compileall
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import Empty, Queue

from standins.local_stack import BUILD, build
from tests.benchmarks.contender import ENVIRONMENT, FLOORS, ROOT
from tests.benchmarks.figures import Figure

OUR_FILES = Path(__file__).with_name("in_image")
WORK = ROOT / "build" / "bench-image"
IMAGES = "*/lambda/python:3.13*"
ROUNDS = 7
START_SECONDS = 60.0
ARN = "arn:aws:lambda:ap-south-1:123456789012:function:bench"


class NotMeasured(Exception):
    """It cannot be measured here. The message says why."""


@dataclass(frozen=True)
class Contender:
    """What is mounted, and which further settings it has."""

    task: Path
    layer: Path
    settings: Mapping[str, str] = field(default_factory=dict)


def figures() -> Iterator[Figure]:
    """Start each contender in turn, a few times. Raises NotMeasured."""
    image = find_image()
    contenders = prepared()
    least: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            took = cold_start(image, contender)
            least[name] = min(took, least.get(name, took))
    for name, wanted in (("webhook", 1.2), ("document", 1.6)):
        floor = least[f"floor_{name}"]
        yield Figure(f"image.{name}_vs_floor", least[name] / floor, "x", wanted)
        yield Figure(f"image.{name}_uncompiled_vs_floor", least[f"{name}_uncompiled"] / floor, "x")
        yield Figure(f"image.{name}_cpu_ms", least[name], "ms")


def find_image() -> str:
    """Return the name of the base image. Raises NotMeasured."""
    if shutil.which("docker") is None:
        raise NotMeasured("there is no Docker")
    listed = _docker("image", "ls", "--filter", f"reference={IMAGES}", "--format", "{{.Repository}}:{{.Tag}}")
    if listed.returncode:
        raise NotMeasured("Docker does not run")
    if not listed.stdout.strip():
        raise NotMeasured("Docker has no Lambda base image for Python 3.13 (.ci/lambda-image makes a stand-in)")
    return listed.stdout.split()[0]


def prepared() -> dict[str, Contender]:
    """Copy the built layer and functions, without and with compiled code; and the floors. Raises StackError."""
    build()
    shutil.rmtree(WORK, ignore_errors=True)
    nothing = WORK / "nothing"
    nothing.mkdir(parents=True)
    found: dict[str, Contender] = {}
    for function in ("webhook", "document"):
        floor = _task(f"floor_{function}", OUR_FILES / "floor.py")
        found[f"floor_{function}"] = Contender(floor, nothing, {"SERVICES": " ".join(FLOORS[function])})
        app = BUILD / f"{function.title()}Function" / "app.py"
        for suffix in ("", "_uncompiled"):
            layer = WORK / f"layer{suffix}"
            if not layer.exists():
                shutil.copytree(BUILD / "HelpdeskLayer", layer, ignore=shutil.ignore_patterns("__pycache__"))
            found[function + suffix] = Contender(_task(function + suffix, app), layer)
    for folder in (WORK / "layer", *(contender.task for name, contender in found.items() if "_un" not in name)):
        # Not by the time of the source, which changes when it is unpacked.
        compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return found


def _task(name: str, app: Path) -> Path:
    task = WORK / name
    task.mkdir()
    shutil.copy(OUR_FILES / "reporting.py", task)
    shutil.copy(app, task / "app.py")
    return task


def cold_start(image: str, contender: Contender) -> float:
    """Start a container; give the CPU time until its first call, in milliseconds. Raises NotMeasured."""
    with runtime_interface() as (port, answers):
        settings = ENVIRONMENT | dict(contender.settings) | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"}
        started = _docker(
            *("run", "--detach", "--network", "host", "--memory", "512m"),
            *("--volume", f"{contender.task}:/var/task:ro", "--volume", f"{contender.layer}:/opt:ro"),
            *(part for name, value in settings.items() for part in ("--env", f"{name}={value}")),
            *(image, "reporting.lambda_handler"),
        )
        if started.returncode:
            raise NotMeasured(started.stderr.strip())
        container = started.stdout.strip()
        try:
            answer = json.loads(answers.get(timeout=START_SECONDS))
        except Empty:
            logs = _docker("logs", "--tail", "5", container)
            raise NotMeasured(f"the container did not ask for a call: {logs.stdout}{logs.stderr}".strip()) from None
        finally:
            _docker("rm", "--force", container)
    if "cpu_ms" not in answer:
        raise NotMeasured(f"the container did not start: {answer}")
    return float(answer["cpu_ms"])


@contextmanager
def runtime_interface() -> Iterator[tuple[int, "Queue[str]"]]:
    """Serve Lambda's side of the runtime interface, with one call to hand out; gives its port, and what is answered.

    AWS Lambda, "Using the Lambda runtime API for custom runtimes", version 2018-06-01.
    """
    answers: Queue[str] = Queue()
    calls = iter([b"{}"])
    over = threading.Event()

    class Interface(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Hand out the call. Whoever asks for another one waits, as on Lambda."""
            call = next(calls, None)
            if call is None:
                over.wait()
                return
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000000")
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 25_000))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", ARN)
            self._end(call)

        def do_POST(self) -> None:
            """Take an answer, or an error of the start."""
            answers.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(202)
            self._end(b"{}")

        def _end(self, content: bytes) -> None:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Interface)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server.server_port, answers
    finally:
        over.set()
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a container that is removed hangs up."""


def _docker(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607 - our own words
