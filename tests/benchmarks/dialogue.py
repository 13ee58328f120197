"""How many messages the pure dialogue takes in a second on one core: reading what she wrote, and what follows from it.

Everything that happens in the transcripts of tests/conversations is noted once, then gone through again and again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from helpdesk.conversation.advance import advance
from helpdesk.conversation.events import Entered, Event, LateMessage, Said, SentProof, SentSomethingElse, Tapped
from helpdesk.conversation.model import Conversation
from helpdesk.understanding.reading import read
from tests.conversations.chat import Chat, transcripts

ROUNDS = 15
FROM_HER = (Said, Entered, Tapped, SentSomethingElse, SentProof, LateMessage)


@dataclass
class Noting(Chat):
    """A chat that notes what is typed, and what the dialogue is asked."""

    typed: list[str] = field(default_factory=list)
    asked: list[tuple[Conversation, Event, int]] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Note what is typed; a tap needs no reading."""
        if not text.startswith(("[", "<")):
            self.typed.append(text)
        super().say(text)

    def happens(self, event: Event) -> None:
        """Note what happens, and where the conversation is then."""
        self.asked.append((self.conversation, event, self.now))
        super().happens(event)


def played() -> list[Noting]:
    """Go through all transcripts once, and note what happens."""
    chats = []
    for transcript in transcripts():
        chat = Noting(transcript.citizen, transcript.rules)
        for line in transcript.chat:
            if "desk" not in line:
                chat.play(line)
        chats.append(chat)
    return chats


def messages_per_second() -> float:
    """Return the messages of citizens a second, by the least CPU time of fifteen rounds."""
    chats = played()
    messages = sum(isinstance(event, FROM_HER) for chat in chats for _, event, _ in chat.asked)

    def all_of_it() -> None:
        for chat in chats:
            for text in chat.typed:
                read("step", text)
            for conversation, event, now in chat.asked:
                advance(conversation, event, now, chat.rules)

    return messages / (least(all_of_it) / 1000)


def least(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the least CPU time of some rounds, in milliseconds."""
    times = []
    for _ in range(rounds):
        began = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - began)
    return min(times) / 1e6
