"""Every crash point of a conversation, and what must hold at the end of each run."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from helpdesk.conversation.model import Conversation
from helpdesk.languages.catalogue import catalogues
from tests.conversations.chat import Transcript, transcripts
from tests.replay.calls import Call, CrashPoint, Moment
from tests.replay.desk import Desk, NoAnswer, Outcome, Pace
from tests.replay.outside import Received

MAIN = "a_licence_in_english"
"""The main conversation, by the name of its file in `tests/conversations`: gone through at every pace."""

ALSO = (
    "a_marksheet_in_bengali",
    "a_vehicle_rc_in_hindi",
    "a_wrong_aadhaar_number",
    "an_empty_locker",
    "another_language",
    "documents_without_a_pdf",
    "hi_in_the_middle",
    "no_thanks",
    "three_pages_of_documents",
)
"""Further ones, gone through at one pace. Those in which time passes or DigiLocker fails are not among them yet."""

_MOMENTS: tuple[Moment, ...] = ("before", "after")
_MOST_OTPS = 2
_MOST_TIMES = 2
"""How often one reply may be sent. WhatsApp has no idempotency key: dying right after a send repeats it."""


@dataclass(frozen=True)
class MayAsk:
    """Where a crash may cost her one honest question: DigiLocker has consumed something and its answer is lost.

    From right after `call` took effect until right before the next `written` does.
    """

    call: str
    written: str


MAY_ASK = (MayAsk("digilocker.redeem_device_code", written="dynamodb.update_item"),)
"""Nothing else may cost her a question."""


@dataclass(frozen=True)
class Tried:
    """A run with one crash, and what was wrong at its end."""

    transcript: str
    pace: Pace
    point: CrashPoint
    call: Call
    asked: bool
    """She had to ask for a new OTP."""
    blamed: bool
    """She was told that an OTP was wrong, although she typed the right one each time."""
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        """Say where the process died and what came of it."""
        where = f"{self.transcript}, {self.point.moment} call {self.point.index + 1} ({self.call})"
        return f"{where}, {self.pace}: {'; '.join(self.wrong) or 'as ever'}"


def conversation(name: str) -> Transcript:
    """Give a transcript by the name of its file."""
    return next(transcript for transcript in transcripts() if transcript.name == name)


def tried(transcript: Transcript, pace: Pace) -> Iterator[Tried]:
    """Die at every crash point of a conversation, one a run."""
    undisturbed = Desk(transcript, pace).run()
    if wrong := _never_right(undisturbed):
        raise AssertionError(f"undisturbed, {pace}: {wrong}")
    calls = tuple(undisturbed.calls.made)
    exceptions = may_ask(calls)
    for index, call in enumerate(calls):
        if pace.webhook_only and call.function != "webhook":
            continue
        for moment in _MOMENTS:
            point = CrashPoint(index, moment)
            asked, blamed = False, False
            try:
                outcome = Desk(transcript, pace, point).run()
            except NoAnswer as error:
                wrong = [f"no answer {error}"]
            else:
                wrong = differences(undisturbed, outcome, may_ask=point in exceptions)
                asked, blamed = outcome.questions > 0, _blamed(outcome)
            yield Tried(transcript.name, pace, point, call, asked, blamed, tuple(wrong))


def may_ask(calls: tuple[Call, ...]) -> frozenset[CrashPoint]:
    """Give the crash points at which she may be asked."""
    points: set[CrashPoint] = set()
    for index, call in enumerate(calls):
        for exception in MAY_ASK:
            if call.name == exception.call:
                names = [later.name for later in calls[index:]]
                written = index + names.index(exception.written)
                points.add(CrashPoint(index, "after"))
                points.update(
                    CrashPoint(between, moment) for between in range(index + 1, written) for moment in _MOMENTS
                )
                points.add(CrashPoint(written, "before"))
    return frozenset(points)


def differences(undisturbed: Outcome, outcome: Outcome, *, may_ask: bool) -> list[str]:
    """Say what is not as it must be at the end of a run with one crash."""
    wrong = _never_right(outcome, lost_tokens=1 if may_ask and outcome.questions else 0)
    if not outcome.calls.died:
        wrong.append("nothing died")
    if _lasting(outcome.conversation) != _lasting(undisturbed.conversation):
        wrong.append(f"ends as {outcome.conversation}")
    if outcome.parts != undisturbed.parts:
        wrong.append(f"leaves the items {dict(outcome.parts)}")
    if outcome.questions > may_ask:
        wrong.append("she had to ask for a new OTP")
    if _files(outcome) != _files(undisturbed):
        wrong.append("the chosen document was not delivered")
    return wrong + _replies(undisturbed, outcome)


def _never_right(outcome: Outcome, lost_tokens: int = 0) -> list[str]:
    """Say what must not be at the end of any run, with a crash or without."""
    wrong = []
    if outcome.conversation.session or outcome.conversation.documents or outcome.parts["documents"]:
        wrong.append("she is still signed in, or her list is still there")
    if outcome.sealed:
        wrong.append(f"still sealed: {', '.join(outcome.sealed)}")
    if outcome.outbox:
        wrong.append(f"{outcome.outbox} steps stand in the outbox")
    if any(outcome.on_queues.values()):
        wrong.append(f"messages on queues: {outcome.on_queues}")
    if outcome.pdfs:
        wrong.append(f"{outcome.pdfs} PDFs are still kept")
    if outcome.live_tokens > lost_tokens:
        wrong.append("a token was not revoked")
    if outcome.otps > _MOST_OTPS:
        wrong.append(f"{outcome.otps} OTPs were asked for")
    if None in _files(outcome):
        wrong.append("a message came without its PDF")
    return wrong


def _files(outcome: Outcome) -> set[bytes | None]:
    """Give the PDFs she has; None for a message that promises one which could not be fetched."""
    return {received.pdf for received in outcome.received if received.text.startswith("(")}


def _blamed(outcome: Outcome) -> bool:
    keys = ("otp.wrong", "otp.wrong_last", "otp.no_tries")
    blames = tuple(language.texts[key].partition("{")[0] for language in catalogues() for key in keys)
    return any(received.text.startswith(blames) for received in outcome.received)


def _lasting(conversation: Conversation) -> tuple[object, ...]:
    """Give what does not depend on how long a run takes, nor on how often she wrote."""
    return (
        conversation.language,
        conversation.stage,
        conversation.previous,
        conversation.otp,
        conversation.session,
        conversation.again,
        conversation.waiting,
        conversation.documents,
    )


def _replies(undisturbed: Outcome, outcome: Outcome) -> list[str]:
    """Each reply of the undisturbed run at least once, none more than twice, and no others than the one question.

    Replies to the same step are the same reply. Where a question was asked, later steps have other names: there only
    the words count.
    """
    asked = outcome.questions > 0

    def of(run: Outcome) -> Counter[tuple[str, str]]:
        return Counter(_named(received, by_step=not asked) for received in run.received)

    expected, sent = of(undisturbed), of(outcome)
    wrong = [f"not sent: {text!r}" for _, text in (expected - sent)]
    limits = Counter({reply: _MOST_TIMES * times for reply, times in expected.items()})
    unexpected = {reply for reply in sent if reply not in expected}
    wrong += [f"sent {sent[reply]} times: {reply[1]!r}" for reply in sent - limits if reply in expected]
    if len(unexpected) > outcome.questions or any(sent[reply] > 1 for reply in unexpected):
        wrong += [f"also sent: {text!r}" for _, text in sorted(unexpected)]
    return wrong


def _named(received: Received, *, by_step: bool) -> tuple[str, str]:
    return (received.callback_data if by_step else "", received.text)
