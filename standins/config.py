"""What the stand-ins need to know, in one frozen value."""

from dataclasses import dataclass, field
from typing import Literal

type Identity = Literal["legacy", "2026", "username", "username-empty"]
type DigiLockerVersion = Literal["1.x", "2.4"]


@dataclass(frozen=True)
class SimulatorConfig:
    """Credentials, identities and habits of the stand-ins. All times in seconds.

    `identity`: how webhooks name a person. `legacy`: by phone number only; `2026`: by phone number and business-scoped
    user id; `username`: by user id, phone number left out; `username-empty`: by user id, phone number "".
    `escape`: webhooks escape everything but plain ASCII, as Meta's do; else they carry UTF-8.
    """

    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    phone_number_id: str
    access_token: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    webhook_url: str | None = None
    display_phone_number: str = "919013151515"
    waba_id: str = "100000000000002"
    app_id: str = "100000000000003"
    business_id: str = "100000000000004"
    graph_version: str = "v26.0"
    """The newest there is; a later one is refused."""
    oldest_graph_version: str = "v20.0"
    """Answers in the place of those before it, which are over."""
    digilocker_version: DigiLockerVersion = "1.x"
    identity: Identity = "2026"
    escape: bool = True

    # WhatsApp
    country_code: str = "91"
    """Put before a `to` without "+"."""
    allowed_recipients: tuple[str, ...] | None = None
    """Test numbers may write to these only (131030); None: to anybody."""
    enforce_window: bool = True
    window_seconds: float = 24 * 3600.0
    window_refusal: Literal["call", "status"] = "call"
    """131047 comes as the answer to the call, or as a failed status after a 200: both happen."""
    list_body_limit: int = 1024
    """Meta's pages say 1024 in one place and 4096 in another; the lower one is always safe."""
    throughput: int = 80
    """Messages a second, in and out together (130429)."""
    pair_seconds: float = 6.0
    pair_burst: int = 45
    """One message per `pair_seconds` to one person, `pair_burst` of them at once (131056)."""
    free_messages: int = 1000
    """So many replies a month need no payment method (since October 2026)."""
    rate_limit_status: int = 400
    """Documents say 400 for 130429 and 131056; 403 was seen."""
    status_delay: float = 0.05
    """Between accepted, sent, delivered and read."""
    fetch_timeout: float = 10.0
    link_cache_seconds: float = 600.0
    webhook_timeout: float = 10.0
    retry_gaps: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    """Waits before each repeat of a webhook that was not answered with 200: Meta's seven days, scaled."""

    # DigiLocker
    verify_hmac_order: Literal["with-value", "plain"] = "with-value"
    """`with-value`: secret, client id, uid or mobile, ts, as clients do; `plain`: without the value, as is printed."""
    tolerate_ist: bool = False
    """Also take a `ts` that is 5 h 30 ahead, as some clients send it."""
    otp_digits_seconds: float = 600.0
    otp_tries: int = 3
    otp_sends: int = 6
    otp_sends_window: float = 600.0
    """At most `otp_sends` OTPs per account in this time. DigiLocker publishes no numbers: these are ours."""
    otp_gap: float = 0.0
    """Least time between two OTPs of one account; ours, and off unless set."""
    expired_otp_error: str = "expired_token"
    """Code for an OTP that is past its time. Ours (after RFC 8628): DigiLocker documents none."""
    redirect_uris: tuple[str, ...] = ()
    """Where citizens may be sent back to after the consent page; must fit exactly. More can be registered later."""
    other_clients: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Ids and secrets of clients that exist beside ours and have no redirect URI."""
    approved_doctypes: tuple[str, ...] | None = None
    """What `req_doctype` may name; None: anything."""
    sign_in_seconds: float = 900.0
    """How long the consent page waits for the citizen; ours."""
    authorization_code_seconds: float = 300.0
    """Five minutes and, for refresh tokens, thirty days: one write-up claims so, no document does."""
    refresh_token_seconds: float = 30 * 24 * 3600.0
    slow_seconds: float = 4.0
    """How long the slow issuer takes for a document that does come."""
    stuck_seconds: float = 60.0
    """How long it takes for the one that is too late for everybody."""
