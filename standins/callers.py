"""Kills the Lambda function that has called, as a process that dies in the middle of its work.

The local AWS runs each function as a process of this machine. Which one has called is told by the other end of the
connection: /proc lists the sockets, and the open files of every process (proc(5), so on Linux only).
"""

import os
import signal
from pathlib import Path

FUNCTION = b"AWS_LAMBDA_FUNCTION_NAME="
"""What every process of a function has in its environment, and nothing else that could call here."""

_PROC = Path("/proc")


class NoFunction(Exception):
    """No Lambda function of this machine is at the other end."""


def kill(port: int, our_port: int) -> int:
    """Kill the function that has connected from `port` of the loopback to `our_port`. Returns its process id.

    Raises NoFunction.
    """
    socket = _socket(port, our_port)
    for process in _PROC.iterdir():
        if process.name.isdecimal() and _holds(process, socket) and _is_function(process):
            os.kill(int(process.name), signal.SIGKILL)
            return int(process.name)
    raise NoFunction(f"no function has connected from port {port}")


def _socket(port: int, our_port: int) -> str:
    """Return the link by which the open files of a process name this connection's socket."""
    try:
        connections = (_PROC / "net" / "tcp").read_text().splitlines()[1:]
    except FileNotFoundError:
        raise NoFunction("callers are found on Linux only") from None
    for connection in connections:
        _, local, remote, *rest = connection.split()
        if (int(local.split(":")[1], 16), int(remote.split(":")[1], 16)) == (port, our_port):
            return f"socket:[{rest[6]}]"
    raise NoFunction(f"no process of this machine has connected from port {port}")


def _holds(process: Path, socket: str) -> bool:
    try:
        return any(_leads_to(file, socket) for file in (process / "fd").iterdir())
    except OSError:
        return False  # gone, or another user's


def _leads_to(file: Path, socket: str) -> bool:
    try:
        return str(file.readlink()) == socket
    except OSError:
        return False  # closed meanwhile


def _is_function(process: Path) -> bool:
    try:
        return any(line.startswith(FUNCTION) for line in (process / "environ").read_bytes().split(b"\0"))
    except OSError:
        return False
