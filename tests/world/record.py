"""What happened in the world, as somebody sees it who stands outside the functions: the auditor's only source.

Times are in seconds since the epoch. A line is a phone with WhatsApp, by its number.
"""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened."""

    at: float


@dataclass(frozen=True, kw_only=True)
class Wrote(Event):
    """Somebody sent a message."""

    line: str
    message: str
    kind: str
    text: str = ""
    tapped: str = ""
    """The id of the button or row."""
    sent_at: float = 0
    """It may be on its way for long."""


@dataclass(frozen=True, kw_only=True)
class Posted(Event):
    """WhatsApp posted to the webhook. No status: the function died."""

    messages: tuple[str, ...]
    statuses: int
    status: int | None
    queued: tuple[tuple[str, str], ...]
    """The conversation and step of each job that the call put on the queue for the first time."""
    since: int = 0
    """The place in the record where the call began."""
    reported: tuple[tuple[str, str], ...] = ()
    """Which messages of the desk's WhatsApp speaks of, and what became of them; nothing that somebody made up."""
    troubled: bool = False
    """Whether a fault struck meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Returned(Event):
    """A browser came back from DigiLocker's page."""

    line: str
    status: int | None
    link: str = ""
    """The link that the way there began with."""
    opened_at: float = 0
    shown: str = ""
    """The one-time code that the page shows."""


@dataclass(frozen=True, kw_only=True)
class Browsed(Event):
    """Somebody opened a link of the desk's, or posted its form."""

    link: str
    form: str = ""
    status: int | None


@dataclass(frozen=True, kw_only=True)
class Received(Event):
    """WhatsApp took a message of the desk's for a line."""

    line: str
    message: str
    cause: str
    """The callback data."""
    text: str
    tappable: dict[str, str]
    """Title -> id."""
    filename: str = ""
    content: bytes | None = None
    by_link: bool = False
    """The document is fetched from a link, and not uploaded."""
    link: str = ""
    """What its button opens."""
    form_token: str = ""
    """Of the form that its button opens."""
    fetched_from: str = ""
    """The link that leads to the document."""
    rows: tuple[tuple[str, str], ...] = ()
    """The id of each row, and what it shows."""


@dataclass(frozen=True, kw_only=True)
class Refused(Event):
    """WhatsApp did not take a message, or did not carry it. `by_fault`: it was told to."""

    line: str
    why: str
    by_fault: bool
    cause: str = ""
    """The callback data."""


@dataclass(frozen=True, kw_only=True)
class Asked(Event):
    """A call that DigiLocker took in. `about` is what it consumes or gives, `whose` the account's Aadhaar number."""

    endpoint: str
    conversation: str
    about: str = ""
    whose: str = ""
    token: str = ""
    succeeded: bool = True
    step: str = ""
    """The message of the queue that it is for."""


@dataclass(frozen=True, kw_only=True)
class Texted(Event):
    """DigiLocker sent an OTP."""

    whose: str
    number: str
    """The Aadhaar number or VID that it was asked for with."""
    mobile: str
    digits: str
    conversation: str


@dataclass(frozen=True, kw_only=True)
class Opened(Event):
    """KMS opened a sealed value."""

    conversation: str
    purpose: str
    ends_at: float | None


@dataclass(frozen=True, kw_only=True)
class Worked(Event):
    """The document function was handed a message of a queue. Not done: it comes back, or is a dead letter."""

    queue: str
    body: str
    conversation: str
    receives: int
    done: bool
    troubled: bool = False
    """Whether a fault struck meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Faulted(Event):
    """A fault struck. `conversation` is the one that was worked on, if it is known."""

    function: str
    call: str
    kind: str
    conversation: str
    step: str = ""
    """The message of the queue that was worked on."""
    error: str = ""
    """What the call raised."""
    after: bool = False
    """The call took effect all the same."""


@dataclass(frozen=True, kw_only=True)
class Shut(Event):
    """The desk is closed: nobody works on the work queue for so long."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Broke(Event):
    """A handler raised."""

    function: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Rested(Event):
    """Nothing is under way any more. What lies where: kept only for who looks at it right now."""

    kind: Literal["rest", "end"]
    items: list[dict[str, Any]]
    objects: dict[str, float]
    """The keys of the PDFs, and since when they have been kept."""
    queued: tuple[str, ...]
    """The bodies of what lies on the queues."""
    dead_letters: tuple[str, ...]
    tokens: dict[str, str]
    """The tokens that are good for something -> whose account they open."""
    logged: tuple[str, ...] = ()
    """What the functions have logged since the last rest."""
