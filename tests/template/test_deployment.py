"""A new version takes over gradually, and whoever calls a function calls the version that has been released."""

import itertools
import json
import re
import tomllib
from typing import Any

import pytest

from tests.template.cloudformation import ROOT, Template

FUNCTION = "AWS::Serverless::Function"
STAGES = ("local", "dev", "staging", "prod")
REQUIRED = {"SignIn": "in-chat", "WhatsAppPhoneNumberId": "100000000000001"}
GRADUAL = REQUIRED | {"GradualDeployment": "Canary10Percent15Minutes"}


def deployment_groups(resources: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What CodeDeploy is told, by the function that it is about."""
    return {
        name.removesuffix("DeploymentGroup"): resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::CodeDeploy::DeploymentGroup"
    }


def watching(group: dict[str, Any]) -> set[str]:
    """The alarms that take a deployment back."""
    condition, alarms, _ = group["AlarmConfiguration"]["Fn::If"]
    assert (condition, alarms["Enabled"]) == ("DeploysGradually", True)
    return {alarm["Name"]["Ref"] for alarm in alarms["Alarms"]}


def minutes(kind: str) -> int:
    """How long a deployment watches a version that serves but a part of the calls."""
    canary = re.fullmatch(r"Canary10Percent(\d+)Minutes", kind)
    linear = re.fullmatch(r"Linear10PercentEvery(\d+)Minutes", kind)
    if canary:
        return int(canary[1])
    assert linear, kind
    return 9 * int(linear[1])


def kinds(template: Template) -> list[str]:
    return [kind for kind in template.parameters["GradualDeployment"]["AllowedValues"] if kind != "at-once"]


def test_a_version_takes_over_gradually_where_it_is_told_to_but_never_locally(template: Template) -> None:
    allowed = template.parameters["GradualDeployment"]["AllowedValues"]
    for stage, kind in itertools.product(STAGES, allowed):
        parameters = {"Stage": stage, "GradualDeployment": kind}
        gradual = stage != "local" and kind != "at-once"

        groups = deployment_groups(template.deployed(**REQUIRED, **parameters))

        # SAM goes by the table, CloudFormation by the condition.
        assert groups.keys() == (template.serving().keys() if gradual else set()), parameters
        assert template.exists("DeploymentRole", **parameters) is gradual
        assert template.exists("ConsentDeploymentRole", **parameters, SignIn="consent-page") is gradual
        assert template.exists("FormDeploymentRole", **parameters, SignIn="form") is gradual


def test_staging_and_prod_are_deployed_gradually() -> None:
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for stage in ("staging", "prod"):
        overrides = samconfig[stage]["deploy"]["parameters"]["parameter_overrides"]
        assert "GradualDeployment=Canary10Percent15Minutes" in overrides


def test_an_alarm_takes_a_version_back(template: Template) -> None:
    for function, group in deployment_groups(template.deployed(**GRADUAL)).items():
        alarms = watching(group)

        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        own = f"{function.removesuffix('Function')}DeploymentRole"
        role = own if own in template.resources else "DeploymentRole"
        assert group["ServiceRoleArn"]["Fn::If"][:2] == ["DeploysGradually", {"Fn::GetAtt": [role, "Arn"]}]
        # CodeDeploy takes ten at the most.
        assert {f"{function.removesuffix('Function')}ErrorsAlarm"} <= alarms <= template.alarms().keys()
        assert len(alarms) <= 10


@pytest.mark.parametrize("stage", STAGES)
def test_each_version_is_tried_before_it_takes_calls(template: Template, stage: str) -> None:
    resources = template.deployed(**GRADUAL, Stage=stage)
    tried = {
        name.removesuffix("Aliaslive"): alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["BeforeAllowTrafficHook"]
        for name, alias in resources.items()
        if alias["Type"] == "AWS::Lambda::Alias" and "UpdatePolicy" in alias
    }

    hook = {"Fn::If": ["DeploysGradually", {"Ref": "TrialFunction"}, {"Ref": "AWS::NoValue"}]}
    assert tried == ({} if stage == "local" else dict.fromkeys(template.serving(), hook))
    assert template.exists("TrialFunction", **GRADUAL, Stage=stage) is bool(tried)


def test_each_way_of_taking_over_lasts_longer_than_an_alarm_needs_to_go_off(template: Template) -> None:
    groups = deployment_groups(template.deployed(**GRADUAL)).values()
    alarms = [template.alarms()[name] for group in groups for name in watching(group)]
    seconds = 0
    for alarm in alarms:
        periods = [query["MetricStat"]["Period"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
        needed = alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"])
        seconds = max(seconds, needed * (alarm.get("Period") or max(periods)))

    assert seconds
    assert kinds(template)
    # CloudWatch has the figures a minute or two late.
    assert all(minutes(kind) * 60 >= seconds + 120 for kind in kinds(template))


def test_only_what_a_version_is_to_blame_for_takes_it_back(template: Template) -> None:
    """What stays on until somebody has mended it would keep out the version that mends it."""
    groups = deployment_groups(template.deployed(**GRADUAL)).values()
    lasting = {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"}
    of_others = {"UnsignedCalls", "WhatsApp_TokenRefused", "WhatsApp_PolicyBlocked", "Problem_busy", "OtpsRefused"}

    alarms = set().union(*map(watching, groups))
    measured = {metric["MetricName"] for name in alarms for metric in template.measured(name)}

    assert not measured & (lasting | of_others)


def test_what_callers_see_takes_a_version_back_but_not_how_fast_it_starts(template: Template) -> None:
    """Few calls: the slowest of them is the one that meets a new version's cold start."""
    groups = deployment_groups(template.deployed(**GRADUAL))

    assert {"ConsentApiErrorsAlarm", "CallbacksFailedAlarm"} <= watching(groups["ConsentFunction"])
    assert "FormApiErrorsAlarm" in watching(groups["FormFunction"])
    assert "ApiErrorsAlarm" in watching(groups["WebhookFunction"])
    measured = {
        metric["MetricName"]
        for group in groups.values()
        for name in watching(group)
        for metric in template.measured(name)
    }
    assert "Latency" not in measured
    # Nor what a stage does that nobody uses.
    assert not [
        name
        for group in groups.values()
        for name in watching(group)
        if template.alarms()[name]["TreatMissingData"] == "breaching"
    ]


def test_a_percentile_of_a_few_calls_sets_off_no_alarm(template: Template) -> None:
    percentiles = [alarm for alarm in template.alarms().values() if "ExtendedStatistic" in alarm]

    assert len(percentiles) == 7
    assert all(alarm["EvaluateLowSampleCountPercentile"] == "ignore" for alarm in percentiles)


@pytest.mark.parametrize("stage", ["local", "prod"])
def test_whoever_calls_a_function_calls_its_alias(template: Template, stage: str) -> None:
    resources = template.deployed(**REQUIRED, Stage=stage)
    callers = [
        resource["Properties"]["FunctionName"]
        for resource in resources.values()
        if resource["Type"] in {"AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission"}
    ]
    apis = [resource for resource in resources.values() if resource["Type"] == "AWS::ApiGateway::RestApi"]
    called = [call for api in apis for call in re.findall(r"functions/(.+?)/invocations", json.dumps(api))]

    assert {caller["Ref"] for caller in callers} == {f"{name}Aliaslive" for name in template.serving()} | {
        "WatchFunctionAliaslive"
    }
    assert called
    assert all(re.fullmatch(r"\$\{\w+Function\.Alias\}|\$\{\w+FunctionAliaslive\}", call) for call in called), called


@pytest.mark.parametrize(
    ("role", "functions"),
    [
        ("DeploymentRole", ["WebhookFunction", "DocumentFunction"]),
        ("ConsentDeploymentRole", ["ConsentFunction"]),
        ("FormDeploymentRole", ["FormFunction"]),
    ],
)
def test_codedeploy_may_move_its_aliases_and_nothing_else(template: Template, role: str, functions: list[str]) -> None:
    (move, call, look) = [statement for owner, statement in template.statements() if owner == role]

    assert look["Action"] == "cloudwatch:DescribeAlarms"
    assert (call["Action"], call["Resource"]) == ("lambda:InvokeFunction", {"Fn::GetAtt": ["TrialFunction", "Arn"]})
    assert [action for action in move["Action"] if not action.startswith("lambda:Get")] == ["lambda:UpdateAlias"]
    assert move["Resource"] == [
        resource
        for name in functions
        for resource in ({"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}:live"})
    ]


def versions(template: Template, **parameters: str) -> dict[str, str]:
    """The logical id of each function's version: CloudFormation publishes a version when it is a new one."""
    resources = template.deployed(**REQUIRED, **parameters)
    return {
        resource["Properties"]["FunctionName"]["Ref"]: name
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Version"
    }


def test_a_new_release_publishes_a_new_version_of_every_function(template: Template) -> None:
    before, after = (versions(template, Release=release) for release in ("0123456789", "fedcba9876"))

    assert before.keys() == after.keys() == template.of_type(FUNCTION).keys()
    assert not set(before.values()) & set(after.values())
    # Lambda publishes nothing if the function is as it was: the release is part of its description.
    functions = template.deployed(**REQUIRED, Release="0123456789")
    assert all(functions[name]["Properties"]["Description"].endswith(" 0123456789") for name in before)


def test_without_a_release_a_new_layer_or_a_changed_template_still_publishes_versions() -> None:
    before, after = Template(), Template()
    after.resources["HelpdeskLayer"]["Properties"]["ContentUri"] = "s3://artifacts/another-layer"
    changed = Template()
    changed.document["Globals"]["Function"]["MemorySize"] = 1024

    assert versions(before) == versions(Template())
    assert not set(versions(before).values()) & set(versions(after).values())
    assert not set(versions(before).values()) & set(versions(changed).values())


@pytest.mark.parametrize(("given", "expected"), [("true", True), ("false", False)])
def test_functions_start_from_a_snapshot_only_if_it_is_asked_for(
    template: Template, given: str, *, expected: bool
) -> None:
    resources = template.deployed(**REQUIRED, SnapStart=given)
    functions = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::Lambda::Function"]

    asked = {"Fn::If": ["UsesSnapStart", {"ApplyOn": "PublishedVersions"}, {"Ref": "AWS::NoValue"}]}
    assert [function["SnapStart"] for function in functions] == [asked] * len(template.of_type(FUNCTION))
    assert template.holds("UsesSnapStart", SnapStart=given) is expected
    assert template.parameters["SnapStart"]["Default"] == "false"
