"""Straight to the document: what she asks for before she is signed in is kept, and had without the list."""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.events import CitizenEvent, Said
from helpdesk.conversation.model import Conversation, Stage, Wish
from helpdesk.conversation.turn import Expects, Turn, confirmation, goto, reset_to

_BEGINNINGS = frozenset({Stage.NEW, Stage.MENU, Stage.ENDED, Stage.ACCOUNT, Stage.DELETE, Stage.STOPPED})
"""Where nothing has been begun: the wish leads to signing in."""
_BESIDE = frozenset(
    {Choice.GREETING, Choice.SPEAK, Choice.YES, Choice.SERVICES, Choice.NEW_DOCUMENT, Choice.OTHER_DOCUMENTS}
)
"""What can be said along with a wish: "hello, yes, I want to get my licence"."""
_OTHERWISE = frozenset({Expects.NAME, Expects.VALUE, Expects.WORDS, Expects.DOCUMENT})
"""Questions to which the name of a document can be an answer."""


def heard(conversation: Conversation, event: CitizenEvent, expects: tuple[Expects, ...]) -> Wish | None:
    """Return what she wishes for, if she does, and the open question does not ask for it."""
    if not isinstance(event, Said) or event.refuses or event.topic or not _OTHERWISE.isdisjoint(expects):
        return None
    if not (event.named or event.elsewhere) or event.choices - _BESIDE or conversation.pull:
        return None
    if conversation.session and conversation.stage is Stage.DELETE and not event.is_clear:
        return None  # "if I delete, will my licence be gone"
    return Wish(event.doctypes)


def keep(conversation: Conversation, wish: Wish) -> Turn:
    """Keep a wish and confirm it; where nothing has been begun, she signs in. She is not signed in yet."""
    here = replace(conversation, wish=wish, stage=conversation.at, previous=None)
    if here.stage in _BEGINNINGS:
        return goto(reset_to(here, Stage.NEW), Stage.CONSENT, confirmation(wish))
    return goto(here, here.stage, confirmation(wish))
