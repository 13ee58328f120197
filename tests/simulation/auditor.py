"""The auditor: laws on what came out, whatever was done. It knows neither the generator nor how the desk works.

What it looks at is the world's record: what people wrote, what came to their phones, what DigiLocker was asked, what
lies where when nothing is under way. A law is a function that gives what breaks it.
"""

import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from helpdesk.languages.catalogue import catalogues
from tests.simulation.acts import PEOPLE
from tests.simulation.citizens import Setup
from tests.world.record import (
    Asked,
    Broke,
    Event,
    Faulted,
    Opened,
    Posted,
    Received,
    Refused,
    Rested,
    Returned,
    Texted,
    Worked,
    Wrote,
)
from tests.world.world import World

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
SLACK_SECONDS = 100
"""By how much a job may come later than it was asked for, and still be done: it expires after 90 s."""
KEPT_SECONDS = 8 * DAY
REFUSED_FOR_GOOD = frozenset({"Undeliverable", "MediaFailed", "InvalidMessage"})
"""What WhatsApp answers to a message that it will never take."""


@dataclass(frozen=True)
class Finding:
    """Something that breaks a law."""

    law: str
    what: str

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.law}: {self.what}"


# --- what a text says -------------------------------------------------------------------------------------------------


@cache
def _pattern(key: str) -> re.Pattern[str]:
    """Return a pattern for a text in any language; a value in it is a group."""
    texts = [language.texts[key] for language in catalogues()]
    return re.compile("|".join(re.sub(r"\\\{\w+\\\}", "(.+?)", re.escape(text)) for text in texts))


@lru_cache(maxsize=50_000)
def says(text: str, key: str) -> re.Match[str] | None:
    """Return whether a message holds a text of the catalogues, in any language."""
    return _pattern(key).search(text)


SIGNED_OUT = ("done", "stop.done", "delete.done", "session.ended", "session.closed", "documents.sign_in_again")
"""What she is told when she is signed in no longer."""


@cache
def _titles(key: str) -> frozenset[str]:
    return frozenset(language.texts[key] for language in catalogues())


def is_stop(wrote: Wrote) -> bool:
    """Return whether a message asks for no more messages."""
    return wrote.tapped == "stop" or wrote.text.strip() in {"stop", *_titles("button.stop")}


def _signs_out(text: str) -> bool:
    return any(says(text, key) for key in SIGNED_OUT)


# --- what is known of a run -------------------------------------------------------------------------------------------


@dataclass
class Ledger:
    """The record, and what follows from it."""

    setup: Setup
    record: list[Event]
    settings: dict[str, str]
    line_of: dict[str, str] = field(default_factory=dict)
    """A conversation -> its line, as learned from the webhook's calls."""
    wrote: dict[str, Wrote] = field(default_factory=dict)
    first_posted: dict[str, int] = field(default_factory=dict)
    """A message -> the place in the record where the webhook first took it in."""
    queued_at: dict[str, int] = field(default_factory=dict)
    """A message -> the place in the record where its job was queued."""
    step_queued_at: dict[tuple[str, str], int] = field(default_factory=dict)
    """A conversation and step -> the place in the record where the call began that queued its job."""
    first_tried: dict[str, int] = field(default_factory=dict)
    """A message -> the place in the record where it was first delivered, whatever came of that."""
    message_of: dict[tuple[str, str], str] = field(default_factory=dict)
    """A conversation and step -> the message that it is for."""
    troubled: Counter[str] = field(default_factory=Counter)
    """How many faults struck in each conversation; "" for where it is not known."""
    webhook_troubled: bool = False
    losses: list[tuple[int, str, str]] = field(default_factory=list)
    """Answers that are lost for good: the place in the record, the line, and the message, "" if that is not known."""
    _of_kind: dict[type[Event], list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for event in self.record:
            if isinstance(event, Wrote):
                self.wrote[event.message] = event
        for place, event in enumerate(self.record):
            match event:
                case Posted(messages=messages, queued=queued, status=status, since=since):
                    for message in messages:
                        self.first_tried.setdefault(message, place)
                        if status == 200:
                            self.first_posted.setdefault(message, place)
                    lines = {self.wrote[message].line for message in messages if message in self.wrote}
                    if len(lines) == 1 and queued:
                        self.line_of.setdefault(queued[-1][0], next(iter(lines)))
                    for step in queued:
                        self.step_queued_at.setdefault(step, since)
                    # Its own job is the last; those before it may not have got to the queue.
                    if len(messages) == 1 and queued and queued[-1] not in self.message_of:
                        self.message_of[queued[-1]] = messages[0]
                        self.queued_at.setdefault(messages[0], place)
                case Faulted(function=function, conversation=conversation):
                    self.troubled[conversation] += 1
                    self.webhook_troubled = self.webhook_troubled or function != "document"
        self._note_losses()

    def _note_losses(self) -> None:
        """Note which answers cannot come: refused for good, sent twice without an answer, or of a job given up.

        Nor one that needs what KMS did not open for over six minutes (`PUT_OFF_BY_KMS` tries): her session is forgotten
        with it meanwhile. Whatever waited behind that job was asked for in the same session.
        """
        unanswered: set[str] = set()
        unopened: Counter[str] = Counter()
        given_up: set[str] = set()
        for place, event in enumerate(self.record):
            match event:
                case Faulted(call="whatsapp.send", error=error, step=job) if error in REFUSED_FOR_GOOD:
                    self._lose(place, job)
                case Faulted(call="whatsapp.send", error="OutcomeUnknown", step=job):
                    if job in unanswered:
                        self._lose(place, job)
                    unanswered.add(job)
                case Faulted(call="kms.decrypt", conversation=conversation):
                    unopened[conversation] += 1
                    if unopened[conversation] >= PUT_OFF_BY_KMS:
                        self.losses.append((place, self.line_of.get(conversation, ""), ""))
                case Refused(by_fault=False, cause=cause):
                    conversation, _, step = cause.partition(":")
                    self._lose(place, json.dumps({"conversation": conversation, "step": step}))
                case Rested(dead_letters=letters):
                    for job in {*letters} - given_up:
                        self._lose(place, job)
                    given_up |= {*letters}

    def _lose(self, place: int, job: str) -> None:
        told = json.loads(job or "{}")
        conversation, step = told.get("conversation", ""), told.get("step", "")
        line = self.line_of.get(conversation, "")
        self.losses.append((place, line, self.message_of.get((conversation, step), "")))

    def is_lost(self, line: str, message: str = "", *, since: int = -1, until: int) -> bool:
        """Return whether the answer to a message is lost, or any of a line's between two places in the record."""
        return any(
            since < place <= until and of in {line, ""} and (not message or what in {message, ""})
            for place, of, what in self.losses
        )

    @property
    def calm(self) -> bool:
        """Whether no fault has struck."""
        return not self.troubled

    def number(self, name: str) -> int:
        """Return a setting."""
        return int(self.settings[name])

    def troubles(self, line: str) -> int:
        """Count the faults that may have to do with a line."""
        own = sum(self.troubled[one] for one, of in self.line_of.items() if of == line)
        return own + self.troubled[""]

    def faults(self, line: str) -> Iterator[Faulted]:
        """Return the faults that may have to do with a line."""
        return (one for one in self.all(Faulted) if self.line_of.get(one.conversation, line) == line)

    def all[E: Event](self, kind: type[E]) -> list[E]:
        """Return the events of a kind."""
        if kind not in self._of_kind:
            self._of_kind[kind] = [event for event in self.record if isinstance(event, kind)]
        return self._of_kind[kind]

    def cause(self, received: Received) -> Wrote | None:
        """Return the message that is answered, where that is known."""
        conversation, _, step = received.cause.partition(":")
        return self.wrote.get(self.message_of.get((conversation, step), ""))

    def asked_at(self, received: Received) -> int:
        """Return the place in the record where the call began that queued something; if not known, the record's end."""
        conversation, _, step = received.cause.partition(":")
        return self.step_queued_at.get((conversation, step), len(self.record))

    def caused_at(self, received: Received) -> float:
        """Say when something was asked for; where that is not known, when it came."""
        cause = self.cause(received)
        return self.record[self.queued_at[cause.message]].at if cause else received.at

    def dead(self, line: str) -> bool:
        """Return whether a job of a line has been given up, or a message to it refused for good.

        A message that was sent twice without an answer is left at that.
        """
        unanswered, unopened = 0, 0
        for event in self.record:
            match event:
                case Faulted(call=call, kind="silent", conversation=of) if call.startswith("whatsapp"):
                    unanswered += self.line_of.get(of) == line
                    if unanswered > 1:
                        return True
                case Faulted(call="kms.decrypt", conversation=of):
                    # What it was about is forgotten with its session meanwhile.
                    unopened += self.line_of.get(of) == line
                    if unopened > 5:
                        return True
                case Rested(dead_letters=letters):
                    if any(self.line_of.get(json.loads(one).get("conversation", "")) == line for one in letters):
                        return True
                case Faulted(call=call, kind="fails", conversation=of) if call.startswith("whatsapp"):
                    if self.line_of.get(of) == line:
                        return True
                case Refused(line=refused, by_fault=False) if refused == line:
                    return True
        return False


PUT_OFF_BY_KMS = 6
"""So many tries of one job take 1 + 4 + 16 + 60 + 300 s."""

type Law = Callable[[Ledger], Iterator[str]]
LAWS: list[Law] = []


def law(function: Law) -> Law:
    """Hold a run to this."""
    LAWS.append(function)
    return function


def audit(setup: Setup, world: World) -> Iterator[Finding]:
    """Yield what breaks a law."""
    ledger = Ledger(setup, world.record, world.environment)
    for one in LAWS:
        for what in one(ledger):
            yield Finding(one.__name__.replace("_", " "), what)


# --- answers ----------------------------------------------------------------------------------------------------------


@dataclass
class _Silence:
    """Why a line may be left without an answer, as it was told to."""

    stopped: bool = False
    """She asked for no more messages, and has been told nothing else since."""
    paused_until: float = 0
    told_to_wait: float = 0
    late_at: float = -HOUR
    same: list[tuple[str, float]] = field(default_factory=list)
    minutes: Counter[int] = field(default_factory=Counter)

    def hear(self, received: Received, *, asked_before: bool) -> None:
        """Take in what was told. `asked_before`: it answers what she wrote before she asked for silence."""
        ends_nothing = asked_before or says(received.text, "pause.minutes") or says(received.text, "pause.hours")
        self.stopped = bool(says(received.text, "stop.done") or (self.stopped and ends_nothing))
        for key, seconds in (("pause.minutes", MINUTE), ("pause.hours", HOUR)):
            if found := says(received.text, key):
                amount = int(next(group for group in found.groups() if group))
                self.paused_until = received.at + amount * seconds
        if says(received.text, "late"):
            self.late_at = received.at

    def holds(self, message: Wrote, at: float, rules: dict[str, str]) -> bool:
        """Return whether a message gets no answer, by what the desk has said before or says of machines."""
        self.minutes[int(at) // MINUTE] += 1
        if is_stop(message):
            was_stopped, self.stopped = self.stopped, True
            return was_stopped or at < self.paused_until
        if message.kind == "text":
            self.same = [one for one in self.same if one[0] == message.text and at - one[1] <= MINUTE]
            self.same.append((message.text, at))
        else:
            self.same = []
        return (
            self.stopped
            or at < self.paused_until
            or self.minutes[int(at) // MINUTE] > int(rules["MESSAGES_PER_MINUTE"])
            or len(self.same) >= int(rules["SAME_TEXTS_PER_MINUTE"])
            or message.kind in {"reaction", "edit", "revoke", "system"}
            or at - self.late_at <= MINUTE
        )


@law
def every_message_gets_an_answer(ledger: Ledger) -> Iterator[str]:
    """A message is answered before the next one comes, or when all is at rest; unless she was told otherwise."""
    silence: dict[str, _Silence] = defaultdict(_Silence)
    open_: dict[str, str] = {}
    told: dict[str, int] = {}
    stopped: dict[str, int] = defaultdict(int)
    for place, event in enumerate(ledger.record):
        match event:
            case Received(line=line):
                told[line] = place
                open_.pop(line, None)
                silence[line].hear(event, asked_before=ledger.asked_at(event) < stopped[line])
            case Returned(line=line) | Refused(line=line):
                open_.pop(line, None)
            case Posted(messages=messages):
                for message in messages:
                    wrote = ledger.wrote[message]
                    if wrote.kind == "system":  # she is somebody else from here on
                        open_.pop(wrote.line, None)
                    if ledger.first_tried[message] == place:
                        was_stopped = silence[wrote.line].stopped
                        held = silence[wrote.line].holds(wrote, event.at, ledger.settings)
                        if silence[wrote.line].stopped and not was_stopped:
                            stopped[wrote.line] = place
                        if held:
                            continue
                        if told.get(wrote.line, -1) < event.since:  # else she was told something meanwhile
                            open_[wrote.line] = message
            case Worked(conversation=conversation, body=body, done=True) if _ends_session(body):
                told[ledger.line_of.get(conversation, "")] = place  # her next message is told so
                open_.pop(ledger.line_of.get(conversation, ""), None)
            case Rested():
                for line, message in open_.items():
                    wrote = ledger.wrote[message]
                    is_lost = ledger.is_lost(line, message, until=place)
                    if message not in ledger.queued_at:  # what told her that she gets none may be lost
                        is_lost = is_lost or ledger.is_lost(line, since=told.get(line, -1), until=place)
                    if not is_lost:
                        yield f"{line[-2:]} wrote {wrote.text or wrote.tapped or wrote.kind!r} and got no answer"
                open_.clear()


def _ends_session(body: str) -> bool:
    """Tell whether an operator ends a session with a message of the timers."""
    return bool(json.loads(body).get("close"))


@law
def every_wait_ends_in_a_message(ledger: Ledger) -> Iterator[str]:
    """Who was told to wait is told how it ended."""
    last: dict[str, tuple[int, Received]] = {}
    for place, event in enumerate(ledger.record):
        match event:
            case Received(line=line):
                last[line] = place, event
            case Rested():
                for line, (since, received) in last.items():
                    waits = says(received.text, "wait") or says(received.text, "longer")
                    if waits and not ledger.is_lost(line, since=since, until=place):
                        yield f"{line[-2:]} still waits: {received.text[:60]!r}"
                last.clear()


@law
def nothing_is_answered_twice(ledger: Ledger) -> Iterator[str]:
    """A message is sent again only where nobody could know whether it had arrived."""
    told = Counter((event.line, event.cause) for event in ledger.all(Received))
    unsure: dict[str, set[str]] = defaultdict(set)
    lost: Counter[str] = Counter()
    for event in ledger.all(Faulted):
        if event.call.startswith("whatsapp") and event.kind == "silent":
            unsure[event.conversation].add("once more, and no more")
        elif event.kind == "dies" or event.call.startswith("dynamodb") or event.kind == "late":
            lost[event.conversation] += 1
    for (line, cause), times in told.items():
        conversation = cause.partition(":")[0]
        allowed = 1 + len(unsure[conversation]) + lost[conversation] + lost[""]
        if times > allowed:
            yield f"{line[-2:]} was told {times} times for one cause"


@law
def answers_come_in_the_order_of_what_was_written(ledger: Ledger) -> Iterator[str]:
    """An answer does not come before that to an earlier message."""
    if ledger.webhook_troubled:
        return  # a message that was stored but not queued is taken up when WhatsApp delivers it again
    newest: dict[str, int] = defaultdict(int)
    seen: set[str] = set()
    for event in ledger.all(Received):
        conversation, _, step = event.cause.partition(":")
        message = ledger.message_of.get((conversation, step))
        if message is None or event.cause in seen:
            continue
        seen.add(event.cause)
        place = ledger.queued_at[message]
        if place < newest[event.line] and not ledger.dead(event.line):
            yield f"{event.line[-2:]}: the answer to {ledger.wrote[message].text[:30]!r} came after a later one"
        newest[event.line] = max(newest[event.line], place)


@law
def what_she_pays_for_stays_within_bounds(ledger: Ledger) -> Iterator[str]:
    """Messages cost money: about one for each that she writes, and no more in a minute, hour and day than allowed."""
    wrote = Counter(event.line for event in ledger.wrote.values())
    back = Counter(event.line for event in ledger.all(Returned))
    told: dict[str, list[float]] = defaultdict(list)
    handed_over = Counter(event.line for event in ledger.wrote.values() if event.kind == "system")
    documents: Counter[str] = Counter()
    longer: Counter[str] = Counter()
    for event in ledger.all(Received):
        if says(event.text, "longer"):  # told besides, once for a wait
            longer[event.line] += 1
            if longer[event.line] > wrote[event.line] + back[event.line]:
                yield f"{event.line[-2:]} was told {longer[event.line]} times that it takes longer"
            continue
        told[event.line].append(ledger.caused_at(event))
        documents[event.line] += bool(event.filename)
    a_day = ledger.number("REPLIES_PER_CITIZEN_PER_DAY")
    for line, times in told.items():
        # A document that is not delivered: as a file, then a word. Whoever has a number next is told of a pause too.
        extra = 2 * documents[line] + ledger.troubles(line) + handed_over[line]
        if len(times) > wrote[line] + back[line] + extra:
            yield f"{line[-2:]} wrote {wrote[line]} messages and got {len(times)}"
        for seconds, most in ((HOUR, max(2, a_day * 6 // 10)), (DAY, a_day)):
            if (most_at_once := _most(times, seconds - SLACK_SECONDS)) > most + extra:
                yield f"{line[-2:]} got {most_at_once} messages within {seconds} s, where {most} are allowed"


# --- documents --------------------------------------------------------------------------------------------------------


@law
def a_document_comes_only_to_who_signed_in_and_asked(ledger: Ledger) -> Iterator[str]:
    """Whoever gets a document typed the OTP of its account on that line, is signed in still, and asked for it."""
    otps: dict[str, str] = {}
    signed_in: dict[str, set[str]] = defaultdict(set)
    asked: dict[str, set[str]] = defaultdict(set)
    last: dict[str, deque[Wrote]] = defaultdict(lambda: deque(maxlen=12))
    lists = _Lists(ledger)
    heard: dict[str, float] = {}
    session = ledger.number("SESSION_SECONDS") + SLACK_SECONDS
    for event in ledger.record:
        match event:
            case Texted(whose=whose, digits=digits):
                otps[digits] = whose
            case Wrote(line=line):
                if event.at - heard.get(line, event.at) > session:
                    signed_in[line].clear()
                heard[line] = event.at
                if event.at - event.sent_at < ledger.number("MAX_MESSAGE_AGE_SECONDS"):
                    asked[line] |= lists.asked(event)
                    last[line].append(event)
            case Returned(line=line):
                heard[line] = event.at
            case Asked(endpoint="pull", whose=whose, conversation=conversation) if whose:
                asked[ledger.line_of.get(conversation, "")] |= {one.document.uri for one in PEOPLE[whose].records}
            case Asked(endpoint="redeem" | "verify sign-up", conversation=conversation, succeeded=True):
                line, digits = ledger.line_of.get(conversation, ""), event.about.split()[-1]
                if not any(one.line == line and digits in _digits(one.text) for one in ledger.wrote.values()):
                    yield f"an OTP was verified for {line[-2:]}, who never typed it"
                signed_in[line].add(event.whose)
            case Asked(endpoint="exchange", conversation=conversation, succeeded=True):
                signed_in[ledger.line_of.get(conversation, "")].add(event.whose)
            case Asked(endpoint="listed" | "file"):
                lists.note(event)
                if event.endpoint == "file" and event.succeeded and not lists.has(event.whose, event.about):
                    yield "a document was asked of an account whose list does not have it"
            case Received(line=line, content=content):
                lists.show(event)
                if any(id_.startswith("document@") for id_ in event.tappable.values()) and not signed_in[line]:
                    yield f"{line[-2:]} got a list, where nobody is signed in"
                if content and content.startswith(b"%PDF"):
                    _, whose, uri = content.decode().split(" ", 2)
                    if whose not in signed_in[line]:
                        yield f"{line[-2:]} got a document of an account that nobody is signed in to there"
                    # A number may be typed before the list has come that it is read by.
                    if uri not in asked[line] and not any(uri in lists.asked(one) for one in last[line]):
                        yield f"{line[-2:]} got a document that was not asked for"
                if _signs_out(event.text):
                    signed_in[line].clear()


class _Lists:
    """Which document a number means, by the lists that were shown."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._listed: dict[str, tuple[str, ...]] = {}
        self._accounts: dict[str, set[str]] = defaultdict(set)
        self._shown: dict[str, tuple[str, ...]] = {}
        self._newest: dict[str, str] = {}

    def note(self, asked: Asked) -> None:
        """Take in what DigiLocker has listed."""
        if asked.endpoint == "listed":
            uris = tuple(asked.about.split("\n"))
            self._listed[self._ledger.line_of.get(asked.conversation, "")] = uris
            self._accounts[asked.whose].update(uris)

    def has(self, whose: str, uri: str) -> bool:
        """Return whether an account has a document."""
        records = {one.document.uri for one in PEOPLE[whose].records}
        return uri in {one.uri for one in PEOPLE[whose].issued} | records

    def show(self, received: Received) -> None:
        """Take in a list that came to a phone."""
        for id_ in received.tappable.values():
            if id_.startswith("document@"):
                listing = id_.partition("@")[2].partition("#")[0]
                self._shown.setdefault(f"{received.line} {listing}", self._listed.get(received.line, ()))
                self._newest[received.line] = listing

    def asked(self, wrote: Wrote) -> set[str]:
        """Return the documents that a message may ask for."""
        newest = self._shown.get(f"{wrote.line} {self._newest.get(wrote.line)}", ())
        if wrote.tapped.startswith("document@"):
            listing, _, number = wrote.tapped.partition("@")[2].partition("#")
            return _nth(self._shown.get(f"{wrote.line} {listing}", ()), number)
        if wrote.tapped:
            return set()
        if digits := _digits(wrote.text):
            return _nth(newest, digits) | _nth(self._listed.get(wrote.line, ()), digits)
        # A name: which one it means is not judged here. It may have been said before there was a list.
        return {*newest, *self._listed.get(wrote.line, ())} if len(wrote.text.strip()) > 2 else set()


def _nth(uris: tuple[str, ...], number: str) -> set[str]:
    place = int(number) if number.isdecimal() and len(number) < 4 else 0
    return {uris[place - 1]} if 1 <= place <= len(uris) else set()


@law
def the_list_is_that_of_the_account(ledger: Ledger) -> Iterator[str]:
    """Each row of a list is the document that DigiLocker has at that place."""
    lists: dict[str, tuple[str, ...]] = {}
    names = {one.uri: one.name for who in PEOPLE.values() for one in who.issued}
    names |= {one.document.uri: one.document.name for who in PEOPLE.values() for one in who.records}
    for event in ledger.record:
        match event:
            case Asked(endpoint="listed", conversation=conversation):
                lists[ledger.line_of.get(conversation, "")] = tuple(event.about.split("\n"))
            case Received(line=line, rows=rows):
                for id_, row in rows:
                    number = id_.rpartition("#")[2]
                    uri = next(iter(_nth(lists.get(line, ()), number)), "")
                    if id_.startswith("document@") and names.get(uri, "?")[:12] not in row:
                        yield f"{line[-2:]}: row {number} is {row!r}, and not {names.get(uri)!r}"


# --- DigiLocker -------------------------------------------------------------------------------------------------------


@law
def nothing_is_consumed_twice(ledger: Ledger) -> Iterator[str]:
    """An OTP is tried as often as it was typed, a code and a refresh token once, a pull as often as it was sent.

    Where a function died around an OTP, nobody knows whether it was tried, and it may be tried once more.
    """
    typed = Counter(_digits(event.text) for event in ledger.wrote.values())
    sent = sum(event.tapped.startswith("send") or event.kind == "text" for event in ledger.wrote.values())
    tried = Counter((event.endpoint, event.about) for event in ledger.all(Asked))
    for (endpoint, _, _), times in Counter((one.endpoint, one.about, one.step) for one in ledger.all(Asked)).items():
        if endpoint in {"exchange", "refresh", "verify sign-up"} and times > 1:
            yield f"{endpoint} was asked {times} times for one step"
    of = {event.about: event.conversation for event in ledger.all(Asked)}
    for (endpoint, about), times in tried.items():
        allowed = {
            "redeem": max(1, typed[about.split()[-1] if about else ""]) + ledger.troubled[of[about]],
            "verify sign-up": max(1, typed[about.split()[-1] if about else ""]),
            "exchange": 1,
            "pull": sent,
        }.get(endpoint, times)
        if times > allowed:
            yield f"{endpoint} was asked {times} times for the same, {allowed} at most"
    opened: set[str] = set()
    for event in ledger.all(Asked):
        if event.endpoint in {"redeem", "exchange"}:
            if event.about in opened and not ledger.troubled[event.conversation]:
                yield f"{event.endpoint} was asked again after it had succeeded"
            if event.succeeded:
                opened.add(event.about)


@law
def who_types_the_right_otp_is_not_told_that_it_is_wrong(ledger: Ledger) -> Iterator[str]:
    """Whatever died meanwhile: it may be too old, or used up, but it was not wrong.

    Unless DigiLocker itself refused it: for what reason is told to nobody.
    """
    sent: dict[str, tuple[str, float]] = {}
    used: set[str] = set()
    for event in ledger.record:
        match event:
            case Faulted(call=call, kind="fails", conversation=conversation) if call.startswith("digilocker"):
                sent.pop(ledger.line_of.get(conversation, ""), None)
            case Texted(conversation=conversation, digits=digits, at=at):
                sent[ledger.line_of.get(conversation, "")] = digits, at
            case Posted(messages=messages):
                for message in messages:
                    if len(_digits(ledger.wrote[message].text)) > 6:
                        sent.pop(ledger.wrote[message].line, None)
            case Asked(endpoint="redeem" | "verify sign-up", succeeded=True, conversation=conversation):
                used.add(conversation)
            case Worked(conversation=conversation, done=True) if conversation in used:
                used.remove(conversation)
                sent.pop(ledger.line_of.get(conversation, ""), None)
            case Received(line=line, text=text) if line in sent and event.at - sent[line][1] < 10 * MINUTE:
                wrong = says(text, "otp.wrong") or says(text, "otp.wrong_last")
                cause = ledger.cause(event)
                if wrong and cause and _digits(cause.text) == sent[line][0]:
                    yield f"{line[-2:]} typed the right OTP, and was told that it was wrong"


@law
def promised_limits_hold(ledger: Ledger) -> Iterator[str]:
    """OTPs for a number and for a citizen, documents: in any minute, hour and day, not those of the clock."""
    for_number: dict[str, list[float]] = defaultdict(list)
    for_citizen: dict[str, list[float]] = defaultdict(list)
    died: dict[str, int] = defaultdict(int)
    for event in ledger.all(Texted):
        for_number[event.number].append(event.at)
        died[event.number] = max(died[event.number], ledger.troubled[event.conversation])
        for_citizen[event.conversation].append(event.at)
    an_hour, a_day = ledger.number("OTPS_PER_NUMBER_PER_HOUR"), ledger.number("OTPS_PER_NUMBER_PER_DAY")
    pause = min(ledger.number("RESEND_SECONDS"), HOUR // (4 * an_hour))
    for number, times in for_number.items():
        for seconds, most in ((HOUR, an_hour), (DAY, max(an_hour, a_day))):
            if (got := _most(times, seconds)) > most + died[number]:  # a step that broke off is done again
                yield f"{got} OTPs for a number within {seconds} s, where {most} are allowed"
        if sum(later - at < pause for at, later in pairwise(times)) > died[number]:
            yield f"two OTPs for a number within {pause} s"
    own = ledger.number("OTPS_PER_CITIZEN_PER_DAY")
    for conversation, times in for_citizen.items():
        if (got := _most(times, DAY - SLACK_SECONDS)) > own + ledger.troubled[conversation]:
            yield f"{got} OTPs for a citizen within a day, where {own} are allowed"
    fetched: dict[str, list[float]] = defaultdict(list)
    for asked in ledger.all(Asked):
        if asked.endpoint == "file":
            fetched[asked.conversation].append(asked.at)
    pulled = Counter(event.conversation for event in ledger.all(Asked) if event.endpoint == "pull")
    share = ledger.number("REPLIES_PER_CITIZEN_PER_DAY") / 100
    for conversation, times in fetched.items():
        slack = 0 if ledger.calm and not ledger.setup.trouble else SLACK_SECONDS
        for seconds, most in ((MINUTE, 6), (HOUR, 20), (DAY, 40)):
            got = _most(times, seconds - slack) if seconds > slack else 0
            if got > max(1, int(most * share)) + ledger.troubled[conversation] + pulled[conversation]:
                yield f"{got} documents within {seconds} s, where {max(1, int(most * share))} are allowed"


@law
def digilocker_is_asked_only_for_who_is_there(ledger: Ledger) -> Iterator[str]:
    """Nothing is asked in the name of somebody who has been silent for longer than a session lasts."""
    heard: dict[str, float] = {}
    seconds = ledger.number("SESSION_SECONDS") + SLACK_SECONDS
    for event in ledger.record:
        match event:
            case Posted(messages=messages):
                heard |= {ledger.wrote[message].line: event.at for message in messages}
            case Returned(line=line):
                heard[line] = event.at
            case Asked(endpoint="list" | "file" | "pull" | "uploaded" | "redeem", conversation=conversation):
                line = ledger.line_of.get(conversation, "")
                if event.at - heard.get(line, event.at) > seconds:
                    yield f"{event.endpoint} was asked for {line[-2:]}, silent for {event.at - heard[line]:.0f} s"


@law
def nobody_is_asked_for_consent_in_vain(ledger: Ledger) -> Iterator[str]:
    """Who was sent an OTP, or signed in on DigiLocker's page, has agreed before, and that is on record."""
    signs: list[Texted | Asked] = [
        *ledger.all(Texted),
        *(event for event in ledger.all(Asked) if event.endpoint == "exchange"),
    ]
    for rested in ledger.all(Rested):
        recorded = {
            ledger.line_of.get(item["conversation"]["S"])
            for item in rested.items
            if item["part"]["S"].startswith("consent#")
        }
        for line in {ledger.line_of.get(one.conversation, "") for one in signs if one.at < rested.at} - recorded:
            if not ledger.dead(line):
                yield f"{line[-2:]} went on to sign in without a record of the consent"
        return


# --- what is kept -----------------------------------------------------------------------------------------------------


@law
def nothing_is_opened_after_its_end(ledger: Ledger) -> Iterator[str]:
    """What is sealed opens until its end, and not after."""
    for event in ledger.all(Opened):
        if event.ends_at is not None and event.at >= event.ends_at:
            yield f"{event.purpose} was opened {event.at - event.ends_at:.0f} s after its end"


@law
def nothing_sealed_outlives_its_session(ledger: Ledger) -> Iterator[str]:
    """At rest nothing is sealed for who is signed out, and no list and no token is left; at the end, for nobody."""
    out: dict[str, bool] = {}
    tokens: dict[str, str] = {}
    for event in ledger.record:
        match event:
            case Received(line=line, text=text):
                # Details that she typed too long ago are as good as gone, and what is left of them goes with time.
                goes_by_itself = says(text, "documents.sign_in_again") or says(text, "session.closed")
                out[line] = _signs_out(text) and not goes_by_itself
            case Wrote(line=line):
                out[line] = False
            case Asked(token=token, conversation=conversation, succeeded=True) if token:
                tokens[token] = ledger.line_of.get(conversation, "")
            case Rested(kind=kind, items=items):
                over = {line for line, is_out in out.items() if is_out or kind == "end"}
                for item in items:
                    line = ledger.line_of.get(item["conversation"]["S"], "")
                    if line in over and not ledger.dead(line):
                        yield from _left(line, item, event.at)
                for token in event.tokens:
                    line = tokens.get(token, "")
                    if line in over and not any(_may_lose_a_token(one) for one in ledger.faults(line)):
                        yield f"a token of {line[-2:]} is still good"


def _may_lose_a_token(fault: Faulted) -> bool:
    """Return whether a token may be lost over a fault: it dies within the hour."""
    is_harmless = fault.kind == "meanwhile" or fault.call.startswith("whatsapp") or fault.function != "document"
    return not (is_harmless and fault.kind != "dies")


def _left(line: str, item: dict[str, Any], now: float) -> Iterator[str]:
    """Yield what is left of a session in an item."""
    if int(item["expires_at"]["N"]) <= now:
        return
    if item["part"]["S"] == "documents":
        yield f"the list of {line[-2:]} is still there"
    if item["part"]["S"] == "state":
        sealed = [json.loads(item["sealed"]["S"])]
        sealed += [json.loads(entry["S"])["sealed"] for entry in item["outbox"]["M"].values()]
        kept = [name for values in sealed for name, value in values.items() if int(value.partition(".")[0]) > now]
        if kept:
            yield f"{', '.join(sorted(kept))} of {line[-2:]} is still sealed"


@law
def an_otp_is_not_kept(ledger: Ledger) -> Iterator[str]:
    """When nothing is under way, no OTP and no code is sealed anywhere."""
    for rested in ledger.all(Rested):
        for item in rested.items:
            line = ledger.line_of.get(item["conversation"]["S"], "")
            if item["part"]["S"] == "state" and {"otp"} & json.loads(item["sealed"]["S"]).keys():
                yield f"an OTP of {line[-2:]} is still sealed"


@law
def erased_means_gone(ledger: Ledger) -> Iterator[str]:
    """Who had her data deleted is known no more: neither her number, nor her language, nor anything that she had.

    Nor is anything known of her by whoever has her number next.
    """
    erased: set[str] = set()
    for event in ledger.record:
        match event:
            case Received(line=line, text=text):
                (erased.add if says(text, "delete.done") else erased.discard)(line)
            case Wrote(line=line) | Returned(line=line):
                erased.discard(line)
            case Posted(status=200, messages=messages):
                for wrote in map(ledger.wrote.__getitem__, messages):
                    (erased.add if wrote.kind == "system" else erased.discard)(wrote.line)
            case Rested(items=items):
                for item in items:
                    line = ledger.line_of.get(item["conversation"]["S"], "")
                    if line in erased and item["part"]["S"] in {"state", "documents"} and not ledger.dead(line):
                        yield from _remembered(line, item)


_STAYS = frozenset(
    {"newest", "active_at", "timer_at", "tried", "used", "minute", "messages", "late_at", "repeated", "is", "stage"}
    | {"writes_from_mobile", "language"}
)


def _remembered(line: str, item: dict[str, Any]) -> Iterator[str]:
    if item["part"]["S"] == "documents":
        yield f"{line[-2:]} was erased, and her list is there"
        return
    if line in json.dumps(item) or any(json.loads(item["person"]["S"]).values()):
        yield f"{line[-2:]} was erased, and where to reach her is there"
    state = json.loads(item["state"]["S"])
    kept = sorted(name for name, value in state.items() if value and name not in _STAYS)
    if kept or state.get("language", "en") != "en" or state.get("stage", "new") != "new":
        yield f"{line[-2:]} was erased, and is remembered by {', '.join(kept) or 'her language'}"


@law
def a_file_is_not_left_behind(ledger: Ledger) -> Iterator[str]:
    """A PDF is deleted when its link has expired."""
    link = ledger.number("LINK_EXPIRY_SECONDS")
    for rested in ledger.all(Rested):
        for key, since in rested.objects.items():
            line = ledger.line_of.get(key.split("/")[1], "")
            if rested.at - since > 2 * link and not any(_may_leave_a_file(one) for one in ledger.faults(line)):
                yield f"a PDF of {line[-2:]} has been lying there for {rested.at - since:.0f} s"


def _may_leave_a_file(fault: Faulted) -> bool:
    """Return whether a fault may keep a file from being deleted; the bucket's own rule deletes it in the end."""
    return fault.kind in {"dies", "late"} or fault.call.partition(".")[0] in {"s3", "sqs"}


@law
def nothing_rests_in_the_clear(ledger: Ledger) -> Iterator[str]:
    """No Aadhaar number, and nothing that opens an account, stands in a table or on a queue."""
    numbers = {who.aadhaar for who in PEOPLE.values()} | {who.vid for who in PEOPLE.values() if who.vid}
    tokens = {event.token for event in ledger.all(Asked) if event.token}
    for rested in ledger.all(Rested):
        text = json.dumps([rested.items, rested.queued])
        found = re.findall(r"(?<![0-9A-Za-z])[0-9]{12}(?:[0-9]{4})?(?![0-9A-Za-z])", text)
        if numbers & set(found) or any(token in text for token in tokens):
            yield "a number or a token stands in the clear"


# --- the functions ----------------------------------------------------------------------------------------------------


@law
def the_functions_do_not_break(ledger: Ledger) -> Iterator[str]:
    """No handler raises; and where nothing went wrong around it, every delivery and every job is done at once."""
    for event in ledger.record:
        match event:
            case Broke(function=function, error=error):
                yield f"{function} raised {error}"
            # Where two functions are at work at once, a race may be lost too often; the job comes back.
            case Posted(status=status, troubled=False) if status != 200 and not ledger.setup.rush:
                yield f"the webhook answered {status} to {len(event.messages)} messages and {event.statuses} statuses"
            case Worked(done=False, troubled=False, queue=queue) if not (ledger.troubled or ledger.setup.rush):
                # What a document came to waits until her replies are sent.
                if "undelivered" not in json.loads(event.body):
                    yield f"a message on {queue} was not done: {event.body[:80]}"
            case Refused(by_fault=False, why=why) if "24 hours" not in why:
                yield f"WhatsApp does not take what was sent: {why}"


def _digits(text: str) -> str:
    """Return the digits of a text that is hardly anything else."""
    digits = "".join(str(int(one)) for one in text if one.isdecimal())
    return digits if len(text.strip()) - len(digits) < 4 else ""


def _most(times: list[float], seconds: float) -> int:
    """Return the most events within any such time."""
    times, first, most = sorted(times), 0, 0
    for place, at in enumerate(times):
        while at - times[first] >= seconds:
            first += 1
        most = max(most, place - first + 1)
    return most
