"""Dataclasses of the dialogue to JSON and back.

A dataclass becomes an object that names its class under `is`; only the classes of the dialogue can be named. Fields
that are missing take their defaults and unknown ones are left out, so that a new version reads what an old one wrote.
"""

import json
from dataclasses import fields

from helpdesk.conversation import effects, model, offers
from helpdesk.conversation.choices import Choice

_CLASSES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *effects.ALL_EFFECTS,
        effects.Text,
        effects.Button,
        effects.Option,
        offers.Offer,
        offers.Parameter,
        model.Conversation,
        model.Form,
        model.Pull,
        model.OtpRound,
        model.Link,
        model.Session,
        model.Waiting,
        model.Tried,
        model.Wanted,
        model.Repeated,
        model.IssuedDocument,
    )
}
_ENUMS: dict[tuple[type, str], type] = {
    (model.Conversation, "stage"): model.Stage,
    (model.Conversation, "previous"): model.Stage,
    (effects.Button, "choice"): Choice,
}
_FIELDS: dict[type, tuple[str, ...]] = {cls: tuple(field.name for field in fields(cls)) for cls in _CLASSES.values()}
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def dumps(value: object) -> str:
    """Write a value as JSON."""
    return _ENCODER.encode(plain(value))


def loads[T](text: str, kind: type[T]) -> T:
    """Read a value of `kind` back. Raises TypeError if the text holds something else."""
    return built(json.loads(text), kind)


def plain(value: object) -> object:
    """Give a value as JSON has it, to be written inside of something else."""
    if (names := _FIELDS.get(type(value))) is not None:
        # One look at each field: this is done for all of a conversation, at every message.
        held = ((name, getattr(value, name)) for name in names)
        return {"is": type(value).__name__} | {name: plain(item) for name, item in held if item is not None}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def built[T](decoded: object, kind: type[T]) -> T:
    """Give back a value of `kind` that was decoded with what it stood in. Raises TypeError if it is something else."""
    value = _built(decoded)
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
    return value


def _built(value: object) -> object:
    match value:
        case {"is": str(name), **rest}:
            cls = _CLASSES[name]
            return cls(**{key: _field(cls, key, item) for key, item in rest.items() if key in _FIELDS[cls]})
        case list(items):
            return tuple(_built(item) for item in items)
    return value


def _field(cls: type, name: str, value: object) -> object:
    enum = _ENUMS.get((cls, name))
    return enum(value) if enum else _built(value)
