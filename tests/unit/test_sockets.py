"""Unit tests reach nobody, and do not stop a deployed stack of the same process."""

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pytest_socket import SocketBlockedError


def _in_thread(name: str, work: Callable[[], Any]) -> list[Any]:
    out: list[Any] = []

    def run() -> None:
        try:
            out.append(work())
        except (SocketBlockedError, UserWarning) as error:
            out.append(error)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    thread.join()
    return out


def _opened() -> bool:
    with socket.socket() as opened:
        return opened.fileno() >= 0


def _looked_up() -> bool:
    return bool(socket.getaddrinfo("127.0.0.1", 80))


@pytest.mark.parametrize("work", [_opened, _looked_up])
@pytest.mark.parametrize("name", ["simulator", "simulator-deliver", "Thread-9 (process_request_thread)"])
def test_a_stacks_threads_go_on(name: str, work: Callable[[], bool]) -> None:
    assert _in_thread(name, work) == [True]


@pytest.mark.parametrize("work", [_opened, _looked_up])
def test_no_other_thread_reaches_anybody(work: Callable[[], bool]) -> None:
    (error,) = _in_thread("Thread-9 (call)", work)
    assert isinstance(error, (SocketBlockedError, UserWarning))
    with pytest.raises((SocketBlockedError, UserWarning), match="A test tried to use"):
        work()
