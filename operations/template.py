"""The template as CloudFormation reads it: parameters, rules, and what a value comes to for given parameters."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.settings import ROOT
from template_checks.conditions import evaluate
from template_checks.transform import Document, defaults_of, load

FUNCTION = "AWS::Serverless::Function"
LAYER = "AWS::Serverless::LayerVersion"
ARTIFACTS = {FUNCTION: "CodeUri", LAYER: "ContentUri"}
"""The property of a resource that names what is uploaded for it."""
_NOT_IN_A_VERSION = frozenset(
    {
        *("Events", "DeploymentPreference", "ReservedConcurrentExecutions", "CodeUri", "CodeSigningConfigArn", "Tags"),
        *("AutoPublishAlias", "AutoPublishAliasAllProperties", "AutoPublishCodeSha256"),
    }
)
"""Properties of a function that Lambda does not freeze when it publishes a version: they count at once."""

type Values = Mapping[str, str]
"""The template's parameters, by name."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of the template."""

    name: str
    label: str
    definition: Mapping[str, Any]

    @property
    def default(self) -> str | None:
        """Its default; None if it has none."""
        return str(self.definition["Default"]) if "Default" in self.definition else None

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that it can have, if they are listed."""
        return tuple(str(value) for value in self.definition.get("AllowedValues", []))

    def fault(self, value: str) -> str | None:
        """Say what is wrong with a value, as CloudFormation would minutes later; None if nothing is."""
        if self.choices and value not in self.choices:
            return f"must be {' or '.join(self.choices)}"
        constraint = self.definition.get("ConstraintDescription")
        pattern = self.definition.get("AllowedPattern")
        if pattern is not None and re.fullmatch(pattern, value) is None:
            return str(constraint or f"must match {pattern}")
        if self.definition["Type"] == "Number" and not self._is_in_range(value):
            least, most = (self.definition.get(name, "any") for name in ("MinValue", "MaxValue"))
            return str(constraint or f"must be a number from {least} to {most}")
        return None

    def _is_in_range(self, value: str) -> bool:
        try:
            number = float(value)
        except ValueError:
            return False
        least, most = self.definition.get("MinValue", number), self.definition.get("MaxValue", number)
        return float(least) <= number <= float(most)


@dataclass(frozen=True)
class BrokenRule:
    """A rule of the template that the values do not meet, and the parameters that could fix it."""

    description: str
    parameters: tuple[str, ...]


class Template:
    """A template of SAM's, as data."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.resources: Mapping[str, Mapping[str, Any]] = document["Resources"]
        labels = document.get("Metadata", {}).get("AWS::CloudFormation::Interface", {}).get("ParameterLabels", {})
        self.parameters = {
            name: Parameter(name, labels.get(name, {}).get("default", name), definition)
            for name, definition in document["Parameters"].items()
        }

    @classmethod
    def read(cls, path: Path = ROOT / "template.yaml") -> "Template":
        """Read a template, ours unless told otherwise."""
        return cls(load(path.read_text(encoding="utf-8")))

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of the resources of a type, by logical id."""
        return {name: one["Properties"] for name, one in self.resources.items() if one["Type"] == kind}

    # --- what depends on the parameters -------------------------------------------------------------------------------

    def broken_rules(self, values: Values) -> list[BrokenRule]:
        """Return the rules that these values break."""
        broken = []
        for rule in self.document.get("Rules", {}).values():
            if not self._is_true(rule.get("RuleCondition", True), values):
                continue
            for assertion in rule["Assertions"]:
                if not self._is_true(assertion["Assert"], values):
                    names = [name for name in references(assertion["Assert"]) if name in self.parameters]
                    broken.append(BrokenRule(assertion["AssertDescription"], tuple(dict.fromkeys(names))))
        return broken

    def exists(self, resource: Mapping[str, Any], values: Values) -> bool:
        """Return whether a stack with these parameters has a resource."""
        return "Condition" not in resource or bool(self._holds(resource["Condition"], values))

    def resolve(self, value: Any, values: Values) -> Any:
        """Work out a value of the template. What depends on a resource stays as it is; `AWS::NoValue` is None."""
        match value:
            case {"Ref": "AWS::NoValue"}:
                return None
            case {"Ref": str(name)} if name in self.parameters:
                return values.get(name, self.parameters[name].default or "")
            case {"Fn::If": [condition, chosen, otherwise]}:
                return self.resolve(chosen if self._holds(condition, values) else otherwise, values)
            case {"Fn::FindInMap": [name, first, second]}:
                table = self.document["Mappings"][self.resolve(name, values)]
                return table[self.resolve(first, values)][self.resolve(second, values)]
            case dict():
                return {key: self.resolve(inner, values) for key, inner in value.items()}
            case list():
                return [self.resolve(inner, values) for inner in value]
        return value

    def _holds(self, condition: str, values: Values) -> bool:
        return self._is_true({"Condition": condition}, values)

    def _is_true(self, expression: Any, values: Values) -> bool:
        """Work out a condition, or a part of a rule."""
        return bool(evaluate(expression, defaults_of(self.document) | dict(values), self.document))

    def functions(self) -> list[dict[str, Any]]:
        """Return the properties of each function, those that all of them share included."""
        shared = self.document.get("Globals", {}).get("Function", {})
        return [shared | own for own in self.of_type(FUNCTION).values()]

    # --- what a function is made of -----------------------------------------------------------------------------------

    def versioned(self) -> dict[str, Any]:
        """Return what a published version of each function is made of, by its logical id: all but its code."""
        shared = self.document.get("Globals", {}).get("Function", {})
        return {
            name: [
                {key: value for key, value in properties.items() if key not in _NOT_IN_A_VERSION}
                for properties in (shared, own)
            ]
            for name, own in self.of_type(FUNCTION).items()
        }

    def released_parameters(self) -> frozenset[str]:
        """Return the parameters that functions read: a change of one reaches callers by a new version only.

        That is what a function's properties name, directly or through a condition.
        """
        return frozenset(self._parameters_in(self.versioned()))

    def _parameters_in(self, value: Any) -> Iterator[str]:
        for name in references(value):
            if name in self.parameters:
                yield name
        for condition in conditions(value):
            yield from self._parameters_in(self.document["Conditions"][condition])


def references(value: Any) -> Iterator[str]:
    """Return the names of parameters and resources that a value of a template refers to."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), *_]}:
            yield from re.findall(r"\$\{(\w+)", text)
            if isinstance(value["Fn::Sub"], list):
                yield from references(value["Fn::Sub"][1:])
        case dict():
            for inner in value.values():
                yield from references(inner)
        case list():
            for inner in value:
                yield from references(inner)


def conditions(value: Any) -> Iterator[str]:
    """Return the names of the conditions that decide what a value of a template is."""
    match value:
        case {"Fn::If": [str(name), *branches]}:
            yield name
            yield from conditions(branches)
        case {"Condition": str(name)}:
            yield name
        case dict():
            for inner in value.values():
                yield from conditions(inner)
        case list():
            for inner in value:
                yield from conditions(inner)
