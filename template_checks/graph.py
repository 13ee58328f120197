"""The graph of what waits for what in a transformed template, as CloudFormation draws it with conditions evaluated.

A resource waits for what it names by `Ref`, `Fn::GetAtt`, `Fn::Sub` or `DependsOn`: in its properties, its metadata,
and its update policy, where SAM has an alias name the deployment group that moves it. CloudFormation refuses a template
in which something names what does not exist, or waits for itself.
"""

import graphlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from template_checks.transform import Document

_PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")
_WAITING_PARTS = ("Properties", "Metadata", "UpdatePolicy", "CreationPolicy")

Guard = frozenset[tuple[str, bool]]
"""Conditions and the values that they must have."""
Truth = Mapping[str, bool]
"""The value of every condition."""


@dataclass(frozen=True)
class Reference:
    """A name that something refers to, in the branches of `Fn::If` that are taken under the guard."""

    target: str
    guard: Guard


class Graph:
    """The references of one transformed template, read once, to be looked at under many values of its conditions."""

    def __init__(self, document: Document) -> None:
        parameters = set(document.get("Parameters", {}))
        self._resources = {name: _node(resource, parameters) for name, resource in document["Resources"].items()}
        self._kinds: dict[str, str] = {
            name: resource.get("Type", "") for name, resource in document["Resources"].items()
        }
        self._properties = {name: resource.get("Properties", {}) for name, resource in document["Resources"].items()}
        self._outputs = {
            name: _node({**output, "Properties": [output.get("Value"), output.get("Export")]}, parameters)
            for name, output in document.get("Outputs", {}).items()
        }
        nodes = [*self._resources.values(), *self._outputs.values()]
        guards = [guard for exists, named in nodes for guard in (exists, *(one.guard for one in named))]
        guards += [guard for name in self._resources for guard in self._present(name, "AccessLogSetting")]
        self.conditions = sorted({condition for guard in guards for condition, _ in guard})
        """The conditions that make a difference to what is found."""

    def faults(self, truth: Truth) -> list[str]:
        """Return why CloudFormation refuses the template when its conditions have these values, or nothing."""
        resources = self.existing(truth)
        outputs = {f"the output {name}": node for name, node in self._outputs.items() if _holds(node[0], truth)}
        found = []
        for name, (_, named) in {**{name: self._resources[name] for name in resources}, **outputs}.items():
            absent = {one.target for one in named if _holds(one.guard, truth)} - resources
            found += [f"{name} names {target}, which does not exist" for target in sorted(absent)]
        # In order, so that a circle is told in the same words each time.
        edges = self._edges(truth, resources)
        try:
            graphlib.TopologicalSorter({name: sorted(edges[name]) for name in sorted(edges)}).prepare()
        except graphlib.CycleError as circle:
            found.append(f"a circle: {' -> '.join(reversed(circle.args[1]))}")
        return found

    def kind(self, name: str) -> str:
        """Return a resource's type."""
        return self._kinds[name]

    def has(self, name: str, key: str, truth: Truth) -> bool:
        """Return whether a resource has that property when the conditions have these values."""
        return any(_holds(guard, truth) for guard in self._present(name, key))

    def existing(self, truth: Truth) -> set[str]:
        """Return the resources that exist when the conditions have these values."""
        return {name for name, (guard, _) in self._resources.items() if _holds(guard, truth)}

    def waits_for(self, name: str, truth: Truth) -> set[str]:
        """Return every resource that CloudFormation finishes before it begins with that one."""
        edges = self._edges(truth, self.existing(truth))
        reached: set[str] = set()
        open_ends = [name]
        while open_ends:
            named = edges[open_ends.pop()] - reached
            open_ends += named
            reached |= named
        return reached

    def _present(self, name: str, key: str) -> Iterator[Guard]:
        if key in self._properties[name]:
            yield from _present(self._properties[name][key], frozenset())

    def _edges(self, truth: Truth, existing: set[str]) -> dict[str, set[str]]:
        return {
            name: {one.target for one in self._resources[name][1] if _holds(one.guard, truth)} & existing
            for name in existing
        }


def _node(part: Mapping[str, Any], parameters: set[str]) -> tuple[Guard, list[Reference]]:
    """Return under what a resource or an output exists, and what it names beside parameters, which always exist."""
    guard = frozenset({(part["Condition"], True)}) if "Condition" in part else frozenset()
    depends_on = part.get("DependsOn", [])
    named = {Reference(name, frozenset()) for name in ([depends_on] if isinstance(depends_on, str) else depends_on)}
    for key in _WAITING_PARTS:
        named.update(_references(part.get(key), frozenset()))
    # An impossible guard is a branch that no values lead to.
    possible = [one for one in named if len({name for name, _ in one.guard}) == len(one.guard)]
    return guard, [one for one in possible if one.target not in parameters]


def _references(value: Any, guard: Guard) -> Iterator[Reference]:
    match value:
        case {"Fn::If": [str(condition), chosen, otherwise]}:
            yield from _references(chosen, guard | {(condition, True)})
            yield from _references(otherwise, guard | {(condition, False)})
        case {"Ref": str(name)}:
            yield from _unless_pseudo(name, guard)
        case {"Fn::GetAtt": [str(name), *attribute]}:
            yield Reference(name, guard)
            yield from _references(attribute, guard)
        case {"Fn::GetAtt": str(dotted)}:
            yield Reference(dotted.partition(".")[0], guard)
        case {"Fn::Sub": str(text)}:
            yield from _placeholders(text, {}, guard)
        case {"Fn::Sub": [str(text), dict(variables)]}:
            yield from _placeholders(text, variables, guard)
            yield from _references(variables, guard)
        case dict():
            for inner in value.values():
                yield from _references(inner, guard)
        case list():
            for inner in value:
                yield from _references(inner, guard)


def _present(value: Any, guard: Guard) -> Iterator[Guard]:
    """Yield the guards under which a property is there at all."""
    match value:
        case {"Fn::If": [str(condition), chosen, otherwise]}:
            yield from _present(chosen, guard | {(condition, True)})
            yield from _present(otherwise, guard | {(condition, False)})
        case {"Ref": "AWS::NoValue"}:
            return
        case _:
            yield guard


def _placeholders(text: str, variables: Mapping[str, Any], guard: Guard) -> Iterator[Reference]:
    for found in _PLACEHOLDER.findall(text):
        name = found.strip()
        if name not in variables:
            yield from _unless_pseudo(name.partition(".")[0], guard)


def _unless_pseudo(name: str, guard: Guard) -> Iterator[Reference]:
    if not name.startswith("AWS::"):
        yield Reference(name, guard)


def _holds(guard: Guard, truth: Truth) -> bool:
    return all(truth[name] is value for name, value in guard)
