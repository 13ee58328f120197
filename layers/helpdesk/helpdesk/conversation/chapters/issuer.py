"""Bringing a document in: what its issuer wants to know, and then the pull itself.

What she enters is sealed on its way in, until the document is here.
"""

from msgspec.structs import replace

from helpdesk.conversation.chapters import documents
from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.effects import (
    AskParameters,
    ListDocuments,
    Option,
    PullDocument,
    SealInput,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
    Text,
    detail,
)
from helpdesk.conversation.events import CitizenEvent, DocumentsListed, Entered, Failed, ParametersTold, Pulled, Said
from helpdesk.conversation.model import Conversation, IssuedDocument, ResumeDocument, Stage
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.conversation.pages import DOCUMENTS as DOCUMENTS_ON_A_PAGE
from helpdesk.conversation.pages import OPTIONS as ON_A_PAGE
from helpdesk.conversation.pages import pages, turned
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.pull import Pull
from helpdesk.conversation.turn import (
    DONE,
    MENU,
    NEW_DOCUMENT,
    OTHER_DOCUMENTS,
    SERVICES,
    Context,
    Expects,
    Question,
    Turn,
    at_work,
    await_answer,
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
)

OPTIONS = (Choice.BACK, Choice.CANCEL)
CHECK_OPTIONS = (Choice.SEND, Choice.CHANGE, Choice.CANCEL)


def ask(conversation: Conversation, _: Context, note: Text | None = None, page: int = 1) -> Turn:
    """Ask the first thing that the issuer wants to know and has not been told; at last, whether all of it is right.

    `page`: of the values that the issuer takes.
    """
    pull = conversation.pull or Pull()
    if pull.chosen is None:
        return goto(conversation, Stage.FINDING, note)
    missing = pull.missing
    asked = replace(conversation, stage=Stage.DETAIL if missing else Stage.CHECK, previous=None)
    if not missing:
        labels = tuple(parameter.label for parameter in pull.parameters)
        head = text("pull.check", **pull.chosen.called, issuer=pull.chosen.issuer)
        buttons = question(Stage.CHECK, *(CHECK_OPTIONS if labels else (Choice.SEND, *OPTIONS)))
        choices = tuple(
            (detail(number), value, label)
            for number, parameter in enumerate(pull.parameters, start=1)
            for value, label in zip(parameter.values, parameter.labels, strict=False)
        )
        return asked, (ShowDetails(asked.language, head, labels, buttons, note, choices=choices),)
    parameter = pull.parameters[missing - 1]
    asked = replace(asked, pull=replace(pull, values_page=page))
    if parameter.values:
        return asked, (_values(asked, pull, parameter, missing, page, note),)
    buttons = question(Stage.DETAIL, *OPTIONS)
    issuer, label, example = pull.chosen.issuer, parameter.label, parameter.example
    if not example:
        return asked, (say(asked, "pull.detail_plain", *buttons, note=note, issuer=issuer, label=label),)
    return asked, (say(asked, "pull.detail", *buttons, note=note, issuer=issuer, label=label, example=example),)


def _values(
    conversation: Conversation, pull: Pull, parameter: Parameter, number: int, page: int, note: Text | None
) -> ShowOptions:
    """List the values that a parameter can have."""
    issuer = pull.chosen.issuer if pull.chosen else ""
    head = text("pull.detail_listed", issuer=issuer, label=parameter.label)
    options = tuple(Option(shown) for shown in parameter.shown[(page - 1) * ON_A_PAGE :][:ON_A_PAGE])
    count = pages(len(parameter.values), ON_A_PAGE)
    return ShowOptions(conversation.language, head, pull.mark_of(number), options, page, count, note)


def back(conversation: Conversation, context: Context) -> Turn:
    """*Back*: one question back; from the first, to the choice of the issuer."""
    pull = conversation.pull or Pull()
    if pull.has:
        return ask(_without(conversation, pull.has[-1]), context)
    return goto(replace(conversation, pull=replace(pull, chosen=None, parameters=())), Stage.FINDING)


# What the issuer wants to know


def on_parameters_told(conversation: Conversation, event: ParametersTold, context: Context) -> Turn:
    """Ask for the first thing that the issuer wants to know."""
    pull = conversation.pull or Pull()
    pull = replace(pull, chosen=event.offer, parameters=event.parameters, mark=event.id[:8], has=())
    return ask(replace(stop_waiting(conversation, event.id), pull=pull), context)


def tapped(conversation: Conversation, tap: Tap, context: Context) -> Turn:
    """She tapped a row: of the list that is shown now, or of an earlier one."""
    pull = conversation.pull or Pull()
    if pull.missing and tap.place == pull.mark_of(pull.missing) and tap.number:
        return _listed(conversation, pull, tap.number, context)
    return ask(conversation, context, text("old_button"))


def more(conversation: Conversation, tap: Tap | None, context: Context) -> Turn:
    """*More* of the values that the issuer takes: the page that the row names, or the next one."""
    pull = conversation.pull or Pull()
    if not pull.missing:
        return ask(conversation, context)
    count = pages(len(pull.parameters[pull.missing - 1].values), ON_A_PAGE)
    page = turned(tap, pull.mark_of(pull.missing), pull.values_page, count)
    return ask(conversation, context, page=page)


def answer_detail(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """What the issuer wants to know, as she typed it or by its number on the list."""
    pull = conversation.pull or Pull()
    missing = pull.missing
    match event:
        case Said(fits=True) | Entered(fits=True) if missing:
            return _kept(conversation, pull, SealInput(detail(missing)), context)
        case Said(number=int(number)) if missing:
            return _listed(conversation, pull, number, context)
    return ask(conversation, context, note=text("pull.not_accepted"), page=pull.values_page)


def _listed(conversation: Conversation, pull: Pull, number: int, context: Context) -> Turn:
    missing = pull.missing
    values = pull.parameters[missing - 1].values
    if not 1 <= number <= len(values):
        return ask(conversation, context, note=text("pull.not_accepted"), page=pull.values_page)
    return _kept(conversation, pull, SealInput(detail(missing), values[number - 1]), context)


def _kept(conversation: Conversation, pull: Pull, keep: SealInput, context: Context) -> Turn:
    """Have a detail sealed, and go on to the next."""
    asked, replies = ask(replace(conversation, pull=replace(pull, has=(*pull.has, keep.name))), context)
    return asked, (keep, *replies)


def answer_check(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """*Send* has the issuer asked; the number of a line asks for that one again."""
    pull = conversation.pull or Pull()
    match event:
        case Said(number=int(number)) if 1 <= number <= len(pull.parameters):
            return ask(_without(conversation, detail(number)), context)
    match match_choice(
        event,
        Stage.CHECK,
        CHECK_OPTIONS,
        numbered=False,
        yes=Choice.SEND,
        no=Choice.CHANGE,
        agree=Choice.SEND,
        change_number=Choice.CHANGE,
    ):
        case Choice.SEND if pull.chosen and conversation.session:
            # Whatever comes of it, the list of now is old afterwards.
            old = replace(conversation, session=replace(conversation.session, listed_at=0))
            return await_answer(old, Stage.PULLING, context), (_request(pull, pull.chosen),)
        case Choice.CHANGE if pull.parameters:
            buttons = question(Stage.CHECK, Choice.SEND, Choice.CANCEL)
            return conversation, (say(conversation, "pull.change", *buttons, last=len(pull.parameters)),)
    return ask(conversation, context, note=not_understood(event))


def _request(pull: Pull, offer: Offer) -> PullDocument:
    return PullDocument(offer, tuple(parameter.name for parameter in pull.parameters))


def _pulled_meanwhile(conversation: Conversation) -> PullDocument | None:
    pull = conversation.pull
    return _request(pull, pull.chosen) if pull and pull.chosen else None


# The pull


def on_pulled(conversation: Conversation, event: Pulled, context: Context) -> Turn:
    """It is in her account: it goes on the list that she has, and is fetched at once."""
    session = conversation.session
    if session is None:
        return documents.no_session(conversation)
    listed = conversation.documents
    uris = [document.uri for document in listed]
    if event.uri not in uris:
        offer = event.offer
        listed = (*listed, IssuedDocument(offer.title, offer.doctype, offer.issuer, event.uri))
        uris.append(event.uri)
    here = replace(
        stop_waiting(conversation, event.id),
        stage=Stage.DOCUMENTS,
        documents=listed,
        session=replace(session, count=len(listed)),
        pull=None,
    )
    return documents.choose(here, uris.index(event.uri) + 1, context)


def not_pulled(conversation: Conversation, event: Failed, offer: Offer, context: Context) -> Turn:
    """It could not be brought in: why, and what she can do. What she entered stays, so that she can send it again."""
    pull = conversation.pull or Pull()
    here = stop_waiting(conversation, event.id)
    note = text(f"problem.{event.problem}")
    match event.problem:
        case Problem.SIGNED_OUT:
            return _revoked(here, offer, context.now)
        case Problem.ALREADY_THERE | Problem.PULL_UNSURE:
            looking = replace(here, pull=replace(pull, looks_for=event.problem.value))
            return await_answer(looking, Stage.LISTING, context), (ListDocuments(),)
        case Problem.PULL_PENDING:
            later = replace(reset_to(here, Stage.DOCUMENTS), again=ListDocuments())
            buttons = (*question(Stage.DOCUMENTS, Choice.TRY_AGAIN), NEW_DOCUMENT, OTHER_DOCUMENTS)
            return later, (say(later, note.key, *buttons),)
        case Problem.AADHAAR_NOT_LINKED:
            cannot = reset_to(here, Stage.DOCUMENTS)
            return cannot, (say(cannot, note.key, OTHER_DOCUMENTS, DONE),)
        case Problem.NOT_OFFERED:
            return goto(replace(here, pull=Pull()), Stage.FINDING, note)
        case Problem.NOT_SHARED:  # it speaks of a document; that none may be pulled, our registration is to blame for
            note = text(f"problem.{Problem.MISCONFIGURED}")
    return ask(here, context, note)


def unsure(conversation: Conversation, context: Context) -> Turn:
    """Nobody knows whether it was brought in: she is asked whether to ask the issuer again."""
    return ask(replace(conversation, waiting=()), context, text(f"problem.{Problem.PULL_UNSURE}"))


def on_documents_listed(conversation: Conversation, event: DocumentsListed, context: Context) -> Turn:
    """The list tells whether the document is there: then it is fetched."""
    pull, before = conversation.pull, {document.uri for document in conversation.documents}
    here, _ = documents.on_documents_listed(replace(conversation, pull=None), event, context)
    if pull is None or pull.chosen is None or here.session is None:
        return documents.show(here)
    is_new = pull.looks_for == Problem.PULL_UNSURE
    numbers = tuple(
        number
        for number, document in enumerate(here.documents, start=1)
        if _is_of(document, pull.chosen) and not (is_new and document.uri in before)
    )
    match numbers:
        case (number,):
            return documents.choose(here, number, context)
        case () if is_new:
            return unsure(replace(here, pull=replace(pull, looks_for="")), context)
        case ():
            return documents.show(here, note=text(f"problem.{Problem.ALREADY_THERE}"))
    note = text("documents.which")
    return here, (ShowDocuments(here.language, here.session.listing, only=numbers[:DOCUMENTS_ON_A_PAGE], note=note),)


def not_listed(conversation: Conversation, event: Failed, pull: Pull, context: Context) -> Turn:
    """The list that would tell could not be had."""
    here = stop_waiting(conversation, event.id)
    if event.problem is Problem.SIGNED_OUT and pull.chosen:
        return _revoked(here, pull.chosen, context.now)
    if pull.looks_for == Problem.PULL_UNSURE:
        return unsure(replace(here, pull=replace(pull, looks_for="")), context)
    there = reset_to(here, Stage.DOCUMENTS)
    return documents.show(there, note=text(f"problem.{Problem.ALREADY_THERE}"))


def resumed(conversation: Conversation, event: DocumentsListed, offer: Offer, context: Context) -> Turn:
    """She is signed in again: on with the document that was being brought in. What she had entered is forgotten."""
    here, _ = documents.on_documents_listed(replace(conversation, wanted=None), event, context)
    return await_answer(replace(here, pull=Pull()), Stage.SEARCHING, context), (AskParameters(offer),)


def _revoked(conversation: Conversation, offer: Offer, now: int) -> Turn:
    out, leaving = signed_out(conversation, Stage.MENU, is_refused=True)
    out = replace(out, wanted=ResumeDocument(offer.doctype, offer.title, offer.issuer, now, offer=offer))
    return out, (say(out, "pull.sign_in_again", SERVICES, MENU), *leaving)


def _is_of(document: IssuedDocument, offer: Offer) -> bool:
    return document.doctype == offer.doctype and document.uri.startswith(f"{offer.issuer_id}-")


def _without(conversation: Conversation, name: str) -> Conversation:
    """Forget one detail."""
    pull = conversation.pull or Pull()
    return replace(conversation, pull=replace(pull, has=tuple(kept for kept in pull.has if kept != name)))


DETAIL = Question(
    ask=ask,
    answer=answer_detail,
    back=back,
    help=explains("detail", *question(Stage.DETAIL, *OPTIONS)),
    expects=(Expects.VALUE,),
)
CHECK = Question(
    ask=ask,
    answer=answer_check,
    back=back,
    help=explains("check", *question(Stage.CHECK, *CHECK_OPTIONS)),
    expects=(Expects.CHOICE,),
    answers=frozenset({Choice.SEND, Choice.CHANGE, Choice.CHANGE_NUMBER, Choice.YES, Choice.AGREE, Choice.NO}),
)
PULLING = at_work(_pulled_meanwhile, back=Stage.MENU)
