"""`make drill`: faults are put into a local stack, and alarm, chapter and first command are seen to lead to the cause.

For each: the fault is put in; the alarm's condition, as it is deployed, is reckoned on the metrics that the functions
then write; the first command of the alarm's chapter in docs/operations.md is run, and has to show the cause.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from standins.local_stack import REGION, ROOT, ROOT_CREDENTIALS, STACK_NAME, LocalStack, Progress, stop_on_signals
from standins.phone import NotAnsweredError
from template_checks.transform import load
from tests.drill import insights
from tests.drill.alarms import goes_off, points_of
from tests.drill.exercises import EXERCISES, Exercise

HANDBOOK = ROOT / "docs" / "operations.md"
PATIENCE_SECONDS = 60.0
_COMMAND = re.compile(r"`make (?P<verb>doctor) STAGE=prod`|\*(?P<query>errors-of-the-last-hour)\*")


class DrillFailedError(AssertionError):
    """An alarm stays silent, or its chapter does not lead to the cause."""


def chapter(alarm: str) -> str:
    """Return what the handbook says about an alarm."""
    text = HANDBOOK.read_text(encoding="utf-8")
    found = re.search(rf"^### {alarm}\n(.*?)^##", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise DrillFailedError(f"{HANDBOOK.name} has no chapter {alarm}")
    return found[1]


def first_command(alarm: str) -> str:
    """Return the first command of an alarm's chapter: a make verb, or the name of a saved query."""
    found = _COMMAND.search(chapter(alarm))
    if found is None:
        raise DrillFailedError(f"the chapter {alarm} names no command that tells the cause")
    return found["verb"] or found["query"]


class Drill:
    """One run of it, on a stack."""

    def __init__(self, stack: LocalStack, tell: Callable[[str], None] = print) -> None:
        self._stack = stack
        self._tell = tell
        template: dict[str, Any] = load((ROOT / "template.yaml").read_text(encoding="utf-8"))
        self._query: str = template["Resources"]["ErrorsQuery"]["Properties"]["QueryString"]

    def do(self, exercise: Exercise) -> None:
        """Put a fault in, and see that alarm and chapter tell of it. Raises DrillFailedError."""
        self._tell(f"\n--- {exercise.alarm}: {exercise.fault}")
        alarm, began = self._deployed(exercise.alarm), time.time()
        if goes_off(alarm, points_of(self._lines(began), alarm), time.time()):
            raise DrillFailedError("it is on before there is a fault")
        with exercise.strike(self._stack):
            self._await_alarm(alarm, began)
            name = first_command(exercise.alarm)
            self._tell(f"    the chapter says: {name}")
            shown = self._doctor() if name == "doctor" else self._errors(began)
        for line in shown.splitlines():
            self._tell(f"      {line}")
        if not re.search(exercise.cause, shown):
            raise DrillFailedError(f"{name} does not show the cause: {exercise.cause}")

    def _deployed(self, logical_id: str) -> dict[str, Any]:
        names = [self._stack.physical_id(logical_id)]
        (alarm,) = self._stack.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
        return dict(alarm)

    def _await_alarm(self, alarm: dict[str, Any], began: float) -> None:
        said = (
            f"{alarm['Statistic']} of {alarm['MetricName']} over {alarm['Period']} s "
            f"{alarm['ComparisonOperator']} {alarm['Threshold']:g}"
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not goes_off(alarm, points := points_of(self._lines(began), alarm), time.time()):
            if time.monotonic() > deadline:
                raise DrillFailedError(f"the alarm stays silent: {said}, of {points}")
            time.sleep(0.5)
        self._tell(f"    ALARM: {said} (it is {sum(point.value for point in points):g})")

    def _events(self, began: float) -> Iterator[tuple[float, str]]:
        for group in ("WebhookLogGroup", "DocumentLogGroup"):
            pages = self._stack.client("logs").get_paginator("filter_log_events")
            name = self._stack.physical_id(group)
            for page in pages.paginate(logGroupName=name, startTime=int(began * 1000)):
                for event in page["events"]:
                    yield event["timestamp"] / 1000, event["message"].rstrip("\n")

    def _lines(self, began: float) -> list[str]:
        return [line for _, line in self._events(began)]

    def _errors(self, began: float) -> str:
        """Run the saved query on what was logged since, and return its table."""
        found = insights.run(self._query, insights.rows_of(self._events(began)))
        named = ("times", "conversations", "service", "message", "error", "reason", "code")
        return "\n".join(" ".join(str(row[name]) for name in named if row.get(name) is not None) for row in found)

    def _doctor(self) -> str:
        """Return what the doctor finds amiss."""
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            **ROOT_CREDENTIALS,
            "AWS_ENDPOINT_URL": self._stack.emulator_url,
            "AWS_DEFAULT_REGION": REGION,
            "PYTHONPATH": f"{ROOT / 'layers/helpdesk'}:{ROOT}",
        }
        done = subprocess.run(  # noqa: S603 - what `make doctor` runs
            [sys.executable, "-m", "operations.stage.doctor", STACK_NAME],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.findall(r"^  FIX .*\n.*$", done.stdout, re.MULTILINE)
        return "\n".join(found) or done.stdout + done.stderr


@contextmanager
def _running() -> Iterator[LocalStack]:
    progress = Progress()
    with stop_on_signals(), LocalStack(tell=progress) as stack:
        yield stack


def main() -> int:
    """Do all exercises. Gives how many failed."""
    failed = 0
    with _running() as stack:
        drill = Drill(stack)
        for exercise in EXERCISES:
            try:
                drill.do(exercise)
            except (DrillFailedError, NotAnsweredError, TimeoutError) as error:
                failed += 1
                print(f"    FAILED: {error}")
    print(f"\n{len(EXERCISES)} alarms set off, {failed or 'none'} failed.")
    return failed


if __name__ == "__main__":
    sys.exit(main())
