"""The workflows of GitHub: no keys, few rights, nothing that can change under us, only the Makefile's verbs.

They do not run here. What is checked is their shape.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.template.cloudformation import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    # YAML 1.1 takes the key `on` for a truth value; GitHub does not.
    workflow: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - makes only strings
    return workflow


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def rights(path: Path) -> dict[str, Any]:
    """The rights of each job's token."""
    workflow = read(path)
    return {name: job.get("permissions", workflow["permissions"]) for name, job in workflow["jobs"].items()}


@pytest.fixture
def deployment() -> dict[str, Any]:
    return read(ROOT / ".github" / "workflows" / "deploy.yaml")


def test_there_is_one_for_each_change_and_one_for_each_deployment() -> None:
    assert [path.name for path in WORKFLOWS] == ["check.yaml", "deploy.yaml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
class TestEach:
    def test_actions_are_pinned_by_commit_and_say_which_version_that_is(self, path: Path) -> None:
        used = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
        assert used
        assert not [line for line in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)]

    def test_its_token_may_read_the_code_and_sign_in_by_oidc_at_most(self, path: Path) -> None:
        assert read(path)["permissions"] in ({"contents": "read"}, "{}", {})
        # `actions: read` is for looking at the environments.
        most = {"actions": "read", "contents": "read", "id-token": "write"}
        for of_a_job in rights(path).values():
            assert of_a_job["contents"] == "read"
            assert of_a_job.items() <= most.items()

    def test_it_holds_no_secret_and_leaves_no_token_in_the_checkout(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"secrets\.|access-key|AWS_SECRET", text)
        checkouts = [step for step in steps(path) if "actions/checkout" in step.get("uses", "")]
        assert checkouts
        assert all(step["with"]["persist-credentials"] == "false" for step in checkouts)

    def test_what_somebody_typed_is_no_part_of_a_command(self, path: Path) -> None:
        assert not [step["run"] for step in steps(path) if "${{" in step.get("run", "")]

    def test_it_calls_the_verbs_of_the_makefile(self, path: Path) -> None:
        verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        run = [step["run"] for step in steps(path) if "run" in step]
        called = {command.split()[1] for command in run if command.startswith("make ")}
        assert called
        assert called <= verbs
        assert all(command.startswith(("make ", "sudo apt-get ")) for command in run)

    def test_every_job_ends(self, path: Path) -> None:
        # GitHub ends one after six hours.
        assert all(int(job["timeout-minutes"]) < 360 for job in read(path)["jobs"].values())


def test_a_change_is_linted_tested_and_built() -> None:
    path = ROOT / ".github" / "workflows" / "check.yaml"
    assert [step["run"] for step in steps(path) if step.get("run", "").startswith("make ")] == [
        "make lint",
        "make docs",
        "make test",
        "make build STAGE=dev",
    ]
    assert "pull_request" in read(path)["on"]
    assert "pull_request_target" not in read(path)["on"]


def test_what_is_executed_was_proposed_and_approved_before(deployment: dict[str, Any]) -> None:
    propose, execute = deployment["jobs"]["propose"], deployment["jobs"]["execute"]
    assert list(deployment["on"]) == ["workflow_dispatch"]
    assert propose["if"] == "github.ref == 'refs/heads/main'"
    assert execute["needs"] == "propose"
    assert execute["env"]["CHANGE_SET"] == "${{ needs.propose.outputs.change_set }}"
    assert execute["if"] == "github.ref == 'refs/heads/main' && needs.propose.outputs.change_set != ''"
    assert (propose["environment"], execute["environment"]) == (
        "${{ inputs.stage }}-review",
        "${{ inputs.stage }}",
    )


def test_the_stages_are_those_of_samconfig(deployment: dict[str, Any]) -> None:
    text = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
    stages = re.findall(r"^\[(\w+)\.deploy\.parameters\]", text, re.MULTILINE)
    assert deployment["on"]["workflow_dispatch"]["inputs"]["stage"]["options"] == [
        stage for stage in stages if stage != "local"
    ]


def test_both_jobs_sign_in_as_a_role_and_in_india(deployment: dict[str, Any]) -> None:
    for job in deployment["jobs"].values():
        (sign_in,) = [step for step in job["steps"] if "configure-aws-credentials" in step.get("uses", "")]
        given = {"role-to-assume": "${{ vars.AWS_ROLE_ARN }}", "aws-region": "ap-south-1"}
        assert given.items() <= sign_in["with"].items()
        assert sign_in["with"].keys() <= {*given, "role-duration-seconds"}


def test_no_role_is_taken_before_the_environments_were_looked_at(deployment: dict[str, Any]) -> None:
    propose = deployment["jobs"]["propose"]["steps"]
    (looks,) = [index for index, step in enumerate(propose) if step.get("run", "").startswith("make environments ")]
    (signs_in,) = [index for index, step in enumerate(propose) if "configure-aws-credentials" in step.get("uses", "")]
    assert looks < signs_in
    assert all("actions" not in rights for name, rights in _permissions(deployment).items() if name != "propose")


def _permissions(deployment: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {name: job["permissions"] for name, job in deployment["jobs"].items()}


def test_the_output_that_the_second_job_waits_for_is_the_one_that_is_written(deployment: dict[str, Any]) -> None:
    propose = deployment["jobs"]["propose"]
    assert propose["outputs"] == {"change_set": "${{ steps.propose.outputs.change_set }}"}
    (step,) = [step for step in propose["steps"] if step.get("id") == "propose"]
    assert step["run"].startswith("make change-set ")
    assert 'note("GITHUB_OUTPUT", f"change_set=' in (ROOT / "operations" / "deployment" / "change_set.py").read_text(
        encoding="utf-8"
    )
