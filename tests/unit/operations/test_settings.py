"""One region for SAM and for every command, and no refusal of AWS's ends in a traceback."""

import importlib.util
import runpy

import boto3
import pytest
from botocore.exceptions import ClientError, NoRegionError, WaiterError

from operations.operator import Stopped
from operations.settings import REGION_VARIABLES, ROOT, STAGES, region_of, run, settings_of, settle_region
from tests.unit.operations.conftest import CloudFormation

COMMANDS = [
    ["operations.stage.doctor", "helpdesk-dev"],
    ["operations.stage.credentials", "helpdesk-dev"],
    ["operations.stage.redrive", "helpdesk-dev"],
    ["operations.stage.revoke_all", "helpdesk-dev"],
    ["operations.stage.conversation", "helpdesk-dev"],
    ["events.make", "helpdesk-dev"],
    ["operations.deployment.deploy", "dev"],
    ["operations.deployment.change_set", "propose", "dev"],
    ["operations.deployment.change_set", "execute", "dev", "release-1"],
    ["operations.stage.delete", "dev"],
    ["operations.stage.prune", "dev"],
]


def test_the_settings_are_those_that_sam_reads() -> None:
    settings = settings_of("staging")
    assert (settings.region, settings.stack_name, settings.confirms) == ("ap-south-1", "helpdesk-staging", True)
    assert settings.parameters == {"Stage": "staging", "GradualDeployment": "Canary10Percent15Minutes", "Release": ""}
    assert settings.build == ROOT / ".aws-sam" / "build"
    assert settings.capabilities == ("CAPABILITY_IAM",)


def test_a_stack_that_the_file_does_not_name_is_looked_for_in_the_same_region() -> None:
    assert {region_of(f"helpdesk-{stage}") for stage in STAGES} == {region_of("another")} == {"ap-south-1"}


@pytest.mark.parametrize("variable", REGION_VARIABLES)
def test_a_shell_with_another_region_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "us-east-1")
    with pytest.raises(Stopped, match=f"{variable} is us-east-1, but samconfig.toml deploys to ap-south-1"):
        settle_region("ap-south-1")


def test_where_the_shell_names_none_the_files_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in REGION_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    settle_region("ap-south-1")
    assert boto3.client("sqs").meta.region_name == "ap-south-1"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_works_in_another_region_than_sam_or_ends_in_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    module, *arguments = words
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setattr("sys.argv", [spec.origin, *arguments])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "9190000000001")

    with pytest.raises(SystemExit) as ended:
        runpy.run_path(spec.origin, run_name="__main__")

    assert ended.value.code == 1
    assert "AWS_REGION is us-east-1, but samconfig.toml deploys to ap-south-1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Stopped("mend this"), 1),
        (NoRegionError(), 1),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStacks"), 1),
        (WaiterError("stack_update_complete", "UPDATE_ROLLBACK_COMPLETE", {}), 1),
        (EOFError(), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_what_stops_a_command_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int
) -> None:
    def fail() -> int:
        raise error

    assert run(fail) == status
    assert (str(error) or "Stopped.") in capsys.readouterr().err


def test_looking_for_a_stack_settles_the_region(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from operations.stack import stack_of  # noqa: PLC0415

    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with pytest.raises(Stopped, match="AWS_REGION is eu-west-1"):
        stack_of("helpdesk-dev")
