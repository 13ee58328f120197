"""What the form was to show, and nobody came for: when it is told in the chat instead.

DigiLocker's answer is shown by whoever claims it first: the form while it waits, or a timer for the chat. Where the
form showed it and nothing followed, the phone may never have got it, so it is told in the chat once.
"""

import time
from collections.abc import Callable

from helpdesk.conversation.effects import AnswerForm
from helpdesk.conversation.events import FormUnseen
from helpdesk.service.identity import following
from helpdesk.storage.conversations import Entry, Stored
from helpdesk.storage.form_answers import Claim, FormAnswers
from helpdesk.storage.work import FormTimer, TimerQueue

LONGEST_WAIT_SECONDS = 3.0
"""How long a screen waits for DigiLocker: WhatsApp counts ten seconds as a failure, and looks at the slowest tenth."""
_SLACK_SECONDS = 2
"""For what lies between the step and its screen, beside the waiting."""
_FOLLOWED_SECONDS = 60
"""Within that time something follows a screen that was shown."""


class UnseenAnswers:
    """Puts answers where the form finds them, and looks later whether it did."""

    def __init__(self, answers: FormAnswers, timers: TimerQueue, clock: Callable[[], float] = time.time) -> None:
        self._answers = answers
        self._timers = timers
        self._clock = clock

    def put(self, stored: Stored, entry: Entry, answer: AnswerForm) -> None:
        """Put an answer there, and have it looked after. Where it closes the form, nothing is left to be told."""
        self._answers.put(stored.id, entry.step, answer)
        if answer.reply is not None:
            waits_until = entry.at + LONGEST_WAIT_SECONDS + _SLACK_SECONDS
            self._timers.set(FormTimer(stored.id, entry.step), max(0, round(waits_until - self._clock())))

    def due(self, timer: FormTimer) -> FormUnseen | None:
        """Return what happens now that the timer fires; None if nothing does. The claim stays until it has happened."""
        conversation_id, step = timer.conversation_id, timer.step
        found = self._answers.read(conversation_id, step)
        if found and found.claim is Claim.NOBODY and not self._answers.claim(conversation_id, step, Claim.CHAT):
            found = self._answers.read(conversation_id, step)  # the form was faster
        if found is None or found.answer.reply is None:
            return None
        if found.claim is not Claim.FORM:
            return FormUnseen(following(f"{step} unseen"), step, found.answer.reply)
        left = found.claimed_at + _FOLLOWED_SECONDS - self._clock()
        if left > 0:
            self._timers.set(timer, max(1, round(left)))
            return None
        return FormUnseen(following(f"{step} left"), step, found.answer.reply, again=True)
