"""The local stack itself: what it refuses, and that nothing of it stays behind."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from standins import demo, local_stack
from standins.errors import PortBusyError
from standins.local_stack import LocalStack


@contextmanager
def _taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_a_port_that_was_named_and_is_taken_is_told_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[object] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **_kwargs: started.append(args))

    with (
        _taken_port() as port,
        pytest.raises(PortBusyError, match=f"Port {port} .the chat page. is taken"),
        LocalStack(chat_ports=[port]),
    ):
        pass

    assert not started


def test_the_emulator_ends_with_whoever_started_it(tmp_path: object) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(tmp_path),
    }
    emulator = subprocess.Popen(  # noqa: S603 - its words are this test's own
        [sys.executable, "-m", "standins.emulator", str(listening.fileno())],
        pass_fds=[listening.fileno()],
        cwd=local_stack.ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    listening.close()
    try:
        assert requests.get(f"http://127.0.0.1:{port}/_ministack/health", timeout=30).ok
        # The parent is gone, however it went: its end of the pipe closes.
        assert emulator.stdin is not None
        emulator.stdin.close()
        emulator.wait(timeout=10)
    finally:
        emulator.kill()
        emulator.wait()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


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
