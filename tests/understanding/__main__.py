"""Try the tables: `python -m tests.understanding [language ...]` tells every miss, and the shares.

`python -m tests.understanding explain QUESTION LANGUAGE TEXT` tells how a text is read, phrase by phrase.
"""

import sys

from msgspec.structs import replace

from helpdesk.understanding.meaning import explained
from helpdesk.understanding.reading import read, understand
from helpdesk.understanding.text import normalised, words
from tests.understanding.table import QUESTIONS, Phrase, languages, phrases, play, report


def explain(question: str, language: str, text: str) -> str:
    """Print what each phrase of a text can mean, what comes of it, and what the dialogue makes of that."""
    conversation = replace(QUESTIONS[question], language=language)
    meant, _ = understand(words(normalised(text)), conversation)
    lines = [explained(segment) for segment in meant.sentence.segments]
    said = read("step", text, conversation).event
    shown = {name: getattr(said, name) for name in said.__struct_fields__ if getattr(said, name) not in {(), "", None}}
    lines += [f"{name} = {value}" for name, value in shown.items()]
    return "\n".join(
        [f"read in {meant.sentence.language}", *lines, play(Phrase(language, question, text, "again")).got]
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["explain", question, language, *text]:
            print(explain(question, language, " ".join(text)))
        case wanted:
            print(report([play(one) for language in wanted or languages() for one in phrases(language)], tell=True))
