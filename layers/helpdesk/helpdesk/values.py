"""Values: dataclasses that do not change, made and copied in a fraction of the standard library's time.

A frozen class of the standard library is made by compiling some six methods that are written for it; a cold start makes
over eighty such classes. Here only `__init__` is, once there is to be an instance, and the classes share the others.
An instance is copied several times for every message; here that calls no constructor. docs/decisions.md (*Made faster*)
has the figures.

Type checkers see the standard library's `dataclass` and `replace`, so they know each field, and refuse to change one.
When the program runs, nothing refuses.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - to be imported from here
    from dataclasses import replace as replace  # noqa: PLC0414
else:

    def dataclass[T](*, frozen: bool, kw_only: bool = False) -> Callable[[type[T]], type[T]]:  # noqa: ARG001 - see above
        """Make a dataclass, with `@dataclass(frozen=True)` as ever."""

        def made(cls: type[T]) -> type[T]:
            for name in ("__eq__", "__hash__", "__repr__"):
                if name not in vars(cls):
                    setattr(cls, name, vars(_Shared)[name])
            cls.__init__ = _late_init(cls)
            return dataclasses.dataclass(init=False, eq=False, repr=False, kw_only=kw_only)(cls)

        return made

    def _late_init(cls: type) -> Callable[..., None]:
        """Give an `__init__` that puts the right one in its place when it is first called."""

        def late(self: object, *values: object, **named: object) -> None:
            made = dataclasses.dataclass(eq=False, repr=False)(type(cls.__name__, (cls,), {"__doc__": cls.__doc__}))
            cls.__init__ = made.__init__
            cls.__init__(self, *values, **named)

        return late

    def replace[T](value: T, /, **changes: Any) -> T:
        """Give a copy with other values in some fields. `__post_init__` does not look at it."""
        copy = object.__new__(type(value))
        copy.__dict__.update(value.__dict__, **changes)
        return copy


class _Shared:
    """The methods that all values have."""

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        fields = (field for field in dataclasses.fields(self) if field.repr)  # type: ignore[arg-type]
        shown = (f"{field.name}={getattr(self, field.name)!r}" for field in fields)
        return f"{type(self).__qualname__}({', '.join(shown)})"
