"""The private key of forms, in KMS: it unwraps the AES key of a request, and never leaves KMS."""

from helpdesk.errors import StorageError, Undecryptable
from helpdesk.storage.aws import KmsClient, call


class FormKey:
    """The RSA key of the forms."""

    def __init__(self, kms: KmsClient, arn: str) -> None:
        self._kms = kms
        self._arn = arn

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return the AES key that was encrypted with our public key.

        Raises Undecryptable for what was encrypted with another, and StorageError where KMS did not do it: the phone
        would fetch our public key again for nothing.
        """
        try:
            answer = call(
                self._kms.decrypt,
                KeyId=self._arn,
                CiphertextBlob=wrapped,
                EncryptionAlgorithm="RSAES_OAEP_SHA_256",
            )
        except StorageError as error:
            if error.code == "InvalidCiphertextException":
                raise Undecryptable("encrypted with another key") from None
            raise
        return answer["Plaintext"]
