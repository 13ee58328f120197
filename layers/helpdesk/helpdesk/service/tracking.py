"""What we write on a message that carries a document, so that its delivery statuses tell whose it is.

WhatsApp gives `biz_opaque_callback_data` back with each status (512 characters at the most). So a status that comes
before the send has returned is no puzzle, and one of any other message costs no look-up.
"""

from helpdesk.structs import Value


class Tracking(Value, frozen=True):
    """A message that carries document `number` of the list `listing`. `uploaded`: by media id instead of by link."""

    conversation_id: str
    key: str
    number: int
    listing: str
    uploaded: bool

    def __str__(self) -> str:
        """Write it."""
        route = "upload" if self.uploaded else "link"
        return f"{self.conversation_id}:{self.key}:{self.number}:{self.listing}:{route}"


def read_tracking(text: str | None) -> Tracking | None:
    """Read it back; None if the message carried no document."""
    match (text or "").split(":"):
        case [conversation_id, key, number, listing, ("link" | "upload") as route] if (
            number.isascii() and number.isdecimal() and conversation_id and key
        ):
            return Tracking(conversation_id, key, int(number), listing, route == "upload")
    return None
