"""What is said beside the open question, which stays open: answers to what she asks about, and to courtesy."""

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import Say
from helpdesk.conversation.events import CitizenEvent, Said
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.open_question import explain
from helpdesk.conversation.stages import STAGES
from helpdesk.conversation.turn import ACTS, DONE, MENU, OTHER_DOCUMENTS, SERVICES, Turn, say


def told_beside(conversation: Conversation, said: CitizenEvent) -> Turn | None:
    """Answer what she asks, help when she does not know, and acknowledge her thanks."""
    if not isinstance(said, Said):
        return None
    if said.topic:
        return conversation, (_beside(conversation, f"about.{said.topic}"),)
    if Choice.UNSURE in said.choices:
        return explain(conversation)
    if not is_courtesy(conversation, said) or not ACTS.isdisjoint(STAGES[conversation.stage].answers):
        return None
    if conversation.session and not conversation.waiting:
        return conversation, (say(conversation, "courtesy.signed_in", OTHER_DOCUMENTS, DONE),)
    if conversation.stage in {Stage.NEW, Stage.MENU, Stage.ENDED}:
        return conversation, (say(conversation, "courtesy.menu", SERVICES, MENU),)
    if conversation.waiting:
        return conversation, (_beside(conversation, "courtesy.wait"),)
    return (conversation, (_beside(conversation, "courtesy.open"),)) if Choice.COURTESY in said.choices else None


def _beside(conversation: Conversation, key: str) -> Say:
    """Say something with the buttons of the question that stays open."""
    explained = STAGES[conversation.stage].help(conversation)
    return say(conversation, key, *(explained.buttons if isinstance(explained, Say) else (MENU,)))


def is_courtesy(conversation: Conversation, event: CitizenEvent) -> bool:
    """Return whether she only thanks, says that all is well or that she needs nothing else, where nothing is asked."""
    if not isinstance(event, Said) or event.named or event.elsewhere:
        return False
    polite = {Choice.COURTESY, Choice.YES}
    if Choice.COURTESY in event.choices:
        polite |= {Choice.NO, Choice.DECLINE}
    polite -= STAGES[conversation.stage].answers
    return bool(event.choices) and event.choices <= polite and event.number is None
