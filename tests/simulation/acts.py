"""What people, WhatsApp and misfortune do, one after the other: acts, which can be played again, or some of them."""

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from standins.digilocker.citizens import everyone
from tests.world.faults import Fault
from tests.world.record import Received, Shut
from tests.world.world import World

PEOPLE = {citizen.aadhaar: citizen for citizen in everyone()}
_REPORTED = 0.2
"""The part of messages without a document whose statuses are delivered."""
THE_OTP, HER_NUMBER, THE_CODE = "<the OTP>", "<her Aadhaar number>", "<the code>"
_BODIES: dict[str, dict[str, Any]] = {
    "system": {"type": "user_changed_number", "wa_id": "919000000099", "user_id": "IN.1000000000000099"},
    "button": {"payload": "services", "text": "DigiLocker"},
    "contacts": {},
}
"""What is special about messages of some kinds."""


@dataclass(frozen=True)
class Act:
    """Something that somebody does. `n` names it: messages are named by it, so that others may be left out."""

    n: int


@dataclass(frozen=True)
class Writes(Act):
    """Somebody at a line, who uses the account of `whose`, types, taps or sends something.

    `after`: seconds until WhatsApp delivers it. `age`: how many seconds old it is already. `copies`: how often it is
    delivered besides. `held`: it is delivered together with the next one of the line.
    """

    line: str
    whose: str
    text: str = ""
    tap: str = ""
    kind: str = ""
    after: float = 0
    age: float = 0
    copies: tuple[float, ...] = ()
    held: bool = False

    def __str__(self) -> str:
        """Say it as a line of a transcript."""
        said = f"[{self.text}] ({self.tap})" if self.tap else f"<sends {self.kind}>" if self.kind else self.text
        notes = [f"delivered after {self.after:.0f} s"] if self.after else []
        notes += [f"{self.age:.0f} s old"] if self.age else []
        notes += [f"again after {', '.join(f'{one:.0f}' for one in self.copies)} s"] if self.copies else []
        notes += ["together with the next"] if self.held else []
        return f"{self.line[-2:]}: {said}" + (f"   ({'; '.join(notes)})" if notes else "")


@dataclass(frozen=True)
class Visits(Act):
    """Somebody opens the newest link on a line and signs in as `whose` on DigiLocker's page; or declines there.

    `back`: it is not the newest link, but one so much older. `twice`: the way back is gone once more.
    """

    line: str
    whose: str
    outcome: str = "agrees"
    unticked: str = ""
    back: int = 0
    twice: bool = False

    def __str__(self) -> str:
        """Say it as a line of a transcript."""
        without = f" without {self.unticked}" if self.unticked else ""
        old = f" of an older link ({self.back} back)" if self.back else ""
        return f"{self.line[-2:]}: (on the page{old}: {self.outcome}{without}{', twice' if self.twice else ''})"


@dataclass(frozen=True)
class Passes(Act):
    """Time passes, and what is due happens."""

    seconds: float

    def __str__(self) -> str:
        """Say it as a line of a transcript."""
        return f"    (later: {self.seconds:.0f} s)"


@dataclass(frozen=True)
class Strikes(Act):
    """A fault waits for its call."""

    fault: Fault

    def __str__(self) -> str:
        """Say it as a line of a transcript."""
        return f"    (trouble: {self.fault})"


@dataclass(frozen=True)
class Fates(Act):
    """From here on this becomes of documents, and of what is no document."""

    documents: str
    others: str = "delivered"

    def __str__(self) -> str:
        """Say it as a line of a transcript."""
        return f"    (documents are {self.documents}, other messages {self.others})"


@dataclass(frozen=True)
class Closes(Act):
    """An operator ends the session of a line."""

    line: str

    def __str__(self) -> str:
        """Say it as a line of a transcript."""
        return f"    (an operator ends the session of {self.line[-2:]})"


@dataclass(frozen=True)
class Turns(Act):
    """DigiLocker lists the documents of an account the other way round from here on, or as before."""

    whose: str

    def __str__(self) -> str:
        """Say it as a line of a transcript."""
        return f"    (the documents of ...{self.whose[-4:]} are listed the other way round)"


@dataclass(frozen=True)
class Shuts(Act):
    """The desk is closed: nobody works on the work queue, until the next rest or for so many seconds."""

    seconds: float

    def __str__(self) -> str:
        """Say it as a line of a transcript."""
        return f"    (the desk is closed for {self.seconds:.0f} s)"


@dataclass(frozen=True)
class Rests(Act):
    """Trouble is over, and what is under way comes to its end; then the auditor looks at what lies where."""

    end: bool = False

    def __str__(self) -> str:
        """Say it as a line of a transcript."""
        return "    (the end)" if self.end else "    (rest)"


REST_SECONDS = 2 * 3600
"""After so long nothing is under way any more: eight tries of a job take over 15 minutes."""


class Player:
    """Plays acts in a world, and keeps what stands on each phone."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.phones: dict[str, list[Received]] = {line: [] for line in world.lines}
        self._read = 0
        self._held: dict[str, list[dict[str, Any]]] = {}
        self._codes: dict[str, str] = {}
        self._fates = Fates(0, "delivered")
        world.fate = self._fate
        world.whatsapp.refuses = lambda one: bool(one.filename) and self._fates.documents == "refused"

    def _fate(self, received: Received) -> str:
        if received.filename:
            return self._fates.documents
        # Few of the statuses that change nothing are enough: each takes as long as a message of hers.
        return self._fates.others if self.world.chance.random() < _REPORTED else "lost"

    def catch_up(self) -> None:
        """Read what has come to the phones."""
        for event in self.world.record[self._read :]:
            if isinstance(event, Received) and event.line in self.phones:
                self.phones[event.line].append(event)
        self._read = len(self.world.record)

    def play(self, act: Act) -> None:
        """Play one."""
        world = self.world
        match act:
            case Writes():
                self._write(act)
            case Visits():
                self._visit(act)
            case Passes(seconds=seconds):
                world.pass_time(seconds)
            case Strikes(fault=fault):
                world.faults.append(fault)
            case Fates():
                self._fates = act
            case Closes(line=line):
                for item in world.cloud.items():
                    if item["part"]["S"] == "state" and world.lines[line].user_id in item["person"]["S"]:
                        world.end_session(item["conversation"]["S"])
            case Turns(whose=whose):
                world.digilocker.turned ^= {whose}
            case Shuts(seconds=seconds):
                world.opens_at = world.clock() + seconds
                world.note(Shut(at=world.clock(), seconds=seconds))
            case Rests(end=end):
                self._rest(end=end)
        self.catch_up()

    def typed(self, whose: str, text: str) -> str:
        """Say what stands for a value in the text of an act."""
        citizen = PEOPLE[whose]
        sms = [one.otp for one in self.world.digilocker.sms.of(citizen.mobile or "") if one.otp]
        values = {
            THE_OTP: sms[-1] if sms else "000000",
            HER_NUMBER: citizen.aadhaar,
            THE_CODE: self._codes.get(whose, "DL-2222-2222"),
        }
        for name, value in values.items():
            text = text.replace(name, value)
        return text

    def _write(self, act: Writes) -> None:
        content: dict[str, Any] = {"type": "text", "text": {"body": self.typed(act.whose, act.text)}}
        if act.tap:
            reply = {"id": act.tap, "title": act.text}
            kind = "list_reply" if "#" in act.tap else "button_reply"
            content = {"type": "interactive", "interactive": {"type": kind, kind: reply}}
        elif act.kind:
            content = {"type": act.kind, act.kind: _BODIES.get(act.kind, {"id": f"media-{act.n}"})}
        sent_at = self.world.clock() - act.age
        message = self.world.write(act.line, f"wamid.{act.line}-{act.n}", content, sent_at=sent_at)
        messages = [*self._held.pop(act.line, []), message]
        if act.held:
            self._held[act.line] = messages
            return
        body = self.world.deliver(act.after, messages=messages)
        for copy in act.copies:
            self.world.redeliver(body, act.after + copy)

    def _visit(self, act: Visits) -> None:
        links = [received.link for received in self.phones[act.line] if received.link]
        if not links:
            return
        query = parse_qs(urlsplit(links[-1 - act.back % len(links)]).query)
        address = self._agree(act, query)
        if address is None:
            return
        if act.outcome == "declines":
            state = parse_qs(urlsplit(address).query)["state"]
            self.world.browse(act.line, "/consent", {"state": state, "error": ["access_denied"]})
            return
        back = self.world.digilocker.consents(address, PEOPLE[act.whose], {act.unticked})
        answer = self.world.browse(act.line, "/consent", parse_qs(urlsplit(back).query))
        if act.twice:
            self.world.browse(act.line, "/consent", parse_qs(urlsplit(back).query))
        if answer and (code := re.search(r"DL-[2-9A-Z]{4}-[2-9A-Z]{4}", answer["body"])):
            self._codes[act.whose] = code[0]

    def _agree(self, act: Visits, query: dict[str, list[str]]) -> str | None:
        """Agree on the desk's own page, or not, and give the address at DigiLocker that it then leads on to."""
        page = self.world.browse(act.line, "/consent/start", query)
        if page is None or "Set-Cookie" not in page["multiValueHeaders"]:
            return None
        (cookie,) = page["multiValueHeaders"]["Set-Cookie"]
        form = "action=decline" if act.outcome == "does not agree" else "action=agree"
        answer = self.world.browse(act.line, "/consent/start", query, form, cookie)
        return answer["multiValueHeaders"].get("Location", [None])[0] if answer else None

    def _rest(self, *, end: bool) -> None:
        for line, messages in self._held.items():
            if messages:
                self.world.deliver(messages=messages)
                self._held[line] = []
        self.world.faults.clear()
        self.world.opens_at = 0
        self.world.settle(REST_SECONDS)
        if end:
            session = int(self.world.environment["SESSION_SECONDS"])
            self.world.pass_time(4 * session + int(self.world.environment["LINK_EXPIRY_SECONDS"]) + 3600)
            self.world.settle(REST_SECONDS)
        self.world.rest("end" if end else "rest")


def simpler(act: Act) -> list[Act]:
    """Return acts that do less than this one, to take its place in a shorter history."""
    match act:
        case Writes(after=after, age=age, copies=copies, held=held) if after or age or copies or held:
            return [replace(act, after=0, age=0, copies=(), held=False)]
        case Passes(seconds=seconds) if seconds:
            return [replace(act, seconds=0)]
    return []
