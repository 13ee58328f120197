"""An operator's commands on the deployed stack: the real `sam deploy`, the real quotas, the real secrets."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest import mock

import boto3
import pytest

from operations.deploy import Operator, deploy
from simulator.local_stack import REGION, ROOT, ROOT_CREDENTIALS, STACK_NAME, LocalStack
from simulator.whatsapp.business import Business
from tests.template.cloudformation import Template


@pytest.fixture(autouse=True)
def environment(stack: LocalStack) -> Iterator[Mapping[str, str]]:
    """What leads an operator's commands to the local AWS."""
    ours = {
        **ROOT_CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": stack.emulator_url,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        "SAM_CLI_POLL_DELAY": "0.3",
        "SAM_CLI_TELEMETRY": "0",
    }
    # The default session keeps the credentials that it first saw.
    with mock.patch.dict(os.environ, ours), mock.patch.object(boto3, "DEFAULT_SESSION", None):
        os.environ.pop("AWS_PROFILE", None)
        yield os.environ
    vars(stack.simulator.world.business).update(vars(Business()))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - these tests' own words
        [sys.executable, "-m", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def as_deployed(stack: LocalStack) -> tuple[object, ...]:
    """What a deployment without news leaves alone: parameters, and the versions of the functions that are called."""
    (found,) = stack.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
    functions = [stack.physical_id(name) for name in ("WebhookFunction", "DocumentFunction")]
    aliases = [stack.client("lambda").get_alias(FunctionName=name, Name="live") for name in functions]
    return found["Parameters"], [alias["FunctionVersion"] for alias in aliases]


def test_deploying_again_changes_no_function_no_parameter_and_no_secret(stack: LocalStack) -> None:
    told: list[str] = []

    def asked(prompt: str) -> str:
        raise AssertionError(prompt)

    def confirmed(question: str) -> bool:
        raise AssertionError(question)

    before = as_deployed(stack)
    deploy("local", [], Operator(asked, confirmed, lambda _step, what: told.append(what), lambda _seconds: None))

    assert as_deployed(stack) == before
    assert told[1] == "all filled, none asked for"
    assert told[-2:] == ["the business account is subscribed already", "Meta calls this address already"]


def test_the_first_deployment_asks_for_each_parameter_and_takes_the_answers(stack: LocalStack) -> None:
    parameters = list(Template().parameters)
    answers = [{"WhatsAppPhoneNumberId": "100000000000001"}.get(name, "") for name in parameters]
    public = ["WebhookFunction", "WebhookFunction", "ConsentFunction", "ConsentFunction"]
    # Stack, region; then: show the changes, roles may be made, roll back, nobody signs in; do not save, do not deploy.
    typed = ["helpdesk-first", "", *answers, "y", "", "", *["y"] * len(public), "n", "n"]

    try:
        asked = subprocess.run(  # noqa: S603 - this test's own words
            [Path(sys.prefix) / "sam" / "bin" / "sam", "deploy", "--config-env", "local", "--guided"],
            cwd=ROOT,
            input="".join(f"{line}\n" for line in typed),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert asked.returncode == 0, asked.stdout + asked.stderr
        assert re.findall(r"Parameter (\w+) \[", asked.stdout) == parameters
        assert re.findall(r"(\w+) has no authentication", asked.stdout) == public
        assert "Changeset created successfully" in asked.stdout
    finally:
        stack.client("cloudformation").delete_stack(StackName="helpdesk-first")


def test_what_a_deployment_would_change_is_shown_without_doing_it(stack: LocalStack) -> None:
    cloudformation = stack.client("cloudformation")
    proposed = run("operations.change_set", "propose", "local", "Helpline=1800 3000 3468")
    try:
        assert proposed.returncode == 0, proposed.stdout + proposed.stderr
        assert "| Modify | DocumentFunction | AWS::Lambda::Function |" in proposed.stdout
        assert "make execute STAGE=local CHANGE_SET=samcli-deploy" in proposed.stdout
        (found,) = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
        assert {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}["Helpline"] == ""
    finally:
        for summary in cloudformation.list_change_sets(StackName=STACK_NAME)["Summaries"]:
            if summary["Status"] == "CREATE_COMPLETE":
                cloudformation.delete_change_set(StackName=STACK_NAME, ChangeSetName=summary["ChangeSetName"])


def test_the_doctor_finds_nothing_to_mend_in_the_local_stack(stack: LocalStack) -> None:
    examined = run("operations.doctor", STACK_NAME)
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert "nothing to mend" in examined.stdout
    config, token = stack.config, stack.simulator.world.access_token
    for secret in (config.app_secret, config.verify_token, token, config.client_secret):
        assert secret not in examined.stdout + examined.stderr


def test_the_doctor_finds_what_is_wrong_and_ends_with_1(stack: LocalStack) -> None:
    stack.simulator.world.business.account_subscribed = False
    examined = run("operations.doctor", STACK_NAME)
    assert examined.returncode == 1
    assert "MEND   account subscription" in examined.stdout
    assert "-> make deploy STAGE=local" in examined.stdout


def test_the_doctor_names_a_stack_that_is_not_there() -> None:
    examined = run("operations.doctor", "helpdesk-nowhere")
    assert (examined.returncode, examined.stdout) == (1, "")
    assert "There is no stack helpdesk-nowhere" in examined.stderr


def test_dead_letters_are_sent_back_by_the_stacks_name() -> None:
    assert run("operations.redrive", STACK_NAME).stdout == "0 messages sent back.\n"
