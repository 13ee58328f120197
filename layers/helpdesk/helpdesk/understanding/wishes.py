"""Which documents a sentence asks for, which it refuses, and what it asks for that is of no kind known here.

A phrase narrows what its neighbours mean: "class 10" is two documents, "marksheet" is two, "class 10 marksheet" is one.
A general word ("certificate") counts only if everything else was understood.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from helpdesk.conversation.events import Naming
from helpdesk.structs import Value
from helpdesk.understanding.sentences import Segment, Sentence

CLASSES = {"10": frozenset({"SSCER", "SPCER"}), "12": frozenset({"HSCER", "HPCER"})}
_GENERAL = {
    "marksheet": frozenset({"SSCER", "HSCER"}),
    "certificate": frozenset({"SPCER", "HPCER"}),
    "insurance": frozenset({"TWIPC", "CRIPC", "HLIPC"}),
}
_VEHICLES = {
    "vehicle": ("RVCER", frozenset({"RVCER", "DRVLC", "CRIPC", "TWIPC"})),
    "two_wheeler": ("TWIPC", frozenset({"TWIPC", "RVCER", "DRVLC"})),
    "car": ("CRIPC", frozenset({"CRIPC", "RVCER", "DRVLC"})),
}
"""What a vehicle's name means alone, and what it can be part of."""
_PAPERS = frozenset({"RVCER"})
"""What the papers of a vehicle are."""
_LARGEST = 999


class Mention(Value, frozen=True):
    """A document, a kind of document, or a number of the list, as it is in the sentence."""

    hidden = ("words", "english")

    words: tuple[str, ...]
    start: int
    possible: frozenset[str] = frozenset()
    by_itself: frozenset[str] = frozenset()
    """What it means where nothing else narrows it."""
    general: str = ""
    english: tuple[str, ...] = ()
    is_kind: bool = False
    """It names a kind of document that has no doctype here."""
    is_paper: bool = False
    """It is only a word for any document."""
    number: int = 0
    is_soft: bool = False
    """A number's word that may be something else: "the third one"."""
    joined: bool = False
    """It follows "and"."""
    refused: bool = False

    @property
    def is_document(self) -> bool:
        """Whether it names a document, and neither a number nor just any paper."""
        return not (self.number or self.is_paper)

    @property
    def doctypes(self) -> tuple[str, ...]:
        """The doctypes that it means, none for a number or for a kind that is not known."""
        return () if self.is_kind else tuple(sorted(self.by_itself or self.possible))


class Wishes(Value, frozen=True):
    """What a sentence asks for."""

    hidden = ("elsewhere", "english")

    named: tuple[Naming, ...] = ()
    numbers: tuple[int, ...] = ()
    elsewhere: tuple[str, ...] = ()
    english: tuple[str, ...] = ()
    refuses: bool = False
    used: frozenset[int] = frozenset()
    """The first words of the phrases that name something."""

    @property
    def is_any(self) -> bool:
        """Whether a document is asked for or refused."""
        return bool(self.named or self.elsewhere or self.refuses)


_NO_WISHES = Wishes()


def is_refusal(segment: Segment) -> bool:
    """Return whether a phrase says no."""
    return segment.refuses or segment.phrase.refuses


def refusals(sentence: Sentence) -> list[Segment]:
    """Return the phrases that say no. "No. 3" is a number."""
    segments = sentence.segments
    return [
        segment
        for place, segment in enumerate(segments)
        if is_refusal(segment)
        and not ("number" in segment.kinds and place + 1 < len(segments) and segments[place + 1].values("digits"))
    ]


def wishes(sentence: Sentence) -> Wishes:
    """Return what a sentence asks for."""
    if not any(segment.phrase.names for segment in sentence.segments):
        return _NO_WISHES
    mentions = _refused(list(_mentions(sentence)), sentence)
    firm = [mention for mention in mentions if not mention.is_soft]
    if any(mention.doctypes or mention.is_kind or mention.number for mention in firm):
        mentions = [mention for mention in mentions if not mention.is_soft or mention.refused]
    used = frozenset(mention.start for mention in mentions)
    mentions = _with_heads(mentions)
    wanted = [mention for mention in mentions if not mention.refused]
    unwanted = {doctype for mention in mentions if mention.refused for doctype in mention.doctypes}
    numbers = tuple(dict.fromkeys(mention.number for mention in wanted if mention.number))
    unknown = sentence.unknown
    named: list[Naming] = []
    elsewhere: list[str] = []
    english: list[str] = []
    for mention in wanted:
        if mention.number or mention.is_paper:
            continue
        vague = bool(mention.general) and not mention.is_kind
        if mention.is_kind or (vague and unknown):
            elsewhere += (*(unknown if vague else ()), *mention.words)
            english += (*(unknown if vague else ()), *mention.english)
        else:
            left = [doctype for doctype in mention.doctypes if doctype not in unwanted]
            named += (Naming(mention.words, doctype) for doctype in left or mention.doctypes)
    return Wishes(
        tuple(dict.fromkeys(named)),
        numbers,
        tuple(dict.fromkeys(elsewhere)),
        tuple(dict.fromkeys(english)),
        not (named or elsewhere) and any(mention.refused and mention.is_document for mention in mentions),
        used,
    )


def _mentions(sentence: Sentence) -> Iterator[Mention]:
    """Put phrases together that speak of one document."""
    current: Mention | None = None
    joined = gap = False
    classes, refused = _classes(sentence), refusals(sentence)
    for place, segment in enumerate(sentence.segments):
        mention = _mention(segment, classes)
        if mention is None:
            gap = True
            joined = (joined or "join" in segment.kinds) and segment not in refused
            if current and segment in refused:
                yield current
                current = None
            continue
        mention = replace(mention, joined=joined)
        apart = segment.start in sentence.breaks or (joined and not (current and _is_head(mention, current)))
        follows = sentence.segments[place + 1 : place + 2]
        # "The car's I want, the bike's not": a new document, though both are insurances.
        corrects = gap and any(one in refused and not one.refuses_before for one in follows)
        merged = _merged(current, mention) if current and not apart and not corrects else None
        if current and merged is None:
            yield current
        current, joined, gap = merged or mention, False, False
        if segment.refuses:
            yield current
            current = None
    if current:
        yield current


def _is_head(mention: Mention, current: Mention) -> bool:
    """Return whether a general word goes with all before it: "10th and 12th, both marksheets"."""
    return mention.general in {"marksheet", "certificate"} and current.possible in CLASSES.values()


def _classes(sentence: Sentence) -> dict[int, str]:
    """Find the numbers that are a class: "class 8", "10th", "12 marksheet"; by their places."""
    found: dict[int, str] = {}
    segments = sentence.segments
    heads = any({"marksheet", "certificate", "class"} & segment.kinds or _is_school(segment) for segment in segments)
    for place, segment in enumerate(segments):
        value = next(iter((*segment.values("digits"), *segment.values("ordinal"), *segment.values("number"))), "")
        after = segments[place + 1].kinds if place + 1 < len(segments) else frozenset()
        if value not in CLASSES:
            if "class" in after and segment.values("ordinal"):
                found[segment.start] = value
        elif heads or "nth" in after or (segment.values("ordinal") and "paper" not in after):
            found[segment.start] = value
    return found


def _is_school(segment: Segment) -> bool:
    return bool(set(segment.values("document")) & (CLASSES["10"] | CLASSES["12"]))


def _mention(segment: Segment, classes: dict[int, str]) -> Mention | None:
    """Return what a phrase names; None if it names nothing."""
    if not segment.phrase.names:
        return None
    kinds, words, start = segment.kinds, segment.words, segment.start
    if start in classes:
        both, english = CLASSES.get(classes[start], frozenset()), ("class", classes[start])
        return Mention(words, start, both, english=english, is_kind=not both)
    for general, possible in _GENERAL.items():
        if general in kinds:
            return Mention(words, start, possible, general=general, english=(general,))
    for vehicle, (alone, possible) in _VEHICLES.items():
        if vehicle in kinds:
            return Mention(words, start, possible, frozenset({alone}), english=(vehicle,))
    for name in ("class_10", "class_12"):
        if name in kinds:
            return Mention(words, start, CLASSES[name[-2:]], english=("class", name[-2:]))
    if doctypes := frozenset(segment.values("document")):
        return _of_doctypes(words, start, doctypes)
    if kind := segment.values("kind"):
        return Mention(words, start, english=tuple(kind[0].split()), is_kind=True)
    if "card" in kinds:
        return Mention(words, start, english=("card",), general="card")
    if "paper" in kinds:
        return Mention(words, start, english=words, is_paper=True)
    if is_refusal(segment) or ("choice" in kinds and "ordinal" not in kinds):
        return None
    number = next(iter((*segment.values("digits"), *segment.values("ordinal"), *segment.values("number"))), "")
    if number and 0 < int(number) <= _LARGEST:
        return Mention(words, start, number=int(number), is_soft=not segment.values("digits") and "small" in kinds)
    return None


def _of_doctypes(words: tuple[str, ...], start: int, doctypes: frozenset[str]) -> Mention:
    general = ""
    if len(doctypes) > 1 and not any(doctypes <= both for both in CLASSES.values()):
        general = max(_GENERAL, key=lambda name: len(_GENERAL[name] & doctypes))
        doctypes = _GENERAL[general] & doctypes or doctypes
    return Mention(words, start, doctypes, general=general, english=(general,) if general else words)


def _merged(one: Mention, other: Mention) -> Mention | None:
    """Return the document that both phrases speak of; None if they speak of two."""
    words, english = (*one.words, *other.words), (*one.english, *other.english)
    if one.number or other.number:
        same = one.number == other.number
        if same or not (one.possible or other.possible or one.is_kind or other.is_kind):
            return (
                replace(one, words=words, number=one.number or other.number)
                if same or not (one.number and other.number)
                else None
            )
        return None
    if one.is_kind or other.is_kind:
        specific = one if other.is_kind else other
        if specific.possible and not specific.general and "PANCR" in specific.possible:
            return replace(specific, words=words, start=one.start)
        return Mention(words, one.start, english=english, is_kind=True, joined=one.joined)
    if (one.is_paper and other.by_itself) or (other.is_paper and one.by_itself):
        return Mention(words, one.start, _PAPERS, english=english, joined=one.joined)
    if not one.possible or not other.possible:
        known = one if one.possible else other
        return replace(known, words=words, start=one.start, english=english, joined=one.joined)
    both = one.possible & other.possible
    if not both and "certificate" in {one.general, other.general} and one.general != other.general:
        known = other if one.general else one
        school = any(known.possible <= each for each in CLASSES.values())
        return None if school else replace(known, words=words, start=one.start, joined=one.joined)
    if not both:
        return None
    itself = (one.by_itself & other.by_itself) if one.by_itself and other.by_itself else frozenset()
    general = one.general if one.general == other.general else ""
    return Mention(words, one.start, both, itself, general, english, joined=one.joined)


def _refused(mentions: list[Mention], sentence: Sentence) -> list[Mention]:
    """Find out which of them a *no* is said to: where its language says it, before or behind."""
    refused: set[int] = set()
    starts = [mention.start for mention in mentions]
    for segment in refusals(sentence) if mentions else ():
        before = [place for place, start in enumerate(starts) if start <= segment.start]
        after = [place for place, start in enumerate(starts) if start > segment.start]
        is_correction = "but" in segment.kinds  # "not that one, the second": it speaks of nothing that follows
        if is_correction and not before:
            continue
        forwards = segment.refuses_before and not segment.refuses and not is_correction
        target = (after[0] if after else before[-1]) if forwards else (before[-1] if before else after[0])
        refused.add(target)
        if forwards:
            for place in range(target + 1, len(mentions)):
                if not mentions[place].joined:
                    break
                refused.add(place)
        else:
            while mentions[target].joined and target > 0:
                target -= 1
                refused.add(target)
    return [replace(mention, refused=place in refused) for place, mention in enumerate(mentions)]


def _with_heads(mentions: list[Mention]) -> list[Mention]:
    """Return a class the kind of document that its neighbour has: "not the 10th marksheet, the 12th"."""
    heads = [
        possible for possible in (_GENERAL["marksheet"], _GENERAL["certificate"])
        if any(len(mention.possible) == 1 and mention.possible <= possible for mention in mentions)
    ]  # fmt: skip
    if len(heads) != 1:
        return mentions
    return [
        replace(mention, possible=mention.possible & heads[0]) if mention.possible in CLASSES.values() else mention
        for mention in mentions
    ]
