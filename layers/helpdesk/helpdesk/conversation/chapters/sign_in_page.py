"""Signing in on DigiLocker's own page: the link that leads there, the way back, and what she types meanwhile.

The link leads to our own page, which asks for her consent, and only when that is written down on to DigiLocker. It is
bound to this conversation. Whoever has it can open it until it is used or too old; where documents go that are shared
by it does not depend on who opens it. So either the mobile that DigiLocker knows must be hers, or a one-time code,
which the page shows to whoever came back, must come from this chat.
"""

from hmac import compare_digest
from math import ceil

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import ExchangeCode, MakeLink, OfferLink, RecordConsent, Text
from helpdesk.conversation.events import (
    CitizenEvent,
    ConsentAnswered,
    ConsentReturned,
    Failed,
    LinkMade,
    SentProof,
)
from helpdesk.conversation.model import Conversation, Link, Stage
from helpdesk.conversation.place import must_pass_door
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.turn import (
    MENU,
    NEW_LINK,
    Context,
    Expects,
    Question,
    Turn,
    at_work,
    await_answer,
    confirmation,
    explains,
    goto,
    match_choice,
    question,
    reset_to,
    say,
    stop_waiting,
    text,
    wait,
)

CONSENT_VERSION = "2026-12-02-page"
"""The version of the consent text on our page. Change it whenever the meaning of the text `page.consent` changes."""

OPTIONS = (Choice.OPEN_LINK, Choice.NEW_LINK, Choice.CANCEL)
PROOF_OPTIONS = (Choice.NEW_LINK, Choice.CANCEL)

# The link


def make(conversation: Conversation, context: Context, _: Text | None = None) -> Turn:
    """Have a new link made, to sign in or up. An earlier one is worth nothing from here on."""
    if conversation.stage is Stage.MAKING_LINK:
        return wait(conversation)
    if must_pass_door(conversation, context):
        return goto(conversation, Stage.LINE)
    asked = await_answer(reset_to(conversation, Stage.MAKING_LINK), Stage.MAKING_LINK, context)
    return asked, (MakeLink(_signs_up(conversation)),)


def _signs_up(conversation: Conversation) -> bool:
    again = conversation.again
    return conversation.form is not None or (isinstance(again, MakeLink) and again.sign_up)


def on_link_made(conversation: Conversation, event: LinkMade, context: Context) -> Turn:
    """The link is there: hand it over."""
    until = context.now + context.rules.link_seconds
    link = Link(event.mark, event.address, until, event.sign_up, agreed=False)
    away = replace(stop_waiting(conversation, event.id), stage=Stage.LINK, link=link, again=MakeLink(event.sign_up))
    return away, (_offer(away, context.now),)


def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """She writes instead of going there: the same link again while it is valid, or a new one."""
    match match_choice(event, Stage.LINK, OPTIONS, numbered=False, try_again=Choice.NEW_LINK):
        case Choice.OPEN_LINK if _holds(conversation, context.now):
            return conversation, (_offer(conversation, context.now),)
        case Choice.OPEN_LINK | Choice.NEW_LINK:
            return make(conversation, context)
    return ask(conversation, context)


def ask(conversation: Conversation, context: Context, note: Text | None = None) -> Turn:
    """Say how far the sign-in is, and how to continue."""
    if not _holds(conversation, context.now):
        expired = replace(conversation, stage=Stage.LINK, link=None)
        return expired, (say(expired, "link.expired", *question(Stage.LINK, *PROOF_OPTIONS), note=note),)
    if conversation.stage is Stage.PROOF:
        return conversation, (say(conversation, "proof.ask", *question(Stage.PROOF, *PROOF_OPTIONS), note=note),)
    return conversation, (say(conversation, "link.waiting", *question(Stage.LINK, *OPTIONS), note=note),)


def _offer(conversation: Conversation, now: int) -> OfferLink:
    minutes = ceil((conversation.link.expires_at - now) / 60) if conversation.link else 0
    note = confirmation(conversation.wish) if conversation.wish else None
    return OfferLink(conversation.language, text("link.open", minutes=minutes), note)


def _holds(conversation: Conversation, now: int) -> bool:
    return conversation.link is not None and now < conversation.link.expires_at


# Our page, and the way back


def open_link(conversation: Conversation, mark: str, now: int) -> Link | None:
    """Return the link whose `state` has this hash, if it can be opened, or come back with."""
    link = conversation.link
    is_open = link is not None and compare_digest(link.mark, mark) and not link.returned and now < link.expires_at
    return link if is_open else None


def consented(conversation: Conversation, event: ConsentAnswered, context: Context) -> Turn:
    """She agreed on our page, which is recorded; or she did not, and the link is worth nothing any more."""
    link = conversation.link
    if link is None:
        return conversation, ()
    here = replace(conversation, active_at=context.now)
    if not event.agreed:
        return replace(here, stage=Stage.LINK, previous=None, link=None), ()
    record = RecordConsent(CONSENT_VERSION, conversation.language, context.now)
    return replace(here, link=replace(link, agreed=True)), (record,)


def on_consent_returned(conversation: Conversation, event: ConsentReturned, context: Context) -> Turn:
    """DigiLocker sent her back: with a code, which is exchanged at once or when she has proved herself; or without."""
    link = conversation.link
    if link is None:
        return conversation, ()
    here = replace(conversation, previous=None, active_at=context.now)
    if not event.code:
        key = "link.declined" if event.declined else "link.failed"
        here = replace(here, stage=Stage.LINK, link=None)
        return here, (say(here, key, NEW_LINK, MENU),)
    if event.proof:
        until = context.now + context.rules.link_seconds
        returned = replace(link, returned=event.code, proof=event.proof, expires_at=until)
        return replace(here, stage=Stage.PROOF, link=returned), ()
    return _exchange(here, link, context, proved=False)


def on_sent_proof(conversation: Conversation, event: SentProof, context: Context) -> Turn | None:
    """The one-time code came from this chat: exchange. None if no code is waited for here."""
    link = conversation.link
    if conversation.at is not Stage.PROOF or link is None:
        return None
    here = replace(conversation, stage=Stage.PROOF, previous=None)
    if context.now >= link.expires_at:
        return ask(here, context)
    if compare_digest(event.mark, link.proof):
        return _exchange(here, link, context, proved=True)
    left_over = link.tries_left - 1
    link_left = replace(link, tries_left=left_over) if left_over else None
    return ask(replace(here, link=link_left), context, text("proof.wrong"))


def answer_proof(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """She writes something else than the one-time code."""
    if match_choice(event, Stage.PROOF, PROOF_OPTIONS, numbered=False, try_again=Choice.NEW_LINK) is Choice.NEW_LINK:
        return make(conversation, context)
    return ask(conversation, context)


def _exchange(conversation: Conversation, link: Link, context: Context, *, proved: bool) -> Turn:
    used = replace(await_answer(conversation, Stage.EXCHANGING, context), link=None)
    return used, (ExchangeCode(link.sign_up, proved),)


def not_signed_in(conversation: Conversation, event: Failed, *, sign_up: bool) -> Turn:
    """There is no link, or the code was not accepted: why, and a new link."""
    stays = replace(stop_waiting(conversation, event.id), stage=Stage.LINK, link=None, again=MakeLink(sign_up))
    # A code that DigiLocker does not take is told as "signed out", which she never was.
    key = "link.failed" if event.problem is Problem.SIGNED_OUT else f"problem.{event.problem}"
    return stays, (say(stays, key, NEW_LINK, MENU),)


MAKING_LINK = at_work(lambda _: MakeLink(), ask=make, back=Stage.MENU)
LINK = Question(
    ask=ask,
    answer=answer,
    back=Stage.MENU,
    help=explains("link", *question(Stage.LINK, *OPTIONS)),
    expects=(Expects.CHOICE,),
)
PROOF = Question(
    ask=ask,
    answer=answer_proof,
    back=Stage.MENU,
    help=explains("proof", *question(Stage.PROOF, *PROOF_OPTIONS)),
    expects=(Expects.CODE,),
)
EXCHANGING = at_work(lambda _: ExchangeCode(), back=Stage.MENU)
