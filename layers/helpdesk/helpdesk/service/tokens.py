"""Opening what is sealed, and giving tokens back to DigiLocker."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from helpdesk.conversation.effects import REFRESH, TOKEN
from helpdesk.conversation.ends import idle_end
from helpdesk.conversation.model import Conversation, Rules
from helpdesk.errors import DigiLockerError, SealEnded
from helpdesk.storage.conversations import Entry, Stored
from helpdesk.storage.sealing import Sealer
from helpdesk.telemetry import count, logger

if TYPE_CHECKING:  # a job that only replies does without
    from helpdesk.service.digilocker_gateway import DigiLockerGateway


class SealedValues:
    """Opens what a conversation keeps, and keeps to its ends."""

    def __init__(self, sealer: Sealer, rules: Rules, clock: Callable[[], float] = time.time) -> None:
        self._sealer = sealer
        self._rules = rules
        self._clock = clock

    def open(self, stored: Stored, name: str, entry: Entry | None = None) -> str:
        """Open a value that the state keeps, or an entry. Raises SealEnded."""
        sealed, written_at = (entry.sealed, entry.at) if entry else (stored.sealed, stored.written_at)
        if name not in sealed:
            raise SealEnded(f"{name} was forgotten with its session")
        end = idle_end(stored.conversation, self._rules)
        return self._sealer.open(sealed[name], stored.id, name, written_at=written_at, idle_end=end)

    def tokens(self, stored: Stored, entry: Entry, names: Iterable[str]) -> dict[str, str]:
        """Open tokens to sign out with: after the idle end too. One past its own end is worth nothing."""
        opened = {}
        for name in names:
            try:
                opened[name] = self._sealer.open(entry.sealed[name], stored.id, name, written_at=entry.at)
            except SealEnded:
                count("SealsEnded")
                logger.warning("a token ended before it could be revoked")
        return opened

    def is_idle(self, conversation: Conversation) -> bool:
        """Return whether the citizen has been silent for too long."""
        return self._clock() >= idle_end(conversation, self._rules)


def give_back(gateway: "DigiLockerGateway", values: Mapping[str, str]) -> None:
    """Sign out at DigiLocker: revoke the tokens among some values, by their names.

    If it fails, they are forgotten here anyway; an access token dies within the hour.
    """
    for name in (name for name in (TOKEN, REFRESH) if name in values):
        try:
            gateway.revoke(values[name], is_refresh=name == REFRESH)
        except DigiLockerError as error:
            count("RevokeFailed")
            logger.warning("a token could not be revoked", extra={"code": error.code})
