"""Makes one deployment's template of a transformed one: what CloudFormation has left once conditions are evaluated."""

import copy
from collections.abc import Mapping
from typing import Any

from template_checks.conditions import truths
from template_checks.transform import Document, defaults_of

_NO_VALUE = {"Ref": "AWS::NoValue"}


def concrete(document: Document, parameters: Mapping[str, str]) -> Document:
    """Return a transformed template for these parameter values only, without conditions.

    Resources and outputs whose condition is false are gone, of each `Fn::If` the chosen branch is left, and each
    parameter has its value as the default.
    """
    values = defaults_of(document) | dict(parameters)
    truth = truths(document, values)
    made = {key: copy.deepcopy(part) for key, part in document.items() if key not in {"Conditions", "Rules"}}
    made["Parameters"] = {name: _fixed(each, values[name]) for name, each in document.get("Parameters", {}).items()}
    for section in ("Resources", "Outputs"):
        made[section] = {
            name: {key: _chosen(part, truth) for key, part in entry.items() if key != "Condition"}
            for name, entry in document.get(section, {}).items()
            if "Condition" not in entry or truth[entry["Condition"]]
        }
    return made


def _fixed(parameter: Mapping[str, Any], value: str) -> Document:
    fixed = {**parameter, "Default": value}
    if "AllowedValues" in parameter:
        fixed["AllowedValues"] = [value]
    if parameter["Type"] == "Number":
        fixed["MinValue"] = fixed["MaxValue"] = int(value)
    return fixed


def _chosen(value: Any, truth: Mapping[str, bool]) -> Any:
    match value:
        case {"Fn::If": [str(condition), chosen, otherwise]}:
            return _chosen(chosen if truth[condition] else otherwise, truth)
        case dict():
            return {key: made for key, inner in value.items() if (made := _chosen(inner, truth)) != _NO_VALUE}
        case list():
            return [made for inner in value if (made := _chosen(inner, truth)) != _NO_VALUE]
        case _:
            return value
