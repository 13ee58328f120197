"""What the Cloud API can answer instead of accepting a message, by what can be done about it.

    WhatsAppError
    ├── RateLimited          retryable after `pause` seconds
    ├── Unavailable          retryable: the service is down, in maintenance, or nothing was sent at all
    ├── OutcomeUnknown       the message may have been sent: repeat it once at most
    ├── MediaFailed          WhatsApp could not get the file: send it again by another route
    ├── WindowClosed         more than 24 h since the citizen's last message: only templates pass
    ├── Undeliverable        this recipient cannot be reached
    ├── InboundMediaLost     something that the citizen sent could not be loaded
    ├── InvalidMessage       we built something that WhatsApp does not take: a bug
    ├── TokenRefused         the access token is expired or wrong: an operator must act
    ├── PolicyBlocked        the account is limited or blocked: an operator must act
    └── Misconfigured        permission, billing, registration or a wrong id: an operator must act

Source: Cloud API reference, error codes (`error.code` is what Meta says to build on, not the HTTP status, title or
subcode). The same code may come as the answer to the call and later in a `failed` status.
"""

from typing import Final

from helpdesk.errors import WhatsAppError

MEDIA_FAILED: Final = 131053
"""WhatsApp could not fetch a link or use a file."""

FORM_REFUSED: Final = frozenset({132068, 132069})
"""The form is blocked, or throttled to ten messages an hour, as its endpoint failed too often or took too long."""


class RateLimited(WhatsAppError):
    """Too many messages: from this number (130429), to this person (131056), or calls of the app (4, 80007)."""

    retryable = True

    @property
    def pause(self) -> float:
        """Seconds to wait before the first repetition; the caller lets them grow (Meta: 4^n seconds for 131056)."""
        return _PAUSE_OF_CODE.get(self.code, 1.0)


class Unavailable(WhatsAppError):
    """The service cannot take the message now, and has not taken it."""

    retryable = True


class OutcomeUnknown(WhatsAppError):
    """The request left, but no readable answer came: the message may have been sent.

    The Cloud API has no idempotency key, so a repetition may arrive twice. It is retryable in the sense that it can
    succeed later; whoever repeats it does so once at most, or waits for the message's status instead.
    """

    retryable = True


class MediaFailed(WhatsAppError):
    """WhatsApp could not download or accept the document (131053): upload it and send it by media id."""


class WindowClosed(WhatsAppError):
    """The 24 hours in which free messages are allowed are over (131047)."""


class Undeliverable(WhatsAppError):
    """The message cannot reach this recipient: not on WhatsApp, an old app, opted out, not on a test number's list."""


class InboundMediaLost(WhatsAppError):
    """A file that the citizen sent is too big or cannot be loaded (131052)."""


class InvalidMessage(WhatsAppError):
    """The request itself is wrong: a missing or impossible parameter, or a type this recipient cannot be sent."""


class TokenRefused(WhatsAppError):
    """The access token is expired, revoked or of another app (190, 0), or not proved (100).

    Development tokens live 24 hours.
    """


class PolicyBlocked(WhatsAppError):
    """The account is restricted: policy (368), lock (131031), country (130497), spam limit (131048), Flow (132068)."""


class Misconfigured(WhatsAppError):
    """A permission, payment method, display name, registration or id is missing or wrong."""


_CODES: Final[dict[type[WhatsAppError], tuple[int, ...]]] = {
    RateLimited: (130429, 131056, 4, 80007, 132069),
    Unavailable: (131016, 2, 133004, 131000, 1, 131057),
    MediaFailed: (MEDIA_FAILED,),
    WindowClosed: (131047,),
    # 131035 and 131036 are losses of numbers without storage: the message is gone.
    Undeliverable: (131026, 131049, 131050, 130472, 131021, 131030, 131035, 131036),
    InboundMediaLost: (131052,),
    InvalidMessage: (131051, 131008, 131009, 100, 131062, 132000, 132001, 132005, 132007, 132012, 132015, 132016),
    TokenRefused: (190, 0),
    PolicyBlocked: (131048, 368, 131031, 130497, 132068),
    Misconfigured: (
        *(33, 3, 10, *range(200, 300), 131005),  # wrong phone number id; permissions
        *(131042, 131037, 131045, *range(133005, 133017)),  # billing, display name, registration
    ),
}

CLASS_OF_CODE: Final[dict[int, type[WhatsAppError]]] = {code: kind for kind, codes in _CODES.items() for code in codes}
"""Meta's error code -> the class it is raised as."""

_PAUSE_OF_CODE: Final[dict[int | None, float]] = {
    130429: 1.0,  # 80 messages a second for each number: one second frees as many
    131056: 1.0,  # 4^0; the next would be 4, 16, ... seconds
    4: 60.0,  # "minutes"
    80007: 60.0,
    132069: 360.0,  # a throttled Flow: 10 messages an hour
}

_WRONG_ID_SUBCODE: Final = 33
"""Code 100 with this subcode: there is no such phone number id, or the token may not use it."""

_PROOF: Final = "appsecret_proof"
"""Code 100 with this in its message: the app secret that proves the token to be the app's own is an old one."""


def error_of(status: int, body: object) -> WhatsAppError:
    """Return the error for an answer that is not a success.

    `status` is the HTTP status; `body` the decoded JSON, or None when it was not JSON. A known code decides; otherwise
    the status does. The documented status of a code is not relied on: implementations differ.
    """
    error = body.get("error") if isinstance(body, dict) else None
    code = _number(error.get("code")) if isinstance(error, dict) else None
    if isinstance(error, dict) and code == 100 and _number(error.get("error_subcode")) == _WRONG_ID_SUBCODE:
        return Misconfigured(code, status=status)
    if isinstance(error, dict) and code == 100 and _PROOF in str(error.get("message")):
        return TokenRefused(code, status=status)
    kind = CLASS_OF_CODE.get(code) if code is not None else None
    return (kind or _class_of_status(status))(code, status=status)


def _class_of_status(status: int) -> type[WhatsAppError]:
    match status:
        case 401:
            return TokenRefused
        case 403 | 404:
            return Misconfigured
        case 429:
            return RateLimited
        case 503:
            return Unavailable
        case _ if 400 <= status < 500:
            return InvalidMessage
        case _ if 300 <= status < 400:  # redirects are never followed: the address in the settings is not the API's
            return Misconfigured
        case _:  # 500, 502, 504, or a success that cannot be read
            return OutcomeUnknown


def _number(value: object) -> int | None:
    """Return a code; None for what is too long to be one, and might be a phone number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10_000_000 else None
