"""Words and buttons that mean the same everywhere, and rows of lists that are shown from everywhere."""

from collections.abc import Callable, Mapping

from helpdesk.conversation.chapters import account, documents, issuer, language, line, menu, new_document, privacy
from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.events import CitizenEvent, LateMessage, Said, Tapped
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.open_question import ask_again, explain, go_back
from helpdesk.conversation.turn import Context, Turn, is_meant, reset_to, text


def command(event: CitizenEvent) -> Choice | None:
    """Return which choice that means the same everywhere was made, if one was."""
    match event:
        case Tapped(tap=tap) if tap and tap.choice in COMMANDS:
            return tap.choice
        case Said(choices=choices):
            return next((choice for choice in COMMANDS if choice in choices and is_meant(event, choice)), None)
    return None


def command_even_late(event: CitizenEvent) -> Choice | None:
    """Return what `command` does, also for a message that WhatsApp delivered long after she sent it."""
    timely = event.event if isinstance(event, LateMessage) else event
    return command(timely) if timely else None


def option_tapped(conversation: Conversation, tap: Tap, context: Context) -> Turn:
    """She tapped a row of what can be brought in, or of what an issuer can be told."""
    match conversation.stage:
        case Stage.FINDING:
            return new_document.tapped(conversation, tap, context)
        case Stage.DETAIL:
            return issuer.tapped(conversation, tap, context)
    return ask_again(conversation, context, note=text("old_button"))


def _sign_up(conversation: Conversation, *_: object) -> Turn:
    return menu.services(conversation) if conversation.session else account.sign_up(conversation)


def _other_documents(conversation: Conversation, _: CitizenEvent, context: Context) -> Turn:
    here = reset_to(conversation, Stage.DOCUMENTS) if conversation.pull else conversation
    return documents.again(here, context)


def _more(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
    """*More*: the page that the row names, or the next one."""
    tap = event.tap if isinstance(event, Tapped) else None
    if conversation.stage is Stage.LANGUAGE if tap is None else tap.place == Stage.LANGUAGE:
        return language.ask(conversation, context, page=(tap.number if tap else None) or 2)
    session = conversation.session
    if session is None:
        return documents.no_session(conversation)
    is_listed = tap is not None and tap.place == session.listing
    if conversation.stage is Stage.FINDING and not is_listed:
        return new_document.more(conversation, tap, context)
    if conversation.stage is Stage.DETAIL and not is_listed:
        return issuer.more(conversation, tap, context)
    page = tap.number if tap and is_listed else None
    return documents.show(conversation, page or session.page + 1)


COMMANDS: Mapping[Choice, Callable[[Conversation, CitizenEvent, Context], Turn]] = {
    Choice.GREETING: menu.greet,
    Choice.MENU: lambda conversation, _, context: menu.ask(conversation, context),
    Choice.SERVICES: menu.services,
    Choice.LANGUAGE: lambda conversation, _, context: language.ask(conversation, context),
    Choice.HELP: explain,
    Choice.PERSON: privacy.person,
    Choice.PRIVACY: privacy.privacy,
    Choice.DELETE: privacy.said_delete,
    Choice.DELETE_DATA: lambda conversation, _, context: privacy.ask_to_delete(conversation, context),
    Choice.STOP: privacy.stop,
    Choice.BACK: go_back,
    Choice.CONTINUE: line.go_on,
    Choice.CANCEL: menu.cancel,
    Choice.SIGN_UP: _sign_up,
    Choice.ANOTHER_PERSON: menu.another_person,
    Choice.DONE: documents.done,
    Choice.NEW_DOCUMENT: lambda conversation, _, context: new_document.begin(conversation, context),
    Choice.OTHER_DOCUMENTS: _other_documents,
    Choice.MORE: _more,
}
"""In the order in which they are looked for in what she said."""
