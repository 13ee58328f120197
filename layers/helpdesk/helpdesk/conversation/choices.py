"""The things she can choose, whether by a tap, by a word, or by the number of the option.

A tap's id names the choice and the question it belonged to, so that a tap on yesterday's button is recognised:

    yes@account             a button of the account question
    more@1f2e3d#2           page 2 of the list 1f2e3d
    document@1f2e3d#7       document 7 of that list
    option@1f2e3d#7         row 7 of what can be brought in, or of what an issuer can be told
    speak#hi                the language hi

An id contains nothing personal: WhatsApp hands it to anyone who holds the phone.
"""

from enum import StrEnum

from helpdesk.structs import Value


class Choice(StrEnum):
    """What a button, a row or a word can mean."""

    GREETING = "greeting"
    MENU = "menu"
    SERVICES = "services"
    LANGUAGE = "language"
    SPEAK = "speak"
    HELP = "help"
    YES = "yes"
    NO = "no"
    AGREE = "agree"
    DECLINE = "decline"
    RESEND = "resend"
    CHANGE_NUMBER = "change_number"
    CANCEL = "cancel"
    TRY_AGAIN = "try_again"
    DOCUMENT = "document"
    MORE = "more"
    OTHER_DOCUMENTS = "other_documents"
    DONE = "done"
    BACK = "back"
    PERSON = "person"
    PRIVACY = "privacy"
    DELETE_DATA = "delete_data"
    DELETE = "delete"
    STOP = "stop"
    ANOTHER_PERSON = "another_person"
    SIGN_UP = "sign_up"
    FEMALE = "female"
    MALE = "male"
    TRANSGENDER = "transgender"
    OWN_MOBILE = "own_mobile"
    SEND = "send"
    CHANGE = "change"
    NEW_DOCUMENT = "new_document"
    OPTION = "option"
    OPEN_LINK = "open_link"
    NEW_LINK = "new_link"
    SHARE = "share"
    CONTINUE = "continue"
    """It is her turn."""
    HOW_LONG = "how_long"
    COURTESY = "courtesy"
    """Thanks, ok, good night: no command."""
    UNSURE = "unsure"
    """She does not know."""
    CHAT = "chat"
    """To type in the chat instead of filling in the form."""
    NOT_COME = "not_come"
    """The OTP has not come."""


class Tap(Value, frozen=True):
    """What the id of a tapped button or row says. `place` is the question or the list it belonged to."""

    choice: Choice
    place: str = ""
    detail: str = ""

    @property
    def number(self) -> int | None:
        """The number of a page or document, if the id carries one."""
        return int(self.detail) if self.detail.isascii() and self.detail.isdecimal() else None


def tap_id(choice: Choice, place: str = "", detail: str | int = "") -> str:
    """Write the id of a button or row."""
    return f"{choice}{f'@{place}' if place else ''}{f'#{detail}' if detail != '' else ''}"


def read_tap(text: str) -> Tap | None:
    """Read an id back; None for one that this version does not know."""
    head, _, detail = text.partition("#")
    name, _, place = head.partition("@")
    try:
        return Tap(Choice(name), place, detail)
    except ValueError:
        return None
