"""One request of the form as a step of the conversation: taken once, and answered by what the dialogue made of it."""

import datetime as dt
import time
from collections.abc import Callable

from helpdesk.conversation.chapters.sign_in_form import open_form
from helpdesk.conversation.effects import AnswerForm
from helpdesk.conversation.events import FormBack, FormOpened, FormSubmitted
from helpdesk.conversation.flow import Flow
from helpdesk.conversation.model import Rules, Stage
from helpdesk.conversation.screens import Screen
from helpdesk.errors import ConversationError, HelpdeskError
from helpdesk.forms.requests import Action, FormRequest
from helpdesk.forms.tokens import FormToken
from helpdesk.service.form_reader import read_submission
from helpdesk.service.identity import following, own_mobile
from helpdesk.service.outbox import MOST_ENTRIES
from helpdesk.service.turn import Draft, Turns
from helpdesk.service.unseen_answers import LONGEST_WAIT_SECONDS
from helpdesk.storage.conversations import ConversationStore, Stored
from helpdesk.storage.form_answers import Claim, FormAnswers
from helpdesk.storage.sealing import Seal
from helpdesk.storage.work import Job, WorkQueue
from helpdesk.structs import Value
from helpdesk.telemetry import logger

POLL_SECONDS = 0.15
_IN_VAIN = 2
"""After so many waits in a row that brought nothing, none is begun for a while."""
_PAUSE_SECONDS = 60
_INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30))


class FormOver(HelpdeskError):
    """The form cannot be filled in any more, or is not ours. `language`: hers, as far as that is known."""

    def __init__(self, language: str = "en") -> None:
        super().__init__("the form is over")
        self.language = language


class OutboxFull(ConversationError):
    """So much of hers is still to be done that nothing more is taken."""


class Taken(Value, frozen=True):
    """A step that was taken: what the form shows next, or None where the answer comes in the chat."""

    stored: Stored
    step: str
    answer: AnswerForm | None


class Patience:
    """How long it is worth waiting: not at all while DigiLocker's last answers took longer."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._in_vain = 0
        self._until = 0.0

    @property
    def seconds(self) -> float:
        """How long to wait now."""
        return 0 if self._clock() < self._until else LONGEST_WAIT_SECONDS

    def note(self, *, came: bool) -> None:
        """Note whether an answer came in time."""
        self._in_vain = 0 if came else self._in_vain + 1
        if self._in_vain >= _IN_VAIN:
            self._in_vain, self._until = _IN_VAIN - 1, self._clock() + _PAUSE_SECONDS


class FormSteps:
    """Takes steps."""

    def __init__(
        self,
        *,
        store: ConversationStore,
        answers: FormAnswers,
        work: WorkQueue,
        seal: Seal,
        pepper: Callable[[], str],
        rules: Rules,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._answers = answers
        self._work = work
        self._turns = Turns(store, seal, rules, clock, sleep)
        self._pepper = pepper
        self._rules = rules
        self._clock = clock
        self._sleep = sleep
        self._patience = Patience(clock)

    def take(self, request: FormRequest, token: FormToken) -> Taken:
        """Take the step that a request is, unless it was taken before, and wait for its answer.

        Raises FormOver, and what storing and queueing raise: then the request can be made again.
        """

        def decide(draft: Draft) -> None:
            flow = open_form(draft.conversation, token.mark, draft.now, self._rules)
            if flow is None or draft.now >= token.ends_at:
                raise FormOver(draft.conversation.language)
            match request.action:
                case Action.INIT if draft.conversation.at is not Stage.FORM:
                    raise FormOver(draft.conversation.language)
                case Action.INIT:
                    step = following(f"{request.token} opened {flow.number}")
                    draft.enter(step, draft.advance(FormOpened(step)))
                case Action.BACK if draft.conversation.at is Stage.FORM:
                    step = following(f"{request.token} back {flow.number}")
                    draft.enter(step, draft.advance(FormBack(step, _screen(request))))
                case Action.SUBMIT if _is_newest(request, flow):
                    self._submit(draft, request)

        stored, _ = self._turns.take(token.conversation_id, decide)
        flow = stored.conversation.flow
        if flow is None:
            raise FormOver(stored.conversation.language)
        self._work.send([Job(stored.id, entry.step, entry.lane) for entry in stored.to_queue((flow.step,))])
        if flow.shown and not flow.is_late:
            return Taken(stored, flow.step, flow.shown)
        answer = self._wait(stored.id, flow.step)
        return Taken(self._store.load(stored.id) if answer else stored, flow.step, answer)

    def _submit(self, draft: Draft, request: FormRequest) -> None:
        if len(draft.before.outbox) >= MOST_ENTRIES:
            raise OutboxFull(f"{len(draft.before.outbox)} steps are still to be done")
        step = following(f"{request.token} {request.step}")
        if step in draft.before.seen:
            return
        screen = _screen(request)
        read = read_submission(
            screen,
            request.fields,
            step,
            pepper=self._pepper(),
            own_mobile=own_mobile(draft.after.person.phone),
            today=dt.datetime.fromtimestamp(draft.now, _INDIA).date().isoformat(),
        )
        outcome = draft.advance(FormSubmitted(step, request.step, screen, read.entered))
        draft.enter(step, outcome, read.brought)
        effects = [type(effect).__name__ for effect in outcome[1]]
        logger.info("submitted", extra={"step": step, "screen": screen, "effects": effects})

    def _wait(self, conversation_id: str, step: str) -> AnswerForm | None:
        """Wait for what DigiLocker answers, and claim it. None if it takes longer, or was told in the chat."""
        until = self._clock() + self._patience.seconds
        while True:
            found = self._answers.read(conversation_id, step)
            if found and found.claim is Claim.CHAT:
                return None
            if found and (found.claim is Claim.FORM or self._answers.claim(conversation_id, step, Claim.FORM)):
                self._patience.note(came=True)
                return found.answer
            if found is None:
                if self._clock() >= until:
                    self._patience.note(came=False)
                    return None
                self._sleep(POLL_SECONDS)


def _is_newest(request: FormRequest, flow: Flow) -> bool:
    """Return whether a screen is the one that was shown last: any other was submitted before, or left by going back."""
    return flow.shown is not None and request.step == flow.number and flow.shown.screen == request.screen


def _screen(request: FormRequest) -> Screen:
    return Screen(request.screen) if request.screen in set(Screen) else Screen.CLOSED
