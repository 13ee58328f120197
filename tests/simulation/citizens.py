"""Citizens as small random walkers, and misfortune: the generator. It knows nothing of what the desk should do.

A walker sees what stands on her phone, mostly goes on with it, and every now and then does something else: taps an old
button, pastes nonsense, repeats herself, hurries, falls silent for a minute or a day. No two runs are alike in kind:
each has habits, a pace and a sort of trouble of its own, so that what is rare in one is all that happens in another.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from helpdesk.languages.catalogue import catalogues
from standins.digilocker.aadhaar import made_up_number
from tests.simulation.acts import (
    HER_NUMBER,
    PEOPLE,
    THE_CODE,
    THE_OTP,
    Act,
    Closes,
    Fates,
    Passes,
    Player,
    Rests,
    Shuts,
    Strikes,
    Turns,
    Visits,
    Writes,
)
from tests.world.faults import Fault, Kind
from tests.world.record import Received
from tests.world.whatsapp import Line

_WORDS = (
    "menu",
    "services",
    "help",
    "done",
    "back",
    "cancel",
    "other_documents",
    "new_document",
    "language",
    "privacy",
    "stop",
    "person",
    "another_person",
)
_JUNK = ("?", "ok", "asdfgh", "👍", "12 34", "9" * 12, "123456", "0", "  ", "Kya haal hai", "1.", "2)", "१", "x" * 3000)
_STRANGER = made_up_number(77)
"""An Aadhaar number that nobody has."""
_SENT = ("audio", "image", "location", "sticker", "reaction", "edit", "revoke", "unsupported", "contacts", "button")
_FORWARD = ("services", "yes", "agree", "send", "own_mobile", "resend", "new_link", "other_documents", "female", "male")
_NO_WAY_ON = frozenset({"back", "cancel", "menu", "help", "decline", "change", "change_number", "sign_up"})
_HABITS = {
    "an old button": 8,
    "a word": 6,
    "again": 1,
    "in a hurry": 0.7,
    "something else": 1,
    "delete": 1,
    "nonsense": 4.5,
    "an old link": 1,
    "a wish": 1,
    "another OTP": 1,
    "begins and leaves": 1,
    "another number": 1,
    "another language": 1,
    "away, and back": 1,
    "new number": 0.2,
}
"""What people do instead of going on, and how often."""
_PACES = {
    "any": ((0, 45), (3, 18), (20, 10), (61, 8), (200, 4), (700, 4), (1000, 3), (3700, 3), (90_000, 1), (700_000, 1)),
    "quick": ((0, 50), (3, 30), (20, 15), (61, 5)),
    "slow": ((3, 10), (61, 10), (301, 20), (600, 20), (840, 20)),
}
"""After how many seconds people go on, and how often: slow ones stay signed in for hours."""
_ODDITIES = ("stop", "forged reports", "another list", "old messages")
_CONSUMING = (
    "digilocker.redeem_device_code digilocker.exchange_code digilocker.refresh digilocker.sign_up"
    " digilocker.sign_up_verify digilocker.pull_document whatsapp.send"
)
"""Calls that nobody should make twice."""
_CALLS = {
    "webhook": "dynamodb.query dynamodb.update_item kms.encrypt sqs.send_message_batch secretsmanager",
    "consent": "dynamodb.query dynamodb.update_item kms.encrypt sqs.send_message_batch",
    "document": "dynamodb.query dynamodb.update_item dynamodb.transact_write_items dynamodb.put_item"
    " digilocker.request_device_code digilocker.pull_parameters digilocker.issued_documents digilocker.file"
    " digilocker.uploaded_documents digilocker.revoke digilocker whatsapp.upload whatsapp"
    f" kms.encrypt kms.decrypt sqs.send_message s3.put_object s3.delete_object {' '.join(4 * [_CONSUMING])}",
}
_PLACES = [(function, call) for function, calls in _CALLS.items() for call in ("", *calls.split())]
"""Where something can go wrong: function and call ("": any)."""
_KINDS: dict[Kind, int] = {"dies": 5, "fails": 5, "silent": 3, "meanwhile": 4, "late": 1}


@dataclass(frozen=True)
class Person:
    """Whose account she uses, from which lines, and what she speaks."""

    aadhaar: str
    lines: tuple[str, ...]
    language: str


@dataclass(frozen=True)
class Setup:
    """What a run is played with."""

    seed: int
    settings: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    people: tuple[Person, ...]
    habits: tuple[float, ...]
    pace: str
    trouble: float
    """The part of the acts with which something goes wrong. 0: never, and WhatsApp is at its best."""
    kinds: tuple[float, ...]
    """How often each kind of fault is drawn."""
    oddity: str
    """What happens in this run besides, and in few others; mostly nothing."""
    places: tuple[tuple[str, str], ...]
    """Where all of it happens."""
    fates: str
    """What becomes of documents at first."""
    rush: float
    """How often two functions are at work at the same time."""
    token_seconds: int
    """How long a token of DigiLocker's is good."""
    hurried: bool
    """Whether people write faster than the desk answers."""
    straight: bool
    """Whether everybody goes straight to her documents first, before anything else happens."""
    steady: float
    """The part of the time in which people do what they are asked for."""
    acts: int

    @property
    def session_seconds(self) -> int:
        """How long somebody may be silent."""
        return int(dict(self.settings).get("SESSION_SECONDS", 900))


def setup(seed: int) -> Setup:
    """Draw what a run is played with."""
    chance = random.Random(f"setup {seed}")  # noqa: S311 - no secret
    settings = {"SIGN_IN": chance.choice(("in-chat", "in-chat", "consent-page")), "MOBILE_MISMATCH": "refuse"}
    if settings["SIGN_IN"] == "consent-page":
        settings["MOBILE_MISMATCH"] = chance.choice(("ask", "refuse"))
    settings["REPLIES_PER_CITIZEN_PER_DAY"] = chance.choice(("100", "100", "100", "40", "20"))
    settings["OTPS_PER_CITIZEN_PER_DAY"] = chance.choice(("5", "3", "20"))
    settings["OTPS_PER_NUMBER_PER_HOUR"] = chance.choice(("5", "2", "10", "10"))
    settings["OTPS_PER_NUMBER_PER_DAY"] = chance.choice(("20", "10"))
    known = chance.random() < 0.85
    numbers = chance.sample(range(1, 18), 3)
    lines = [Line(f"9190000000{n:02d}", f"IN.{10**15 + n}" if known else "") for n in numbers]
    of_line = {citizen.phone: citizen.aadhaar for citizen in PEOPLE.values()}
    languages = [language.code for language in catalogues()]
    people: list[Person] = []
    for _ in range(chance.choice((1, 1, 2, 2, 3))):
        own = chance.choice(lines)
        whose = of_line[own.number] if chance.random() < 0.8 else chance.choice(list(PEOPLE))
        if whose not in {person.aadhaar for person in people}:
            others = [chance.choice(lines).number] if chance.random() < 0.3 else []
            people.append(Person(whose, (own.number, *others), chance.choice(languages)))
    trouble = chance.choice((0, 0, 0.15, 0.3, 0.6))
    return Setup(
        seed,
        tuple(settings.items()),
        tuple(lines),
        tuple(people),
        habits=tuple(often * chance.choice((0, 1, 1, 1, 8)) for often in _HABITS.values()),
        pace=chance.choice(("any", "any", "quick", "slow")),
        trouble=trouble,
        places=_places(chance),
        oddity=_oddity(seed),
        kinds=tuple(often * chance.choice((0.1, 1, 5)) for often in _KINDS.values()),
        fates=chance.choice(("delivered", "delivered", "failed", "twisted", "refused")) if trouble else "delivered",
        rush=chance.choice((0, 0, 0, 0.05, 0.2)),
        token_seconds=chance.choice((3600, 3600, 400)),
        hurried=chance.random() < 0.4,
        straight=chance.random() < 0.8,
        steady=chance.choice((0.6, 0.8, 0.95)),
        acts=chance.randint(16, 40),
    )


def _oddity(seed: int) -> str:
    """Draw what happens besides; it changes nothing else that is drawn."""
    drawn = random.Random(f"oddity {seed}").choice((*_ODDITIES, *(len(_ODDITIES) * [""])))  # noqa: S311 - no secret
    if not drawn and random.Random(f"leaves {seed}").random() < 0.1:  # noqa: S311 - no secret
        return "begins and leaves"
    return drawn


def _places(chance: random.Random) -> tuple[tuple[str, str], ...]:
    """Draw where things go wrong: at few calls, so that they are met; every now and then where it would cost most."""
    if chance.random() < 0.25:
        return tuple(("document", call) for call in _CONSUMING.split())
    return tuple(chance.sample(_PLACES, chance.choice((2, 3, 5, len(_PLACES)))))


@dataclass
class Crowd:
    """Everybody together. `acts` gives what they do, one after the other, as what they see makes them."""

    setup: Setup
    player: Player
    chance: random.Random = field(init=False)
    _odd: random.Random = field(init=False)
    _numbers: Iterator[int] = field(default_factory=count)
    _typed: dict[str, str] = field(default_factory=dict)
    """The last OTP that each person typed."""
    _last: dict[str, Writes] = field(default_factory=dict)
    _silent_for: float = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(f"crowd {self.setup.seed}")  # noqa: S311 - no secret
        self._odd = random.Random(f"odd {self.setup.seed}")  # noqa: S311 - no secret

    def acts(self) -> Iterator[Act]:
        """Go on until enough has been done."""
        chance, trouble = self.chance, self.setup.trouble
        yield Fates(self._n(), "forged" if self.setup.oddity == "forged reports" else self.setup.fates)
        for person in self.setup.people if self.setup.straight else ():
            yield from self._goes_straight(person)
        for _ in range(self.setup.acts):
            if chance.random() < trouble:
                yield self._misfortune()
            person = chance.choice(self.setup.people)
            line = person.lines[0] if chance.random() < 0.85 else chance.choice(person.lines)
            if self.setup.straight and chance.random() < 0.1:
                yield from self._goes_straight(person)
            yield from self._does(person, line)
            if chance.random() < (0.5 if self.setup.hurried else 0.93):
                self._silent_for = self._pause()
                yield Passes(self._n(), self._silent_for)
            if self.setup.oddity and self._odd.random() < 0.2:
                yield from self._does_oddly(person, line)
            if chance.random() < 0.04:
                yield Rests(self._n())
        yield Rests(self._n())
        yield Rests(self._n(), end=True)

    def _n(self) -> int:
        return next(self._numbers)

    def _pause(self) -> float:
        seconds, weights = zip(*_PACES[self.setup.pace], strict=True)
        return float(self.chance.choices(seconds, weights)[0])

    def _does_oddly(self, person: Person, line: str) -> Iterator[Act]:
        """Do what people hardly ever do, or have it happen to them."""
        odd, phone = self._odd, self.player.phones[line]

        def writes(text: str, tap: str = "", **delivered: float) -> Writes:
            return Writes(self._n(), line, person.aadhaar, text, tap, **delivered)  # type: ignore[arg-type]

        match self.setup.oddity:
            case "stop" if odd.random() < 0.5:  # her greeting is on its way still
                yield writes("Hi", after=40)
                yield Passes(self._n(), 3)
                yield writes("stop", "stop", after=odd.choice((0, 0, 20)))
                yield Passes(self._n(), 61)
                yield writes("menu", "menu")
            case "stop":
                for _ in range(odd.choice((3, 32))):
                    yield writes(odd.choice(("help", "menu", "privacy")))
                yield writes("stop", age=odd.choice((0, 0, 900)))
                yield Passes(self._n(), odd.choice((0, 61, 3700)))
                yield writes("menu", "menu")
            case "another list":
                rows = [id_ for one in phone for id_ in one.tappable.values() if id_.startswith("document@")]
                yield Turns(self._n(), person.aadhaar)
                yield Passes(self._n(), 310)
                yield writes("other documents", "other_documents")
                yield Passes(self._n(), 2)
                if rows:
                    yield writes("a row", odd.choice(rows))
            case "begins and leaves":
                for _ in range(odd.randint(4, 8)):
                    for way in ("services", "yes@account", "agree@consent"):
                        yield writes(way, way)
                    yield writes(HER_NUMBER)
                    yield writes("cancel", "cancel")
                    yield Passes(self._n(), 61)
            case "old messages" if phone:
                act = self._goes_on(person, line, phone[-1])
                yield replace(act, age=odd.choice((601, 700, 4000))) if isinstance(act, Writes) else act

    # --- a person -----------------------------------------------------------------------------------------------------

    def _goes_straight(self, person: Person) -> Iterator[Act]:
        """Go on until there is a list, or it takes too long. Little goes wrong meanwhile."""
        line = person.lines[0]
        phone = self.player.phones[line]
        for _ in range(14):
            if phone and any(id_.startswith(("document@", "option@")) for id_ in phone[-1].tappable.values()):
                return
            if self.chance.random() < self.setup.trouble / 3:
                yield self._misfortune()
            act = self._goes_on(person, line, phone[-1]) if phone else self._says(person, line, "Hi")
            yield replace(act, after=0, age=0, copies=(), held=False) if isinstance(act, Writes) else act
            yield Passes(self._n(), 2)

    def _does(self, person: Person, line: str) -> Iterator[Act]:
        chance, phone = self.chance, self.player.phones[line]
        if not phone or (self._silent_for > 80_000 and chance.random() < 0.7):
            yield self._says(person, line, chance.choice(("Hi", "Hello", "Namaste", "DigiLocker")))
        elif chance.random() < self.setup.steady or not any(self.setup.habits):
            yield self._goes_on(person, line, phone[-1])
        else:
            yield from self._strays(person, line, chance.choices(tuple(_HABITS), self.setup.habits)[0])

    def _strays(self, person: Person, line: str, habit: str) -> Iterator[Act]:
        """Do something that nobody has asked for."""
        chance, phone = self.chance, self.player.phones[line]
        match habit:
            case "an old button":
                yield self._taps(person, line, chance.choice(phone[-6:]))
            case "a word":
                yield self._says(person, line, self._word(person))
            case "again" if line in self._last:
                again = self._last[line]
                for _ in range(chance.randint(1, 7)):
                    yield self._says(person, line, again.text, again.tap)
            case "in a hurry":
                for _ in range(chance.randint(3, 12)):
                    yield self._goes_on(person, line, phone[-1])
            case "something else":
                yield Writes(self._n(), line, person.aadhaar, kind=chance.choice(_SENT))
            case "new number":
                yield Writes(self._n(), line, person.aadhaar, kind="system")
            case "delete":
                yield self._says(person, line, "delete", "delete@delete")
            case "an old link":
                outcome = chance.choice(("agrees", "agrees", "declines"))
                yield Visits(self._n(), line, person.aadhaar, outcome, back=chance.randint(0, 3), twice=True)
            case "a wish":
                yield self._says(
                    person, line, chance.choice(("driving licence", "PAN", "mera marksheet", "insurance policy"))
                )
            case "another OTP":
                yield self._says(person, line, "resend", "resend@otp")
            case "begins and leaves":
                for _ in range(chance.randint(3, 7)):
                    for way in ("services", "yes@account", "agree@consent"):
                        yield Writes(self._n(), line, person.aadhaar, way, way)
                    yield Writes(self._n(), line, person.aadhaar, HER_NUMBER)
                    yield Writes(
                        self._n(), line, person.aadhaar, *chance.choice((("cancel", "cancel"), ("menu", "menu")))
                    )
                    yield Passes(self._n(), 61)
            case "another number":
                numbers = (_STRANGER, PEOPLE[person.aadhaar].vid or HER_NUMBER, chance.choice(list(PEOPLE)))
                yield self._says(person, line, "change", "change_number@otp")
                yield Passes(self._n(), 1)
                yield self._says(person, line, chance.choice(numbers))
            case "another language":
                yield self._says(person, line, "speak", f"speak#{chance.choice(catalogues()).code}")
            case "away, and back":
                away = chance.choice(("done", "cancel", "menu"))
                yield self._says(person, line, away, away)
                yield self._says(person, line, "services", "services")
            case _:
                yield self._says(person, line, self._junk())

    def _goes_on(self, person: Person, line: str, last: Received) -> Act:
        """Do what the last message asks for."""
        chance, citizen = self.chance, PEOPLE[person.aadhaar]
        if last.link:
            drawn = chance.random()
            outcome = "agrees" if drawn < 0.85 else "declines" if drawn < 0.93 else "does not agree"
            unticked = chance.choice(("", "", "PANCR", "DRVLC"))
            return Visits(self._n(), line, person.aadhaar, outcome, unticked)
        choices = {id_.partition("@")[0].partition("#")[0]: title for title, id_ in last.tappable.items()}
        places = {id_.partition("@")[2].partition("#")[0] for id_ in last.tappable.values()}
        rows = [title for title, id_ in last.tappable.items() if id_.startswith(("document@", "option@"))]
        if "proof" in places:
            return self._says(person, line, THE_CODE)
        if "otp" in places and (sent := self._otp(person)) and sent != self._typed.get(person.aadhaar):
            self._typed[person.aadhaar] = sent
            return self._says(person, line, THE_OTP)
        if citizen.records and "new_document" in choices and chance.random() < 0.7:
            return self._says(person, line, choices["new_document"], "new_document")
        if rows:
            return self._picks(person, line, last, rows)
        forward = _FORWARD if citizen.registered or chance.random() < 0.3 else ("no", *_FORWARD)
        ways = [choice for choice in forward if choice in choices]
        if ways and chance.random() < 0.85:
            title = choices[ways[0]]
            return self._says(person, line, title, last.tappable[title])
        if set(choices) <= _NO_WAY_ON | {"resend"}:
            return self._says(person, line, self._detail(person, places))
        return self._taps(person, line, last)

    def _picks(self, person: Person, line: str, last: Received, rows: list[str]) -> Writes:
        chance = self.chance
        if chance.random() < 0.08:
            return self._taps(person, line, last)
        title = chance.choice(rows)
        if chance.random() < 0.5:
            return self._says(person, line, title, last.tappable[title])
        return self._says(person, line, title.partition(".")[0])

    def _detail(self, person: Person, places: set[str]) -> str:
        """Type what may be asked for, mostly the right thing."""
        citizen, chance = PEOPLE[person.aadhaar], self.chance
        born = citizen.born
        details = {
            "otp": THE_OTP if chance.random() < 0.5 else "111111",
            "name": (citizen.aadhaar_name or citizen.name).title(),
            "born": f"{born[:2]}-{born[2:4]}-{born[4:]}",
            "mobile": (citizen.mobile or "")[-10:],
            "finding": chance.choice(("marksheet", "driving licence", "pan", "insurance", "ration card")),
            "detail": chance.choice([value for one in citizen.records for _, value in one.values] or ["12345"]),
        }
        known = [details[place] for place in places if place in details]
        drawn = chance.random()
        if known and drawn < 0.9:
            return known[0]
        if drawn < 0.93:
            return HER_NUMBER
        return chance.choice([*details.values(), chance.choice(list(PEOPLE)), citizen.vid or HER_NUMBER, _STRANGER])

    def _otp(self, person: Person) -> str | None:
        sms = self.player.world.digilocker.sms.of(PEOPLE[person.aadhaar].mobile or "")
        return next((one.otp for one in reversed(sms) if one.otp), None)

    def _taps(self, person: Person, line: str, message: Received) -> Writes:
        if not message.tappable:
            return self._says(person, line, self._word(person))
        title = self.chance.choice(list(message.tappable))
        return self._says(person, line, title, message.tappable[title])

    def _word(self, person: Person) -> str:
        language = next(one for one in catalogues() if one.code == person.language)
        word = self.chance.choice(_WORDS)
        return language.texts.get(f"button.{word}", word)

    def _junk(self) -> str:
        chance = self.chance
        return chance.choice((*_JUNK, str(chance.randint(0, 30)), str(chance.randint(1, 9))))

    def _says(self, person: Person, line: str, text: str, tap: str = "") -> Writes:
        """Write; and WhatsApp delivers it as it likes."""
        chance, after, age, held = self.chance, 0.0, 0.0, False
        copies: tuple[float, ...] = ()
        if self.setup.trouble:
            drawn = chance.random()
            after = float(chance.choice((2, 10, 40))) if drawn < 0.08 else 0.0
            age = float(chance.choice((500, 700, 4000))) if 0.08 < drawn < 0.11 else 0.0
            copies = (float(chance.choice((0, 1, 5, 60, 400))),) if 0.11 < drawn < 0.2 else ()
            held = 0.2 < drawn < 0.24
        self._last[line] = Writes(self._n(), line, person.aadhaar, text, tap, "", after, age, copies, held)
        return self._last[line]

    # --- misfortune ---------------------------------------------------------------------------------------------------

    def _misfortune(self) -> Act:
        chance = self.chance
        drawn = chance.random()
        if drawn < 0.1:
            fates = ("delivered", "read", "failed", "refused", "lost", "twisted")
            return Fates(self._n(), chance.choice(fates), chance.choice(("delivered", "twisted", "lost")))
        if drawn < 0.12:
            return Closes(self._n(), chance.choice(self.setup.lines).number)
        if drawn < 0.14:
            return Shuts(self._n(), chance.choice((60, 300, 2000, 4000)))
        function, call = chance.choice(self.setup.places)
        kind = chance.choices(tuple(_KINDS), self.setup.kinds)[0]
        return Strikes(
            self._n(),
            Fault(
                kind,
                function,
                call,
                skip=chance.choice((0, 0, 0, 1, 2)),
                after=kind in {"dies", "silent"} and chance.random() < 0.6,
                times=chance.choice((1, 1, 1, 1, 2, 12)) if kind in {"fails", "silent"} else 1,
                which=chance.randrange(6),
                seconds=chance.choice((1, 30, 100)),
            ),
        )
