"""The document function: what is in the outbox is done, step by step.

For one job:

1. Read the conversation. No entry for the step: it is done.
2. The entry holds nothing but what needs no answer: go to 5.
3. Nobody waits for it any more: take the entry out. It is late: the citizen is told that it expired or, if it can still
   be done, that it takes longer than usual.
4. Ask DigiLocker, advance the dialogue by the answer, and write both at once: the new state, and the entry that now
   holds what follows. If that is another request (after the OTP, the list), do it in the same breath.
5. Send the replies, and do the rest that needs no answer.
6. Take the entry out.

Dying anywhere leaves the entry in the outbox and the message on the queue, so the step is taken up again.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from helpdesk.conversation.answers import wanted
from helpdesk.conversation.effects import (
    AnswerForm,
    DeliverDocument,
    FetchDocument,
    FollowUp,
    OfferForm,
    PullDocument,
    Request,
    SendOtp,
)
from helpdesk.conversation.ends import idle_end
from helpdesk.conversation.events import (
    DeliveryFailed,
    DocumentFetched,
    DocumentsListed,
    Ended,
    Failed,
    FormNotShown,
    FormUnseen,
    OtpSent,
    Refreshed,
    SessionClosed,
    SignedIn,
    TimeRanOut,
)
from helpdesk.conversation.model import Rules, Stage
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.turn import longer
from helpdesk.errors import ConversationError, HelpdeskError, StorageError
from helpdesk.outbound import Deadline
from helpdesk.service.callback_data import Tracker
from helpdesk.service.delivery_reports import DeliveryReports, refused
from helpdesk.service.digilocker_requests import EXPIRES, JOB_SECONDS, NEVER_REPEATED, Answered, DigiLockerRequests
from helpdesk.service.directory_refresh import DirectoryRefresh
from helpdesk.service.follow_ups import FollowUps
from helpdesk.service.identity import following
from helpdesk.service.message_sender import MessageSender
from helpdesk.service.recipients import Recipients
from helpdesk.service.session_end import SessionEnd
from helpdesk.service.tokens import SealedValues, give_back
from helpdesk.service.turn import Draft, Turns
from helpdesk.service.unseen_answers import UnseenAnswers
from helpdesk.storage.conversations import ConversationStore, Entry, Stored
from helpdesk.storage.documents import DocumentStore
from helpdesk.storage.form_answers import FormAnswers
from helpdesk.storage.records import RecordStore
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.work import (
    DeletionTimer,
    Delivered,
    DirectoryTimer,
    EndSession,
    FormTimer,
    FormUndelivered,
    IdleTimer,
    Job,
    Lane,
    TimerQueue,
    Undelivered,
    Work,
)
from helpdesk.structs import Value
from helpdesk.telemetry import count, logger
from helpdesk.whatsapp.errors import OutcomeUnknown

if TYPE_CHECKING:  # a job that only replies does without
    from helpdesk.service.digilocker_gateway import DigiLockerGateway


class NotItsTurn(ConversationError):
    """A reply to the citizen is still under way in the other lane."""


class Try(Value, frozen=True):
    """One time that a job is worked on."""

    deadline: Deadline
    waited: float
    """The seconds since it was queued."""
    again: bool
    """It was begun before, and broke off."""
    last: bool
    is_late: bool


class Worker:
    """Works on jobs and timers."""

    def __init__(
        self,
        *,
        store: ConversationStore,
        records: RecordStore,
        sealer: Sealer,
        locker: Callable[[], "DigiLockerGateway"],
        replier: MessageSender,
        documents: DocumentStore,
        timers: TimerQueue,
        answers: FormAnswers,
        recipients: Recipients,
        tracker: Tracker,
        rules: Rules,
        consent_seconds: int,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take what the work is done with. `locker` gives always the same one; only who needs it pays for its start."""
        self._store = store
        self._gateway = locker
        self._sender = replier
        self._documents = documents
        self._recipients = recipients
        self._reports = DeliveryReports(tracker, documents)
        self._rules = rules
        self._clock = clock
        self._turns = Turns(store, sealer, rules, clock, sleep)
        self._directory = DirectoryRefresh(locker, timers)
        sealed = SealedValues(sealer, rules, clock)
        self._requests = DigiLockerRequests(
            gateway=locker, sealed=sealed, records=records, directory=self._directory, rules=rules, clock=clock
        )
        self._unseen = UnseenAnswers(answers, timers, clock)
        self._follow_ups = FollowUps(
            store=store,
            records=records,
            sealed=sealed,
            gateway=locker,
            sender=replier,
            documents=documents,
            timers=timers,
            unseen=self._unseen,
            consent_seconds=consent_seconds,
            clock=clock,
        )
        self._session_end = SessionEnd(store, self._follow_ups, timers, rules, clock)

    def work(self, work: Work, *, queued_at: float = 0, again: bool = False, last_try: bool = False) -> None:
        """Do a piece of work. Whatever is raised leaves it to be resumed, except on the last try.

        `queued_at`: when it came on the queue, in seconds since the epoch. `again`: it was begun before, and broke off.
        """
        match work:
            case Job(conversation_id=conversation_id, step=step):
                with logger.append_context_keys(conversation=conversation_id, step=step):
                    self._job(conversation_id, step, queued_at, again=again, last_try=last_try)
            case IdleTimer(conversation_id=conversation_id, id=timer_id):
                with logger.append_context_keys(conversation=conversation_id, step=timer_id):
                    self._happens(conversation_id, TimeRanOut(timer_id))
            case EndSession(conversation_id=conversation_id, id=timer_id):
                with logger.append_context_keys(conversation=conversation_id, step=timer_id):
                    self._happens(conversation_id, SessionClosed(timer_id))
                    count("SessionsClosed")
            case Delivered() | Undelivered() | FormUndelivered():
                with logger.append_context_keys(conversation=work.conversation_id):
                    if event := self._reports.followed(work):
                        self._happens(work.conversation_id, event)
            case DeletionTimer(key=key):
                self._documents.delete(key)
            case FormTimer(conversation_id=conversation_id, step=step):
                with logger.append_context_keys(conversation=conversation_id, step=step):
                    if (unseen := self._unseen.due(work)) and self._happens(conversation_id, unseen):
                        count("FormsLeft" if unseen.again else "FormAnswersInChat")
            case DirectoryTimer():
                self._directory.run(Deadline.after(JOB_SECONDS))

    def _refuse(self, stored: Stored, step: str) -> None:
        """Drop a step that was asked for in the name of somebody to whom the conversation does not belong."""
        count("ForeignWork")
        logger.error("a step was refused", extra={"reason": "the conversation belongs to somebody else"})
        self._store.done(stored.id, step)

    def give_up(self, work: Work) -> None:
        """Forget what is sealed with a job that goes to the dead-letter queue. Its replies stay, to be sent later."""
        if not isinstance(work, Job):
            return

        def decide(draft: Draft) -> None:
            entry = draft.before.entry(work.step)
            if entry is None or not entry.sealed:
                return
            request = None if entry.request and entry.request.needs else entry.request
            left = replace(entry, request=request, then=tuple(one for one in entry.then if not one.needs), sealed={})
            draft.put, draft.drop = ((left,), ()) if left.effects else ((), (entry.step,))

        self._turns.take(work.conversation_id, decide)

    # A job

    def _job(self, conversation_id: str, step: str, queued_at: float, *, again: bool, last_try: bool) -> None:
        stored = self._store.load(conversation_id)
        entry = stored.entry(step)
        if entry is None:
            return
        if self._recipients.is_foreign(stored):
            self._refuse(stored, step)
            return
        waited = self._clock() - queued_at if queued_at else 0
        this = Try(Deadline.after(JOB_SECONDS), waited, again, last_try, self._is_late(entry, queued_at))
        left: Entry | None = entry
        while left and left.request:
            stored, left = self._request(stored, left, left.request, this)
            if left and left.request:
                self._answer_form(stored, left)
        self._finish(stored, left)

    def _answer_form(self, stored: Stored, entry: Entry) -> None:
        """Let the form go on, where what follows takes longer. It is done again at the end, which changes nothing."""
        for effect in entry.then:
            if isinstance(effect, AnswerForm):
                self._follow_ups.do(effect, stored, entry)

    def _announced(self, stored: Stored, entry: Entry) -> Entry:
        """Announce once that a step takes longer than usual. It is noted first: rather never than twice."""
        if entry.announced:
            return entry
        count("JobsAnnounced")
        noted = replace(entry, announced=True)
        self._store.rewrite(stored.id, noted)
        self._sender.send(longer(stored.conversation), stored, following(entry.step))
        return noted

    def _is_late(self, entry: Entry, queued_at: float) -> bool:
        """Return whether a step has waited for so long that she will not expect it any more.

        The time counts from when it could first be worked on: a webhook that died after its write is delivered again
        only some minutes later. What she wrote in a session that is over is too late in any case.
        """
        now = self._clock()
        since = max(entry.at, queued_at)
        return now - since > self._rules.job_expiry_seconds or now - entry.at > self._rules.session_seconds

    def _request(self, stored: Stored, entry: Entry, request: Request, this: Try) -> tuple[Stored, Entry | None]:
        """Have a request answered, and write down what follows from the answer."""
        if stored.conversation.stage is Stage.ENDED and stored.conversation.waits_for(entry.step):
            return self._record(stored, entry, Answered(Ended(entry.step)))
        if not wanted(stored.conversation, entry.step, request):
            count("UnwantedJobs")
            self._finish(stored, replace(entry, request=None))
            return stored, None
        if isinstance(request, FetchDocument) and not stored.conversation.documents:
            answered = Answered(Ended(entry.step))  # the list has ended, and what it was about with it
        elif this.last or (this.is_late and (this.again or isinstance(request, EXPIRES))):
            count("ExpiredJobs")
            # One that was begun before may have been brought in: nobody can say that DigiLocker was not asked.
            sent = this.again and isinstance(request, PullDocument)
            problem = NEVER_REPEATED[PullDocument] if sent else Problem.HELD_UP
            answered = Answered(Failed(entry.step, problem, request, unsent=not this.again))
        else:
            if this.is_late and self._clock() < idle_end(stored.conversation, self._rules):
                entry = self._announced(stored, entry)
            with self._sender.typing(stored, this.waited):
                answered = self._requests.answer(stored, entry, request, this.deadline, again=this.again)
        return self._record(stored, entry, answered)

    def _record(self, stored: Stored, entry: Entry, answered: Answered) -> tuple[Stored, Entry | None]:
        """Advance by an answer, and write the new state and what follows in one go.

        What DigiLocker has consumed by then it will not give twice, so an answer that cannot be kept is given back.
        """
        try:
            written = self._advance(stored, entry, answered, entry.then)
        except HelpdeskError:
            match answered.event:
                # The job comes back with an OTP that is used up; a token that nobody keeps must not stay valid.
                case SignedIn() | Refreshed() if not self._is_written(stored.id, entry):
                    give_back(self._gateway(), answered.brought)
                # The job fetches it again, unless the session has ended by then. If in doubt, a link may lead to it.
                case DocumentFetched(key=key) if self._is_written(stored.id, entry) is False:
                    self._documents.delete(key)
            raise
        count("SignedIn", isinstance(answered.event, SignedIn))
        count("Listed", isinstance(answered.event, DocumentsListed))
        return written

    def _is_written(self, conversation_id: str, entry: Entry) -> bool:
        """Return whether an answer was written anyway: perhaps only the response to the write was lost."""
        try:
            stands = self._store.load(conversation_id).entry(entry.step)
        except HelpdeskError:
            return False
        return stands is None or stands.effects != entry.effects

    def _advance(
        self, stored: Stored, entry: Entry, answered: Answered, rest: tuple[FollowUp, ...], seen: str = ""
    ) -> tuple[Stored, Entry | None]:
        """Write what follows from an answer; the `rest` of the entry is still to be done behind it.

        `seen`: an event that must not count again.
        """

        def decide(draft: Draft) -> None:
            event = answered.event
            standing = draft.before.entry(entry.step)
            if standing is None or standing.effects != entry.effects:
                return  # it was our own write: only its answer got lost
            waited = draft.conversation.waits_for(entry.step)
            if isinstance(event, Refreshed):
                waited = waited or event.is_of(draft.conversation.session)
            try:
                draft.follow(entry, rest, draft.advance(event), answered.brought, waited=waited)
            except StorageError:
                if not isinstance(event, OtpSent):
                    raise
                # Not asked for again: each time another OTP would be sent.
                logger.error("an OTP was sent, but nothing could be sealed")
                count("OtpsLost")
                event = Failed(entry.step, Problem.HELD_UP, SendOtp(event.mark))
                draft.follow(entry, rest, draft.advance(event), {}, waited=waited)
            if seen:
                draft.see(seen)

        stored, _ = self._turns.take(stored.id, decide, stored)
        return stored, stored.entry(entry.step)

    def _finish(self, stored: Stored, entry: Entry | None) -> None:
        """Do all that needs no answer, and take the step out of the outbox; nothing if it is out."""
        if entry is None:
            return
        for position, effect in enumerate(entry.then):
            repeated = entry.unsure and position == 0
            try:
                follows = None
                taken = self._follow_ups.do(effect, stored, entry, repeated=repeated)
                if not taken and isinstance(effect, DeliverDocument | OfferForm):
                    follows = self._refused(stored, entry, effect, entry.then[position + 1 :])
            except Exception as error:
                unsure = isinstance(error, OutcomeUnknown)
                if unsure and repeated:
                    count("RepliesUnsure")
                    logger.warning("a reply was sent twice without an answer and is left at that")
                    continue
                if position or unsure:
                    # What is done is taken out and not done again; and it is known that this one may have arrived.
                    left = replace(entry, then=entry.then[position:], unsure=unsure)
                    self._store.rewrite(stored.id, left)
                raise
            if follows:
                self._finish(*follows)
                return
        self._store.done(stored.id, entry.step)

    def _refused(
        self, stored: Stored, entry: Entry, reply: DeliverDocument | OfferForm, rest: tuple[FollowUp, ...]
    ) -> tuple[Stored, Entry | None]:
        """WhatsApp refused it at once: what follows takes its place in the entry, so it is not sent again."""
        event = refused(reply)
        return self._advance(stored, entry, Answered(event), rest, seen=event.id)

    # What happens without the citizen

    def _happens(
        self, conversation_id: str, event: TimeRanOut | SessionClosed | DeliveryFailed | FormNotShown | FormUnseen
    ) -> bool:
        """Advance by an event that is no answer, and do what follows. One that happened before does nothing more.

        Return whether anything followed.
        A report comes on the work queue. Raises NotItsTurn while something is in the outbox that is not queued there.
        """
        is_report = isinstance(event, DeliveryFailed | FormNotShown)

        def decide(draft: Draft) -> None:
            if draft.before.entry(event.id) or event.id in draft.before.seen:
                return
            if is_report and any(entry.lane is Lane.REPLY for entry in draft.before.outbox):
                raise NotItsTurn("a reply is still under way")
            outcome = draft.advance(event)
            if outcome != (draft.conversation, ()):
                draft.enter(event.id, outcome, lane=Lane.WORK if is_report else None)

        stored, _ = self._turns.take(conversation_id, decide)
        entry = stored.entry(event.id)
        if entry:
            self._finish(stored, entry)
        if isinstance(event, TimeRanOut | SessionClosed):
            self._session_end.forget(stored, event)
        return entry is not None
