"""The same answer in other wrappings: what proxies, other editions and other languages make of documented JSON.

Seen in integrations, or usual where JSON is made from XML or by PHP; no document describes them.
"""

import html
import json
from enum import StrEnum
from typing import Any

from flask import Response


class Wrapping(StrEnum):
    """How an answer's JSON comes."""

    IN_DATA = "in-data"
    IN_DETAILS = "in-details"
    NUMBERED = "numbered"
    """A list is an object whose keys are numbers."""
    SINGLE = "single"
    """A list of one is that one."""
    AS_TEXT = "as-text"
    """A list is a text that holds JSON."""
    CAPITALS = "capitals"
    """Keys are in capitals."""
    ESCAPED = "escaped"
    """Texts for people have HTML's entities."""
    STRAY_BYTE = "stray-byte"
    """A name has a byte that is not UTF-8."""
    MARKED = "marked"
    """A byte order mark comes before it."""


_FOR_PEOPLE = {"name", "issuer", "description", "label"}


def wrapped(response: Response, wrapping: Wrapping) -> Response:
    """Return an answer in a wrapping; one that is no JSON as it is."""
    body = response.get_json(silent=True)
    if body is None:
        return response
    content = json.dumps(_wrapped(body, wrapping), ensure_ascii=False).encode()
    if wrapping is Wrapping.STRAY_BYTE:
        content = content.replace(b'"name": "', b'"name": "\xe9', 1)
    if wrapping is Wrapping.MARKED:
        content = b"\xef\xbb\xbf" + content + b"\r\n"
    response.set_data(content)
    return response


def _wrapped(body: Any, wrapping: Wrapping) -> Any:
    match wrapping:
        case Wrapping.IN_DATA:
            return {"status": "success", "data": body}
        case Wrapping.IN_DETAILS:
            return {"status": "success", "details": body}
        case Wrapping.NUMBERED | Wrapping.SINGLE | Wrapping.AS_TEXT | Wrapping.CAPITALS | Wrapping.ESCAPED:
            return _each(body, wrapping)
    return body


def _each(value: Any, wrapping: Wrapping, key: str = "") -> Any:
    if isinstance(value, dict):
        upper = wrapping is Wrapping.CAPITALS
        return {name.upper() if upper else name: _each(inner, wrapping, name) for name, inner in value.items()}
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        inner = [_each(one, wrapping) for one in value]
        match wrapping:
            case Wrapping.NUMBERED:
                return {str(number): one for number, one in enumerate(inner)}
            case Wrapping.SINGLE if len(inner) == 1:
                return inner[0]
            case Wrapping.AS_TEXT:
                return json.dumps(inner)
        return inner
    if wrapping is Wrapping.ESCAPED and isinstance(value, str) and key in _FOR_PEOPLE:
        return html.escape(f"{value} & Co")
    return value
