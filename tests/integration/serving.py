"""A server in the background of a test."""

import threading
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server


class OneCall(WSGIRequestHandler):
    """A connection carries one call, so that closing the server waits for no idle browser."""

    protocol_version = "HTTP/1.0"
    timeout = 5.0
    """Seconds for a call to begin: a browser also opens connections that it may need, and sends nothing."""


class Serving(threading.Thread):
    """A server in the background."""

    def __init__(self, application: Any, handler: type[WSGIRequestHandler]) -> None:
        super().__init__(daemon=True)
        self._server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=handler)
        # The end then waits for the calls that still go on: they run in what the desk has patched.
        self._server.daemon_threads = handler is not OneCall  # type: ignore[attr-defined]
        self.port = self._server.server_port
        self.start()

    def run(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def close(self) -> None:
        self._server.shutdown()
        self.join()
