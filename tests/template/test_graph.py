"""What CloudFormation refuses: a name of something that does not exist, and resources that wait for each other."""

from pathlib import Path

import pytest

from template_checks.conditions import truths
from template_checks.graph import Graph
from template_checks.transform import defaults_of, load, transform
from tests.template.cloudformation import Template

FAULTS = Path(__file__).parent / "faults"
REQUIRED = {"SignIn": "consent-page", "WhatsAppPhoneNumberId": "100000000000001", "WhatsAppNumber": "919013151515"}


def faults(path: Path, **parameters: str) -> list[str]:
    document = load(path.read_text())
    values = defaults_of(document) | parameters
    return Graph(transform(document, values)).faults(truths(document, values))


def resources(text: str) -> list[str]:
    return Graph(load("Conditions: {}\nResources:\n" + text)).faults({"Is": True, "IsNot": False})


def test_a_dependency_on_what_a_condition_leaves_out_is_refused() -> None:
    path = FAULTS / "conditional-dependency.yaml"
    assert faults(path, ManageApiGatewayAccount="true") == []
    assert faults(path) == ["Api names ApiGatewayAccount, which does not exist"]


def test_a_circle_through_an_aliass_update_policy_is_refused() -> None:
    path = FAULTS / "circle.yaml"
    assert faults(path, GradualDeployment="at-once") == []
    (fault,) = faults(path)
    assert fault.startswith("a circle: ")
    for name in ("DeploymentRole", "DocumentFunction", "ConsentApi", "ConsentFunctionDeploymentGroup"):
        assert name in fault


@pytest.mark.parametrize(
    ("reference", "fault"),
    [
        ("{ Properties: { Name: !Ref Missing } }", True),
        ("{ Properties: { Name: !GetAtt Missing.Arn } }", True),
        ("{ Properties: { Name: !Sub 'a-${Missing}' } }", True),
        ("{ Properties: { Name: !Sub 'a-${Missing.Arn}' } }", True),
        ("{ Properties: { Name: !Sub ['${Given}', { Given: !Ref Missing }] } }", True),
        ("{ DependsOn: Missing }", True),
        ("{ DependsOn: [Missing] }", True),
        ("{ Metadata: { Waits: !Ref Missing } }", True),
        ("{ UpdatePolicy: { CodeDeployLambdaAliasUpdate: { DeploymentGroupName: !Ref Missing } } }", True),
        ("{ Properties: { Name: !If [Is, !Ref Missing, ''] } }", True),
        ("{ Properties: { Name: !If [IsNot, '', !Ref Missing] } }", True),
        ("{ Properties: { Name: !If [IsNot, !Ref Missing, ''] } }", False),
        ("{ Condition: IsNot, Properties: { Name: !Ref Missing } }", False),
        ("{ Properties: { Name: !Sub '${!Missing}' } }", False),
        ("{ Properties: { Name: !Sub ['${Missing}', { Missing: given }] } }", False),
        ("{ Properties: { Name: !Ref AWS::StackName } }", False),
    ],
)
def test_every_way_of_naming_something_counts_where_it_is_evaluated(reference: str, *, fault: bool) -> None:
    expected = ["One names Missing, which does not exist"] if fault else []
    assert resources(f"  One: {reference}\n  Missing: {{ Condition: IsNot }}\n") == expected


def test_a_circle_counts_only_while_all_of_it_exists() -> None:
    one = "  One: { Properties: { Name: !Ref Two } }\n"
    assert resources(one + "  Two: { DependsOn: One }\n") == ["a circle: One -> Two -> One"]
    assert resources(one + "  Two: { Properties: { Name: !If [IsNot, !Ref One, ''] } }\n") == []


def test_an_output_must_name_what_exists() -> None:
    graph = Graph(load("Resources: {}\nOutputs: { Url: { Condition: Is, Value: !GetAtt Api.Url } }"))
    assert graph.faults({"Is": True}) == ["the output Url names Api, which does not exist"]
    assert graph.faults({"Is": False}) == []


@pytest.mark.parametrize("account", ["true", "existing", "false"])
@pytest.mark.parametrize("kind", ["at-once", "Canary10Percent15Minutes"])
@pytest.mark.parametrize("sign_in", ["consent-page", "in-chat"])
def test_cloudformation_can_order_the_desk(template: Template, sign_in: str, kind: str, account: str) -> None:
    given = REQUIRED | {"SignIn": sign_in, "GradualDeployment": kind, "ManageApiGatewayAccount": account}
    values = defaults_of(template.document) | given
    assert Graph(transform(template.document, values)).faults(truths(template.document, values)) == []


def test_a_stage_with_an_access_log_waits_for_the_accounts_role_and_that_for_api_gateways_first_resource(
    template: Template,
) -> None:
    values = defaults_of(template.document) | REQUIRED | {"ManageApiGatewayAccount": "true"}
    transformed = transform(template.document, values)
    graph, truth = Graph(transformed), truths(template.document, values)
    stages = [name for name, one in transformed["Resources"].items() if one["Type"] == "AWS::ApiGateway::Stage"]

    assert len(stages) == 3
    stages.remove("FormApiStage")  # the other way to sign in
    for stage in stages:
        assert {"ApiGatewayAccount", "FirstApiGatewayResource"} <= graph.waits_for(stage, truth)
    assert "FirstApiGatewayResource" in graph.waits_for("ApiGatewayAccount", truth)
