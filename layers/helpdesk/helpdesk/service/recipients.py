"""Whom a conversation belongs to. The table says so, and functions that face the internet may write the table.

A conversation's id is a keyed hash of the person. So it is computed again before anything is fetched for a conversation
or sent in it, and the one person that it fits is the only one who is ever written to: whoever changes the person in the
table sends nothing to somebody else, since what the conversation holds sealed opens for its own id alone.
"""

from helpdesk.service.identity import conversation_id
from helpdesk.storage.conversations import Stored
from helpdesk.storage.secrets import Secret
from helpdesk.telemetry import count
from helpdesk.whatsapp.messages import Recipient


class Recipients:
    """Knows to whom the conversations with one of our numbers belong."""

    def __init__(self, identity: Secret, phone_number_id: str) -> None:
        self._identity = identity
        self._phone_number_id = phone_number_id

    def is_foreign(self, stored: Stored) -> bool:
        """Return whether the person in the table is another than the one whom the conversation belongs to.

        Nobody (her data was deleted) is no stranger. Raises SecretError.
        """
        person = stored.person.user_id or stored.person.phone
        if not person:
            return False
        pepper = self._identity.optional("id_pepper")
        if not pepper:
            # `make deploy` has not moved it here yet: as safe as the previous version, and alarmed.
            count("IdentitiesUnchecked")
            return False
        return conversation_id(pepper, self._phone_number_id, person) != stored.id

    def of(self, stored: Stored) -> Recipient | None:
        """Return whom to write to: by the identity that the conversation is known by. None: nobody, or a stranger."""
        person = stored.person
        if not (person.user_id or person.phone) or self.is_foreign(stored):
            return None
        return Recipient(user_id=person.user_id) if person.user_id else Recipient(phone=person.phone)
