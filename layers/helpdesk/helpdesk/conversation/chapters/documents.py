"""The list, the choice, the delivery, and Done."""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.effects import (
    DeletePdf,
    DeliverDocument,
    FetchDocument,
    ListDocuments,
    Say,
    ShowDocuments,
    Text,
)
from helpdesk.conversation.events import (
    CitizenEvent,
    DeliveryFailed,
    DocumentFetched,
    DocumentsListed,
    Entered,
    Failed,
    Said,
)
from helpdesk.conversation.model import Conversation, ResumeDocument, Stage, Waiting, Wish
from helpdesk.conversation.on_list import fitting, found, is_aadhaar, matching, remembered
from helpdesk.conversation.pages import DOCUMENTS as ON_A_PAGE
from helpdesk.conversation.pages import pages
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.turn import (
    ANOTHER_PERSON,
    CANCEL,
    DONE,
    MENU,
    NEW_DOCUMENT,
    OTHER_DOCUMENTS,
    SERVICES,
    Context,
    Expects,
    Question,
    Turn,
    advice,
    await_answer,
    echoed,
    explains,
    goto,
    match_choice,
    not_understood,
    question,
    reset_to,
    say,
    signed_out,
    stop_waiting,
    text,
    wait,
)

_NO_FILE = {Problem.NOT_SHARED, Problem.NOT_FOUND, Problem.NOT_A_PDF}
"""What DigiLocker answers where a partner may not have the Aadhaar card (which it is, is not documented)."""
# The list


def on_documents_listed(conversation: Conversation, event: DocumentsListed, context: Context) -> Turn:
    """The list has come; or the document that was asked for when the last session broke off."""
    session = conversation.session
    if session is None:
        return conversation, ()
    listing = replace(
        session,
        listing=event.id[:8],
        listed_at=context.now,
        page=1,
        count=len(event.documents),
        uploaded=event.uploaded,
        left_out=event.left_out,
        advised=bool(session.listing) or session.on_page or not session.typed,
    )
    here = replace(
        stop_waiting(conversation, event.id),
        stage=Stage.DOCUMENTS,
        documents=event.documents,
        session=listing,
        wanted=None,
    )
    wanted = conversation.wanted
    is_recent = wanted is not None and context.now - wanted.at < context.rules.session_seconds
    is_allowed = not context.rules.documents.wait(here.used.documents, context.now)
    if wanted and is_recent and is_allowed and (number := found(here.documents, wanted)):
        return choose(here, number, context)
    note = text("documents.cut", left=event.cut) if event.cut else None
    more = advice(here)
    return wished(here, context, more) if here.wish and is_allowed else show(here, note=note, more=more)


def straight_to(conversation: Conversation, wish: Wish, context: Context) -> Turn:
    """She wishes for a document while she is signed in, but not at the list."""
    here = replace(reset_to(conversation, Stage.DOCUMENTS), wish=wish)
    return wished(here, context) if here.documents else list_again(here, context)


def wished(conversation: Conversation, context: Context, more: Text | None = None) -> Turn:
    """Fetch what she wished for if there is just one; ask which of several; offer to bring in what there is not."""
    wish = conversation.wish or Wish()
    if numbers := fitting(conversation.documents, wish):
        return _one_of(replace(conversation, wish=None), numbers, context, at_once=False, more=more)
    return (
        _not_hers(conversation, wish.kind, more=more) if wish.kind else show(conversation, 1, text("wish.look"), more)
    )


def again(conversation: Conversation, context: Context) -> Turn:
    """*Other documents*: the list again, fetched again if it may have changed."""
    session = conversation.session
    if session is None or not session.listing:
        return show(conversation)
    if conversation.documents and context.now - session.listed_at < context.rules.list_seconds:
        return show(conversation)  # an empty one is always fetched again: she was told how to bring documents in
    if conversation.waiting:
        return show(conversation)  # documents of this list are on their way, and theirs would be another one
    return list_again(conversation, context)


def not_listed(conversation: Conversation, event: Failed) -> Turn:
    """The list could not be had."""
    if event.problem is Problem.SIGNED_OUT:
        return revoked(conversation, conversation.wanted)
    if conversation.documents:
        return show(stop_waiting(conversation, event.id), note=text("documents.not_refreshed"))
    stays = replace(stop_waiting(conversation, event.id), stage=Stage.LISTING, again=ListDocuments())
    # "Not shared" speaks of a document; that the list itself is not shared, our registration is to blame for.
    problem = Problem.MISCONFIGURED if event.problem is Problem.NOT_SHARED else event.problem
    return stays, (say(stays, f"problem.{problem}", *question(Stage.LISTING, Choice.TRY_AGAIN), DONE),)


def show(conversation: Conversation, page: int = 1, note: Text | None = None, more: Text | None = None) -> Turn:
    """Show one page of the list; if there is nothing on it, say so and what can be done."""
    session = conversation.session
    if session is None:
        return no_session(conversation)
    if not session.listing:
        stays = replace(conversation, stage=Stage.LISTING, again=ListDocuments())
        return stays, (say(stays, "documents.not_listed", *question(Stage.LISTING, Choice.TRY_AGAIN), DONE),)
    page = page if 1 <= page <= pages(len(conversation.documents), ON_A_PAGE) else 1
    session = replace(session, page=page, at_list=True, advised=True)
    here = replace(conversation, stage=Stage.DOCUMENTS, previous=None, session=session, pull=None)
    if not conversation.documents:
        if session.left_out:
            also = text("documents.uploaded", uploaded=session.uploaded) if session.uploaded else None
            unreadable = say(here, "documents.none_readable", DONE, MENU, note=note, left_out=session.left_out)
            return here, (replace(unreadable, more=also),)
        key = "documents.only_uploaded" if session.uploaded else "documents.none"
        return here, (say(here, key, NEW_DOCUMENT, DONE, MENU, note=note, uploaded=session.uploaded),)
    return here, (ShowDocuments(here.language, session.listing, page, note=note, more=more),)


def list_again(conversation: Conversation, context: Context) -> Turn:
    """Have the list fetched again."""
    return await_answer(conversation, Stage.LISTING, context), (ListDocuments(),)


def ask_for_list(conversation: Conversation, context: Context, note: Text | None = None) -> Turn:
    """Lead to the list; or, where it could not be had, say so again."""
    if conversation.stage is not Stage.LISTING:
        return again(conversation, context)
    return wait(conversation) if conversation.waiting else show(conversation, note=note)


def answer_listing(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """The list could not be had: try again, or be done."""
    if conversation.waiting:
        return wait(conversation)
    if match_choice(event, Stage.LISTING, (Choice.TRY_AGAIN,), numbered=False):
        return list_again(conversation, context)
    return show(conversation)


def _help_listing(conversation: Conversation) -> Say:
    if conversation.waiting:
        return say(conversation, "help.waiting", CANCEL)
    return say(conversation, "help.listing", *question(Stage.LISTING, Choice.TRY_AGAIN), DONE)


# The choice


def ask(conversation: Conversation, _: Context, note: Text | None = None) -> Turn:
    """Show the page of the list that she is at."""
    return show(conversation, conversation.session.page if conversation.session else 1, note)


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """A number, a row, or a name fetches one document."""
    session = conversation.session
    if session is None:
        return no_session(conversation)
    match event:
        case _ if match_choice(event, Stage.DOCUMENTS, (Choice.TRY_AGAIN,), numbered=False):
            return try_again(conversation, context)
        case _ if session.on_page and match_choice(event, Stage.DOCUMENTS, (Choice.SHARE,), numbered=False):
            return share(conversation, context)
        case Said(page=int(page)):
            return show(conversation, page)
        case Said(number=int(number)):
            return choose(conversation, number, context)
        case Said(numbers=numbers) if len(numbers) > 1:
            return _one_of(conversation, numbers, context, at_once=True)
        case Said(choices=choices) if Choice.CHANGE in choices or event.refuses:
            return show(conversation, session.page, note=text("documents.refused"))
        case Said(words=words) if words:
            return named(conversation, event, context)
        case Entered():
            return show(conversation, session.page, note=text("documents.long_number"))
    return show(conversation, session.page, note=text("not_understood"))


def tapped(conversation: Conversation, tap: Tap, context: Context) -> Turn:
    """She tapped a row of a list: of the one that is shown now, from wherever she is, or of an earlier one."""
    session = conversation.session
    if session is None:
        return no_session(conversation)
    here = conversation if conversation.stage is Stage.DOCUMENTS else reset_to(conversation, Stage.DOCUMENTS)
    if tap.place != session.listing or tap.number is None:
        return show(here, note=text("documents.old_list"))
    return choose(here, tap.number, context)


def named(conversation: Conversation, event: Said, context: Context) -> Turn:
    """She named a document: fetch it, ask which of several, or offer to bring it in, by the name that she gave it."""
    session = conversation.session
    if session is None:
        return no_session(conversation)
    if numbers := matching(conversation.documents, event):
        return _one_of(conversation, numbers, context, at_once=len({one.words for one in event.named}) > 1)
    words = event.elsewhere or next((naming.words for naming in event.named), ())
    if not words:
        return show(conversation, session.page, note=not_understood(event))
    return _not_hers(conversation, "" if event.elsewhere else event.named[0].doctype, echoed(words))


def _not_hers(conversation: Conversation, doctype: str, called: str = "", more: Text | None = None) -> Turn:
    """She has no such document: offer to bring it in. *Get a new document* then looks for its kind, if known."""
    here = replace(conversation, wish=Wish((doctype,)) if doctype else None)
    buttons = (NEW_DOCUMENT, OTHER_DOCUMENTS, DONE)
    return here, (replace(say(here, "documents.not_hers", *buttons, document=called, doctype=doctype), more=more),)


def _one_of(
    conversation: Conversation, numbers: tuple[int, ...], context: Context, *, at_once: bool, more: Text | None = None
) -> Turn:
    """A single document comes at once; of several she chooses one. `at_once`: she asked for all of them."""
    there = tuple(number for number in numbers if number <= len(conversation.documents))
    if len(there) < 2 or conversation.session is None:
        return choose(conversation, (there or numbers)[0], context)
    note = text("documents.one_at_a_time" if at_once else "documents.which")
    only = ShowDocuments(conversation.language, conversation.session.listing, 1, there[:ON_A_PAGE], note, more)
    return replace(conversation, session=replace(conversation.session, advised=True)), (only,)


def choose(conversation: Conversation, number: int, context: Context) -> Turn:
    """Fetch document `number` of the list."""
    session = conversation.session
    if session is None:
        return no_session(conversation)
    last = len(conversation.documents)
    if not 1 <= number <= last:
        return show(conversation, session.page, note=text("documents.no_such_number", last=last))
    if not conversation.documents[number - 1].has_pdf and not is_aadhaar(conversation.documents, number):
        return conversation, (say(conversation, "documents.no_pdf", OTHER_DOCUMENTS, DONE, about=number),)
    if not conversation.documents[number - 1].shared:
        return not_shared(replace(conversation, session=replace(session, at_list=False)), number)
    seconds = context.rules.job_expiry_seconds
    if any(w.number == number and context.now - w.at < seconds for w in conversation.waiting):
        return conversation, (say(conversation, "documents.on_its_way", OTHER_DOCUMENTS, DONE, about=number),)
    # A list that is on its way would be another one: it is not waited for any more.
    fetched = tuple(w for w in conversation.waiting if w.number)
    waiting = (*fetched, Waiting(context.step, context.now, number))
    asked = replace(conversation, waiting=waiting, again=None, wish=None, session=replace(session, at_list=False))
    return asked, (FetchDocument(number, session.listing),)


def not_shared(conversation: Conversation, number: int) -> Turn:
    """She did not tick it on DigiLocker's page: say so, and the way to share it."""
    session = conversation.session
    here = replace(conversation, again=FetchDocument(number, session.listing if session else ""))
    buttons = (*question(Stage.DOCUMENTS, Choice.SHARE), OTHER_DOCUMENTS, DONE)
    return here, (say(here, "documents.not_shared", *buttons, about=number),)


def share(conversation: Conversation, context: Context) -> Turn:
    """*Share more*: to DigiLocker's page again. The document that was asked for then comes without asking."""
    wanted = None
    if isinstance(conversation.again, FetchDocument):
        wanted = remembered(conversation.documents, conversation.again.number, context.now)
    out, effects = signed_out(conversation, Stage.MENU)
    asked, requests = goto(replace(out, wanted=wanted), Stage.MAKING_LINK)
    return asked, (*requests, *effects)


def try_again(conversation: Conversation, context: Context) -> Turn:
    """*Try again*: the document that could not be had; or the list, if one may have come in meanwhile."""
    match conversation.again:
        case FetchDocument(number=number):
            return choose(conversation, number, context)
        case ListDocuments():
            return list_again(conversation, context)
    return show(conversation)


# The delivery


def fetched(conversation: Conversation, event: DocumentFetched) -> Turn:
    """The PDF is here: hand it over."""
    here, more = replace(stop_waiting(conversation, event.id), greeted_at=0), advice(conversation)
    greeted_at = conversation.greeted_at
    return here, (DeliverDocument(here.language, event.key, event.number, event.listing, False, greeted_at, more),)


def not_fetched(conversation: Conversation, event: Failed, request: FetchDocument, context: Context) -> Turn:
    """The PDF could not be had: which document, why, and what she can do."""
    number = request.number
    if event.problem is Problem.SIGNED_OUT:
        return revoked(conversation, remembered(conversation.documents, number, context.now))
    here = replace(stop_waiting(conversation, event.id), again=request)
    if is_aadhaar(conversation.documents, number) and event.problem in _NO_FILE:
        # It may as well be that she did not tick it: without a document in it, the scope does not tell.
        may_share = event.problem is Problem.NOT_SHARED and here.session is not None and here.session.on_page
        share_it = question(Stage.DOCUMENTS, Choice.SHARE) if may_share else ()
        return here, (say(here, "documents.no_aadhaar", *share_it, OTHER_DOCUMENTS, DONE, about=number),)
    if event.problem is Problem.NOT_SHARED and here.session and here.session.on_page:
        return not_shared(here, number)
    buttons = (*question(Stage.DOCUMENTS, Choice.TRY_AGAIN), OTHER_DOCUMENTS, DONE)
    return here, (say(here, f"problem.{event.problem}", *buttons, note=text("documents.failed"), about=number),)


def not_delivered(conversation: Conversation, event: DeliveryFailed) -> Turn:
    """WhatsApp could not carry the PDF: hand it over as a file, once; then say so."""
    session = conversation.session
    if session is None or session.listing != event.listing:
        return conversation, (DeletePdf(event.key),)
    if not event.uploaded:
        file, more = (event.key, event.number, event.listing), advice(conversation)
        return conversation, (DeliverDocument(conversation.language, *file, uploaded=True, more=more),)
    here = replace(conversation, again=FetchDocument(event.number, event.listing))
    buttons = (*question(Stage.DOCUMENTS, Choice.TRY_AGAIN), OTHER_DOCUMENTS, DONE)
    failed = say(here, "documents.not_delivered", *buttons, note=text("documents.failed"), about=event.number)
    return here, (failed, DeletePdf(event.key))


# The end


def done(conversation: Conversation, *_: object) -> Turn:
    """*Done* signs out."""
    if conversation.session is None:
        return no_session(conversation)
    out, effects = signed_out(conversation, Stage.MENU)
    out = replace(out, is_done=True)
    return out, (say(out, "done", ANOTHER_PERSON, MENU), *effects)


def revoked(conversation: Conversation, wanted: ResumeDocument | None) -> Turn:
    """DigiLocker does not know the token any more: she, or DigiLocker, ended the session there.

    The document that was asked for is remembered, and comes without asking once she is signed in again.
    """
    out, leaving = signed_out(conversation, Stage.MENU, is_refused=True)
    out = replace(out, wanted=wanted)
    return out, (say(out, "documents.sign_in_again" if wanted else "problem.signed_out", SERVICES, MENU), *leaving)


def no_session(conversation: Conversation) -> Turn:
    """A button of an earlier session: nobody is signed in."""
    return conversation, (say(conversation, "session.none", SERVICES, MENU),)


def _back(conversation: Conversation, _: Context) -> Turn:
    """*Back* to the list, or to the page before this one."""
    session = conversation.session
    if session and not session.at_list:
        return show(conversation, session.page)
    if session and session.page > 1:
        return show(conversation, session.page - 1)
    return goto(conversation, Stage.MENU)


LISTING = Question(
    ask=ask_for_list,
    answer=answer_listing,
    back=Stage.MENU,
    help=_help_listing,
    expects=(Expects.CHOICE,),
    waits_for=lambda conversation: ListDocuments() if conversation.waiting else None,
)
DOCUMENTS = Question(
    ask=ask,
    answer=answer,
    back=_back,
    help=explains("documents", OTHER_DOCUMENTS, DONE),
    expects=(Expects.DOCUMENT,),
)
