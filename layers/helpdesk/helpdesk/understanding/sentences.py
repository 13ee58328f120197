"""A sentence cut into phrases that one language knows, with as little as possible left over."""

from collections.abc import Sequence

from helpdesk.structs import Value
from helpdesk.understanding.lexicon import Form, Lexicon, Sense
from helpdesk.understanding.text import ASKS, BREAK

_LONGEST = 30
"""Words that are looked at."""
_UNKNOWN, _PHRASE, _FORM, _BORROWED = 10.0, 1.0, 0.1, 0.05
"""What costs how much: a word that nobody knows, a phrase, each step from its spelling, a phrase in English."""


class Segment(Value, frozen=True):
    """A phrase of the sentence, and what it can mean; nothing for a word that is not known."""

    hidden = ("words",)

    start: int
    words: tuple[str, ...]
    senses: tuple[Sense, ...] = ()
    refuses: bool = False
    asks: bool = False
    refuses_before: bool = False
    """It says no to what follows, as in English, and not to what it follows."""

    @property
    def kinds(self) -> frozenset[str]:
        """The classes of words that it can belong to."""
        return frozenset(sense.kind for sense in self.senses)

    def values(self, kind: str) -> tuple[str, ...]:
        """Return what it can be, of one class."""
        return tuple(sense.value for sense in self.senses if sense.kind == kind)

    @property
    def is_known(self) -> bool:
        """Whether it means anything."""
        return bool(self.senses) or self.refuses


class Sentence(Value, frozen=True):
    """All of its phrases in order."""

    language: str
    segments: tuple[Segment, ...]
    breaks: frozenset[int]
    """The numbers of the words before which a comma or a full stop stands."""
    asks: bool
    """A question mark stands in it."""
    cost: float = 0.0
    """How far it is from phrases that are known."""

    @property
    def unknown(self) -> tuple[str, ...]:
        """The words that were not understood."""
        return tuple(word for segment in self.segments if not segment.is_known for word in segment.words)


def sentence(tokens: Sequence[str], lexicons: Sequence[Lexicon]) -> Sentence:
    """Cut a text into phrases: the fewest that leave the fewest words over."""
    words: list[str] = []
    breaks: set[int] = set()
    for token in tokens:
        if token == BREAK:
            breaks.add(len(words))
        elif token != ASKS:
            words.append(token)
    del words[_LONGEST:]
    count = len(words)
    known = [[{form.word: form for form in lexicon.forms(word)} for word in words] for lexicon in lexicons]
    best: list[tuple[float, Segment | None]] = [(0.0, None)] * (count + 1)
    for start in range(count - 1, -1, -1):
        word = words[start]
        if word.isdecimal():
            best[start] = (best[start + 1][0] + _PHRASE, Segment(start, (word,), (Sense("digits", word),)))
        else:
            best[start] = (best[start + 1][0] + _UNKNOWN, Segment(start, (word,)))
        for rank, lexicon in enumerate(lexicons):
            _try_phrases(start, words, known[rank], lexicon, rank, best)
    segments: list[Segment] = []
    place = 0
    while place < count:
        segment = best[place][1]
        if segment is None:
            break
        segments.append(segment)
        place += len(segment.words)
    return Sentence(lexicons[0].code, tuple(segments), frozenset(breaks), ASKS in tokens, round(best[0][0], 2))


def _try_phrases(
    start: int,
    words: list[str],
    known: list[dict[str, Form]],
    lexicon: Lexicon,
    rank: int,
    best: list[tuple[float, Segment | None]],
) -> None:
    """Note the phrases that begin here and leave less over than what was found before."""
    for form in known[start].values():
        if not form.word:
            cost = best[start + 1][0] + _PHRASE + _FORM * form.cost
            if cost < best[start][0]:
                best[start] = (cost, Segment(start, (words[start],), (), refuses=True))
            continue
        for phrase in lexicon.starts.get(form.word, ()):
            end = start + len(phrase)
            if end > len(words) or (len(phrase) == 1 and form.word.isdecimal()):
                continue
            forms = [known[start + place].get(word) for place, word in enumerate(phrase)]
            found = [one for one in forms if one]
            if len(found) < len(forms):
                continue
            cost = best[end][0] + _PHRASE + _BORROWED * rank + _FORM * sum(one.cost for one in found)
            if cost < best[start][0]:
                refuses = any(one.refuses for one in found)
                senses = tuple(lexicon.senses[phrase])
                typed = tuple(words[start:end])
                best[start] = (
                    cost,
                    Segment(start, typed, senses, refuses, found[-1].asks, lexicon.refuses_before),
                )
