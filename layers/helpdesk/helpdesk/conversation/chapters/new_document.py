"""Bringing a document in: what it is, and who issues it.

What she types is sealed on its way in, until she has found what she looks for. The directory of issuers is searched
outside.
"""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.effects import SOUGHT, AskParameters, FindOffers, Option, SealInput, ShowOptions, Text
from helpdesk.conversation.events import CitizenEvent, Failed, OffersFound, Said
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.offers import Offer
from helpdesk.conversation.pages import OPTIONS as ON_A_PAGE
from helpdesk.conversation.pages import pages, turned
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.pull import Pull
from helpdesk.conversation.turn import (
    Context,
    Expects,
    Question,
    Turn,
    at_work,
    await_answer,
    explains,
    goto,
    match_choice,
    question,
    reset_to,
    say,
    stop_waiting,
    text,
)

OPTIONS = (Choice.BACK, Choice.CANCEL)
FAILED_OPTIONS = (Choice.TRY_AGAIN, Choice.BACK, Choice.CANCEL)


def begin(conversation: Conversation, context: Context) -> Turn:
    """*Get a new document*: ask what it is."""
    session = conversation.session
    if session is None or not session.listing:
        return goto(conversation, Stage.DOCUMENTS)
    here = replace(reset_to(conversation, Stage.FINDING), pull=Pull(), wish=None)
    if conversation.wish and conversation.wish.doctypes:
        return _bring_in(here, conversation.wish.doctypes, context)
    return ask(here, context)


def _bring_in(conversation: Conversation, doctypes: tuple[str, ...], context: Context) -> Turn:
    """Search for kinds that she wished for; of a single one, for its issuers. None of her words is sealed."""
    sought = replace(conversation, pull=Pull(sought=True, doctypes=doctypes))
    found, requests = _find(sought, doctypes[0] if len(doctypes) == 1 else "", 1, context)
    return found, (SealInput(SOUGHT, " ".join(doctypes)), *requests)


def ask(conversation: Conversation, _: Context, note: Text | None = None) -> Turn:
    """Ask what the document is; with a list to choose from, if something was found."""
    pull = conversation.pull or Pull()
    if pull.chosen:
        return goto(conversation, Stage.DETAIL, note)
    asked = replace(conversation, stage=Stage.FINDING, previous=None)
    if not pull.offers:
        return asked, (say(asked, "pull.ask", *question(Stage.FINDING, *OPTIONS), note=note),)
    if pull.within:
        head = text("pull.which_issuer", **pull.offers[0].called)
        options = tuple(Option(offer.issuer) for offer in pull.offers)
    else:
        head = text("pull.which")
        options = tuple(Option(offer.title, offer.issuer, offer.doctype) for offer in pull.offers)
    count = pages(pull.total, ON_A_PAGE)
    return asked, (ShowOptions(asked.language, head, pull.mark, options, pull.page, count, note),)


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """A number of the list is chosen; anything else that she types is searched for."""
    pull = conversation.pull or Pull()
    if conversation.again and match_choice(event, Stage.FINDING, (Choice.TRY_AGAIN,), numbered=False):
        return await_answer(conversation, Stage.SEARCHING, context), (conversation.again,)
    match event:
        case Said(number=int(number)) if pull.offers:
            return choose(conversation, number, context)
        case Said():
            return _seek(conversation, event, context)
    return ask(conversation, context, note=text("not_understood"))


def _seek(conversation: Conversation, said: Said, context: Context) -> Turn:
    """Search for her words; if all of them name one kind of document, for its issuers at once."""
    pull = conversation.pull or Pull()
    doctypes = said.doctypes
    within = pull.within if pull.offers else ""
    named = {word for naming in said.named if naming.doctype in doctypes for word in naming.words}
    if len(doctypes) == 1 and named == set(said.words):
        within = doctypes[0]
    sought = replace(conversation, pull=Pull(sought=True, doctypes=doctypes))
    found, requests = _find(sought, within, 1, context)
    return found, (SealInput(SOUGHT), *requests)


def _find(conversation: Conversation, within: str, page: int, context: Context) -> Turn:
    pull = conversation.pull or Pull()
    return await_answer(conversation, Stage.SEARCHING, context), (FindOffers(pull.doctypes, within, page),)


def on_offers_found(conversation: Conversation, event: OffersFound, context: Context) -> Turn:
    """Show what was found; a single one is chosen at once."""
    pull = conversation.pull or Pull()
    here = stop_waiting(conversation, event.id)
    if not event.offers:
        return ask(replace(here, pull=Pull()), context, text("pull.none"))
    pull = replace(
        pull, offers=event.offers, within=event.within, mark=event.id[:8], page=event.page, total=event.total
    )
    here = replace(here, pull=pull)
    if event.total == 1 and event.offers[0].org_id:
        return _chosen(here, event.offers[0], context)
    return ask(here, context)


def not_found(conversation: Conversation, event: Failed, context: Context) -> Turn:
    """The directory, or what the issuer wants to know, could not be had: try again, look for something else."""
    if event.problem is Problem.NOT_OFFERED:
        return ask(
            replace(stop_waiting(conversation, event.id), pull=Pull()), context, text(f"problem.{event.problem}")
        )
    stays = replace(stop_waiting(conversation, event.id), stage=Stage.FINDING, again=event.request)
    return stays, (say(stays, f"problem.{event.problem}", *question(Stage.FINDING, *FAILED_OPTIONS)),)


def choose(conversation: Conversation, number: int, context: Context) -> Turn:
    """She chose from the list of what was found: a type leads to its issuers, an issuer to what it wants to know."""
    pull = conversation.pull or Pull()
    place = number - 1 - (pull.page - 1) * ON_A_PAGE
    if not 1 <= number <= pull.total:
        return ask(conversation, context, note=text("documents.no_such_number", last=pull.total))
    if not 0 <= place < len(pull.offers):
        return _find(conversation, pull.within, (number - 1) // ON_A_PAGE + 1, context)
    offer = pull.offers[place]
    if not offer.org_id:
        return _find(conversation, offer.doctype, 1, context)
    return _chosen(conversation, offer, context)


def _chosen(conversation: Conversation, offer: Offer, context: Context) -> Turn:
    return await_answer(conversation, Stage.SEARCHING, context), (AskParameters(offer),)


def more(conversation: Conversation, tap: Tap | None, context: Context) -> Turn:
    """*More*: the page that the row names, or the next one."""
    pull = conversation.pull or Pull()
    if not pull.offers:
        return ask(conversation, context)
    page = turned(tap, pull.mark, pull.page, pages(pull.total, ON_A_PAGE))
    return _find(conversation, pull.within, page, context)


def tapped(conversation: Conversation, tap: Tap, context: Context) -> Turn:
    """She tapped a row: of the list that is shown now, or of an earlier one."""
    if conversation.pull and tap.place == conversation.pull.mark and tap.number:
        return choose(conversation, tap.number, context)
    return ask(conversation, context, text("old_button"))


def back(conversation: Conversation, context: Context) -> Turn:
    """*Back* to what it is, and then to her documents."""
    if conversation.pull and conversation.pull.offers:
        return ask(replace(conversation, pull=Pull()), context)
    session = conversation.session
    there = replace(reset_to(conversation, Stage.DOCUMENTS), session=replace(session, page=1) if session else None)
    return goto(there, Stage.DOCUMENTS)


FINDING = Question(
    ask=ask,
    answer=answer,
    back=back,
    help=explains("finding", *question(Stage.FINDING, *OPTIONS)),
    expects=(Expects.WORDS,),
)
SEARCHING = at_work(lambda _: FindOffers(), back=begin)
