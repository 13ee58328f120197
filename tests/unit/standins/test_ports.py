"""Which ports the local stack takes, beside other programs and beside other stacks."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from standins.errors import PortBusyError, StackError
from standins.ports import CHOSEN_BY_THE_SYSTEM, LOOPBACK, Service, hold

pytestmark = pytest.mark.enable_socket

BRIDGE = "127.0.0.2"
"""Another address of this machine, as Docker's bridge is."""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    program = (
        "import socket, sys; s = socket.create_server((sys.argv[1], 0)); print(s.getsockname()[1], flush=True); input()"
    )
    with subprocess.Popen(  # noqa: S603 - the words are this test's own
        [sys.executable, "-c", program, LOOPBACK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        yield int(other.stdout.readline())
        assert other.stdin is not None
        other.stdin.close()


def service(usual_port: int) -> Service:
    return Service("the chat page", "CHAT_PORT", usual_port)


def listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_beside_another_program_the_next_free_port_is_taken(taken: int) -> None:
    chat = service(taken)
    with closing(hold(chat, chat.ports_to_try({}))) as held:
        assert held.number > taken
        with closing(hold(chat, chat.ports_to_try({}))) as second:
            assert second.number > held.number


def test_where_the_usual_port_is_free_it_is_taken() -> None:
    with closing(hold(service(0), CHOSEN_BY_THE_SYSTEM)) as probe:
        free = probe.number
    chat = service(free)
    with closing(hold(chat, chat.ports_to_try({}))) as held:
        assert held.number == free


def test_a_port_that_was_asked_for_by_name_is_not_exchanged_for_another(taken: int) -> None:
    chat = service(8080)
    with pytest.raises(PortBusyError) as refused:
        hold(chat, chat.ports_to_try({"CHAT_PORT": str(taken)}))
    assert f"Port {taken} (the chat page) is taken" in str(refused.value)
    assert f"CHAT_PORT={taken + 1} make run" in str(refused.value)


def test_where_all_ports_are_taken_it_is_said_which(taken: int) -> None:
    with pytest.raises(PortBusyError, match=f"Each port from {taken} to {taken} .the chat page. is taken"):
        hold(service(taken), [taken, taken])


@pytest.mark.parametrize("named", ["eighty", "0", "65536", "-1", "80.5"])
def test_a_port_that_is_none_is_refused_by_its_variable(named: str) -> None:
    with pytest.raises(StackError, match="CHAT_PORT must be a port number"):
        service(8080).ports_to_try({"CHAT_PORT": named})


def test_ports_that_the_system_chooses_differ_as_long_as_they_are_held() -> None:
    with ExitStack() as all_of_them:
        held = [all_of_them.enter_context(closing(hold(service(1), CHOSEN_BY_THE_SYSTEM))) for _ in range(200)]
        assert len({one.number for one in held}) == len(held)


def test_a_port_is_free_on_every_host_or_not_taken(taken: int) -> None:
    chat = service(taken)
    with (
        socket.create_server((BRIDGE, taken + 1)),
        closing(hold(chat, chat.ports_to_try({}), (LOOPBACK, BRIDGE))) as held,
    ):
        assert held.number > taken + 1
        assert listens(LOOPBACK, held.number)
        assert listens(BRIDGE, held.number)
    assert not listens(LOOPBACK, held.number)
    assert not listens(BRIDGE, held.number)


def test_what_was_handed_over_outlives_the_choice() -> None:
    held = hold(service(1), CHOSEN_BY_THE_SYSTEM)
    with held.take(LOOPBACK) as listening:
        held.close()
        assert listens(LOOPBACK, held.number)
        assert listening.getsockname() == (LOOPBACK, held.number)
