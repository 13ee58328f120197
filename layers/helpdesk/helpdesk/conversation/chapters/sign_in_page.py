"""Signing in on DigiLocker's own page: the link that leads there, the way back, and what she types meanwhile.

The link is bound to this conversation. Whoever has it can open it until it is used or too old; where documents go that
are consented to by it does not depend on who opens it. So either the mobile that DigiLocker knows must be hers, or a
one-time code, which the page shows to whoever came back, must come from this chat.
"""

from hmac import compare_digest

from msgspec.structs import replace

from helpdesk.conversation.chapters.sign_in_chat import with_timer
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import ExchangeCode, MakeLink, OfferLink, Text
from helpdesk.conversation.events import CameBack, Failed, FromHer, LinkMade, SentProof
from helpdesk.conversation.model import Conversation, Link, Rules, Stage
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.turn import MENU, NEW_LINK, Turn, left, picks, question, say, settled, text, waits

OPTIONS = (Choice.OPEN_LINK, Choice.NEW_LINK, Choice.CANCEL)
PROOF_OPTIONS = (Choice.NEW_LINK, Choice.CANCEL)

# The link


def make(conversation: Conversation, event_id: str, now: int, *, sign_up: bool) -> Turn:
    """Have a new link made. An earlier one is worth nothing from here on."""
    asked = waits(left(conversation, Stage.MAKING_LINK), Stage.MAKING_LINK, event_id, now)
    return asked, (MakeLink(sign_up),)


def made(conversation: Conversation, event: LinkMade, now: int, rules: Rules) -> Turn:
    """The link is there: hand it over."""
    link = Link(event.mark, event.address, now + rules.link_seconds, event.sign_up)
    away = replace(settled(conversation, event.id), stage=Stage.LINK, link=link, again=MakeLink(event.sign_up))
    return with_timer(away, (_offer(away, now),), now, rules)


def answer(conversation: Conversation, event: FromHer, now: int) -> Turn:
    """She writes instead of going there: the same link once more as long as it holds, or a new one."""
    match picks(event, Stage.LINK, OPTIONS, numbered=False, try_again=Choice.NEW_LINK):
        case Choice.OPEN_LINK if _holds(conversation, now):
            return conversation, (_offer(conversation, now),)
        case Choice.OPEN_LINK | Choice.NEW_LINK:
            return _make_another(conversation, event.id, now)
    return ask(conversation, now)


def ask(conversation: Conversation, now: int, note: Text | None = None) -> Turn:
    """Tell where the sign-in stands, and the ways on."""
    if not _holds(conversation, now):
        expired = replace(conversation, stage=Stage.LINK, link=None)
        return expired, (say(expired, "link.expired", *question(Stage.LINK, *PROOF_OPTIONS), note=note),)
    if conversation.stage is Stage.PROOF:
        return conversation, (say(conversation, "proof.ask", *question(Stage.PROOF, *PROOF_OPTIONS), note=note),)
    return conversation, (say(conversation, "link.waiting", *question(Stage.LINK, *OPTIONS), note=note),)


def _offer(conversation: Conversation, now: int) -> OfferLink:
    minutes = -(-(conversation.link.expires_at - now) // 60) if conversation.link else 0
    return OfferLink(conversation.language, text("link.open", minutes=minutes))


def _make_another(conversation: Conversation, event_id: str, now: int) -> Turn:
    signs_up = isinstance(conversation.again, MakeLink) and conversation.again.sign_up
    return make(conversation, event_id, now, sign_up=signs_up)


def _holds(conversation: Conversation, now: int) -> bool:
    return conversation.link is not None and now < conversation.link.expires_at


# The way back


def awaits(conversation: Conversation, mark: str, now: int) -> bool:
    """Tell whether the link whose `state` has this hash can be opened, or come back with."""
    link = conversation.link
    return link is not None and compare_digest(link.mark, mark) and not link.returned and now < link.expires_at


def came_back(conversation: Conversation, event: CameBack, now: int, rules: Rules) -> Turn:
    """DigiLocker sent her back: with a code, which is exchanged at once or when she has proved herself; or without."""
    link = conversation.link
    if link is None:
        return conversation, ()
    here = replace(conversation, previous=None, active_at=now)
    if not event.code:
        key = "link.declined" if event.declined else "link.failed"
        here = replace(here, stage=Stage.LINK, link=None)
        return here, (say(here, key, NEW_LINK, MENU),)
    if event.proof:
        returned = replace(link, returned=event.code, proof=event.proof, expires_at=now + rules.link_seconds)
        return replace(here, stage=Stage.PROOF, link=returned), ()
    return _exchange(here, link, event.id, now, proved=False)


def proved(conversation: Conversation, event: SentProof, now: int) -> Turn | None:
    """The one-time code came from this chat: exchange. None if no code is waited for here."""
    link = conversation.link
    if conversation.at is not Stage.PROOF or link is None:
        return None
    here = replace(conversation, stage=Stage.PROOF, previous=None)
    if now >= link.expires_at:
        return ask(here, now)
    if compare_digest(event.mark, link.proof):
        return _exchange(here, link, event.id, now, proved=True)
    left_over = link.tries_left - 1
    link_left = replace(link, tries_left=left_over) if left_over else None
    return ask(replace(here, link=link_left), now, text("proof.wrong"))


def answer_proof(conversation: Conversation, event: FromHer, now: int) -> Turn:
    """She writes something else than the one-time code."""
    if picks(event, Stage.PROOF, PROOF_OPTIONS, numbered=False, try_again=Choice.NEW_LINK) is Choice.NEW_LINK:
        return _make_another(conversation, event.id, now)
    return ask(conversation, now)


def _exchange(conversation: Conversation, link: Link, event_id: str, now: int, *, proved: bool) -> Turn:
    used = replace(waits(conversation, Stage.EXCHANGING, event_id, now), link=None)
    return used, (ExchangeCode(link.sign_up, proved),)


def not_signed_in(conversation: Conversation, event: Failed, *, sign_up: bool) -> Turn:
    """There is no link, or the code was not accepted: why, and a new link."""
    stays = replace(settled(conversation, event.id), stage=Stage.LINK, link=None, again=MakeLink(sign_up))
    # A code that DigiLocker does not take is told as "signed out", which she never was.
    key = "link.failed" if event.problem is Problem.SIGNED_OUT else f"problem.{event.problem}"
    return stays, (say(stays, key, NEW_LINK, MENU),)
