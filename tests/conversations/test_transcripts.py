"""Every conversation of this folder goes as it is written down."""

import pytest

from tests.conversations.chat import Chat, Transcript, matches, transcripts


@pytest.mark.parametrize("transcript", transcripts(), ids=lambda transcript: transcript.name)
def test_goes_as_written(transcript: Transcript) -> None:
    chat = Chat(transcript.citizen, transcript.rules)
    for number, line in enumerate(transcript.chat, start=1):
        if "desk" in line:
            assert chat.said, f"line {number}: the desk says nothing, but should: {line['desk']}"
            said = chat.said.pop(0)
            assert matches(line["desk"], said), f"line {number}: the desk says\n{said}\nbut should\n{line['desk']}"
        else:
            assert not chat.said, f"line {number}: the desk also says\n{chat.said}"
            chat.play(line)
    assert not chat.said, f"at the end the desk also says\n{chat.said}"


def test_a_pattern_matches_only_what_it_says() -> None:
    assert matches("Welcome. … [Yes]", "Welcome. Here are\n\nsome words. [Yes]")
    assert not matches("Welcome. … [Yes]", "Welcome. Here are some words. [No]")
    assert not matches("Welcome.", "Welcome. And more")
