"""A stack that CloudFormation would not update is named, with the commands that lead out."""

import pytest

from operations.operator import Stopped
from operations.stack import Stack
from operations.states import advice_for, require_deployable
from tests.unit.operations.conftest import CloudFormation

REGION = "ap-south-1"


def stack(status: str, stage: str = "dev") -> Stack:
    return Stack(f"helpdesk-{stage}", status, "", {}, {"Stage": stage})


TABLE = {
    "LogicalResourceId": "ConversationsTable",
    "PhysicalResourceId": "helpdesk-prod-ConversationsTable-1",
    "ResourceType": "AWS::DynamoDB::Table",
    "ResourceStatus": "DELETE_FAILED",
    "ResourceStatusReason": "Resource cannot be deleted as it is currently protected",
}
UNPROTECT = (
    "aws dynamodb update-table --region ap-south-1 --no-deletion-protection-enabled "
    "--table-name helpdesk-prod-ConversationsTable-1"
)
DELETE = "aws cloudformation delete-stack --region ap-south-1 --stack-name helpdesk-"


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_that_can_be_updated_needs_nothing(cloudformation: CloudFormation, status: str) -> None:
    require_deployable(stack(status), REGION)


@pytest.mark.parametrize(
    ("status", "commands"),
    [
        ("ROLLBACK_COMPLETE", [DELETE]),
        ("ROLLBACK_FAILED", [DELETE]),
        ("CREATE_FAILED", [DELETE]),
        ("DELETE_FAILED", ["make delete STAGE=dev"]),
        ("UPDATE_ROLLBACK_FAILED", ["aws cloudformation continue-update-rollback --region ap-south-1"]),
        ("UPDATE_FAILED", ["aws cloudformation rollback-stack --region ap-south-1"]),
        ("UPDATE_IN_PROGRESS", ["aws cloudformation describe-stacks --region ap-south-1"]),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", ["being changed right now"]),
    ],
)
def test_every_other_state_stops_with_the_commands_that_mend_it(
    cloudformation: CloudFormation, status: str, commands: list[str]
) -> None:
    with pytest.raises(Stopped) as stopped:
        require_deployable(stack(status), REGION)
    for command in commands:
        assert command in str(stopped.value)


def test_a_first_prod_deployment_that_could_not_be_rolled_back_names_the_table_that_protects_itself(
    cloudformation: CloudFormation,
) -> None:
    cloudformation.resources = [
        TABLE,
        TABLE | {"LogicalResourceId": "Gone", "PhysicalResourceId": "gone", "ResourceStatus": "DELETE_COMPLETE"},
        TABLE | {"LogicalResourceId": "Queue", "ResourceType": "AWS::SQS::Queue", "ResourceStatus": "CREATE_COMPLETE"},
    ]
    advice = advice_for(stack("ROLLBACK_FAILED", "prod"), REGION)
    assert "ConversationsTable: DELETE_FAILED, Resource cannot be deleted as it is currently protected" in advice
    assert advice.index(UNPROTECT) < advice.index(f"{DELETE}prod")
    assert advice.count("update-table") == 1
    assert UNPROTECT in advice_for(stack("DELETE_FAILED", "prod"), REGION)
    assert "update-table" not in advice_for(stack("ROLLBACK_FAILED"), REGION)
