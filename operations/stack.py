"""The deployed stack that an operator's command is about."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from operations.settings import region_of, settle_region

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackResourceSummaryTypeDef


@dataclass(frozen=True)
class Stack:
    """A stack as CloudFormation describes it."""

    name: str
    status: str
    changed_at: str
    """When it was deployed last."""
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    @property
    def stage(self) -> str:
        """The stage that it is deployed as."""
        return self.parameters["Stage"]

    @property
    def webhook_url(self) -> str:
        """Where Meta calls. Of the local stack: where this machine finds it, since no name server knows the output."""
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        if self.stage == "local" and endpoint is not None:
            return f"{endpoint}/restapis/{self.outputs['ApiId']}/{self.stage}/_user_request_/webhook"
        return self.outputs["WebhookUrl"]

    @property
    def form_url(self) -> str:
        """Where the form asks, if there is one. Of the local stack: where this machine finds it."""
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        if self.stage == "local" and endpoint is not None:
            return f"{endpoint}/restapis/{self.outputs['FormApiId']}/{self.stage}/_user_request_/form"
        return self.outputs["FormUrl"]

    @property
    def only_meta_can_call(self) -> bool:
        """Whether the webhook asks for Meta's client certificate, which nobody else has."""
        return bool(self.parameters.get("MutualTls"))


ONLY_PROPOSED = "REVIEW_IN_PROGRESS"
"""Of a stack that was never there there is but a change set that nobody has carried out."""


def find_stack(name: str) -> Stack | None:
    """Read a stack; None if it was never deployed."""
    try:
        stack = stack_of(name)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            return None
        raise
    return None if stack.status == ONLY_PROPOSED else stack


def stack_of(name: str) -> Stack:
    """Read a stack. Raises botocore's ClientError if there is none.

    Every command of an operator begins with this, so here the region is settled that all of them work in.
    """
    settle_region(region_of(name))
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return Stack(
        name,
        found["StackStatus"],
        str(found.get("LastUpdatedTime", found["CreationTime"])),
        {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])},
        {given["ParameterKey"]: given["ParameterValue"] for given in found.get("Parameters", [])},
    )


def resources_of(cloudformation: "CloudFormationClient", name: str) -> list["StackResourceSummaryTypeDef"]:
    """Return the resources of a stack."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    return [one for page in pages for one in page["StackResourceSummaries"]]


def read_secret(arn: str) -> dict[str, object]:
    """Return a secret's fields."""
    answer = boto3.client("secretsmanager").get_secret_value(SecretId=arn)
    fields: dict[str, object] = json.loads(answer["SecretString"])
    return fields


def read_pepper(identity_arn: str, webhook_arn: str) -> str:
    """Return what ids are keyed with: from IdentitySecret or, until `make deploy` has moved it, from WebhookSecret."""
    return str(read_secret(identity_arn).get("id_pepper") or read_secret(webhook_arn)["id_pepper"])
