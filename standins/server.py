"""Serves the stand-ins on this machine."""

import errno
import logging
import socket
import threading
import time
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self

from flask import Flask, Response, g, request
from werkzeug.serving import WSGIRequestHandler, make_server

from standins import doorway, forms_face
from standins.config import SimulatorConfig
from standins.digilocker.api import DigiLockerApi
from standins.face import Face
from standins.interference import dropping, is_dropped
from standins.whatsapp.graph import GraphApi
from standins.world import Call, World

_LOG = logging.getLogger("simulator")
_NAMES = frozenset({"localhost", "host.docker.internal"})
"""This machine, as it calls itself, and as containers of Docker Desktop call it. Elsewhere they use its address."""
_API_PATHS = ("/graph/", "/digilocker/")
_LARGEST_CALL = 110 * 1024 * 1024
"""Above the largest file that WhatsApp takes, so that its own refusal is seen."""


class PortTaken(OSError):
    """Something else listens at the port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            errno.EADDRINUSE, f"port {port} is taken by another program; stop that, or choose another port"
        )
        self.port = port

    def __str__(self) -> str:
        return str(self.strerror)


class _Quiet(WSGIRequestHandler):
    """Says nothing about calls, only about what broke; closes a dropped connection, which the base class keeps open."""

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        if type == "error":
            _LOG.error(message, *args)


def create_app(world: World) -> Flask:
    """Return the application that serves a world: both APIs and the face for people."""
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_CALL
    app.register_blueprint(Face(world).blueprint())
    app.register_blueprint(forms_face.blueprint(world))
    app.register_blueprint(doorway.blueprint(world))
    app.register_blueprint(GraphApi(world).blueprint(), url_prefix="/graph")
    app.register_blueprint(DigiLockerApi(world).blueprint(), url_prefix="/digilocker")

    @app.before_request
    def begin() -> Response | None:
        g.began = time.monotonic()
        if _is_called_by_its_name(request.host):
            return None
        # A page that somebody opens on this machine can lead its own name here, and then use the stand-ins.
        return Response("The stand-ins answer to an address of this machine only.\n", 403, mimetype="text/plain")

    @app.after_request
    def record(response: Response) -> Response:
        if request.path.startswith(_API_PATHS):
            status = None if is_dropped() else response.status_code
            with world.lock:
                world.calls.append(Call(world.clock.now(), request.method, request.path, status))
            _note(world, status, response)
        return response

    app.wsgi_app = dropping(app.wsgi_app)  # type: ignore[method-assign,assignment]
    return app


def _is_called_by_its_name(host: str) -> bool:
    """Return whether a `Host` header names this machine. An address does: no name server can lead it elsewhere."""
    name = host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]
    if name in _NAMES:
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _note(world: World, status: int | None, response: Response) -> None:
    """Write a call of the help desk's into the journal, with its body only if it is a message."""
    seconds = time.monotonic() - g.began
    body = request.get_json(silent=True) if request.path.startswith("/graph/") else None
    if not isinstance(body, dict):
        body = {}
    world.journal.write(
        "message" if "type" in body else "digilocker" if request.path.startswith("/digilocker/") else "graph",
        at=world.clock.now() - seconds,
        seconds=seconds,
        number=_recipient(world, body),
        method=request.method,
        target=request.path,
        status=status,
        body=request.get_data() if body else None,
        answer=response.get_data() if body and status is not None else None,
    )


def _recipient(world: World, body: dict[str, Any]) -> str | None:
    """Return the number of the phone that a call to the Graph API is about."""
    with world.lock:
        if isinstance(body.get("to"), str):
            return str(body["to"]).lstrip("+")
        found = world.phones.inbound(str(body.get("message_id", "")))
        phone = found[0] if found is not None else world.phones.with_user_id(str(body.get("recipient", "")))
        return phone.number if phone is not None else None


class Simulator:
    """The stand-ins, served from the moment this is made until `close()`; a context manager too.

    Port 0 takes any free port; `url` says which. Raises PortTaken if something listens there already. `host` other than
    127.0.0.1 is for callers in containers: there is nothing secret here, but no door to leave open either.
    `listening`: a socket to take over, instead of a port.
    """

    def __init__(
        self,
        config: SimulatorConfig,
        port: int = 8080,
        host: str = "127.0.0.1",
        *,
        listening: socket.socket | None = None,
    ) -> None:
        self.config = config
        self.world = World(config)
        self._socket = listening or _listen(host, port)
        self._server = make_server(
            host, port, create_app(self.world), threaded=True, request_handler=_Quiet, fd=self._socket.fileno()
        )
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="simulator", daemon=True
        )
        self._thread.start()
        self._closed = False

    @property
    def webhook_url(self) -> str | None:
        """Where webhooks are delivered to; None: nowhere."""
        return self.world.webhooks.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self.world.webhooks.url = url

    def register_redirect_uri(self, uri: str) -> None:
        """Let DigiLocker send citizens back to this address too."""
        with self.world.lock:
            self.world.redirect_uris.append(uri)

    def verify_webhook(self) -> bool:
        """Have the webhook URL verified, as Meta does when it is saved."""
        return self.world.webhooks.verify()

    def close(self) -> None:
        """Stop serving and everything in the background; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self.world.close()
        self._server.shutdown()
        self._thread.join(timeout=2)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. The server's own way ends the whole program when the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(port) from None
        raise
    listening.listen(128)
    return listening
