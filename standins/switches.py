"""Faults under plain names, for people: each can be on or off, and stays on until it is switched off.

They are made of the switches of `standins.faults`, which can do much more. `crash` ends a process of the local AWS, so
it can be used only there.
"""

import threading
from dataclasses import dataclass
from typing import Any

from standins.faults import Faults

_ALWAYS = 1_000_000
"""Calls that a switch holds for: until it is switched off."""
_SLOW_SECONDS = 6.0

CRASH = "crash"


class UnknownSwitch(ValueError):
    """There is no switch of that name, or it cannot be used here; the message says more."""


@dataclass(frozen=True)
class Switch:
    """One switch. Of those with the same `place` only one can be on."""

    name: str
    title: str
    about: str
    place: tuple[str, str]
    fault: Any


SWITCHES = (
    Switch(
        "digilocker-slow",
        "DigiLocker is slow",
        f"Every answer takes {_SLOW_SECONDS:.0f} seconds.",
        ("digilocker", "*"),
        {"delay": _SLOW_SECONDS, "times": _ALWAYS},
    ),
    Switch(
        "digilocker-down",
        "DigiLocker is down",
        "Every call is answered with 503.",
        ("digilocker", "*"),
        {"status": 503, "body": "<html>Service unavailable</html>", "times": _ALWAYS},
    ),
    Switch(
        "whatsapp-refuses",
        "WhatsApp takes no messages",
        "Replies are refused with error 131016 and have to be sent again.",
        ("whatsapp", "messages"),
        {"error": 131016, "times": _ALWAYS},
    ),
    Switch(
        "link-refused",
        "WhatsApp cannot fetch the PDF",
        "The link fails; the file has to be uploaded.",
        ("whatsapp", "fetch"),
        {"status": 403, "times": _ALWAYS},
    ),
    Switch(
        "deliver-twice",
        "WhatsApp delivers twice",
        "Each webhook comes a second time; each answer must come once.",
        ("whatsapp", "webhook"),
        {"duplicate": 1, "times": _ALWAYS},
    ),
    Switch(
        CRASH,
        "Crash the function, once",
        "The document function's process is ended at its next call to DigiLocker. The queue hands the job out again "
        "after a minute.",
        ("digilocker", "*"),
        {"kill": True},
    ),
)
_BY_NAME = {switch.name: switch for switch in SWITCHES}


class Switches:
    """What is on. `can_crash`: the functions run as processes of this machine that can be found."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._lock = threading.Lock()
        self._on: dict[tuple[str, str], str] = {}
        self.can_crash = False

    def set(self, name: str, *, on: bool) -> None:
        """Switch. Raises UnknownSwitch."""
        switch = _BY_NAME.get(name)
        if switch is None:
            raise UnknownSwitch(f"there is no switch {name!r}; there are {', '.join(_BY_NAME)}")
        if on and not self._usable(switch):
            raise UnknownSwitch("a function can be crashed only where the local stack runs (`make run`, on Linux)")
        with self._lock:
            if on:
                self._put(switch.place, switch.fault)
                self._on[switch.place] = name
            elif self._on.get(switch.place) == name:
                self._put(switch.place, [])
                del self._on[switch.place]

    def reset(self) -> None:
        """Forget what was switched on; the faults themselves are reset by whoever calls this."""
        with self._lock:
            self._on.clear()

    def _put(self, place: tuple[str, str], fault: Any) -> None:
        service, endpoint = place
        self._faults.set({service: {endpoint: fault}})

    def _usable(self, switch: Switch) -> bool:
        return self.can_crash or switch.name != CRASH

    def to_json(self) -> list[dict[str, Any]]:
        """Return every switch, and whether it is on and can be used."""
        counts = self._faults.to_json()
        with self._lock:
            on = {
                # Somebody may have reset the fault below it, or it was used up.
                name
                for (service, endpoint), name in self._on.items()
                if endpoint in counts[service]
            }
        return [
            {
                "name": switch.name,
                "title": switch.title,
                "about": switch.about,
                "on": switch.name in on,
                "usable": self._usable(switch),
            }
            for switch in SWITCHES
        ]
