"""The state of a conversation between two messages."""

from enum import StrEnum

from helpdesk.conversation.effects import (
    AADHAAR,
    CODE,
    DEVICE_CODE,
    LINK,
    REFRESH,
    SHARED,
    SOUGHT,
    TOKEN,
    VERIFIER,
    Request,
)
from helpdesk.conversation.flow import Flow
from helpdesk.conversation.limits import HOUR, Limit, Used, replies_a_day
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.conversation.place import Place
from helpdesk.conversation.pull import Pull
from helpdesk.structs import Tagged, Value


class Stage(StrEnum):
    """What she was asked last, or what is being waited for."""

    NEW = "new"
    MENU = "menu"
    ACCOUNT = "account"
    LINE = "line"
    CONSENT = "consent"
    FORM = "form"
    """She has the form in which she signs in, or is filling it in."""
    AADHAAR = "aadhaar"
    NAME = "name"
    """Signing up: her name, then what follows."""
    BORN = "born"
    GENDER = "gender"
    MOBILE = "mobile"
    SUMMARY = "summary"
    """Signing up: everything at a glance, before it is sent."""
    SENDING_OTP = "sending_otp"
    OTP = "otp"
    VERIFYING = "verifying"
    MAKING_LINK = "making_link"
    LINK = "link"
    """She has the link to DigiLocker's page, or needs a new one."""
    PROOF = "proof"
    """She is back from there; the one-time code that the page shows is to come from her chat."""
    EXCHANGING = "exchanging"
    LISTING = "listing"
    DOCUMENTS = "documents"
    FINDING = "finding"
    """Bringing a document in: what it is, then who issues it."""
    SEARCHING = "searching"
    DETAIL = "detail"
    """Bringing a document in: what its issuer wants to know, one after the other."""
    CHECK = "check"
    """Bringing a document in: everything at a glance, before it is sent."""
    PULLING = "pulling"
    LANGUAGE = "language"
    DELETE = "delete"
    """Whether her data shall be deleted."""
    STOPPED = "stopped"
    """She wants no more messages, until she says Hi."""
    ENDED = "ended"
    """The session ended without a word from her; she is told with her next message."""


class Rules(Value, frozen=True):
    """The deployment's parameters that the dialogue keeps to. Times in seconds."""

    session_seconds: int = 900
    resend_seconds: int = 60
    job_expiry_seconds: int = 90
    otp_tries: int = 3
    otps_per_citizen_per_day: int = 5
    """OTPs that one citizen can have sent in 24 hours, to whatever number."""
    numbers_per_citizen_per_day: int = 3
    """Different Aadhaar numbers that she can try in 24 hours: a family's, not a list."""
    otps_per_number_per_hour: int = 5
    """OTPs for one Aadhaar number in any hour, whoever asks for them."""
    otps_per_number_per_day: int = 20
    """OTPs for one Aadhaar number in 24 hours, whoever asks for them."""
    messages_per_minute: int = 30
    """More than this from one person are a machine's: one answer, then silence until it is quieter."""
    same_texts_per_minute: int = 5
    """So many identical texts within a minute are a machine's: the last of them, and what follows, is left alone."""
    replies: Limit = replies_a_day(100)
    """Messages that WhatsApp charges us for. Whoever reaches it is told once, and then gets none for a while."""
    documents: Limit = Limit(6, 20, 40)
    pulls: Limit = Limit(6, 12, 20)
    """Each has an issuer look somebody up by the details that were typed."""
    links: Limit = Limit(5, 10, 20)
    """Links to DigiLocker's page."""
    list_seconds: int = 300
    """How old a list of documents may be before *Other documents* asks DigiLocker for it again."""
    on_page: bool = False
    """Whether she signs in on DigiLocker's own page, and not in the chat."""
    by_form: bool = False
    """Whether she signs in by a form (a WhatsApp Flow) instead of typing in the chat."""
    types_instead: bool = True
    """Whether she may type in the chat after all where the form cannot be opened."""
    link_seconds: int = 600
    """How long the link to that page can be used, and the one-time code after it."""
    has_line: bool = False
    languages: tuple[str, ...] = ("en", "hi", "bn")
    """In the order in which they are offered."""

    @property
    def number_pause_seconds(self) -> int:
        """The pause between two OTPs to one number, whoever asks, and on whatever way.

        Shorter than *Resend* has it only where so many are allowed in an hour that they would not fit in otherwise.
        """
        return min(self.resend_seconds, HOUR // (4 * self.otps_per_number_per_hour))


class IssuedDocument(Tagged, frozen=True):
    """A document on her list. The URI holds numbers such as her PAN: personal data, never shown or logged."""

    hidden = ("uri",)

    name: str
    doctype: str
    issuer: str
    uri: str
    has_pdf: bool = True
    shared: bool = True
    """Whether she ticked it on DigiLocker's page, as far as is known."""
    date: str = ""
    """The day that DigiLocker names for it, as YYYY-MM-DD; tells documents of one kind apart."""


class OtpRound(Tagged, frozen=True):
    """An OTP that was sent. Times in seconds since the epoch."""

    sent_at: int
    expires_at: int
    tries_left: int
    digits: str
    mark: str = ""


class Session(Tagged, frozen=True):
    """She is signed in. `listing` names the list that row ids and numbers refer to; empty until there is one."""

    signed_in_at: int
    """Nothing reads it, but release 0.1 reads no session without it: it can go once no 0.1 runs any more."""
    expires_at: int
    listing: str = ""
    page: int = 1
    count: int = 0
    """How many documents the list has."""
    uploaded: int = 0
    listed_at: int = 0
    """When the list came, in seconds since the epoch."""
    at_list: bool = True
    """Whether the list was the last that she was shown, and not one of its documents."""
    token_until: int = 0
    """When the access token ends, if it can be refreshed; the session then lasts longer."""
    keeps: tuple[str, ...] = (TOKEN,)
    """The names of the sealed values that belong to it."""
    left_out: int = 0
    """How many more documents there are that cannot be shown."""
    typed: bool = True
    """Whether she typed number and OTP in the chat."""
    advised: bool = True
    """Whether she was advised to delete her messages with number and OTP: with the list, or what came in its place."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The names of the tokens among them, which are revoked at its end."""
        return tuple(name for name in self.keeps if name in {TOKEN, REFRESH})

    @property
    def on_page(self) -> bool:
        """Whether she signed in on DigiLocker's own page, where she ticks what she shares."""
        return SHARED in self.keeps


class Waiting(Tagged, frozen=True):
    """A step whose answer is still wanted."""

    id: str
    at: int
    number: int = 0
    """The document that is being fetched; 0 for other steps."""


class Form(Tagged, frozen=True):
    """She is signing up. What she entered is sealed outside; here is only which details have been entered."""

    has: tuple[str, ...] = ()
    """The names under which it is sealed."""
    mark: str = ""
    """A keyed hash of the Aadhaar number."""
    mobile_mark: str = ""
    """A keyed hash of the mobile number; empty for the one that she writes from."""


class Link(Tagged, frozen=True):
    """The way to DigiLocker's own page. It can be opened until it is used, or too old. Times since the epoch."""

    hidden = ("address", "proof")

    mark: str
    """A hash of its `state`."""
    address: str
    """Where it leads, without what identifies her."""
    expires_at: int
    sign_up: bool = False
    returned: str = ""
    """A hash of the code that she came back with; empty as long as she is away."""
    proof: str = ""
    """A hash of the one-time code that she must send."""
    tries_left: int = 3
    agreed: bool = True
    """Whether she has agreed on our page. One that release 0.1 made came after her consent in the chat."""


class OtpAttempt(Tagged, frozen=True, tag="Tried"):
    """An Aadhaar number that an OTP was asked for, by a keyed hash, and when."""

    mark: str
    at: int
    refused: bool = False
    """It is known that no OTP was sent. The number stays counted among those that were tried."""
    step: str = ""
    """The step that asked."""


class ResumeDocument(Tagged, frozen=True, tag="Wanted"):
    """A document that was asked for when the session broke off. The list of the next session has other numbers."""

    doctype: str
    name: str
    issuer: str
    at: int
    """When it was asked for, in seconds since the epoch."""
    nth: int = 0
    """Which one, where several on the list look alike."""
    offer: Offer | None = None
    """It is not on the list: it was being brought in."""


class Wish(Tagged, frozen=True):
    """What she asked for before she was signed in: she gets it without the list. Her words are not kept.

    It ends with her silence, as a session does, and where she ends something herself.
    """

    doctypes: tuple[str, ...] = ()
    """The kinds that her words can mean; none for a kind that we know no doctype of."""

    @property
    def kind(self) -> str:
        """Its doctype, if it is one."""
        return self.doctypes[0] if len(self.doctypes) == 1 else ""


class Newest(Tagged, frozen=True):
    """Her newest message and the question that it was read by: an edit of it can still answer that question."""

    step: str
    question: str
    sent_at: int = 0
    """When she sent it, in seconds since the epoch."""


class RepeatedText(Tagged, frozen=True, tag="Repeated"):
    """What she typed last, by a keyed hash, since when (seconds since the epoch), and how often in a row."""

    mark: str
    since: int
    times: int = 1


class Conversation(Tagged, frozen=True):
    """Everything the dialogue remembers of one citizen's chat, without a single secret."""

    language: str = "en"
    stage: Stage = Stage.NEW
    previous: Stage | None = None
    """Where she was when she asked for another language."""
    form: Form | None = None
    """What was entered for signing up; None when signing in."""
    pull: Pull | None = None
    """What was chosen and entered for bringing a document in."""
    flow: Flow | None = None
    """The form that she was sent."""
    types: bool = False
    """Where she would sign in by the form: whether she types in the chat instead, as it cannot be opened."""
    writes_from_mobile: bool = False
    """Whether the number that she writes from is known, and an Indian mobile."""
    otp: OtpRound | None = None
    link: Link | None = None
    session: Session | None = None
    again: Request | None = None
    """What *Try again* repeats."""
    waiting: tuple[Waiting, ...] = ()
    active_at: int = 0
    """When she last wrote, in seconds since the epoch."""
    greeted_at: int = 0
    """When she last said Hi, if she has got no document since."""
    timer_at: int = 0
    """When the timer fires that ends the session."""
    was_closed: bool = False
    """Whether we ended the session, without a word to her yet: she is told with her next message."""
    tried: tuple[OtpAttempt, ...] = ()
    """The OTPs of the last 24 hours, and the numbers that were refused."""
    used: Used = Used()
    minute: int = 0
    """The minute in which her messages are being counted, in minutes since the epoch."""
    messages: int = 0
    """How many came in that minute."""
    misses: int = 0
    """How many answers in a row were not understood."""
    is_done: bool = False
    """Whether *Done* was the last that was said: thanks are not answered then."""
    late_at: int = 0
    """When she was last told that her messages came late."""
    repeated: RepeatedText | None = None
    wanted: ResumeDocument | None = None
    """What continues as soon as she is signed in again."""
    wish: Wish | None = None
    place: Place | None = None
    admitted_until: int = 0
    """Until then she can begin to sign in without a place in the line."""
    newest: Newest | None = None
    told_of_groups_at: int = 0
    """When she was last told that groups get no answer."""
    documents: tuple[IssuedDocument, ...] = ()

    @property
    def at(self) -> Stage:
        """The question that is open, also while she is choosing a language."""
        return self.previous or self.stage if self.stage is Stage.LANGUAGE else self.stage

    @property
    def inner(self) -> Stage:
        """The stage that she is at, also inside the form."""
        return Stage(self.flow.stage) if self.flow and self.at is Stage.FORM else self.at

    @property
    def question(self) -> str:
        """Name the open question, so that it differs from one of the same stage about something else."""
        pull = self.pull
        return f"{self.stage}@{pull.mark}#{pull.missing}" if pull else self.stage.value

    @property
    def asked_parameter(self) -> Parameter | None:
        """The issuer's parameter that she is being asked for; None if it is no such question that is open."""
        if self.pull is None or self.stage is not Stage.DETAIL or not self.pull.missing:
            return None
        return self.pull.parameters[self.pull.missing - 1]

    @property
    def keeps(self) -> frozenset[str]:
        """The names of the sealed values that a later step can still need; everything else is forgotten."""
        kept = set(self.again.needs) if self.again else set()
        if self.form:
            return frozenset(self.form.has)
        if self.inner in {Stage.SENDING_OTP, Stage.OTP, Stage.VERIFYING}:
            kept.add(AADHAAR)
        if self.otp:
            kept.add(DEVICE_CODE)
        if self.link:
            kept |= {VERIFIER, CODE if self.link.returned else LINK}
        if self.session:
            kept.update(self.session.keeps)
        if self.pull:
            kept.update(self.pull.has, (SOUGHT,) if self.pull.sought else ())
        return frozenset(kept)

    def waits_for(self, step: str) -> bool:
        """Return whether the answer to `step` is still wanted."""
        return any(waiting.id == step for waiting in self.waiting)
