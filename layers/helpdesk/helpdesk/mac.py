"""HMAC-SHA256 under a key that many messages share."""

import hmac
from functools import lru_cache


def hmac_sha256_hex(key: str, message: bytes) -> str:
    """Return the HMAC-SHA256 of a message: 64 lower-case hex digits."""
    begun = _begun(key).copy()
    begun.update(message)
    return begun.hexdigest()


@lru_cache(maxsize=8)
def _begun(key: str) -> hmac.HMAC:
    """Take in the key. Doing so costs more than the message does, and a function has the same few keys all day."""
    return hmac.new(key.encode(), digestmod="sha256")
