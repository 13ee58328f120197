"""Our own rules about English find what they are for, and read no code."""

import pytest

from tools.prose import documents, phrases, plain, prose


@pytest.mark.parametrize(
    "text",
    [
        "The code is read anew.",
        "The table stands in the account.",
        "Who has no account opens one.",
        "It turns away who has two.",
        "Mending is easy: mend it.",
        "It expires by itself.",
        "Deploy the version before.",
        "The token ends on its own.",
        "Nothing is written but for the state.",
        "Citizens are simulated by the thousand.",
        "Five OTPs a citizen and day are enough.",
    ],
)
def test_a_phrase_is_found(text: str) -> None:
    assert list(phrases(plain(text)))


@pytest.mark.parametrize(
    "text",
    ["The stand-ins answer.", "Who are you?", "`mend` it", "```\nanew\n```", "    make anew\n", "[a](anew.md)"],
)
def test_what_is_right_or_code_is_not(text: str) -> None:
    assert not list(phrases(plain(text)))


def test_lines_stay_where_they_are() -> None:
    text = "a\n\n```\nb\n```\n`c\nd` anew\n"
    assert plain(text).count("\n") == text.count("\n")
    assert [line for line, _ in phrases(plain(text))] == [7]


def test_of_code_only_docstrings_and_comments_are_read() -> None:
    source = 'X = "anew"  # read anew\n\n\ndef f() -> None:\n    """Read it anew."""\n    mend = "anew"\n'
    assert [line for line, _ in phrases(prose(source))] == [1, 5]


def test_no_document_has_any() -> None:
    found = {
        path.name: said for path in documents() if (said := list(phrases(plain(path.read_text(encoding="utf-8")))))
    }
    assert found == {}
