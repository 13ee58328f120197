"""A server on a raw socket, for answers that no HTTP library would give: slow, broken off, too large."""

import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Self

type Script = Iterable[bytes | float]
"""What to do with a connection: bytes are sent, numbers are seconds to wait. Then the connection is closed."""


def http(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """A whole answer; `length` makes the `Content-Length` another one, -1 leaves it out."""
    declared = [] if length == -1 else [f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *declared, *headers, "Connection: close", "", ""]).encode() + body


class RawServer:
    """Answers one connection after the other by its scripts, the last one again and again."""

    def __init__(self, *scripts: Script, keep_bodies: bool = True) -> None:
        self._scripts = list(scripts)
        self._keep_bodies = keep_bodies
        self.requests: list[bytes] = []
        self.steps = 0
        """How many steps of its scripts are behind it: what a client did not wait for is not among them."""
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(5)
                self.requests.append(_request(connection, keep_body=self._keep_bodies))
                script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
                for step in script:
                    if isinstance(step, bytes):
                        connection.sendall(step)
                    elif self._stop.wait(step):
                        return
                    self.steps += 1


def _request(connection: socket.socket, *, keep_body: bool) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    pieces = [body]
    missing = length - len(body)
    while missing > 0:
        piece = connection.recv(65536)
        if not piece:
            break
        if keep_body:
            pieces.append(piece)
        missing -= len(piece)
    return head + b"\r\n\r\n" + b"".join(pieces)


def refused_url() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"
