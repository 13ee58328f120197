"""What the dialogue wants done. Plain values: they are in the outbox until they are done.

`needs` names the sealed values that an effect can only be done with; the functions put them beside it, never into it.
"""

from typing import ClassVar, TypeIs, get_args

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.offers import Offer
from helpdesk.conversation.screens import Screen
from helpdesk.structs import Tagged, Value

# The names of what is sealed. Each is also the purpose in the encryption context of its seal.
AADHAAR = "aadhaar"
OTP = "otp"
DEVICE_CODE = "device_code"
TOKEN = "token"  # noqa: S105 - the name of a sealed value, not one
NAME = "name"
BORN = "born"
GENDER = "gender"
MOBILE = "mobile"
SOUGHT = "sought"
"""What she looks for, in her words."""
LINK = "link"
VERIFIER = "verifier"
CODE = "code"
REFRESH = "refresh"
SHARED = "shared"
"""What she ticked on DigiLocker's page, as marks of the documents."""

DETAILS = (AADHAAR, NAME, BORN, GENDER, MOBILE)
"""What signing up takes, in the order in which it is asked for. A date of birth is sealed as YYYY-MM-DD, a gender as
F, M or T, a mobile as ten digits."""


def detail(number: int) -> str:
    """Name what she entered for an issuer's parameter, counted from 1."""
    return f"detail_{number}"


# What DigiLocker is asked. Each brings one answer event.


class SendOtp(Tagged, frozen=True):
    """Have DigiLocker send an OTP to the mobile of the account. `mark` stands for the number: a keyed hash."""

    mark: str = ""
    needs: ClassVar[tuple[str, ...]] = (AADHAAR,)


class VerifyOtp(Tagged, frozen=True):
    """Exchange the OTP for an access token. DigiLocker consumes the OTP: never done twice."""

    needs: ClassVar[tuple[str, ...]] = (OTP, DEVICE_CODE)


class SignUp(Tagged, frozen=True):
    """Have DigiLocker compare her details with Aadhaar's and send an OTP to her mobile. Never done twice.

    `mark` and `mobile_mark` stand for the Aadhaar number and the mobile: keyed hashes.
    """

    mark: str = ""
    mobile_mark: str = ""
    needs: ClassVar[tuple[str, ...]] = DETAILS


class VerifySignUp(Tagged, frozen=True):
    """Exchange the OTP for the new account's access token. DigiLocker consumes the OTP: never done twice."""

    needs: ClassVar[tuple[str, ...]] = (OTP, MOBILE)


class ListDocuments(Tagged, frozen=True):
    """Ask for all documents in the account."""

    needs: ClassVar[tuple[str, ...]] = (TOKEN,)


class FetchDocument(Tagged, frozen=True):
    """Fetch one document's PDF, by its number on a list, and keep it for the delivery."""

    number: int
    listing: str
    needs: ClassVar[tuple[str, ...]] = (TOKEN,)


class FindOffers(Tagged, frozen=True):
    """Search the directory of issuers for what she typed: types of document, or the issuers of one."""

    doctypes: tuple[str, ...] = ()
    """What her words mean, where we know."""
    within: str = ""
    """The type whose issuers are wanted, if the directory has it for her words."""
    page: int = 1
    needs: ClassVar[tuple[str, ...]] = (SOUGHT,)


class AskParameters(Tagged, frozen=True):
    """Ask what the issuer wants to know."""

    offer: Offer
    needs: ClassVar[tuple[str, ...]] = ()


class PullDocument(Tagged, frozen=True):
    """Have the issuer look for the document and put it into her account. Never done twice.

    `parameters` are the names by which the issuer knows what she entered.
    """

    offer: Offer
    parameters: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The token, and everything that she entered."""
        return (TOKEN, *(detail(number) for number in range(1, len(self.parameters) + 1)))


class MakeLink(Tagged, frozen=True):
    """Make the link that leads to DigiLocker's own page. Nobody is asked."""

    sign_up: bool = False
    needs: ClassVar[tuple[str, ...]] = ()


class ExchangeCode(Tagged, frozen=True):
    """Exchange the code that came back with her for tokens. DigiLocker consumes it: never done twice.

    `proved`: she has shown that chat and browser are hers, so the mobile numbers need not be the same.
    """

    sign_up: bool = False
    proved: bool = False
    needs: ClassVar[tuple[str, ...]] = (CODE, VERIFIER)


type Request = (
    SendOtp
    | VerifyOtp
    | SignUp
    | VerifySignUp
    | MakeLink
    | ExchangeCode
    | ListDocuments
    | FetchDocument
    | FindOffers
    | AskParameters
    | PullDocument
)

# What is done without an answer.


class Revoke(Tagged, frozen=True):
    """Sign out at DigiLocker: the tokens are worth nothing afterwards."""

    tokens: tuple[str, ...] = (TOKEN,)
    """The names that they are sealed under."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The tokens."""
        return self.tokens


class DeletePdf(Tagged, frozen=True):
    """Delete a fetched PDF from our storage."""

    key: str
    needs: ClassVar[tuple[str, ...]] = ()


class SetTimer(Tagged, frozen=True):
    """Raise `TimeRanOut` after so many seconds."""

    seconds: int
    needs: ClassVar[tuple[str, ...]] = ()


class EraseData(Tagged, frozen=True):
    """Erase what is kept about her, except what must outlive it: fingerprints, counts and the consent record."""

    needs: ClassVar[tuple[str, ...]] = ()


class RecordConsent(Tagged, frozen=True):
    """Keep a record of which consent text she agreed to, and when (seconds since the epoch)."""

    version: str
    language: str
    at: int
    needs: ClassVar[tuple[str, ...]] = ()


class SealInput(Value, frozen=True):
    """Seal what she just typed under this name, before the turn is stored: the webhook does it on the spot.

    It never enters the outbox.
    """

    hidden = ("value",)

    name: str
    value: str = ""
    """Instead of what she typed, where the dialogue itself decides it."""
    own_number: bool = False
    """Instead of what she typed, the number that she writes from."""
    needs: ClassVar[tuple[str, ...]] = ()


class LookAtDoor(Value, frozen=True):
    """Look whether there is a line, draw a number if so, and advance again with what is found.

    Done on the spot. It never enters the outbox.
    """

    needs: ClassVar[tuple[str, ...]] = ()


# What she is told. One effect is one message.


class Text(Tagged, frozen=True):
    """A text of the catalogue with its values, by name."""

    key: str
    values: tuple[tuple[str, str], ...] = ()


class Button(Tagged, frozen=True):
    """A reply button. The title is the catalogue's `button.<choice>`."""

    choice: Choice
    place: str = ""


class Say(Tagged, frozen=True):
    """A text with up to three reply buttons."""

    language: str
    text: Text
    buttons: tuple[Button, ...] = ()
    note: Text | None = None
    """A sentence before the text: what just happened."""
    more: Text | None = None
    """A sentence after the text: an example, or how to reach a person."""
    about: int = 0
    """The number of the document that the text calls {document}; 0 for none."""
    shows: tuple[str, ...] = ()
    """The sealed values that the text shows, by the names that it calls them by."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The sealed values without which it cannot be written."""
        return self.shows


class OfferLink(Tagged, frozen=True):
    """A text with the button that opens her link."""

    language: str
    text: Text
    note: Text | None = None
    more: Text | None = None
    needs: ClassVar[tuple[str, ...]] = (LINK,)


class OfferForm(Tagged, frozen=True):
    """A text with the button that opens the form in which she signs in."""

    language: str
    text: Text
    mark: str
    ends_at: int
    """When the form is of no use any more."""
    note: Text | None = None
    more: Text | None = None
    needs: ClassVar[tuple[str, ...]] = ()


class OfferLanguages(Tagged, frozen=True):
    """One page of the list of languages."""

    language: str
    note: Text | None = None
    more: Text | None = None
    page: int = 1
    needs: ClassVar[tuple[str, ...]] = ()


class ShowDocuments(Tagged, frozen=True):
    """One page of the numbered list of documents; names and issuers are put in when it is sent."""

    language: str
    listing: str
    page: int = 1
    only: tuple[int, ...] = ()
    """Only these numbers: several that a name matched."""
    note: Text | None = None
    more: Text | None = None
    needs: ClassVar[tuple[str, ...]] = ()


class Option(Tagged, frozen=True):
    """One row of what she can choose from. With a doctype, it is called by our short name for it."""

    title: str
    about: str = ""
    doctype: str = ""


class ShowOptions(Tagged, frozen=True):
    """One page of a numbered list that is not her documents': what can be brought in, or what it can be."""

    language: str
    text: Text
    mark: str
    """Names the list, so that a row of an earlier one is recognised."""
    options: tuple[Option, ...]
    page: int = 1
    pages: int = 1
    note: Text | None = None
    more: Text | None = None
    needs: ClassVar[tuple[str, ...]] = ()


class ShowDetails(Tagged, frozen=True):
    """What she entered for an issuer, line by line, before it is sent."""

    language: str
    text: Text
    labels: tuple[str, ...]
    buttons: tuple[Button, ...]
    note: Text | None = None
    more: Text | None = None
    choices: tuple[tuple[str, str, str], ...] = ()
    """Where what is shown for a value is not the value itself: the detail, its value, and what is shown."""

    def shown(self, name: str, value: str) -> str:
        """Return what is shown for what was entered."""
        return next((shown for of, sent, shown in self.choices if (of, sent) == (name, value)), value)

    @property
    def needs(self) -> tuple[str, ...]:
        """Everything that she entered: it is shown."""
        return tuple(detail(number) for number in range(1, len(self.labels) + 1))


class DeliverDocument(Tagged, frozen=True):
    """The PDF, as the document header of a message."""

    language: str
    key: str
    number: int
    listing: str
    uploaded: bool = False
    """Handed to WhatsApp as a file, as it could not fetch the link."""
    greeted_at: int = 0
    """When she said Hi, if this is the first document after it."""
    more: Text | None = None
    needs: ClassVar[tuple[str, ...]] = ()


class AnswerForm(Tagged, frozen=True):
    """What the form shows next. Where nobody looks at it any more, `reply` is told in the chat."""

    screen: Screen
    reply: Say | ShowDocuments | None = None
    needs: ClassVar[tuple[str, ...]] = ()


type Reply = Say | OfferLink | OfferForm | OfferLanguages | ShowDocuments | ShowOptions | ShowDetails | DeliverDocument
type FollowUp = Revoke | DeletePdf | SetTimer | RecordConsent | EraseData | AnswerForm | Reply
"""What needs no answer."""
type Effect = Request | FollowUp | SealInput | LookAtDoor

REQUESTS: tuple[type[Request], ...] = get_args(Request.__value__)
REPLIES: tuple[type[Reply], ...] = get_args(Reply.__value__)


def is_request(effect: object) -> TypeIs[Request]:
    """Return whether DigiLocker is asked something."""
    return isinstance(effect, REQUESTS)


def asks_digilocker(effect: object) -> bool:
    """Return whether DigiLocker has to answer: a link is made without, and a revocation is waited for."""
    return isinstance(effect, Revoke) or (is_request(effect) and not isinstance(effect, MakeLink))


def is_reply(effect: object) -> TypeIs[Reply]:
    """Return whether it is a message to the citizen."""
    return isinstance(effect, REPLIES)
