"""All that the stand-ins remember, in one place, guarded by one lock."""

import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from standins.background import Background
from standins.clock import Clock
from standins.config import SimulatorConfig
from standins.digilocker.accounts import Accounts
from standins.digilocker.authorization import AuthorizationCodes
from standins.digilocker.otp import SmsInbox
from standins.faults import Faults
from standins.journal import Journal, named_in
from standins.switches import Switches
from standins.whatsapp.business import Business
from standins.whatsapp.delivery import Delivery
from standins.whatsapp.flow_client import OpenForms
from standins.whatsapp.flows import Flows
from standins.whatsapp.phones import Media, Phone, Phones
from standins.whatsapp.rates import Rates
from standins.whatsapp.webhooks import Webhooks

if TYPE_CHECKING:
    from standins.backstage import Backstage

_CALLS_KEPT = 10_000


@dataclass(frozen=True)
class Call:
    """One call at an API: never its query, headers or body. No status: the connection was dropped."""

    at: float
    method: str
    path: str
    status: int | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class World:
    """State of DigiLocker and WhatsApp. Hold `lock` while reading or changing it, never while waiting for anybody."""

    def __init__(self, config: SimulatorConfig, clock: Clock | None = None) -> None:
        self.config = config
        self.clock = clock or Clock()
        self.lock = threading.RLock()
        self.background = Background()
        self.faults = Faults()
        self.switches = Switches(self.faults)
        self.calls: deque[Call] = deque(maxlen=_CALLS_KEPT)
        self.journal = Journal()
        self.sms = SmsInbox(self.clock)
        self.accounts = Accounts(config, self.clock, self.sms)
        self.citizens = self.accounts.citizens
        self.codes = AuthorizationCodes(config, self.clock)
        self.redirect_uris = list(config.redirect_uris)
        self.consent_url: str | None = None
        """Where the help desk's pages are, which are shown under our own address; None: there are none."""
        self.phones = Phones(config, {one.phone: one.name.title() for one in self.citizens})
        self.uploads: dict[str, Media] = {}
        self.access_token = config.access_token
        """The one that WhatsApp takes; it can be replaced while everything runs."""
        self.rates = Rates(config)
        self.business = Business()
        self.webhooks = Webhooks(config, self.background, self.faults, self.business)
        self.webhooks.posted = self._note_webhook
        self.delivery = Delivery(self)
        self.flows = Flows()
        self.forms = OpenForms(self)
        self.backstage: Backstage | None = None
        """The way to look behind the scenes, where the help desk runs on this machine."""

    def window_open(self, phone: Phone) -> bool:
        """Return whether the 24 hours since she last wrote have not passed."""
        if not self.config.enforce_window:
            return True
        return phone.last_heard is not None and self.clock.now() - phone.last_heard < self.config.window_seconds

    def _note_webhook(self, body: bytes, signature: str, seconds: float, status: int | None) -> None:
        number, user_id = named_in(body) or ("", "")
        with self.lock:
            phone = self.phones.with_user_id(user_id)
        self.journal.write(
            "webhook",
            at=self.clock.now() - seconds,
            seconds=seconds,
            number=number or (phone.number if phone is not None else None),
            method="POST",
            target=self.webhooks.url or "",
            status=status,
            body=body,
            signature=signature,
        )

    def close(self) -> None:
        """End everything that goes on in the background."""
        self.background.close()
