"""Every call that leaves the functions goes through here, is counted, and can be the one at which the process dies."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

type Moment = Literal["before", "after"]

_STAY_INSIDE = frozenset({"generate_presigned_url"})
"""Methods of clients that call nobody: a link is signed in the process."""


class Died(BaseException):
    """The process is gone. No `except Exception` of the functions may notice."""


@dataclass(frozen=True)
class Call:
    """A call that left a function, while the citizen waited for the answer to `line`."""

    line: str
    function: str
    name: str
    invocation: int = field(default=0, compare=False)
    """The number of the invocation that made it."""

    def __str__(self) -> str:
        """Name the call, as in: Hi / webhook / dynamodb.query."""
        return f"{self.line} / {self.function} / {self.name}"


@dataclass(frozen=True)
class CrashPoint:
    """Before, or after, call number `index` (from 0) takes effect."""

    index: int
    moment: Moment


class Calls:
    """Counts calls, and dies at the crash point, once."""

    def __init__(self, crash: CrashPoint | None = None) -> None:
        self.made: list[Call] = []
        self.line = ""
        self.function = ""
        self.invocation = 0
        self.died = False
        self._crash = crash

    def through[T](self, name: str, effect: Callable[[], T]) -> T:
        """Make a call. Raises Died at the crash point, before or after `effect`, whether it succeeded or not."""
        index = len(self.made)
        self.made.append(Call(self.line, self.function, name, self.invocation))
        if self._crash == CrashPoint(index, "before"):
            self._die()
        try:
            return effect()
        finally:
            if self._crash == CrashPoint(index, "after"):
                self._die()

    def _die(self) -> None:
        self.died = True
        raise Died


class Counted:
    """A client all of whose methods are counted."""

    def __init__(self, name: str, client: object, calls: Calls) -> None:
        self._name = name
        self._client = client
        self._calls = calls

    def __getattr__(self, method: str) -> Any:
        """Return the client's method, counted."""
        real = getattr(self._client, method)
        if method in _STAY_INSIDE or not callable(real):
            return real

        def counted(*args: Any, **kwargs: Any) -> Any:
            # One method makes several of DigiLocker's calls: those are named by what is asked.
            name = args[0].name.lower() if method in {"signed", "submitted"} else method
            return self._calls.through(f"{self._name}.{name}", lambda: real(*args, **kwargs))

        return counted
