"""Keeping the directory of issuers up to date, on jobs of its own."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from helpdesk.errors import DigiLockerError, StorageError
from helpdesk.outbound import Deadline
from helpdesk.storage.work import DirectoryTimer, TimerQueue
from helpdesk.telemetry import logger

if TYPE_CHECKING:  # a job that only replies does without
    from helpdesk.service.digilocker_gateway import DigiLockerGateway

PAUSE_SECONDS = 60
"""Between two parts of the directory: as long as a claim on it holds."""


class DirectoryRefresh:
    """Has the directory fetched, part by part."""

    def __init__(self, gateway: Callable[[], "DigiLockerGateway"], timers: TimerQueue) -> None:
        self._gateway = gateway
        self._timers = timers

    def ask_for(self) -> None:
        """Have the directory fetched if it is due. That no timer can be set holds up nobody."""
        if not self._gateway().is_directory_due():
            return
        try:
            self._timers.set(DirectoryTimer(), 0)
        except StorageError as error:
            logger.error("the directory was not asked for", extra={"error": type(error).__name__})

    def run(self, deadline: Deadline) -> None:
        """Fetch a part of the directory; as long as each brings something, the next one follows."""
        try:
            goes_on = self._gateway().refresh_directory(deadline)
        except DigiLockerError as error:
            logger.warning("the directory could not be fetched", extra={"code": error.code})
            return
        if goes_on:
            self._timers.set(DirectoryTimer(), PAUSE_SECONDS)
