"""The auditor can see: each of these faults, planted in the product at one place, breaks the law that forbids it.

Sixty seconds are 350 runs or more on one slow processor. `first` only spares the tests the seeds that are known not to
meet the fault.
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
        first=1180,
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
        "every message gets an answer",
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
        "if conversation.stage is Stage.STOPPED and command_even_late(event) is not Choice.GREETING:",
        "if conversation.stage is None:",
    ),
    Fault(
        "jobs are told apart by nothing",
        "every message gets an answer",
        "storage/work.py",
        '"MessageDeduplicationId": _deduplication(job)',
        '"MessageDeduplicationId": "job"',
    ),
    Fault(
        "all citizens are one group",
        "nobody waits for somebody else",
        "storage/work.py",
        '"MessageGroupId": job.conversation_id',
        '"MessageGroupId": "citizens"',
        first=130,
    ),
    Fault(
        "what has a note is said in English",
        "her language stays while she only taps",
        "conversation/turn.py",
        "    return Say(conversation.language, text(key, **values)",
        '    return Say(conversation.language if note is None else "en", text(key, **values)',
    ),
    Fault(
        "the link of a PDF holds ten times as long",
        "a file can be fetched as long as is said",
        "service/message_sender.py",
        "link=self._documents.link(reply.key, filename, self._renderer.link_seconds)",
        "link=self._documents.link(reply.key, filename, 10 * self._renderer.link_seconds)",
    ),
    Fault(
        "no consent is recorded",
        "nobody is asked for consent in vain",
        "service/follow_ups.py",
        "                self._records.record_consent(stored.id, effect, self._consent_seconds)",
        "                pass",
    ),
    Fault(
        "the OTPs of a number are not counted",
        "promised limits hold",
        "service/digilocker_requests.py",
        "self._records.count_otps(marks, step, limits)",
        "self._records.count_otps((), step, limits)",
        first=90,
    ),
    Fault(
        "whatever is sealed opens for any purpose",
        "what is sealed names what it is for",
        "storage/sealing.py",
        '"purpose": purpose}',
        '"purpose": "value"}',
    ),
    Fault(
        "a row of an earlier list is taken for one of this list",
        "a document comes only to who signed in and asked",
        "conversation/chapters/documents.py",
        "if tap.place != session.listing or tap.number is None:",
        "if tap.number is None:",
        first=20,
    ),
    Fault(
        "the list stays after signing out",
        "nothing sealed outlives its step",
        "conversation/turn.py",
        "session=None, documents=(), wanted",
        "session=None, wanted",
    ),
    Fault(
        "*Done* keeps the session",
        "a document comes only to who signed in and asked",
        "conversation/chapters/documents.py",
        "    out, effects = signed_out(conversation, Stage.MENU)\n    out = replace(out, is_done=True)",
        "    out, effects = replace(conversation, is_done=True), ()",
    ),
    Fault(
        "a message that comes much too late is acted on",
        "what comes too late is not acted on",
        "service/message_reader.py",
        "return message.timestamp is not None and message.timestamp < oldest",
        "return False",
        first=30,
    ),
    Fault(
        "a pause is forgotten at once",
        "what she pays for stays within bounds",
        "conversation/advance.py",
        "if now < conversation.used.paused_until:",
        "if now < 0:",
    ),
    Fault(
        "a Hi undoes a Stop that was sent after it",
        "who asked for silence hears nothing",
        "service/message_reader.py",
        "return message.timestamp < conversation.newest.sent_at",
        "return False",
    ),
    Fault(
        "Stop is not heard above thirty messages a minute",
        "who asked for silence hears nothing",
        "conversation/flood.py",
        "if command_even_late(event) is Choice.STOP:",
        "if command_even_late(event) is None:",
        first=50,
    ),
    Fault(
        "a report that nobody signed is believed",
        "a document is sent again only if it failed",
        "service/delivery_reports.py",
        "or not self._tracker.is_ours(claimed.tracking, claimed.signature)",
        "or not claimed.tracking",
        first=20,
    ),
    Fault(
        "whoever has her number next is taken for her",
        "erased means gone",
        "service/inbound.py",
        "is_other = isinstance(read.event, IdentityChanged)",
        "is_other = False",
        first=250,
    ),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_and_named(fault: Fault) -> None:
    with planted(fault.path, fault.sound, fault.faulty):
        assert any(fault.law in run(seed).broken for seed in range(fault.first, MOST_RUNS))
