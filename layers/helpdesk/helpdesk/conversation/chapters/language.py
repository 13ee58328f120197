"""Which language the desk speaks with her."""

from msgspec.structs import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import OfferLanguages, Text
from helpdesk.conversation.events import CitizenEvent, Said, Tapped
from helpdesk.conversation.model import Conversation, Rules, Stage
from helpdesk.conversation.turn import Context, Expects, Question, Turn, goto, text

ENGLISH = "en"


def ask(conversation: Conversation, _: Context, note: Text | None = None, page: int = 1) -> Turn:
    """Offer the languages. The question that was open stays open behind it."""
    asked = replace(conversation, stage=Stage.LANGUAGE, previous=conversation.at)
    return asked, (OfferLanguages(asked.language, note, page=page),)


def chosen(event: CitizenEvent, rules: Rules, *, listed: bool) -> str | None:
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


def follow(conversation: Conversation, event: CitizenEvent, rules: Rules) -> Conversation:
    """Speak the language of her words, if they can't be in the one that is spoken now.

    English words change nothing: everybody uses some of them, *Hi* and *OK* first of all.
    """
    if not isinstance(event, Said) or Choice.SPEAK in event.choices:
        return conversation
    if {conversation.language, ENGLISH} & set(event.languages):
        return conversation
    spoken = next((language for language in event.languages if language in rules.languages), conversation.language)
    return replace(conversation, language=spoken)


def answer(conversation: Conversation, _: CitizenEvent, context: Context) -> Turn:
    """Whatever is no language shows the list again."""
    return ask(conversation, context, note=text("not_understood"))


def back(conversation: Conversation, _: Context) -> Turn:
    """*Back* to the question that was open."""
    return goto(replace(conversation, stage=conversation.at, previous=None), conversation.at)


LANGUAGE = Question(
    ask=ask,
    answer=answer,
    back=back,
    help=lambda conversation: OfferLanguages(conversation.language, text("help.language")),
    expects=(Expects.CHOICE,),
)
