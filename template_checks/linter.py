"""Has the linters of one environment judge templates. That environment's own Python runs this file.

    .venv/template/bin/python template_checks/linter.py FOLDER [FOLDER OF POLICIES]

Prints as JSON what cfn-lint finds in each template of the folder (*.json) and parliament in each policy.
"""

import json
import sys
from pathlib import Path

REGION = "ap-south-1"
# A template for one combination has no use for what the others need.
UNUSED = {"W2001", "W7001"}


def lint(templates: list[Path]) -> dict[str, list[str]]:
    """Return what cfn-lint finds, by the template's name."""
    from cfnlint.api import ManualArgs  # noqa: PLC0415
    from cfnlint.api import lint as judge  # noqa: PLC0415

    found = {}
    for path in templates:
        matches = judge(path.read_text(), regions=[REGION], config=ManualArgs(regions=[REGION]))
        found[path.stem] = [
            f"{match.rule.id} {match.message} ({'/'.join(map(str, match.path or []))})"
            for match in matches
            if match.rule.id not in UNUSED
        ]
    return found


def judge_policies(policies: list[Path]) -> dict[str, list[str]]:
    """Return what parliament finds, by the policy's name."""
    import warnings  # noqa: PLC0415

    warnings.filterwarnings("ignore", category=UserWarning)  # parliament imports pkg_resources
    from parliament import analyze_policy_string  # noqa: PLC0415

    found = {}
    for path in policies:
        findings = analyze_policy_string(path.read_text(), ignore_private_auditors=True).findings
        found[path.stem] = sorted(f"{one.issue} {one.detail}" for one in findings)
    return found


if __name__ == "__main__":
    templates, *others = map(Path, sys.argv[1:])
    said = lint(sorted(templates.glob("*.json")))
    for policies in others:
        said |= judge_policies(sorted(policies.glob("*.json")))
    json.dump(said, sys.stdout)
