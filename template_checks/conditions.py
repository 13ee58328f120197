"""Evaluates a template's conditions and rules, and lists the parameter values that make a difference to them."""

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from template_checks.graph import Graph
from template_checks.transform import Document, defaults_of

OTHER = "any other value"
"""Stands for what a condition compares a parameter with and does not name."""


def evaluate(expression: Any, parameters: Mapping[str, str], document: Document) -> Any:
    """Return the value of a condition, of a rule's assertion, or of what is compared in one."""

    def value(part: Any) -> Any:
        return evaluate(part, parameters, document)

    match expression:
        case {"Ref": str(name)}:
            return parameters[name]
        case {"Condition": str(name)}:
            return value(document["Conditions"][name])
        case {"Fn::Equals": [left, right]}:
            return str(value(left)) == str(value(right))
        case {"Fn::Not": [inner]}:
            return not value(inner)
        case {"Fn::And": list(parts)}:
            return all(value(part) for part in parts)
        case {"Fn::Or": list(parts)}:
            return any(value(part) for part in parts)
        case {"Fn::Contains": [list(choices), wanted]}:
            return value(wanted) in [value(choice) for choice in choices]
        case {"Fn::FindInMap": [table, row, column]}:
            return document["Mappings"][value(table)][value(row)][value(column)]
        case str() | int() | bool():
            return expression
        case _:
            raise NotImplementedError(f"this check cannot evaluate {expression}")


def truths(document: Document, parameters: Mapping[str, str]) -> dict[str, bool]:
    """Return the value of every condition."""
    return {
        name: bool(evaluate(expression, parameters, document))
        for name, expression in document.get("Conditions", {}).items()
    }


def broken_rules(document: Document, parameters: Mapping[str, str]) -> list[str]:
    """Return what CloudFormation says when it refuses these parameter values; nothing if it accepts them."""
    return [
        assertion["AssertDescription"]
        for rule in document.get("Rules", {}).values()
        if evaluate(rule.get("RuleCondition", True), parameters, document)
        for assertion in rule["Assertions"]
        if not evaluate(assertion["Assert"], parameters, document)
    ]


def compared_values(document: Document, expressions: Any) -> dict[str, list[str]]:
    """Return, for each parameter that these conditions or rules look at, the values that can make a difference.

    They are its allowed values, or else what it is compared with and one value that stands for all others.
    """
    compared: dict[str, set[str]] = {}
    for expression in _within(expressions):
        match expression:
            case {"Fn::Equals": [{"Ref": str(name)}, {"Ref": str(other)}]}:
                raise NotImplementedError(f"this check cannot list the values of {name} and {other}")
            case {"Fn::Equals": [{"Ref": str(name)}, literal]} | {"Fn::Equals": [literal, {"Ref": str(name)}]}:
                compared.setdefault(name, set()).add(str(literal))
            case {"Fn::Contains": [list(choices), {"Ref": str(name)}]}:
                compared.setdefault(name, set()).update(map(str, choices))
            case {"Ref": str(name)}:
                compared.setdefault(name, set())
    values = {}
    for name, literals in compared.items():
        allowed: list[Any] = document["Parameters"][name].get("AllowedValues", [])
        values[name] = [str(value) for value in allowed] or [*sorted(literals), OTHER]
    return values


def parameters_of(document: Document, conditions: Iterable[str]) -> set[str]:
    """Return the parameters that these conditions look at, also through other conditions."""
    found: set[str] = set()
    for name in conditions:
        for expression in _within(document["Conditions"][name]):
            match expression:
                case {"Ref": str(parameter)}:
                    found.add(parameter)
                case {"Condition": str(other)}:
                    found |= parameters_of(document, [other])
    return found


class Combinations:
    """Every combination of parameter values that a template's conditions can tell apart and that its rules accept.

    A parameter that is compared with one value only has that and its example. Parameters that only rules look at have
    whatever value the rules accept. Those `aside` neither rules look at nor what exists or is named depends on: each
    combination of the others has chosen values of theirs. `names`: the parameters that vary; `rows`: their values.
    """

    def __init__(self, document: Document, examples: Mapping[str, str]) -> None:
        self._base = defaults_of(document) | dict(examples)
        looked_at = compared_values(document, document.get("Conditions", {}))
        in_rules = compared_values(document, document.get("Rules", {}))
        self.names = list(looked_at)
        self._in_both = [number for number, name in enumerate(self.names) if name in in_rules]
        free = {name: values for name, values in in_rules.items() if name not in looked_at}
        self._completions: dict[tuple[str, ...], dict[str, str] | None] = {}
        self.rows: list[tuple[str, ...]] = []
        telling = parameters_of(document, Graph(document).conditions) | _read_by_sam(document) | set(in_rules)
        self.aside = set(self.names) - telling
        choices = self._concrete(looked_at, examples)
        decided = document | {"Rules": _rules_without(document, free)}
        # An example is what most rules ask for, so it is tried before "none".
        others = list(_choices({name: each[::-1] for name, each in self._concrete(free, examples).items()}))
        chance = random.Random(0)  # noqa: S311 - the same rows each time
        for chosen in _choices({name: values for name, values in choices.items() if name not in self.aside}):
            row = tuple(chosen[name] if name in chosen else chance.choice(values) for name, values in choices.items())
            seen = self._seen_by_rules(row)
            if seen not in self._completions:
                given = self._base | dict(zip(self.names, row, strict=True))
                accepted = (one for one in others if not broken_rules(document, given | one))
                self._completions[seen] = None if broken_rules(decided, given) else next(accepted, None)
            if self._completions[seen] is not None:
                self.rows.append(row)

    def parameters(self, row: tuple[str, ...]) -> dict[str, str]:
        """Return the values of all parameters in one of the rows."""
        return (
            self._base | dict(zip(self.names, row, strict=True)) | (self._completions[self._seen_by_rules(row)] or {})
        )

    def _seen_by_rules(self, row: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(row[number] for number in self._in_both)

    @staticmethod
    def _concrete(values: Mapping[str, list[str]], examples: Mapping[str, str]) -> dict[str, list[str]]:
        return {name: [examples[name] if one is OTHER else one for one in each] for name, each in values.items()}


def _rules_without(document: Document, names: Iterable[str]) -> dict[str, Any]:
    """Return the rules with those of their assertions that look at none of these parameters."""
    rules = {}
    for name, rule in document.get("Rules", {}).items():
        condition = rule.get("RuleCondition", True)
        kept = [
            one for one in rule["Assertions"] if not set(names) & compared_values(document, [condition, one]).keys()
        ]
        rules[name] = {"RuleCondition": condition, "Assertions": kept}
    return rules


def _read_by_sam(document: Document) -> set[str]:
    """Return the parameters in tables and in how versions take over, which SAM resolves itself."""
    read = [part for part in _within(document) if isinstance(part, dict)]
    parts = [part[key] for part in read for key in ("Fn::FindInMap", "DeploymentPreference") if key in part]
    return {one["Ref"] for part in parts for one in _within(part) if isinstance(one, dict) and "Ref" in one}


def _choices(values: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    for chosen in itertools.product(*values.values()):
        yield dict(zip(values, chosen, strict=True))


def _within(value: Any) -> Iterator[Any]:
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _within(inner)
