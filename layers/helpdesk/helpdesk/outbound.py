"""Calls to other people's servers: what both clients need, and what neither may get wrong.

Certificates always verified, no proxy, netrc or cookie, no redirects, no hidden retries, a bound on the time and on the
size of every answer, and failures told apart by the one question that matters: can the other side have acted on it?
Nothing raised here carries an address, a header or a body; `requests` puts all three into its exceptions.
"""

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Final, Self

import requests
import urllib3

from helpdesk.structs import Value

# At DEBUG urllib3 logs the path of every call, and at WARNING that of an answer with odd headers: a path may hold a
# document's URI, and with it a licence or PAN number.
logging.getLogger("urllib3").setLevel(logging.ERROR)

_CHUNK: Final = 64 * 1024


class CallFailed(Exception):
    """No complete answer came."""


class NothingSent(CallFailed):
    """The connection could not be made: the other side knows nothing of the call."""


class NoAnswer(CallFailed):
    """The call went out, but the answer is missing, broken off, or took too long."""


class AnswerTooLarge(CallFailed):
    """The answer is larger than the caller takes."""


class Deadline(Value, frozen=True):
    """A moment on the monotonic clock by which a piece of work must be over."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the moment `seconds` from now."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds that are left, 0 when it has passed."""
        return max(0.0, self.at - time.monotonic())


class Timeouts(Value, frozen=True):
    """Seconds to wait for the connection, and for the next bytes of an answer."""

    connect: float
    read: float


class Answer(Value, frozen=True):
    """A complete answer. `body` is empty when a refusal (4xx, 5xx) broke off: its status says enough."""

    hidden = ("headers", "body")

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> object:
        """Return the decoded body, or None when it is not JSON (a proxy's HTML page, say)."""
        return decode(self.body)


def decode(body: bytes) -> object:
    """Decode JSON; None when it is not JSON. An exception would carry the document.

    A byte order mark, NULs and blanks around it, control characters in texts and bytes that are not UTF-8 hide nothing:
    such a byte becomes U+FFFD.
    """
    encoding = json.detect_encoding(body)
    text = body.decode(encoding, "replace").strip("\ufeff\0 \t\r\n")
    try:
        decoded: object = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return decoded


def plain_session(session: requests.Session | None = None) -> requests.Session:
    """Return a session (the given one or a new one) that heeds neither proxy nor netrc of the environment."""
    session = session or requests.Session()
    session.trust_env = False
    return session


def start(
    session: requests.Session, request: requests.Request, *, deadline: Deadline, timeouts: Timeouts
) -> requests.Response:
    """Send a request and give the answer with its body still unread.

    Tries a second time where the connection could not be made, and never otherwise. The wait for the answer's first
    bytes is bounded by both `timeouts` and `deadline`. Not bounded: a server that sends its headers byte by byte, and
    the resolution of its name.

    Raises `NothingSent` or `NoAnswer`.
    """
    failure = CallFailed()
    for _ in range(2):
        left = deadline.left()
        if left <= 0:
            failure = NothingSent()
            break
        timeout = urllib3.Timeout(total=left, connect=min(timeouts.connect, left), read=min(timeouts.read, left))
        try:
            prepared = session.prepare_request(request)
            # Not `session.send`: it keeps cookies (one citizen's call would look like the continuation of another's),
            # and even without following a redirect it reads its body and address, after the request has left.
            adapter = session.get_adapter(prepared.url or "")
            # requests hands a urllib3 timeout on as it is (its stubs do not know), and only that has a total.
            return adapter.send(prepared, stream=True, timeout=timeout, verify=True)  # type: ignore[arg-type]
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            failure = NothingSent() if _nothing_sent(error) else NoAnswer()
        if isinstance(failure, NoAnswer):
            break
    # Raised outside the handler, so that not even the context holds the original with its address.
    raise failure


def read(
    response: requests.Response,
    *,
    deadline: Deadline,
    limit: int,
    observe: Callable[[bytes], None] | None = None,
) -> bytes:
    """Read an answer's body, at most `limit` bytes and not past `deadline`, then close or release the connection.

    `observe` sees every piece as it comes and may raise to stop. The body is held once while it is read and not
    copied at the end.

    Raises `AnswerTooLarge` (a larger `Content-Length` is believed before anything is read) or `NoAnswer`.
    """
    # The read timeout is for each piece, so a server that sends a byte now and then could hold us for ever.
    watchdog = threading.Timer(deadline.left(), _hang_up, [response])
    watchdog.daemon = True
    buffer = BytesIO()
    try:
        if _declared_length(response) > limit:
            raise AnswerTooLarge
        watchdog.start()
        while piece := _piece(response):
            if deadline.left() <= 0:
                raise NoAnswer
            if buffer.tell() + len(piece) > limit:
                raise AnswerTooLarge
            if observe is not None:
                observe(piece)
            buffer.write(piece)
        if deadline.left() <= 0:  # the end may be the watchdog's doing
            raise NoAnswer
    finally:
        watchdog.cancel()
        response.close()
    return buffer.getvalue()


def exchange(
    session: requests.Session, request: requests.Request, *, deadline: Deadline, timeouts: Timeouts, limit: int
) -> Answer:
    """Send a request and read the whole answer. Raises what `start` and `read` raise."""
    return finish(start(session, request, deadline=deadline, timeouts=timeouts), deadline=deadline, limit=limit)


def finish(response: requests.Response, *, deadline: Deadline, limit: int) -> Answer:
    """Read the rest of an answer that was started. Raises what `read` raises, but not for a refusal (4xx, 5xx)."""
    body = b""
    try:
        body = read(response, deadline=deadline, limit=limit)
    except CallFailed:
        if response.status_code < 400:
            raise
    return Answer(response.status_code, response.headers, body)


def _piece(response: requests.Response) -> bytes:
    """Return what the next receive brings, b"" at the end. Raises `NoAnswer` for a body that breaks off."""
    try:
        piece: bytes = response.raw.read1(_CHUNK, decode_content=True)
    except (urllib3.exceptions.HTTPError, OSError, ValueError):
        piece = b""
    else:
        return piece
    raise NoAnswer


def _declared_length(response: requests.Response) -> int:
    declared = response.headers.get("Content-Length", "")
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 20 else 0


def _hang_up(response: requests.Response) -> None:
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # already closed, or an answer made up in a test
        response.raw.shutdown()


def _nothing_sent(error: Exception) -> bool:
    """Whether the connection itself failed: name not found, refused, unreachable, or not made in time."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    if isinstance(error, requests.exceptions.ConnectionError) and error.args:
        reason = getattr(error.args[0], "reason", error.args[0])
        return isinstance(reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError))
    # What cannot be prepared (an impossible address or header) has not left either.
    return isinstance(error, ValueError)
