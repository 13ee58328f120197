"""What went over the wires, call by call, for whoever looks behind the scenes.

Unlike `World.calls` it keeps bodies of webhooks and of messages: the citizens are made up. It keeps no token, no query
and nothing of what DigiLocker is sent or answers.
"""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

_KEPT = 2_000
_LONGEST_BODY = 20_000


@dataclass(frozen=True)
class Entry:
    """One call. `seconds` until its answer; no `status`: there was no answer. No `number`: it is not known whose."""

    id: int
    kind: Literal["webhook", "message", "digilocker", "graph"]
    at: float
    seconds: float
    number: str | None
    method: str
    target: str
    status: int | None
    body: str | None = None
    signature: str | None = None
    answer: str | None = None


class Journal:
    """The last calls, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._written = 0

    @property
    def written(self) -> int:
        """How many there were so far; the next one's id."""
        with self._lock:
            return self._written

    def write(
        self,
        kind: Literal["webhook", "message", "digilocker", "graph"],
        *,
        at: float,
        seconds: float,
        number: str | None,
        method: str,
        target: str,
        status: int | None,
        body: bytes | None = None,
        signature: str | None = None,
        answer: bytes | None = None,
    ) -> None:
        """Add a call."""
        with self._lock:
            self._entries.append(
                Entry(
                    self._written,
                    kind,
                    at,
                    round(seconds, 4),
                    number,
                    method,
                    target,
                    status,
                    _text(body),
                    signature,
                    _text(answer),
                )
            )
            self._written += 1

    def of(self, number: str, after: int = -1) -> list[dict[str, Any]]:
        """Return the calls that concern this phone, or nobody in particular, with a greater id than `after`."""
        with self._lock:
            found = [entry for entry in self._entries if entry.id > after and entry.number in {None, number}]
        return [asdict(entry) for entry in found]


def named_in(webhook: bytes) -> tuple[str, str] | None:
    """Return the phone number and the user id ("" if absent) of the person that a webhook is about."""
    try:
        value = json.loads(webhook)["entry"][0]["changes"][0]["value"]
    except (ValueError, LookupError, TypeError):
        return None
    if not isinstance(value, Mapping):
        return None
    for part, number, user_id in (
        ("messages", "from", "from_user_id"),
        ("statuses", "recipient_id", "recipient_user_id"),
    ):
        for one in value.get(part) or ():
            if not isinstance(one, Mapping):
                continue
            return str(one.get(number) or ""), str(one.get(user_id) or "")
    return None


def _text(body: bytes | None) -> str | None:
    return None if body is None else body[:_LONGEST_BODY].decode(errors="replace")
