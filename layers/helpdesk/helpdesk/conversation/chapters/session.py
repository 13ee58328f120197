"""She is signed in, in the chat or on DigiLocker's page: a session begins, and goes on with other tokens."""

from msgspec.structs import replace

from helpdesk.conversation.effects import ListDocuments
from helpdesk.conversation.ends import LONGEST_SESSION_SECONDS
from helpdesk.conversation.events import Refreshed, SignedIn
from helpdesk.conversation.model import Conversation, Session, Stage
from helpdesk.conversation.turn import Context, Turn, await_answer


def verified(conversation: Conversation, event: SignedIn, context: Context) -> Turn:
    """She is signed in: on to her documents, in the same breath."""
    now = context.now
    lasts = min(event.lasts or event.expires_in, LONGEST_SESSION_SECONDS)
    until = now + event.expires_in if event.lasts else 0
    session = Session(
        signed_in_at=now, expires_at=now + lasts, token_until=until, keeps=event.keeps, typed=not conversation.flow
    )
    here = replace(conversation, session=session, otp=None, link=None, form=None)
    return await_answer(here, Stage.LISTING, context), (ListDocuments(),)


def refreshed(conversation: Conversation, event: Refreshed, context: Context) -> Turn:
    """The token was too old and has been exchanged: on with what it is for."""
    if conversation.session is None:
        return conversation, ()
    session = replace(conversation.session, token_until=context.now + event.expires_in, keeps=event.keeps)
    return replace(conversation, session=session), (event.request,)
