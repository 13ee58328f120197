"""Calls to the Cloud API: send a message, show that we are typing, upload a document.

Source: Cloud API reference, messages, typing indicators and media endpoints.
"""

import secrets
from collections.abc import Callable, Iterator
from io import BytesIO
from os import SEEK_END
from typing import BinaryIO, Final

import requests

from helpdesk import outbound
from helpdesk.mac import mac
from helpdesk.whatsapp.errors import OutcomeUnknown, RateLimited, TokenRefused, Unavailable, WhatsAppError, error_of
from helpdesk.whatsapp.messages import Json, Message, Recipient, envelope

_MAX_ANSWER: Final = 256 * 1024
"""Bytes of an answer that are read; real ones have a few hundred."""

_CHUNK: Final = 64 * 1024


class _MediaForm:
    """The multipart body of an upload, made while it is sent: a 10 MB document is held once, not three times."""

    def __init__(self, content: bytes | BinaryIO, media_type: str, filename: str) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._file: BinaryIO = BytesIO(content) if isinstance(content, bytes) else content
        self._start = self._file.tell()
        size = self._file.seek(0, SEEK_END) - self._start
        fields = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (("messaging_product", "whatsapp"), ("type", media_type))
        )
        head = (
            f'{fields}--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(filename)}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        )
        self._head = head.encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._length = len(self._head) + size + len(self._tail)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        self._file.seek(self._start)
        while piece := self._file.read(_CHUNK):
            yield piece
        yield self._tail


def _quoted(filename: str) -> str:
    """Escape a file name as browsers do in forms (WHATWG HTML, multipart/form-data encoding)."""
    return filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


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

    def upload(self, content: bytes | BinaryIO, media_type: str, filename: str) -> str:
        """Upload a file and give its media id, which this number may use for 30 days.

        `content` is sent in pieces and not copied; a file is read from its current position to its end. Repeating an
        upload does no harm, so no answer is `Unavailable` here.
        """
        form = _MediaForm(content, media_type, filename)
        answer = self._post("media", unanswered=Unavailable, data=form, headers={"Content-Type": form.content_type})
        return _id_in(answer)

    def _post(
        self,
        path: str,
        *,
        unanswered: type[WhatsAppError],
        json: dict[str, Json] | None = None,
        data: _MediaForm | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, object]:
        return self._call("POST", f"{self._base}/{path}", unanswered=unanswered, json=json, data=data, headers=headers)

    def _call(
        self,
        method: str,
        url: str,
        *,
        unanswered: type[WhatsAppError],
        json: dict[str, Json] | None = None,
        data: _MediaForm | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, object]:
        """Make a call and give the JSON object it answered. `unanswered` is raised when the outcome is not known."""
        token = self._token()
        if not (token.isascii() and token.isprintable() and token and " " not in token):
            raise TokenRefused(None)  # such a header cannot be sent, and the attempt would quote it
        app_secret = self._app_secret()
        request = requests.Request(
            method,
            url,
            # A stolen token is of no use without the app's secret, if the app is set to ask for the proof.
            # Source: Graph API, "Secure Graph API calls".
            params={"appsecret_proof": mac(app_secret, token.encode())} if app_secret else None,
            headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"} | (headers or {}),
            json=json,
            data=data,
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
