"""Values cannot be changed, and show nothing that is personal."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import helpdesk
from helpdesk.structs import Value

for module in pkgutil.walk_packages(helpdesk.__path__, "helpdesk."):
    importlib.import_module(module.name)


def kinds(base: type[Value]) -> Iterator[type[Value]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


KINDS = [kind for kind in kinds(Value) if kind.__module__.startswith("helpdesk.")]
PERSONAL = {"phone", "user_id", "uri", "mobile", "device_code", "verifier", "proof", "iso", "uid", "words"}
"""Names of fields that hold personal data or secrets wherever they stand."""


def made(kind: type[Value]) -> Value:
    """Make a value whose fields hold their own names, without a look at what they may hold."""

    class Anything(kind, frozen=True):  # type: ignore[call-arg, misc, valid-type]
        def __post_init__(self) -> None:
            """Check nothing."""

    value: Value = Anything(**{name: f"<{name}>" for name in kind.__struct_fields__})
    return value


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_a_value_cannot_be_changed(kind: type[Value]) -> None:
    value = made(kind)
    for name in (*kind.__struct_fields__, "anything_else"):
        with pytest.raises(AttributeError):
            setattr(value, name, "changed")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_its_repr_shows_all_but_what_is_hidden(kind: type[Value]) -> None:
    assert set(kind.hidden) <= set(kind.__struct_fields__)
    shown = repr(made(kind))
    assert not [name for name in kind.hidden if f"<{name}>" in shown]
    if "__repr__" not in vars(kind):
        assert all(f"{name}='<{name}>'" in shown for name in kind.__struct_fields__ if name not in kind.hidden)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_personal_data_and_secrets_are_hidden(kind: type[Value]) -> None:
    assert PERSONAL & set(kind.__struct_fields__) <= set(kind.hidden)
