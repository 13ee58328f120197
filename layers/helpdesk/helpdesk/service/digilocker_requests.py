"""A request to DigiLocker and its answer: what is opened for it, counted, never repeated, and told when it fails."""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from helpdesk.conversation.effects import (
    AADHAAR,
    CODE,
    DEVICE_CODE,
    LINK,
    MOBILE,
    OTP,
    REFRESH,
    SHARED,
    SOUGHT,
    TOKEN,
    VERIFIER,
    AskParameters,
    ExchangeCode,
    FetchDocument,
    FindOffers,
    ListDocuments,
    MakeLink,
    PullDocument,
    Request,
    SendOtp,
    SignUp,
    VerifyOtp,
    VerifySignUp,
    detail,
)
from helpdesk.conversation.events import (
    Answer,
    DeliveryFailed,
    DocumentFetched,
    Ended,
    Failed,
    FormNotShown,
    LinkMade,
    OtpSent,
    ParametersTold,
    Pulled,
    Refreshed,
    SignedIn,
)
from helpdesk.conversation.limits import DAY
from helpdesk.conversation.model import Rules, Session
from helpdesk.conversation.problems import Problem
from helpdesk.digilocker.consent_page import is_same_mobile
from helpdesk.digilocker.errors import Unanswered, Unserved
from helpdesk.errors import DigiLockerError, SealEnded, StorageError
from helpdesk.outbound import Deadline
from helpdesk.service.directory_refresh import DirectoryRefresh
from helpdesk.service.shared_documents import EVERYTHING, shared_by
from helpdesk.service.tokens import SealedValues, give_back
from helpdesk.storage.conversations import Entry, Stored, that_fit
from helpdesk.storage.records import OtpLimits, RecordStore
from helpdesk.structs import Value
from helpdesk.telemetry import count, logger

if TYPE_CHECKING:  # a job that only replies does without
    from helpdesk.digilocker.models import Token
    from helpdesk.service.digilocker_gateway import DigiLockerGateway

JOB_SECONDS = 30.0
"""What a job may spend on DigiLocker in all, however many calls it takes: with a reply (12 s) it stays below the
function's 45 s."""
OTP_SECONDS = 600
"""How long an OTP is waited for, whatever DigiLocker says of one (documented for its device code: the same)."""
REFRESH_SECONDS = 60
"""An access token that has less than this left is refreshed before it is used."""
NEVER_REPEATED: Mapping[type[Request], Problem] = MappingProxyType(
    {
        SignUp: Problem.OTP_UNSURE,
        VerifySignUp: Problem.OTP_UNSURE,
        ExchangeCode: Problem.SIGN_IN_UNSURE,
        PullDocument: Problem.PULL_UNSURE,
    }
)
"""What may have taken effect when a job broke off, and what the citizen is told instead of asking DigiLocker again.

A refresh is not repeated either: it is no request of the dialogue. The OTP of a `VerifyOtp` is tried again, since a
right one is refused then and a wrong one is no loss."""
EXPIRES = (SendOtp, VerifyOtp, SignUp, VerifySignUp, MakeLink, ExchangeCode, PullDocument)
"""What is not begun after `JobExpirySeconds`: DigiLocker would consume something, or the citizen has to be there to use
what it brings. All else is done late, as long as her session lasts."""
_WITH_TOKEN = (ListDocuments, FetchDocument, PullDocument)
"""What is asked with her access token."""
_NOT_TOLD = "••"
"""Stands for the last digits of a mobile that is not named. The previous version shows it as it is."""


class Answered(Value, frozen=True):
    """What an effect came to, and what that brought in the clear, by the name under which it is sealed."""

    hidden = ("brought",)

    event: Answer | DeliveryFailed | FormNotShown
    brought: Mapping[str, str] = MappingProxyType({})


class DigiLockerRequests:
    """Has requests of the dialogue answered by DigiLocker."""

    def __init__(
        self,
        *,
        gateway: Callable[[], "DigiLockerGateway"],
        sealed: SealedValues,
        records: RecordStore,
        directory: DirectoryRefresh,
        rules: Rules,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take what it is done with. `gateway` always gives the same one; only who needs it pays for its start."""
        self._gateway = gateway
        self._sealed = sealed
        self._records = records
        self._directory = directory
        self._rules = rules
        self._clock = clock

    def answer(self, stored: Stored, entry: Entry, request: Request, deadline: Deadline, *, again: bool) -> Answered:
        """Ask DigiLocker, unless what the request needs has ended. `again`: it was begun before, and broke off."""
        step = entry.step
        if again and (problem := NEVER_REPEATED.get(type(request))):
            return Answered(Failed(step, problem, request))
        try:
            session = stored.conversation.session
            if isinstance(request, _WITH_TOKEN) and session and self._is_old(session):
                return self._refreshed(stored, session, step, request, deadline, again=again)
            return self._ask(stored, entry, request, deadline)
        except SealEnded as error:
            count("SealsEnded")
            extra = {"request": type(request).__name__, "reason": str(error)}
            logger.warning("a step came too late", extra=extra)
            if isinstance(request, VerifyOtp | VerifySignUp) and not self._sealed.is_idle(stored.conversation):
                return Answered(Failed(step, Problem.OTP_EXPIRED, request))
            return Answered(Ended(step))
        except DigiLockerError as error:
            answered = self._failed(stored, step, request, error)
            if again and isinstance(request, VerifyOtp) and error.problem is Problem.OTP_WRONG:
                # The first time may have used it up: whoever typed it right must not be told that it was wrong.
                return Answered(Failed(step, Problem.OTP_UNSURE, request))
            return answered

    def _ask(self, stored: Stored, entry: Entry, request: Request, deadline: Deadline) -> Answered:
        step, gateway = entry.step, self._gateway()

        def opened(name: str) -> str:
            # A token may have been refreshed since the step was written down.
            kept = name == TOKEN and name in stored.sealed
            return self._sealed.open(stored, name, None if kept else entry)

        match request:
            case SendOtp(mark=mark):
                number = opened(AADHAAR)

                def send() -> Answered:
                    device_code = gateway.send_otp(number, deadline)
                    return Answered(OtpSent(step, _NOT_TOLD, OTP_SECONDS, mark), {DEVICE_CODE: device_code})

                return self._with_otp(stored, step, request, send)
            case SignUp(mark=mark):
                details = {name: opened(name) for name in request.needs}

                def sign_up() -> Answered:
                    gateway.sign_up(details, deadline)
                    return Answered(OtpSent(step, details[MOBILE][-2:], OTP_SECONDS, mark))

                return self._with_otp(stored, step, request, sign_up)
            case VerifyOtp():
                token = gateway.verify_otp(opened(DEVICE_CODE), opened(OTP), deadline)
                return Answered(SignedIn(step, token.expires_in), {TOKEN: token.access_token})
            case VerifySignUp():
                token = gateway.verify_sign_up(opened(MOBILE), opened(OTP), deadline)
                return Answered(SignedIn(step, token.expires_in), {TOKEN: token.access_token})
            case MakeLink(sign_up=signs_up):
                made = gateway.make_link(stored.id, stored.person.phone or "", sign_up=signs_up)
                brought = {LINK: made.link, VERIFIER: made.verifier}
                return Answered(LinkMade(step, made.mark, made.address, signs_up), brought)
            case ExchangeCode():
                return self._exchange(stored, step, request, opened(CODE), opened(VERIFIER), deadline)
            case ListDocuments():
                return self._list(stored, step, opened(TOKEN), deadline)
            case FetchDocument(number=number, listing=listing):
                uri = stored.conversation.documents[number - 1].uri
                key = gateway.fetch_document(opened(TOKEN), uri, stored.id, step, deadline)
                return Answered(DocumentFetched(step, number, listing, key))
            case FindOffers():
                found = gateway.find_offers(step, opened(SOUGHT), request, deadline)
                self._directory.ask_for()
                return Answered(found)
            case AskParameters(offer=offer):
                return Answered(ParametersTold(step, offer, gateway.parameters(offer, deadline)))
            case PullDocument(offer=offer, parameters=names):
                values = {name: opened(detail(number)) for number, name in enumerate(names, start=1)}
                return Answered(Pulled(step, offer, gateway.pull(opened(TOKEN), offer, values, deadline)))

    def _list(self, stored: Stored, step: str, token: str, deadline: Deadline) -> Answered:
        """List the documents, as many as there is room for."""
        ticked = self._sealed.open(stored, SHARED) if SHARED in stored.sealed else EVERYTHING
        listed = self._gateway().list_documents(step, token, ticked, deadline)
        kept = that_fit(listed.documents)
        cut = len(listed.documents) - len(kept)
        count("DocumentsCut", cut)
        return Answered(replace(listed, documents=kept, cut=cut))

    def _exchange(
        self, stored: Stored, step: str, request: ExchangeCode, code: str, verifier: str, deadline: Deadline
    ) -> Answered:
        """Sign in with the code that came back, unless it came from another person's browser."""
        token = self._gateway().exchange_code(code, verifier, deadline)
        brought = _brought(token)
        if not request.proved and not is_same_mobile(stored.person.phone or "", token.mobile):
            count("MobileMismatches")
            give_back(self._gateway(), brought)
            return Answered(Failed(step, Problem.OTHER_MOBILE, request))
        lasts = DAY if REFRESH in brought else 0
        return Answered(SignedIn(step, token.expires_in, lasts, tuple(brought)), brought)

    def _is_old(self, session: Session) -> bool:
        return bool(session.token_until) and self._clock() > session.token_until - REFRESH_SECONDS

    def _refreshed(
        self, stored: Stored, session: Session, step: str, request: Request, deadline: Deadline, *, again: bool
    ) -> Answered:
        """Exchange the refresh token. If it may be used up already, the citizen is asked to sign in again."""
        if not again:
            try:
                token = self._gateway().refresh(self._sealed.open(stored, REFRESH), deadline)
            except (Unanswered, Unserved):
                pass
            else:
                brought = _brought(token)
                if not token.scope:
                    del brought[SHARED]  # then it is the same as before (RFC 6749, 5.1)
                keeps = dict.fromkeys((*session.keeps, *brought))
                return Answered(Refreshed(step, token.expires_in, request, tuple(keeps), session.token_until), brought)
        # Nobody has what it may have been exchanged for; the tokens that we have still end all of it, at signing out.
        return Answered(Failed(step, Problem.SIGNED_OUT, request))

    def _with_otp(self, stored: Stored, step: str, request: SendOtp | SignUp, send: Callable[[], Answered]) -> Answered:
        """Have an OTP sent, counted for each number that it is about; the count is taken back if none was sent."""
        rules, marks = self._rules, _marks(request)
        a_day = max(rules.otps_per_number_per_hour, rules.otps_per_number_per_day)
        limits = OtpLimits(rules.number_pause_seconds, rules.otps_per_number_per_hour, a_day)
        counted = self._records.count_otps(marks, step, limits)
        if counted.wait:
            count("OtpsRefused")
            problem = Problem.OTP_TOO_MANY if isinstance(request, SendOtp) else Problem.TRIED_TOO_OFTEN
            # Always the whole pause: how much of it is left would tell when somebody else asked for this number.
            pause = rules.number_pause_seconds if counted.wait <= rules.number_pause_seconds else 0
            return Answered(Failed(step, problem, request, unsent=True, wait=pause))
        try:
            return send()
        except DigiLockerError as error:
            # Where it was begun before, that may have had an OTP sent though this time did not.
            answered = self._failed(stored, step, request, error, begun_before=counted.before)
            if isinstance(answered.event, Failed) and answered.event.unsent:
                self._take_back(marks, step, error)
            return answered

    def _take_back(self, marks: tuple[str, ...], step: str, error: DigiLockerError) -> None:
        """Take back the count of an OTP that was not sent. If that fails, it stays counted."""
        compared = error.problem in {Problem.DETAILS_DIFFER, Problem.MOBILE_TAKEN}
        try:
            self._records.take_back(marks, step, compared=compared)
        except StorageError as failure:
            logger.warning("an OTP that was not sent stays counted", extra={"error": type(failure).__name__})

    def _failed(
        self, stored: Stored, step: str, request: Request, error: DigiLockerError, *, begun_before: bool = False
    ) -> Answered:
        count(f"Problem_{error.problem}")
        note = logger.error if error.problem is Problem.MISCONFIGURED else logger.warning
        note(
            "DigiLocker could not do it",
            extra={
                "request": type(request).__name__,
                "code": error.code,
                "problem": error.problem.value,
                "language": stored.conversation.language,
            },
        )
        if error.problem is Problem.MISCONFIGURED:
            self._gateway().reread_credentials()
        unsent = not begun_before and not isinstance(error, Unanswered | Unserved)
        return Answered(Failed(step, error.problem, request, unsent=unsent))


def _marks(request: SendOtp | SignUp) -> tuple[str, ...]:
    """Return the keyed hashes of the numbers for which an OTP counts."""
    marks = (request.mark, request.mobile_mark) if isinstance(request, SignUp) else (request.mark,)
    return tuple(filter(None, marks))


def _brought(token: "Token") -> dict[str, str]:
    """Return what is sealed of a sign-in on DigiLocker's page, or its refreshing."""
    brought = {TOKEN: token.access_token, SHARED: shared_by(token)}
    return brought | ({REFRESH: token.refresh_token} if token.refresh_token else {})
