"""A deployment in two steps, with somebody's look in between: make change-set, then make execute.

`propose` has CloudFormation work out what a deployment would change, and shows it, property by property; nothing is
changed yet. `execute` carries out just that. The name of a change set ends with a digest of its template, its
parameters and the contents of its artifacts, and `execute` works that out again from what CloudFormation and S3 hold.
So whoever passes on the name passes on what was approved, and no one between the two steps can put something else in
its place.

In a GitHub workflow the table also goes to the run's summary, and the name to the step's outputs.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import boto3

from operations.deployment.changes import execute, table, try_without_secret
from operations.deployment.plan import make_ready, plan, propose
from operations.operator import Stopped, at_the_terminal
from operations.settings import STAGES, Settings, run, settings_of
from operations.stack import find_stack, stack_of


def note(variable: str, text: str) -> None:
    """Append to one of the files that a GitHub workflow names in its environment; elsewhere do nothing."""
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")


def _deployed(stage: str) -> Settings:
    settings = settings_of(stage)
    if find_stack(settings.stack_name) is None:
        raise Stopped(f"There is no {settings.stack_name} yet: make deploy STAGE={stage}")
    return settings


def _propose(stage: str, parameters: list[str]) -> int:
    settings, operator = _deployed(stage), at_the_terminal()
    planned = plan(stage, parameters, operator)
    make_ready(planned, tested=True)  # by whoever merged it
    name = propose(planned)
    cloudformation = boto3.client("cloudformation")
    shown = (
        table(cloudformation, settings.stack_name, name) if name else f"{settings.stack_name}: nothing would change."
    )
    print(shown)
    note("GITHUB_STEP_SUMMARY", shown)
    note("GITHUB_OUTPUT", f"change_set={name or ''}")
    if name:
        print(f"\nmake execute STAGE={stage} CHANGE_SET={name}")
    return 0


def _execute(stage: str, name: str) -> int:
    settings, operator = _deployed(stage), at_the_terminal()
    execute(settings, name, operator.tell, time.sleep)
    try_without_secret(stack_of(settings.stack_name), operator.tell)
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Do one of the two."""
    parser = argparse.ArgumentParser(prog="make change-set, make execute", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    proposing, executing = verbs.add_parser("propose"), verbs.add_parser("execute")
    for verb in (proposing, executing):
        verb.add_argument("stage", choices=STAGES)
    proposing.add_argument("parameters", nargs="*", metavar="NAME=VALUE")
    executing.add_argument("change_set")
    given = parser.parse_args(arguments)
    if given.verb == "propose":
        return run(lambda: _propose(given.stage, given.parameters))
    if not given.change_set:
        parser.error("which one? make execute CHANGE_SET=..., as make change-set printed it")
    return run(lambda: _execute(given.stage, given.change_set))


if __name__ == "__main__":
    sys.exit(main())
