"""What changes on a phone, told as it happens: the page draws from these events and asks for nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

from standins.digilocker.otp import Sms
from standins.whatsapp.phones import Message
from standins.world import World

_LOOK_SECONDS = 0.03
_SILENCE_SECONDS = 10.0
"""After so long without news a sign of life is written: only then is it noticed that nobody listens any more."""

_NEVER = object()

type _Mark = object
type _Part = tuple[str, Callable[[], _Mark], Callable[[], Any]]


class Events:
    """Yields (name, value): at first everything, then what has changed, until the simulator closes.

    `messages`: those that are new or changed. `phone`: typing, window. `sms`: all that have come to `number` itself and
    to `mobile`, where the holder has another. `switches`: all of them. `journal`: the id of the next entry. `alive`:
    nothing is new.
    """

    def __init__(self, world: World, number: str, mobile: str | None) -> None:
        self._world = world
        self._number = number
        self._mobiles = {number, mobile or number}
        self._messages: list[_Mark] = []

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        parts: tuple[_Part, ...] = (
            ("phone", self._phone, self._phone),
            ("sms", self._sms_mark, self._sms),
            ("switches", self._world.switches.to_json, self._world.switches.to_json),
            ("journal", lambda: self._world.journal.written, lambda: self._world.journal.written),
        )
        known: dict[str, _Mark] = {}
        quiet_since = self._world.clock.now()
        yield "messages", self._changed()
        while True:
            news = [("messages", changed)] if (changed := self._changed()) else []
            for name, mark, value in parts:
                if (now := mark()) != known.get(name, _NEVER):
                    known[name] = now
                    news.append((name, value()))
            if news:
                quiet_since = self._world.clock.now()
                yield from news
            elif self._world.clock.now() - quiet_since > _SILENCE_SECONDS:
                quiet_since = self._world.clock.now()
                yield "alive", None
            if not self._world.background.sleep(_LOOK_SECONDS):
                return

    def _changed(self) -> list[dict[str, Any]]:
        with self._world.lock:
            chat = self._world.phones.at(self._number).messages
            marks = [_mark(message) for message in chat]
            changed = [
                message.to_json(self._number)
                for message, mark in zip(chat, marks, strict=True)
                if message.index >= len(self._messages) or self._messages[message.index] != mark
            ]
        self._messages = marks
        return changed

    def _phone(self) -> dict[str, bool]:
        with self._world.lock:
            phone = self._world.phones.at(self._number)
            typing = phone.typing_until > self._world.clock.now()
            return {"typing": typing, "window_open": self._world.window_open(phone)}

    def _sms_mark(self) -> int:
        return len(self._inbox())

    def _sms(self) -> list[dict[str, Any]]:
        return [sms.to_json() for sms in self._inbox()]

    def _inbox(self) -> list[Sms]:
        with self._world.lock:
            found = (sms for mobile in self._mobiles for sms in self._world.sms.of(mobile))
            return sorted(found, key=lambda sms: sms.at)


def _mark(message: Message) -> _Mark:
    return message.status, message.media is not None, message.error is not None
