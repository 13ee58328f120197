"""The form (a WhatsApp Flow) in which she signs in, as far as she has got in it."""

from helpdesk.conversation.effects import AnswerForm
from helpdesk.conversation.screens import Screen
from helpdesk.structs import Tagged

LONGEST_SECONDS = 3600
"""A form that was sent is of no use after that, whatever is done in it."""


class Flow(Tagged, frozen=True):
    """A form that was sent. Screens are numbered: what is submitted twice has the same number, and counts once."""

    mark: str
    """Names it in its token."""
    sent_at: int
    """In seconds since the epoch."""
    stage: str = "consent"
    """Where the conversation is inside it."""
    number: int = 0
    """Of the screen that she was shown last; 0 as long as she has not opened it."""
    step: str = ""
    """What she submitted last."""
    asked: Screen = Screen.CONSENT
    """On which screen that was."""
    shown: AnswerForm | None = None
    """What that was answered with; None while DigiLocker is asked."""
    is_late: bool = False
    """DigiLocker answered it: whoever shows that has to claim it first."""
    closed: bool = False
    """She has closed it: what is still to be told comes in the chat."""

    @property
    def ends_at(self) -> int:
        """When its token ends."""
        return self.sent_at + LONGEST_SECONDS
