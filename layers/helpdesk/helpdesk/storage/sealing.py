"""Values that must never rest in the clear, sealed by KMS, each with its own end.

The encryption context names the conversation, the purpose and the end, so that a sealed value cannot be opened as
anything else, for anybody else, or later than was decided when it was sealed. The end is beside the value, as
`<end>.<ciphertext>`. Whoever seals need not be able to open: the webhook function has only `kms:Encrypt`.
"""

import base64
import time
from collections.abc import Callable
from typing import Final, Protocol

from helpdesk.errors import SealEnded
from helpdesk.storage.aws import KmsClient, call

_ENDLESS_SECONDS: Final = 24 * 3600
"""Versions before this one sealed without an end. What they wrote is opened for so long after it was last written."""


class Seal(Protocol):
    """Seals values."""

    def seal(self, value: str, conversation_id: str, purpose: str, ends_at: int) -> str:
        """Return `value` sealed, as text. `ends_at`: seconds since the epoch."""


class Sealer:
    """Seals with one KMS key, and opens where the role may."""

    def __init__(self, kms: KmsClient, key_arn: str, clock: Callable[[], float] = time.time) -> None:
        self._kms = kms
        self._key_arn = key_arn
        self._clock = clock

    def seal(self, value: str, conversation_id: str, purpose: str, ends_at: int) -> str:
        """Return `value` (up to 4 KB) sealed, as text."""
        answer = call(
            self._kms.encrypt,
            KeyId=self._key_arn,
            Plaintext=value.encode(),
            EncryptionContext=_context(conversation_id, purpose, ends_at),
        )
        return f"{ends_at}.{base64.b64encode(answer['CiphertextBlob']).decode()}"

    def open(
        self, sealed: str, conversation_id: str, purpose: str, *, written_at: int, idle_end: int | None = None
    ) -> str:
        """Open what was sealed for the same conversation and purpose, before its own end and before `idle_end`.

        `written_at`: when it was last written, which decides for what was sealed without an end. Raises SealEnded.
        """
        ends_at, _, ciphertext = sealed.rpartition(".")
        end = int(ends_at) if ends_at else written_at + _ENDLESS_SECONDS
        if self._clock() >= (end if idle_end is None else min(end, idle_end)):
            raise SealEnded(f"{purpose} has ended")
        answer = call(
            self._kms.decrypt,
            KeyId=self._key_arn,
            CiphertextBlob=base64.b64decode(ciphertext),
            EncryptionContext=_context(conversation_id, purpose, int(ends_at) if ends_at else None),
        )
        return answer["Plaintext"].decode()


def _context(conversation_id: str, purpose: str, ends_at: int | None) -> dict[str, str]:
    context = {"conversation": conversation_id, "purpose": purpose}
    return context if ends_at is None else {**context, "ends_at": str(ends_at)}
