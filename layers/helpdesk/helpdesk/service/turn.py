"""One turn: load a conversation, advance it, seal what that brought, save it with its outbox; and again after a race.

The webhook, the consent function, the document function and its timers all take their turns here.
"""

import time
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from msgspec.structs import replace

from helpdesk.conversation.advance import Outcome, advance
from helpdesk.conversation.effects import (
    Effect,
    FollowUp,
    LookAtDoor,
    Request,
    SealInput,
    asks_digilocker,
    is_reply,
    is_request,
)
from helpdesk.conversation.ends import absolute_end
from helpdesk.conversation.events import Event
from helpdesk.conversation.model import Conversation, Rules
from helpdesk.conversation.place import Door, is_over
from helpdesk.errors import ConversationError, VersionConflict
from helpdesk.storage.conversations import ConversationStore, Entry, Person, Stored, pause_after_lost_race
from helpdesk.storage.sealing import Seal
from helpdesk.storage.work import Lane

TRIES = 8
"""How often a lost race is run again. What DigiLocker answered is kept meanwhile, never asked for again."""
_STEPS_PER_VERSION = 1000

type Look = Callable[[str, int], Door]
"""Looks what somebody finds at the door who has a number, or draws one for her who has none (0)."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


class NothingSealedError(ConversationError):
    """An effect needs a value that is not there: the conversation and its sealed values do not belong together."""


class Draft:
    """What a turn will write: `after` and the outbox entries to `put` and `drop`. At first, nothing."""

    def __init__(self, before: Stored, now: int, seal: Seal, rules: Rules, look: Look | None = None) -> None:
        self.before = before
        self._look = look
        self.now = now
        self._seal = seal
        self._rules = rules
        self.discard()

    def discard(self) -> None:
        """Write nothing after all."""
        self.after = self.before
        self.put: tuple[Entry, ...] = ()
        self.drop: tuple[str, ...] = ()

    @property
    def conversation(self) -> Conversation:
        """The conversation as it is at this moment of the turn."""
        return self.after.conversation

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return self.after is self.before and not self.put and not self.drop

    def advance(self, event: Event, conversation: Conversation | None = None) -> Outcome:
        """Return what the dialogue makes of an event. Nothing is changed yet."""
        here = conversation or self.conversation
        outcome = advance(here, event, self.now, self._rules)
        if not any(isinstance(effect, LookAtDoor) for effect in outcome[1]):
            return outcome
        place = here.place
        number = 0 if place is None or place.called_at or is_over(place, self.now) else place.number
        door = self._look(self.before.id, number) if self._look else Door()
        return advance(here, event, self.now, self._rules, door)

    def enter(
        self,
        step: str,
        outcome: Outcome,
        brought: Mapping[str, str] = _NOTHING,
        *,
        person: Person | None = None,
        lane: Lane | None = None,
    ) -> None:
        """Take over the outcome of an event that is no answer, with an outbox entry of its own.

        `person`: whom the conversation is with from here on, if the event tells. `lane`: where the event itself came
        from, if from a queue.
        """
        _, effects = outcome
        sealed = self._accept(outcome, brought)
        if effects:
            order = self.before.version * _STEPS_PER_VERSION + len(self.put)
            request, then = _split(effects)
            entry = Entry(step, self.now, order, then, sealed, request, lane=self._lane(effects, lane))
            self.put = (*self.put, entry)
        self.see(step)
        if person:
            self.after = replace(self.after, person=person)

    def _lane(self, effects: tuple[Effect, ...], came: Lane | None) -> Lane:
        """Return the lane of a new entry: behind what is still to be done of this conversation, so in one order."""
        if earlier := (*self.before.outbox, *self.put):
            return earlier[-1].lane
        # The record of a consent on our page is awaited by nobody; what DigiLocker is asked next goes behind it.
        is_awaited = any(is_reply(effect) or is_request(effect) for effect in effects)
        at_once = is_awaited and not any(map(asks_digilocker, effects))
        return came or (Lane.REPLY if at_once else Lane.WORK)

    def follow(
        self, entry: Entry, rest: tuple[FollowUp, ...], outcome: Outcome, brought: Mapping[str, str], *, waited: bool
    ) -> None:
        """Take over the outcome of an answer: the entry then holds what follows from it, and the rest of what it held.

        `waited`: the dialogue waited for it, so what it brought replaces what the state kept under the same name.
        """
        sealed = self._accept(outcome, brought, taken=waited)
        request, then = _split(outcome[1])
        if request or then or rest:
            both = {**entry.sealed_for(rest), **sealed}
            self.put = (*self.put, replace(entry, request=request, then=(*then, *rest), sealed=both, unsure=False))
        else:
            self.drop = (*self.drop, entry.step)

    def see(self, step: str) -> None:
        """Have a step not count again."""
        self.after = replace(self.after, seen={**self.after.seen, step: self.now})

    def _accept(self, outcome: Outcome, brought: Mapping[str, str], *, taken: bool = True) -> dict[str, str]:
        """Take over a conversation. Seal what the turn brought, if it is needed; drop what no later step can need.

        `brought` holds values in the clear. Return the sealed values that go with the step.
        """
        conversation, effects = outcome
        needed, stays = _needed(effects), conversation.keeps
        kept = self.after.sealed
        new = {
            name: self._seal.seal(value, self.before.id, name, absolute_end(name, conversation, self.now, self._rules))
            for name, value in brought.items()
            if name in needed or (taken and name in stays)
        }
        both = {**kept, **new}
        if missing := needed - both.keys():
            raise NothingSealedError(f"nothing is sealed as {', '.join(sorted(missing))}")
        state = {name: value for name, value in (both if taken else kept).items() if name in stays}
        self.after = replace(self.after, conversation=conversation, sealed=state)
        return {name: value for name, value in both.items() if name in needed}


class Turns:
    """Takes turns in conversations."""

    def __init__(
        self,
        store: ConversationStore,
        seal: Seal,
        rules: Rules,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        look: Look | None = None,
    ) -> None:
        self._store = store
        self._look = look
        self._seal = seal
        self._rules = rules
        self._clock = clock
        self._sleep = sleep

    def take[T](
        self, conversation_id: str, decide: Callable[[Draft], T], stored: Stored | None = None
    ) -> tuple[Stored, T]:
        """Let `decide` fill in a draft, and write it. Return what is stored now, and what `decide` returned.

        `decide` is called again after each lost race, with the conversation as it then is. `stored`: as it was read, if
        it was. Raises VersionConflict after too many.
        """
        look = cache(self._look) if self._look else None  # a lost race draws no second number
        for attempt in range(TRIES):
            before = stored or self._store.load(conversation_id)
            draft = Draft(before, int(self._clock()), self._seal, self._rules, look)
            decided = decide(draft)
            if draft.is_empty:
                return before, decided
            try:
                return self._store.save(before, draft.after, put=draft.put, drop=draft.drop), decided
            except VersionConflict:
                self._sleep(pause_after_lost_race(attempt))
                stored = None
        raise VersionConflict(f"lost {TRIES} races")


def _split(effects: tuple[Effect, ...]) -> tuple[Request | None, tuple[FollowUp, ...]]:
    """Return what DigiLocker is asked, and what needs no answer."""
    then = tuple(
        effect for effect in effects if not is_request(effect) and not isinstance(effect, SealInput | LookAtDoor)
    )
    return next(filter(is_request, effects), None), then


def _needed(effects: tuple[Effect, ...]) -> set[str]:
    return {name for effect in effects for name in effect.needs}
