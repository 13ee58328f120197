"""Whether she writes too much, or the same again and again."""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.commands import command_even_late
from helpdesk.conversation.events import CitizenEvent, Said
from helpdesk.conversation.limits import MINUTE
from helpdesk.conversation.model import Conversation, RepeatedText, Rules


def too_many(asked: Conversation, event: CitizenEvent, rules: Rules) -> int:
    """Return by how many a message is over what is answered; she is told of the first one. *Stop* is always heard."""
    if command_even_late(event) is Choice.STOP:
        return 0
    if asked.repeated and asked.repeated.times >= rules.same_texts_per_minute:
        return 1 + asked.repeated.times  # a machine is not told
    return max(0, asked.messages - rules.messages_per_minute)


def repeated(before: RepeatedText | None, event: CitizenEvent, now: int) -> RepeatedText | None:
    """Count how often she typed the same text in a row, within a minute of the first time."""
    if not isinstance(event, Said) or not event.typed:
        return None
    if before and before.mark == event.typed and now - before.since < MINUTE:
        return replace(before, times=before.times + 1)
    return RepeatedText(event.typed, now)
