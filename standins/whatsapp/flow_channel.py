"""What a phone's request to a form's endpoint is wrapped in: RSA-OAEP for the key, AES-GCM for the rest.

The phone's side, written from Meta's description of the data exchange.
"""

import base64
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

_KEY_BYTES = 16
_IV_BYTES = 16


class NotReadable(Exception):
    """An answer cannot be decrypted, or is no JSON object."""


class PhoneChannel:
    """One request and its answer: the key is made for it, and the answer comes under the same."""

    def __init__(self) -> None:
        self._key = os.urandom(_KEY_BYTES)
        self._iv = os.urandom(_IV_BYTES)

    def request(self, clear: Mapping[str, Any], public_key: RSAPublicKey) -> bytes:
        """Return the body of a request."""
        sealed = AESGCM(self._key).encrypt(self._iv, json.dumps(clear).encode(), None)
        wrapped = public_key.encrypt(self._key, OAEP(MGF1(SHA256()), SHA256(), None))
        parts = {"encrypted_flow_data": sealed, "encrypted_aes_key": wrapped, "initial_vector": self._iv}
        return json.dumps({name: base64.b64encode(value).decode() for name, value in parts.items()}).encode()

    def answer(self, body: bytes) -> dict[str, Any]:
        """Return what an answer says. Raises NotReadable."""
        inverted = bytes(byte ^ 0xFF for byte in self._iv)
        try:
            clear = json.loads(AESGCM(self._key).decrypt(inverted, base64.b64decode(body, validate=True), None))
        except (InvalidTag, ValueError):
            raise NotReadable from None
        if not isinstance(clear, dict):
            raise NotReadable
        return clear
