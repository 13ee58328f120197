"""The local stack itself: what it refuses, and that nothing of it stays behind."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from simulator import demo, local_stack
from simulator.local_stack import LocalStack, PortBusyError, StackError


@contextmanager
def _taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("variable", "other"),
    [("HELPDESK_EMULATOR_PORT", "HELPDESK_CHAT_PORT"), ("HELPDESK_CHAT_PORT", "HELPDESK_EMULATOR_PORT")],
)
def test_a_taken_port_is_named_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, variable: str, other: str
) -> None:
    started: list[object] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **_kwargs: started.append(args))
    monkeypatch.setenv(other, str(_free_port()))

    with _taken_port() as port:
        monkeypatch.setenv(variable, str(port))
        with pytest.raises(PortBusyError) as refused, LocalStack():
            pass

    assert f"Port {port} " in str(refused.value)
    assert f"{variable}={port + 1} make run" in str(refused.value)
    assert not started


def test_a_port_that_is_none_is_refused_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPDESK_CHAT_PORT", "eighty")
    with pytest.raises(StackError, match="HELPDESK_CHAT_PORT must be a port number"):
        LocalStack()


def test_the_emulator_ends_with_whoever_started_it(tmp_path: object) -> None:
    port = _free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "BIND_HOST": "127.0.0.1",
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(tmp_path),
    }
    emulator = subprocess.Popen(
        [sys.executable, "-m", "simulator.emulator"],
        cwd=local_stack.ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await_port(port)
        # The parent is gone, however it went: its end of the pipe closes.
        assert emulator.stdin is not None
        emulator.stdin.close()
        emulator.wait(timeout=10)
    finally:
        emulator.kill()
        emulator.wait()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


def test_the_demo_prints_a_whole_conversation_and_ends_with_the_pdf(
    stack: LocalStack, capsys: pytest.CaptureFixture[str]
) -> None:
    path = local_stack.ROOT / demo.converse(stack, demo.Terminal())

    assert path.read_bytes().startswith(b"%PDF-")
    printed = capsys.readouterr().out
    assert all(text in printed for text in ("│ Hi", "▸ I agree", "Your documents in DigiLocker", f"▤ {path.name}"))


def test_the_webhook_was_verified_as_meta_does_and_answers_the_world(stack: LocalStack) -> None:
    assert stack.simulator.verify_webhook()
    assert stack.webhook_url.startswith(stack.emulator_url)
