"""Flow JSON as WhatsApp reads it: what it refuses when a form is uploaded, and what a phone makes of a screen.

Written from Meta's Flow JSON and components references, whatever our own forms use of them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

VERSIONS = ("5.1", "6.0", "6.1", "6.2", "6.3", "7.0", "7.1", "7.2", "7.3")
"""Which can be published."""
DATA_API_VERSIONS = ("3.0", "4.0")
_SCREEN_ID = re.compile(r"[A-Za-z_]+")
_REFERENCE = re.compile(r"\$\{(data|form|screen)\.([A-Za-z_.]+)\}")
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}
_SCREEN_NAMES = frozenset({"id", "title", "terminal", "success", "data", "layout", "refresh_on_back", "sensitive"})
ACTIONS = frozenset({"navigate", "data_exchange", "complete", "open_url", "update_data"})
_COMPONENTS = frozenset(
    {
        *("TextHeading", "TextSubheading", "TextBody", "TextCaption", "RichText", "Footer", "EmbeddedLink", "OptIn"),
        *("TextInput", "TextArea", "RadioButtonsGroup", "CheckboxGroup", "Dropdown", "DatePicker", "CalendarPicker"),
        *("Image", "PhotoPicker", "DocumentPicker", "If", "Switch", "NavigationList", "ChipsSelector", "Form"),
    }
)
INPUTS = frozenset(
    {
        *("OptIn", "TextInput", "TextArea", "RadioButtonsGroup", "CheckboxGroup", "Dropdown", "DatePicker"),
        *("CalendarPicker", "PhotoPicker", "DocumentPicker", "ChipsSelector"),
    }
)
LIMITS: Mapping[tuple[str, str], int] = {
    ("TextHeading", "text"): 80,
    ("TextSubheading", "text"): 80,
    ("TextBody", "text"): 4096,
    ("TextCaption", "text"): 409,
    ("TextInput", "label"): 20,
    ("TextInput", "helper-text"): 80,
    ("TextArea", "label"): 20,
    ("OptIn", "label"): 120,
    ("EmbeddedLink", "text"): 25,
    ("RadioButtonsGroup", "label"): 30,
    ("Dropdown", "label"): 20,
    ("DatePicker", "label"): 40,
    ("Footer", "label"): 35,
}


def read(text: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return an uploaded form and WhatsApp's validation errors; no form if it is no JSON object."""
    try:
        form = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        return {}, [_error("INVALID_JSON", "The file is no valid JSON.", line)]
    if not isinstance(form, dict):
        return {}, [_error("INVALID_JSON", "The file is no JSON object.")]
    return form, [_error(kind, message) for kind, message in _faults(form)]


def _error(kind: str, message: str, line: int = 1) -> dict[str, Any]:
    place = {"line_start": line, "line_end": line, "column_start": 1, "column_end": 1}
    return {"error": kind, "error_type": "FLOW_JSON_ERROR", "message": message, **place, "pointers": [place]}


def _faults(form: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if form.get("version") not in VERSIONS:
        yield "INVALID_PROPERTY_VALUE", f"version must be one of {', '.join(VERSIONS)}"
    if "data_api_version" in form and form["data_api_version"] not in DATA_API_VERSIONS:
        yield "INVALID_PROPERTY_VALUE", f"data_api_version must be one of {', '.join(DATA_API_VERSIONS)}"
    screens = form.get("screens")
    if not isinstance(screens, list) or not screens or not all(isinstance(one, dict) for one in screens):
        yield "MISSING_REQUIRED_PROPERTY", "screens must be a list of screens"
        return
    ids = [str(screen.get("id", "")) for screen in screens]
    if len(set(ids)) < len(ids):
        yield "DUPLICATE_SCREEN_IDS", "every screen needs an id of its own"
    yield from _routes(form, ids, {str(one["id"]) for one in screens if one.get("terminal")})
    for screen in screens:
        yield from _screen_faults(screen)


def _routes(form: Mapping[str, Any], ids: list[str], terminal: set[str]) -> Iterator[tuple[str, str]]:
    routes = form.get("routing_model")
    if routes is None:
        if "data_api_version" in form:
            yield "MISSING_REQUIRED_PROPERTY", "routing_model is needed with a data endpoint"
        return
    if set(routes) != set(ids):
        yield "INVALID_ROUTING_MODEL", "routing_model must name exactly the screens that there are"
        return
    for screen, following in routes.items():
        if len(following) > 10 or screen in following or not set(following) <= set(ids):
            yield "INVALID_ROUTING_MODEL", f"the routes of {screen} are not allowed"
        if screen in terminal and following:
            yield "INVALID_ROUTING_MODEL", f"{screen} is terminal, and leads nowhere"
        if screen not in terminal and not _reaches(routes, screen, terminal):
            yield "INVALID_ROUTING_MODEL", f"no way leads from {screen} to a terminal screen"
    if any(a in routes[b] for a in routes for b in routes[a] if b in routes):
        yield "INVALID_ROUTING_MODEL", "routes lead forward only"
    if all(any(screen in following for following in routes.values()) for screen in routes):
        yield "INVALID_ROUTING_MODEL", "there is no screen to begin with"


def _reaches(routes: Mapping[str, list[str]], start: str, ends: set[str]) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        for screen in routes.get(waiting.pop(), ()):
            if screen in ends:
                return True
            if screen not in seen:
                seen.add(screen)
                waiting.append(screen)
    return False


def _screen_faults(screen: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = str(screen.get("id", ""))
    if not _SCREEN_ID.fullmatch(name) or name == "SUCCESS":
        yield "INVALID_PROPERTY_VALUE", f"{name!r} is no id for a screen"
    for unknown in screen.keys() - _SCREEN_NAMES:
        yield "INVALID_PROPERTY_KEY", f"{name}: {unknown} is not allowed"
    data = screen.get("data", {})
    for field, schema in data.items():
        if schema.get("type") not in _TYPES or "__example__" not in schema:
            yield "INVALID_PROPERTY_VALUE", f"{name}: data.{field} needs a type and an __example__"
    layout = screen.get("layout", {})
    children = layout.get("children", [])
    if layout.get("type") != "SingleColumnLayout" or not children or len(children) > 50:
        yield "INVALID_PROPERTY_VALUE", f"{name}: layout needs 1 to 50 children in a SingleColumnLayout"
    footers = [child for child in children if child.get("type") == "Footer"]
    if len(footers) > 1 or (screen.get("terminal") and not footers):
        yield "INVALID_PROPERTY_VALUE", f"{name}: one Footer is needed on a terminal screen, and no screen has two"
    inputs = [child.get("name") for child in children if child.get("type") in INPUTS]
    if len(set(inputs)) < len(inputs):
        yield "INVALID_PROPERTY_VALUE", f"{name}: two inputs have the same name"
    for child in children:
        yield from _component_faults(name, child, data, inputs)


def _component_faults(
    screen: str, component: Mapping[str, Any], data: Mapping[str, Any], inputs: list[Any]
) -> Iterator[tuple[str, str]]:
    kind = component.get("type")
    if kind not in _COMPONENTS:
        yield "INVALID_PROPERTY_VALUE", f"{screen}: there is no component {kind}"
    for of, field in LIMITS:
        text = component.get(field)
        if of == kind and isinstance(text, str) and not _REFERENCE.search(text) and len(text) > LIMITS[of, field]:
            yield "INVALID_PROPERTY_VALUE", f"{screen}: {kind}.{field} is longer than {LIMITS[of, field]}"
    action = component.get("on-click-action")
    if kind in {"Footer", "EmbeddedLink"} and (not isinstance(action, Mapping) or action.get("name") not in ACTIONS):
        yield "INVALID_PROPERTY_VALUE", f"{screen}: {kind} needs an on-click-action"
    for where, field in _REFERENCE.findall(json.dumps(component)):
        known = data if where == "data" else inputs if where == "form" else (field,)
        if field.split(".")[0] not in known:
            yield "INVALID_DYNAMIC_DATA", f"{screen}: ${{{where}.{field}}} is not declared"


def screen_of(form: Mapping[str, Any], screen: str) -> dict[str, Any]:
    """Return the screen of that id. Raises KeyError."""
    for one in form["screens"]:
        if one["id"] == screen:
            return dict(one)
    raise KeyError(screen)


def data_faults(screen: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    """Return what a phone finds wrong with the data that a screen is sent, by the schema that the screen declares."""
    found = []
    for name, schema in screen.get("data", {}).items():
        kind = _TYPES[schema["type"]]
        if name not in data:
            found.append(f"{name} is missing")
        elif not isinstance(data[name], kind) or (schema["type"] == "number" and isinstance(data[name], bool)):
            found.append(f"{name} is no {schema['type']}")
    return found


def filled(value: Any, data: Mapping[str, Any], form: Mapping[str, Any]) -> Any:
    """Return a property, or an action's payload, with what it refers to put in its place."""
    if isinstance(value, Mapping):
        return {key: filled(one, data, form) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, data, form) for one in value]
    if not isinstance(value, str):
        return value
    sources = {"data": data, "form": form}
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return sources.get(whole[1], {}).get(whole[2])
    return _REFERENCE.sub(lambda found: str(sources.get(found[1], {}).get(found[2], "")), value)


def missing_inputs(screen: Mapping[str, Any], data: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """Return the inputs that keep a footer shut: required and empty, too short or too long."""
    found = []
    for component in screen["layout"]["children"]:
        if component.get("type") not in INPUTS:
            continue
        shown = filled(component, data, values)
        value = values.get(component["name"])
        is_empty = value in (None, "", False)
        if shown.get("required") if is_empty else isinstance(value, str) and not _fits(shown, value):
            found.append(component["name"])
    return found


def _fits(component: Mapping[str, Any], value: str) -> bool:
    if component["type"] == "RadioButtonsGroup":
        return value in {option["id"] for option in component.get("data-source") or ()}
    if component["type"] == "DatePicker":
        earliest, latest = component.get("min-date") or "", component.get("max-date") or "9999-12-31"
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)) and earliest <= value <= latest
    least, most = int(component.get("min-chars") or 0), int(component.get("max-chars") or 80)
    return least <= len(value) <= most
