"""The RSA key of forms: the side of KMS, and the phone's."""

import base64
import json
import os
from functools import cache
from typing import Any

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_OAEP = OAEP(MGF1(hashes.SHA256()), hashes.SHA256(), None)


class FormKms:
    """KMS with one asymmetric key, as `Decrypt` shows it."""

    def __init__(self, key: rsa.RSAPrivateKey | None = None) -> None:
        self.key = key or rsa_key()
        self.fails_with = ""
        """The code with which the next call is refused, once."""

    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, EncryptionAlgorithm: str) -> dict[str, bytes]:  # noqa: ARG002, N803
        """Unwrap. Raises ClientError as KMS does."""
        assert EncryptionAlgorithm == "RSAES_OAEP_SHA_256"
        code, self.fails_with = self.fails_with, ""
        try:
            if not code:
                return {"Plaintext": self.key.decrypt(CiphertextBlob, _OAEP)}
        except ValueError:
            code = "InvalidCiphertextException"
        raise ClientError({"Error": {"Code": code}}, "Decrypt")


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Return the key of this process: making one takes a while."""
    return rsa.generate_private_key(65537, 2048)


class Phone:
    """Encrypts a request as a phone does, and opens the answer to it."""

    def __init__(self, public_key: rsa.RSAPublicKey) -> None:
        self._public_key = public_key
        self._key, self._nonce = os.urandom(16), os.urandom(16)

    def body(self, request: dict[str, Any]) -> str:
        """Return the body of a request."""
        parts = {
            "encrypted_flow_data": AESGCM(self._key).encrypt(self._nonce, json.dumps(request).encode(), None),
            "encrypted_aes_key": self._public_key.encrypt(self._key, _OAEP),
            "initial_vector": self._nonce,
        }
        return json.dumps({name: base64.b64encode(part).decode() for name, part in parts.items()})

    def opened(self, answer: str) -> dict[str, Any]:
        """Return what an answer says."""
        nonce = bytes(255 - byte for byte in self._nonce)
        clear: dict[str, Any] = json.loads(AESGCM(self._key).decrypt(nonce, base64.b64decode(answer), None))
        return clear
