"""Whether the department that runs the desk has a name in every language: asked before a deployment to prod."""

import re

from operations.settings import ROOT

FORMS = "layers/helpdesk/helpdesk/department.txt"
_NAMED = re.compile(r"^\[department\.(\w+)\]\n+[^\s#\[]", re.MULTILINE)


def languages_without_name(forms: str) -> list[str]:
    """Return the codes of the languages in which the file's text names no department."""
    languages = {path.stem for path in (ROOT / "layers/helpdesk/helpdesk/languages").glob("*.txt")} - {"en"}
    return sorted(languages - set(_NAMED.findall(forms)))
