"""What a form sends and is answered, encrypted: WhatsApp carries it and cannot read it.

The phone makes an AES key for each request and sends it along, encrypted with our public key (RSA-OAEP, SHA-256); the
private key is in KMS and never leaves it. What was entered is encrypted with the AES key: 128 bit, GCM, a nonce of 16
bytes, the tag at the end. The answer is encrypted with the same key; its nonce has every bit inverted.

Source: WhatsApp Flows, "Implementing your Flow endpoint".
"""

import base64
import binascii
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpdesk.errors import PayloadError, Undecryptable
from helpdesk.structs import Value

LARGEST_BODY: Final = 64 * 1024
"""Bytes of a request. The longest that a phone of ours has cause to send has less than two thousand."""

_WRAPPED_KEY_BYTES: Final = 256
_KEY_BYTES: Final = 16
_NONCE_BYTES: Final = 16
_TAG_BYTES: Final = 16
_EVERY_BIT: Final = 0xFF


class Envelope(Value, frozen=True):
    """A request as it came: its AES key wrapped, its content encrypted."""

    hidden = ("wrapped_key", "nonce", "content")

    wrapped_key: bytes
    nonce: bytes
    content: bytes


class Channel(Value, frozen=True):
    """The AES key of one request and its nonce: what it is opened with, and answered with."""

    hidden = ("key", "nonce")

    key: bytes
    nonce: bytes

    def open(self, content: bytes) -> bytes:
        """Return what was encrypted. Raises Undecryptable."""
        try:
            return AESGCM(self.key).decrypt(self.nonce, content, None)
        except InvalidTag:
            raise Undecryptable("the tag does not fit") from None

    def seal(self, answer: bytes) -> str:
        """Return an answer as it is sent: encrypted, in base64."""
        nonce = bytes(byte ^ _EVERY_BIT for byte in self.nonce)
        return base64.b64encode(AESGCM(self.key).encrypt(nonce, answer, None)).decode()


class _Body(Value, frozen=True):
    encrypted_flow_data: str
    encrypted_aes_key: str
    initial_vector: str


_BODY: Final = msgspec.json.Decoder(_Body)


def read_envelope(body: bytes) -> Envelope:
    """Read the body of a request whose signature has been verified. Raises PayloadError, and Undecryptable.

    Parts of another length than they must have cannot be decrypted: the phone then fetches our public key again.
    """
    try:
        parts = _BODY.decode(body)
        key, nonce, content = (
            base64.b64decode(part, validate=True)
            for part in (parts.encrypted_aes_key, parts.initial_vector, parts.encrypted_flow_data)
        )
    except (ValueError, binascii.Error):
        raise PayloadError("not the body of a form's request") from None
    if len(key) != _WRAPPED_KEY_BYTES or len(nonce) != _NONCE_BYTES or len(content) < _TAG_BYTES:
        raise Undecryptable("a part has an impossible length")
    return Envelope(key, nonce, content)


def channel(key: bytes, envelope: Envelope) -> Channel:
    """Return what a request is opened and answered with, from its unwrapped key. Raises Undecryptable."""
    if len(key) != _KEY_BYTES:
        raise Undecryptable("the key is none of AES-128")
    return Channel(key, envelope.nonce)
