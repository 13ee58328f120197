"""Words for documents, in any of the languages, brought to the English ones that DigiLocker's directory has."""

from functools import cache

from helpdesk.languages.catalogue import catalogues
from helpdesk.understanding.text import fold

_LONGEST_PHRASE = 4


def in_english(text: str) -> str:
    """Return a text with the words that we know in English; all others stay as they are, folded."""
    words = fold(text)
    said: list[str] = []
    place = 0
    while place < len(words):
        for length in range(min(_LONGEST_PHRASE, len(words) - place), 0, -1):
            if english := _phrases().get(words[place : place + length]):
                said.append(english)
                place += length
                break
        else:
            said.append(words[place])
            place += 1
    return " ".join(said)


@cache
def _phrases() -> dict[tuple[str, ...], str]:
    """Index the words of all languages: in each entry the English comes first, behind slashes what it is called."""
    return {
        fold(phrase): english.strip()
        for language in catalogues()
        for entry in language.texts["search.words"].replace("\n", " ").split(",")
        for english, *phrases in [entry.split("/")]
        for phrase in phrases
    }
