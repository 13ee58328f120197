"""Dataclasses of the dialogue to JSON and back.

A dataclass becomes an object that names its class under `is`; only the classes of the dialogue can be named. What is
as it would be anyway is not written: fields that are missing take their defaults. Unknown ones are left out, so that a
new version reads what an old one wrote, and the other way round. So a field's default stays as it is for good: with
another one, what is stored would mean something else.
"""

import json
from dataclasses import fields

from helpdesk.conversation import effects, model, offers
from helpdesk.conversation.choices import Choice

CLASSES: dict[str, type] = {
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
"""What can be stored, by the name that it is stored under."""
_ENUMS: dict[type, dict[str, type]] = {
    model.Conversation: {"stage": model.Stage, "previous": model.Stage},
    effects.Button: {"choice": Choice},
}
_DEFAULTS: dict[type, dict[str, object]] = {
    cls: {field.name: field.default for field in fields(cls)} for cls in CLASSES.values()
}
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def dumps(value: object) -> str:
    """Write a value as JSON."""
    return _ENCODER.encode(plain(value))


def loads[T](text: str, kind: type[T]) -> T:
    """Read a value of `kind` back. Raises TypeError if the text holds something else."""
    return built(json.loads(text), kind)


def plain(value: object) -> object:
    """Give a value as JSON has it, to be written inside of something else."""
    if (defaults := _DEFAULTS.get(type(value))) is not None:
        # One look at each field: this is done for all of a conversation, at every message.
        written: dict[str, object] = {"is": type(value).__name__}
        for name, held in vars(value).items():
            if held != defaults[name]:
                written[name] = plain(held)
        return written
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
    if isinstance(value, list):
        return tuple([_built(item) for item in value])
    if not isinstance(value, dict) or "is" not in value:
        return value
    cls = CLASSES[value["is"]]
    known, enums = _DEFAULTS[cls], _ENUMS.get(cls, {})
    held = {name: item for name, item in value.items() if name in known}
    return cls(**{name: enums[name](item) if name in enums else _built(item) for name, item in held.items()})
