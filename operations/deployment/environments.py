"""Looks whether the GitHub environments of a stage can be undercut: make environments, in the deploy workflow.

An environment hands out an AWS role to whatever workflow names it. A branch may change the workflow's file,
conditions and all, so only the environment itself can confine the role to `main`. What the token may not see is said
and left to the rehearsal (docs/production.md).
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import requests

from operations.deployment.change_set import note
from operations.settings import STAGES, run

BRANCH = "main"
SECONDS = 20.0


class Unseen(Exception):
    """The token may not see an environment."""


def faults(get: "GitHub", stage: str) -> Iterator[str]:
    """Return what is wrong with the two environments of a stage. Raises Unseen."""
    for name in (f"{stage}-review", stage):
        environment = get(f"environments/{name}")
        if environment is None:
            yield f"There is no environment {name}: GitHub would make one that is open to every branch."
            continue
        if not _is_confined(get, name, environment):
            yield (
                f"The environment {name} is open to other branches than {BRANCH}: Settings > Environments > {name} > "
                f"Deployment branches and tags > Selected branches > {BRANCH}, and nothing else."
            )
        rules = {rule["type"] for rule in environment.get("protection_rules", [])}
        if name == stage and "required_reviewers" not in rules:
            yield f"The environment {name} has no required reviewers: nobody has to approve."


def _is_confined(get: "GitHub", name: str, environment: Mapping[str, Any]) -> bool:
    policy = environment.get("deployment_branch_policy")
    if not policy or not policy.get("custom_branch_policies"):
        return False
    branches = (get(f"environments/{name}/deployment-branch-policies") or {}).get("branch_policies", [])
    return [(one["name"], one.get("type", "branch")) for one in branches] == [(BRANCH, "branch")]


class GitHub:
    """The part of GitHub's API that is about this repository."""

    def __init__(self, url: str, repository: str, token: str) -> None:
        self._url = f"{url}/repos/{repository}"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}

    def __call__(self, path: str) -> Mapping[str, Any] | None:
        """Read something; None if there is none. Raises Unseen."""
        answer = requests.get(f"{self._url}/{path}", headers=self._headers, timeout=SECONDS, allow_redirects=False)
        if answer.status_code == requests.codes.not_found:
            return None
        if not answer.ok:
            raise Unseen(f"GitHub answers {answer.status_code}")
        found: Mapping[str, Any] = answer.json()
        return found


def main(arguments: list[str] | None = None) -> int:
    """Look at the environments of the stage that is named; 1 if they can be undercut."""
    parser = argparse.ArgumentParser(prog="make environments", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    stage = parser.parse_args(arguments).stage
    get = GitHub(
        os.environ.get("GITHUB_API_URL", "https://api.github.com"),
        os.environ.get("GITHUB_REPOSITORY", ""),
        os.environ.get("GITHUB_TOKEN", ""),
    )
    try:
        found = list(faults(get, stage))
    except (Unseen, requests.RequestException) as error:
        why = str(error) if isinstance(error, Unseen) else type(error).__name__
        told = f"Not looked at: whether {stage} and {stage}-review are confined to {BRANCH} ({why}). Rehearse it."
        print(told)
        note("GITHUB_STEP_SUMMARY", f"> {told}\n")
        return 0
    for fault in found:
        print(fault, file=sys.stderr)
        note("GITHUB_STEP_SUMMARY", f"> **{fault}**\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(run(main))
