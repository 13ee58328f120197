"""An operator's commands on the deployed stack: the real `sam deploy`, the real quotas, the real secrets."""

import dataclasses
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from unittest import mock

import boto3
import pytest

from operations.deployment.deploy import deploy
from operations.operator import Operator
from operations.settings import settings_of
from operations.stage import delete as deleting
from standins.local_stack import REGION, ROOT, ROOT_CREDENTIALS, STACK_NAME, LocalStack
from standins.whatsapp.business import Business


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
        timeout=240,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def as_deployed(stack: LocalStack) -> tuple[object, ...]:
    """What a deployment without news leaves alone: parameters, and the versions of the functions that are called."""
    (found,) = stack.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
    functions = [stack.physical_id(name) for name in ("WebhookFunction", "DocumentFunction")]
    aliases = [stack.client("lambda").get_alias(FunctionName=name, Name="live") for name in functions]
    return found["Parameters"], [alias["FunctionVersion"] for alias in aliases]


def test_deploying_again_changes_nothing_and_says_so(stack: LocalStack) -> None:
    told: list[tuple[str, str]] = []

    def asked(prompt: str) -> str:
        raise AssertionError(prompt)

    def confirmed(question: str) -> bool:
        raise AssertionError(question)

    def once_more() -> None:
        told.clear()
        operator = Operator(asked, confirmed, lambda *what: told.append(what), lambda _seconds: None, asked)
        deploy("local", [], operator, lambda _plan: None)

    once_more()  # the local stack was deployed by SAM itself, which pins nothing
    before = as_deployed(stack)
    once_more()

    assert ("Stack", "as it was") in told
    assert as_deployed(stack) == before
    assert ("Secrets", "all filled, none asked for") in told
    assert [what for _, what in told[-2:]] == [
        "the business account is subscribed already",
        "Meta calls this address already",
    ]


def test_a_changed_parameter_is_shown_first_and_then_reaches_callers(stack: LocalStack) -> None:
    """It reaches the version that is called, and not only the one that the next deployment would publish."""

    def helpline() -> str:
        read = stack.client("lambda").get_function_configuration
        found = read(FunctionName=stack.physical_id("DocumentFunction"), Qualifier="live")
        return str(found["Environment"]["Variables"]["HELPLINE"])

    proposed = run("operations.deployment.change_set", "propose", "local", "Helpline=1800 3000 3468")
    assert proposed.returncode == 0, proposed.stdout + proposed.stderr
    assert "| Modify | DocumentFunction | AWS::Lambda::Function |" in proposed.stdout
    assert helpline() == ""

    (name,) = re.findall(r"make execute STAGE=local CHANGE_SET=(\S+)", proposed.stdout)
    executed = run("operations.deployment.change_set", "execute", "local", name)
    assert executed.returncode == 0, executed.stdout + executed.stderr
    assert "an unsigned one is refused" in executed.stdout
    assert helpline() == "1800 3000 3468"


def test_a_change_set_that_make_change_set_did_not_make_is_not_executed(stack: LocalStack) -> None:
    cloudformation = stack.client("cloudformation")
    name = f"release-20260101T000000-{'0' * 64}"
    cloudformation.create_change_set(
        StackName=STACK_NAME,
        ChangeSetName=name,
        TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}),
    )
    executed = run("operations.deployment.change_set", "execute", "local", name)
    assert executed.returncode == 1
    assert "is not what was proposed" in executed.stderr
    cloudformation.delete_change_set(StackName=STACK_NAME, ChangeSetName=name)


def test_a_stage_is_taken_down_but_for_what_has_to_outlive_it(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    table = key | {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
    template = {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Table": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "RetainExceptOnCreate", "Properties": table},
        }
    }
    name, cloudformation, s3 = "helpdesk-gone", stack.client("cloudformation"), stack.client("s3")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    resources = cloudformation.list_stack_resources(StackName=name)["StackResourceSummaries"]
    names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
    s3.put_object(Bucket=names["Bucket"], Key="documents/1", Body=b"%PDF-")
    settings = dataclasses.replace(settings_of("dev"), stack_name=name)
    monkeypatch.setattr(deleting, "settings_of", lambda _stage: settings)
    told: list[str] = []

    def tell(_step: str, what: str) -> None:
        told.append(what)

    deleting.delete("dev", Operator(input, lambda _: False, tell, time.sleep, lambda _: "dev"))

    assert f"{names['Table']}: consents are evidence; each is deleted by itself after ConsentRetentionDays" in told
    assert names["Bucket"] not in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    assert stack.client("dynamodb").describe_table(TableName=names["Table"])["Table"]
    stack.client("dynamodb").delete_table(TableName=names["Table"])


def test_the_doctor_finds_nothing_to_mend_in_the_local_stack(stack: LocalStack) -> None:
    examined = run("operations.stage.doctor", STACK_NAME)
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert "nothing to fix" in examined.stdout
    config, token = stack.config, stack.simulator.world.access_token
    for secret in (config.app_secret, config.verify_token, token, config.client_secret):
        assert secret not in examined.stdout + examined.stderr


def test_the_doctor_finds_what_is_wrong_and_ends_with_1(stack: LocalStack) -> None:
    stack.simulator.world.business.account_subscribed = False
    examined = run("operations.stage.doctor", STACK_NAME)
    assert examined.returncode == 1
    assert "FIX    account subscription" in examined.stdout
    assert "-> make deploy STAGE=local" in examined.stdout


def test_the_doctor_names_a_stack_that_is_not_there() -> None:
    examined = run("operations.stage.doctor", "helpdesk-nowhere")
    assert (examined.returncode, examined.stdout) == (1, "")
    assert "There is no stack helpdesk-nowhere" in examined.stderr


def test_dead_letters_are_sent_back_by_the_stacks_name() -> None:
    assert run("operations.stage.redrive", STACK_NAME).stdout == "0 messages sent back.\n"
