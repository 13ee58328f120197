"""Secrets of Secrets Manager, as JSON objects, cached for five minutes.

One that is empty or does not fit (`refresh`) is read again at once, as an operator may just have changed it. A secret
that is empty, or cannot be read, refuses every call: `SecretError` names the secret and the field, never a value.
"""

import json
from collections.abc import Callable

from helpdesk.errors import SecretError, StorageError
from helpdesk.storage.aws import SecretsManagerClient, call

CACHE_SECONDS = 300
REFRESH_SECONDS = 30
"""Least time between two such readings: a flood of forged calls must not become one of calls to AWS."""


class Secret:
    """One secret. Times in seconds."""

    def __init__(self, client: SecretsManagerClient, arn: str, name: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._arn = arn
        self._name = name
        self._clock = clock
        self._fields: dict[str, object] = {}
        self._read_at: float | None = None
        self._refreshed_at: float | None = None

    def __repr__(self) -> str:
        """Only the secret's name."""
        return f"Secret({self._name})"

    def text(self, field: str) -> str:
        """Return a field. Raises SecretError if it is empty."""
        value = self._value(field)
        if not isinstance(value, str) or not value.strip():
            raise SecretError(f"{self._name}: the field {field} is empty")
        return value

    def optional(self, field: str) -> str:
        """Return a field that may still have to be filled; "" if it is empty. Raises SecretError."""
        value = self._value(field)
        return value if isinstance(value, str) else ""

    def texts(self, field: str) -> tuple[str, ...]:
        """Return a field that holds a list. Raises SecretError if nothing is in it."""
        values = self._value(field)
        found = tuple(v for v in values if isinstance(v, str) and v.strip()) if isinstance(values, list) else ()
        if not found:
            raise SecretError(f"{self._name}: the field {field} is empty")
        return found

    def close(self) -> None:
        """Forget what was read."""
        self._fields = {}
        self._read_at = self._refreshed_at = None

    def refresh(self) -> bool:
        """Read the secret again, as it may have been rotated; at most once in 30 s. Returns whether it was read.

        Raises SecretError if it cannot be read; then what was read before still counts.
        """
        now = self._clock()
        if self._refreshed_at is not None and now - self._refreshed_at < REFRESH_SECONDS:
            return False
        self._refreshed_at = now
        self._fetch()
        return True

    def _value(self, field: str) -> object:
        value = self._read().get(field)
        return self._fields.get(field) if not value and self.refresh() else value

    def _read(self) -> dict[str, object]:
        if self._read_at is None or self._clock() - self._read_at >= CACHE_SECONDS:
            self._fetch()
        return self._fields

    def _fetch(self) -> None:
        now = self._clock()
        try:
            answer = call(self._client.get_secret_value, SecretId=self._arn)
        except StorageError as error:
            raise SecretError(f"{self._name}: cannot be read ({error.code})") from None
        try:
            fields = json.loads(answer["SecretString"])
        except ValueError:
            raise SecretError(f"{self._name}: not a JSON object") from None
        if not isinstance(fields, dict):
            raise SecretError(f"{self._name}: not a JSON object")
        self._fields = fields
        self._read_at = now
