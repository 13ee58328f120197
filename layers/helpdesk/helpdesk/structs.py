"""The base classes of our values: msgspec structs, immutable and cheap to make, copy, write and read.

`msgspec.structs.replace` makes a changed copy. A value whose fields are not hashable is not hashable either.
"""

from typing import ClassVar

import msgspec


class Value(msgspec.Struct, frozen=True):
    """An immutable value. Its `repr` leaves out the fields that `hidden` names: personal data and secrets."""

    hidden: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in self.hidden)
        return f"{type(self).__name__}({', '.join(shown)})"


class Tagged(Value, frozen=True, tag=True, tag_field="is"):
    """A value that is stored. Its JSON names its class under `is`; fields that the class does not know are ignored."""
