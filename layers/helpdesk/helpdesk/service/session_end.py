"""What the outbox still holds of a session that is over is done by its timer, and waits for neither lane.

While the desk is closed nobody works on the lanes. The timers go on.
"""

import time
from collections.abc import Callable

from helpdesk.conversation.advance import is_entrusted
from helpdesk.conversation.effects import DeletePdf, DeliverDocument, EraseData, Revoke
from helpdesk.conversation.events import SessionClosed, TimeRanOut
from helpdesk.conversation.model import Rules
from helpdesk.service.follow_ups import FollowUps
from helpdesk.service.identity import following
from helpdesk.service.outbox import left_of, must_be_forgotten, outlived
from helpdesk.storage.conversations import ConversationStore, Entry, Stored
from helpdesk.storage.work import IdleTimer, TimerQueue
from helpdesk.telemetry import logger


class SessionEnd:
    """Forgets what outlived its session."""

    def __init__(
        self,
        store: ConversationStore,
        follow_ups: FollowUps,
        timers: TimerQueue,
        rules: Rules,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._follow_ups = follow_ups
        self._timers = timers
        self._rules = rules
        self._clock = clock

    def forget(self, stored: Stored, event: TimeRanOut | SessionClosed) -> None:
        """Forget what is in the outbox of a session that the event has ended, or have a timer look again."""
        if isinstance(event, TimeRanOut) and is_entrusted(stored.conversation):
            return
        now = int(self._clock())
        others = [entry for entry in stored.outbox if entry.step != event.id]
        old = outlived(others, now, 0 if isinstance(event, SessionClosed) else self._rules.session_seconds)
        for entry in old:
            self._forget(stored, entry)
        waiting = [entry.at for entry in others if must_be_forgotten(entry) and entry not in old]
        if waiting and isinstance(event, TimeRanOut):
            seconds = min(waiting) + self._rules.session_seconds - now
            self._timers.set(IdleTimer(stored.id, following(event.id)), max(60, seconds))

    def _forget(self, stored: Stored, entry: Entry) -> None:
        """Revoke and delete what an entry of the outbox asks for, or would have used."""
        logger.info("forgotten before its job", extra={"of": entry.step})
        for effect in entry.then:
            match effect:
                case Revoke() | DeletePdf() | EraseData():
                    self._follow_ups.do(effect, stored, entry)
                case DeliverDocument(key=key):
                    self._follow_ups.do(DeletePdf(key), stored, entry)
        # Only if it is as it was: whoever works on it meanwhile has gone further.
        self._store.exchange(stored.id, entry, left_of(entry))
