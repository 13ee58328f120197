"""Meta's side of the webhooks: the envelope, the escapes, the signature and the persistence."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests

from standins.background import Background
from standins.config import SimulatorConfig
from standins.faults import Faults
from standins.whatsapp.business import Business

_ESCAPES = (("/", "\\/"), ("<", "\\u003C"), ("%", "\\u0025"), ("@", "\\u0040"))
"""Beyond what JSON asks for. All of them can be in strings only, so replacing them in the written JSON is safe."""

_AGENT = "facebookexternalua"


def encode(body: object, *, escape: bool) -> bytes:
    """Write JSON as Meta does: ASCII with lower-case escapes, and a few signs escaped besides; or else as UTF-8."""
    text = json.dumps(body, ensure_ascii=escape, separators=(",", ":"))
    if escape:
        for plain, escaped in _ESCAPES:
            text = text.replace(plain, escaped)
    return text.encode()


def signature(app_secret: str, body: bytes) -> str:
    """Return the value of X-Hub-Signature-256 for these bytes."""
    return f"sha256={hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()}"


class Webhooks:
    """Delivers to the subscribed URL, and again until that answers 200."""

    def __init__(self, config: SimulatorConfig, background: Background, faults: Faults, business: Business) -> None:
        self._config = config
        self._business = business
        self._background = background
        self._faults = faults
        self.url = config.webhook_url
        self.app_secret = config.app_secret
        """May be changed, as an operator would who rotates it."""
        self.posted: Callable[[bytes, str, float, int | None], None] = lambda *_: None
        """Told of each POST: its body, its signature, the seconds that it took and the status of its answer."""

    def envelope(self, values: Sequence[Mapping[str, Any]], field: str = "messages") -> dict[str, Any]:
        """Put values into the frame of one POST; up to 1,000 of them may share one."""
        metadata = {
            "display_phone_number": self._config.display_phone_number,
            "phone_number_id": self._config.phone_number_id,
        }
        changes = [
            {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
            for value in values
        ]
        return {"object": "whatsapp_business_account", "entry": [{"id": self._config.waba_id, "changes": changes}]}

    def deliver(self, *values: Mapping[str, Any], field: str = "messages") -> int | None:
        """Deliver values in one POST; return the status of its answer, or None. Repeats go on in the background."""
        if field not in self._business.fields:
            return None
        return self.deliver_bytes(encode(self.envelope(values, field), escape=self._config.escape))

    def deliver_bytes(self, body: bytes) -> int | None:
        """Sign and deliver any bytes, as `deliver` does."""
        fault = self._faults.take("whatsapp", "webhook")
        if self.url is None or not self._business.delivers or (fault is not None and fault.lost):
            return None
        if fault is not None and fault.delay:
            self._background.sleep(fault.delay)
        status = self._post(body)
        if status != 200:
            self._background.start(self._retry, body)
        elif fault is not None:
            for _ in range(fault.duplicate):
                self._background.start(self._again, body)
        return status

    def verify(self, url: str | None = None, verify_token: str | None = None) -> bool:
        """Ask a URL, or else the subscribed one, for the challenge, as Meta does when it is saved. Tell how it went."""
        url = url or self.url
        if url is None:
            return False
        challenge = str(secrets.randbelow(10**10))
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": verify_token or self._config.verify_token,
        }
        try:
            with _session() as session:
                answer = session.get(url, params=query, timeout=self._config.webhook_timeout, allow_redirects=False)
        except requests.RequestException:
            return False
        return answer.status_code == 200 and answer.text == challenge

    def _again(self, body: bytes) -> None:
        self._post(body)

    def _retry(self, body: bytes) -> None:
        for gap in self._config.retry_gaps:
            if not self._background.sleep(gap) or self._post(body) == 200:
                return

    def _post(self, body: bytes) -> int | None:
        url = self.url
        if url is None:
            return None
        signed = signature(self.app_secret, body)
        headers = {"Content-Type": "application/json", "User-Agent": _AGENT, "X-Hub-Signature-256": signed}
        began = time.monotonic()
        status = None
        try:
            with _session() as session:
                status = session.post(
                    url, body, headers=headers, timeout=self._config.webhook_timeout, allow_redirects=False
                ).status_code
        except requests.RequestException:
            pass
        self.posted(body, signed, time.monotonic() - began, status)
        return status


def _session() -> requests.Session:
    """Return a session that takes nothing from this machine's environment: no proxy, no stored password."""
    session = requests.Session()
    session.trust_env = False
    return session
