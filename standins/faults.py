"""Switches for what can go wrong, set over HTTP.

    POST /faults
    {"digilocker": {"file": {"times": 2, "error": "repository_service_unresponsive"},
                    "issued": [{"delay": 3}, {"status": 502, "body": "<html>Bad gateway</html>"}]},
     "whatsapp":   {"messages": {"error": 130429}, "status_order": "reversed"}}

Endpoints of `digilocker`: verify, code, authorize, token, revoke, user, issued, files, file, xml, eaadhaar,
signup, signup_verify, pull_issuers, pull_doctype, pull_parameters, pull_document.
Endpoints of `whatsapp`: messages, read, media (upload), media_get, media_delete, download; settings, subscribed_apps,
subscriptions, debug_token, encryption and flows, which an operator asks; and, for what happens after the 200, `fetch`
(the link answers with `status`), `delivery` (the message fails with `error`), `webhook` (`duplicate` more deliveries
after a 200, or `lost`: none at all), `form` (what a phone sends the form's endpoint takes `delay`, or is lost by
`drop`). `"*"` stands for every endpoint without its own switch.

A switch, or a list of them that is used up in order:
    times      for how many calls it holds (1)
    delay      seconds to wait before anything else
    status     what is answered, with `body` (JSON or text; `content_type` overrides its type)
    error      a documented code: its own status and body are answered
    drop       the connection is closed without an answer
    kill       the Lambda function that calls is killed, if it runs as a process of this machine (Linux)
    truncate   the body is cut after that many bytes, though Content-Length promises all
    after      the call takes effect first, and only then comes `status`, `error`, `drop` or `kill`
    stall      seconds to wait once the call has taken effect, before the answer goes out
    wrap       the answer's JSON comes in that one of `standins.wrappings.Wrapping`
    flaw       (`file` only) the document comes with that one of `standins.digilocker.documents.Flaw`

Habits of `whatsapp`: `status_order` is in-order, reversed, duplicated, skip-delivered, none, or early (sent and
delivered come before the call is answered); `bare_contacts` true leaves the profile out of `contacts`;
`payment_method` false: the account pays for nothing, so its health is BLOCKED (141006) and replies beyond the free ones
of a month are accepted and never arrive; `limited` true: the business is LIMITED; `business_agent` true: Meta's
Business Agent answers on the number, and the webhook gets standby copies. Of forms: `form_support` false: the phones
are too old for them, and the message fails; `form_token` false: the token is left out of what phones send, as on some
iPhones; `form_key_current` false: phones still have an older public key; `form_throttled`, `form_blocked` true: Meta
refuses to send the form (132069, 132068).
Setting a switch replaces what was set for that endpoint.
"""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from standins.digilocker.documents import Flaw
from standins.wrappings import Wrapping

_SIGN_UP_AND_PULL = (
    *("signup", "signup_verify"),
    *("pull_issuers", "pull_doctype", "pull_parameters", "pull_document"),
)
ENDPOINTS = {
    "digilocker": (
        "verify",
        "code",
        "authorize",
        "token",
        "revoke",
        "user",
        "issued",
        "files",
        "file",
        "xml",
        "eaadhaar",
        *_SIGN_UP_AND_PULL,
        "*",
    ),
    "whatsapp": (
        *("messages", "read", "media", "media_get", "media_delete", "download"),
        *("settings", "subscribed_apps", "subscriptions", "debug_token", "encryption", "flows", "form"),
        *("fetch", "delivery", "webhook", "*"),
    ),
}
HABITS = {
    "bare_contacts": False,
    "payment_method": True,
    "limited": False,
    "business_agent": False,
    "form_support": True,
    "form_token": True,
    "form_key_current": True,
    "form_throttled": False,
    "form_blocked": False,
}
"""What is true or false of WhatsApp, and what it is when all is well."""
STATUS_ORDERS = ("in-order", "reversed", "duplicated", "skip-delivered", "none", "early")


class UnknownFault(ValueError):
    """A switch that does not exist; the message says which ones do."""


@dataclass(frozen=True)
class Fault:
    """One switch; the module says what each field does."""

    times: int = 1
    delay: float = 0.0
    stall: float = 0.0
    status: int | None = None
    body: Any = None
    content_type: str | None = None
    error: str | int | None = None
    drop: bool = False
    kill: bool = False
    truncate: int | None = None
    after: bool = False
    duplicate: int = 0
    lost: bool = False
    flaw: Flaw | None = None
    wrap: Wrapping | None = None

    @property
    def answers(self) -> bool:
        """Whether something else is answered than the call's own result, or nothing at all."""
        return self.status is not None or self.error is not None or self.drop or self.kill


def _fault(given: object) -> Fault:
    if not isinstance(given, Mapping):
        raise UnknownFault("a switch is an object, such as {'times': 1, 'status': 500}")
    try:
        fault = Fault(**given)
        if fault.times < 1 or fault.delay < 0 or fault.stall < 0:
            raise UnknownFault("times is a whole number from 1, delay and stall are numbers of seconds from 0")
        if fault.flaw is not None and fault.flaw not in set(Flaw):
            raise UnknownFault(f"flaw is one of {', '.join(Flaw)}")
        if fault.wrap is not None and fault.wrap not in set(Wrapping):
            raise UnknownFault(f"wrap is one of {', '.join(Wrapping)}")
    except TypeError as error:
        raise UnknownFault(f"no such field of a switch, or not of its type: {error}") from None
    return fault


class Faults:
    """The switches that are set now. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str], deque[Fault]] = {}
        self.status_order = "in-order"
        self._habits = dict(HABITS)

    def habit(self, name: str) -> bool:
        """Return one of `HABITS`, as it is now."""
        return self._habits[name]

    def set(self, given: object) -> None:
        """Set switches as the module describes them; raises UnknownFault and sets none if one of them is unknown."""
        if not isinstance(given, Mapping):
            raise UnknownFault("expected an object with 'digilocker' and 'whatsapp'")
        waiting: dict[tuple[str, str], deque[Fault]] = {}
        order, habits = self.status_order, dict(self._habits)
        for service, switches in given.items():
            if service not in ENDPOINTS or not isinstance(switches, Mapping):
                raise UnknownFault(f"services are {', '.join(ENDPOINTS)}, each with an object of switches")
            for name, switch in switches.items():
                if service == "whatsapp" and name == "status_order":
                    if switch not in STATUS_ORDERS:
                        raise UnknownFault(f"status_order is one of {', '.join(STATUS_ORDERS)}")
                    order = switch
                elif service == "whatsapp" and name in HABITS:
                    habits[name] = switch is True
                elif name in ENDPOINTS[service]:
                    several = switch if isinstance(switch, list) else [switch]
                    waiting[service, name] = deque(_fault(one) for one in several)
                else:
                    raise UnknownFault(f"{service} has no {name!r}; it has {', '.join(ENDPOINTS[service])}")
        with self._lock:
            self._waiting.update(waiting)
            self.status_order, self._habits = order, habits

    def take(self, service: str, endpoint: str) -> Fault | None:
        """Return the switch that holds for this call, if any, and use it up by one."""
        with self._lock:
            for key in ((service, endpoint), (service, "*")):
                waiting = self._waiting.get(key)
                if waiting:
                    fault = waiting.popleft()
                    if fault.times > 1:
                        waiting.appendleft(replace(fault, times=fault.times - 1))
                    return fault
        return None

    def reset(self) -> None:
        """Forget every switch."""
        with self._lock:
            self._waiting.clear()
            self.status_order, self._habits = "in-order", dict(HABITS)

    def to_json(self) -> dict[str, Any]:
        """Return what is set: how many more calls of which endpoint."""
        with self._lock:
            shown: dict[str, Any] = {service: {} for service in ENDPOINTS}
            for (service, name), waiting in self._waiting.items():
                if waiting:
                    shown[service][name] = sum(fault.times for fault in waiting)
            shown["whatsapp"] |= {"status_order": self.status_order, **self._habits}
            return shown
