"""The forms (Flows) of the business account, and the key that phones encrypt for, as Meta keeps them.

The caller holds the world's lock.
"""

import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

VERSIONS_ALIVE = 5
"""Messages that were sent with an older version cannot be opened any more."""
KEY_BITS = 2048


@dataclass
class Flow:
    """One form: what is drafted, and the versions that are published, the newest last."""

    id: str
    name: str
    categories: tuple[str, ...]
    endpoint_uri: str = ""
    application_id: str = ""
    status: str = "DRAFT"
    """DRAFT, PUBLISHED, DEPRECATED, BLOCKED or THROTTLED"""
    draft: dict[str, Any] = field(default_factory=dict)
    validation_errors: list[dict[str, Any]] = field(default_factory=list)
    published: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=VERSIONS_ALIVE))

    @property
    def was_published(self) -> bool:
        return bool(self.published)


class Flows:
    """All forms, and the number's public key."""

    def __init__(self) -> None:
        self.by_id: dict[str, Flow] = {}
        self.public_key = ""
        """PEM, as it was uploaded; empty: none."""
        self.key_signed = True
        """Whether the key's signature is valid: it is not once the number has been registered again."""

    def add(self, name: str, categories: tuple[str, ...]) -> Flow:
        flow = Flow(str(10**14 + secrets.randbelow(9 * 10**14)), name, categories)
        self.by_id[flow.id] = flow
        return flow

    def find(self, *, flow_id: str = "", name: str = "") -> Flow | None:
        """Return the form of that id, or else of that name; a deprecated one has given its name away."""
        if flow_id:
            return self.by_id.get(flow_id)
        return next((flow for flow in self.by_id.values() if flow.name == name and flow.status != "DEPRECATED"), None)

    def key(self) -> RSAPublicKey | None:
        """Return the public key that phones are given, if one was uploaded."""
        return read_key(self.public_key) if self.public_key else None


def read_key(pem: str) -> RSAPublicKey | None:
    """Return the key of a PEM; None if it is no RSA key of the size that WhatsApp takes."""
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size == KEY_BITS else None
