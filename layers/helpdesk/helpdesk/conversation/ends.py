"""When what a citizen entrusted ends, whatever becomes of queues and timers.

Two ends apply. The *absolute* end of a sealed value is fixed when it is sealed and is part of its seal. The *idle* end
moves with the conversation: it follows from when she last wrote. A value is opened before both, or not at all.
"""

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import (
    CODE,
    DEVICE_CODE,
    LINK,
    OTP,
    REFRESH,
    SHARED,
    TOKEN,
    VERIFIER,
    Button,
    Effect,
    OfferLink,
    Say,
    Text,
)
from helpdesk.conversation.model import Conversation, Rules, Stage

HOUR = 3600
LONGEST_SESSION_SECONDS = 24 * HOUR
"""The longest that a session lasts, however long DigiLocker would let its token live."""


def idle_end(conversation: Conversation, rules: Rules) -> int:
    """Return when she has been silent for too long. While she is on DigiLocker's page she does not write here."""
    away_until = conversation.link.expires_at if conversation.link else 0
    return max(conversation.active_at + rules.session_seconds, away_until)


def absolute_end(name: str, conversation: Conversation, now: int, rules: Rules) -> int:
    """Return when a value that is sealed now ends: DigiLocker's end of it or ours, whichever comes first.

    `conversation` is the one after the turn that brought the value. Times are in seconds since the epoch.
    """
    session, link, otp = conversation.session, conversation.link, conversation.otp
    match name:
        case _ if name in {TOKEN, REFRESH, SHARED}:
            latest = now + LONGEST_SESSION_SECONDS
            if session is None:
                return latest  # nobody waits for it: it is only kept to be revoked
            if name == TOKEN and session.token_until:
                # Refreshed when she next asks for something; if that gets no answer, the old token ends the new ones.
                latest = min(latest, session.token_until + rules.session_seconds + rules.job_expiry_seconds)
            return min(session.expires_at, latest)
        case _ if name in {OTP, DEVICE_CODE}:
            return min(otp.expires_at if otp else now + rules.session_seconds, now + HOUR)
        case _ if name == LINK:
            return link.expires_at if link else now + rules.link_seconds
        case _ if name in {CODE, VERIFIER}:
            # The link, the one-time code after it, and the job that exchanges the code.
            return now + 2 * rules.link_seconds + rules.job_expiry_seconds
    return now + HOUR  # what she typed


def said_instead(effect: Effect, conversation: Conversation) -> Say:
    """Return what she is told instead of a reply that shows what has ended."""
    if isinstance(effect, OfferLink):
        buttons = (Button(Choice.NEW_LINK, Stage.LINK.value), Button(Choice.CANCEL, Stage.LINK.value))
        return Say(conversation.language, Text("link.expired"), buttons)
    return Say(conversation.language, Text("session.closed"), (Button(Choice.SERVICES), Button(Choice.MENU)))
