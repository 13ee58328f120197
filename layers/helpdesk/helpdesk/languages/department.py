"""The department that runs the desk, as each language names it.

The names are settings. Their forms in other scripts are in a file beside the catalogues: CloudFormation gives such
letters back as question marks, and thirteen names are too long for a function's environment.
"""

from pathlib import Path

from helpdesk.languages.catalogue import parse

FORMS = Path(__file__).parents[1] / "department.txt"


def forms(path: Path = FORMS) -> dict[str, str]:
    """Return the forms that are filled in, by the name's and the language's: `department.hi`."""
    return {name: text for name, text in parse(path.read_text(encoding="utf-8")).items() if text}
