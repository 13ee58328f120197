"""Every conversation of this folder goes as it is written down."""

import pytest

from tests.conversations.chat import Chat, Transcript, form_transcripts, matches, transcripts


@pytest.mark.parametrize("transcript", [*transcripts(), *form_transcripts()], ids=lambda transcript: transcript.name)
def test_goes_as_written(transcript: Transcript) -> None:
    chat = Chat(transcript.citizen, transcript.rules)
    for number, line in enumerate(transcript.chat, start=1):
        if "desk" in line:
            assert chat.said, f"line {number}: the desk says nothing, but should: {line['desk']}"
            said = chat.said.pop(0)
            assert matches(line["desk"], said), f"line {number}: the desk says\n{said}\nbut should\n{line['desk']}"
        elif "screen" in line:
            assert chat.screens, f"line {number}: the form shows nothing, but should: {line['screen']}"
            shown = chat.screens.pop(0)
            assert matches(line["screen"], shown), f"line {number}: {shown}\nbut should\n{line['screen']}"
        else:
            assert not chat.said, f"line {number}: the desk also says\n{chat.said}"
            assert not chat.screens, f"line {number}: the form also shows\n{chat.screens}"
            chat.play(line)
    assert not chat.screens, f"at the end the form also shows\n{chat.screens}"
    assert not chat.said, f"at the end the desk also says\n{chat.said}"


def test_a_pattern_matches_only_what_it_says() -> None:
    assert matches("Welcome. … [Yes]", "Welcome. Here are\n\nsome words. [Yes]")
    assert not matches("Welcome. … [Yes]", "Welcome. Here are some words. [No]")
    assert not matches("Welcome.", "Welcome. And more")
