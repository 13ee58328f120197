"""The auditor can see: each of these faults, planted in the product at one place, breaks the law that forbids it.

Sixty seconds are some 2,000 runs on one processor: none needs as many, from the first seed on. `first` only spares the
tests the seeds that are known not to meet the fault.
"""

from dataclasses import dataclass

import pytest

from tests.simulation.planted import planted
from tests.simulation.runs import run

MOST_RUNS = 1500


@dataclass(frozen=True)
class Fault:
    """Something wrong at one place, and the law that it breaks."""

    name: str
    law: str
    path: str
    sound: str
    faulty: str
    first: int = 0


FAULTS = (
    Fault(
        "the version is not checked",
        "what she pays for stays within bounds",
        "storage/conversations.py",
        'condition = "#v = :before"',
        'condition = "attribute_exists(#v)"',
        first=60,
    ),
    Fault(
        "an outbox entry is taken out before its message is sent",
        "nobody is asked for consent in vain",
        "service/outbox_worker.py",
        "        for position, effect in enumerate(entry.then):",
        "        self._store.done(stored.id, entry.step)\n        for position, effect in enumerate(entry.then):",
        first=210,
    ),
    Fault(
        "an OTP is counted when its answer comes",
        "more limits hold",
        "conversation/chapters/otp.py",
        "tried = (*today, OtpAttempt(mark, now, step=context.step))",
        "tried = today",
        first=250,
    ),
    Fault(
        "the hour is that of the clock",
        "promised limits hold",
        "conversation/limits.py",
        "if now - at < seconds)",
        "if now // seconds == at // seconds)",
    ),
    Fault(
        "a list goes to the conversation that is listed next",
        "the list is that of the account",
        "service/digilocker_requests.py",
        "kept = that_fit(listed.documents)",
        'kept, self.__dict__["kept"] = self.__dict__.get("kept", ()), listed.documents',
    ),
    Fault(
        "what DigiLocker consumes is asked for again after a crash",
        "nothing is consumed twice",
        "service/digilocker_requests.py",
        "if again and (problem := NEVER_REPEATED.get(type(request))):",
        "if not again and (problem := None):",
        first=470,
    ),
    Fault(
        "an OTP that was used up in a crash is told to be wrong",
        "who types the right otp is not told that it is wrong",
        "service/digilocker_requests.py",
        "if again and isinstance(request, VerifyOtp) and error.problem is Problem.OTP_WRONG:",
        "if again and isinstance(request, VerifyOtp) and error.problem is None:",
        first=500,
    ),
    Fault(
        "what is sealed opens after its end",
        "nothing is opened after its end",
        "storage/sealing.py",
        "if self._clock() >= (end if idle_end is None else min(end, idle_end)):",
        "if self._clock() < 0:",
    ),
    Fault(
        "a link does not die",
        "the functions do not break",
        "conversation/chapters/sign_in_page.py",
        "not link.returned and now < link.expires_at",
        "not link.returned",
    ),
    Fault(
        "an item is read that is past its time",
        "the language is hers",
        "storage/conversations.py",
        'if int(item["expires_at"]["N"]) > now}',
        "}",
    ),
    Fault(
        "what was erased is written back",
        "erased means gone",
        "conversation/chapters/privacy.py",
        "        active_at=out.active_at,",
        "        active_at=out.active_at,\n        language=out.language,",
        first=110,
    ),
    Fault(
        "a status of an unknown kind fails its delivery",
        "the functions do not break",
        "service/inbound.py",
        "failed += self._follow(delivery.statuses)",
        "failed += self._follow(delivery.statuses) + any(s.status not in _KNOWN_STATUSES for s in delivery.statuses)",
    ),
    Fault(
        "each message is a group of its own",
        "answers come in the order of what was written",
        "storage/work.py",
        '"MessageGroupId": job.conversation_id',
        '"MessageGroupId": _deduplication(job)',
    ),
    Fault(
        "a PDF that WhatsApp refuses is not deleted",
        "a file is not left behind",
        "conversation/chapters/documents.py",
        "return here, (failed, DeletePdf(event.key))",
        "return here, (failed,)",
    ),
    Fault(
        "a sealed value outlives its step",
        "an otp is not kept",
        "service/turn.py",
        "(both if taken else kept).items() if name in stays}",
        "both.items()}",
    ),
    Fault(
        "a job that is too late is dropped without a word",
        "every wait ends in a message",
        "service/outbox_worker.py",
        '            count("ExpiredJobs")',
        "            self._store.done(stored.id, entry.step)\n            return stored, None",
        first=90,
    ),
    Fault(
        "what WhatsApp delivers twice is answered twice",
        "what she pays for stays within bounds",
        "service/inbound.py",
        "if step not in draft.before.seen}",
        "if not draft.before.entry(step)}",
    ),
    Fault(
        "what was sent is sent again when a later step of the entry fails",
        "nothing is answered twice",
        "service/outbox_worker.py",
        "if position or unsure:",
        "if unsure:",
        first=160,
    ),
    Fault(
        "tokens are not revoked at signing out",
        "a token is kept or given back",
        "conversation/turn.py",
        "if session and not (is_refused and not session.token_until) else ()",
        "if session and session.keeps is None else ()",
    ),
    Fault(
        "she is told that a number has no account",
        "whether there is an account is told to nobody",
        "service/digilocker_gateway.py",
        "            _note(error)\n            return _DECOY",
        "            raise\n            return _DECOY",
    ),
    Fault(
        "*Stop* does not stop",
        "who asked for silence hears nothing",
        "conversation/advance.py",
        "if conversation.stage is Stage.STOPPED and not _is_greeting(event):",
        "if conversation.stage is None:",
    ),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_and_named(fault: Fault) -> None:
    with planted(fault.path, fault.sound, fault.faulty):
        assert any(fault.law in run(seed).broken for seed in range(fault.first, MOST_RUNS))
