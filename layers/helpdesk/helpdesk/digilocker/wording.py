"""Words for documents: what the directory says and what people type, brought to the same words.

Ours throughout. What is understood in other languages is the catalogues' matter, and reaches the search as doctypes.
"""

import re
import unicodedata
from functools import cache
from typing import Final

_SYNONYMS: Final = {
    "classx": "class x, class 10, class 10th, class ten, std 10, standard 10, 10th class, 10th, 10, x, tenth, matric,"
    " matriculation, ssc, sslc, high school, secondary school",
    "classxii": "class xii, class 12, class 12th, class twelve, std 12, standard 12, 12th class, 12th, 12, xii,"
    " twelfth, hsc, hslc, intermediate, inter, plus two, puc, higher secondary, senior secondary,"
    " senior secondary school, higher secondary school",
    "marksheet": "marksheet, mark sheet, marks sheet, marksheets, marks, mark, marks card, markscard, mark list,"
    " marklist, statement of marks, grade sheet, result",
    "certificate": "certificate, certificates, cert, certficate, praman patra",
    "passing": "passing, pass",
    "twowheeler": "two wheeler, twowheeler, two wheelers, 2 wheeler, 2wheeler, bike, motor bike, motorbike, motorcycle,"
    " motor cycle, scooter, scooty, moped",
    "car": "car, cars, four wheeler, 4 wheeler, private car",
    "vehicle": "vehicle, vehicles, gadi",
    "insurance": "insurance, insurence, policy, policies, bima, insurance policy",
    "health": "health, mediclaim, medical",
    "life": "life, jeevan",
    "driving": "driving, driver, drivers",
    "licence": "licence, license, lisence, liscence, licences, licenses",
    "driving licence": "dl, d l, driving licence, driving license, driver licence, driver license, drivers licence,"
    " drivers license",
    "registration vehicle": "rc, r c, rc book, registration certificate, registration of vehicles,"
    " vehicle registration",
    "pan": "pan, permanent account number, pan card, pancard",
    "aadhaar": "aadhaar, aadhar, adhar, adhaar, aadhaar card, aadhar card, uid",
    "caste": "caste, community, jati",
    "income": "income, aay",
    "domicile": "domicile, residence, residential, nativity, niwas",
    "birth": "birth, janam, janm",
    "ration": "ration, rashan",
    "vaccine": "vaccine, vaccination, covid, corona, cowin",
    "provident fund": "pf, epf, epfo, provident fund",
    "pension": "pension, ppo",
    "degree": "degree, graduation",
    "transport": "transport, rto, parivahan",
    "cbse": "cbse, central board of secondary education",
    "nios": "nios, national institute of open schooling",
    "uttarpradesh": "uttar pradesh, up",
    "madhyapradesh": "madhya pradesh, mp",
    "andhrapradesh": "andhra pradesh, ap",
    "himachalpradesh": "himachal pradesh, hp",
    "tamilnadu": "tamil nadu, tamilnadu, tn",
    "westbengal": "west bengal, wb",
    "jammukashmir": "jammu and kashmir, jammu kashmir, j and k, j k, jk",
    "odisha": "odisha, orissa",
}
"""What is compared -> what it is written as."""

_IDLE_WORDS: Final = (
    "a an and at by for from i in is it me my of on or the to "
    "download get give need please pull send show want with "
    "card co copy doc docs document documents ltd number paper papers"
)
_IDLE: Final = frozenset(_IDLE_WORDS.split())
"""Words that tell no document from another."""

_LONGEST_TEXT: Final = 400
_LONGEST_PHRASE: Final = 5
_WORD: Final = re.compile(r"\w+")
_LONG: Final = 8
_SHORT: Final = 4


@cache
def _phrases() -> dict[tuple[str, ...], tuple[str, ...]]:
    return {
        tuple(phrase.split()): tuple(words.split())
        for words, phrases in _SYNONYMS.items()
        for phrase in (one.strip() for one in phrases.split(","))
    }


def tokens(text: str) -> list[str]:
    """Return the words of a text by which documents are compared: folded, synonyms as one, idle words left out."""
    plain = unicodedata.normalize("NFKD", text[:_LONGEST_TEXT].casefold())
    words = _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))
    found: list[str] = []
    place = 0
    while place < len(words):
        for length in range(min(_LONGEST_PHRASE, len(words) - place), 0, -1):
            meant = _phrases().get(tuple(words[place : place + length]))
            if meant is not None:
                found += meant
                place += length
                break
        else:
            if words[place] not in _IDLE:
                found.append(words[place])
            place += 1
    return found


def is_near(word: str) -> int:
    """Return how many letters may be wrong in a word: none in a short one or a number, two in a long one."""
    if len(word) < _SHORT or word.isdigit():
        return 0
    return 2 if len(word) >= _LONG else 1


def distance(left: str, right: str, limit: int) -> int:
    """Return how many letters were added, left out, changed, or swapped with a neighbour; `limit` + 1 if more."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, start=1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(right, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)
