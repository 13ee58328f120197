"""DigiLocker's answers: which chapter each belongs to, what is still waited for, and what is undone if nobody does."""

from msgspec.structs import replace

from helpdesk.conversation.chapters import (
    documents,
    issuer,
    menu,
    new_document,
    otp,
    session,
    sign_in_chat,
    sign_in_page,
    sign_up,
)
from helpdesk.conversation.effects import (
    REFRESH,
    TOKEN,
    AskParameters,
    DeletePdf,
    Effect,
    ExchangeCode,
    FetchDocument,
    FindOffers,
    ListDocuments,
    MakeLink,
    PullDocument,
    Request,
    Revoke,
    SendOtp,
    SignUp,
    VerifyOtp,
    VerifySignUp,
)
from helpdesk.conversation.events import (
    Answer,
    DocumentFetched,
    DocumentsListed,
    Ended,
    Failed,
    LinkMade,
    OffersFound,
    OtpSent,
    ParametersTold,
    Pulled,
    Refreshed,
    SignedIn,
)
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.turn import Context, Turn, signed_out


def wanted(conversation: Conversation, step: str, request: Request) -> bool:
    """Return whether somebody still waits for what `request` would bring."""
    if isinstance(request, FetchDocument):
        session = conversation.session
        # A session whose list has expired has no listing: she is told.
        return conversation.waits_for(step) and session is not None and session.listing in {request.listing, ""}
    return conversation.waits_for(step)


def undo(answer: Answer) -> tuple[Effect, ...]:
    """Return the effects that give back what an answer brought and nobody wants any more."""
    match answer:
        case SignedIn() | Refreshed():
            return (Revoke(tuple(name for name in answer.keeps if name in {TOKEN, REFRESH})),)
        case DocumentFetched(key=key):
            return (DeletePdf(key),)
    return ()


def unwanted(conversation: Conversation, event: Answer, context: Context) -> tuple[Conversation, tuple[Effect, ...]]:
    """Undo what an answer brought for which nobody waits; but go on with the tokens that her session's own became."""
    if isinstance(event, Refreshed) and event.is_of(conversation.session):
        return session.refreshed(conversation, event, context)[0], ()
    return conversation, undo(event)


def answered(conversation: Conversation, event: Answer, context: Context) -> Turn:
    """Let the chapter that asked deal with the answer."""
    match event:
        case OtpSent():
            return otp.on_otp_sent(conversation, event, context)
        case SignedIn():
            return session.verified(conversation, event, context)
        case Refreshed():
            return session.refreshed(conversation, event, context)
        case LinkMade():
            return sign_in_page.on_link_made(conversation, event, context)
        case DocumentsListed():
            return _listed(conversation, event, context)
        case DocumentFetched():
            return documents.fetched(conversation, event)
        case OffersFound():
            return new_document.on_offers_found(conversation, event, context)
        case ParametersTold():
            return issuer.on_parameters_told(conversation, event, context)
        case Pulled():
            return issuer.on_pulled(conversation, event, context)
        case Failed():
            return failed(conversation, event, context)
        case Ended():
            out, leaving = signed_out(conversation, Stage.ENDED)
            told, replies = menu.ended(replace(out, was_closed=True))
            return told, (*replies, *leaving)


def failed(conversation: Conversation, event: Failed, context: Context) -> Turn:
    """Let the chapter that asked deal with the failure."""
    match event.request:
        case SendOtp() as request:
            return sign_in_chat.on_otp_not_sent(conversation, event, request)
        case SignUp():
            return sign_up.on_otp_not_sent(conversation, event, context)
        case VerifyOtp() | VerifySignUp():
            return otp.not_verified(conversation, event)
        case MakeLink(sign_up=signs_up) | ExchangeCode(sign_up=signs_up):
            return sign_in_page.not_signed_in(conversation, event, sign_up=signs_up)
        case ListDocuments() if conversation.pull:
            return issuer.not_listed(conversation, event, conversation.pull, context)
        case ListDocuments():
            return documents.not_listed(conversation, event)
        case FindOffers() | AskParameters():
            return new_document.not_found(conversation, event, context)
        case PullDocument(offer=offer):
            return issuer.not_pulled(conversation, event, offer, context)
        case FetchDocument() as request:
            return documents.not_fetched(conversation, event, request, context)


def _listed(conversation: Conversation, event: DocumentsListed, context: Context) -> Turn:
    """The list was asked for to be shown; or to see whether a document has come in; or to go on bringing one in."""
    if conversation.pull:
        return issuer.on_documents_listed(conversation, event, context)
    wanted = conversation.wanted
    if wanted and wanted.offer and context.now - wanted.at < context.rules.session_seconds:
        return issuer.resumed(conversation, event, wanted.offer, context)
    return documents.on_documents_listed(conversation, event, context)
