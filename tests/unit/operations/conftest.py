"""What an operator's commands find: a bucket that keeps versions, a build, and CloudFormation's change sets."""

import io
import json
import uuid
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.unit.conftest import REGION


@dataclass
class Bucket:
    """An artifact bucket in moto."""

    name: str

    def put(self, key: str, files: dict[str, str]) -> str:
        """Put an archive as SAM makes it, and return its URI."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as opened:
            for name, content in files.items():
                opened.writestr(name, content)
        boto3.client("s3").put_object(Bucket=self.name, Key=key, Body=archive.getvalue())
        return f"s3://{self.name}/{key}"


@pytest.fixture
def bucket(moto: None) -> Bucket:
    """One as SAM makes it."""
    name = f"artifacts-{uuid.uuid4()}"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return Bucket(name)


@dataclass
class CloudFormation:
    """Stacks and change sets, as far as these commands look. What is executed comes to `ends_as`."""

    status: str = "UPDATE_COMPLETE"
    ends_as: str = "UPDATE_COMPLETE"
    parameters: dict[str, str] = field(default_factory=dict)
    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    refusal: str = ""
    """Why no change set comes about."""
    resources: list[dict[str, Any]] = field(default_factory=list)
    executed: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    steps: int = 0
    """How often the stack is still in progress when somebody looks."""
    protected: bool = False
    deleted: list[str] = field(default_factory=list)

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names, here and below
        if self.executed and self.steps:
            self.steps -= 1
            status = "UPDATE_IN_PROGRESS"
        else:
            status = self.ends_as if self.executed else self.status
        if not status or (self.deleted and status == self.status):
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        stack = {"StackName": StackName, "StackStatus": status, "CreationTime": "yesterday"}
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()]
        return {
            "Stacks": [
                stack
                | {"Parameters": given, "EnableTerminationProtection": self.protected}
                | {"Outputs": [{"OutputKey": "WebhookUrl", "OutputValue": "https://api.example/dev/webhook"}]}
            ]
        }

    def create_change_set(self, *, ChangeSetName: str, **said: Any) -> None:  # noqa: N803
        self.sets[ChangeSetName] = said

    def describe_change_set(self, *, ChangeSetName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {
            "StatusReason": self.refusal,
            "Parameters": self.sets[ChangeSetName]["Parameters"],
            "Changes": self.changes,
        }

    def delete_change_set(self, *, ChangeSetName: str, **_: Any) -> None:  # noqa: N803
        del self.sets[ChangeSetName]

    def get_template(self, *, ChangeSetName: str, TemplateStage: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        assert TemplateStage == "Original"
        bucket, _, key = self.sets[ChangeSetName]["TemplateURL"].partition("amazonaws.com/")[2].partition("/")
        key, _, version = key.partition("?versionId=")
        body = boto3_client("s3").get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
        return {"TemplateBody": json.loads(body)}

    def execute_change_set(self, **said: Any) -> None:
        self.executed.append(said)

    def get_waiter(self, name: str) -> Any:
        waiter = mock.Mock()
        if name == "change_set_create_complete" and self.refusal:
            waiter.wait.side_effect = WaiterError(name, "FAILED", {})
        return waiter

    def get_paginator(self, operation: str) -> Any:
        pages: dict[str, Any] = {
            "describe_change_set": lambda **said: [{"Changes": [one]} for one in self.described(**said)],
            "describe_stack_events": lambda **_: [{"StackEvents": list(reversed(self.events))}],
            "list_stack_resources": lambda **_: [{"StackResourceSummaries": self.resources}],
            "describe_stacks": lambda **_: [self.describe_stacks(StackName="helpdesk-dev")],
        }
        paginator = mock.Mock()
        paginator.paginate.side_effect = pages[operation]
        return paginator

    def described(self, *, StackName: str, IncludePropertyValues: bool, **_: Any) -> Any:  # noqa: N803
        assert (StackName, IncludePropertyValues) == ("helpdesk-dev", True)
        return self.changes

    def delete_stack(self, *, StackName: str) -> None:  # noqa: N803
        self.deleted.append(StackName)


boto3_client = boto3.client


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> CloudFormation:
    """CloudFormation in this process; every other service is moto's."""
    fake = CloudFormation(parameters={"Stage": "dev"})
    monkeypatch.setattr(
        boto3,
        "client",
        lambda service, **said: fake if service == "cloudformation" else boto3_client(service, **said),
    )
    return fake


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build with one function and one layer."""
    for name in ("Layer", "Function"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(f"# {name}")
    document = {
        "Parameters": {"Stage": {"Type": "String"}, "Release": {"Type": "String", "Default": ""}},
        "Resources": {
            "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "Layer"}},
            "Function": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "Function"}},
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
        },
    }
    (tmp_path / "template.yaml").write_text(json.dumps(document))
    return tmp_path
