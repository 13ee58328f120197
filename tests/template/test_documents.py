"""The handbooks speak of what is there."""

import re
from pathlib import Path

import pytest

from helpdesk.conversation.problems import Problem
from helpdesk.whatsapp import errors as whatsapp_errors
from tests.template.cloudformation import ROOT, Template

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "tests").rglob("*.md")])


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_each_alarm_has_its_section_in_the_operations_handbook(template: Template) -> None:
    sections = re.findall(r"^### (\w+Alarm)$", read(ROOT / "docs" / "operations.md"), re.MULTILINE)
    assert sorted(sections) == sorted(template.alarms())


def test_each_code_has_its_line_in_the_operations_handbook() -> None:
    handbook = read(ROOT / "docs" / "operations.md")
    lines = "\n".join(line.split("|")[1] for line in handbook.splitlines() if line.startswith("|"))
    kinds = {name for name in whatsapp_errors.__all__ if isinstance(getattr(whatsapp_errors, name), type)}
    assert {kind for kind in kinds if kind not in lines} == {"WhatsAppError"}  # the root of them all
    assert not [problem for problem in Problem if f"`{problem.value}`" not in lines]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_verb_of_make_that_is_named_exists(document: Path) -> None:
    verbs = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    text = read(document)
    named = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^    make ([a-z-]+)", text, re.MULTILINE))
    assert named <= verbs


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_into_the_project_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", read(document)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        there = (document.parent / path) if path else document
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(read(there)), target


@pytest.mark.parametrize(
    "document", ["docs/operations.md", "docs/security.md", "docs/production.md", "CONTRIBUTING.md"]
)
def test_every_file_and_parameter_that_is_named_exists(template: Template, document: str) -> None:
    text = read(ROOT / document)
    for name in re.findall(r"`((?:docs|tests|layers|functions|simulator|operations|events)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"`([A-Z][A-Za-z]+)=[^`]*`", text):
        assert name in template.parameters, name


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", read(ROOT / "docs" / "security.md")))
    there = {name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", read(path))}
    assert len(named) > 40
    assert named - there == set()
