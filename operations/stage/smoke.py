"""Tries a deployed webhook from outside, as Meta calls it, with nothing that could change anything.

Three calls: the verification with the token from the secret, a signed delivery status of a message that nobody was
sent, and the same unsigned.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests

from operations.webhook import WebhookAccess, signed_headers, status_delivery

SECONDS = 20.0
"""For one call."""
PAUSE_SECONDS = 10.0
PATIENCE_SECONDS = 60.0
"""Functions read a secret that does not fit again within half a minute, so what was just put in is waited for."""


@dataclass(frozen=True)
class Trial:
    """One call: what it shows, the status that it must have, and the one that it had (None: no answer)."""

    shows: str
    expected: int
    answered: int | None

    @property
    def passed(self) -> bool:
        """Whether the webhook did as it must."""
        return self.answered == self.expected


def try_webhook(url: str, access: WebhookAccess) -> tuple[Trial, ...]:
    """Make the three calls."""
    return (try_verification(url, access), *try_delivery(url, access))


def try_verification(url: str, access: WebhookAccess) -> Trial:
    """Ask for the challenge, as Meta does when the address is saved."""
    challenge = str(secrets.randbelow(10**10))
    query = {"hub.mode": "subscribe", "hub.verify_token": access.verify_token, "hub.challenge": challenge}
    answer = _call("GET", url, params=query)
    wrong = answer is not None and answer.ok and answer.text != challenge
    return Trial("the verify token is taken", 200, None if answer is None or wrong else answer.status_code)


def try_delivery(url: str, access: WebhookAccess) -> tuple[Trial, Trial]:
    """Deliver a status, signed and unsigned."""
    body, signed = _delivery(access)
    return (
        Trial("a signed delivery is taken", 200, _status(_call("POST", url, data=body, headers=signed))),
        try_unsigned(url, access),
    )


def try_unsigned(url: str, access: WebhookAccess | None = None) -> Trial:
    """Deliver a status without a signature. Needs no secret."""
    body, signed = _delivery(access or WebhookAccess())
    unsigned = {name: value for name, value in signed.items() if name != "X-Hub-Signature-256"}
    return Trial("an unsigned one is refused", 401, _status(_call("POST", url, data=body, headers=unsigned)))


def _delivery(access: WebhookAccess) -> tuple[bytes, Mapping[str, str]]:
    body = status_delivery(access, int(time.time()))
    return body, signed_headers(body, access.app_secret)


def try_patiently(
    url: str, access: WebhookAccess, sleep: Callable[[float], None], patience: float = PATIENCE_SECONDS
) -> tuple[Trial, ...]:
    """Try until all is well, for as long as functions may still go by an older secret. `patience` in seconds."""
    trials = try_webhook(url, access)
    while patience > 0 and not all(trial.passed for trial in trials):
        sleep(PAUSE_SECONDS)
        patience -= PAUSE_SECONDS
        trials = try_webhook(url, access)
    return trials


def _call(method: str, url: str, **content: Mapping[str, str] | bytes) -> requests.Response | None:
    try:
        return requests.request(method, url, timeout=SECONDS, allow_redirects=False, **content)  # type: ignore[arg-type]
    except requests.RequestException:
        return None


def _status(answer: requests.Response | None) -> int | None:
    return None if answer is None else answer.status_code
