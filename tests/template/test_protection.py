"""Who reaches the APIs: Meta alone the webhook, if mutual TLS is asked for; citizens the pages, but not too often."""

import json
from typing import Any

import pytest

from tests.template.cloudformation import Template

REQUIRED = {"SignIn": "in-chat", "WhatsAppPhoneNumberId": "100000000000001"}
DOMAIN = {"DomainName": "webhook.example.gov.in", "CertificateArn": "arn:aws:acm:ap-south-1:123456789012:certificate/1"}
MUTUAL = DOMAIN | {"MutualTls": "s3://certificates/meta-ca.pem", "CertificateOrigin": "amazon"}
OWNERSHIP = {"OwnershipCertificateArn": "arn:aws:acm:ap-south-1:123456789012:certificate/2"}
ON_PAGE = {"SignIn": "consent-page", "WebAcl": "2000", "Stage": "prod"}


def paths(resources: dict[str, dict[str, Any]], api: str) -> set[str]:
    return set(resources[api]["Properties"]["Body"]["paths"])


def test_the_domain_carries_the_webhook_and_nothing_else(template: Template) -> None:
    resources = template.deployed(**REQUIRED, **MUTUAL)
    mapping = template.resources["WebhookDomainMapping"]["Properties"]

    assert mapping["RestApiId"] == {"Ref": "Api"}
    assert "BasePath" not in mapping
    assert paths(resources, "Api") == {"/webhook"}


def test_with_mutual_tls_there_is_no_way_around_it(template: Template) -> None:
    body = json.dumps(template.deployed(**REQUIRED, **MUTUAL)["Api"]["Properties"]["Body"])
    domain = template.resources["WebhookDomain"]["Properties"]

    assert '"disableExecuteApiEndpoint": {"Fn::If": ["UsesMutualTls", true, false]}' in body
    assert domain["MutualTlsAuthentication"] == {
        "Fn::If": [
            "UsesMutualTls",
            {
                "TruststoreUri": {"Ref": "MutualTls"},
                "TruststoreVersion": {
                    "Fn::If": ["HasTruststoreVersion", {"Ref": "TruststoreVersion"}, {"Ref": "AWS::NoValue"}]
                },
            },
            {"Ref": "AWS::NoValue"},
        ]
    }
    assert domain["SecurityPolicy"] == "TLS_1_2"


def deployment(template: Template, **parameters: str) -> list[str]:
    """Logical ids of the APIs' deployments: with a new one, API Gateway deploys the API again."""
    resources = template.deployed(**REQUIRED, **parameters)
    return sorted(name for name, one in resources.items() if one["Type"] == "AWS::ApiGateway::Deployment")


def test_the_webhooks_api_is_deployed_again_when_mutual_tls_is_switched_and_not_each_time(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = deployment(template, **DOMAIN)
    monkeypatch.setattr("time.time", lambda: 2e9)

    assert deployment(template, **DOMAIN) == before
    assert deployment(template, **DOMAIN, Release="0123456789") == before
    # The pages' API stays as it is.
    (switched,) = set(deployment(template, **MUTUAL)) - set(before)
    assert switched.startswith("ApiDeployment")
    media_types = template.deployed(**REQUIRED, **MUTUAL)["Api"]["Properties"]["BinaryMediaTypes"]
    assert [one["Fn::Select"][0] for one in media_types] == [0]
    assert media_types[0]["Fn::Select"][1]["Fn::Split"][1]["Fn::Join"][1][0] == "application/vnd.helpdesk.none"


@pytest.mark.parametrize(
    ("given", "domain", "mutual"), [({}, False, False), (DOMAIN, True, False), (MUTUAL, True, True)]
)
def test_domain_and_mutual_tls_are_there_only_if_asked_for(
    template: Template, given: dict[str, str], *, domain: bool, mutual: bool
) -> None:
    assert template.exists("WebhookDomain", **given) is domain
    assert template.exists("WebhookDomainMapping", **given) is domain
    assert template.holds("UsesMutualTls", **given) is mutual


@pytest.mark.parametrize(
    ("given", "passes"),
    [
        ({}, True),
        (DOMAIN, True),
        (MUTUAL, True),
        ({"DomainName": DOMAIN["DomainName"]}, False),
        ({"MutualTls": MUTUAL["MutualTls"], "CertificateOrigin": "amazon"}, False),
        (MUTUAL | {"CertificateOrigin": ""}, False),
        (MUTUAL | {"CertificateOrigin": "imported"}, False),
        (MUTUAL | {"CertificateOrigin": "imported"} | OWNERSHIP, True),
        (MUTUAL | {"TruststoreVersion": "3HL4kqtJ"}, True),
        (DOMAIN | {"TruststoreVersion": "3HL4kqtJ"}, False),
    ],
)
def test_what_belongs_together_is_asked_for_together(
    template: Template, given: dict[str, str], *, passes: bool
) -> None:
    assert template.accepts(**REQUIRED, **given) is passes


def test_ownership_is_proved_where_the_certificate_is_not_amazons(template: Template) -> None:
    proof = template.resources["WebhookDomain"]["Properties"]["OwnershipVerificationCertificateArn"]

    assert proof == {"Fn::If": ["ProvesOwnership", {"Ref": "OwnershipCertificateArn"}, {"Ref": "AWS::NoValue"}]}
    assert template.holds("ProvesOwnership", **MUTUAL | {"CertificateOrigin": "imported"})
    assert not template.holds("ProvesOwnership", **MUTUAL)
    # Without mutual TLS API Gateway does not ask for it.
    assert not template.holds("ProvesOwnership", **DOMAIN, CertificateOrigin="imported")


def test_the_firewall_stands_before_the_pages_and_not_before_the_webhook(template: Template) -> None:
    (place,) = template.of_type("AWS::WAFv2::WebACLAssociation").values()
    (rule,) = template.of_type("AWS::WAFv2::WebACL")["ConsentFirewall"]["Rules"]

    assert "/restapis/${ConsentApi}/stages/${ConsentApi.Stage}" in place["ResourceArn"]["Fn::Sub"]
    assert place["WebACLArn"] == {"Fn::GetAtt": ["ConsentFirewall", "Arn"]}
    assert rule["Action"] == {"Block": {}}
    assert rule["Statement"]["RateBasedStatement"]["Limit"] == {"Ref": "WebAcl"}
    assert rule["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP"


def test_the_firewall_keeps_no_samples_of_addresses_with_codes_in_them(template: Template) -> None:
    firewall = template.of_type("AWS::WAFv2::WebACL")["ConsentFirewall"]
    shown = [firewall["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in firewall["Rules"])]
    assert [one["SampledRequestsEnabled"] for one in shown] == [False, False]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [({}, True), ({"WebAcl": "0"}, False), ({"SignIn": "in-chat"}, False), ({"Stage": "local"}, False)],
)
def test_the_firewall_is_there_only_if_asked_for(
    template: Template, changed: dict[str, str], *, expected: bool
) -> None:
    parameters = ON_PAGE | changed
    assert template.exists("ConsentFirewall", **parameters) is expected
    assert template.exists("ConsentFirewallPlace", **parameters) is expected
    assert template.parameters["WebAcl"]["Default"] == 0


# Whoever else opens or reads


def test_a_mail_tells_of_whoever_opens_what_is_sealed_or_reads_a_secret_and_is_no_function(template: Template) -> None:
    (rule,) = template.of_type("AWS::Events::Rule").values()
    detail = rule["EventPattern"]["detail"]
    assert {"Decrypt", "GetSecretValue", "BatchGetSecretValue"} <= set(detail["eventName"])
    opened, read = detail["$or"]
    assert opened == {"resources": {"ARN": [{"Fn::GetAtt": ["DataKey", "Arn"]}]}}
    secrets = template.of_type("AWS::SecretsManager::Secret").keys()
    assert [one["wildcard"] for one in read["requestParameters"]["secretId"]] == [f"*{name}-*" for name in secrets]
    without_role, another = (one["sessionContext"]["sessionIssuer"]["arn"] for one in detail["userIdentity"]["$or"])
    assert without_role == [{"exists": False}]
    assert another == [{"anything-but": [{"Fn::GetAtt": [role, "Arn"]} for role in ("WebhookRole", "DocumentRole")]}]
    # In any other state EventBridge is not told of calls that only read.
    assert rule["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    assert rule["Targets"][0]["Arn"] == {"Ref": "AlarmTopic"}


def test_the_topic_lets_in_alarms_and_the_rule_of_this_account_alone(template: Template) -> None:
    (policy,) = template.of_type("AWS::SNS::TopicPolicy").values()
    (statement,) = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert statement["Principal"]["Service"] == ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
