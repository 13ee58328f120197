"""Citizens as small random walkers, and misfortune: the generator. It knows nothing of what the desk should do.

A walker sees what stands on her phone, mostly goes on with it, and every now and then does something else: taps an old
button, pastes nonsense, repeats herself, hurries, falls silent for a minute or a day.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from helpdesk.languages.catalogue import catalogues
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
    Strikes,
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
    "language",
    "privacy",
    "stop",
    "person",
)
_JUNK = ("?", "ok", "asdfgh", "👍", "12 34", "9" * 12, "123456", "0", "  ", "Kya haal hai", "1.", "2)", "१", "x" * 3000)
_ATTACHED = ("audio", "image", "location", "sticker", "reaction")
_FORWARD = ("services", "yes", "agree", "send", "own_mobile", "resend", "new_link", "other_documents", "female", "male")
_NO_WAY_ON = frozenset({"back", "cancel", "menu", "help", "decline", "change", "change_number", "sign_up"})
_PAUSES = ((0, 45), (3, 18), (20, 10), (61, 8), (200, 4), (700, 4), (1000, 3), (3700, 3), (90_000, 1), (700_000, 1))
_SERVICES = {
    "webhook": ("dynamodb", "dynamodb", "kms", "sqs", "secretsmanager"),
    "consent": ("dynamodb", "kms", "sqs"),
    "document": ("dynamodb", "dynamodb", "digilocker", "digilocker", "whatsapp", "whatsapp", "kms", "sqs", "s3"),
}


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
    trouble: float
    """The part of the acts with which something goes wrong. 0: never, and WhatsApp is at its best."""
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
    settings["REPLIES_PER_CITIZEN_PER_DAY"] = chance.choice(("100", "100", "40", "20"))
    settings["OTPS_PER_CITIZEN_PER_DAY"] = chance.choice(("5", "3", "20"))
    settings["OTPS_PER_NUMBER_PER_HOUR"] = chance.choice(("5", "2", "10"))
    settings["OTPS_PER_NUMBER_PER_DAY"] = chance.choice(("20", "10"))
    lines = [Line(f"9190000000{n:02d}", f"IN.{10**15 + n}") for n in chance.sample(range(1, 18), 3)]
    of_line = {citizen.phone: citizen.aadhaar for citizen in PEOPLE.values()}
    languages = [language.code for language in catalogues()]
    people: list[Person] = []
    for _ in range(chance.choice((1, 1, 2, 2, 3))):
        own = chance.choice(lines)
        whose = of_line[own.number] if chance.random() < 0.8 else chance.choice(list(PEOPLE))
        if whose not in {person.aadhaar for person in people}:
            others = [chance.choice(lines).number] if chance.random() < 0.2 else []
            people.append(Person(whose, (own.number, *others), chance.choice(languages)))
    return Setup(
        seed,
        tuple(settings.items()),
        tuple(lines),
        tuple(people),
        trouble=chance.choice((0, 0, 0.06, 0.15, 0.3)),
        hurried=chance.random() < 0.4,
        straight=chance.random() < 0.5,
        steady=chance.choice((0.7, 0.85, 0.95)),
        acts=chance.randint(16, 42),
    )


@dataclass
class Crowd:
    """Everybody together. `acts` gives what they do, one after the other, as what they see makes them."""

    setup: Setup
    player: Player
    chance: random.Random = field(init=False)
    _numbers: Iterator[int] = field(default_factory=count)
    _typed: dict[str, str] = field(default_factory=dict)
    """The last OTP that each person typed."""
    _last: dict[str, Writes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"crowd {self.setup.seed}")  # noqa: S311 - no secret

    def acts(self) -> Iterator[Act]:
        """Go on until enough has been done."""
        chance, trouble = self.chance, self.setup.trouble
        for person in self.setup.people if self.setup.straight else ():
            yield from self._goes_straight(person)
        for _ in range(self.setup.acts):
            if chance.random() < trouble:
                yield self._misfortune()
            person = chance.choice(self.setup.people)
            line = person.lines[0] if chance.random() < 0.85 else chance.choice(person.lines)
            yield from self._does(person, line)
            if chance.random() < (0.5 if self.setup.hurried else 0.93):
                yield Passes(self._n(), self._pause())
            if chance.random() < 0.04:
                yield Rests(self._n())
        yield Rests(self._n())
        yield Rests(self._n(), end=True)

    def _n(self) -> int:
        return next(self._numbers)

    def _pause(self) -> float:
        seconds, weights = zip(*_PAUSES, strict=True)
        return float(self.chance.choices(seconds, weights)[0])

    # --- a person -----------------------------------------------------------------------------------------------------

    def _goes_straight(self, person: Person) -> Iterator[Act]:
        """Go on until there is a list, or it takes too long. Nothing goes wrong meanwhile."""
        line = person.lines[0]
        phone = self.player.phones[line]
        for _ in range(14):
            if phone and any(id_.startswith("document@") for id_ in phone[-1].tappable.values()):
                return
            act = self._goes_on(person, line, phone[-1]) if phone else self._says(person, line, "Hi")
            yield replace(act, after=0, age=0, copies=(), held=False) if isinstance(act, Writes) else act
            yield Passes(self._n(), 2)

    def _does(self, person: Person, line: str) -> Iterator[Act]:
        chance, phone = self.chance, self.player.phones[line]
        if not phone:
            yield self._says(person, line, chance.choice(("Hi", "Hello", "Namaste", "DigiLocker")))
            return
        if chance.random() < self.setup.steady:
            yield self._goes_on(person, line, phone[-1])
            return
        drawn = 0.76 + 0.24 * chance.random()
        if drawn < 0.84:
            yield self._taps(person, line, chance.choice(phone[-6:]))
        elif drawn < 0.90:
            yield self._says(person, line, self._word(person))
        elif drawn < 0.92 and line in self._last:
            again = self._last[line]
            for _ in range(chance.randint(1, 7)):
                yield self._says(person, line, again.text, again.tap)
        elif drawn < 0.935:
            for _ in range(chance.randint(3, 12)):
                yield self._goes_on(person, line, phone[-1])
        elif drawn < 0.945:
            yield Writes(self._n(), line, person.aadhaar, kind=chance.choice(_ATTACHED))
        elif drawn < 0.955:
            yield self._says(person, line, "delete", "delete@delete")
        else:
            yield self._says(person, line, self._junk())

    def _goes_on(self, person: Person, line: str, last: Received) -> Act:
        """Do what the last message asks for."""
        chance = self.chance
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
        if rows:
            return self._picks(person, line, last, rows)
        ways = [choice for choice in _FORWARD if choice in choices]
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
        return chance.choice([*details.values(), chance.choice(list(PEOPLE)), citizen.vid or HER_NUMBER])

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
        if drawn < 0.15:
            fates = ("delivered", "read", "failed", "lost", "twisted")
            return Fates(self._n(), chance.choice(fates), chance.choice(("delivered", "twisted", "lost")))
        if drawn < 0.18:
            return Closes(self._n(), chance.choice(self.setup.lines).number)
        function = chance.choices(("webhook", "document", "consent"), (3, 8, 1))[0]
        kinds: tuple[Kind, ...] = ("dies", "fails", "silent", "meanwhile", "late")
        kind = chance.choices(kinds, (5, 5, 3, 4, 1))[0]
        return Strikes(
            self._n(),
            Fault(
                kind,
                function,
                chance.choice(_SERVICES[function]),
                skip=chance.choice((0, 0, 0, 1, 1, 2, 3)),
                after=kind in {"dies", "silent"} and chance.random() < 0.5,
                times=chance.choice((1, 1, 1, 1, 2, 4, 12)) if kind in {"fails", "silent"} else 1,
                which=chance.randrange(6),
                seconds=chance.choice((1, 30, 100)),
            ),
        )
