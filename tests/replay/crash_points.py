"""Every crash point of a conversation, and what must hold at the end of each run."""

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from helpdesk.conversation.model import Conversation
from helpdesk.languages.catalogue import catalogues
from helpdesk.service.callback_data import read_tracking
from tests.conversations.chat import Transcript, matches, transcripts
from tests.replay.desk import THE_END, Desk, NoAnswer, Outcome, Pace, delivers, scenes, timeless
from tests.replay.outside import Received
from tests.world.calls import Call, CrashPoint, Moment

MAIN = "a_licence_in_english"
"""The main conversation, by the name of its file in `tests/conversations`."""

_ALL = {transcript.name: transcript for transcript in transcripts()}
ALSO = tuple(name for name in _ALL if name != MAIN)
"""All others of that folder."""

_MOMENTS: tuple[Moment, ...] = ("before", "after")
_MORE_OTPS = 1
"""A crash may have an OTP sent once more, and no more than once."""
_MOST_TIMES = 2
"""How often one reply may be sent. WhatsApp has no idempotency key: dying right after a send repeats it."""


_REDEEM, _SEAL, _OPEN = "digilocker.redeem_device_code", "kms.encrypt", "kms.decrypt"
_SIGN_UP, _VERIFY_SIGN_UP = "digilocker.sign_up", "digilocker.sign_up_verify"
_EXCHANGE, _REFRESH = "digilocker.exchange_code", "digilocker.refresh"
_PULL = "digilocker.pull_document"
_NEVER_TWICE = (_SIGN_UP, _VERIFY_SIGN_UP, _EXCHANGE, _REFRESH, _PULL)
_ASK, _WRITE = "digilocker.request_device_code", "dynamodb.update_item"
_WRITE_LIST = "dynamodb.transact_write_items"


_NAMELESS = tuple(language.texts["documents.nameless"] for language in catalogues())

type Reply = tuple[str, str]
"""The step that it answers, where that counts, and its words."""


@dataclass(frozen=True)
class Tried:
    """A run with one crash, and what was wrong at its end."""

    transcript: str
    pace: Pace
    point: CrashPoint
    call: Call
    asked: bool
    """She had to ask for a new OTP, to send her details once more, or to sign in again."""
    blamed: bool
    """She was told that an OTP was wrong, although she typed the right one each time."""
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        """Say where the process died and what came of it."""
        where = f"{self.transcript}, {self.point.moment} call {self.point.index + 1} ({self.call})"
        return f"{where}, {self.pace}: {'; '.join(self.wrong) or 'as ever'}"


def conversation(name: str) -> Transcript:
    """Return a transcript by the name of its file."""
    return _ALL[name]


def tried(transcript: Transcript, pace: Pace, known: dict[str, str] | None = None) -> Iterator[Tried]:
    """Die at every crash point of a conversation, one a run.

    `known` holds what was tried before, and in which conversation: a crash point of the same job (the same function
    makes the same calls, on the way to the same answer) is left out in every other one. What is tried is added.
    """
    undisturbed = Desk(transcript, pace).run()
    if wrong := _never_right(undisturbed):
        raise AssertionError(f"{transcript.name}, undisturbed, {pace}: {wrong}")
    calls = tuple(undisturbed.calls.made)
    exceptions = may_ask(calls)
    for index, call in enumerate(calls):
        if not _matters(index, transcript, pace, undisturbed):
            continue
        if known is not None:
            name = _named_by_job(index, pace, undisturbed)
            if known.setdefault(name, transcript.name) != transcript.name:
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
                asked, blamed = outcome.questions > 0, _blamed(undisturbed, outcome)
            yield Tried(transcript.name, pace, point, call, asked, blamed, tuple(wrong))


def _matters(index: int, transcript: Transcript, pace: Pace, undisturbed: Outcome) -> bool:
    """Return whether dying at a call is something else at this pace than at the first one."""
    if pace.webhook_only and undisturbed.calls.made[index].function != "webhook":
        return False
    if pace.fate == "delivered":
        return True
    first = next(
        number
        for number, scene in enumerate(scenes(transcript.chat))
        if any(delivers({"desk": answer}) for answer in scene.answers)
    )
    return index >= undisturbed.begins[first]


def _named_by_job(index: int, pace: Pace, undisturbed: Outcome) -> str:
    """Name a call by its job: the function, all calls that the job makes, and what she is answered, in no language."""
    calls = undisturbed.calls.made
    job = [other for other, call in enumerate(calls) if call.invocation == calls[index].invocation]
    scene = bisect(undisturbed.begins, index)
    # The webhook answers nothing, and when she has said everything nobody waits.
    waited = calls[index].function == "document" and calls[index].line != THE_END
    answers = [reply for number, reply in undisturbed.replies if number == scene] if waited else []
    names = [calls[other].name for other in job]
    return f"{pace}, {calls[index].function}, {names}, {answers}, call {index - job[0]}"


def may_ask(calls: tuple[Call, ...]) -> frozenset[CrashPoint]:
    """Return the crash points at which she may be asked for a new OTP. Nothing may cost that but what is used up.

    A right OTP: from right after DigiLocker has used it up until right before what it brought is written down.
    A wrong one: anywhere in that job until then, since nobody knows afterwards whether the first try used it up. That
    goes for a number without an account as well.

    Signing up, the OTP of it, the code that DigiLocker's page sent her back with, a refresh token, and a pull: anywhere
    in that job until the write, since none of them is ever done a second time. Where a pull had succeeded by then, her
    list tells, and nothing is asked.
    """
    points: set[CrashPoint] = set()
    for _, made in groupby(enumerate(calls), key=lambda numbered: numbered[1].invocation):
        numbers, job = zip(*made, strict=True)
        names = [call.name for call in job]
        if never_twice := set(_NEVER_TWICE).intersection(names):
            began = names.index(never_twice.pop())
            written = next(at for at in range(began, len(names)) if names[at] in {_WRITE, _WRITE_LIST})
            points.update(CrashPoint(at, moment) for at in numbers[: written + 1] for moment in _MOMENTS)
            points.remove(CrashPoint(numbers[written], "after"))
            continue
        if _REDEEM not in names:
            continue
        asked = names.index(_REDEEM)
        written = names.index(_WRITE, asked)
        accepted = _SEAL in names[asked:written]
        began = asked if accepted else 0
        points.update(CrashPoint(numbers[at], moment) for at in range(began, written + 1) for moment in _MOMENTS)
        points.remove(CrashPoint(numbers[written], "after"))
        if accepted:
            points.remove(CrashPoint(numbers[asked], "before"))
    return frozenset(points)


def may_try_again(calls: tuple[Call, ...]) -> frozenset[int]:
    """Return the numbers of the calls whose failure may cost her a *Try again*: those that seal a device code.

    The OTP is on its way by then, and the job is not done anew: each time another one would be sent.
    """
    sealing: set[int] = set()
    for _, made in groupby(enumerate(calls), key=lambda numbered: numbered[1].invocation):
        job = list(made)
        asked = next((number for number, call in job if call.name == _ASK), None)
        sealing.update(number for number, call in job if asked is not None and number > asked and call.name == _SEAL)
    return frozenset(sealing)


def differences(undisturbed: Outcome, outcome: Outcome, *, may_ask: bool) -> list[str]:
    """Say what is not as it must be at the end of a run with one crash."""
    wrong = _never_right(outcome, lost_tokens=1 if may_ask and outcome.questions else 0)
    if outcome.otps > undisturbed.otps + _MORE_OTPS:
        wrong.append(f"{outcome.otps} OTPs were asked for")
    before, made = (Counter(call.name for call in run.calls.made) for run in (undisturbed, outcome))
    wrong += [
        f"{name} was called {made[name]} times"
        for name in _NEVER_TWICE
        if made[name] > before[name] + outcome.questions
    ]
    if not outcome.calls.died:
        wrong.append("nothing died")
    if _lasting(outcome.conversation) != _lasting(undisturbed.conversation):
        wrong.append(f"ends as {outcome.conversation}")
    if outcome.parts != undisturbed.parts + Counter(consent=outcome.consents - undisturbed.consents):
        wrong.append(f"leaves the items {dict(outcome.parts)}")
    if outcome.questions > may_ask:
        wrong.append("she had to ask for a new OTP, to send her details once more, or to sign in again")
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
    if None in _files(outcome):
        wrong.append("a message came without its PDF")
    return wrong


def _files(outcome: Outcome) -> set[bytes | None]:
    """Return the PDFs she has; None for a message that promises one which could not be fetched."""
    return {received.pdf for received in outcome.received if received.text.startswith("(")}


def _blamed(undisturbed: Outcome, outcome: Outcome) -> bool:
    """Return whether she was told that an OTP was wrong where that is not in the transcript."""
    keys = ("otp.wrong", "otp.wrong_last", "otp.no_tries")
    blames = tuple(language.texts[key].partition("{")[0] for language in catalogues() for key in keys)
    as_ever = {received.text for received in undisturbed.received}
    other = [received.text for received in outcome.received if received.text not in as_ever]
    return any(text.startswith(blames) for text in (*other, *outcome.asked))


def _lasting(conversation: Conversation) -> tuple[object, ...]:
    """Return what does not depend on how long a run takes, nor on how often she wrote."""
    return (
        conversation.language,
        conversation.stage,
        conversation.previous,
        conversation.form,
        conversation.pull,
        conversation.otp,
        conversation.link is None,
        conversation.session,
        conversation.again,
        conversation.waiting,
        conversation.documents,
    )


def _replies(undisturbed: Outcome, outcome: Outcome) -> list[str]:
    """Each reply of the undisturbed run at least once, none more than twice, and no others than the one question.

    Replies to the same step are the same reply. Where a question was asked, later steps have other names: there only
    the words count. What is repeated after she has signed out cannot name the document any more.
    """
    asked = outcome.questions > 0
    expected = Counter(_named(received, by_step=not asked) for received in undisturbed.received)
    sent = Counter(_as_expected(_named(received, by_step=not asked), expected) for received in outcome.received)
    wrong = [f"not sent: {text!r}" for _, text in (expected - sent)]
    limits = Counter({reply: _MOST_TIMES * times for reply, times in expected.items()})
    unexpected = {reply for reply in sent if reply not in expected}
    wrong += [f"sent {sent[reply]} times: {reply[1]!r}" for reply in sent - limits if reply in expected]
    if len(unexpected) > outcome.questions or any(sent[reply] > 1 for reply in unexpected):
        wrong += [f"also sent: {text!r}" for _, text in sorted(unexpected)]
    return wrong


def _as_expected(reply: Reply, expected: Iterable[Reply]) -> Reply:
    """Return the reply that this one repeats, if it is one that has lost the name of its document."""
    step, text = reply
    nameless = next((name for name in _NAMELESS if name in text), None)
    if nameless is None:
        return reply
    named = text.replace(nameless, "…")
    return next((other for other in expected if other[0] == step and matches(named, other[1])), reply)


def _named(received: Received, *, by_step: bool) -> Reply:
    """Name a reply. Of a document not by its list: one that was pulled is found on a newer one after a crash."""
    claimed = read_tracking(received.callback_data)
    step = claimed.tracking.key if claimed else received.callback_data
    return (step if by_step else "", timeless(received.text))
