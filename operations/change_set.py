"""A deployment in two steps, with somebody's look in between: make change-set, then make execute.

`propose` has CloudFormation work out what a deployment would change, and shows it; nothing is changed yet. `execute`
carries out just that, and tries the webhook. In a GitHub workflow the table also goes to the run's summary and the
change set's name to the step's outputs.

Only for a stack that is there: the first deployment asks questions (make deploy).
"""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from operations.deploy import STAGES, Stopped, at_the_terminal, try_it
from operations.sam import overrides, sam
from operations.stack import find_stack, stack_of

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import WaiterConfigTypeDef


def propose(cloudformation: "CloudFormationClient", stage: str, parameters: list[str]) -> str | None:
    """Have `sam deploy` make a change set, and give its name; None if nothing would change. Raises ValueError."""
    stack = f"helpdesk-{stage}"
    before = _ready(cloudformation, stack)
    if not sam(
        *("deploy", "--config-env", stage, "--no-execute-changeset", "--no-confirm-changeset"),
        *overrides(stage, parameters),
    ):
        raise ValueError("The change set was not made; see above.")
    # SAM names it by the time and says so only in words.
    made = _ready(cloudformation, stack) - before
    return made.pop() if made else None


def _ready(cloudformation: "CloudFormationClient", stack: str) -> set[str]:
    pages = cloudformation.get_paginator("list_change_sets").paginate(StackName=stack)
    return {
        summary["ChangeSetName"]
        for page in pages
        for summary in page["Summaries"]
        if summary["Status"] == "CREATE_COMPLETE"
    }


def table(cloudformation: "CloudFormationClient", stack: str, name: str) -> str:
    """Give what a change set would do as a table in Markdown, replacements first: they lose what was there."""
    pages = cloudformation.get_paginator("describe_change_set").paginate(StackName=stack, ChangeSetName=name)
    changes = [change["ResourceChange"] for page in pages for change in page["Changes"]]
    rows = sorted(
        (one.get("Replacement", "") != "True", one["LogicalResourceId"], one["Action"], one["ResourceType"])
        for one in changes
    )
    return "\n".join(
        [
            f"### {stack}: {len(rows)} changes in `{name}`\n",
            "| | resource | type | |",
            "|---|---|---|---|",
            *(
                f"| {action} | {resource} | {kind} | {'' if kept else '**replaced**'} |"
                for kept, resource, action, kind in rows
            ),
        ]
    )


def execute(cloudformation: "CloudFormationClient", stack: str, name: str) -> None:
    """Carry out a change set, and wait for it. Raises botocore's WaiterError if the stack rolls back."""
    cloudformation.execute_change_set(StackName=stack, ChangeSetName=name)
    # An hour: a gradual deployment takes its time.
    an_hour: WaiterConfigTypeDef = {"Delay": 10, "MaxAttempts": 360}
    cloudformation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig=an_hour)


def note(variable: str, text: str) -> None:
    """Append to one of the files that a GitHub workflow names in its environment; elsewhere do nothing."""
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")


def _propose(stage: str, parameters: list[str]) -> int:
    if find_stack(f"helpdesk-{stage}") is None:
        print(f"There is no helpdesk-{stage} yet: make deploy STAGE={stage}", file=sys.stderr)
        return 1
    cloudformation = boto3.client("cloudformation")
    try:
        name = propose(cloudformation, stage, parameters)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    shown = table(cloudformation, f"helpdesk-{stage}", name) if name else f"helpdesk-{stage}: nothing would change."
    print(shown)
    note("GITHUB_STEP_SUMMARY", shown)
    note("GITHUB_OUTPUT", f"change_set={name or ''}")
    if name:
        print(f"\nmake execute STAGE={stage} CHANGE_SET={name}")
    return 0


def _execute(stage: str, name: str) -> int:
    execute(boto3.client("cloudformation"), f"helpdesk-{stage}", name)
    try:
        try_it(stack_of(f"helpdesk-{stage}"), at_the_terminal())
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        return 1
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
        return _propose(given.stage, given.parameters)
    if not given.change_set:
        parser.error("which one? make execute CHANGE_SET=..., as make change-set printed it")
    return _execute(given.stage, given.change_set)


if __name__ == "__main__":
    sys.exit(main())
