"""Whoever waits for a deployment waits longer than the slowest one that the template allows."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from template_checks.conditions import truths
from template_checks.graph import Graph
from template_checks.transform import defaults_of, load, transform
from tests.template.cloudformation import ROOT, Template
from tests.template.test_deployment import kinds, minutes

AROUND_MINUTES = 30
"""For all of a deployment that is no taking over: creating, snapshots, alarms, the API."""
TEMPLATE = Template()


def in_a_row(sign_in: str, kind: str) -> int:
    """How many functions take over one after the other, since CloudFormation finishes one before it begins the next."""
    document = load((ROOT / "template.yaml").read_text())
    values = defaults_of(document) | {
        "SignIn": sign_in,
        "Stage": "prod",
        "GradualDeployment": kind,
        "WhatsAppPhoneNumberId": "100000000000001",
        "WhatsAppNumber": "919013151515",
        "InChatApproval": "the Ministry",
    }
    transformed, truth = transform(document, values), truths(document, values)
    graph = Graph(transformed)
    # The functions that watch and try a deployment take over at once.
    gradual = ("AWS::Lambda::Alias", True)
    aliases = {
        name for name, one in transformed["Resources"].items() if (one["Type"], "UpdatePolicy" in one) == gradual
    }
    existing = aliases & graph.existing(truth)
    return max(1 + len(graph.waits_for(name, truth) & existing) for name in existing)


def test_the_pages_take_over_before_the_document_function_does() -> None:
    """Its environment names their API, and the API their alias. Hence twice the minutes."""
    assert in_a_row("consent-page", "Canary10Percent15Minutes") == 2
    assert in_a_row("in-chat", "Canary10Percent15Minutes") == 1


@pytest.mark.parametrize("kind", kinds(TEMPLATE))
@pytest.mark.parametrize("sign_in", TEMPLATE.parameters["SignIn"]["AllowedValues"])
def test_every_wait_outlasts_every_way_of_taking_over(sign_in: str, kind: str) -> None:
    needed = in_a_row(sign_in, kind) * minutes(kind) + AROUND_MINUTES
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text())
    waits = {
        stage: samconfig[stage]["deploy"]["parameters"]["max_wait_duration"] for stage in ("dev", "staging", "prod")
    }
    workflow: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy.yaml").read_text())
    job = workflow["jobs"]["execute"]
    (sign_in_to_aws,) = [step for step in job["steps"] if "configure-aws-credentials" in step.get("uses", "")]

    assert all(wait >= needed for wait in waits.values()), (waits, needed)
    # What watches it has to outlast the wait itself: the job, and the role that it signed in as.
    assert job["timeout-minutes"] > max(waits.values())
    assert sign_in_to_aws["with"]["role-duration-seconds"] > max(waits.values()) * 60
    # What AWS and GitHub allow.
    assert sign_in_to_aws["with"]["role-duration-seconds"] <= 12 * 3600
    assert job["timeout-minutes"] <= 6 * 60


def test_the_document_says_which_duration_the_role_has_to_allow() -> None:
    workflow = (ROOT / ".github" / "workflows" / "deploy.yaml").read_text()
    (seconds,) = re.findall(r"role-duration-seconds: (\d+)", workflow)
    assert f"--max-session-duration {seconds}" in (ROOT / "docs" / "production.md").read_text()
