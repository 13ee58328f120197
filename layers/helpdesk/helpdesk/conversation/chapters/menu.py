"""Hi, the menu, and help."""

from msgspec.structs import replace

from helpdesk.conversation.chapters import account, consent, documents, new_document, sign_in_page, sign_up
from helpdesk.conversation.chapters.sign_in_chat import NUMBER_OPTIONS, otp_options
from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import OfferLanguages, Text
from helpdesk.conversation.events import FromHer
from helpdesk.conversation.model import Conversation, Rules, Stage
from helpdesk.conversation.turn import (
    CANCEL,
    DONE,
    HELP,
    LANGUAGE,
    MENU,
    OTHER_DOCUMENTS,
    PERSON,
    PRIVACY,
    SERVICES,
    Turn,
    left,
    picks,
    question,
    say,
    signed_out,
    text,
)

OPTIONS = (Choice.SERVICES, Choice.LANGUAGE, Choice.HELP)
_EXPLAINED = {
    Stage.ACCOUNT: ("account", question(Stage.ACCOUNT, *account.OPTIONS)),
    Stage.CONSENT: ("consent", (*question(Stage.CONSENT, *consent.OPTIONS), PRIVACY)),
    Stage.AADHAAR: ("aadhaar", question(Stage.AADHAAR, *NUMBER_OPTIONS)),
    Stage.NAME: ("name", question(Stage.NAME, *sign_up.OPTIONS)),
    Stage.BORN: ("born", question(Stage.BORN, *sign_up.OPTIONS)),
    Stage.GENDER: ("gender", question(Stage.GENDER, *sign_up.GENDERS)),
    Stage.MOBILE: ("mobile", question(Stage.MOBILE, *sign_up.OPTIONS)),
    Stage.SUMMARY: ("summary", question(Stage.SUMMARY, *sign_up.SUMMARY_OPTIONS)),
    Stage.SENDING_OTP: ("waiting", (CANCEL,)),
    Stage.VERIFYING: ("waiting", (CANCEL,)),
    Stage.MAKING_LINK: ("waiting", (CANCEL,)),
    Stage.LINK: ("link", question(Stage.LINK, *sign_in_page.OPTIONS)),
    Stage.PROOF: ("proof", question(Stage.PROOF, *sign_in_page.PROOF_OPTIONS)),
    Stage.EXCHANGING: ("waiting", (CANCEL,)),
    Stage.LISTING: ("waiting", (CANCEL,)),
    Stage.DOCUMENTS: ("documents", (OTHER_DOCUMENTS, DONE)),
    Stage.FINDING: ("finding", question(Stage.FINDING, *new_document.OPTIONS)),
    Stage.SEARCHING: ("waiting", (CANCEL,)),
    Stage.DETAIL: ("detail", question(Stage.DETAIL, *new_document.OPTIONS)),
    Stage.CHECK: ("check", question(Stage.CHECK, *new_document.CHECK_OPTIONS)),
    Stage.PULLING: ("waiting", (CANCEL,)),
    Stage.DELETE: ("delete", (*question(Stage.DELETE, Choice.DELETE), MENU)),
}
"""What *Help* says at each question, and the question's own buttons, where they are always the same."""


def ask(conversation: Conversation, note: Text | None = None) -> Turn:
    """Show the menu; also for *Hi*, from anywhere. Whatever was half-done is dropped."""
    at_menu = replace(left(conversation, Stage.MENU), wanted=None)
    return at_menu, (say(at_menu, "menu", SERVICES, LANGUAGE, HELP, note=note),)


def services(conversation: Conversation, event_id: str, now: int, rules: Rules) -> Turn:
    """*DigiLocker Services*: to the list for who is signed in, else to the question of the account."""
    if conversation.session:
        return documents.again(left(conversation, Stage.DOCUMENTS), event_id, now, rules)
    if conversation.wanted:
        return consent.ask(left(conversation, Stage.CONSENT), rules)  # she was signed in just now: she has an account
    return account.ask(conversation)


def another_person(conversation: Conversation) -> Turn:
    """*Another person* of the family uses the phone: who was signed in is signed out first."""
    out, effects = signed_out(conversation, Stage.MENU)
    asked, replies = account.ask(out)
    return asked, (*replies, *effects)


def ended(conversation: Conversation) -> Turn:
    """Tell that the session ended by itself, or was closed by us, and how to go on."""
    key = "session.closed" if conversation.was_closed else "session.ended"
    at_menu = left(conversation, Stage.MENU)
    return at_menu, (say(at_menu, key, SERVICES, MENU),)


def explain(conversation: Conversation) -> Turn:
    """*Help* explains the open question, which can still be answered."""
    if conversation.stage is Stage.LANGUAGE:
        return conversation, (OfferLanguages(conversation.language, text("help.language"), text("help.ways")),)
    match conversation.stage:
        case Stage.OTP:
            key, buttons = "otp", question(Stage.OTP, *otp_options(conversation))
        case Stage.LISTING if not conversation.waiting:
            key, buttons = "listing", (*question(Stage.LISTING, Choice.TRY_AGAIN), DONE)
        case stage:
            key, buttons = _EXPLAINED.get(stage, ("menu", (SERVICES, PRIVACY, PERSON)))
    explained = say(conversation, f"help.{key}", *buttons)
    return conversation, (replace(explained, more=text("help.ways")),)


def answer(conversation: Conversation, event: FromHer, now: int, rules: Rules) -> Turn:
    """Whatever was not understood at the menu shows the menu again."""
    match picks(event, Stage.MENU, OPTIONS):
        case Choice.SERVICES:
            return services(conversation, event.id, now, rules)
        case Choice.LANGUAGE:
            from helpdesk.conversation.chapters import language  # noqa: PLC0415 - the two lead to each other

            return language.ask(conversation)
        case Choice.HELP:
            return explain(conversation)
    if conversation.stage is Stage.NEW:
        return ask(conversation)
    return ask(conversation, note=text("not_understood"))
