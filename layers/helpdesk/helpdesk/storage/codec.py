"""Dataclasses of the dialogue to JSON and back.

A dataclass becomes an object that names its class under `is`; only the classes of the dialogue can be named. What is
as it would be anyway is not written: fields that are missing take their defaults. Unknown ones are left out, so that a
new version reads what an old one wrote, and the other way round. So a field's default stays as it is for good: with
another one, what is stored would mean something else.
"""

from dataclasses import fields

import orjson

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
_NESTED = (list, dict)


def dumps(value: object) -> str:
    """Write a value as JSON, dataclasses in it too. Raises TypeError for what is none of the dialogue's."""
    return orjson.dumps(value, _written, orjson.OPT_PASSTHROUGH_DATACLASS).decode()


def loads[T](text: str, kind: type[T]) -> T:
    """Read a value of `kind` back. Raises TypeError if the text holds something else."""
    value = _built(orjson.loads(text))
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
    return value


def _written(value: object) -> dict[str, object]:
    """Give the fields of a dataclass that are not as they would be anyway."""
    defaults = _DEFAULTS.get(type(value))
    if defaults is None:
        raise TypeError(f"a {type(value).__name__} cannot be stored")
    changed = {name: held for name, held in vars(value).items() if held != defaults[name]}
    return {"is": type(value).__name__} | changed


def _built(value: object) -> object:
    if isinstance(value, list):
        return tuple([_built(item) for item in value])
    if not isinstance(value, dict):
        return value
    if "is" not in value:
        return {name: _built(item) for name, item in value.items()}
    cls = CLASSES[value["is"]]
    known, enums = _DEFAULTS[cls], _ENUMS.get(cls, {})
    held = {name: _built(item) if isinstance(item, _NESTED) else item for name, item in value.items() if name in known}
    for name in enums.keys() & held.keys():
        held[name] = enums[name](held[name])
    return cls(**held)
