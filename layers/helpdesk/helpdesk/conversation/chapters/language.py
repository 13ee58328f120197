"""Which language the desk speaks with her."""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import OfferLanguages, Text
from helpdesk.conversation.events import FromHer, Said, Tapped
from helpdesk.conversation.model import Conversation, Rules, Stage
from helpdesk.conversation.turn import Turn, text

PAGE_SIZE = 9
"""Languages on a page: WhatsApp's ten rows of a list, less the one that leads to the next page."""
ENGLISH = "en"


def ask(conversation: Conversation, note: Text | None = None, page: int = 1) -> Turn:
    """Offer the languages. The question that was open stays open behind it."""
    asked = replace(conversation, stage=Stage.LANGUAGE, previous=conversation.at)
    return asked, (OfferLanguages(asked.language, note, page=page),)


def chosen(event: FromHer, rules: Rules, *, listed: bool) -> str | None:
    """Say which language was tapped, named, or, where the list was just shown, picked by number."""
    match event:
        case Tapped(tap=tap) if tap:
            return tap.detail if tap.detail in rules.languages else None
        case Said(number=int(number)) if listed and 1 <= number <= len(rules.languages):
            return rules.languages[number - 1]
        case Said(languages=languages, choices=choices) if Choice.SPEAK in choices:
            return next((language for language in languages if language in rules.languages), None)
    return None


def speak(conversation: Conversation, language: str) -> Conversation:
    """Speak another language from here on, at the question that was open."""
    return replace(conversation, language=language, stage=conversation.at, previous=None)


def follow(conversation: Conversation, event: FromHer, rules: Rules) -> Conversation:
    """Speak the language of her words, if they can't be in the one that is spoken now.

    English words change nothing: everybody uses some of them, *Hi* and *OK* first of all.
    """
    if not isinstance(event, Said) or Choice.SPEAK in event.choices:
        return conversation
    if {conversation.language, ENGLISH} & set(event.languages):
        return conversation
    spoken = next((language for language in event.languages if language in rules.languages), conversation.language)
    return replace(conversation, language=spoken)


def answer(conversation: Conversation) -> Turn:
    """Whatever is no language shows the list again."""
    return ask(conversation, note=text("not_understood"))
