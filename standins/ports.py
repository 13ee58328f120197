"""The local stack's ports, and the sockets that hold them from their choice until a server takes them over."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from standins.errors import PortBusyError, StackError

LOOPBACK = "127.0.0.1"
CHOSEN_BY_THE_SYSTEM: Sequence[int] = (0,)
"""What to pass as the ports to try where any port will do."""

_TRIED_FROM_THE_USUAL_ONE = 100
# A port that is free on the loopback may be taken on Docker's bridge. That is rare, and twice in a row rarer.
_DRAWS = 20
_BACKLOG = 128


@dataclass(frozen=True)
class Service:
    """What listens on a port. `variable`: where a person names another port than the usual one."""

    name: str
    variable: str
    usual_port: int

    def named_port(self, environment: Mapping[str, str] = os.environ) -> int | None:
        """Return the port that the environment names. Raises StackError if that is no port."""
        text = environment.get(self.variable, "").strip()
        if not text:
            return None
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise StackError(f"{self.variable} must be a port number, not {text!r}.")
        return int(text)

    def ports_to_try(self, environment: Mapping[str, str] = os.environ) -> Sequence[int]:
        """Return the port that the environment names, or else the usual one and those that follow it."""
        named = self.named_port(environment)
        return (named,) if named else range(self.usual_port, self.usual_port + _TRIED_FROM_THE_USUAL_ONE)


EMULATOR = Service("the local AWS", "HELPDESK_EMULATOR_PORT", 4566)
CHAT = Service("the chat page", "HELPDESK_CHAT_PORT", 8080)


class Held:
    """A port that nobody else can take: a socket listens on each of the hosts. Callers wait until it is served."""

    def __init__(self, sockets: Mapping[str, socket.socket]) -> None:
        self._sockets = dict(sockets)
        self.number: int = next(iter(self._sockets.values())).getsockname()[1]

    def take(self, host: str) -> socket.socket:
        """Hand over the socket of a host; closing it is the taker's business."""
        return self._sockets.pop(host)

    def close(self) -> None:
        """Release what nobody has taken."""
        while self._sockets:
            self._sockets.popitem()[1].close()


def hold(service: Service, ports: Sequence[int], hosts: Sequence[str] = (LOOPBACK,)) -> Held:
    """Hold the first of these ports that is free on every host; 0 is any. Raises PortBusyError."""
    for port in ports:
        for _ in range(1 if port else _DRAWS):
            held = _bind(port, hosts)
            if held is not None:
                return held
    first = ports[0]
    where = f"Port {first}" if len(ports) == 1 else f"Each port from {first} to {ports[-1]}"
    raise PortBusyError(
        f"{where} ({service.name}) is taken by another program, perhaps by another `make run`.\n"
        f"Stop that one, or choose another port: {service.variable}={ports[-1] + 1} make run"
    )


def _bind(port: int, hosts: Sequence[str]) -> Held | None:
    sockets: dict[str, socket.socket] = {}
    for host in hosts:
        sockets[host] = socket.socket()
        # As servers do: a connection of the last run that still lingers is no hindrance.
        sockets[host].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sockets[host].bind((host, port))
            # Only that keeps others away: two sockets that merely reuse an address can both be bound to it.
            sockets[host].listen(_BACKLOG)
        except OSError:
            for one in sockets.values():
                one.close()
            return None
        port = sockets[host].getsockname()[1]
    return Held(sockets)
