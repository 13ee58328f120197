"""Settles the template's parameters before anything is built: what is given, what stays, and what has to be asked.

A first deployment asks only for what nobody else can know. Everything else comes, in this order, from SET, from
samconfig.toml, from the stack as it is deployed, and from the template's defaults. Patterns and rules are
CloudFormation's own, read from the template; a slip is asked again at once instead of failing minutes later.
"""

import difflib
from collections.abc import Mapping, Sequence

from operations.deployment.release import RELEASE
from operations.operator import Operator, Stopped
from operations.template import Parameter, Template


def settle(
    template: Template,
    given: Sequence[str],
    configured: Mapping[str, str],
    deployed: Mapping[str, str] | None,
    operator: Operator,
) -> dict[str, str]:
    """Return a value for each parameter but the release.

    `given`: NAME=VALUE, from SET; `configured`: samconfig.toml's; `deployed`: the stack's, None if there is no stack.
    Raises Stopped where an answer is needed and nobody is there to give it.
    """
    known = {**(deployed or {}), **configured, **_named(template, given)}
    values: dict[str, str] = {}
    for parameter in template.parameters.values():
        if parameter.name == RELEASE:
            continue
        value = known.get(parameter.name, parameter.default)
        fault = None if value is None else parameter.fault(value)
        if fault is not None:
            operator.tell("", f"{parameter.name}={value}: {fault}")
        values[parameter.name] = _asked(parameter, operator) if value is None or fault else value
    while broken := template.broken_rules(values):
        operator.tell("", broken[0].description)
        if not broken[0].parameters:
            raise Stopped(f"{broken[0].description}.")
        needed = template.parameters[broken[0].parameters[0]]
        values[needed.name] = _asked(needed, operator)
    return values


def _named(template: Template, given: Sequence[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals:
            raise Stopped(f"SET takes NAME=VALUE, not {word!r}. A value with spaces: SET=\"'{word}=two words'\".")
        if name not in template.parameters or name == RELEASE:
            close = difflib.get_close_matches(name, template.parameters, 1)
            raise Stopped(f"There is no parameter {name}.{f' Did you mean {close[0]}?' if close else ''}")
        named[name] = value
    return named


def _asked(parameter: Parameter, operator: Operator) -> str:
    """Ask until the answer is one that CloudFormation takes."""
    if not operator.present:
        raise Stopped(f"{parameter.name} is needed: SET={parameter.name}=... ({parameter.definition['Description']})")
    operator.tell("", parameter.definition["Description"])
    choices = f" ({' or '.join(parameter.choices)})" if parameter.choices else ""
    while True:
        answer = operator.read(f"{parameter.label}{choices}: ").strip()
        fault = parameter.fault(answer)
        if fault is None:
            return answer
        operator.tell("", f"{parameter.name} {fault}")
