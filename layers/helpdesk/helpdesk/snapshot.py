"""What must not be frozen into a snapshot of a function (Lambda SnapStart).

With SnapStart each new execution environment is a copy of one that was started when the version was published, perhaps
weeks ago. All copies would share a secret that was read until then, connections that are long dead, and the point from
which random numbers go on.

Source: Lambda developer guide, "Runtime hooks for Python" and "Handling uniqueness with Lambda SnapStart".
"""

import random
from collections.abc import Mapping
from typing import Any, Protocol

try:
    import snapshot_restore_py
except ImportError:  # only Lambda's own runtime brings it
    snapshot_restore_py = None

hooks: Any = snapshot_restore_py


class Perishable(Protocol):
    """Holds what only one environment may have. It can be used again after it was closed."""

    def close(self) -> None:
        """Let go of it."""


def reset_around_snapshot[P: Perishable](perishable: P) -> P:
    """Have something closed before a snapshot is taken, and in each environment that is made from it. Returns it."""
    if hooks is not None:
        hooks.register_before_snapshot(_close, perishable)
        hooks.register_after_restore(_close, perishable)
    return perishable


def is_preinitialized(environment: Mapping[str, str]) -> bool:
    """Return whether the function starts while nobody waits: for a snapshot, or for provisioned concurrency.

    Source: Lambda developer guide, "Defined runtime environment variables".
    """
    return environment.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") != "on-demand"


def _close(perishable: Perishable) -> None:
    perishable.close()


if hooks is not None:
    # Jitter is there so that not all do the same at the same moment.
    hooks.register_after_restore(random.seed)
