"""What people type, read by the question that is open, in any of the languages and scripts.

Reading a text gives an event for the dialogue. A number of four or more digits may be an identity number, so it is only
described; what it was stays with the caller, as ASCII digits, to be sealed if the dialogue wants it.
"""

import re
from collections.abc import Sequence
from functools import cache

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.events import Entered, Kind, Said
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.numbers import (
    AADHAAR_DIGITS,
    LARGEST_CHOICE,
    OTP_DIGITS,
    VIRTUAL_ID_DIGITS,
    Group,
    digit_groups,
    identity_fault,
    mobile_fault,
    national_mobile,
)
from helpdesk.conversation.stages import STAGES
from helpdesk.conversation.turn import Expects
from helpdesk.languages.catalogue import catalogue, codes
from helpdesk.structs import Value
from helpdesk.understanding.dates import find_date, read_date
from helpdesk.understanding.lexicon import lexicon
from helpdesk.understanding.meaning import Meaning, meaning
from helpdesk.understanding.sentences import Sentence, sentence
from helpdesk.understanding.text import ASKS, BREAK, LONGEST_TEXT, foreign, normalised, script, words

ENGLISH = "en"
_KINDS = {AADHAAR_DIGITS: Kind.AADHAAR, VIRTUAL_ID_DIGITS: Kind.VIRTUAL_ID, OTP_DIGITS: Kind.OTP}
_YEARS = range(1950, 2050)
"""A number of four digits among words that is one of these is a year: "NEET 2024"."""
_SIX_DIGITS = re.compile(rf"(?<!\d)\d{{{OTP_DIGITS}}}(?!\d)")
_OF_DOCUMENTS = frozenset(
    {Stage.NEW, Stage.MENU, Stage.ENDED, Stage.LISTING, Stage.DOCUMENTS, Stage.FINDING, Stage.PULLING}
)
"""Where she may ask for a document."""
_LETTERS_OF_A_SCRIPT = 8
"""So many letters show the script of a text."""
_AS_GOOD = 0.5
"""A text is in the languages that know it as well as the one that knows it best, within this."""
_MOST_TRIED, _FEW_WORDS = 4, 2
"""Languages that a longer text in Latin letters is tried in, beside the one that is spoken."""


class Read(Value, frozen=True):
    """A text, understood. `digits` is what is to be sealed if the dialogue wants it; empty otherwise.

    That is what an `Entered` number or date was (a date as YYYY-MM-DD, a mobile number as ten digits), or a name.
    """

    hidden = ("digits",)

    event: Said | Entered
    digits: str = ""


def read(event_id: str, text: str, conversation: Conversation = Conversation()) -> Read:  # noqa: B008 - immutable
    """Understand a text that she typed, as an answer to the question that is open."""
    text = normalised(text[:LONGEST_TEXT])
    question = STAGES[conversation.stage]
    groups = digit_groups(text)
    if groups and (expected := _expected(event_id, text, groups, question.expects)):
        return expected
    if groups and (date := read_date(text)):
        return Read(Entered(event_id, Kind.DATE, date.fault), date.iso)
    long = [group for group in groups if len(group.digits) > len(str(LARGEST_CHOICE))]
    if long and not _are_years(long, text):
        return _entered(event_id, long, text)
    return _said(event_id, words(text), conversation, question.expects)


# What the open question expects, whatever surrounds it.


def _expected(event_id: str, text: str, groups: list[Group], expects: Sequence[Expects]) -> Read | None:
    """Find what the open question expects; None if it is not there, or there is more than one."""
    for kind in expects:
        match kind:
            case Expects.OTP:
                found = set(_SIX_DIGITS.findall(text)) or _of_length(groups, OTP_DIGITS)
                if len(found) == 1:
                    return Read(Entered(event_id, Kind.OTP), found.pop())
            case Expects.AADHAAR:
                found = _of_length(groups, AADHAAR_DIGITS, VIRTUAL_ID_DIGITS)
                if len(found) == 1:
                    digits = found.pop()
                    return Read(Entered(event_id, _KINDS[len(digits)], identity_fault(digits)), digits)
            case Expects.MOBILE:
                found = {mobile for group in groups if (mobile := _mobile(group.digits))}
                if len(found) == 1:
                    mobile = found.pop()
                    return Read(Entered(event_id, Kind.MOBILE, mobile_fault(mobile)), mobile)
            case Expects.DATE if date := find_date(text):
                return Read(Entered(event_id, Kind.DATE, date.fault), date.iso)
    return None


def _of_length(groups: list[Group], *lengths: int) -> set[str]:
    return {group.digits for group in groups if len(group.digits) in lengths}


def _mobile(digits: str) -> str:
    """Return the ten digits of a mobile number, with or without 91 or 0 before it; "" for anything else."""
    for prefix in ("", "0", "91", "091", "0091"):
        if digits.startswith(prefix) and len(national := digits.removeprefix(prefix)) == 10:
            return national
    return ""


def _are_years(long: list[Group], text: str) -> bool:
    """Return whether the longer numbers among words are years."""
    return any(letter.isalpha() for letter in text) and all(
        len(group.digits) == 4 and not group.spaced and int(group.digits) in _YEARS for group in long
    )


def _entered(event_id: str, long: list[Group], text: str) -> Read:
    """Return what a number looks like. Several in one message are none that was asked for."""
    if len(long) > 1:
        return Read(Entered(event_id, Kind.OTHER))
    digits = long[0].digits
    if mobile := national_mobile(text):
        return Read(Entered(event_id, Kind.MOBILE, mobile_fault(mobile)), mobile)
    kind = _KINDS.get(len(digits), Kind.OTHER)
    fault = identity_fault(digits) if kind in {Kind.AADHAAR, Kind.VIRTUAL_ID} else None
    return Read(Entered(event_id, kind, fault), digits)


# Words


def _said(event_id: str, tokens: tuple[str, ...], conversation: Conversation, expects: Sequence[Expects]) -> Read:
    content = tuple(token for token in tokens if token not in {BREAK, ASKS})
    if Expects.NAME in expects and (name := _name(content, conversation.language)):
        return Read(Said(event_id, words=name, is_clear=False), " ".join(name).title())
    best, languages = understand(tokens, conversation)
    asked = best.wishes
    said = Said(
        event_id,
        best.choices,
        best.languages or languages,
        best.number,
        asked.named,
        content if any(not word.isdecimal() for word in content) else (),
        best.is_clear,
        numbers=asked.numbers if len(asked.numbers) > 1 else (),
        page=best.page,
        elsewhere=asked.elsewhere,
        english=asked.english,
        refuses=asked.refuses,
        topic=best.topic,
        unknown=best.sentence.unknown,
    )
    return Read(said)


def understand(tokens: tuple[str, ...], conversation: Conversation) -> tuple[Meaning, tuple[str, ...]]:
    """Return what a text means, and the languages that it can be in if it can't be in the one that is spoken."""
    spoken = conversation.language
    content = [token for token in tokens if token not in {BREAK, ASKS}]
    stage = conversation.stage

    def mean(parsed: Sentence) -> Meaning:
        return meaning(
            parsed,
            at_account=stage is Stage.ACCOUNT,
            of_documents=stage in _OF_DOCUMENTS,
            signed_in=conversation.session is not None,
        )

    written = _written_in("".join(content))
    home = spoken if not written or spoken in written else written[0]
    tried = {home: _parsed(tokens, home)}
    is_read = bool(tried[home].unknown) or mean(tried[home]).says_something
    if tried[home].unknown:
        others = [code for code in written or _likely(content, spoken) if code not in tried]
        tried.update((code, _parsed(tokens, code)) for code in others)
    elif not is_read:  # "Hi" is one of the small words of Hindi
        tried.setdefault(ENGLISH, _parsed(tokens, ENGLISH))
    least = min(len(parsed.unknown) for parsed in tried.values())
    rivals = [code for code in tried if len(tried[code].unknown) == least]
    rivals.sort(key=lambda code: (code != home, tried[code].cost))
    at_home = is_read and rivals[0] == home
    meanings = {code: mean(tried[code]) for code in (rivals[:1] if at_home else rivals)}
    telling = [code for code in meanings if meanings[code].says_something] or rivals[:1]
    meant = meanings[telling[0]]
    if any(meanings[code].choices not in {frozenset(), meant.choices} for code in telling):
        meant = replace(meant, is_clear=False)
    return meant, _languages(spoken, written, tried, telling, meant, len(content))


def _parsed(tokens: tuple[str, ...], code: str) -> Sentence:
    return sentence(tokens, lexicon(code), lexicon(ENGLISH))


def _likely(content: list[str], spoken: str) -> list[str]:
    """Return the languages that know most of these words, besides the one that is spoken."""
    known = {code: sum(lexicon(code).knows(word) for word in content) for code in codes() if code != spoken}
    likely = sorted((code for code in known if known[code]), key=lambda code: -known[code])
    return likely[: _MOST_TRIED if len(content) > _FEW_WORDS else len(likely)]


def _languages(
    spoken: str, written: list[str], tried: dict[str, Sentence], rivals: list[str], meant: Meaning, count: int
) -> tuple[str, ...]:
    """Return the languages of a text: the one that is spoken, if it can be in that; else those that know it best.

    Another script tells at once; in the same script only a greeting does, or a sentence of which the spoken language
    knows less than half.
    """
    if written and spoken not in written:
        own = [code for code in written if code in rivals]
        best = [code for code in own if tried[code].cost <= tried[own[0]].cost + _AS_GOOD]
        return tuple(code for code in codes() if code in best) or tuple(written)
    if not tried[spoken].unknown:
        return (spoken,)
    is_foreign = 2 * len(tried[spoken].unknown) > count
    is_whole = meant.is_whole and spoken not in rivals
    if is_whole and is_foreign and (count > 1 or meant.choices == {Choice.GREETING}):
        return tuple(
            code for code in codes() if code in rivals and tried[code].cost <= tried[rivals[0]].cost + _AS_GOOD
        )
    if is_foreign and not written:
        return ()
    return (spoken,)


def _written_in(text: str) -> list[str]:
    """Return the languages of the script of a text: those only that have letters of their own in it, if any have.

    None for Latin letters, which all are written in at times.
    """
    letters = foreign(text)
    if not letters:
        return []
    scripts = [script(letter) for letter in letters[:_LETTERS_OF_A_SCRIPT]]
    languages = _languages_by_script().get(max(scripts, key=scripts.count), ())
    own = [code for code, its_own in languages if not its_own.isdisjoint(letters)]
    return own or [code for code, _ in languages]


@cache
def _languages_by_script() -> dict[str, list[tuple[str, frozenset[str]]]]:
    """Return the codes of the languages of each script but the Latin one, with the letters that each alone has."""
    languages: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for code in codes():
        texts = catalogue(code).texts
        if texts["language.script"] != "LATIN":
            own = frozenset(texts["language.letters"])
            languages.setdefault(texts["language.script"], []).append((code, own))
    return languages


def _name(content: tuple[str, ...], spoken: str) -> tuple[str, ...]:
    """Return a name that is given in a sentence ("my name is …"), in Latin letters; () if there is none."""
    parsed = _parsed(content, spoken)
    before = next((segment for segment in parsed.segments if "my_name" in segment.kinds), None)
    if before is None:
        return ()
    name = content[before.start + len(before.words) :] if before.start == 0 else content[: before.start]
    trailing = {word for segment in parsed.segments if "small" in segment.kinds for word in segment.words}
    while name and name[-1] in trailing:
        name = name[:-1]
    return name if name and all(word.isascii() and word.isalpha() for word in name) else ()
