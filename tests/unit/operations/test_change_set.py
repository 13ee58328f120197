"""A deployment that is looked at before it is carried out."""

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import WaiterError

from operations import change_set
from operations.change_set import main, table
from operations.deploy import Stopped
from operations.stack import Stack

STACK = Stack("helpdesk-dev", "UPDATE_COMPLETE", "", {}, {"Stage": "dev"})


def resource(name: str, action: str = "Modify", replacement: str = "False") -> dict[str, Any]:
    change = {"LogicalResourceId": name, "Action": action, "ResourceType": "AWS::SQS::Queue"}
    return {"Type": "Resource", "ResourceChange": change | {"Replacement": replacement}}


class CloudFormation:
    """Change sets by name, with what each would do."""

    def __init__(self, **sets: list[dict[str, Any]]) -> None:
        self.sets = sets
        self.executed: list[str] = []
        self.rolls_back = False

    def get_paginator(self, operation: str) -> Any:
        paginator = mock.Mock()
        paginator.paginate.side_effect = {
            "list_change_sets": self._listed,
            "describe_change_set": self._described,
        }[operation]
        return paginator

    def _listed(self, *, StackName: str) -> list[dict[str, Any]]:  # noqa: N803 - boto3's name
        assert StackName == "helpdesk-dev"
        names = [{"ChangeSetName": name, "Status": "CREATE_COMPLETE"} for name in self.sets]
        return [{"Summaries": names}, {"Summaries": [{"ChangeSetName": "without-changes", "Status": "FAILED"}]}]

    def _described(self, *, StackName: str, ChangeSetName: str) -> list[dict[str, Any]]:  # noqa: N803
        assert StackName == "helpdesk-dev"
        return [{"Changes": [change]} for change in self.sets[ChangeSetName]]

    def execute_change_set(self, *, StackName: str, ChangeSetName: str) -> None:  # noqa: N803
        assert StackName == "helpdesk-dev"
        self.executed.append(ChangeSetName)

    def get_waiter(self, name: str) -> Any:
        assert name == "stack_update_complete"
        waiter = mock.Mock()
        if self.rolls_back:
            waiter.wait.side_effect = WaiterError(name, "UPDATE_ROLLBACK_COMPLETE", {})
        return waiter


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> CloudFormation:
    """There is a change set from last week that nobody carried out."""
    fake = CloudFormation(last_week=[resource("WorkQueue")])
    monkeypatch.setattr("operations.change_set.boto3.client", lambda _service: fake)
    monkeypatch.setattr(change_set, "find_stack", lambda _name: STACK)
    monkeypatch.setattr(change_set, "stack_of", lambda _name: STACK)
    monkeypatch.setattr(change_set, "try_it", lambda _stack, _operator: None)
    return fake


def deploys(monkeypatch: pytest.MonkeyPatch, cloudformation: CloudFormation, *changes: dict[str, Any]) -> list[str]:
    """Play `sam deploy`, which makes a change set if there are changes; give the words that it is called with."""
    said: list[str] = []

    def sam(*words: str) -> bool:
        said.extend(words)
        if changes:
            cloudformation.sets["samcli-deploy1"] = list(changes)
        return True

    monkeypatch.setattr(change_set, "sam", sam)
    return said


def test_what_would_change_is_shown_and_nothing_is_done(
    cloudformation: CloudFormation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    said = deploys(monkeypatch, cloudformation, resource("Alarm", "Add"), resource("TimerQueue", replacement="True"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))

    assert main(["propose", "dev", "MaximumConcurrency=80"]) == 0

    assert "--no-execute-changeset" in said
    assert said[-3:] == ["--parameter-overrides", "Stage=dev", "MaximumConcurrency=80"]
    assert cloudformation.executed == []
    printed = capsys.readouterr().out
    assert "make execute STAGE=dev CHANGE_SET=samcli-deploy1" in printed
    assert (tmp_path / "output").read_text() == "change_set=samcli-deploy1\n"
    assert (tmp_path / "summary").read_text().strip() in printed


def test_what_is_replaced_stands_first_in_the_table(cloudformation: CloudFormation) -> None:
    cloudformation.sets["new"] = [resource("Alarm", "Add"), resource("Queue", replacement="True")]
    rows = [line for line in table(cloudformation, "helpdesk-dev", "new").splitlines() if "AWS::" in line]  # type: ignore[arg-type]
    assert rows == [
        "| Modify | Queue | AWS::SQS::Queue | **replaced** |",
        "| Add | Alarm | AWS::SQS::Queue |  |",
    ]


def test_where_nothing_would_change_there_is_nothing_to_execute(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    deploys(monkeypatch, cloudformation)
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert main(["propose", "dev"]) == 0
    assert "nothing would change" in capsys.readouterr().out
    assert (tmp_path / "output").read_text() == "change_set=\n"


def test_a_change_set_that_was_not_made_ends_with_1(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_set, "sam", lambda *_words: False)
    assert main(["propose", "dev"]) == 1


def test_the_first_deployment_is_not_made_this_way(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(change_set, "find_stack", lambda _name: None)
    assert main(["propose", "dev"]) == 1
    assert "make deploy STAGE=dev" in capsys.readouterr().err


def test_a_reviewed_change_set_is_carried_out_and_the_webhook_tried(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Stack] = []
    monkeypatch.setattr(change_set, "try_it", lambda stack, _operator: tried.append(stack))
    assert main(["execute", "dev", "last_week"]) == 0
    assert cloudformation.executed == ["last_week"]
    assert tried == [STACK]


def test_a_webhook_that_does_not_answer_right_afterwards_ends_with_1(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise Stopped("it answered 503")

    monkeypatch.setattr(change_set, "try_it", stop)
    assert main(["execute", "dev", "last_week"]) == 1


def test_a_stack_that_rolls_back_is_not_taken_for_deployed(cloudformation: CloudFormation) -> None:
    cloudformation.rolls_back = True
    with pytest.raises(WaiterError):
        main(["execute", "dev", "last_week"])


def test_no_change_set_is_executed_by_no_name(
    cloudformation: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["execute", "dev", ""])
    assert "CHANGE_SET=" in capsys.readouterr().err
    assert cloudformation.executed == []
