"""Calls to the Cloud API: send a message, show that we are typing, upload a document.

Source: Cloud API reference, messages, typing indicators and media endpoints.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import requests

from helpdesk import outbound
from helpdesk.errors import WhatsAppError
from helpdesk.mac import hmac_sha256_hex
from helpdesk.whatsapp.errors import OutcomeUnknown, RateLimited, TokenRefused, Unavailable, error_of
from helpdesk.whatsapp.messages import Json, Message, Recipient, envelope

_MAX_ANSWER: Final = 256 * 1024
"""Bytes of an answer that are read; real ones have a few hundred."""


class WhatsAppClient:
    """One business number's side of the Cloud API.

    Raises only what `helpdesk.whatsapp.errors` lists (and what `token` itself raises). A call is repeated, once, only
    where no connection could be made; everything else is the caller's decision, since a repeated message reaches the
    citizen twice.
    """

    def __init__(
        self,
        url: str,
        version: str,
        phone_number_id: str,
        token: Callable[[], str],
        app_secret: Callable[[], str] = str,
        session: requests.Session | None = None,
        timeouts: tuple[float, float] = (3.05, 6.0),
    ) -> None:
        """Take the API's base address, its version ("v26.0"), our number's id and where the access token comes from.

        `app_secret` gives the secret of the app that the token belongs to, which proves each call to be the app's own;
        "" proves nothing. `timeouts` are seconds for connecting and for the answer.
        """
        self._base = f"{url.rstrip('/')}/{version}/{phone_number_id}"
        self._token = token
        self._app_secret = app_secret
        self._session = outbound.plain_session(session)
        self._timeouts = outbound.Timeouts(*timeouts)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._session.close()

    def send(self, recipient: Recipient, message: Message, callback_data: str = "") -> str:
        """Send a message and give its id (wamid). WhatsApp has then accepted it, not yet delivered it.

        `callback_data` comes back in the message's statuses. Raises `OutcomeUnknown` when the request left and no
        readable answer came.
        """
        body = envelope(recipient, message, callback_data)
        answer = self._post("messages", unanswered=OutcomeUnknown, json=body)
        messages = answer.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else None
        return _id_in(first)

    def probe(self) -> None:
        """See whether the service answers, without doing anything: ask for our own number's entry.

        A refusal is an answer too (a token for sending need not be one for reading). Raises `Unavailable` or
        `RateLimited`. Source: Graph API, phone number node.
        """
        try:
            self._call("GET", self._base, unanswered=Unavailable)
        except OutcomeUnknown as error:
            raise Unavailable(error.code, status=error.status) from None
        except (Unavailable, RateLimited):
            raise
        except WhatsAppError:
            return

    def typing(self, message_id: str) -> None:
        """Mark the citizen's message as read and show "typing ..." until the reply comes, at most 25 seconds."""
        body: dict[str, Json] = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": message_id,
            "typing_indicator": {"type": "text"},
        }
        self._post("messages", unanswered=Unavailable, json=body)

    def upload(self, content: bytes, media_type: str, filename: str) -> str:
        """Upload a file and return its media id, which this number may use for 30 days.

        Repeating an upload does no harm, so no answer is `Unavailable` here.
        """
        form = {"messaging_product": "whatsapp", "type": media_type}
        files = {"file": (filename, content, media_type)}
        return _id_in(self._post("media", unanswered=Unavailable, data=form, files=files))

    def _post(self, path: str, *, unanswered: type[WhatsAppError], **content: Mapping[str, Any]) -> dict[str, object]:
        return self._call("POST", f"{self._base}/{path}", unanswered=unanswered, **content)

    def _call(
        self, method: str, url: str, *, unanswered: type[WhatsAppError], **content: Mapping[str, Any]
    ) -> dict[str, object]:
        """Make a call and return the JSON object in its answer. Raises `unanswered` when the outcome is not known."""
        token = self._token()
        if not (token.isascii() and token.isprintable() and token and " " not in token):
            raise TokenRefused(None)  # such a header cannot be sent, and the attempt would quote it
        app_secret = self._app_secret()
        request = requests.Request(
            method,
            url,
            # A stolen token is of no use without the app's secret, if the app is set to ask for the proof.
            # Source: Graph API, "Secure Graph API calls".
            params={"appsecret_proof": hmac_sha256_hex(app_secret, token.encode())} if app_secret else None,
            headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"},
            **content,
        )
        deadline = outbound.Deadline.after(2 * self._timeouts.connect + self._timeouts.read)
        try:
            answer = outbound.exchange(
                self._session, request, deadline=deadline, timeouts=self._timeouts, limit=_MAX_ANSWER
            )
        except outbound.NothingSent:
            raise Unavailable(None) from None
        except outbound.CallFailed:
            raise unanswered(None) from None
        body = answer.json()
        if not answer.succeeded:
            raise error_of(answer.status, body)
        if not isinstance(body, dict):
            raise unanswered(None, status=answer.status)
        return body


def _id_in(element: object) -> str:
    id_ = element.get("id") if isinstance(element, dict) else None
    if not isinstance(id_, str) or not id_:
        raise OutcomeUnknown(None)
    return id_
