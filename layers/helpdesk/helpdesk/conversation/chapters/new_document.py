"""Bringing a document in: what it is, who issues it, what the issuer wants to know, and then the pull itself.

What she types is sealed on its way in: what she looks for until she has found it, what the issuer wants to know until
the document is here. The directory of issuers is searched outside.
"""

from msgspec.structs import replace

from helpdesk.conversation.chapters import documents
from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.effects import (
    SOUGHT,
    AskParameters,
    Effect,
    FindOffers,
    Keep,
    ListDocuments,
    Option,
    PullDocument,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
    Text,
    detail,
)
from helpdesk.conversation.events import (
    DocumentsListed,
    Entered,
    Failed,
    FromHer,
    OffersFound,
    ParametersTold,
    Pulled,
    Said,
)
from helpdesk.conversation.model import Conversation, IssuedDocument, Pull, Rules, Stage, Wanted
from helpdesk.conversation.offers import Offer, Parameter
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.turn import (
    DONE,
    MENU,
    NEW_DOCUMENT,
    OTHER_DOCUMENTS,
    SERVICES,
    Turn,
    left,
    picks,
    question,
    say,
    settled,
    signed_out,
    text,
    waits,
)

OPTIONS = (Choice.BACK, Choice.CANCEL)
FAILED_OPTIONS = (Choice.TRY_AGAIN, Choice.BACK, Choice.CANCEL)
CHECK_OPTIONS = (Choice.SEND, Choice.CHANGE, Choice.CANCEL)

PAGE_SIZE = 8
"""Rows on a page: WhatsApp's ten rows of a list, less *More* and *Back*."""


def begin(conversation: Conversation) -> Turn:
    """*Get a new document*: ask what it is."""
    session = conversation.session
    if session is None:
        return documents.no_session(conversation)
    if not session.listing:
        return documents.show(conversation)
    return ask(replace(left(conversation, Stage.FINDING), pull=Pull()))


def ask(conversation: Conversation, note: Text | None = None, page: int = 1) -> Turn:
    """Ask what is still open: what the document is, what its issuer wants to know, or whether all of it is right.

    `page`: of the values that the issuer takes.
    """
    pull = conversation.pull or Pull()
    if pull.chosen is None:
        return _ask_what(conversation, pull, note)
    missing = _missing(pull)
    asked = replace(conversation, stage=Stage.DETAIL if missing else Stage.CHECK, previous=None)
    if not missing:
        labels = tuple(parameter.label for parameter in pull.parameters)
        head = text("pull.check", **_called(pull.chosen), issuer=pull.chosen.issuer)
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


def _ask_what(conversation: Conversation, pull: Pull, note: Text | None) -> Turn:
    """Ask what the document is; with a list to choose from, if something was found."""
    asked = replace(conversation, stage=Stage.FINDING, previous=None)
    if not pull.offers:
        return asked, (say(asked, "pull.ask", *question(Stage.FINDING, *OPTIONS), note=note),)
    if pull.within:
        head = text("pull.which_issuer", **_called(pull.offers[0]))
        options = tuple(Option(offer.issuer) for offer in pull.offers)
    else:
        head = text("pull.which")
        options = tuple(Option(offer.title, offer.issuer, offer.doctype) for offer in pull.offers)
    return asked, (ShowOptions(asked.language, head, pull.mark, options, pull.page, _pages(pull.total), note),)


def _values(
    conversation: Conversation, pull: Pull, parameter: Parameter, number: int, page: int, note: Text | None
) -> ShowOptions:
    """List the values that a parameter can have."""
    issuer = pull.chosen.issuer if pull.chosen else ""
    head = text("pull.detail_listed", issuer=issuer, label=parameter.label)
    options = tuple(Option(shown) for shown in parameter.shown[(page - 1) * PAGE_SIZE :][:PAGE_SIZE])
    pages = _pages(len(parameter.values))
    return ShowOptions(conversation.language, head, _mark(pull, number), options, page, pages, note)


def back(conversation: Conversation) -> Turn:
    """*Back*: one question back, at the first to her documents."""
    pull = conversation.pull or Pull()
    if pull.has:
        return ask(_without(conversation, pull.has[-1]))
    if pull.chosen:
        return ask(replace(conversation, pull=replace(pull, chosen=None, parameters=())))
    if pull.offers:
        return ask(replace(conversation, pull=Pull()))
    return documents.show(left(conversation, Stage.DOCUMENTS))


# What it is, and who issues it


def answer_what(conversation: Conversation, event: FromHer, now: int) -> Turn:
    """A number of the list is chosen; anything else that she types is searched for."""
    pull = conversation.pull or Pull()
    if conversation.again and picks(event, Stage.FINDING, (Choice.TRY_AGAIN,), numbered=False):
        return waits(conversation, Stage.SEARCHING, event.id, now), (conversation.again,)
    match event:
        case Said(number=int(number)) if pull.offers:
            return choose(conversation, number, event.id, now)
        case Said():
            return _seek(conversation, event, now)
    return ask(conversation, note=text("not_understood"))


def _seek(conversation: Conversation, said: Said, now: int) -> Turn:
    """Search for her words; if all of them name one kind of document, for its issuers at once."""
    pull = conversation.pull or Pull()
    named: dict[str, set[str]] = {}
    for naming in said.named:
        named.setdefault(naming.doctype, set()).update(naming.words)
    most = max(map(len, named.values()), default=0)
    doctypes = tuple(doctype for doctype, words in named.items() if len(words) == most)
    within = pull.within if pull.offers else ""
    if len(doctypes) == 1 and named[doctypes[0]] == set(said.words):
        within = doctypes[0]
    sought = replace(conversation, pull=Pull(sought=True, doctypes=doctypes))
    found, requests = _find(sought, within, 1, said.id, now)
    effects: tuple[Effect, ...] = (Keep(SOUGHT), *requests)
    return found, effects


def _find(conversation: Conversation, within: str, page: int, event_id: str, now: int) -> Turn:
    pull = conversation.pull or Pull()
    return waits(conversation, Stage.SEARCHING, event_id, now), (FindOffers(pull.doctypes, within, page),)


def found(conversation: Conversation, event: OffersFound, now: int) -> Turn:
    """Show what was found; the only one is chosen by itself."""
    pull = conversation.pull or Pull()
    here = settled(conversation, event.id)
    if not event.offers:
        return ask(replace(here, pull=Pull()), note=text("pull.none"))
    pull = replace(
        pull, offers=event.offers, within=event.within, mark=event.id[:8], page=event.page, total=event.total
    )
    here = replace(here, pull=pull)
    if event.total == 1 and event.offers[0].org_id:
        return _chosen(here, event.offers[0], event.id, now)
    return ask(here)


def not_found(conversation: Conversation, event: Failed) -> Turn:
    """The directory, or what the issuer wants to know, could not be had: try again, look for something else."""
    if event.problem is Problem.NOT_OFFERED:
        return ask(replace(settled(conversation, event.id), pull=Pull()), note=text(f"problem.{event.problem}"))
    stays = replace(settled(conversation, event.id), stage=Stage.FINDING, again=event.request)
    return stays, (say(stays, f"problem.{event.problem}", *question(Stage.FINDING, *FAILED_OPTIONS)),)


def choose(conversation: Conversation, number: int, event_id: str, now: int) -> Turn:
    """She chose from the list of what was found: a type leads to its issuers, an issuer to what it wants to know."""
    pull = conversation.pull or Pull()
    place = number - 1 - (pull.page - 1) * PAGE_SIZE
    if not 1 <= number <= pull.total:
        return ask(conversation, note=text("documents.no_such_number", last=pull.total))
    if not 0 <= place < len(pull.offers):
        return _find(conversation, pull.within, (number - 1) // PAGE_SIZE + 1, event_id, now)
    offer = pull.offers[place]
    if not offer.org_id:
        return _find(conversation, offer.doctype, 1, event_id, now)
    return _chosen(conversation, offer, event_id, now)


def _chosen(conversation: Conversation, offer: Offer, event_id: str, now: int) -> Turn:
    return waits(conversation, Stage.SEARCHING, event_id, now), (AskParameters(offer),)


def more(conversation: Conversation, tap: Tap | None, event_id: str, now: int) -> Turn:
    """*More*: the page that the row names, or the next one; of what was found, or of an issuer's values."""
    pull = conversation.pull or Pull()
    if conversation.stage is Stage.DETAIL and (missing := _missing(pull)):
        pages = _pages(len(pull.parameters[missing - 1].values))
        return ask(conversation, page=_turned(tap, _mark(pull, missing), pull.values_page, pages))
    if conversation.stage is Stage.FINDING and pull.offers:
        page = _turned(tap, pull.mark, pull.page, _pages(pull.total))
        return _find(conversation, pull.within, page, event_id, now)
    return ask(conversation)


def _turned(tap: Tap | None, mark: str, page: int, pages: int) -> int:
    wanted = tap.number if tap and tap.place == mark and tap.number else page + 1
    return wanted if wanted <= pages else 1


# What the issuer wants to know


def told(conversation: Conversation, event: ParametersTold) -> Turn:
    """Ask for the first thing that the issuer wants to know."""
    pull = conversation.pull or Pull()
    pull = replace(pull, chosen=event.offer, parameters=event.parameters, mark=event.id[:8], has=())
    return ask(replace(settled(conversation, event.id), pull=pull))


def tapped(conversation: Conversation, tap: Tap, event_id: str, now: int) -> Turn:
    """She tapped a row: of the list that is shown now, or of an earlier one."""
    pull = conversation.pull or Pull()
    missing = _missing(pull)
    if conversation.stage is Stage.FINDING and tap.place == pull.mark and tap.number:
        return choose(conversation, tap.number, event_id, now)
    if conversation.stage is Stage.DETAIL and missing and tap.place == _mark(pull, missing) and tap.number:
        return _listed(conversation, pull, missing, tap.number)
    return ask(conversation, note=text("old_button"))


def answer_detail(conversation: Conversation, event: FromHer) -> Turn:
    """What the issuer wants to know, as she typed it or by its number on the list."""
    pull = conversation.pull or Pull()
    missing = _missing(pull)
    match event:
        case Said(fits=True) | Entered(fits=True) if missing:
            return _kept(conversation, pull, Keep(detail(missing)))
        case Said(number=int(number)) if missing:
            return _listed(conversation, pull, missing, number)
    return ask(conversation, note=text("pull.not_accepted"), page=pull.values_page)


def _listed(conversation: Conversation, pull: Pull, missing: int, number: int) -> Turn:
    values = pull.parameters[missing - 1].values
    if not 1 <= number <= len(values):
        return ask(conversation, note=text("pull.not_accepted"), page=pull.values_page)
    return _kept(conversation, pull, Keep(detail(missing), values[number - 1]))


def _kept(conversation: Conversation, pull: Pull, keep: Keep) -> Turn:
    """Have a detail sealed, and go on to the next."""
    asked, replies = ask(replace(conversation, pull=replace(pull, has=(*pull.has, keep.name))))
    effects: tuple[Effect, ...] = (keep, *replies)
    return asked, effects


def answer_check(conversation: Conversation, event: FromHer, now: int) -> Turn:
    """*Send* has the issuer asked; the number of a line asks for that one again."""
    pull = conversation.pull or Pull()
    match event:
        case Said(number=int(number)) if 1 <= number <= len(pull.parameters):
            return ask(_without(conversation, detail(number)))
    match picks(event, Stage.CHECK, CHECK_OPTIONS, numbered=False, yes=Choice.SEND, no=Choice.CHANGE):
        case Choice.SEND if pull.chosen and conversation.session:
            # Whatever comes of it, the list of now is old afterwards.
            old = replace(conversation, session=replace(conversation.session, listed_at=0))
            names = tuple(parameter.name for parameter in pull.parameters)
            return waits(old, Stage.PULLING, event.id, now), (PullDocument(pull.chosen, names),)
        case Choice.CHANGE if pull.parameters:
            buttons = question(Stage.CHECK, Choice.SEND, Choice.CANCEL)
            return conversation, (say(conversation, "pull.change", *buttons, last=len(pull.parameters)),)
    return ask(conversation, note=text("not_understood"))


# The pull


def pulled(conversation: Conversation, event: Pulled, now: int, rules: Rules) -> Turn:
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
        settled(conversation, event.id),
        stage=Stage.DOCUMENTS,
        documents=listed,
        session=replace(session, count=len(listed)),
        pull=None,
    )
    return documents.choose(here, uris.index(event.uri) + 1, event.id, now, rules)


def not_pulled(conversation: Conversation, event: Failed, offer: Offer, now: int) -> Turn:
    """It could not be brought in: why, and what she can do. What she entered stays where she can send it once more."""
    pull = conversation.pull or Pull()
    here = settled(conversation, event.id)
    note = text(f"problem.{event.problem}")
    match event.problem:
        case Problem.SIGNED_OUT:
            return _revoked(here, offer, now)
        case Problem.ALREADY_THERE | Problem.PULL_UNSURE:
            looking = replace(here, pull=replace(pull, looks_for=event.problem.value))
            return waits(looking, Stage.LISTING, event.id, now), (ListDocuments(),)
        case Problem.PULL_PENDING:
            later = replace(left(here, Stage.DOCUMENTS), again=ListDocuments())
            buttons = (*question(Stage.DOCUMENTS, Choice.TRY_AGAIN), NEW_DOCUMENT, OTHER_DOCUMENTS)
            return later, (say(later, note.key, *buttons),)
        case Problem.AADHAAR_NOT_LINKED:
            cannot = left(here, Stage.DOCUMENTS)
            return cannot, (say(cannot, note.key, OTHER_DOCUMENTS, DONE),)
        case Problem.NOT_OFFERED:
            return ask(replace(here, pull=Pull()), note=note)
        case Problem.NOT_SHARED:  # it speaks of a document; that none may be pulled, our registration is to blame for
            note = text(f"problem.{Problem.MISCONFIGURED}")
    return ask(here, note=note)


def unsure(conversation: Conversation) -> Turn:
    """Nobody knows whether it was brought in: one honest question, whether to ask the issuer once more."""
    return ask(replace(conversation, waiting=()), note=text(f"problem.{Problem.PULL_UNSURE}"))


def listed(conversation: Conversation, event: DocumentsListed, now: int, rules: Rules) -> Turn:
    """The list tells whether the document is there: then it is fetched."""
    pull, before = conversation.pull, {document.uri for document in conversation.documents}
    here, _ = documents.listed(replace(conversation, pull=None), event, now, rules)
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
            return documents.choose(here, number, event.id, now, rules)
        case () if is_new:
            return unsure(replace(here, pull=replace(pull, looks_for="")))
        case ():
            return documents.show(here, note=text(f"problem.{Problem.ALREADY_THERE}"))
    note = text("documents.which")
    return here, (ShowDocuments(here.language, here.session.listing, only=numbers[: documents.PAGE_SIZE], note=note),)


def not_listed(conversation: Conversation, event: Failed, pull: Pull, now: int) -> Turn:
    """The list that would tell could not be had."""
    here = settled(conversation, event.id)
    if event.problem is Problem.SIGNED_OUT and pull.chosen:
        return _revoked(here, pull.chosen, now)
    if pull.looks_for == Problem.PULL_UNSURE:
        return unsure(replace(here, pull=replace(pull, looks_for="")))
    there = left(here, Stage.DOCUMENTS)
    return documents.show(there, note=text(f"problem.{Problem.ALREADY_THERE}"))


def resumed(conversation: Conversation, event: DocumentsListed, offer: Offer, now: int, rules: Rules) -> Turn:
    """She is signed in again: on with the document that was being brought in. What she had entered is forgotten."""
    here, _ = documents.listed(replace(conversation, wanted=None), event, now, rules)
    return _chosen(replace(here, pull=Pull()), offer, event.id, now)


def _revoked(conversation: Conversation, offer: Offer, now: int) -> Turn:
    out, _ = signed_out(conversation, Stage.MENU)
    out = replace(out, wanted=Wanted(offer.doctype, offer.title, offer.issuer, now, offer=offer))
    return out, (say(out, "pull.sign_in_again", SERVICES, MENU),)


def _called(offer: Offer) -> dict[str, str]:
    """Name the document, by our short name for it where we have one."""
    return {"document": offer.title, "doctype": offer.doctype}


def asked_for(conversation: Conversation) -> Parameter | None:
    """Give the parameter that she is being asked for; None if it is no such question that is open."""
    pull = conversation.pull
    if pull is None or conversation.stage is not Stage.DETAIL:
        return None
    missing = _missing(pull)
    return pull.parameters[missing - 1] if missing else None


def _is_of(document: IssuedDocument, offer: Offer) -> bool:
    return document.doctype == offer.doctype and document.uri.startswith(f"{offer.issuer_id}-")


def _missing(pull: Pull) -> int:
    """Give the number of the first parameter that she has not entered; 0 if there is none."""
    numbers = range(1, len(pull.parameters) + 1)
    return next((number for number in numbers if detail(number) not in pull.has), 0)


def _without(conversation: Conversation, name: str) -> Conversation:
    """Forget one detail."""
    pull = conversation.pull or Pull()
    return replace(conversation, pull=replace(pull, has=tuple(kept for kept in pull.has if kept != name)))


def _mark(pull: Pull, number: int) -> str:
    return f"{pull.mark}-{number}"


def _pages(rows: int) -> int:
    return max(1, -(-rows // PAGE_SIZE))
