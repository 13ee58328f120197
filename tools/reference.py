"""Writes docs/reference from the template and the code: make reference

`--check` writes nothing and fails if a page is not what would be written: part of `make lint`.
"""

import ast
import inspect
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

# Before the package is imported: its Logger and Metrics are made then.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "reference")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Helpdesk")

from helpdesk.conversation import effects, events
from helpdesk.conversation.problems import Problem
from helpdesk.digilocker import errors as digilocker
from helpdesk.whatsapp import errors as whatsapp
from tests.template.cloudformation import ROOT, Template
from tests.template.test_alarms import COUNTED_BY, FILLED_IN

FOLDER = ROOT / "docs" / "reference"
_HEAD = "<!-- Written by `make reference` from the template and the code. Do not edit. -->\n\n"


def pages() -> dict[Path, str]:
    """Return the pages and what they hold."""
    template = Template()
    made = {
        "parameters": _parameters(template),
        "errors": _errors(),
        "events": _events(),
        "metrics": _metrics(template),
    }
    return {FOLDER / f"{name}.md": _HEAD + "\n".join(lines).rstrip() + "\n" for name, lines in made.items()}


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    head = list(head)
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(' '.join(str(cell).replace('|', '\\|').split()) for cell in row)} |"
    yield ""


def _code(value: object) -> str:
    return f"`{value}`" if str(value) else "empty"


# --- parameters -------------------------------------------------------------------------------------------------------


def _parameters(template: Template) -> Iterator[str]:
    face = template.document["Metadata"]["AWS::CloudFormation::Interface"]
    yield "# Parameters and outputs\n"
    yield "Set a parameter with `SET` at a deployment ([Deploy](../deploy.md)); all others keep their values.\n"
    for group in face["ParameterGroups"]:
        yield f"## {group['Label']['default']}\n"
        yield from _table(
            ("parameter", "what it is", "default", "accepts"),
            (
                (_code(name), _said(face, name, one), _default(one), _accepted(one))
                for name in group["Parameters"]
                for one in [template.parameters[name]]
            ),
        )
    yield "## Outputs\n"
    yield from _table(
        ("output", "what it is"),
        ((_code(name), output.get("Description", "")) for name, output in template.outputs.items()),
    )


def _said(face: Mapping[str, Any], name: str, parameter: Mapping[str, Any]) -> str:
    label = face["ParameterLabels"][name]["default"].rstrip(".")
    return f"**{label}.** {parameter.get('Description', '')}"


def _default(parameter: Mapping[str, Any]) -> str:
    return _code(parameter["Default"]) if "Default" in parameter else "none"


def _accepted(parameter: Mapping[str, Any]) -> str:
    if "AllowedValues" in parameter:
        return ", ".join(_code(value) for value in parameter["AllowedValues"])
    ends = parameter.get("MinValue"), parameter.get("MaxValue")
    if None not in ends:
        return f"{ends[0]} to {ends[1]}"
    if None in ends and any(end is not None for end in ends):
        return f"at least {ends[0]}" if ends[0] is not None else f"at most {ends[1]}"
    return "a number" if parameter["Type"] == "Number" else "text"


# --- errors -----------------------------------------------------------------------------------------------------------


def _errors() -> Iterator[str]:
    yield "# Error codes\n"
    yield (
        "What the codes of WhatsApp and DigiLocker are taken for. What to do about each is in "
        "[Operations](../operations.md#what-the-codes-mean).\n"
    )
    yield "## WhatsApp\n"
    yield "Counted as `WhatsApp_` and the class. Source: Cloud API reference, error codes.\n"
    yield from _by_class(whatsapp.CLASS_OF_CODE)
    yield "## DigiLocker\n"
    yield "Counted as `Problem_` and the problem. Codes that no document names are marked in the source as inferred.\n"
    yield from _by_class(digilocker.CLASS_OF_CODE)
    yield "## Problems\n"
    yield "What the citizen is told about: the catalogues have a text `problem.` for each.\n"
    documented = _documented(Problem)
    yield from _table(("problem", "meaning"), ((_code(one.value), documented.get(one.name, "")) for one in Problem))


def _by_class(class_of_code: Mapping[Any, type[Exception]]) -> Iterator[str]:
    codes: dict[type[Exception], list[Any]] = defaultdict(list)
    for code, kind in class_of_code.items():
        codes[kind].append(code)
    yield from _table(
        ("class", "meaning", "codes"),
        ((_code(kind.__name__), _first_line(kind), _joined(of)) for kind, of in codes.items()),
    )


def _joined(codes: list[Any]) -> str:
    """Return codes with runs of more than three numbers as ranges."""
    if not all(isinstance(code, int) for code in codes):
        return ", ".join(_code(code) for code in codes)
    runs: list[list[int]] = [[min(codes)]]
    for before, code in pairwise(sorted(codes)):
        if code == before + 1:
            runs[-1].append(code)
        else:
            runs.append([code])
    told = (f"{run[0]} to {run[-1]}" if len(run) > 3 else ", ".join(map(str, run)) for run in runs)
    return ", ".join(told)


# --- events -----------------------------------------------------------------------------------------------------------


def _events() -> Iterator[str]:
    yield "# Events\n"
    yield "What the dialogue is given, what it asks for, and the sample events for `sam local invoke`.\n"
    yield "## What the dialogue is given\n"
    yield "`helpdesk/conversation/events.py`. `advance(conversation, event, now, rules)` takes one of these.\n"
    yield from _table(("event", "meaning", "fields"), map(_class_row, _classes(events)))
    yield "## What it asks for\n"
    yield "`helpdesk/conversation/effects.py`. Effects are stored in the outbox by these names until they are done.\n"
    yield from _table(("effect", "meaning", "fields"), map(_class_row, _classes(effects)))
    yield "## Sample events\n"
    yield (
        "Files of `events/`; `make events` writes those that are not static. "
        "[Test a function by hand](../testing-functions.md) shows how to run them.\n"
    )
    written = (ROOT / "events" / "expected.yaml").read_text(encoding="utf-8")
    expected: dict[str, dict[str, Any]] = yaml.safe_load(written)
    yield from _table(
        ("event", "what it leads to", "static", "only with"),
        (
            (_code(name), one["is"], "yes" if one.get("static") else "", _only(one.get("sign_in")))
            for name, one in expected.items()
        ),
    )


def _only(sign_in: str | None) -> str:
    return f"`SignIn={sign_in}`" if sign_in else ""


def _classes(module: Any) -> list[type]:
    found = (value for value in vars(module).values() if inspect.isclass(value) and value.__module__ == module.__name__)
    return [one for one in found if not issubclass(one, StrEnum)]


def _class_row(kind: type) -> tuple[str, str, str]:
    fields = getattr(kind, "__struct_fields__", ())
    return _code(kind.__name__), _first_line(kind), ", ".join(_code(field) for field in fields)


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n\n")[0]


def _documented(enum: type) -> dict[str, str]:
    """Return the text below each member of an enumeration."""
    (tree,) = ast.parse(inspect.getsource(enum)).body
    assert isinstance(tree, ast.ClassDef)  # noqa: S101 - the source of a class
    found = {}
    for before, node in pairwise(tree.body):
        if isinstance(before, ast.Assign) and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            (target,) = before.targets
            found[ast.unparse(target)] = str(node.value.value)
    return found


# --- metrics ----------------------------------------------------------------------------------------------------------

_CALL = re.compile(r"(?<![A-Za-z_.])(?P<how>count|count_by|record_duration)\((?P<rest>.*)")


def _metrics(template: Template) -> Iterator[str]:
    yield "# Metrics\n"
    yield (
        "The functions write them as log lines in CloudWatch's embedded metric format. The namespace is the stack's "
        "name, such as `helpdesk-prod`; the dimension `service` is the function.\n"
    )
    watched = _watched(template)
    labels = _labels(template)
    for service, names in _counted().items():
        yield f"## `service` {service}\n"
        yield from _table(
            ("metric", "unit", "on the dashboard as", "alarm"),
            (
                (_code(name), unit, labels.get((name, service), ""), ", ".join(watched.get((name, service), ())))
                for name, unit in sorted(names.items())
            ),
        )
    yield "## By another dimension\n"
    yield (
        "`Delivered` is also counted by `kind` (the doctype, or `other`) and by `language`, for "
        "[the month's report](../operations.md#the-months-report-for-officials).\n"
    )


def _counted() -> dict[str, dict[str, str]]:
    """Return the metrics of each function with their units."""
    found: dict[str, dict[str, str]] = {name: {} for name in ("webhook", "document", "consent", "form", "watch")}
    for folder in ("layers", "functions"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            service = COUNTED_BY.get(str(path.relative_to(ROOT)), "document")
            for call in _CALL.finditer(path.read_text(encoding="utf-8")):
                unit = "Seconds" if call["how"] == "record_duration" else "Count"
                given = call["rest"] if call["how"] != "count_by" else call["rest"].partition(",")[0]
                for filled, name in re.findall(r'(f?)"([A-Za-z_{][^"]*)"', given):
                    prefix = name.split("{")[0]
                    names = {prefix + value for value in FILLED_IN[prefix]} if filled else {name}
                    found[service] |= dict.fromkeys(names, unit)
    return found


def _watched(template: Template) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for alarm in template.alarms():
        for metric in template.measured(alarm):
            for dimension in metric.get("Dimensions", ()):
                if dimension["Name"] == "service":
                    found[metric["MetricName"], dimension["Value"]].append(
                        f"[{alarm}](../operations.md#{alarm.lower()})"
                    )
    return found


def _labels(template: Template) -> dict[tuple[str, str], str]:
    body = template.text
    shown = re.findall(r'\["\$\{AWS::StackName\}", "(\w+)", "service", "(\w+)", \{"label": "([^"]+)"', body)
    return {(name, service): label for name, service, label in shown}


def main() -> int:
    """Write the pages, or say which are stale."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in sys.argv:
            print(f"{path.relative_to(ROOT)} is stale: make reference")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages()[path], encoding="utf-8")
            print(path.relative_to(ROOT))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
