"""The policies in operations/policies hold what a deployment needs and nothing that nobody does."""

import functools
import json
import shutil
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from template_checks import judges
from template_checks.matrix import EXAMPLES
from tests.template.cloudformation import ROOT, Template, as_list

POLICIES = ROOT / "operations" / "policies"
NAMES = ("cloudformation", "deployer", "github-execute", "github-review")
EVERYTHING = EXAMPLES | {
    "Stage": "prod",
    "SignIn": "consent-page",
    "ManageApiGatewayAccount": "true",
    "SnapStart": "true",
    "GradualDeployment": "Canary10Percent15Minutes",
}
OF_OTHER_FEATURES = (
    *(
        "acm-pca:*",
        "amplify:*",
        "apprunner:*",
        "appsync:*",
        "bedrock-agentcore:*",
        "cognito-idp:*",
        "ec2:*",
        "elasticfilesystem:*",
    ),
    *("elasticloadbalancing:*", "firehose:*", "kinesis:*", "payments:*", "s3files:*", "s3tables:*", "s3:REST*"),
    *("codedeploy:*OnPremises*", "codedeploy:UntagResource", "dynamodb:*Replica", "dynamodb:*Import*"),
    *("dynamodb:*ableKinesis*", "dynamodb:PutResourcePolicy", "dynamodb:UpdateContributorInsights"),
    *("iam:*tachRolePolicy", "iam:CreateServiceLinkedRole", "lambda:*Runtime*", "lambda:PassCapacityProvider"),
    *("lambda:Put*Scaling*", "lambda:Put*Provisioned*", "lambda:Put*Recursion*", "lambda:DeleteLayerVersion"),
    *(
        "logs:*DataProtection*",
        "logs:PutBearer*",
        "logs:PutIndex*",
        "sns:PutDataProtection*",
        "wafv2:*PermissionPolicy",
    ),
    *("s3:PutA*", "s3:Put*CORS", "s3:Put*Website", "s3:Put*Log*", "s3:Put*Notif*", "s3:Put*Repl*", "s3:Put*Vers*"),
    *("s3:PutBucketAbac", "s3:Put*Lock*", "s3:PutI*", "s3:PutMetrics*", "s3:PutObjectAcl", "s3:*MetadataTable*"),
    *(
        "s3:GetObjectMetadata",
        "s3:TagResource",
        "secretsmanager:ReplicateSecretToRegions",
        "kms:*Grant",
        "kms:ListAliases",
    ),
    *("secretsmanager:RemoveRegionsFromReplication", "kms:DisableKey"),
)
"""What AWS lists for a kind of resource because of features that this template does not use."""
OF_DATA = (
    *("dynamodb:*Item", "dynamodb:Scan", "dynamodb:Query", "logs:*LogStream*", "logs:PutLogEvents", "s3:DeleteObject"),
    *("kms:*crypt", "kms:GenerateDataKey", "dynamodb:DeleteTable", "kms:ScheduleKeyDeletion", "s3:DeleteBucket"),
    "secretsmanager:DeleteSecret",
)
"""Who deploys reads no data and deletes nothing that holds any."""
ACCEPTED = (
    # Whoever makes a bucket may say in its policy who gets in; there is no right to make it without.
    "RESOURCE_POLICY_PRIVILEGE_ESCALATION",
    # It does not know that the owner of SAM's transform is written `aws`.
    "INVALID_ARN",
    # For actions that AWS lets nobody narrow (EVERYWHERE below).
    "RESOURCE_STAR",
)
EVERYWHERE = {
    *("acm:RequestCertificate", "route53:ListHostedZones"),
    *("kms:CreateKey", "secretsmanager:GetRandomPassword", "cloudformation:ValidateTemplate"),
    *("lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:GetEventSourceMapping"),
    *("lambda:UpdateEventSourceMapping", "lambda:GetAccountSettings"),
    *("cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "logs:CreateLogDelivery"),
    *("logs:DeleteQueryDefinition", "logs:DescribeIndexPolicies", "logs:DescribeLogGroups"),
    *("logs:DescribeQueryDefinitions", "logs:DescribeResourcePolicies", "logs:PutQueryDefinition"),
    "logs:PutResourcePolicy",
}


def statements(name: str) -> list[dict[str, Any]]:
    policy: dict[str, Any] = json.loads((POLICIES / f"{name}.json").read_text())
    found: list[dict[str, Any]] = policy["Statement"]
    return found


def actions(name: str) -> set[str]:
    return {action for statement in statements(name) for action in as_list(statement["Action"])}


@functools.cache
def handlers() -> dict[str, dict[str, Any]]:
    """What each kind of resource's schema, as AWS publishes it, says that CloudFormation calls."""
    found = {}
    for path in Path(sys.prefix).glob("sam/lib/python*/site-packages/cfnlint/data/schemas/resources/*.json"):
        schema = json.loads(path.read_text())
        found[schema["typeName"]] = schema.get("handlers", {})
    return found


def called(template: Template, *moments: str) -> set[str]:
    kinds = {resource["Type"] for resource in template.deployed(**EVERYTHING).values()}
    assert kinds <= handlers().keys()
    return {
        action
        for kind in kinds
        for moment in moments
        for action in handlers()[kind].get(moment, {}).get("permissions", ())
    }


def matches(action: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in patterns)


def test_cloudformation_may_make_and_take_away_all_that_the_template_has(template: Template) -> None:
    needed = {one for one in called(template, "create", "delete") if not matches(one, OF_OTHER_FEATURES + OF_DATA)}

    assert needed - actions("cloudformation") == set()


def test_cloudformation_may_nothing_that_the_template_does_not_need(template: Template) -> None:
    known = called(template, "create", "read", "update", "delete", "list")
    # By its schema the boundary is part of the role; and these are not in every handler.
    known |= {"lambda:DeleteFunctionConcurrency", "lambda:PutFunctionCodeSigningConfig", "kms:GetKeyPolicy"}

    assert actions("cloudformation") - known == set()
    assert not [one for one in actions("cloudformation") if "*" in one or matches(one, OF_DATA)]


@pytest.mark.parametrize("name", NAMES)
def test_a_right_is_on_the_desks_resources_only_where_aws_can_narrow_it(name: str) -> None:
    for statement in statements(name):
        if "*" in as_list(statement["Resource"]):
            assert set(as_list(statement["Action"])) <= EVERYWHERE, statement["Sid"]


def test_a_role_is_handed_over_only_to_the_service_that_needs_it() -> None:
    for name in NAMES:
        for statement in statements(name):
            if "iam:PassRole" in as_list(statement["Action"]):
                assert statement["Action"] == "iam:PassRole"
                assert statement["Condition"]["StringEquals"]["iam:PassedToService"]


def test_who_proposes_carries_out_nothing_and_who_carries_out_reads_no_secret() -> None:
    assert not [one for one in actions("github-review") if "Execute" in one or ":Delete" in one]
    assert "cloudformation:CreateChangeSet" not in actions("github-execute")
    for name in ("github-review", "github-execute"):
        assert not [one for one in actions(name) if one.startswith(("secretsmanager:", "dynamodb:", "kms:"))]


def test_parliament_finds_nothing_but_what_is_meant(tmp_path: Path) -> None:
    shutil.copytree(POLICIES, tmp_path / "policies")
    assert sorted(path.stem for path in POLICIES.iterdir()) == sorted(NAMES)

    said, _ = judges.start("template", tmp_path).communicate()

    found = {
        name: [one for one in all_of_it if not one.startswith(ACCEPTED)] for name, all_of_it in json.loads(said).items()
    }
    assert {name: one for name, one in found.items() if one} == {}
