"""What words mean in one language: all of it is in the catalogue, in the sections that a translator fills.

`[words.…]`, `[button.…]` and `[document.…]` hold phrases, separated by commas. A word is also known by its sound,
without an ending (`[words.endings]`), and the names of documents with one slip of the finger.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property

from helpdesk.conversation.choices import Choice
from helpdesk.languages.catalogue import Catalogue, catalogue
from helpdesk.structs import Value
from helpdesk.understanding.text import fold_lines, one_apart, sounds

_CHOICES = frozenset(Choice)
_LISTED = {"numbers": "number", "ordinals": "ordinal"}
"""Sections in which each entry stands for its place: behind slashes other ways to say it."""
_AFFIXES = frozenset({"endings", "refusing_endings", "asking_endings", "refusing_beginnings"})
_DOCUMENTS = frozenset({"document", "kind", "marksheet", "certificate", "insurance", "vehicle", "two_wheeler", "car"})
_NAMING = _DOCUMENTS | {"class_10", "class_12", "card", "paper", "digits", "ordinal", "number"}
_REFUSALS = frozenset({Choice.NO, Choice.DECLINE})
_SHORTEST_TYPO = 6
_MOST_REMEMBERED = 5000
"""Words whose forms are kept in memory."""
_SHORTEST_STEM = 2
_SHORTEST_SOUND = 3
_KNOWN_OTHERWISE = frozenset(
    {"certificate", "marksheet", "class 10", "class 12", "vehicle", "two wheeler", "car", "driving licence", "health",
     "insurance"}
)  # fmt: skip
"""English words of `[search.words]` that have sections of their own here."""


class Sense(Value, frozen=True):
    """What a phrase can mean: a class of words, and which of its members."""

    kind: str
    value: str = ""


class Phrase:
    """What a phrase can mean, by the classes of words that it belongs to."""

    __slots__ = ("choices", "kinds", "names", "refuses", "values")

    def __init__(self, senses: Iterable[Sense]) -> None:
        values: dict[str, list[str]] = {}
        for sense in senses:
            values.setdefault(sense.kind, []).append(sense.value)
        self.values = {kind: tuple(each) for kind, each in values.items()}
        self.kinds = frozenset(values)
        self.choices = frozenset(map(Choice, self.values.get("choice", ())))
        self.refuses = "not" in values or not _REFUSALS.isdisjoint(self.choices)
        self.names = not _NAMING.isdisjoint(values)
        """Whether it can name a document, or number one."""


UNKNOWN = Phrase(())


class Form(Value, frozen=True):
    """A word as it is known: by its letters (`cost` 0), or by its sound, its stem or with a slip."""

    word: str
    cost: int = 0
    refuses: bool = False
    """Its ending or beginning says no: "pampoddu", "নপঠিয়াব"."""
    asks: bool = False
    """Its ending makes it a question: "சம்மதமா"."""


class Lexicon:
    """The phrases of one language, by their first word."""

    def __init__(self, language: Catalogue) -> None:
        self.code = language.code
        self.refuses_before = language.texts.get("language.refuses") == "before"
        self._texts = language.texts
        self.senses: dict[tuple[str, ...], list[Sense]] = {}
        self.longer: dict[str, list[tuple[str, ...]]] = {}
        """The phrases of several words, by the first."""
        kinds, phrases = [], []
        for sense, phrase in _entries(language):
            kinds.append(sense)
            phrases.append(phrase)
        for sense, folded in zip(kinds, fold_lines("\n".join(phrases)), strict=True):
            if not folded:
                continue
            words = tuple(folded.split())
            senses = self.senses.get(words)
            if senses is None:
                self.senses[words] = [sense]
                if len(words) > 1:
                    self.longer.setdefault(words[0], []).append(words)
            elif sense not in senses:
                senses.append(sense)
        # In the catalogue's order, so that a text is read the same way in every process.
        self._vocabulary = dict.fromkeys(word for words in self.senses for word in words)
        self._forms: dict[str, Mapping[str, Form]] = {}
        self._phrases: dict[tuple[str, ...], Phrase] = {}

    def knows(self, word: str) -> bool:
        """Return whether a word is in any phrase."""
        return word in self._vocabulary

    def refuses(self, word: str) -> bool:
        """Return whether a word alone says no."""
        return (word,) in self.senses and self.phrase((word,)).refuses

    def phrase(self, words: tuple[str, ...]) -> Phrase:
        """Return what a phrase of the lexicon means."""
        phrase = self._phrases.get(words)
        if phrase is None:
            phrase = self._phrases[words] = Phrase(self.senses[words])
        return phrase

    def forms(self, word: str) -> Mapping[str, Form]:
        """Return the known words that a typed one can be, the likeliest first."""
        forms = self._forms.get(word)
        if forms is None:
            if len(self._forms) > _MOST_REMEMBERED:
                self._forms.clear()
            forms = self._forms[word] = {form.word: form for form in self._found(word)}
        return forms

    def _found(self, word: str) -> Iterator[Form]:
        exact = word in self._vocabulary
        if exact:
            yield Form(word)
        if (word,) in self.senses or word.isdecimal() or not word[0].isalpha() or len(word) < _SHORTEST_STEM:
            return
        sound = sounds(word)
        alike = self._by_sound.get(sound, []) if not exact and len(sound) >= _SHORTEST_SOUND else []
        for known in alike:
            yield Form(known, 1)
        if any((known,) in self.senses for known in alike):
            return
        stems = tuple(self._without_affixes(word))
        yield from stems
        if not (exact or alike or stems) and len(sound) >= _SHORTEST_TYPO:
            yield from (Form(known, 3) for known in self._nearly(sound))

    def _without_affixes(self, word: str) -> Iterator[Form]:
        """Find the stem of a word; what refuses counts even if the stem is not known."""
        for beginning in self._affixes("refusing_beginnings"):
            if word.startswith(beginning) and (stem := self._stem(word.removeprefix(beginning))):
                yield Form(stem if (stem,) in self.senses else "", 2, refuses=True)
        for ending in self._affixes("refusing_endings"):
            if word.endswith(ending) and len(word) > len(ending) + 1:
                stem = self._stem(word.removesuffix(ending))
                yield Form(stem if (stem,) in self.senses else "", 2, refuses=True)
                return
        for ending in self._affixes("endings"):
            if word.endswith(ending) and (stem := self._stem(word.removesuffix(ending))):
                yield Form(stem, 2)
        for ending in self._affixes("asking_endings"):
            if word.endswith(ending) and (stem := self._stem(word.removesuffix(ending))):
                yield Form(stem, 2, asks=True)

    def _stem(self, stem: str) -> str:
        """Return the known word that a stem is; "" if there is none."""
        if len(stem) < _SHORTEST_STEM:
            return ""
        if stem in self._vocabulary:
            return stem
        alike = self._by_sound.get(sounds(stem), ())
        if alike:
            return next((word for word in alike if (word,) in self.senses), alike[0])
        for ending in self._affixes("endings"):
            shorter = stem.removesuffix(ending)
            if shorter != stem and len(shorter) >= _SHORTEST_STEM and shorter in self._vocabulary:
                return shorter
        return ""

    @cache  # noqa: B019 - a lexicon lives as long as the process
    def _affixes(self, section: str) -> tuple[str, ...]:
        affixes = fold_lines(self._texts.get(f"words.{section}", "").replace(",", "\n"))
        return tuple(sorted(filter(None, dict.fromkeys(map(str.strip, affixes))), key=len, reverse=True))

    @cached_property
    def _by_sound(self) -> dict[str, list[str]]:
        known: dict[str, list[str]] = {}
        latin = [word for word in self._vocabulary if word.isascii() and word.isalpha()]
        others = [word for word in self._vocabulary if not word.isascii()]
        for group in (latin, others):
            for word, sound in zip(group, sounds("\n".join(group)).split("\n"), strict=bool(group)):
                if sound:
                    known.setdefault(sound, []).append(word)
        return known

    @cached_property
    def _of_documents(self) -> dict[str, list[tuple[str, str]]]:
        """The sounds of the words that name documents, by their first letter."""
        by_letter: dict[str, list[tuple[str, str]]] = {}
        for words, senses in self.senses.items():
            if any(sense.kind in _DOCUMENTS for sense in senses):
                for word in words:
                    if len(sound := sounds(word)) >= _SHORTEST_TYPO - 1:
                        by_letter.setdefault(sound[0], []).append((sound, word))
        return by_letter

    def _nearly(self, sound: str) -> tuple[str, ...]:
        near = {word for other, word in self._of_documents.get(sound[0], ()) if one_apart(sound, other)}
        return tuple(sorted(near)[:2])


@cache
def lexicon(code: str) -> Lexicon:
    """Return the words of a language, read once."""
    return Lexicon(catalogue(code))


def _entries(language: Catalogue) -> Iterator[tuple[Sense, str]]:
    """Yield every phrase of a catalogue with what it means."""
    for name, text in language.texts.items():
        section, _, rest = name.partition(".")
        if section == "document":
            yield Sense("document", rest), text
        elif section == "button" and rest in _CHOICES:
            yield Sense("choice", rest), text
        elif section == "words":
            yield from _of_section(rest, text.replace("\n", " "))
    for entry in language.texts["search.words"].replace("\n", " ").split(","):
        english, *phrases = (part.strip() for part in entry.split("/"))
        if english and english not in _KNOWN_OTHERWISE:
            sense = Sense("kind", english)
            yield sense, english
            for phrase in phrases:
                yield sense, phrase


def _of_section(name: str, text: str) -> Iterator[tuple[Sense, str]]:
    if name in _AFFIXES:
        return
    if name in _LISTED:
        for place, entry in enumerate(text.split(","), start=1):
            for phrase in entry.split("/"):
                yield Sense(_LISTED[name], str(place)), phrase.strip()
        return
    head, _, rest = name.partition(".")
    if name == "languages":
        for entry in text.split(","):
            code, *phrases = (part.strip() for part in entry.split("/"))
            for phrase in phrases:
                yield Sense("language", code), phrase
        return
    sense = Sense("choice", name) if name in _CHOICES else Sense(head, rest)
    for phrase in text.split(","):
        if phrase and not phrase.isspace():
            yield sense, phrase
