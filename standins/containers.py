"""What `sam local` needs so that a function in a container works on the running local stack.

The stack listens on the loopback, which a container has for itself. On Linux a relay listens on Docker's bridge and
passes on to the loopback; Docker Desktop does so automatically, under its own name.

`sam local` knows the template and not what was deployed from it. So it gets a copy of the built template, in which the
parameters and each function's environment are those of the deployment, and the local AWS is the endpoint.
"""

import copy
import json
import selectors
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from standins.ports import LOOPBACK

DOCKER_DESKTOP = "host.docker.internal"
"""What Docker Desktop calls the machine; samconfig.toml has it known everywhere."""
TEMPLATE = "sam-local.json"
"""The copy's name, beside the built template: paths in both begin there. SAM reads YAML slowly, and twice each time."""

_FOR_BROWSERS = {("DocumentFunction", "CONSENT_URL"), ("ConsentFunction", "DIGILOCKER_URL")}
"""Addresses that a function hands out and does not call: browsers and DigiLocker know them as they were deployed."""
_BRIDGE = b"docker0"
_ADDRESS_OF_AN_INTERFACE = 0x8915  # SIOCGIFADDR (netdevice(7))
_CHUNK = 64 * 1024


def bridge_address() -> str | None:
    """Return this machine's address on Docker's bridge; None where there is no such bridge."""
    if sys.platform != "linux":
        return None
    from fcntl import ioctl  # noqa: PLC0415 - Windows has none

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = ioctl(probe, _ADDRESS_OF_AN_INTERFACE, struct.pack("256s", _BRIDGE))
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])


class Relay:
    """Passes on what comes to a listening socket to the same port of the loopback, until `close`, which closes it."""

    def __init__(self, listening: socket.socket) -> None:
        self._server = _Server(listening)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="relay", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening. Connections that are open end with their callers."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listening: socket.socket) -> None:
        super().__init__(listening.getsockname(), _Passing, bind_and_activate=False)
        self.socket.close()  # the one that the base class has made
        self.socket = listening


class _Passing(socketserver.BaseRequestHandler):
    """One connection: bytes go both ways until either side hangs up."""

    def handle(self) -> None:
        try:
            port = self.request.getsockname()[1]
            with socket.create_connection((LOOPBACK, port)) as inside:
                self._pass_on(self.request, inside)
        except OSError:
            return  # the caller sees a connection that broke, as it would without a relay

    @staticmethod
    def _pass_on(outside: socket.socket, inside: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(outside, selectors.EVENT_READ, inside)
            ready.register(inside, selectors.EVENT_READ, outside)
            while True:
                for key, _ in ready.select():
                    chunk = key.fileobj.recv(_CHUNK)  # type: ignore[union-attr]
                    if not chunk:
                        return
                    key.data.sendall(chunk)


@dataclass(frozen=True)
class Deployed:
    """What was deployed from the template. `environments`: of each function, by its logical id."""

    parameters: Mapping[str, str]
    environments: Mapping[str, Mapping[str, str]]


def template_for_containers(
    built: Mapping[str, Any], deployed: Deployed, access: Mapping[str, str], host: str
) -> dict[str, Any]:
    """Return the built template for `sam local`.

    `access` is what each function needs to reach the local AWS. `host` takes the place of the loopback in all that
    functions call.
    """
    template = copy.deepcopy(dict(built))
    for name, value in deployed.parameters.items():
        template["Parameters"][name]["Default"] = value
    for name, environment in deployed.environments.items():
        variables = {
            key: value if (name, key) in _FOR_BROWSERS else value.replace(LOOPBACK, host)
            for key, value in {**environment, **access}.items()
        }
        template["Resources"][name]["Properties"]["Environment"] = {"Variables": variables}
    # What all functions have in common is now with each of them.
    template["Globals"]["Function"].pop("Environment", None)
    return template


def write_template(folder: Path, deployed: Deployed, access: Mapping[str, str], host: str) -> Path:
    """Write that copy beside the template that lies in `folder` as it was built. Returns its path."""
    built = yaml.load((folder / "template.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    path = folder / TEMPLATE
    path.write_text(json.dumps(template_for_containers(built, deployed, access, host), indent=2), encoding="utf-8")
    return path
