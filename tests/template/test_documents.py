"""The handbooks speak of what is there."""

import json
import re
from http import HTTPStatus
from pathlib import Path

import pytest

from events.make import FUNCTIONS, expectations, static_events
from helpdesk.conversation.problems import Problem
from helpdesk.storage.aws import DENIED
from helpdesk.whatsapp.errors import CLASS_OF_CODE, OutcomeUnknown
from template_checks import cost
from tests.template.cloudformation import ROOT, Template

RUN_BY = {
    "make run": "tests/end_to_end/test_local_stack.py",
    "make test": "tests",
    "make check": "tests/unit",
    "make phrases": "tests/understanding",
    "curl -X POST http://127.0.0.1:8080/phones/": "tests/unit/standins/test_openapi.py",
    "curl http://127.0.0.1:8080/phones/": "tests/unit/standins/test_openapi.py",
    "make events": "tests/end_to_end/test_events.py",
    "make sam-local": "tests/sam_local",
    "sam local": "tests/sam_local",
    "curl 'http://127.0.0.1:3000/webhook?": "tests/sam_local/test_start_api.py",
    "make deploy": "tests/end_to_end/test_operating.py",
    "make doctor": "tests/end_to_end/test_operating.py",
    "make change-set": "tests/end_to_end/test_operating.py",
    "make execute": "tests/end_to_end/test_operating.py",
    "make prune": "tests/unit/operations/test_prune.py",
    "make delete": "tests/unit/operations/test_delete.py",
    "make environments": "tests/unit/operations/test_environments.py",
    "make redrive": "tests/end_to_end/test_operating.py",
    "make restore": "tests/unit/operations/test_restore.py",
    "make revoke-all": "tests/end_to_end/test_revoke_all.py",
    "make secrets": "tests/unit/operations/test_credentials.py",
    "make find": "tests/unit/operations/test_conversation.py",
    "make drill": "tests/end_to_end/test_drill.py",
    "make posters": "tests/unit/operations/test_posters.py",
    "make reference": "tests/unit/tools/test_docs_site.py",
    "make report": "tests/unit/operations/test_report.py",
    "make demo": "tests/end_to_end/test_local_stack.py",
    "make replay": "tests/replay",
    "make simulate": "tests/simulation/test_simulation.py",
    "make build": "tests/template/test_layer.py",
    "make docs": ".ci/run",
    "make help": "tests/unit/test_makefile.py",
    "make lint": ".ci/run",
    "make format": "tests/unit/test_makefile.py",
    "make shape": "tests/unit/tools/test_shape.py",
    "make new-question": "tests/unit/tools/test_new_question.py",
    "make transcripts": "tests/unit/tools/test_transcripts.py",
    "make translations": "tests/unit/tools/test_translations.py",
    "make translated": "tests/unit/tools/test_translations.py",
    "make blind": "tests/unit/tools/test_back_translation.py",
    "make compare": "tests/unit/tools/test_back_translation.py",
    "make clean": "tests/unit/test_makefile.py",
    "jq -j .body $event | curl": "tests/sam_local/test_start_api.py",
}
"""The documents' commands, by how they begin, and what runs the same. Another one is marked there."""
BY_HAND = {
    "make bench": "docs/benchmarks.md",
    "make screenshots": "docs/images",
}
"""Those that are run by hand, since what they write is measured or looked at: it is in the repository."""
MARK = r"needs?\s+an\s+account"
"""Stands in the document's first lines or in the section, above a command that no test runs."""
PROGRAMS = (
    *("make", "jq", "aws", "curl", "sam", "bash", "umask", "shred", "git"),
    *("python", "pip", "npm", "apt-get", "pyenv"),
)

DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")]
    if "translations" not in path.parts
)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_each_alarm_has_its_section_in_the_operations_handbook(template: Template) -> None:
    sections = re.findall(r"^### (\w+Alarm)$", read(ROOT / "docs" / "operations.md"), re.MULTILINE)
    assert sorted(sections) == sorted(template.alarms() | template.of_type("AWS::CloudWatch::CompositeAlarm"))


def test_what_a_stage_costs_is_what_is_counted_from_the_template() -> None:
    assert cost.table() in read(ROOT / "docs" / "scale.md")


def test_each_code_has_its_line_in_the_operations_handbook() -> None:
    handbook = read(ROOT / "docs" / "operations.md")
    lines = "\n".join(line.split("|")[1] for line in handbook.splitlines() if line.startswith("|"))
    assert not [kind for kind in {*CLASS_OF_CODE.values(), OutcomeUnknown} if kind.__name__ not in lines]
    assert not [problem for problem in Problem if f"`{problem.value}`" not in lines]


def rows(heading: str, document: str = "operations") -> list[list[str]]:
    """Return the cells of the table below a heading, row by row."""
    below = read(ROOT / "docs" / f"{document}.md").partition(f"# {heading}\n")[2].partition("\n#")[0]
    lines = [line for line in below.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_each_code_of_metas_stands_in_the_line_of_what_is_made_of_it() -> None:
    for name, codes, _ in rows("What WhatsApp refuses"):
        numbers = [list(map(int, part.split("–"))) for part in re.findall(r"\d[\d–]*", codes)]
        written = {code for first, *last in numbers for code in range(first, (last or [first])[0] + 1)}
        assert written == {code for code, kind in CLASS_OF_CODE.items() if kind.__name__ == name}, name


def test_each_status_that_the_functions_answer_has_its_line() -> None:
    webhook = set(re.findall(r"_answer\((\d+)", read(ROOT / "functions" / "webhook" / "app.py")))
    code = read(ROOT / "layers" / "helpdesk" / "helpdesk" / "service" / "consent_pages.py")
    pages = {str(HTTPStatus[name].value) for name in re.findall(r"HTTPStatus\.([A-Z_]+)", code)} | {"200"}
    assert len(webhook) >= 5
    assert len(pages) >= 3
    assert webhook <= answers("What the webhook answers")
    assert pages <= answers("What the sign-in pages answer")


def answers(heading: str) -> set[str]:
    return {status for first, *_ in rows(heading) for status in first.split(", ")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_verb_of_make_that_is_named_exists(document: Path) -> None:
    verbs = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    text = read(document)
    named = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^    make ([a-z-]+)", text, re.MULTILINE))
    assert named <= verbs


def test_the_page_on_functions_runs_events_that_there_are_and_names_the_static_ones() -> None:
    page = read(ROOT / "docs" / "testing-functions.md")
    run = re.findall(r"sam local invoke (\w+) -e events/([\w/]+)\.json    # (.*)", page)
    assert {function for function, _, _ in run} == {*FUNCTIONS.values()}
    for function, event, comes in run:
        assert expectations()[event]["is"] == comes
        assert FUNCTIONS[event.split("/")[0]] == function
    (line,) = (line for line in page.splitlines() if line.startswith("| *static*"))
    assert sorted(re.findall(r"`(\w+)`", line)) == sorted(name.split("/")[1] for name in static_events())


def commands(text: str) -> list[tuple[str, str]]:
    """Return the commands in blocks, and AWS's and make's anywhere; each with what stands above it."""
    block = rf"^ {{4,}}(?P<block>(?:{'|'.join(PROGRAMS)}) .*)$"
    found = re.finditer(rf"{block}|`(?P<named>(?:aws|make) [^`]+)`", text, re.MULTILINE)
    beginning = text.partition("\n## ")[0]
    return [(one["block"] or one["named"], beginning + text[: one.start()].rpartition("\n## ")[2]) for one in found]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_is_run_by_a_test_or_marked_as_needing_an_account(document: Path) -> None:
    for command, above in commands(read(document)):
        known = command.startswith((*RUN_BY, *BY_HAND))
        assert known or re.search(MARK, above, re.IGNORECASE), command


def test_what_runs_a_command_runs_what_the_makefile_does() -> None:
    recipes = dict(re.findall(r"^([a-z-]+):[^\n]*\n((?:\t.*\n)+)", read(ROOT / "Makefile"), re.MULTILINE))
    for result in BY_HAND.values():
        assert (ROOT / result).exists(), result
    for command, test in RUN_BY.items():
        assert (ROOT / test).exists(), test
        for module in re.findall(r"-m (?:operations|standins)\.(\w+)", recipes.get(command.removeprefix("make "), "")):
            assert re.search(rf"\b{module}\b", read(ROOT / test)), f"{command}: {test} does not run {module}"


def test_commands_are_found_in_blocks_and_some_in_the_text_too() -> None:
    text = "Do\n\n    make deploy STAGE=dev\n       aws s3 ls\n    a file\n\n`aws sts get` or `make run`, `git`"
    assert [command for command, _ in commands(text)] == [
        "make deploy STAGE=dev",
        "aws s3 ls",
        "aws sts get",
        "make run",
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_parameter_that_a_command_sets_and_every_stage_exists(template: Template, document: Path) -> None:
    text = read(document)
    for given in re.findall(r'\bSET=("[^"]+"|\S+)', text):
        assert {one.partition("=")[0] for one in given.strip('"`').split()} <= set(template.parameters)
    assert set(re.findall(r"\bSTAGE=(\w+)", text)) <= {"dev", "staging", "prod"}
    assert not re.search(r"\bENV=", text)


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
    for name in re.findall(r"`((?:docs|tests|layers|functions|standins|operations|events)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"`([A-Z][A-Za-z]+)=[^`]*`", text):
        assert name in template.parameters, name


def test_each_code_with_which_aws_denies_has_its_line_in_the_operations_handbook() -> None:
    assert set(re.findall(r"`(\w+)`", " ".join(codes for codes, _ in rows("What AWS denies")))) == DENIED


RESOURCES = {
    "its own log": "LogGroup",
    "table of conversations": "ConversationsTable",
    "table of records": "RecordsTable",
    "work queue": "WorkQueue",
    "timer queue": "TimerQueue",
    "`DataKey`": "DataKey",
    "bucket, `documents/`": "/documents/",
    "bucket, `directory/`": "/directory/",
    "`IdentitySecret`": "IdentitySecret",
    "`WebhookSecret`": "WebhookSecret",
    "`OutboundSecret`": "OutboundSecret",
}
"""What the table of rights speaks of, by what stands in a statement's resource."""


def test_the_table_of_rights_says_which_function_has_none(template: Template) -> None:
    table = {right: cells for right, *cells, _ in rows("The rights of each function", "security")}
    assert table.keys() == RESOURCES.keys()
    for right, cells in table.items():
        for role, cell in zip(("WebhookRole", "ConsentRole", "DocumentRole"), cells, strict=True):
            own = [statement for owner, statement in template.statements() if owner == role]
            has = any(RESOURCES[right] in json.dumps(statement["Resource"]) for statement in own)
            assert has is (cell.strip("*") != "–"), (role, right)


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", read(ROOT / "docs" / "security.md")))
    there = {name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", read(path))}
    assert len(named) > 40
    assert named - there == set()
