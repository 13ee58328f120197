"""What can go wrong at a call that a function makes."""

from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError, ReadTimeoutError

from helpdesk.digilocker import errors as digilocker
from helpdesk.errors import DigiLockerError, WhatsAppError
from helpdesk.whatsapp import errors as whatsapp

type Kind = Literal["dies", "fails", "silent", "meanwhile", "late"]
"""The process dies; the call fails; no answer comes; something else is worked on first; the clock jumps first."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong at one call: of `function`, at `service` ("": any), once `skip` others were made there.

    `after`: the call takes effect all the same. `times`: how many calls in a row. `seconds`: of a jump.
    """

    kind: Kind
    function: str
    service: str
    skip: int = 0
    after: bool = False
    times: int = 1
    which: int = 0
    seconds: float = 0

    def __str__(self) -> str:
        """Say it in a line."""
        moment = "after" if self.after else "before"
        more = f" for {self.times} calls" if self.times > 1 else ""
        return f"{self.function} {self.kind} {moment} call {self.skip + 1} of {self.service}{more}"


_AWS_CODES = ("ProvisionedThroughputExceededException", "InternalServerError", "ThrottlingException")
_DIGILOCKER: tuple[tuple[type[DigiLockerError], int], ...] = (
    (digilocker.Busy, 429),
    (digilocker.Unserved, 502),
    (digilocker.Unreachable, 0),
    (digilocker.OutOfTime, 0),
    (digilocker.ClientRefused, 401),
    (digilocker.Unintelligible, 200),
)
_WHATSAPP: tuple[tuple[type[WhatsAppError], int], ...] = (
    (whatsapp.Unavailable, 131016),
    (whatsapp.RateLimited, 131056),
    (whatsapp.Undeliverable, 131026),
    (whatsapp.TokenRefused, 190),
    (whatsapp.MediaFailed, 131053),
    (whatsapp.InvalidMessage, 100),
)


def failure(fault: Fault, call: str) -> Exception:
    """Return what the client raises where a call fails, or is left without an answer."""
    service = call.partition(".")[0]
    if service == "digilocker":
        if fault.kind == "silent":
            return digilocker.Unanswered("(no answer)")
        kind, status = _DIGILOCKER[fault.which % len(_DIGILOCKER)]
        return kind("(told to fail)", status=status or None)
    if service == "whatsapp":
        if fault.kind == "silent":
            return whatsapp.Unavailable(None) if call == "whatsapp.probe" else whatsapp.OutcomeUnknown(None)
        refusal, code = _WHATSAPP[fault.which % len(_WHATSAPP)]
        return refusal(code, status=400)
    error: Any = {"Error": {"Code": _AWS_CODES[fault.which % len(_AWS_CODES)]}}
    failed: Exception = ClientError(error, call)
    unanswered: Exception = ReadTimeoutError(endpoint_url=f"https://{service}.example")
    return unanswered if fault.kind == "silent" else failed
