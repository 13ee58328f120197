"""An environment that hands a role to another branch than main is found before anything is deployed."""

from typing import Any

import pytest
import responses

from operations.deployment.environments import main

API = "https://api.github.example/repos/state/helpdesk/environments"
CONFINED = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
REVIEWED = {"protection_rules": [{"type": "required_reviewers"}, {"type": "branch_policy"}]}
MAIN = [{"name": "main", "type": "branch"}]


@pytest.fixture(autouse=True)
def workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "https://api.github.example")
    monkeypatch.setenv("GITHUB_REPOSITORY", "state/helpdesk")
    monkeypatch.setenv("GITHUB_TOKEN", "a-token")


def environment(name: str, found: dict[str, Any], branches: list[dict[str, str]]) -> None:
    responses.get(f"{API}/{name}", json=found)
    responses.get(f"{API}/{name}/deployment-branch-policies", json={"branch_policies": branches})


@responses.activate
def test_both_confined_to_main_and_one_reviewed_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    environment("prod-review", CONFINED, MAIN)
    environment("prod", CONFINED | REVIEWED, MAIN)
    assert main(["prod"]) == 0
    assert capsys.readouterr() == ("", "")
    assert responses.calls[0].request.headers["Authorization"] == "Bearer a-token"


@pytest.mark.parametrize(
    ("policy", "branches"),
    [
        ({"deployment_branch_policy": None}, []),
        ({"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}}, []),
        (CONFINED, []),
        (CONFINED, [*MAIN, {"name": "release/*", "type": "branch"}]),
        (CONFINED, [{"name": "main", "type": "tag"}]),
    ],
    ids=["every branch", "whatever is protected", "no branch", "one more", "a tag"],
)
@responses.activate
def test_an_environment_for_other_branches_is_named(
    capsys: pytest.CaptureFixture[str], policy: dict[str, Any], branches: list[dict[str, str]]
) -> None:
    environment("prod-review", policy, branches)
    environment("prod", CONFINED | REVIEWED, MAIN)
    assert main(["prod"]) == 1
    assert "prod-review is open to other branches than main" in capsys.readouterr().err


@responses.activate
def test_an_environment_without_reviewers_or_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    responses.get(f"{API}/prod-review", status=404)
    environment("prod", CONFINED | {"protection_rules": []}, MAIN)
    assert main(["prod"]) == 1
    error = capsys.readouterr().err
    assert "There is no environment prod-review" in error
    assert "prod has no required reviewers" in error


@responses.activate
def test_what_the_token_may_not_see_is_said_and_left_to_the_rehearsal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    responses.get(f"{API}/prod-review", status=403)
    assert main(["prod"]) == 0
    assert "Rehearse it" in capsys.readouterr().out
    assert "Rehearse it" in (tmp_path / "summary").read_text()
