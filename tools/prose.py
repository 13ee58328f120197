"""Checks the English of documents, docstrings and comments: python -m tools.prose, part of `make lint`.

Documents are read by three judges and rules of our own, without code, addresses and pictures; docstrings and comments
by our own rules. Runs in its own environment (requirements-prose.txt) and imports nothing of the project.
"""

import ast
import io
import json
import re
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_READ = ("docs/reference/", "docs/translations/")
"""The first comes from docstrings and the template; the second is about other languages."""
CODE = (
    "layers/helpdesk/helpdesk",
    "functions",
    "operations",
    "events",
    "standins",
    "capacity_model",
    "template_checks",
)
"""Whose docstrings and comments are read."""

PHRASES = {
    r"\banew\b": "again",
    r"\bonce more\b": "again",
    r"\bat the most\b": "at most",
    r"\bas ever\b": "as usual, as before",
    r"\btold so\b": "told",
    r"\bstands?\b(?!-| in for| for\b| out\b| alone| side by side| still)": "is, are",
    r"(?:^|[.;(|] |\*\*)Who (?!else)[a-z]+(?![^.]*\?)": "Whoever, A citizen who, People who",
    r"\b(?:for|of|to|by|with|from|away|than) who\b": "people who, whoever",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\bamiss\b": "wrong",
    r"\bby (?:itself|themselves)\b": "on its own, automatically",
    r"\b[Tt]he version before\b": "the previous version",
    r"\bGive what\b|\bTell whether\b": "Return",
    r"\bwhat comes of\b": "the outcome of",
    r"\b(?:leads|lead) on\b": "continue",
    r"\bthat there (?:is|are)\b": "(leave it out)",
    r"\bcope with\b": "handle",
    r"\b(?:an?|the|no|any|one|that) [a-z]+ of (?:[A-Z]\w+'s|hers|ours)\b(?! [a-z])": "Meta's certificate, our own key",
    r"\bin vain\b": "(say what happens)",
    r"\bnot so: ": "no: ",
    r"\b(?:that|it|which) is none\b": "not one, invalid",
    r"\b(?:is|are) none of ours\b": "not ours",
    r"\banswers? of [A-Z]\w+": "an answer from",
    r"\bwhat faces the internet\b": "internet-facing functions",
    r"\bends? on (?:its|their) own\b": "expire",
    r"\bbut for\b": "except, apart from",
    r"\ball the same\b": "anyway, still",
    r"\breckon(?:s|ed|ing)?\b": "compute, calculate",
    r"\b[Bb]y the (?:thousand|month|copy|hour|day)\b": "per",
    r"\b(?:a|an) (?:citizen|number|phone) and (?:hour|day|month)\b": "per citizen and day",
}
"""What a native technical writer would not write, and what to write instead. Read without regard to code."""

HARPER_OFF = (
    *("SpellCheck", "SentenceCapitalization", "UseTitleCase", "OxfordComma", "LongSentences", "SplitWords"),
    *("ExpandMinimum", "ExpandMemoryShorthands", "ExpandTimeShorthands", "ExpandControl", "OkToOkay"),
    *("MergeWords", "CompoundNouns", "DisjointPrefixes", "Overall", "WrongNegative", "MassNouns", "MissingTo"),
    *("NumericRangeEnDash", "OrthographicConsistency", "PhrasalVerbAsCompoundNoun", "MultipleSequentialPronouns"),
    *("FindOut", "AvoidAndAlso", "ThereToTheir", "PronounInflectionBe", "PronounKnew", "MissingDeterminer"),
    *("MissingPreposition", "CondenseAllThe", "AnA", "SingleBe", "ToTwoToo", "AndTheLike", "ThatThan"),
)
"""Rules of Harper's that are about taste, or are wrong about terms and tables. codespell looks at spelling."""
PROSELINT_OFF = ("typography", "weasel_words", "cliches", "misc.preferred_forms", "lexical_illusions")
"""What is about taste, or misled by code that is left out; Harper finds repeated words."""
WORDS = "doctype,doctypes,te"
"""Terms that codespell takes for slips."""


def documents() -> list[Path]:
    """Return the documents that are read."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")]
    return sorted(path for path in found if not str(path.relative_to(ROOT)).startswith(NOT_READ))


def code() -> list[Path]:
    """Return the Python files whose docstrings and comments are read."""
    return sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))


def prose(source: str) -> str:
    """Return Python without what is neither docstring nor comment. Lines stay where they are."""
    kept = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            first, last = node.lineno, node.end_lineno or node.lineno
            kept |= {number: lines[number - 1].strip().strip('"') for number in range(first, last + 1)}
    return plain("\n".join(kept.get(number, "") for number in range(1, len(lines) + 1)))


def plain(text: str) -> str:
    """Return a document without what is no prose. Lines stay where they are."""
    text = re.sub(r"^```.*?^```$", _blank, text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"(?:(?<=\n\n)|\A)(?: {4}|\t)(?! *[-*\d]).*(?:\n(?: {4}|\t).*)*", _blank, text)
    for pattern in (r"<!--.*?-->", r"`[^`]+`", r"!\[[^\]]*\]\([^)]*\)", r"(?<=\])\([^)]*\)", r"<https?:[^>]*>"):
        text = re.sub(pattern, _hidden, text, flags=re.DOTALL)
    return text


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _hidden(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "~", found[0])


def phrases(text: str) -> Iterator[tuple[int, str]]:
    """Find what our own rules say. Yields line and words."""
    for pattern, better in PHRASES.items():
        for found in re.finditer(pattern, text, re.MULTILINE):
            yield text.count("\n", 0, found.start()) + 1, f"{' '.join(found[0].split())!r}: write {better}"


def harper_says(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Find what Harper says. `texts`: name and Markdown."""
    import harper  # type: ignore[import-not-found]  # noqa: PLC0415 - only this environment has it

    linter = harper.Linter(harper.Dialect.BRITISH)
    for name, text in texts:
        for rule, lints in linter.organized_lints(text, language=harper.Language.MARKDOWN).items():
            for lint in lints if rule not in HARPER_OFF else ():
                line = text.count("\n", 0, lint.span.start) + 1
                yield f"{name}:{line}: {lint.problem_text!r} ({rule}): {lint.message}"


def proselint_says(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Find what proselint says."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "proselint.json"
        settings.write_text(json.dumps({"checks": dict.fromkeys(PROSELINT_OFF, False)}), encoding="utf-8")
        for name, text in texts:
            path = Path(folder) / name.replace("/", "+")
            path.write_text(re.sub("~+", "code", text), encoding="utf-8")
            command = [_beside("proselint"), "check", "--config", str(settings), str(path)]
            said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            yield from (
                f"{name}:{line.partition(f'{path.name}:')[2]}" for line in said.splitlines() if path.name in line
            )


def codespell_says(paths: Iterable[Path]) -> Iterator[str]:
    """Find what codespell says."""
    command = [_beside("codespell"), "--ignore-words-list", WORDS, *map(str, paths)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    yield from (line.replace(f"{ROOT}/", "") for line in said.splitlines())


def _beside(program: str) -> str:
    return str(Path(sys.executable).parent / program)


def main() -> int:
    """Check all documents and code, or the files that are named, and print what is found."""
    named = [Path(one).resolve() for one in sys.argv[1:]]
    paths = [path for path in named if path.suffix != ".py"] if named else documents()
    scripts = [path for path in named if path.suffix == ".py"] if named else code()
    texts = [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in paths]
    read = [(name, plain(text)) for name, text in texts]
    comments = [(str(path.relative_to(ROOT)), prose(path.read_text(encoding="utf-8"))) for path in scripts]
    found = [f"{name}:{line}: {said}" for name, text in [*read, *comments] for line, said in phrases(text)]
    found += [*harper_says(read), *proselint_says(read), *codespell_says(paths)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
