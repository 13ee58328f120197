"""What can happen in a conversation. Secrets never come in: a number that she typed is described, and sealed outside.

`id` names the step: for what she sent, a keyed hash of the message's id; for an answer, the step that asked.
"""

from enum import StrEnum

from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.effects import TOKEN, Request, Say, ShowDocuments
from helpdesk.conversation.model import IssuedDocument, Session
from helpdesk.conversation.numbers import Fault
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.screens import Screen
from helpdesk.structs import Value

# From her.


class Naming(Value, frozen=True):
    """Her words for a kind of document; several namings with the same words are kinds that they can mean."""

    hidden = ("words",)

    words: tuple[str, ...]
    doctype: str


class Said(Value, frozen=True):
    """She typed words or a small number, already understood."""

    hidden = ("words", "typed", "elsewhere", "unknown")

    id: str
    choices: frozenset[Choice] = frozenset()
    languages: tuple[str, ...] = ()
    """The languages that her words can belong to, by script and vocabulary; empty if nothing tells."""
    number: int | None = None
    named: tuple[Naming, ...] = ()
    """The kinds of documents that she wants: what she refuses ("not the PAN") is not among them."""
    words: tuple[str, ...] = ()
    """Her words, folded: for finding a document by its name or issuer."""
    is_clear: bool = True
    """Whether her answer is clear and whole: every word understood, no contrary one, no question."""
    numbers: tuple[int, ...] = ()
    """Several small numbers at once: "1 and 2"."""
    page: int | None = None
    """The page of a list that she wants to see."""
    elsewhere: tuple[str, ...] = ()
    """Her words for a document that is of no kind known by a doctype: "জন্ম সার্টিফিকেট"."""
    english: tuple[str, ...] = ()
    """The same in English, as far as known: for comparing it with documents' names."""
    refuses: bool = False
    """Whether she names a document and does not want it."""
    topic: str = ""
    """What she asks about: a text `about.…` of the catalogue."""
    unknown: tuple[str, ...] = ()
    """Those of her words that were not understood."""
    typed: str = ""
    """A keyed hash of the text, to tell a machine that repeats itself."""
    fits: bool = False
    """Whether it is what the open question of an issuer can take."""

    @property
    def doctypes(self) -> tuple[str, ...]:
        """The kinds of documents that her words name; several where they can mean any of these."""
        return tuple(dict.fromkeys(naming.doctype for naming in self.named))

    @property
    def is_of_documents(self) -> bool:
        """Whether she asks for documents, refuses one, or asks for a page of the list."""
        return bool(self.named or self.elsewhere or self.refuses or self.numbers or self.page)


class Kind(StrEnum):
    """What a longer number, or a date, looks like."""

    AADHAAR = "aadhaar"
    VIRTUAL_ID = "virtual_id"
    OTP = "otp"
    DATE = "date"
    MOBILE = "mobile"
    OTHER = "other"


class Entered(Value, frozen=True):
    """She typed a number of more than three digits, or a date. The number itself stays outside."""

    hidden = ("mark",)

    id: str
    kind: Kind
    fault: Fault | None = None
    mark: str = ""
    """A keyed hash of an Aadhaar number, VID or mobile number, to count what was tried."""
    fits: bool = False
    """Whether it is what the open question of an issuer can take."""


class Tapped(Value, frozen=True):
    """She tapped a button or a row; None for one that this version does not know."""

    id: str
    tap: Tap | None


EDIT = "edit"
"""The kind of an edit that is not taken for an answer."""


class SentSomethingElse(Value, frozen=True):
    """A voice note, picture, place, contact, sticker, or a kind of message we do not know."""

    id: str
    kind: str


class SentProof(Value, frozen=True):
    """She sent the one-time code that the page shows who came back from DigiLocker."""

    hidden = ("mark",)

    id: str
    mark: str
    """A hash of it."""


class IdentityChanged(Value, frozen=True):
    """Her user id or number is no longer hers: whoever has it next is somebody else."""

    id: str


class SentInGroup(Value, frozen=True):
    """She wrote in a group that our number is in, and not to us."""

    id: str


type TimelyEvent = Said | Entered | Tapped | SentSomethingElse | SentProof


class LateMessage(Value, frozen=True):
    """A message that WhatsApp delivered long after she sent it. None for one that is not even looked at."""

    id: str
    event: TimelyEvent | None = None


type CitizenEvent = TimelyEvent | LateMessage | IdentityChanged | SentInGroup

# Answers.


class OtpSent(Value, frozen=True):
    """An OTP is on its way, if the number has an account. Brings the device code (sealed)."""

    hidden = ("mark",)

    id: str
    digits: str
    """The last two digits of the mobile it went to."""
    expires_in: int
    """Seconds."""
    mark: str = ""
    """The keyed hash of the number it was asked for."""


class SignedIn(Value, frozen=True):
    """The OTP was right, or the code that came back with her. Brings the tokens (sealed)."""

    id: str
    expires_in: int
    """Seconds that the access token holds."""
    lasts: int = 0
    """Seconds that the session may last, as the token can be refreshed; 0: as long as the token."""
    keeps: tuple[str, ...] = (TOKEN,)
    """The names under which what it brings is sealed."""


class Refreshed(Value, frozen=True):
    """The token was too old for `request` and has been exchanged for new ones (sealed)."""

    id: str
    expires_in: int
    request: Request
    keeps: tuple[str, ...] = (TOKEN,)
    before: int = 0
    """When the token ended that was exchanged."""

    def is_of(self, session: Session | None) -> bool:
        """Return whether a session still has the token that was exchanged."""
        return session is not None and session.token_until == self.before


class LinkMade(Value, frozen=True):
    """There is a link to DigiLocker's page. Brings it and the verifier (sealed)."""

    hidden = ("mark", "address")

    id: str
    mark: str
    """A hash of the link's `state`."""
    address: str
    """Where it leads, without what identifies her."""
    sign_up: bool = False


class DocumentsListed(Value, frozen=True):
    """All issued documents of the account, and how many she uploaded herself."""

    id: str
    documents: tuple[IssuedDocument, ...]
    uploaded: int = 0
    left_out: int = 0
    """How many more there are that cannot be read."""
    cut: int = 0
    """How many more there are than can be kept."""


class DocumentFetched(Value, frozen=True):
    """The PDF lies in our storage under `key`."""

    id: str
    number: int
    listing: str
    key: str


class OffersFound(Value, frozen=True):
    """One page of what the directory has for her words."""

    id: str
    offers: tuple[Offer, ...]
    total: int = 0
    """How many there are on all pages."""
    page: int = 1
    within: str = ""
    """They are the issuers of this type; empty: types."""


class ParametersTold(Value, frozen=True):
    """What the issuer wants to know; nothing where her Aadhaar is enough."""

    id: str
    offer: Offer
    parameters: tuple[Parameter, ...]


class Pulled(Value, frozen=True):
    """The document is in her account."""

    hidden = ("uri",)

    id: str
    offer: Offer
    uri: str


class Failed(Value, frozen=True):
    """DigiLocker could not do what was asked."""

    id: str
    problem: Problem
    request: Request
    unsent: bool = False
    """It is known that no OTP was sent. False where nobody can say."""
    wait: int = 0
    """Seconds until our own limit on the number lets another OTP through, where that is a matter of a pause."""


class Ended(Value, frozen=True):
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


class ConsentAnswered(Value, frozen=True):
    """On our page before DigiLocker's she agreed, or did not."""

    id: str
    agreed: bool


class ConsentReturned(Value, frozen=True):
    """DigiLocker's page sent her back. Brings the code (sealed) if she has agreed."""

    hidden = ("code", "proof")

    id: str
    code: str = ""
    """A hash of the code; empty if there is none."""
    proof: str = ""
    """A hash of the one-time code that she must send from the chat; empty if none is asked for."""
    declined: bool = False
    """Without a code: whether that was her own decision."""


class TimeRanOut(Value, frozen=True):
    """A timer fired."""

    id: str


class TurnCame(Value, frozen=True):
    """A number of the line was called."""

    id: str
    number: int


class SessionClosed(Value, frozen=True):
    """An operator ends all sessions, as somebody may have got at them."""

    id: str


class DeliveryFailed(Value, frozen=True):
    """WhatsApp could not carry a document: it could not fetch the link or, if `uploaded`, use the file."""

    id: str
    key: str
    number: int
    listing: str
    uploaded: bool


class FormOpened(Value, frozen=True):
    """She opened the form."""

    id: str


class SignUpEntered(Value, frozen=True):
    """She entered everything that signing up takes, on one screen. `fault`: what is wrong with it, as a text's key."""

    hidden = ("mark", "mobile_mark")

    id: str
    mark: str = ""
    mobile_mark: str = ""
    fault: str = ""


class FormSubmitted(Value, frozen=True):
    """She submitted a screen of the form. `number`: the screen's own."""

    id: str
    number: int
    screen: Screen
    entered: Entered | Tapped | SignUpEntered


class FormBack(Value, frozen=True):
    """She went back from a screen of the form."""

    id: str
    screen: Screen


class FormClosed(Value, frozen=True):
    """She went through the form to its end, and it is closed."""

    id: str


class FormNotShown(Value, frozen=True):
    """WhatsApp did not show her the form."""

    id: str
    mark: str


class FormUnseen(Value, frozen=True):
    """Nobody came for what the form was to show after a step; `again`: it was shown, and nothing followed."""

    id: str
    step: str
    reply: Say | ShowDocuments
    again: bool = False


type FormEvent = FormOpened | FormSubmitted | FormBack | FormClosed | FormNotShown | FormUnseen
type PageEvent = ConsentAnswered | ConsentReturned
type Event = CitizenEvent | Answer | PageEvent | FormEvent | TimeRanOut | TurnCame | SessionClosed | DeliveryFailed
