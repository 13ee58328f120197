"""The link to DigiLocker's own page, made with all that belongs to it."""

from collections.abc import Callable
from urllib.parse import urlencode

from helpdesk.digilocker.client import Version
from helpdesk.digilocker.consent_page import (
    AuthorizeRequest,
    Pkce,
    authorize_url,
    indian_mobile,
    new_state,
    put_by,
)
from helpdesk.service.identity import link_mark
from helpdesk.structs import Value


class Made(Value, frozen=True):
    """A link, and what is kept of it."""

    hidden = ("link", "address", "verifier")

    link: str
    """What she is sent."""
    mark: str
    address: str
    """DigiLocker's, without what identifies her."""
    verifier: str


class Links(Value, frozen=True):
    """Makes links."""

    consent_url: str
    """Where DigiLocker sends her back to, exactly as it is registered there."""
    digilocker_url: str
    version: Version
    client_id: Callable[[], str]
    doctypes: tuple[str, ...]
    purpose: str
    service_name: str

    def make(self, conversation_id: str, phone: str, *, sign_up: bool) -> Made:
        """Make one for a conversation. `phone`: the number that she writes from; empty if it is not known."""
        state, pkce = new_state(conversation_id), Pkce.new()
        mobile = indian_mobile(phone) or ""
        request = AuthorizeRequest(
            client_id=self.client_id(),
            redirect_uri=self.consent_url,
            state=state,
            challenge=pkce.challenge,
            sign_up=sign_up,
            doctypes=self.doctypes,
            purpose=self.purpose,
            service_name=self.service_name,
            mobile=mobile,
        )
        address = authorize_url(self.digilocker_url, self.version, request)
        return Made(
            link=f"{self.consent_url}/start?{urlencode({'s': state})}",
            mark=link_mark(state),
            address=put_by(address, state, mobile),
            verifier=pkce.verifier,
        )
