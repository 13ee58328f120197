"""Which language the desk speaks with her."""

from dataclasses import replace

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import OfferLanguages, Text
from helpdesk.conversation.events import FromHer, Said, Tapped
from helpdesk.conversation.model import Conversation, Rules, Stage
from helpdesk.conversation.turn import Turn, text


def ask(conversation: Conversation, note: Text | None = None) -> Turn:
    """Offer the languages. The question that was open stays open behind it."""
    asked = replace(conversation, stage=Stage.LANGUAGE, previous=conversation.at)
    return asked, (OfferLanguages(asked.language, note),)


def chosen(event: FromHer, rules: Rules, *, listed: bool) -> str | None:
    """Say which language was tapped, named, or, where the list was just shown, picked by number."""
    match event:
        case Tapped(tap=tap) if tap:
            return tap.detail if tap.detail in rules.languages else None
        case Said(number=int(number)) if listed and 1 <= number <= len(rules.languages):
            return rules.languages[number - 1]
        case Said(language=str(language), choices=choices) if Choice.SPEAK in choices and language in rules.languages:
            return language
    return None


def speak(conversation: Conversation, language: str) -> Conversation:
    """Speak another language from here on, at the question that was open."""
    return replace(conversation, language=language, stage=conversation.at, previous=None)


def answer(conversation: Conversation) -> Turn:
    """Whatever is no language shows the list again."""
    return ask(conversation, note=text("not_understood"))
