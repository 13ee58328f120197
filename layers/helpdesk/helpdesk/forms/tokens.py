"""The token that names a form which was sent, and comes back with each of its requests.

    <version of the form>.<conversation>.<mark of the form>.<end>.<MAC>

The MAC binds it to its conversation and its purpose, so nobody can guess one or make one for another conversation.
It is no secret: WhatsApp hands it back in the clear when the form is closed.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from helpdesk.mac import hmac_sha256_hex
from helpdesk.structs import Value

VERSION: Final = 1
"""Of forms/sign_in.json. Raise it whenever a screen gets other data: forms that were sent stay as they were."""
LIVING: Final = 5
"""So many published versions of a form live (Flows, lifecycle)."""
LONGEST_SECONDS: Final = 3600
"""A form is of no use after that, whatever is done in it."""

_TOKEN: Final = re.compile(r"([0-9]{1,4})\.([0-9a-f]{32})\.([0-9a-f]{24})\.([0-9]{9,12})\.([0-9a-f]{32})")
_MAC_LENGTH: Final = 32


class FormToken(Value, frozen=True):
    """What a token says."""

    version: int
    conversation_id: str
    mark: str
    ends_at: int


def write_token(key: str, conversation_id: str, mark: str, ends_at: int) -> str:
    """Return the token of a form that is sent now. `ends_at`: seconds since the epoch."""
    claim = f"{VERSION}.{conversation_id}.{mark}.{ends_at}"
    return f"{claim}.{_mac(key, claim)}"


def read_token(key: str, text: str) -> FormToken | None:
    """Return what a token of ours says, whether it has ended or not; None for any other."""
    found = _TOKEN.fullmatch(text)
    if found is None or not hmac.compare_digest(_mac(key, text.rpartition(".")[0]), found[5]):
        return None
    token = FormToken(int(found[1]), found[2], found[3], int(found[4]))
    lives = VERSION - LIVING < token.version <= VERSION
    return token if lives else None


def is_signed(signature: str, token: str, secrets: Sequence[str]) -> bool:
    """Return whether a JWT of Meta's (HS256, keyed with the app secret) says that this form was sent to her."""
    signed, _, mac = signature.rpartition(".")
    head, _, claims = signed.partition(".")
    try:
        told = msgspec.json.decode(_decoded(claims))
        kind = msgspec.json.decode(_decoded(head))
        given = _decoded(mac).hex()
    except (ValueError, binascii.Error):
        return False
    if not (isinstance(kind, dict) and kind.get("alg") == "HS256" and isinstance(told, dict)):
        return False
    fits = False
    for secret in filter(None, secrets):
        fits |= hmac.compare_digest(hmac_sha256_hex(secret, signed.encode()), given)
    return fits and told.get("flow_token") == token


def _mac(key: str, claim: str) -> str:
    return hmac_sha256_hex(key, f"form\n{claim}".encode())[:_MAC_LENGTH]


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
