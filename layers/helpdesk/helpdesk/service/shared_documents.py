"""Which documents she shares: what she ticked on DigiLocker's page, as marks that can be sealed."""

from typing import TYPE_CHECKING

from helpdesk.service.identity import uri_mark

if TYPE_CHECKING:
    from helpdesk.digilocker.models import Token

EVERYTHING = "*"
"""Stands for what she shares where the scope does not say: then only trying tells."""
MOST_SHARED = 300
"""Marks of documents that can be sealed at once: KMS takes 4 KB."""


def shared_by(token: "Token") -> str:
    """Write down which documents a token's scope names, as marks; `EVERYTHING` if it names none, or too many."""
    uris = token.shared_uris
    return " ".join(map(uri_mark, uris)) if 0 < len(uris) <= MOST_SHARED else EVERYTHING
