"""What can happen in a conversation.

`id` names the step: for what she sent, a keyed hash of the message's id; for an answer, the step that asked.
Secrets never come in here: what she typed as a number is only described, the functions seal it.
"""

from dataclasses import field
from enum import StrEnum

from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.effects import TOKEN, Request
from helpdesk.conversation.model import IssuedDocument
from helpdesk.conversation.numbers import Fault
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.conversation.problems import Problem
from helpdesk.values import dataclass

# From her.


@dataclass(frozen=True)
class Naming:
    """Words of hers that name a kind of document."""

    words: tuple[str, ...] = field(repr=False)
    doctype: str


@dataclass(frozen=True)
class Said:
    """She typed words or a small number, already understood."""

    id: str
    choices: frozenset[Choice] = frozenset()
    languages: tuple[str, ...] = ()
    """The languages that her words can belong to, by script and vocabulary; empty if nothing tells."""
    number: int | None = None
    named: tuple[Naming, ...] = ()
    words: tuple[str, ...] = field(default=(), repr=False)
    """Her words, folded: for finding a document by its name or issuer."""
    is_clear: bool = True
    """Whether all of her words were understood: where much hangs on a *yes*, "ok ..." is none."""
    typed: str = field(default="", repr=False)
    """A keyed hash of the text, to tell a machine that repeats itself."""
    fits: bool = False
    """Whether it is what the open question of an issuer can take."""


class Kind(StrEnum):
    """What a longer number, or a date, looks like."""

    AADHAAR = "aadhaar"
    VIRTUAL_ID = "virtual_id"
    OTP = "otp"
    DATE = "date"
    MOBILE = "mobile"
    OTHER = "other"


@dataclass(frozen=True)
class Entered:
    """She typed a number of more than three digits, or a date. The number itself stays outside."""

    id: str
    kind: Kind
    fault: Fault | None = None
    mark: str = field(default="", repr=False)
    """A keyed hash of an Aadhaar number, VID or mobile number, to count what was tried."""
    fits: bool = False
    """Whether it is what the open question of an issuer can take."""


@dataclass(frozen=True)
class Tapped:
    """She tapped a button or a row; None for one that this version does not know."""

    id: str
    tap: Tap | None


@dataclass(frozen=True)
class SentSomethingElse:
    """A voice note, picture, place, contact, sticker, or a kind of message we do not know."""

    id: str
    kind: str


@dataclass(frozen=True)
class SentProof:
    """She sent the one-time code that the page shows who came back from DigiLocker."""

    id: str
    mark: str = field(repr=False)
    """A hash of it."""


type InTime = Said | Entered | Tapped | SentSomethingElse | SentProof


@dataclass(frozen=True)
class CameLate:
    """A message that WhatsApp delivered long after she sent it. None for one that is not even looked at."""

    id: str
    event: InTime | None = None


type FromHer = InTime | CameLate

# Answers.


@dataclass(frozen=True)
class OtpSent:
    """An OTP is on its way, if the number has an account. Brings the device code (sealed)."""

    id: str
    digits: str
    """The last two digits of the mobile it went to."""
    expires_in: int
    """Seconds."""
    mark: str = field(default="", repr=False)
    """The keyed hash of the number it was asked for."""


@dataclass(frozen=True)
class SignedIn:
    """The OTP was right, or the code that came back with her. Brings the tokens (sealed)."""

    id: str
    expires_in: int
    """Seconds that the access token holds."""
    lasts: int = 0
    """Seconds that the session may last, as the token can be refreshed; 0: as long as the token."""
    keeps: tuple[str, ...] = (TOKEN,)
    """The names under which what it brings is sealed."""


@dataclass(frozen=True)
class Refreshed:
    """The token was too old for `request` and has been exchanged for new ones (sealed)."""

    id: str
    expires_in: int
    request: Request
    keeps: tuple[str, ...] = (TOKEN,)


@dataclass(frozen=True)
class LinkMade:
    """There is a link to DigiLocker's page. Brings it and the verifier (sealed)."""

    id: str
    mark: str = field(repr=False)
    """A hash of the link's `state`."""
    address: str = field(repr=False)
    """Where it leads on to, but for what tells on her."""
    sign_up: bool = False


@dataclass(frozen=True)
class DocumentsListed:
    """All issued documents of the account, and how many she uploaded herself."""

    id: str
    documents: tuple[IssuedDocument, ...]
    uploaded: int = 0


@dataclass(frozen=True)
class DocumentFetched:
    """The PDF lies in our storage under `key`."""

    id: str
    number: int
    listing: str
    key: str


@dataclass(frozen=True)
class OffersFound:
    """One page of what the directory has for her words."""

    id: str
    offers: tuple[Offer, ...]
    total: int = 0
    """How many there are on all pages."""
    page: int = 1
    within: str = ""
    """They are the issuers of this type; empty: types."""


@dataclass(frozen=True)
class ParametersTold:
    """What the issuer wants to know; nothing where her Aadhaar is enough."""

    id: str
    offer: Offer
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class Pulled:
    """The document is in her account."""

    id: str
    offer: Offer
    uri: str = field(repr=False)


@dataclass(frozen=True)
class Failed:
    """DigiLocker could not do what was asked."""

    id: str
    problem: Problem
    request: Request


@dataclass(frozen=True)
class Ended:
    """What the step needs is past its end and is not opened any more: nobody was asked."""

    id: str


type Answer = (
    OtpSent
    | SignedIn
    | Refreshed
    | LinkMade
    | DocumentsListed
    | DocumentFetched
    | OffersFound
    | ParametersTold
    | Pulled
    | Failed
    | Ended
)


@dataclass(frozen=True)
class CameBack:
    """DigiLocker's page sent her back. Brings the code (sealed) if she has agreed."""

    id: str
    code: str = field(default="", repr=False)
    """A hash of the code; empty if there is none."""
    proof: str = field(default="", repr=False)
    """A hash of the one-time code that she must send from the chat; empty if none is asked for."""
    declined: bool = False
    """Without a code: whether that was her own decision."""


@dataclass(frozen=True)
class TimeRanOut:
    """A timer fired."""

    id: str


@dataclass(frozen=True)
class DeliveryFailed:
    """WhatsApp could not carry a document: it could not fetch the link or, if `uploaded`, use the file."""

    id: str
    key: str
    number: int
    listing: str
    uploaded: bool


type Event = FromHer | Answer | CameBack | TimeRanOut | DeliveryFailed
