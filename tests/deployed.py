"""The deployed help desks for the tests: the real template in a local AWS, each started once, when first needed."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from standins.local_stack import LocalStack, stop_on_signals


@dataclass(frozen=True)
class Way:
    """How citizens sign in: the template's parameters, and the stand-ins' settings."""

    parameters: Mapping[str, str]
    simulator_settings: Mapping[str, Any] = field(default_factory=dict)


IN_CHAT = "in chat"
BY_FORM = "by form"
PAGE_STACKS = ("ask 1.x", "refuse 2.4")
"""`MobileMismatch` and DigiLocker's version. 1.x names no mobile that could be compared."""
WAYS = {
    # The template's own parameters, but for a resend that need not wait a minute.
    IN_CHAT: Way({"ResendSeconds": "2"}),
    BY_FORM: Way({"SignIn": "form"}),
    **{
        name: Way({"SignIn": "consent-page", "MobileMismatch": mismatch}, {"digilocker_version": version})
        for name in PAGE_STACKS
        for mismatch, version in [name.split()]
    },
}


class Deployments:
    """Those that run. A context manager: on leaving, they have ended."""

    def __init__(self, start: Callable[..., LocalStack] = LocalStack) -> None:
        self._start = start
        self._running: dict[str, LocalStack] = {}
        self._open = ExitStack()

    def stack(self, name: str) -> LocalStack:
        """Return the one of `WAYS` with this name; start it unless it runs."""
        if name not in self._running:
            way = WAYS[name]
            stack = self._start(parameters=way.parameters, simulator_settings=way.simulator_settings)
            self._running[name] = self._open.enter_context(stack)
        return self._running[name]

    def __enter__(self) -> Self:
        self._open.enter_context(stop_on_signals())
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
