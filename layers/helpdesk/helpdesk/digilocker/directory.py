"""DigiLocker's directory of issuers, kept and searched.

The directory is asked for one issuer at a time and is large: fetching it takes minutes (an aggregator's figure), more
than an invocation has. So it is fetched in parts: each issuer's types carry the time when they were asked for, and a
part that ran out of time, or into errors, is gone on with the next time. What is known is used meanwhile.
"""

import gzip
import json
import time
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from helpdesk import outbound
from helpdesk.digilocker.errors import DirectoryNotReady
from helpdesk.digilocker.models import DocumentType, Issuer
from helpdesk.digilocker.pull import PullClient
from helpdesk.digilocker.wording import distance, is_near, tokens
from helpdesk.errors import DigiLockerError

DAY: Final = 24 * 3600.0
_WORKERS: Final = 8
"""Issuers asked at once; a requests session keeps ten connections."""
_FAILURES: Final = 5
"""Issuers that may fail before a part is given up: DigiLocker is down then, not an issuer."""
_LEAST: Final = 1.0
"""Seconds that must be left for asking one more issuer."""
_CALL_SECONDS: Final = 8.0
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Offer:
    """An issuer, and what it issued when it was last asked."""

    issuer: Issuer
    types: tuple[DocumentType, ...] = ()
    asked_at: float = 0.0
    """Seconds since 1970; 0: not asked yet."""


@dataclass(frozen=True, slots=True)
class Found:
    """A type of document that fits what was searched for, and who issues it, best first."""

    doctype: str
    title: str
    issuers: tuple[Issuer, ...]


class Directory:
    """All issuers and their types. Made once and not changed; searched in memory."""

    def __init__(self, offers: Iterable[Offer], listed_at: float) -> None:
        """`listed_at` is when the list of issuers was fetched, in seconds since 1970."""
        self.offers: Final = tuple(offers)
        self.listed_at: Final = listed_at

    def is_due(self, now: float) -> bool:
        """Return whether to fetch something: the list is a day old, or an issuer has not been asked since."""
        return now - self.listed_at >= DAY or bool(self.unasked())

    def unasked(self) -> tuple[Offer, ...]:
        """Return the issuers that have not been asked since the list was fetched, the longest waiting first."""
        waiting = [offer for offer in self.offers if offer.asked_at < self.listed_at]
        return tuple(sorted(waiting, key=lambda offer: offer.asked_at))

    def search(self, text: str, doctypes: Sequence[str] = (), limit: int = 10) -> tuple[Found, ...]:
        """Return the types that a text speaks of, best first, at most `limit`; nothing for a text that says nothing.

        `doctypes` are those that have been understood already, from a text in any language: they come first. Words
        that name an issuer ("karnataka", "cbse") choose among a type's issuers.
        """
        return self._index.search(text, doctypes, limit)

    @cached_property
    def _index(self) -> "_Index":
        return _Index(self.offers)

    # --- kept as bytes

    def to_bytes(self) -> bytes:
        """Write it compactly: each type's name once, compressed."""
        names: dict[tuple[str, str], int] = {}
        rows = [
            [
                *(offer.issuer.org_id, offer.issuer.issuer_id, offer.issuer.name, offer.issuer.category),
                round(offer.asked_at),
                [names.setdefault((one.doctype, one.description), len(names)) for one in offer.types],
            ]
            for offer in self.offers
        ]
        written = {"format": _FORMAT, "listed_at": self.listed_at, "types": list(names), "issuers": rows}
        return gzip.compress(json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode(), 6, mtime=0)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Directory | None":
        """Read it back; None for what cannot be read, as after a change of the format."""
        try:
            read = json.loads(gzip.decompress(content))
            if read["format"] != _FORMAT:
                return None
            types = [DocumentType(doctype, description) for doctype, description in read["types"]]
            offers = [
                Offer(Issuer(*told), tuple(types[number] for number in numbers), float(asked_at))
                for *told, asked_at, numbers in read["issuers"]
            ]
            return cls(offers, float(read["listed_at"]))
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, IndexError):
            return None


# --- fetching -------------------------------------------------------------------------------------------------------


def fetch(
    pull: PullClient,
    known: Directory | None,
    seconds: float,
    clock: Callable[[], float] = time.time,
    workers: int = _WORKERS,
) -> Directory:
    """Fetch as much of the directory as `seconds` allow, and keep what is known of the rest.

    The list of issuers is fetched if it is a day old, then the types of those that have not been asked since. Raises
    what listing the issuers raises; an issuer that cannot be asked is left for the next time.
    """
    deadline = outbound.Deadline.after(seconds)
    if known is None or clock() - known.listed_at >= DAY:
        before = {offer.issuer.org_id: offer for offer in known.offers} if known else {}
        listed_at = clock()
        issuers = pull.issuers(deadline.left())
        old = Offer(Issuer("", "", ""))
        offers = [
            Offer(issuer, before.get(issuer.org_id, old).types, before.get(issuer.org_id, old).asked_at)
            for issuer in issuers
        ]
        known = Directory(offers, listed_at)
    asked = _ask(pull, known.unasked(), deadline, clock, workers)
    return Directory([asked.get(offer.issuer.org_id, offer) for offer in known.offers], known.listed_at)


def _ask(
    pull: PullClient, waiting: Sequence[Offer], deadline: outbound.Deadline, clock: Callable[[], float], workers: int
) -> dict[str, Offer]:
    """Ask issuer after issuer, several at once, until time or patience runs out. Returns those that answered."""
    queue: SimpleQueue[Offer] = SimpleQueue()
    for offer in waiting:
        queue.put(offer)
    answered: dict[str, Offer] = {}
    failures: list[DigiLockerError] = []

    def work() -> None:
        while deadline.left() >= _LEAST and len(failures) < _FAILURES:
            try:
                issuer = queue.get_nowait().issuer
            except Empty:
                return
            try:
                types = pull.document_types(issuer.org_id, min(deadline.left(), _CALL_SECONDS))
            except DigiLockerError as error:
                failures.append(error)
            else:
                answered[issuer.org_id] = Offer(issuer, types, clock())

    with ThreadPoolExecutor(workers, thread_name_prefix="directory") as pool:
        running = [pool.submit(work) for _ in range(min(workers, len(waiting)))]
    for one in running:
        one.result()
    return answered


class Store(Protocol):
    """Where the shared copy is kept (`helpdesk.storage.directory`)."""

    def read(self) -> bytes | None:
        """Return the copy; None if there is none."""

    def write(self, content: bytes) -> None:
        """Replace the copy."""

    def claim(self, seconds: float) -> bool:
        """Return whether the caller is the one to fetch it."""


class DirectorySource:
    """The directory as it is known here: from memory, else from the shared copy, else from DigiLocker."""

    CLAIM_SECONDS: Final = 60.0
    """How long nobody else fetches, and how long a failure rests: above the 45 s that an invocation may take."""
    READ_SECONDS: Final = 300.0
    """How long the copy in memory is used before the shared one is looked at again."""

    def __init__(self, pull: PullClient, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._pull = pull
        self._store = store
        self._clock = clock
        self._held: Directory | None = None
        self._read_at = float("-inf")

    def cached(self) -> Directory | None:
        """Return the directory without calling DigiLocker, however old; None if nobody has fetched it yet."""
        now = self._clock()
        held = self._held
        if held is not None and (not held.is_due(now) or now - self._read_at < self.READ_SECONDS):
            return held
        content = self._store.read()
        read = Directory.from_bytes(content) if content is not None else None
        if read is not None:
            # What is in memory may be newer: a copy that could not be kept.
            self._held = read if held is None or _progress(read) > _progress(held) else held
            self._read_at = now
        return self._held

    def current(self, seconds: float) -> Directory:
        """Return the directory, fetching (on with) it within `seconds` where it is due and nobody else does.

        When DigiLocker fails, the copy is given, however old. Raises `DirectoryNotReady`, or what listing the issuers
        raises, only where there is no copy.
        """
        known = self.cached()
        if known is not None and not known.is_due(self._clock()):
            return known
        if not self._store.claim(self.CLAIM_SECONDS):
            if known is None:
                raise DirectoryNotReady("(being fetched)")
            return known
        try:
            fetched = fetch(self._pull, known, seconds, self._clock)
        except DigiLockerError:
            if known is None:
                raise
            return known
        self._held, self._read_at = fetched, self._clock()
        self._store.write(fetched.to_bytes())
        return fetched


def _progress(directory: Directory) -> tuple[float, int]:
    return directory.listed_at, len(directory.offers) - len(directory.unasked())


# --- searching ------------------------------------------------------------------------------------------------------

_EXACT: Final = 1.0
_BEGINNING: Final = 0.85
_MISSPELT: Final = 0.7
_ISSUER_TOO: Final = 0.2
"""What a word of an issuer's name counts where types have it as well ("insurance")."""
_SHARE: Final = 0.6
"""Types below this part of the best one's score are not what was meant."""
_WORDS: Final = 6
"""Words of a text that are looked at."""
_SHORTEST_BEGINNING: Final = 3
_MANY_BEGINNINGS: Final = 40


class _Words:
    """An inverted index: word -> numbers of what has it. Finds words by their beginning and by likeness too."""

    def __init__(self, texts: Iterable[Iterable[str]]) -> None:
        postings: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        self.size = 0
        for number, words in enumerate(texts):
            for word in dict.fromkeys(words):
                postings[word].append(number)
            self.size = number + 1
        self._postings: Final = dict(postings)
        self._alike: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
        for word in self._postings:
            self._alike[len(word), word[0]].append((_letters(word), word))

    def __contains__(self, word: str) -> bool:
        return word in self._postings

    def having(self, word: str) -> array[int]:
        return self._postings[word]

    def rarity(self, word: str) -> float:
        """Return a weight from about 1 (in everything) up: the rarer, the more a word says."""
        return 1.0 + float((self.size / len(self._postings[word])) ** 0.25)

    def like(self, word: str) -> dict[str, float]:
        """Return the indexed words that are meant by a word, each with how surely."""
        if word in self._postings:
            return {word: _EXACT}
        found: dict[str, float] = {}
        if len(word) >= _SHORTEST_BEGINNING and not word.isdigit():
            longer = [one for one in self._postings if one.startswith(word)]
            if len(longer) <= _MANY_BEGINNINGS:
                found |= dict.fromkeys(longer, _BEGINNING)
        if not found:
            found = dict.fromkeys(self._near(word), _MISSPELT)
        return found

    def _near(self, word: str) -> list[str]:
        """Return the words that differ least: by a letter, or two in long words; in the first only by a swap."""
        allowed = is_near(word)
        if not allowed:
            return []
        letters = _letters(word)
        candidates = (
            one
            for first in dict.fromkeys(word[:2])
            for length in range(len(word) - allowed, len(word) + allowed + 1)
            for mask, one in self._alike.get((length, first), ())
            if (mask ^ letters).bit_count() <= 2 * allowed
        )
        near: dict[int, list[str]] = defaultdict(list)
        for one in candidates:
            if (differing := distance(word, one, allowed)) <= allowed:
                near[differing].append(one)
        return near[min(near)] if near else []


def _letters(word: str) -> int:
    """Return the set of a word's letters as bits: words that differ little have nearly the same."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 63)
    return bits


class _Index:
    """What the search looks into: types by doctype, their names' words, their issuers' words."""

    def __init__(self, offers: Sequence[Offer]) -> None:
        self._issuers: Final = [offer.issuer for offer in offers]
        numbers: dict[str, int] = {}
        titles: dict[str, Counter[str]] = {}
        of_issuer: list[array[int]] = []
        for offer in offers:
            own = array("I")
            for one in offer.types:
                own.append(numbers.setdefault(one.doctype, len(numbers)))
                titles.setdefault(one.doctype, Counter())[one.description] += 1
            of_issuer.append(own)
        self._of_issuer: Final = of_issuer
        self._doctypes: Final = list(numbers)
        self._numbers: Final = numbers
        # One doctype may be called differently by its issuers: the commonest name is shown, all are searched.
        self._titles: Final = [titles[doctype].most_common(1)[0][0] for doctype in self._doctypes]
        self._issued_by: Final = [array("I") for _ in self._doctypes]
        for issuer, own in enumerate(of_issuer):
            for number in dict.fromkeys(own):
                self._issued_by[number].append(issuer)
        self._type_words: Final = _Words(
            [doctype.lower(), *(word for title in titles[doctype] for word in tokens(title))]
            for doctype in self._doctypes
        )
        self._issuer_words: Final = _Words(tokens(one.name) for one in self._issuers)

    def search(self, text: str, doctypes: Sequence[str], limit: int) -> tuple[Found, ...]:
        words = list(dict.fromkeys(tokens(text)))[:_WORDS]
        types: dict[int, float] = {}
        issuers: dict[int, float] = {}
        naming: dict[int, float] = {}
        for word in words:
            in_types, in_names = self._type_words.like(word), self._issuer_words.like(word)
            surest = max(in_types.values(), default=0.0)
            # A word that is spelt as in an issuer's name is not a misspelt one of a type's.
            if surest < max(in_names.values(), default=0.0):
                in_types, surest = {}, 0.0
            _add(types, self._type_words, in_types)
            _add(issuers, self._issuer_words, in_names, _ISSUER_TOO if in_types else 1.0)
            if not in_types:
                _add(naming, self._issuer_words, in_names)
        scores = dict(types)
        if issuers and (types or naming):
            for number, score in self._best_issuer(issuers).items():
                if number in types or not types:
                    scores[number] = scores.get(number, 0.0) + score
        hinted = [self._numbers[one] for one in dict.fromkeys(doctypes) if one in self._numbers]
        best = max(scores.values(), default=0.0)
        ranked = nsmallest(
            limit,
            (number for number, score in scores.items() if score >= _SHARE * best and number not in hinted),
            key=lambda number: (-scores[number], -len(self._issued_by[number]), self._titles[number]),
        )
        return tuple(self._found(number, naming, issuers) for number in [*hinted, *ranked][:limit])

    def _best_issuer(self, issuers: Mapping[int, float]) -> dict[int, float]:
        """Return for each type the score of the best of its issuers."""
        best: dict[int, float] = {}
        least = _SHARE * max(issuers.values())
        for issuer, score in issuers.items():
            for number in self._of_issuer[issuer] if score >= least else ():
                if score > best.get(number, 0.0):
                    best[number] = score
        return best

    def _found(self, number: int, naming: Mapping[int, float], issuers: Mapping[int, float]) -> Found:
        issued_by = self._issued_by[number]
        named = [one for one in issued_by if one in naming]
        if named:
            surest = max(naming[one] for one in named)
            named = [one for one in named if naming[one] >= _SHARE * surest]
        chosen = sorted(named or issued_by, key=lambda one: (-naming.get(one, 0.0), -issuers.get(one, 0.0)))
        return Found(self._doctypes[number], self._titles[number], tuple(self._issuers[one] for one in chosen))


def _add(scores: dict[int, float], words: _Words, meant: Mapping[str, float], share: float = 1.0) -> None:
    """Add to the scores what one word of the text is worth: once each, whichever of its readings is there."""
    if len(meant) == 1:
        ((word, sureness),) = meant.items()
        value = share * sureness * words.rarity(word)
        for number in words.having(word):
            scores[number] = scores.get(number, 0.0) + value
        return
    worth: dict[int, float] = {}
    for word, sureness in meant.items():
        value = share * sureness * words.rarity(word)
        for number in words.having(word):
            if value > worth.get(number, 0.0):
                worth[number] = value
    for number, value in worth.items():
        scores[number] = scores.get(number, 0.0) + value
