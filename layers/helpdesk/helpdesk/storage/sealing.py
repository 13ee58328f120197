"""Values that must never rest in the clear, sealed by KMS.

The encryption context names the conversation and the purpose, so that a sealed value cannot be opened as anything
else, nor for anybody else. Whoever seals need not be able to open: the webhook function has only `kms:Encrypt`.
"""

import base64
from typing import Protocol

from helpdesk.storage.aws import KmsClient


class Seal(Protocol):
    """Seals values."""

    def seal(self, value: str, conversation_id: str, purpose: str) -> str:
        """Give `value` sealed, as text."""


class Sealer:
    """Seals with one KMS key, and opens where the role may."""

    def __init__(self, kms: KmsClient, key_arn: str) -> None:
        self._kms = kms
        self._key_arn = key_arn

    def seal(self, value: str, conversation_id: str, purpose: str) -> str:
        """Give `value` (up to 4 KB) sealed, as text."""
        answer = self._kms.encrypt(
            KeyId=self._key_arn, Plaintext=value.encode(), EncryptionContext=_context(conversation_id, purpose)
        )
        return base64.b64encode(answer["CiphertextBlob"]).decode()

    def open(self, sealed: str, conversation_id: str, purpose: str) -> str:
        """Open what was sealed for the same conversation and purpose."""
        answer = self._kms.decrypt(
            KeyId=self._key_arn,
            CiphertextBlob=base64.b64decode(sealed),
            EncryptionContext=_context(conversation_id, purpose),
        )
        return answer["Plaintext"].decode()


def _context(conversation_id: str, purpose: str) -> dict[str, str]:
    return {"conversation": conversation_id, "purpose": purpose}
