"""The published rules of Flow JSON, and what is wrong with a form by them: python -m tools.forms

WhatsApp's own check says the same, but only when a form is uploaded; a text that is too long in one language it cannot
find at all, since texts travel as data. Source of every rule: Flow JSON and components reference.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

SIGN_IN: Final = Path(__file__).parents[1] / "forms" / "sign_in.json"

PUBLISHABLE: Final = frozenset({"5.1", "6.0", "6.1", "6.2", "6.3", "7.0", "7.1", "7.2", "7.3"})
MOST_EDGES: Final = 10
MOST_COMPONENTS: Final = 50
MOST_OPTIONS: Final = 20
LIMITS: Final[Mapping[tuple[str, str], int]] = {
    ("TextBody", "text"): 4096,
    ("TextInput", "label"): 20,
    ("TextInput", "helper-text"): 80,
    ("OptIn", "label"): 120,
    ("EmbeddedLink", "text"): 25,
    ("Footer", "label"): 35,
    ("DatePicker", "label"): 40,
    ("RadioButtonsGroup", "label"): 30,
}
"""Characters that a component's property may have."""
OPTION_LIMITS: Final[Mapping[str, int]] = {"id": 200, "title": 30, "description": 300}
TITLE_LIMIT: Final = 30
"""Ours: the reference names none, and a phone's title bar shows about so much."""
_INPUTS: Final = frozenset({"TextInput", "OptIn", "DatePicker", "RadioButtonsGroup"})
_INPUT_TYPES: Final = frozenset({"text", "number", "email", "password", "passcode", "phone"})
_ID: Final = re.compile(r"[A-Za-z_]+")
_DATA: Final = re.compile(r"\$\{data\.([a-z_]+)\}")
_FORM: Final = re.compile(r"\$\{form\.([a-z_]+)\}")
_TYPES: Final[Mapping[str, type]] = {"string": str, "boolean": bool, "number": int, "array": list, "object": dict}


def faults(form: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a form alone, whatever data comes."""
    return [*_of_head(form), *_of_routes(form), *(fault for screen in form["screens"] for fault in _of_screen(screen))]


def data_faults(form: Mapping[str, Any], screen_id: str, data: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the data that a screen is sent: missing, of another type, or a text that is too long.

    `error_message` may come along: every screen shows it.
    """
    screen = next(one for one in form["screens"] if one["id"] == screen_id)
    declared = screen["data"]
    found = [f"{screen_id}: {name} is missing" for name in declared if name not in data]
    found += [f"{screen_id}: {name} is not declared" for name in data if name not in {*declared, "error_message"}]
    found += [fault for name in declared if name in data for fault in _of_type(name, declared[name], data[name])]
    found += _over(f"{screen_id}.title", _shown(screen["title"], data), TITLE_LIMIT)
    for component in screen["layout"]["children"]:
        kind = component["type"]
        for (of, name), most in LIMITS.items():
            if of == kind and name in component:
                found += _over(f"{screen_id}.{kind}.{name}", _shown(component[name], data), most)
        if kind == "RadioButtonsGroup":
            found += _of_options(screen_id, _shown(component["data-source"], data))
    return found


def _of_head(form: Mapping[str, Any]) -> Iterator[str]:
    if form.get("version") not in PUBLISHABLE:
        yield "version: cannot be published"
    if form.get("data_api_version") not in {"3.0", "4.0"}:
        yield "data_api_version: neither 3.0 nor 4.0"


def _of_routes(form: Mapping[str, Any]) -> Iterator[str]:
    routes: Mapping[str, list[str]] = form["routing_model"]
    screens = {screen["id"]: screen for screen in form["screens"]}
    edges = [(start, end) for start, ends in routes.items() for end in ends]
    if set(routes) != set(screens):
        yield "routing_model: names other screens than there are"
        return
    if len(edges) > MOST_EDGES:
        yield f"routing_model: more than {MOST_EDGES} edges"
    if any(end not in screens for _, end in edges):
        yield "routing_model: leads to a screen that is not there"
    if any(start == end or (end, start) in edges for start, end in edges):
        yield "routing_model: an edge leads back"
    if len(screens) - len({end for _, end in edges}) != 1:
        yield "routing_model: must have one screen that no edge leads to"
    for name, ends in routes.items():
        if not ends and not screens[name].get("terminal"):
            yield f"routing_model: {name} ends nowhere"


def _of_screen(screen: Mapping[str, Any]) -> Iterator[str]:
    name, children = screen["id"], screen["layout"]["children"]
    inputs = {child["name"] for child in children if child["type"] in _INPUTS}
    footers = [child for child in children if child["type"] == "Footer"]
    if not _ID.fullmatch(name) or name == "SUCCESS":
        yield f"{name}: no name for a screen"
    if len(children) > MOST_COMPONENTS:
        yield f"{name}: more than {MOST_COMPONENTS} components"
    if len(footers) > 1 or (screen.get("terminal") and not footers):
        yield f"{name}: must have one footer"
    if not set(screen.get("sensitive", ())) <= inputs:
        yield f"{name}: what is sensitive is no input"
    if len(inputs) != sum(child["type"] in _INPUTS for child in children):
        yield f"{name}: two inputs have one name"
    written = json.dumps(screen)
    for data in sorted(set(_DATA.findall(written)) ^ set(screen["data"])):
        yield f"{name}: {data} is declared and not used, or used and not declared"
    for field in sorted(set(_FORM.findall(written)) - inputs):
        yield f"{name}: there is no input {field}"
    for data, schema in screen["data"].items():
        if "__example__" not in schema:
            yield f"{name}: {data} has no example"
        else:
            yield from _of_type(f"{name}.{data}", schema, schema["__example__"])
    for child in children:
        yield from _of_component(name, child, terminal=bool(screen.get("terminal")))


def _of_component(screen: str, child: Mapping[str, Any], *, terminal: bool) -> Iterator[str]:
    kind = child["type"]
    action = child.get("on-click-action")
    if kind == "TextInput" and child.get("input-type") not in _INPUT_TYPES:
        yield f"{screen}.{kind}: no such input-type"
    if child.get("pattern") and not child.get("helper-text"):
        yield f"{screen}.{kind}: a pattern needs a helper-text"
    if kind in {"Footer", "EmbeddedLink"}:
        if action is None or action["name"] not in {"navigate", "data_exchange", "complete"}:
            yield f"{screen}.{kind}: does nothing that it may"
        elif action["name"] == "complete" and not terminal:
            yield f"{screen}.{kind}: completes on a screen that is not terminal"
    for name in ("label", "text", "helper-text"):
        if name in child and not _DATA.fullmatch(child[name]):
            yield f"{screen}.{kind}: {name} is the same in every language"


def _of_type(name: str, schema: Mapping[str, Any], value: object) -> Iterator[str]:
    expected = _TYPES[schema["type"]]
    if not isinstance(value, expected):
        yield f"{name}: is no {schema['type']}"
    elif isinstance(value, list):
        properties = schema["items"]["properties"]
        for one in value:
            for key in properties:
                if key not in one:
                    yield f"{name}: {key} is missing"
            for key, part in one.items():
                if key not in properties or not isinstance(part, _TYPES[properties[key]["type"]]):
                    yield f"{name}: {key} is not declared so"


def _of_options(screen: str, options: list[Mapping[str, str]]) -> Iterator[str]:
    if not 1 <= len(options) <= MOST_OPTIONS:
        yield f"{screen}: must offer 1 to {MOST_OPTIONS}"
    if len({option["id"] for option in options}) != len(options):
        yield f"{screen}: two options have one id"
    for option in options:
        for key, text in option.items():
            yield from _over(f"{screen}.{key}", text, OPTION_LIMITS[key])


def _over(name: str, text: str, most: int) -> list[str]:
    if not text.strip():
        return [f"{name}: is empty"]
    size = len(text.encode("utf-16-le")) // 2
    return [f"{name}: {size} of {most} characters"] if size > most else []


def _shown(value: str, data: Mapping[str, Any]) -> Any:
    """Return what is there with this data; a name that is missing is told elsewhere."""
    named = _DATA.fullmatch(value)
    return data.get(named[1], "-") if named else value


def main() -> int:
    """Print the faults of the form."""
    form = json.loads(SIGN_IN.read_text(encoding="utf-8"))
    found = faults(form)
    found += [
        fault
        for screen in form["screens"]
        for fault in data_faults(form, screen["id"], {key: one["__example__"] for key, one in screen["data"].items()})
    ]
    print("\n".join(found) or f"{SIGN_IN.name}: in order")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
