"""What we write on a message that carries a document, so that its delivery statuses tell whose it is.

WhatsApp gives `biz_opaque_callback_data` back with each status (512 characters at most). So a status that comes before
the send has returned is no puzzle, and one of any other message costs no look-up.

The document function signs it, and believes only what it has signed. The webhook, which holds no key, reads it within
bounds and passes it on.
"""

import hmac
import re
from collections.abc import Callable

from helpdesk.mac import hmac_sha256_hex
from helpdesk.service.identity import is_document_of
from helpdesk.storage.secrets import Secret
from helpdesk.structs import Value

_WRITTEN = re.compile(
    r"([0-9a-f]{32}):(documents/(?:[0-9a-f]{32}/)?[0-9a-f]{64}(?:\.txt)?(?:\.locked)?):"
    r"([0-9]{1,4}):([0-9A-Za-z_-]{0,64}):(link|upload)"
    r"(?::([0-9a-f]{64}))?"
)

_FORM = re.compile(r"form:([0-9a-f]{32}):([0-9a-f]{24}):([0-9a-f]{64})")


class Tracking(Value, frozen=True):
    """A message that carries document `number` of the list `listing`. `uploaded`: by media id instead of by link."""

    conversation_id: str
    key: str
    number: int
    listing: str
    uploaded: bool

    def __str__(self) -> str:
        """Write it."""
        route = "upload" if self.uploaded else "link"
        return f"{self.conversation_id}:{self.key}:{self.number}:{self.listing}:{route}"


class Claimed(Value, frozen=True):
    """What callback data claims, and the signature that has still to be checked ("" if it has none)."""

    tracking: Tracking
    signature: str


def read_tracking(text: str | None) -> Claimed | None:
    """Read callback data; None if the message carried no document.

    Without a signature it is from before there was one: a version of the document function that signs nothing may still
    be running.
    """
    found = _WRITTEN.fullmatch(text or "")
    if found is None:
        return None
    conversation_id, key, number, listing, route, signature = found.groups()
    return Claimed(Tracking(conversation_id, key, int(number), listing, route == "upload"), signature or "")


class ClaimedForm(Value, frozen=True):
    """What callback data claims of a message with a form: whose it was and which."""

    conversation_id: str
    mark: str
    signature: str


def read_form(text: str | None) -> ClaimedForm | None:
    """Read callback data; None if the message carried no form."""
    found = _FORM.fullmatch(text or "")
    return ClaimedForm(*found.groups()) if found else None


def tracking_keys(secret: Secret) -> tuple[str, ...]:
    """Return the keys of `Tracker` and of documents' names, from OutboundSecret. Raises SecretError.

    `tracking_key` is filled in by `make deploy`. Until then, and for what was signed until then, there is one that
    follows from a secret which no other function has either.
    """
    derived = hmac_sha256_hex(secret.text("digilocker_client_secret"), b"tracking")
    own = secret.optional("tracking_key")
    return (own, derived) if own else (derived,)


class Tracker:
    """Signs callback data, and knows its own signature again."""

    def __init__(self, keys: Callable[[], tuple[str, ...]]) -> None:
        """`keys`: the first signs, any of them is believed."""
        self._keys = keys

    def write(self, tracking: Tracking) -> str:
        """Return signed callback data."""
        return f"{tracking}:{_signature(self._keys()[0], tracking)}"

    def is_ours(self, tracking: Tracking, signature: str) -> bool:
        """Return whether we wrote this, for a document of the same conversation."""
        signed = [hmac.compare_digest(_signature(key, tracking), signature) for key in self._keys()]
        return any(signed) and is_document_of(tracking.key, tracking.conversation_id)

    def write_form(self, conversation_id: str, mark: str) -> str:
        """Return signed callback data for the message with a form."""
        claim = f"form:{conversation_id}:{mark}"
        return f"{claim}:{_signature(self._keys()[0], claim)}"

    def is_our_form(self, claimed: ClaimedForm) -> bool:
        """Return whether we wrote this."""
        claim = f"form:{claimed.conversation_id}:{claimed.mark}"
        signed = [hmac.compare_digest(_signature(key, claim), claimed.signature) for key in self._keys()]
        return any(signed)


def _signature(key: str, tracking: Tracking | str) -> str:
    return hmac_sha256_hex(key, f"callback\n{tracking}".encode())
