"""The document function: what stands in the outbox is done, step by step.

For one job:

1. Read the conversation. No entry for the step: it is done.
2. The entry holds nothing but what needs no answer: go to 5.
3. Nobody waits for it any more: take the entry out. It is past its time: she is told.
4. Ask DigiLocker, advance the dialogue by the answer, and write both at once: the new state, and the entry that now
   holds what follows. If that is another request (after the OTP, the list), do it in the same breath.
5. Send the replies, and do the rest that needs no answer.
6. Take the entry out.

Dying anywhere leaves the entry in the outbox and the message on the queue, so the step is taken up again.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from helpdesk.conversation.advance import is_entrusted
from helpdesk.conversation.answers import wanted
from helpdesk.conversation.effects import (
    AADHAAR,
    CODE,
    DEVICE_CODE,
    LINK,
    MOBILE,
    OTP,
    REFRESH,
    REQUESTS,
    SHARED,
    SOUGHT,
    TOKEN,
    VERIFIER,
    AskParameters,
    DeletePdf,
    DeliverDocument,
    Effect,
    EraseData,
    ExchangeCode,
    FetchDocument,
    FindOffers,
    Keep,
    ListDocuments,
    MakeLink,
    PullDocument,
    RecordConsent,
    Request,
    Revoke,
    SendOtp,
    SetTimer,
    SignUp,
    VerifyOtp,
    VerifySignUp,
    detail,
)
from helpdesk.conversation.ends import idle_end, said_instead
from helpdesk.conversation.events import (
    Answer,
    DeliveryFailed,
    DocumentFetched,
    DocumentsListed,
    Ended,
    Failed,
    LinkMade,
    OffersFound,
    OtpSent,
    ParametersTold,
    Pulled,
    Refreshed,
    SessionClosed,
    SignedIn,
    TimeRanOut,
)
from helpdesk.conversation.limits import DAY
from helpdesk.conversation.model import Conversation, Rules, Session
from helpdesk.conversation.problems import Problem
from helpdesk.digilocker.consent_page import is_same_mobile
from helpdesk.digilocker.errors import Unanswered, Unserved
from helpdesk.errors import DigiLockerError, HelpdeskError, SealEnded, StorageError
from helpdesk.service.callback_data import Tracker, read_tracking
from helpdesk.service.expired_entries import left_of, must_be_forgotten, outlived
from helpdesk.service.identity import following, is_document_of
from helpdesk.service.message_sender import MessageSender
from helpdesk.service.recipients import Recipients
from helpdesk.service.shared_documents import EVERYTHING, shared_by
from helpdesk.service.turn import Draft, Turns
from helpdesk.storage.conversations import ConversationStore, Entry, Stored, that_fit
from helpdesk.storage.documents import DocumentStore
from helpdesk.storage.records import Counted, OtpLimits, RecordStore
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.work import (
    DeletionTimer,
    Delivered,
    DirectoryTimer,
    EndSession,
    IdleTimer,
    Job,
    TimerQueue,
    Undelivered,
    Work,
)
from helpdesk.structs import Value
from helpdesk.telemetry import count, logger, took
from helpdesk.whatsapp.errors import OutcomeUnknown

if TYPE_CHECKING:  # a job that only replies does without
    from helpdesk.digilocker.models import Token
    from helpdesk.service.digilocker_gateway import DigiLockerGateway

REFRESH_SECONDS = 60
"""An access token that has less than this left is refreshed before it is used."""
DIRECTORY_PAUSE_SECONDS = 60
"""Between two parts of the directory: as long as a claim on it holds."""


class Answered(Value, frozen=True):
    """What an effect came to, and what that brought in the clear, by the name under which it is sealed."""

    event: Answer | DeliveryFailed
    brought: dict[str, str]


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
        recipients: Recipients,
        tracker: Tracker,
        rules: Rules,
        consent_seconds: int,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take what the work is done with. `locker` gives always the same one; only who needs it pays for its start."""
        self._store = store
        self._records = records
        self._sealer = sealer
        self._locker = locker
        self._replier = replier
        self._documents = documents
        self._timers = timers
        self._recipients = recipients
        self._tracker = tracker
        self._rules = rules
        self._consent_seconds = consent_seconds
        self._clock = clock
        self._turns = Turns(store, sealer, rules, clock, sleep)

    def work(self, work: Work, *, queued_at: float = 0, again: bool = False, last_try: bool = False) -> None:
        """Do a piece of work. Whatever is raised leaves it to be taken up again, but for the last try.

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
            case Delivered() | Undelivered():
                with logger.append_context_keys(conversation=work.conversation_id):
                    self._follow(work)
            case DeletionTimer(key=key):
                self._documents.delete(key)
            case DirectoryTimer():
                self._refresh_directory()

    def _follow(self, report: Delivered | Undelivered) -> None:
        """Do what the report on a document asks for, if it is on a message of ours."""
        claimed = read_tracking(report.callback)
        if (
            claimed is None
            or claimed.tracking.conversation_id != report.conversation_id
            or not self._tracker.is_ours(claimed.tracking, claimed.signature)
        ):
            # Sent by a version that signed nothing, or forged. Its PDF is deleted by its timer.
            count("ReportsUnsigned")
            logger.warning("a report was ignored", extra={"reason": "not signed by us"})
            return
        sent = claimed.tracking
        if isinstance(report, Delivered):
            self._documents.delete(sent.key)
            logger.info("a document has arrived")
            return
        step = following(f"{sent.key} {sent.uploaded}")
        event = DeliveryFailed(step, sent.key, sent.number, sent.listing, sent.uploaded)
        self._happens(report.conversation_id, event)

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
            if left := tuple(effect for effect in entry.effects if not effect.needs):
                draft.put = (replace(entry, effects=left, sealed={}),)
            else:
                draft.drop = (entry.step,)

        self._turns.take(work.conversation_id, decide)

    # A job

    def _job(self, conversation_id: str, step: str, queued_at: float, *, again: bool, last_try: bool) -> None:
        stored = self._store.load(conversation_id)
        entry = stored.entry(step)
        if entry and self._recipients.is_foreign(stored):
            self._refuse(stored, step)
            return
        too_late = last_try or (entry is not None and self._is_too_late(entry, queued_at))
        if entry and isinstance(entry.effects[0], REQUESTS):
            self._locker().begin()
        while entry and isinstance(entry.effects[0], REQUESTS):
            stored, entry = self._request(stored, entry, entry.effects[0], again=again, too_late=too_late)
        self._finish(stored, entry)

    def _is_too_late(self, entry: Entry, queued_at: float) -> bool:
        """Tell whether a step has waited for so long that she will not expect it any more.

        The time counts from when it could first be worked on: a webhook that died after its write is delivered again
        only some minutes later. What she wrote in a session that is over is too late in any case.
        """
        now = self._clock()
        since = max(entry.at, queued_at)
        return now - since > self._rules.job_expiry_seconds or now - entry.at > self._rules.session_seconds

    def _request(
        self, stored: Stored, entry: Entry, request: Request, *, again: bool, too_late: bool
    ) -> tuple[Stored, Entry | None]:
        """Have a request answered, and write down what follows from the answer."""
        if not wanted(stored.conversation, entry.step, request):
            count("UnwantedJobs")
            self._finish(stored, replace(entry, effects=entry.effects[1:]))
            return stored, None
        if isinstance(request, FetchDocument) and not stored.conversation.documents:
            answered = Answered(Ended(entry.step), {})  # the list has ended, and what it was about with it
        elif too_late:
            count("ExpiredJobs")
            # One that was begun before may have been brought in: nobody can say that DigiLocker was not asked.
            sent = again and isinstance(request, PullDocument)
            problem = Problem.PULL_UNSURE if sent else Problem.HELD_UP
            answered = Answered(Failed(entry.step, problem, request, unsent=not again), {})
        else:
            with self._replier.typing(stored):
                answered = self._ask_in_time(stored, entry, request, again=again)
            if again and isinstance(request, VerifyOtp) and _is_refused(answered.event):
                # The first time may have used it up: who typed it right must not be told that it was wrong.
                answered = Answered(Failed(entry.step, Problem.OTP_UNSURE, request), {})
        return self._record(stored, entry, answered)

    def _counted(self, step: str, request: SendOtp | SignUp) -> Counted:
        """Count an OTP for each number that a request is about."""
        rules = self._rules
        a_day = max(rules.otps_an_hour, rules.otps_for_a_number_a_day)
        limits = OtpLimits(rules.number_pause_seconds, rules.otps_an_hour, a_day)
        return self._records.count_otps(_marks(request), step, limits)

    def _refused_otp(self, step: str, request: SendOtp | SignUp, wait: int) -> Answered:
        """Answer that one of the numbers has had too many OTPs."""
        count("OtpsRefused")
        problem = Problem.OTP_TOO_MANY if isinstance(request, SendOtp) else Problem.TRIED_TOO_OFTEN
        # Always the whole pause: how much of it is left would tell when somebody else asked for this number.
        rules = self._rules
        pause = rules.number_pause_seconds if wait <= rules.number_pause_seconds else 0
        return Answered(Failed(step, problem, request, unsent=True, wait=pause), {})

    def _ask(self, stored: Stored, entry: Entry, request: Request, *, again: bool) -> Answered:
        def opened(name: str) -> str:
            # A token may have been refreshed since the step was written down.
            kept = name == TOKEN and name in stored.sealed
            return self._opened(stored, name, None if kept else entry)

        step, counted = entry.step, Counted()
        try:
            match request:
                case ListDocuments() | FetchDocument() if (old := stored.conversation.session) and self._is_old(old):
                    return self._refreshed(stored, old, step, request, again=again)
                case SendOtp(mark=mark):
                    number = opened(AADHAAR)
                    counted = self._counted(step, request)
                    if counted.wait:
                        return self._refused_otp(step, request, counted.wait)
                    sent = self._locker().send_otp(number)
                    return Answered(OtpSent(step, sent.digits, sent.expires_in, mark), {DEVICE_CODE: sent.device_code})
                case VerifyOtp():
                    token = self._locker().verify_otp(opened(DEVICE_CODE), opened(OTP))
                    return Answered(SignedIn(step, token.expires_in), {TOKEN: token.access_token})
                case SignUp() | VerifySignUp() if again:
                    # It may have taken effect, and is never repeated: she is asked whether to send it once more.
                    return Answered(Failed(step, Problem.OTP_UNSURE, request), {})
                case SignUp(mark=mark):
                    details = {name: opened(name) for name in request.needs}
                    counted = self._counted(step, request)
                    if counted.wait:
                        return self._refused_otp(step, request, counted.wait)
                    sent = self._locker().sign_up(details)
                    return Answered(OtpSent(step, sent.digits, sent.expires_in, mark), {})
                case VerifySignUp():
                    token = self._locker().verify_sign_up(opened(MOBILE), opened(OTP))
                    return Answered(SignedIn(step, token.expires_in), {TOKEN: token.access_token})
                case MakeLink(sign_up=signs_up):
                    made = self._locker().make_link(stored.id, stored.person.phone or "", sign_up=signs_up)
                    brought = {LINK: made.link, VERIFIER: made.verifier}
                    return Answered(LinkMade(step, made.mark, made.address, signs_up), brought)
                case ExchangeCode() if again:
                    return Answered(Failed(step, Problem.SIGN_IN_UNSURE, request), {})
                case ExchangeCode(proved=proved):
                    signed_in = self._locker().exchange_code(opened(CODE), opened(VERIFIER))
                    token, brought = signed_in.token, _brought(signed_in.token)
                    if not proved and not is_same_mobile(stored.person.phone or "", signed_in.mobile):
                        count("MobileMismatches")
                        self._give_back(brought)
                        return Answered(Failed(step, Problem.OTHER_MOBILE, request), {})
                    lasts = DAY if REFRESH in brought else 0
                    return Answered(SignedIn(step, token.expires_in, lasts, tuple(brought)), brought)
                case ListDocuments():
                    ticked = self._opened(stored, SHARED) if SHARED in stored.sealed else EVERYTHING
                    listed = self._locker().list_documents(opened(TOKEN), ticked)
                    kept = that_fit(listed.documents)
                    cut = len(listed.documents) - len(kept)
                    count("DocumentsCut", cut)
                    return Answered(DocumentsListed(step, kept, listed.uploaded, listed.left_out, cut), {})
                case FetchDocument(number=number, listing=listing):
                    uri = stored.conversation.documents[number - 1].uri
                    key = self._locker().fetch_document(opened(TOKEN), uri, stored.id, step)
                    return Answered(DocumentFetched(step, number, listing, key), {})
                case FindOffers(doctypes=doctypes, within=within, page=page):
                    offered = self._locker().find_offers(opened(SOUGHT), doctypes, within, page)
                    self._refresh_directory_later()
                    return Answered(OffersFound(step, offered.offers, offered.total, offered.page, offered.within), {})
                case AskParameters(offer=offer):
                    return Answered(ParametersTold(step, offer, self._locker().parameters(offer)), {})
                case PullDocument() if again:
                    # It may have taken effect, and is never repeated: her list tells whether it has.
                    return Answered(Failed(step, Problem.PULL_UNSURE, request), {})
                case PullDocument(offer=offer, parameters=names):
                    values = {name: opened(detail(number)) for number, name in enumerate(names, start=1)}
                    return Answered(Pulled(step, offer, self._locker().pull(opened(TOKEN), offer, values)), {})
        except DigiLockerError as error:
            return self._not_done(stored, step, request, error, counted)

    def _ask_in_time(self, stored: Stored, entry: Entry, request: Request, *, again: bool) -> Answered:
        """Ask, unless what the request needs has ended."""
        try:
            return self._ask(stored, entry, request, again=again)
        except SealEnded as error:
            count("SealsEnded")
            logger.warning("a step came too late", extra={"request": type(request).__name__, "reason": str(error)})
        if isinstance(request, VerifyOtp | VerifySignUp) and not self._is_idle(stored.conversation):
            return Answered(Failed(entry.step, Problem.OTP_EXPIRED, request), {})
        return Answered(Ended(entry.step), {})

    def _opened(self, stored: Stored, name: str, entry: Entry | None = None) -> str:
        """Open a value that the state keeps, or an entry. This is where ends are kept to. Raises SealEnded."""
        sealed, written_at = (entry.sealed, entry.at) if entry else (stored.sealed, stored.written_at)
        end = idle_end(stored.conversation, self._rules)
        return self._sealer.open(sealed[name], stored.id, name, written_at=written_at, idle_end=end)

    def _to_revoke(self, stored: Stored, entry: Entry, tokens: Iterable[str]) -> dict[str, str]:
        """Open tokens to sign out with, which is done after the idle end too. One past its own end is worth nothing."""
        opened = {}
        for name in tokens:
            try:
                opened[name] = self._sealer.open(entry.sealed[name], stored.id, name, written_at=entry.at)
            except SealEnded:
                count("SealsEnded")
                logger.warning("a token ended before it could be revoked")
        return opened

    def _is_idle(self, conversation: Conversation) -> bool:
        return self._clock() >= idle_end(conversation, self._rules)

    def _not_done(
        self, stored: Stored, step: str, request: Request, error: DigiLockerError, counted: Counted
    ) -> Answered:
        count(f"Problem_{error.problem}")
        logger.warning(
            "DigiLocker could not do it",
            extra={
                "request": type(request).__name__,
                "code": error.code,
                "problem": error.problem.value,
                "language": stored.conversation.language,
            },
        )
        if error.problem is Problem.MISCONFIGURED:
            self._locker().reread_credentials()
        # Where it was begun before, that may have had an OTP sent though this time did not.
        unsent = not counted.before and not isinstance(error, Unanswered | Unserved)
        if unsent and isinstance(request, SendOtp | SignUp):
            self._take_back(step, request, error)
        return Answered(Failed(step, error.problem, request, unsent=unsent), {})

    def _take_back(self, step: str, request: SendOtp | SignUp, error: DigiLockerError) -> None:
        """Take back the count of an OTP that was not sent, for its numbers. If that fails, it stays counted."""
        compared = error.problem in {Problem.DETAILS_DIFFER, Problem.MOBILE_TAKEN}
        try:
            self._records.take_back(_marks(request), step, compared=compared)
        except StorageError as failure:
            logger.warning("an OTP that was not sent stays counted", extra={"error": type(failure).__name__})

    def _is_old(self, session: Session) -> bool:
        return bool(session.token_until) and self._clock() > session.token_until - REFRESH_SECONDS

    def _refreshed(self, stored: Stored, session: Session, step: str, request: Request, *, again: bool) -> Answered:
        """Exchange the refresh token. If it may be used up already, she is asked to sign in again."""
        tokens = {REFRESH: self._opened(stored, REFRESH)}
        if not again:
            try:
                token = self._locker().refresh(tokens[REFRESH])
            except (Unanswered, Unserved):
                pass
            else:
                brought = _brought(token)
                if not token.scope:
                    del brought[SHARED]  # then it is the same as before (RFC 6749, 5.1)
                keeps = dict.fromkeys((*session.keeps, *brought))
                return Answered(Refreshed(step, token.expires_in, request, tuple(keeps)), brought)
        # Nobody has what it may have been exchanged for; the tokens that we have still end all of it.
        with suppress(SealEnded):
            tokens = {TOKEN: self._opened(stored, TOKEN), **tokens}
        self._give_back(tokens)
        return Answered(Failed(step, Problem.SIGNED_OUT, request), {})

    def _record(self, stored: Stored, entry: Entry, answered: Answered) -> tuple[Stored, Entry | None]:
        """Advance by an answer, and write the new state and what follows in one go.

        What DigiLocker has consumed by then it will not give twice, so an answer that cannot be kept is given back.
        """
        try:
            written = self._written(stored, entry, answered)
        except HelpdeskError:
            if isinstance(answered.event, SignedIn | Refreshed) and not self._is_written(stored.id, entry):
                # The job comes back with an OTP that is used up; a token that nobody keeps must not stay valid.
                self._give_back(answered.brought)
            raise
        count("SignedIn", isinstance(answered.event, SignedIn))
        count("Listed", isinstance(answered.event, DocumentsListed))
        return written

    def _is_written(self, conversation_id: str, entry: Entry) -> bool:
        """Tell whether an answer was written all the same: it may be that only the answer of the write got lost."""
        try:
            stands = self._store.load(conversation_id).entry(entry.step)
        except HelpdeskError:
            return False
        return stands is None or stands.effects != entry.effects

    def _written(
        self, stored: Stored, entry: Entry, answered: Answered, *, position: int = 0, seen: tuple[str, ...] = ()
    ) -> tuple[Stored, Entry | None]:
        """Write what follows from what the effect at `position` came to; in the entry it takes that effect's place.

        `seen`: events that must not count again.
        """

        def decide(draft: Draft) -> None:
            event, brought = answered.event, answered.brought
            standing = draft.before.entry(entry.step)
            if standing is None or standing.effects != entry.effects:
                return  # it was our own write: only its answer got lost
            waited = draft.conversation.waits_for(entry.step)
            try:
                draft.follow(entry, position, draft.advance(event), brought, waited=waited)
            except StorageError:
                if not isinstance(event, OtpSent):
                    raise
                # Not asked for again: each time another OTP would be sent.
                logger.error("an OTP was sent, but nothing could be sealed")
                count("OtpsLost")
                event = Failed(entry.step, Problem.HELD_UP, SendOtp(event.mark))
                draft.follow(entry, position, draft.advance(event), {}, waited=waited)
            for step in seen:
                draft.see(step)

        stored, _ = self._turns.take(stored.id, decide, stored)
        return stored, stored.entry(entry.step)

    def _give_back(self, values: Mapping[str, str]) -> None:
        """Sign out at DigiLocker: revoke the tokens among some values, by their names.

        If it fails, they are forgotten here all the same; an access token dies within the hour.
        """
        for name in (name for name in (TOKEN, REFRESH) if name in values):
            try:
                self._locker().revoke(values[name], is_refresh=name == REFRESH)
            except DigiLockerError as error:
                count("RevokeFailed")
                logger.warning("a token could not be revoked", extra={"code": error.code})

    def _finish(self, stored: Stored, entry: Entry | None) -> None:
        """Do all that needs no answer, and take the step out of the outbox; nothing if it is out."""
        if entry is None:
            return
        for position, effect in enumerate(entry.effects):
            repeated = entry.unsure and position == 0
            try:
                follows = None
                if not self._do(stored, entry, effect, repeated=repeated) and isinstance(effect, DeliverDocument):
                    follows = self._refused(stored, entry, position, effect)
            except Exception as error:
                unsure = isinstance(error, OutcomeUnknown)
                if unsure and repeated:
                    count("RepliesUnsure")
                    logger.warning("a reply was sent twice without an answer and is left at that")
                    continue
                if position or unsure:
                    # What is done is taken out and not done again; and it is known that this one may have arrived.
                    left = replace(entry, effects=entry.effects[position:], unsure=unsure)
                    self._store.rewrite(stored.id, left)
                raise
            if follows:
                self._finish(*follows)
                return
        self._store.done(stored.id, entry.step)

    def _do(self, stored: Stored, entry: Entry, effect: Effect, *, repeated: bool) -> bool:
        """Do one effect. Gives False for a message that WhatsApp refused for good."""
        match effect:
            case Revoke(tokens=tokens):
                self._give_back(self._to_revoke(stored, entry, tokens))
            case DeletePdf(key=key):
                if is_document_of(key, stored.id, entry.step):
                    self._documents.delete(key)
            case SetTimer(seconds=seconds):
                self._timers.set(IdleTimer(stored.id, following(entry.step)), seconds)
            case EraseData():
                self._store.erase(stored)
            case RecordConsent():
                count("Consented")
                self._records.record_consent(stored.id, effect, self._consent_seconds)
            case Keep():
                raise TypeError("what is kept never stands in an entry")
            case _ if isinstance(effect, REQUESTS):
                raise TypeError("a request stands alone in its entry")
            case _:
                try:
                    opened = {name: self._opened(stored, name, entry) for name in effect.needs}
                except SealEnded:
                    count("SealsEnded")
                    effect, opened = said_instead(effect, stored.conversation), {}
                taken = self._replier.send(effect, stored, entry.step, repeated=repeated, opened=opened)
                if isinstance(effect, DeliverDocument) and taken and is_document_of(effect.key, stored.id, entry.step):
                    self._note_times(entry, effect)
                    self._delete_later(effect.key)
                return taken
        return True

    def _refused(
        self, stored: Stored, entry: Entry, position: int, document: DeliverDocument
    ) -> tuple[Stored, Entry | None]:
        """WhatsApp refused a document at once: what follows takes its place in the entry, so it is not sent again."""
        step = following(f"{document.key} {document.uploaded}")
        event = DeliveryFailed(step, document.key, document.number, document.listing, document.uploaded)
        return self._written(stored, entry, Answered(event, {}), position=position, seen=(step,))

    def _note_times(self, entry: Entry, document: DeliverDocument) -> None:
        """Note how long she has waited; not for a document that is sent once more, as a file."""
        now = self._clock()
        if not document.uploaded:
            took("SecondsFromChoice", now - entry.at)
        if document.greeted_at:
            took("SecondsFromHi", now - document.greeted_at)

    def _delete_later(self, key: str) -> None:
        """Have a PDF deleted when its link has expired. A failure must not have the document sent once more.

        Then WhatsApp's report that it was delivered still deletes the PDF, or the bucket's own rule does.
        """
        try:
            self._timers.set(DeletionTimer(key), self._replier.link_seconds)
        except StorageError as error:
            logger.error("the deletion of a PDF was not set", extra={"error": type(error).__name__})

    # The directory of issuers

    def _refresh_directory_later(self) -> None:
        """Have the directory fetched anew if it is due, on a job of its own. That it cannot be set holds up nobody."""
        if not self._locker().is_directory_due():
            return
        try:
            self._timers.set(DirectoryTimer(), 0)
        except StorageError as error:
            logger.error("the directory was not asked for", extra={"error": type(error).__name__})

    def _refresh_directory(self) -> None:
        """Fetch a part of the directory; as long as each brings something, the next one follows."""
        self._locker().begin()
        try:
            goes_on = self._locker().refresh_directory()
        except DigiLockerError as error:
            logger.warning("the directory could not be fetched", extra={"code": error.code})
            return
        if goes_on:
            self._timers.set(DirectoryTimer(), DIRECTORY_PAUSE_SECONDS)

    # What happens without her

    def _happens(self, conversation_id: str, event: TimeRanOut | SessionClosed | DeliveryFailed) -> None:
        """Advance by an event that is no answer, and do what follows. One that happened before does nothing more."""

        def decide(draft: Draft) -> None:
            if draft.before.entry(event.id) or event.id in draft.before.seen:
                return
            outcome = draft.advance(event)
            if outcome != (draft.conversation, ()):
                draft.enter(event.id, outcome)

        stored, _ = self._turns.take(conversation_id, decide)
        entry = stored.entry(event.id)
        if entry and entry.effects:
            self._finish(stored, entry)
        old = self._outlived(stored, event)
        for one in old:
            self._forget(stored, one)
        if isinstance(event, TimeRanOut):
            self._forget_later(stored, event, old)

    def _outlived(self, stored: Stored, event: TimeRanOut | SessionClosed | DeliveryFailed) -> tuple[Entry, ...]:
        """Return what stands in the outbox of a session that is over, and must not wait for the work queue."""
        others = [entry for entry in stored.outbox if entry.step != event.id]
        now = int(self._clock())
        match event:
            case SessionClosed():
                return outlived(others, now, 0)
            case TimeRanOut() if not is_entrusted(stored.conversation):
                return outlived(others, now, self._rules.session_seconds)
        return ()

    def _forget(self, stored: Stored, entry: Entry) -> None:
        """Revoke and delete what an entry of the outbox asks for, or would have used."""
        logger.info("forgotten before its job", extra={"of": entry.step})
        for effect in entry.effects:
            match effect:
                case Revoke(tokens=tokens):
                    self._give_back(self._to_revoke(stored, entry, tokens))
                case DeletePdf(key=key) | DeliverDocument(key=key) if is_document_of(key, stored.id, entry.step):
                    self._documents.delete(key)
                case EraseData():
                    self._store.erase(stored)
        left = left_of(entry)
        # Only if it is as it was: whoever works on it meanwhile has gone further.
        self._store.exchange(stored.id, entry, replace(entry, effects=left, sealed={}) if left else None)

    def _forget_later(self, stored: Stored, event: TimeRanOut, old: tuple[Entry, ...]) -> None:
        """Have a timer look again, if the outbox of a session that is over is still to be forgotten."""
        done = {event.id, *(entry.step for entry in old)}
        waiting = [entry.at for entry in stored.outbox if must_be_forgotten(entry) and entry.step not in done]
        if waiting and not is_entrusted(stored.conversation):
            seconds = min(waiting) + self._rules.session_seconds - int(self._clock())
            self._timers.set(IdleTimer(stored.id, following(event.id)), max(60, seconds))


def _marks(request: SendOtp | SignUp) -> tuple[str, ...]:
    """Give the keyed hashes of the numbers for which an OTP counts."""
    marks = (request.mark, request.mobile_mark) if isinstance(request, SignUp) else (request.mark,)
    return tuple(filter(None, marks))


def _brought(token: "Token") -> dict[str, str]:
    """Give what is sealed of a sign-in on DigiLocker's page, or its refreshing."""
    brought = {TOKEN: token.access_token, SHARED: shared_by(token)}
    return brought | ({REFRESH: token.refresh_token} if token.refresh_token else {})


def _is_refused(event: Answer | DeliveryFailed) -> bool:
    return isinstance(event, Failed) and event.problem is Problem.OTP_WRONG
