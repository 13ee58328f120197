"""Every error the help desk raises itself, in one tree.

    HelpdeskError
    ├── SettingError            an environment variable is missing or wrong: the function stops at its start
    ├── SecretError             a secret is empty or unreadable: every call is refused with 503
    ├── InboundError            a call to the webhook that is not Meta's, or not readable
    │   ├── SignatureError      401
    │   ├── PayloadError        signed, but no JSON object: 200, counted, alarmed (a form's: 400)
    │   └── Undecryptable       a form's request that our key does not open: 421, and the phone fetches the key again
    ├── ConversationError       storage of the conversation
    │   ├── VersionConflict     somebody else wrote first: read again
    │   └── SealEnded           a sealed value is past its end: the citizen starts again
    ├── StorageError            AWS refused a call or did not answer
    │   └── AccessDenied        a right is missing, or a key cannot be used
    ├── DigiLockerError         see `helpdesk.digilocker.errors`; each carries the `Problem` that the citizen is told
    └── WhatsAppError           see `helpdesk.whatsapp.errors`; each knows whether sending again can help

`retryable` says whether the same call can succeed later without anybody fixing anything.
"""

from typing import ClassVar

from helpdesk.conversation.problems import Problem


class HelpdeskError(Exception):
    """The root: whatever the help desk raises on purpose."""

    retryable: ClassVar[bool] = False


class SettingError(HelpdeskError):
    """A setting is missing or has an impossible value. The message names the environment variable, never its value."""


class SecretError(HelpdeskError):
    """A secret is empty or cannot be read. The message names the secret and the field, never a value."""

    retryable = True


class InboundError(HelpdeskError):
    """A call to the webhook that cannot be used."""


class SignatureError(InboundError):
    """The signature is missing or belongs to none of the app secrets."""


class PayloadError(InboundError):
    """The body was signed by Meta but is not a JSON object."""


class Undecryptable(InboundError):
    """A form's request cannot be decrypted with our key."""


class ConversationError(HelpdeskError):
    """The conversation could not be read or written."""

    retryable = True


class VersionConflict(ConversationError):
    """Another writer advanced the conversation between our read and our write."""


class SealEnded(ConversationError):
    """A sealed value is past its end and is not opened any more."""

    retryable = False


class StorageError(HelpdeskError):
    """AWS refused a call or did not answer.

    `code` is AWS's own error code, or the kind of failure where no answer came; `reasons` are the codes that a
    cancelled transaction gives for its parts. Neither holds anything private.
    """

    retryable = True

    def __init__(self, code: str, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.reasons = reasons


class AccessDenied(StorageError):
    """A right is missing, or a key cannot be used: trying again does not help."""

    retryable = False


def code_of(error: BaseException) -> str | None:
    """Return AWS's own code of a StorageError ("AccessDeniedException"); None for any other error."""
    return error.code if isinstance(error, StorageError) else None


class DigiLockerError(HelpdeskError):
    """DigiLocker refused, failed, or did not answer.

    `code` is DigiLocker's own error code (or ours in brackets where there is none) and is safe to log; the description
    is not kept, since it may repeat what was sent.
    """

    problem: ClassVar[Problem] = Problem.BUSY

    def __init__(self, code: str, *, status: int | None = None) -> None:
        super().__init__(code if status is None else f"{code} ({status})")
        self.code = code
        self.status = status


class WhatsAppError(HelpdeskError):
    """The Cloud API refused a message or did not answer.

    `code` is Meta's error code, or None where no answer came. The message and details are not kept: they may repeat
    the recipient's number.
    """

    def __init__(self, code: int | None, *, status: int | None = None) -> None:
        super().__init__(f"WhatsApp error {code}" if code is not None else "no answer from WhatsApp")
        self.code = code
        self.status = status
