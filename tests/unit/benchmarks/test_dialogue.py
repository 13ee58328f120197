from tests.benchmarks.dialogue import FROM_HER, played
from tests.conversations.chat import transcripts


def test_what_is_measured_is_every_message_of_the_transcripts() -> None:
    asked = [event for chat in played() for _, event, _ in chat.asked]
    lines = [line for transcript in transcripts() for line in transcript.chat]

    assert sum(isinstance(event, FROM_HER) for event in asked) == sum(
        "she" in one or "she sends" in one for one in lines
    )
