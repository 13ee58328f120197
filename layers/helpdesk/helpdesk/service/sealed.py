"""What is kept sealed after a turn of the dialogue, and where."""

from collections.abc import Mapping

from helpdesk.conversation.effects import Effect
from helpdesk.conversation.ends import absolute_end
from helpdesk.conversation.model import Conversation, Rules
from helpdesk.errors import ConversationError
from helpdesk.storage.sealing import Seal
from helpdesk.structs import Value


class NothingSealedError(ConversationError):
    """An effect needs a value that is not there: the conversation and its sealed values do not belong together."""


class Sealed(Value, frozen=True):
    """The sealed values after a turn: those that the state keeps, and those that go with the step."""

    state: Mapping[str, str]
    step: Mapping[str, str]


def seal_turn(
    conversation_id: str,
    conversation: Conversation,
    effects: tuple[Effect, ...],
    kept: Mapping[str, str],
    brought: Mapping[str, str],
    seal: Seal,
    *,
    taken: bool,
    now: int,
    rules: Rules,
) -> Sealed:
    """Seal what the turn brought, if it is needed, and drop whatever no later step can need.

    `brought` holds values in the clear; `taken` says whether the dialogue took them over, so that they replace what
    the state kept under the same name. `now` and `rules` decide when each of them ends.
    """
    needed = {name for effect in effects for name in effect.needs}
    stays = conversation.keeps
    new = {
        name: seal.seal(value, conversation_id, name, absolute_end(name, conversation, now, rules))
        for name, value in brought.items()
        if name in needed or (taken and name in stays)
    }
    state = {**kept, **new} if taken else kept
    step = {**kept, **new}
    if missing := needed - step.keys():
        raise NothingSealedError(f"nothing is sealed as {', '.join(sorted(missing))}")
    return Sealed(
        state={name: value for name, value in state.items() if name in stays},
        step={name: value for name, value in step.items() if name in needed},
    )
