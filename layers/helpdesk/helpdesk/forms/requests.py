"""What a form asks, once it is decrypted, read leniently.

Source: WhatsApp Flows, "Implementing your Flow endpoint"; which names an error report has differs between phones.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from helpdesk.errors import PayloadError
from helpdesk.structs import Value

LONGEST_FIELD: Final = 512
"""Characters of what is entered in one field; a token has fewer."""
_MOST_FIELDS: Final = 20
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Action(StrEnum):
    """What is asked."""

    PING = "ping"
    """Meta looks whether we are there."""
    INIT = "INIT"
    """She opens the form."""
    BACK = "BACK"
    """She goes back from `screen`."""
    SUBMIT = "data_exchange"
    """She has tapped a button or a link on `screen`."""
    ERROR = "error"
    """The phone reports that it could not use an answer."""


class FormRequest(Value, frozen=True):
    """One request of a form."""

    hidden = ("fields", "token", "signature")

    action: Action
    screen: str = ""
    fields: Mapping[str, str] = _NOTHING
    """What was entered, and what the screen carries along."""
    token: str = ""
    """Which form it is. Some phones leave it out."""
    signature: str = ""
    """Meta's proof that the form was sent to her; "" if there is none."""

    @property
    def step(self) -> int:
        """The number of the screen that was submitted; 0 if it has none."""
        number = self.fields.get("step", "")
        return int(number) if number.isascii() and number.isdecimal() and len(number) <= 6 else 0


def read_request(clear: bytes) -> FormRequest:
    """Read a decrypted request. Raises PayloadError."""
    try:
        request = json.loads(clear)
    except (ValueError, RecursionError):
        request = None
    if not isinstance(request, dict):
        raise PayloadError("a form's request is no JSON object")
    data = request.get("data")
    fields = _fields(data) if isinstance(data, dict) else {}
    if isinstance(data, dict) and not {"error", "error_key"}.isdisjoint(data):
        return FormRequest(
            Action.ERROR, _text(request.get("screen")), _reported(data), _text(request.get("flow_token"))
        )
    try:
        action = Action(_text(request.get("action")))
    except ValueError:
        raise PayloadError("a form asks for something unknown") from None
    return FormRequest(
        action,
        screen=_text(request.get("screen")),
        fields=fields,
        # Every screen carries the token along, for phones that leave it out.
        token=_text(request.get("flow_token")) or fields.get("token", ""),
        signature=_signature(request.get("flow_token_signature")),
    )


def _fields(data: Mapping[object, object]) -> dict[str, str]:
    fields = {}
    for name, value in list(data.items())[:_MOST_FIELDS]:
        if isinstance(value, bool):
            fields[str(name)] = "yes" if value else ""
        elif isinstance(value, str | int):
            fields[str(name)] = _text(str(value))
    return fields


def _reported(data: Mapping[object, object]) -> dict[str, str]:
    """Return what went wrong on the phone: the kind alone, as the message may repeat what was entered."""
    return {"error": _text(data.get("error") or data.get("error_key"))[:64]}


def _text(value: object) -> str:
    """Return a text, "" for anything else and for what is too long or cannot be encoded."""
    if not isinstance(value, str) or len(value) > LONGEST_FIELD:
        return ""
    return value if value.isascii() else value.encode(errors="replace").decode()


def _signature(value: object) -> str:
    """Return a signature; one that is too long is not ours, and not the same as none."""
    return value if isinstance(value, str) and len(value) <= 4 * LONGEST_FIELD else "-" if value else ""
