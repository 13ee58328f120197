"""The template as an operator's commands read it: what a value may be, which rules it breaks, what functions read."""

import pytest

from operations.template import FUNCTION, Parameter, Template

DOCUMENT = {
    "Parameters": {
        "Stage": {"Type": "String", "AllowedValues": ["dev", "prod"], "Default": "dev"},
        "Approval": {"Type": "String", "Default": ""},
        "Open": {"Type": "String", "Default": "true"},
        "Address": {"Type": "String", "Default": ""},
        "Own": {"Type": "String", "Default": ""},
        "Reserved": {"Type": "Number", "Default": 0},
        "Most": {"Type": "Number", "Default": 0},
    },
    "Mappings": {"Most": {"dev": {"Default": 5}, "prod": {"Default": 150}}},
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "HasAddress": {"Fn::And": [{"Condition": "IsProd"}, {"Fn::Not": [{"Fn::Equals": [{"Ref": "Address"}, ""]}]}]},
        "HasMost": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Most"}, 0]}]},
    },
    "Rules": {
        "ProdIsApproved": {
            "RuleCondition": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
            "Assertions": [
                {
                    "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Approval"}, ""]}]},
                    "AssertDescription": "prod needs Approval",
                }
            ],
        }
    },
    "Globals": {"Function": {"Environment": {"Variables": {"STAGE": {"Ref": "Stage"}}}}},
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
        "Work": {
            "Type": FUNCTION,
            "Properties": {
                "Environment": {
                    "Variables": {
                        "TABLE": {"Ref": "Table"},
                        "URL": {"Fn::If": ["HasAddress", {"Fn::Sub": "https://${Own}/x"}, ""]},
                    }
                },
                "ReservedConcurrentExecutions": {"Ref": "Reserved"},
                "Events": {"Queue": {"Properties": {"Enabled": {"Ref": "Open"}}}},
            },
        },
    },
}
TEMPLATE = Template(DOCUMENT)


@pytest.mark.parametrize(
    ("definition", "value", "fault"),
    [
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "must be a or b"),
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "b", None),
        (
            {"Type": "String", "AllowedPattern": "[0-9]+", "ConstraintDescription": "must be digits"},
            "1x",
            "must be digits",
        ),
        ({"Type": "String", "AllowedPattern": "[0-9]+"}, "1\n", "must match [0-9]+"),
        ({"Type": "String", "AllowedPattern": "|[0-9]+"}, "", None),
        ({"Type": "Number", "MinValue": 2, "MaxValue": 9}, "1", "must be a number from 2 to 9"),
        ({"Type": "Number", "MinValue": 2, "MaxValue": 9}, "ten", "must be a number from 2 to 9"),
        ({"Type": "Number", "MinValue": 2}, "9", None),
    ],
)
def test_a_value_is_judged_as_cloudformation_judges_it(
    definition: dict[str, object], value: str, fault: str | None
) -> None:
    assert Parameter("Any", "Any", definition).fault(value) == fault


def test_a_broken_rule_names_what_would_mend_it() -> None:
    assert TEMPLATE.broken_rules({"Stage": "dev"}) == []
    assert TEMPLATE.broken_rules({"Stage": "prod", "Approval": "the Ministry"}) == []
    (broken,) = TEMPLATE.broken_rules({"Stage": "prod"})
    assert (broken.description, broken.parameters) == ("prod needs Approval", ("Approval",))


@pytest.mark.parametrize(
    ("value", "values", "expected"),
    [
        ({"Ref": "Stage"}, {}, "dev"),
        ({"Ref": "AWS::NoValue"}, {}, None),
        ({"Fn::If": ["IsProd", "a", {"Ref": "Open"}]}, {}, "true"),
        ({"Fn::If": ["HasMost", {"Ref": "Most"}, {"Fn::FindInMap": ["Most", {"Ref": "Stage"}, "Default"]}]}, {}, 5),
        (
            {"Fn::If": ["HasMost", {"Ref": "Most"}, {"Fn::FindInMap": ["Most", {"Ref": "Stage"}, "Default"]}]},
            {"Most": "7"},
            "7",
        ),
        ([{"Fn::GetAtt": ["Table", "Arn"]}], {}, [{"Fn::GetAtt": ["Table", "Arn"]}]),
    ],
)
def test_values_come_to_what_cloudformation_makes_of_them(
    value: object, values: dict[str, str], expected: object
) -> None:
    assert TEMPLATE.resolve(value, values) == expected


def test_what_a_function_reads_is_found_through_conditions_and_texts_and_nothing_else_is() -> None:
    """Not what counts at once, without a new version: event sources, reserved concurrency."""
    assert TEMPLATE.released_parameters() == {"Stage", "Address", "Own"}


def test_in_our_template_an_emergency_waits_for_no_version() -> None:
    released = Template.read().released_parameters()
    at_once = {"ServiceOpen", "MaximumConcurrency", "ReplyConcurrency", "WebhookConcurrency"}
    at_once |= {"RequestsPerSecond", "AlarmEmail", "WebAcl"}
    assert not at_once & released
    assert {"SignIn", "Helpline", "SnapStart", "Architecture", "MobileMismatch", "OtpsPerCitizenPerDay"} <= released
