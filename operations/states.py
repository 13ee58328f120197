"""The states that a stack can be stuck in, and the commands that lead out of each."""

from typing import TYPE_CHECKING

import boto3

from operations.operator import Stopped
from operations.stack import Stack, resources_of

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

TABLE = "AWS::DynamoDB::Table"


def require_deployable(stack: Stack, region: str) -> None:
    """Raise Stopped if CloudFormation would refuse to update a stack, naming the commands that fix it."""
    advice = advice_for(stack, region)
    if advice:
        raise Stopped(advice)


def advice_for(stack: Stack, region: str) -> str:
    """Say what to do about a stack that cannot be deployed to; "" if it can."""
    if stack.status.endswith("_IN_PROGRESS"):
        return (
            f"{stack.name} is being changed right now ({stack.status}). Wait until that has ended, then run this "
            "again:\n"
            f"    aws cloudformation describe-stacks --region {region} --stack-name {stack.name} "
            "--query Stacks[0].StackStatus"
        )
    cloudformation = boto3.client("cloudformation")
    match stack.status:
        case "ROLLBACK_COMPLETE":
            head = f"The first deployment of {stack.name} failed. What is left of it can only be deleted:"
            commands = _deletion(stack, region)
        case "CREATE_FAILED" | "ROLLBACK_FAILED":
            head = f"The first deployment of {stack.name} failed, and rolling it back failed as well ({stack.status})."
            commands = [*_unprotected(cloudformation, stack, region), *_deletion(stack, region)]
        case "DELETE_FAILED":
            head = f"{stack.name} was to be deleted, and something of it could not be."
            commands = [*_unprotected(cloudformation, stack, region), f"make delete STAGE={stack.stage}"]
        case "UPDATE_ROLLBACK_FAILED":
            head = f"A deployment of {stack.name} failed, and taking it back failed as well. Mend what it names, then:"
            commands = [
                _command("continue-update-rollback", stack, region),
                _command("wait stack-rollback-complete", stack, region),
                "# if one of them cannot be mended: the first command with --resources-to-skip and its logical id",
            ]
        case "UPDATE_FAILED":
            head = f"A deployment of {stack.name} failed and was not taken back. Take it back:"
            commands = [
                _command("rollback-stack", stack, region),
                _command("wait stack-rollback-complete", stack, region),
            ]
        case _:
            return ""
    failures = [f"  {one}" for one in failed_resources(cloudformation, stack.name)]
    return "\n".join([head, *failures, *(f"    {one}" for one in commands), "Then run this again."])


def _command(verb: str, stack: Stack, region: str) -> str:
    return f"aws cloudformation {verb} --region {region} --stack-name {stack.name}"


def _deletion(stack: Stack, region: str) -> list[str]:
    return [_command("delete-stack", stack, region), _command("wait stack-delete-complete", stack, region)]


def _unprotected(cloudformation: "CloudFormationClient", stack: Stack, region: str) -> list[str]:
    """Return the commands that let go a table that protects itself: it keeps a first deployment from rolling back."""
    if stack.parameters.get("Stage") != "prod":
        return []
    return [
        f"aws dynamodb update-table --region {region} --no-deletion-protection-enabled "
        f"--table-name {one['PhysicalResourceId']}"
        for one in resources_of(cloudformation, stack.name)
        if one["ResourceType"] == TABLE and one["ResourceStatus"] != "DELETE_COMPLETE" and one.get("PhysicalResourceId")
    ]


def failed_resources(cloudformation: "CloudFormationClient", name: str) -> list[str]:
    """Return a line about each resource that is in a failed state: its name, the state and CloudFormation's reason."""
    return [
        f"{one['LogicalResourceId']}: {one['ResourceStatus']}, {one.get('ResourceStatusReason', 'no reason given')}"
        for one in resources_of(cloudformation, name)
        if one["ResourceStatus"].endswith("_FAILED")
    ]
