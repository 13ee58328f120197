"""Checks the template for AWS: python -m template_checks [TEMPLATE].

A template that has passed is not checked again until it, these checks or their tools change; where CI is set, it is.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

from template_checks.judges import judge
from template_checks.matrix import Matrix
from template_checks.transform import ROOT, TEMPLATE, load

RECORD = ROOT / "build" / "template-checks.json"


def main(arguments: list[str], record: Path = RECORD) -> int:
    """Check a template and print what was found. Return 1 if AWS would refuse it in any combination."""
    path = Path(arguments[0]) if arguments else TEMPLATE
    digest = _digest(path)
    passed = json.loads(record.read_text()) if record.exists() else {}
    if passed.get("digest") == digest and not os.environ.get("CI"):
        print(f"{passed['summary']} (unchanged since)")
        return 0
    matrix = Matrix(load(path.read_text()))
    faults = judge(matrix)
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        return 1
    summary = (
        f"Template: 0 of {len(matrix.combinations.rows):,} combinations of parameters refused; "
        f"two linters find nothing in {len(matrix.pairwise)} that have every pair of values"
    )
    print(summary)
    record.parent.mkdir(exist_ok=True)
    record.write_text(json.dumps({"digest": digest, "summary": summary}))
    return 0


def _digest(template: Path) -> str:
    """Return a digest of the template, of these checks and of the versions of their tools."""
    files = [template, *sorted(Path(__file__).parent.glob("*.py")), *sorted(ROOT.glob("requirements-*.txt"))]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
