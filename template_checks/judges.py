"""Has a template judged: by its graph in every combination, by two linters for each pair of values, by parliament."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from template_checks.concrete import concrete
from template_checks.matrix import Matrix, Parameters
from template_checks.policies import policies
from template_checks.transform import ROOT

LINTERS = {"cfn-lint of the SAM CLI": "sam", "the second cfn-lint": "template"}
"""Two versions, each in its environment under .venv: neither sees all that the other does."""

# API Gateway takes no role with less; CodeDeploy looks at alarms as its own managed policy lets it.
ACCEPTED = {
    ("ApiGatewayLogRole.write-logs", "RESOURCE_STAR"),
    ("ConsentDeploymentRole.move-calls", "RESOURCE_STAR"),
    ("FormDeploymentRole.move-calls", "RESOURCE_STAR"),
    ("DeploymentRole.move-calls", "RESOURCE_STAR"),
}
"""What parliament finds in which policy and is meant to be there."""


def judge(matrix: Matrix) -> list[str]:
    """Return why AWS would refuse the template, each reason once with a combination that has it, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        _write(matrix, Path(folder))
        # Each linter has its own process, and the graphs are drawn meanwhile.
        running = {linter: start(environment, Path(folder)) for linter, environment in LINTERS.items()}
        found = list(_refused(matrix))
        for linter, process in running.items():
            said, _ = process.communicate()
            found += _said(linter, json.loads(said), matrix) if process.returncode == 0 else [f"{linter} failed"]
    return found


def start(environment: str, folder: Path) -> subprocess.Popen[str]:
    """Start the linter of that environment on the templates of a folder, and parliament on its policies."""
    python = ROOT / ".venv" / environment / "bin" / "python"
    script = Path(__file__).with_name("linter.py")
    with_policies = [folder / "policies"] if environment == "template" else []
    return subprocess.Popen(  # noqa: S603 - our own words
        [python, "-W", "ignore", script, folder, *with_policies], stdout=subprocess.PIPE, text=True
    )


def _write(matrix: Matrix, folder: Path) -> None:
    (folder / "policies").mkdir()
    for number, parameters in enumerate(matrix.pairwise):
        template = concrete(matrix.transformed(parameters), parameters)
        (folder / f"{number}.json").write_text(json.dumps(template))
        for name, policy in policies(template).items():
            (folder / "policies" / f"{name}.json").write_text(json.dumps(policy))


def _refused(matrix: Matrix) -> Iterator[str]:
    for fault, having in sorted(matrix.refused().items()):
        all_of_them = len(matrix.combinations.rows)
        yield f"{fault} ({len(having)} of {all_of_them} combinations, such as {_told(having[0], matrix)})"


def _said(linter: str, said: dict[str, list[str]], matrix: Matrix) -> list[str]:
    first: dict[str, str] = {}
    for judged, findings in said.items():
        for finding in findings:
            if (judged, finding.partition(" ")[0]) in ACCEPTED:
                continue
            first.setdefault(finding, judged)
    return [
        f"{linter}: {finding} ({_told(matrix.pairwise[int(judged)], matrix) if judged.isdigit() else judged})"
        for finding, judged in first.items()
    ]


def _told(parameters: Parameters, matrix: Matrix) -> str:
    return " ".join(f"{name}={parameters[name]}" for name in matrix.combinations.names)
