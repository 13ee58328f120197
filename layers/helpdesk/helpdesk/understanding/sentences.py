"""A sentence cut into phrases that one language knows, with as little as possible left over."""

from collections.abc import Mapping, Sequence

from helpdesk.structs import Value
from helpdesk.understanding.lexicon import UNKNOWN, Form, Lexicon, Phrase, Sense
from helpdesk.understanding.text import ASKS, BREAK

_LONGEST = 30
"""Words that are looked at."""
_UNKNOWN, _PHRASE, _FORM, _BORROWED = 10.0, 1.0, 0.1, 0.05
"""What costs how much: a word that nobody knows, a phrase, each step from its spelling, a phrase in English."""


class Segment(Value, frozen=True):
    """A phrase of the sentence, and what it can mean."""

    hidden = ("words",)

    start: int
    words: tuple[str, ...]
    phrase: Phrase = UNKNOWN
    refuses: bool = False
    """An ending or a beginning of it says no."""
    asks: bool = False
    refuses_before: bool = False
    """It says no to what follows, as in English, and not to what it follows."""

    @property
    def kinds(self) -> frozenset[str]:
        """The classes of words that it can belong to."""
        return self.phrase.kinds

    def values(self, kind: str) -> tuple[str, ...]:
        """Return what it can be, of one class."""
        return self.phrase.values.get(kind, ())


class Sentence(Value, frozen=True):
    """All of its phrases in order."""

    hidden = ("unknown",)

    language: str
    segments: tuple[Segment, ...]
    unknown: tuple[str, ...] = ()
    """The words that were not understood."""
    breaks: frozenset[int] = frozenset()
    """The numbers of the words that follow a comma or a full stop."""
    asks: bool = False
    """It has a question mark, or a word is a question by its ending."""
    cost: float = 0.0
    """How far it is from phrases that are known."""


def sentence(tokens: Sequence[str], lexicon: Lexicon, english: Lexicon) -> Sentence:
    """Cut a text into phrases: the fewest that leave the fewest words over.

    English words are looked for only if the language leaves some over: people use them in every language.
    """
    words: list[str] = []
    breaks: set[int] = set()
    for token in tokens:
        if token == BREAK:
            breaks.add(len(words))
        elif token != ASKS:
            words.append(token)
    del words[_LONGEST:]
    whole = tuple(words)
    if whole in lexicon.senses and whole not in english.senses and not words[0].isdecimal():
        segment = Segment(0, whole, lexicon.phrase(whole), refuses_before=lexicon.refuses_before)
        return Sentence(lexicon.code, (segment,), (), frozenset(breaks), ASKS in tokens, _PHRASE)
    best, costs = _cut(words, (lexicon,), english)
    if costs[0] >= _UNKNOWN and lexicon is not english:
        best, costs = _cut(words, (lexicon, english), english)
    segments: list[Segment] = []
    place = 0
    while place < len(words):
        segments.append(best[place])
        place += len(best[place].words)
    unknown = tuple([one.words[0] for one in segments if one.phrase is UNKNOWN and not one.refuses])
    asks = ASKS in tokens or any(one.asks for one in segments)
    return Sentence(lexicon.code, tuple(segments), unknown, frozenset(breaks), asks, round(costs[0], 2))


def _cut(words: list[str], lexicons: Sequence[Lexicon], english: Lexicon) -> tuple[list[Segment], list[float]]:
    """Return for each word the best phrase that begins there, and what all from there on costs."""
    count = len(words)
    best: list[Segment] = [Segment(place, (word,)) for place, word in enumerate(words)]
    costs = [0.0] * (count + 1)
    known = [(lexicon, [_forms(word, lexicon, english) for word in words]) for lexicon in lexicons]
    for start in range(count - 1, -1, -1):
        word = words[start]
        costs[start] = costs[start + 1] + _UNKNOWN
        if word.isdecimal():
            costs[start] = costs[start + 1] + _PHRASE
            best[start] = Segment(start, (word,), Phrase((Sense("digits", word),)))
        for rank, (lexicon, forms) in enumerate(known):
            for form in forms[start].values():
                _try_alone(start, form, words, lexicon, rank, best, costs)
                longer = lexicon.longer.get(form.word) if start + 1 < count else None
                for phrase in longer or ():
                    if phrase[1] in forms[start + 1]:
                        _try_longer(start, phrase, forms, words, lexicon, rank, best, costs)
        if start in {0, count - 1} and len(best[start].words) == 1 and english.refuses(word):
            # An English *no* at the start or end is one, whatever the word is in the language ("of", in Gujarati).
            best[start] = Segment(start, (word,), english.phrase((word,)), refuses_before=True)
    return best, costs


def _forms(word: str, lexicon: Lexicon, english: Lexicon) -> Mapping[str, Form]:
    """Return the known words that a typed one can be. A word of English is no inflected one of another language."""
    forms = lexicon.forms(word)
    if lexicon is not english and (word,) in english.senses and any(form.cost for form in forms.values()):
        return {known: form for known, form in forms.items() if not form.cost}
    return forms


def _try_alone(
    start: int,
    form: Form,
    words: list[str],
    lexicon: Lexicon,
    rank: int,
    best: list[Segment],
    costs: list[float],
) -> None:
    """Note a word that alone is a phrase, or that says no by its ending, if that is cheaper."""
    if form.word.isdecimal():
        return
    key = (form.word,)
    if form.word and key not in lexicon.senses:
        return
    cost = costs[start + 1] + _PHRASE + _BORROWED * rank + _FORM * form.cost
    if cost < costs[start]:
        costs[start] = cost
        phrase = lexicon.phrase(key) if form.word else UNKNOWN
        best[start] = Segment(start, (words[start],), phrase, form.refuses, form.asks, lexicon.refuses_before)


def _try_longer(
    start: int,
    phrase: tuple[str, ...],
    forms: list[Mapping[str, Form]],
    words: list[str],
    lexicon: Lexicon,
    rank: int,
    best: list[Segment],
    costs: list[float],
) -> None:
    """Note a phrase of several words, if all of it is here and that is cheaper."""
    end = start + len(phrase)
    if end > len(words):
        return
    found: list[Form] = []
    for place, word in enumerate(phrase, start):
        form = forms[place].get(word)
        if form is None:
            return
        found.append(form)
    cost = costs[end] + _PHRASE + _BORROWED * rank + _FORM * sum(form.cost for form in found)
    if cost < costs[start]:
        costs[start] = cost
        refuses = any(form.refuses for form in found)
        typed = tuple(words[start:end])
        best[start] = Segment(start, typed, lexicon.phrase(phrase), refuses, found[-1].asks, lexicon.refuses_before)
