"""Change sets: made, shown, held to what was approved, and carried out."""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import WaiterError

from operations.deployment.artifacts import Packaged, digest_of
from operations.operator import Stopped
from operations.settings import Settings
from operations.stack import Stack, stack_of
from operations.stage.smoke import try_unsigned
from operations.states import advice_for

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ChangeTypeDef

POLL_SECONDS = 5.0
SHOWN = 160
"""Letters of a value that are shown; a policy's statement fits."""
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_NAME = "release-"
_CANCELLED = re.compile("cancelled", re.IGNORECASE)
"""What CloudFormation says of resources that it gave up because another one had failed."""


# --- proposing --------------------------------------------------------------------------------------------------------


def propose(settings: Settings, packaged: Packaged, values: Mapping[str, str], *, first: bool) -> str | None:
    """Have CloudFormation make a change set, and return its name; None if nothing would change. Raises Stopped."""
    cloudformation = boto3.client("cloudformation")
    digest = digest_of(boto3.client("s3"), packaged.document, values)
    name = f"{_NAME}{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{digest}"
    cloudformation.create_change_set(
        StackName=settings.stack_name,
        ChangeSetName=name,
        ChangeSetType="CREATE" if first else "UPDATE",
        TemplateURL=packaged.url,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        Capabilities=list(settings.capabilities),
        Tags=[{"Key": key, "Value": value} for key, value in settings.tags.items()],
    )
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(
            StackName=settings.stack_name, ChangeSetName=name, WaiterConfig={"Delay": 3, "MaxAttempts": 200}
        )
    except WaiterError:
        reason = cloudformation.describe_change_set(StackName=settings.stack_name, ChangeSetName=name).get(
            "StatusReason", ""
        )
        cloudformation.delete_change_set(StackName=settings.stack_name, ChangeSetName=name)
        if any(words in reason for words in _NO_CHANGES):
            return None
        raise Stopped(f"CloudFormation refuses the change set: {reason or 'it gives no reason'}") from None
    return name


def table(cloudformation: "CloudFormationClient", stack: str, name: str) -> str:
    """Return what a change set would do, in Markdown: what may lose something first, then property by property."""
    pages = cloudformation.get_paginator("describe_change_set").paginate(
        StackName=stack, ChangeSetName=name, IncludePropertyValues=True
    )
    changes = sorted((change for page in pages for change in page["Changes"]), key=_weight)
    lines = [
        f"### {stack}: {len(changes)} changes in `{name}`\n",
        "| | resource | type | |",
        "|---|---|---|---|",
    ]
    details: list[str] = []
    for change in changes:
        one = change["ResourceChange"]
        notes = ", ".join(_notes(change))
        lines.append(f"| {one['Action']} | {one['LogicalResourceId']} | {one['ResourceType']} | {notes} |")
        values = list(_properties(change))
        if values:
            details += [f"\n**{one['LogicalResourceId']}**\n", *values]
    return "\n".join([*lines, *details])


def _weight(change: "ChangeTypeDef") -> tuple[int, str]:
    one = change["ResourceChange"]
    order = {"True": 0, "Conditional": 1}.get(one.get("Replacement", ""), 2)
    return (0 if one["Action"] == "Remove" else order, one["LogicalResourceId"])


def _notes(change: "ChangeTypeDef") -> Iterator[str]:
    one = change["ResourceChange"]
    match one.get("Replacement"):
        case "True":
            yield "**replaced**"
        case "Conditional":
            yield "**may be replaced**"
    match one.get("PolicyAction"):
        case "Delete" | "ReplaceAndDelete":
            yield "**the old one is deleted with what it holds**"
        case "Retain" | "ReplaceAndRetain":
            yield "the old one is kept"
        case "Snapshot" | "ReplaceAndSnapshot":
            yield "a snapshot is kept"


def _properties(change: "ChangeTypeDef") -> Iterator[str]:
    """Say what each property was and will be. CloudFormation names some twice, once for each cause."""
    seen: set[str] = set()
    for detail in change["ResourceChange"].get("Details", []):
        target: Mapping[str, Any] = detail.get("Target", {})
        path = target.get("Path") or "/".join(filter(None, (target.get("Attribute"), target.get("Name"))))
        before, after = target.get("BeforeValue"), target.get("AfterValue")
        # Where neither value is known, it follows from another resource of this table.
        cause = f" (by {detail['CausingEntity']})" if before == after and detail.get("CausingEntity") else ""
        line = f"- `{path}`{cause}" if before == after else f"- `{path}`: {_shown(before)} → {_shown(after)}"
        if line not in seen:
            seen.add(line)
            yield line


def _shown(value: str | None) -> str:
    if value is None:
        return "*nothing*"
    flat = " ".join(value.split()).replace("`", "'")
    return f"`{flat[:SHOWN]}{'…' if len(flat) > SHOWN else ''}`"


# --- executing --------------------------------------------------------------------------------------------------------


def require_approved(cloudformation: "CloudFormationClient", stack: str, name: str) -> None:
    """Raise Stopped if a change set is not what its name says: its template, parameters or artifacts are others."""
    if not name.startswith(_NAME):
        raise Stopped(f"{name} was not made by make change-set: nobody can tell whether it is what was approved.")
    answer = cloudformation.get_template(StackName=stack, ChangeSetName=name, TemplateStage="Original")
    # A template in JSON comes as data, any other as text.
    document: Any = answer["TemplateBody"]
    found = cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)
    values = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
    if not isinstance(document, Mapping) or not name.endswith(digest_of(boto3.client("s3"), document, values)):
        raise Stopped(
            f"{name} is not what was proposed: its template, its parameters or the code that it deploys were changed "
            "since. Nothing was carried out. Find out who did that (CloudTrail) before anything else."
        )


def execute(settings: Settings, name: str, tell: Callable[[str, str], None], sleep: Callable[[float], None]) -> None:
    """Carry out a change set, and wait until it is done. Raises Stopped if it is not what was proposed, or fails."""
    cloudformation, stack = boto3.client("cloudformation"), settings.stack_name
    require_approved(cloudformation, stack, name)
    seen = {event["EventId"] for event in _events(cloudformation, stack)}
    # What is made new and then rolled back goes again: a version of a function that stayed would block the same build.
    cloudformation.execute_change_set(StackName=stack, ChangeSetName=name, RetainExceptOnCreate=True)
    failures: list[str] = []
    status = _await(cloudformation, settings, seen, failures, tell, sleep)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        # Once it is rolled back, the resources themselves do not tell any more what failed.
        advice = advice_for(stack_of(stack), settings.region)
        raise Stopped("\n".join(filter(None, [f"The deployment failed ({status}).", *failures, advice])))


def _await(
    cloudformation: "CloudFormationClient",
    settings: Settings,
    seen: set[str],
    failures: list[str],
    tell: Callable[[str, str], None],
    sleep: Callable[[float], None],
) -> str:
    """Print what happens until the stack has come to rest, note what fails, and return the stack's status."""
    for _ in range(int(settings.wait_minutes * 60 / POLL_SECONDS)):
        for event in reversed(list(_events(cloudformation, settings.stack_name, seen))):
            seen.add(event["EventId"])
            happened, resource = event.get("ResourceStatus", ""), event.get("LogicalResourceId", "")
            reason = event.get("ResourceStatusReason", "") if happened.endswith("_FAILED") else ""
            if reason and not _CANCELLED.search(reason):
                failures.append(f"  {resource}: {happened}, {reason}")
            if not happened.endswith("_IN_PROGRESS"):
                tell("", f"{happened:<24}{resource} {reason}".rstrip())
        status = stack_of(settings.stack_name).status
        if not status.endswith("_IN_PROGRESS"):
            return status
        sleep(POLL_SECONDS)
    raise Stopped(
        f"{settings.stack_name} is still being changed after {settings.wait_minutes} minutes. CloudFormation goes on "
        f"by itself: make doctor STAGE={settings.stage} when it is done."
    )


def _events(
    cloudformation: "CloudFormationClient", stack: str, seen: frozenset[str] | set[str] = frozenset()
) -> Iterator[Mapping[str, Any]]:
    """Return a stack's events, newest first, down to the first that was seen."""
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
        for event in page["StackEvents"]:
            if event["EventId"] in seen:
                return
            yield event


def try_without_secret(stack: Stack, tell: Callable[[str, str], None]) -> None:
    """See that the webhook is there and refuses what is not signed: all that can be tried without a secret."""
    if stack.only_meta_can_call:
        tell("Tried", "not from here: only Meta has the certificate that the address asks for")
        return
    trial = try_unsigned(stack.webhook_url)
    if not trial.passed:
        answered = "nothing answered" if trial.answered is None else f"it answered {trial.answered}"
        raise Stopped(f"Not so: {trial.shows} ({answered}). make doctor STAGE={stack.stage} says more.")
    tell("Tried", f"{trial.shows}; the rest needs a secret: make doctor STAGE={stack.stage}")
