"""A stage is taken down on purpose only; what must outlive it stays, and what would only block it is emptied."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from operations.operator import Operator, Stopped
from operations.stage import delete as deleting
from operations.stage.delete import delete, emptied, main
from operations.template import Template

KINDS = {
    "DocumentsBucket": ("AWS::S3::Bucket", "Delete"),
    "WorkQueue": ("AWS::SQS::Queue", None),
    "RecordsTable": ("AWS::DynamoDB::Table", "RetainExceptOnCreate"),
    "WebhookSecret": ("AWS::SecretsManager::Secret", "RetainExceptOnCreate"),
    "WebhookFunctionVersion1": ("AWS::Lambda::Version", "Retain"),
}


@dataclass
class CloudFormation:
    """One stack, which goes unless its bucket holds something. The bucket is moto's."""

    bucket: str
    status: str = "UPDATE_COMPLETE"
    protected: bool = False
    deletions: int = 0
    refills: int = 0
    """How often something is written into the bucket while it is being deleted."""

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names, here and below
        by_id = StackName == "arn:stack"
        if self.status == "DELETE_COMPLETE" and not by_id:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": ""}}, "DescribeStacks")
        stack = {"StackName": "helpdesk-dev", "StackId": "arn:stack", "StackStatus": self.status, "CreationTime": "x"}
        return {"Stacks": [stack | {"EnableTerminationProtection": self.protected}]}

    def get_template(self, **_: Any) -> dict[str, Any]:
        resources = {
            name: {"Type": kind} | ({"DeletionPolicy": policy} if policy else {})
            for name, (kind, policy) in KINDS.items()
        }
        return {"TemplateBody": {"Resources": resources}}

    def get_paginator(self, operation: str) -> "CloudFormation":
        assert operation == "list_stack_resources"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        failed = self.status == "DELETE_FAILED"
        return [
            {
                "StackResourceSummaries": [
                    {
                        "LogicalResourceId": name,
                        "ResourceType": kind,
                        "PhysicalResourceId": self.bucket if name == "DocumentsBucket" else f"helpdesk-dev-{name}",
                        "ResourceStatus": "DELETE_FAILED"
                        if failed and name == "DocumentsBucket"
                        else "CREATE_COMPLETE",
                        "ResourceStatusReason": "The bucket you tried to delete is not empty",
                    }
                    for name, (kind, _) in KINDS.items()
                ]
            }
        ]

    def delete_stack(self, *, StackName: str) -> None:  # noqa: N803
        assert StackName == "arn:stack"
        self.deletions += 1
        s3 = boto3_client("s3")
        if self.refills:
            self.refills -= 1
            s3.put_object(Bucket=self.bucket, Key="documents/late", Body=b"%PDF-")
        try:
            s3.delete_bucket(Bucket=self.bucket)
        except ClientError:
            self.status = "DELETE_FAILED"
        else:
            self.status = "DELETE_COMPLETE"


boto3_client = boto3.client


@dataclass
class Terminal:
    typed: str = ""
    present: bool = True
    agreed: bool = False
    told: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)

    def read(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return self.typed

    def operator(self) -> Operator:
        def tell(step: str, what: str) -> None:
            self.told.append(f"{step}: {what}")

        return Operator(
            self.read, lambda _: False, tell, lambda _: None, self.read, present=self.present, agreed=self.agreed
        )


@pytest.fixture
def stack(moto: None, monkeypatch: pytest.MonkeyPatch) -> CloudFormation:
    """A stack whose bucket holds a document and the directory."""
    fake, s3 = CloudFormation(f"documents-{uuid.uuid4()}"), boto3.client("s3")
    s3.create_bucket(Bucket=fake.bucket, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
    for key in ("documents/1", "directory/claim.json"):
        s3.put_object(Bucket=fake.bucket, Key=key, Body=b"%PDF-")
    monkeypatch.setattr(boto3, "client", lambda service: fake if service == "cloudformation" else boto3_client(service))
    return fake


def no_sleep(_seconds: float) -> None:
    """Whatever is waited for is there."""


def test_it_says_what_stays_and_why_asks_and_deletes_the_rest(stack: CloudFormation) -> None:
    terminal = Terminal("dev")

    delete("dev", terminal.operator(), no_sleep)

    assert terminal.prompts == ["Type dev to delete it: "]
    assert (stack.status, stack.deletions) == ("DELETE_COMPLETE", 1)
    said = "\n".join(terminal.told)
    assert "Stays: helpdesk-dev-RecordsTable: consents are evidence" in said
    assert "Stays: helpdesk-dev-WebhookSecret: without its pepper" in said
    assert f"Emptied: {stack.bucket}: 2" in said
    assert "aws dynamodb delete-table --table-name helpdesk-dev-RecordsTable" in said
    assert "WorkQueue" not in said
    assert "Version1" not in said
    assert terminal.told[0].startswith("Goes")


@pytest.mark.parametrize("typed", ["", "y", "DEV", "prod"])
def test_whoever_types_anything_but_the_stage_deletes_nothing(stack: CloudFormation, typed: str) -> None:
    with pytest.raises(Stopped, match="Nothing was deleted"):
        delete("dev", Terminal(typed).operator(), no_sleep)
    assert stack.deletions == 0
    assert boto3.client("s3").list_objects_v2(Bucket=stack.bucket)["KeyCount"] == 2


def test_nobody_at_the_terminal_deletes_only_what_was_agreed_to_and_never_prod(stack: CloudFormation) -> None:
    with pytest.raises(Stopped, match="YES=yes"):
        delete("dev", Terminal(present=False).operator(), no_sleep)
    with pytest.raises(Stopped, match=r"Somebody has to type the stage's name to delete it\.$"):
        delete("prod", Terminal(present=False, agreed=True).operator(), no_sleep)
    assert stack.deletions == 0
    delete("dev", Terminal(present=False, agreed=True).operator(), no_sleep)
    assert stack.status == "DELETE_COMPLETE"


def test_a_protected_stack_stays_and_the_command_that_lifts_it_is_named(stack: CloudFormation) -> None:
    stack.protected = True
    terminal = Terminal("dev")
    with pytest.raises(Stopped, match="update-termination-protection --region ap-south-1 --stack-name helpdesk-dev"):
        delete("dev", terminal.operator(), no_sleep)
    assert (stack.deletions, terminal.prompts) == (0, [])


def test_what_a_function_writes_while_it_is_deleted_does_not_block_it(stack: CloudFormation) -> None:
    stack.refills = 1
    delete("dev", Terminal("dev").operator(), no_sleep)
    assert (stack.status, stack.deletions) == ("DELETE_COMPLETE", 2)


def test_what_cannot_be_deleted_is_named_with_its_reason(stack: CloudFormation) -> None:
    stack.refills = 5
    with pytest.raises(Stopped, match="DocumentsBucket: DELETE_FAILED, The bucket you tried to delete is not empty"):
        delete("dev", Terminal("dev").operator(), no_sleep)


def test_every_version_of_every_object_goes(moto: None) -> None:
    s3, name = boto3.client("s3"), f"documents-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket=name, Key="a", Body=b"")
    s3.delete_object(Bucket=name, Key="a")
    assert emptied(name) == 3
    assert emptied(name) == 0
    s3.delete_bucket(Bucket=name)


def test_a_stage_that_is_not_there_is_named(stack: CloudFormation, capsys: pytest.CaptureFixture[str]) -> None:
    stack.status = "DELETE_COMPLETE"
    assert main(["staging"]) == 1
    assert "There is no helpdesk-staging" in capsys.readouterr().err


def test_for_whatever_our_template_keeps_the_reason_is_known() -> None:
    kept = {one["Type"] for one in Template.read().resources.values() if one.get("DeletionPolicy") in deleting.KEPT}
    assert kept
    assert kept <= deleting.REMAINDERS.keys()
