"""Takes a stage down: make delete STAGE=dev.

Says first what goes and what stays, and why, and asks for the stage's name. What must outlive the stack (consents,
the secret without which nobody can say whose they are, logs for their legal time) is kept by the template and left
alone here. What would only block the deletion, the documents of the last minutes, is emptied.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from operations.operator import Operator, Stopped, at_the_terminal
from operations.settings import STAGES, run, settings_of
from operations.stack import Stack, find_stack, resources_of
from operations.states import failed_resources
from template_checks.transform import load

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

POLL_SECONDS = 5.0
WAIT_MINUTES = 60
KEPT = ("Retain", "RetainExceptOnCreate")
_BUCKET = "AWS::S3::Bucket"


@dataclass(frozen=True)
class Remainder:
    """Why a kind of resource outlives the stack, and the command that deletes one when it is no longer needed."""

    why: str
    command: str


REMAINDERS = {
    "AWS::DynamoDB::Table": Remainder(
        "consents are evidence; each is deleted by itself after ConsentRetentionDays",
        "aws dynamodb delete-table --table-name {}",
    ),
    "AWS::SecretsManager::Secret": Remainder(
        "without its pepper nobody can say whose a consent is",
        "aws secretsmanager delete-secret --secret-id {}",
    ),
    "AWS::Logs::LogGroup": Remainder(
        "logs have to be at hand for their legal time; they are deleted by themselves after it",
        "aws logs delete-log-group --log-group-name {}",
    ),
    "AWS::ApiGateway::Account": Remainder("every API of the account writes its log by it", ""),
    "AWS::IAM::Role": Remainder("every API of the account writes its log by it", ""),
    "AWS::Lambda::LayerVersion": Remainder("SAM keeps each version; nothing uses them now", ""),
    "AWS::KMS::Key": Remainder("what it sealed can only be opened by it", "aws kms schedule-key-deletion --key-id {}"),
}
_GOES_WITH_ITS_FUNCTION = "AWS::Lambda::Version"


def delete(stage: str, operator: Operator, sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete a stage's stack, except what has to stay. Raises Stopped."""
    settings = settings_of(stage)
    stack = find_stack(settings.stack_name)
    if stack is None:
        raise Stopped(f"There is no {settings.stack_name}.")
    cloudformation = boto3.client("cloudformation")
    _require_unprotected(cloudformation, stack, settings.region)
    left = list(remainders(cloudformation, stack))
    operator.tell("Goes", f"everything else of {stack.name}, with its queues' messages, its documents and its alarms")
    for kind, identity in left:
        operator.tell("Stays", f"{identity}: {_remainder(kind).why}")
    if not _agreed(stage, operator):
        raise Stopped("Nothing was deleted.")
    _carry_out(cloudformation, stack.name, operator, sleep)
    operator.tell("Deleted", stack.name)
    commands = [_remainder(kind).command.format(identity) for kind, identity in left if _remainder(kind).command]
    if commands:
        operator.tell(
            "", f"When what stayed is no longer needed (in {settings.region}; a table of prod protects itself):"
        )
        for command in commands:
            operator.tell("", f"  {command}")


def _agreed(stage: str, operator: Operator) -> bool:
    if operator.present:
        return operator.read(f"Type {stage} to delete it: ").strip() == stage
    if stage == "prod" or not operator.agreed:
        raise Stopped(
            "Somebody has to type the stage's name to delete it." + ("" if stage == "prod" else " Or: YES=yes")
        )
    return True


def _require_unprotected(cloudformation: "CloudFormationClient", stack: Stack, region: str) -> None:
    (found,) = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    if found.get("EnableTerminationProtection"):
        raise Stopped(
            f"{stack.name} is protected against deletion. Nothing was deleted. Whoever may decide that lifts it:\n"
            f"    aws cloudformation update-termination-protection --region {region} --stack-name {stack.name} "
            "--no-enable-termination-protection"
        )


def remainders(cloudformation: "CloudFormationClient", stack: Stack) -> Iterator[tuple[str, str]]:
    """Return what CloudFormation will leave behind: type and name of each resource."""
    body: Any = cloudformation.get_template(StackName=stack.name, TemplateStage="Processed")["TemplateBody"]
    template: Mapping[str, Any] = load(body) if isinstance(body, str) else body
    kept = {name for name, one in template["Resources"].items() if one.get("DeletionPolicy") in KEPT}
    for resource in resources_of(cloudformation, stack.name):
        kind, identity = resource["ResourceType"], resource.get("PhysicalResourceId")
        if resource["LogicalResourceId"] in kept and identity and kind != _GOES_WITH_ITS_FUNCTION:
            yield kind, identity


def _remainder(kind: str) -> Remainder:
    return REMAINDERS.get(kind, Remainder("the template keeps it", ""))


def _carry_out(
    cloudformation: "CloudFormationClient", name: str, operator: Operator, sleep: Callable[[float], None]
) -> None:
    """Empty and delete; again if a function that was still running put something into the bucket meanwhile."""
    (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    identity = found["StackId"]  # a deleted stack is known by its id alone
    for _ in range(2):
        for resource in resources_of(cloudformation, identity):
            if resource["ResourceType"] == _BUCKET and resource["ResourceStatus"] != "DELETE_COMPLETE":
                operator.tell("Emptied", f"{resource['PhysicalResourceId']}: {emptied(resource['PhysicalResourceId'])}")
        cloudformation.delete_stack(StackName=identity)
        if _deleted(cloudformation, identity, sleep):
            return
    raise Stopped(
        "\n".join([f"Something of {name} could not be deleted:", *failed_resources(cloudformation, identity)])
    )


def emptied(bucket: str) -> int:
    """Delete every object of a bucket, in every version, and return how many there were."""
    s3 = boto3.client("s3")
    count = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            count += len(found)
    return count


def _deleted(cloudformation: "CloudFormationClient", identity: str, sleep: Callable[[float], None]) -> bool:
    for _ in range(int(WAIT_MINUTES * 60 / POLL_SECONDS)):
        (found,) = cloudformation.describe_stacks(StackName=identity)["Stacks"]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            return found["StackStatus"] == "DELETE_COMPLETE"
        sleep(POLL_SECONDS)
    raise Stopped(f"It is still being deleted after {WAIT_MINUTES} minutes; CloudFormation goes on by itself.")


def main(arguments: list[str] | None = None) -> int:
    """Delete the stage that is named."""
    parser = argparse.ArgumentParser(prog="make delete", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--agreed", default="", help="yes: nobody is asked (not for prod)")
    given = parser.parse_args(arguments)

    def work() -> int:
        delete(given.stage, at_the_terminal(agreed=given.agreed == "yes"))
        return 0

    return run(work)


if __name__ == "__main__":
    sys.exit(main())
