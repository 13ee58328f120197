"""What a sentence means beside documents and numbers: a command, an answer, a question, courtesy.

Classes of words are put together here, the same way in every language; the words themselves are in the catalogues.
"""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.structs import Value
from helpdesk.understanding.sentences import Segment, Sentence
from helpdesk.understanding.wishes import Wishes, refusals, wishes

TOPICS = ("password", "valid", "time", "free", "who", "safe", "what")
"""What people ask about, in the order in which it is looked for."""
AGREEING = frozenset({Choice.YES, Choice.AGREE, Choice.SEND, Choice.DELETE, Choice.DELETE_DATA})
"""Answers that go together: "yes, send", and that a *no* beside them turns into a no."""
REFUSING = frozenset({Choice.NO, Choice.DECLINE})
AADHAAR_CARD = "ADHAR"
_BESIDE_NUMBERS = REFUSING | {Choice.OTHER_DOCUMENTS, Choice.COURTESY, Choice.YES, Choice.SEND, Choice.TRY_AGAIN}
_ABOUT = frozenset({"about", "locker"})
_NOT_OF_A_DOCUMENT = frozenset({Choice.CHANGE_NUMBER, Choice.DELETE, Choice.DELETE_DATA, Choice.CANCEL})
_OF_A_RELATIVE = frozenset({"wrong", "my_name", "otp", "number", "message", "come"})
_CONTRARY = frozenset({"but", "wrong", "wait"})
_MENTIONED = frozenset({"document", "kind", "marksheet", "certificate", "insurance", "vehicle", "two_wheeler", "car",
                        "class_10", "class_12", "paper", "card"})  # fmt: skip
_OVERRULES: tuple[tuple[Choice, frozenset[Choice]], ...] = (
    (Choice.STOP, frozenset({Choice.NO, Choice.DECLINE, Choice.CANCEL, Choice.SEND, Choice.MORE})),
    (Choice.DELETE_DATA, frozenset({Choice.PRIVACY, Choice.OTHER_DOCUMENTS})),
    (Choice.DELETE, frozenset({Choice.PRIVACY, Choice.OTHER_DOCUMENTS, Choice.DELETE_DATA})),
    (Choice.ANOTHER_PERSON, frozenset({Choice.OTHER_DOCUMENTS, Choice.PERSON, Choice.MORE, Choice.SERVICES})),
    (Choice.PERSON, frozenset({Choice.HELP, Choice.CHANGE_NUMBER, Choice.MORE, Choice.PRIVACY})),
    (Choice.SIGN_UP, frozenset({Choice.NEW_LINK, Choice.OPEN_LINK, Choice.ANOTHER_PERSON})),
    (Choice.NEW_DOCUMENT, frozenset({Choice.OTHER_DOCUMENTS, Choice.SERVICES, Choice.MORE, Choice.TRY_AGAIN})),
    (Choice.LANGUAGE, frozenset({Choice.CHANGE, Choice.MORE, Choice.OTHER_DOCUMENTS})),
    (Choice.CHANGE_NUMBER, frozenset({Choice.CHANGE, Choice.RESEND, Choice.OTHER_DOCUMENTS})),
    (Choice.NOT_COME, frozenset({Choice.RESEND, Choice.MORE, Choice.NO, Choice.TRY_AGAIN, Choice.DONE})),
    (Choice.RESEND, frozenset({Choice.TRY_AGAIN, Choice.SEND, Choice.MORE})),
    (Choice.SERVICES, frozenset({Choice.OTHER_DOCUMENTS, Choice.GREETING})),
    (Choice.OTHER_DOCUMENTS, frozenset({Choice.TRY_AGAIN, Choice.RESEND, Choice.SEND, Choice.MORE, Choice.BACK})),
    (Choice.MORE, frozenset({Choice.TRY_AGAIN})),
    (Choice.UNSURE, frozenset({Choice.NO, Choice.DECLINE, Choice.YES, Choice.HELP})),
    (Choice.CANCEL, frozenset({Choice.BACK, Choice.NO, Choice.DECLINE})),
    (Choice.HELP, frozenset({Choice.NO, Choice.YES, Choice.SEND})),
)
"""Where a sentence holds words for several things, what it is about."""
_WEAK = frozenset({Choice.GREETING, Choice.COURTESY, Choice.TRY_AGAIN})
"""What is only meant if nothing else is."""


class Meaning(Value, frozen=True):
    """What a sentence means."""

    sentence: Sentence
    wishes: Wishes
    choices: frozenset[Choice] = frozenset()
    languages: tuple[str, ...] = ()
    """The languages that it names."""
    topic: str = ""
    page: int | None = None
    number: int | None = None
    is_clear: bool = True

    @property
    def says_something(self) -> bool:
        """Whether it is more than words that go with any meaning."""
        asked = self.wishes
        return bool(self.choices or self.topic or asked.is_any or asked.numbers or self.page is not None)

    @property
    def is_whole(self) -> bool:
        """Whether every word was understood."""
        return not self.sentence.unknown


def meaning(
    sentence: Sentence, *, at_account: bool = False, of_documents: bool = True, signed_in: bool = True
) -> Meaning:
    """Put together what the phrases of a sentence mean.

    `at_account`: to have an account is the question. `of_documents`: a document can be asked for.
    """
    asked = wishes(sentence)
    if not of_documents:  # the Aadhaar number is what is spoken of there
        asked = replace(asked, named=tuple(naming for naming in asked.named if naming.doctype != AADHAAR_CARD))
    kinds = frozenset(kind for segment in sentence.segments for kind in segment.kinds)
    languages = _languages(sentence) if "language" in kinds and not asked.is_any else ()
    topic = _topic(sentence, kinds, asked) if not kinds.isdisjoint(_ABOUT) else ""
    page = _page(sentence) if "page" in kinds else None
    choices = _choices(sentence, kinds, asked, at_account=at_account)
    if topic:
        choices -= _in_passing(sentence)
        if _is_question(sentence) or "question" in kinds:
            asked = Wishes()  # "is the PAN card free" does not ask for the card
    if languages:
        choices = frozenset({Choice.SPEAK})
    elif page is not None:
        choices -= {Choice.MORE, Choice.OTHER_DOCUMENTS, Choice.BACK, Choice.TRY_AGAIN}
        asked = Wishes() if not asked.named else asked
    elif of_documents and asked.is_any:
        if not choices.isdisjoint(_NOT_OF_A_DOCUMENT):
            choices |= {Choice.CHANGE}  # "update my Aadhaar", "delete my PAN" is nothing that can be done here
        # "My son's PAN" is in another locker; for "my son's birth certificate" nobody is signed out.
        of_another = {Choice.ANOTHER_PERSON} if signed_in and asked.named else set()
        choices &= {Choice.CHANGE, Choice.STOP} | of_another
    number = asked.numbers[0] if len(asked.numbers) == 1 and _is_plain_number(sentence, asked, choices) else None
    if number is not None and "paper" in kinds and not signed_in:
        number, choices = None, choices | {Choice.OTHER_DOCUMENTS}  # "a second paper" is no line of the menu
    if number is not None:
        choices -= _BESIDE_NUMBERS  # "no. 3", "send the third document"
    doubts = _is_doubtful(sentence, kinds, choices, at_account=at_account)
    of_something_else = asked.is_any and bool(choices)
    is_clear = not (sentence.unknown or doubts or of_something_else or _contradicts(sentence, choices))
    return Meaning(sentence, asked, choices, languages, topic, page, number, is_clear)


def _choices(sentence: Sentence, kinds: frozenset[str], asked: Wishes, *, at_account: bool) -> frozenset[Choice]:
    """Return what is chosen, without what a stronger word overrules."""
    said: set[Choice] = set()
    refuses = bool(refusals(sentence))
    for segment in sentence.segments:
        if segment.start in asked.used and segment.kinds & _MENTIONED and "choice" in segment.kinds:
            continue
        said.update(segment.phrase.choices)
    _composed(kinds, sentence, asked, said, refuses=refuses)
    if refuses and "but" in kinds and said & AGREEING:
        said -= REFUSING  # "agreed, but I won't give my number" is neither
    elif refuses:
        said -= AGREEING  # "don't delete", "not agreed", "ok, no"
        said.update({Choice.NO} - ({Choice.NO} if Choice.DECLINE in said else set()))
    if at_account and {"account", "means"} <= kinds:
        said.add(Choice.UNSURE)
    if at_account and "have" in kinds and not refuses and not said - _WEAK:
        said.add(Choice.YES)
    if Choice.CHANGE in said or not kinds.isdisjoint(_OF_A_RELATIVE):
        said.discard(Choice.ANOTHER_PERSON)  # "this is my father's phone", "my husband's name is wrong"
    for winner, losers in _OVERRULES if len(said) > 1 else ():
        if winner in said:
            said -= losers
    is_polite = bool(sentence.segments) and Choice.COURTESY in sentence.segments[0].phrase.choices
    if sentence.asks or ("question" in kinds and not is_polite):
        said -= {Choice.COURTESY}  # "is it still good"
    more = said - _WEAK - {Choice.YES}
    if more and not (Choice.COURTESY in said and more <= REFUSING):  # "thanks, I need nothing else"
        said -= _WEAK
    elif asked.is_any:
        said -= {Choice.GREETING}
    return frozenset(said)


def _in_passing(sentence: Sentence) -> frozenset[Choice]:
    """Return the answers that only belong to the grammar of a question: "it is free", "it is safe, no?"."""
    passing = set()
    answers = [segment for segment in sentence.segments if Choice.YES in segment.phrase.choices]
    if all("have" in segment.kinds for segment in answers):
        passing.add(Choice.YES)
    if [segment.start for segment in refusals(sentence)] == [sentence.segments[-1].start]:
        passing.add(Choice.NO)
    return frozenset(passing)


def _composed(kinds: frozenset[str], sentence: Sentence, asked: Wishes, said: set[Choice], *, refuses: bool) -> None:
    """Add what several words say together: "message" and "stop", "know" and "not"."""
    if "know" in kinds and refuses:
        said.add(Choice.UNSURE)
    if "message" in kinds and "come" not in kinds and (refuses or "end" in kinds or Choice.CANCEL in said):
        said.add(Choice.STOP)
    if "come" in kinds and refuses and "wrong" not in kinds and Choice.STOP not in said:
        said.add(Choice.NOT_COME)
    if {Choice.TRY_AGAIN, Choice.SEND} <= said:
        said.add(Choice.RESEND)
    if "wrong" in kinds:
        is_number = "number" in kinds or any(AADHAAR_CARD in one.values("document") for one in sentence.segments)
        said.add(Choice.CHANGE_NUMBER if is_number and "otp" not in kinds else Choice.CHANGE)
    if asked.is_any:
        return
    if not (asked.numbers or refuses) and kinds & {"paper", "list"}:
        said.add(Choice.NEW_DOCUMENT if {"new", "paper"} <= kinds else Choice.OTHER_DOCUMENTS)
    if "human" in kinds:
        said.add(Choice.PERSON)


def _languages(sentence: Sentence) -> tuple[str, ...]:
    """Return the languages that are named."""
    return tuple(dict.fromkeys(code for segment in sentence.segments for code in segment.values("language")))


def _topic(sentence: Sentence, kinds: frozenset[str], asked: Wishes) -> str:
    """Return what is asked about; nothing where a document is asked for."""
    if asked.named or asked.elsewhere:
        kinds = kinds & {"about"}
    values = {value for segment in sentence.segments for value in segment.values("about")}
    if "locker" in kinds and ({"question", "means"} & kinds or sentence.asks) and not asked.is_any:
        values.add("what")
    return next((topic for topic in TOPICS if topic in values), "")


def _page(sentence: Sentence) -> int | None:
    """Return the page that is asked for by its number."""
    for kind in ("digits", "ordinal", "number"):
        for segment in sentence.segments:
            for value in segment.values(kind):
                if 0 < int(value) < 100:
                    return int(value)
    return None


def _is_doubtful(sentence: Sentence, kinds: frozenset[str], choices: frozenset[Choice], *, at_account: bool) -> bool:
    """Return whether it is a question, holds a contrary word, or is only "there is": a yes to having an account."""
    is_there = choices == {Choice.YES} and "have" in kinds and len(sentence.segments) == 1
    return (is_there and not at_account) or _is_question(sentence) or not kinds.isdisjoint(_CONTRARY)


def _is_plain_number(sentence: Sentence, asked: Wishes, choices: frozenset[Choice]) -> bool:
    """Return whether the number is all that she says: no document, no command, no word that may change it."""
    if choices & AGREEING and any(segment.kinds & _CONTRARY for segment in sentence.segments):
        return False  # "yes, but first …"
    others = choices - _BESIDE_NUMBERS
    if _is_question(sentence) and not any(one.kinds & {"digits", "ordinal"} for one in sentence.segments):
        return False  # "what do you mean": a number's word has other meanings
    return not asked.is_any and not others and not sentence.unknown and not sentence.asks


def _is_question(sentence: Sentence) -> bool:
    """Return whether it is one by its mark, or by a word where a question has it: first, or last."""
    ends = (*sentence.segments[:1], *sentence.segments[-1:])
    return sentence.asks or any("question" in segment.kinds for segment in ends)


def _contradicts(sentence: Sentence, choices: frozenset[Choice]) -> bool:
    """Return whether several answers were given that do not go together."""
    said = {choice for segment in sentence.segments for choice in segment.phrase.choices}
    if choices & REFUSING and said & {Choice.YES, Choice.AGREE}:
        return True
    if Choice.COURTESY in said and choices & AGREEING == {Choice.YES}:
        return True  # "ok, thanks" ends a talk; "fine, I accept" does not
    rest = choices - AGREEING - _WEAK
    return len(rest - REFUSING) + bool(rest & REFUSING) + bool(choices & AGREEING) > 1


def explained(segment: Segment) -> str:
    """Return a phrase and what it can mean, for a person to read."""
    means = [f"{kind} {value}".strip() for kind, values in segment.phrase.values.items() for value in values]
    senses = ", ".join(means) or "not known"
    return f"{' '.join(segment.words)}: {'refuses, ' if segment.refuses else ''}{senses}"
