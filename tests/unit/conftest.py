"""Unit tests reach nobody: sockets are off, but for tests that ask for loopback; AWS is moto's, in this process."""

import io
import logging
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any
from unittest import mock

import hypothesis
import pytest
from moto import mock_aws
from pytest_socket import disable_socket

# A gate must not turn red by the luck of the draw; everywhere else each run tries something new.
hypothesis.settings.register_profile("gate", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("gate")

REGION = "ap-south-1"
# Before the package is imported: its Logger and Metrics are made then.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Helpdesk")


_FREE, _LOOK_UP = socket.socket, socket.getaddrinfo


def pytest_runtest_setup(item: pytest.Function) -> None:
    if not (item.get_closest_marker("enable_socket") or "socket_enabled" in item.fixturenames):
        disable_socket(allow_unix_socket=True)
        _let_stacks_go_on()


def pytest_runtest_teardown() -> None:
    socket.getaddrinfo = _LOOK_UP


def _let_stacks_go_on() -> None:
    """Keep sockets open to the threads of a deployed stack's stand-ins, which other tests of this process still use."""
    blocked, no_look_up = socket.socket, socket.getaddrinfo

    class OpenToStacks(blocked):  # type: ignore[misc,valid-type] # made while this runs
        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return (_FREE if _is_of_a_stack() else blocked).__new__(cls, *args, **kwargs)

    def look_up(*args: Any, **kwargs: Any) -> Any:
        return (_LOOK_UP if _is_of_a_stack() else no_look_up)(*args, **kwargs)

    socket.socket = OpenToStacks  # type: ignore[misc]
    socket.getaddrinfo = look_up


def _is_of_a_stack() -> bool:
    name = threading.current_thread().name
    return name.startswith("simulator") or "process_request_thread" in name


@pytest.fixture(scope="session")
def moto() -> Iterator[None]:
    """One mocked AWS for all unit tests: a new one costs half a second. Tests make resources of their own."""
    with mock_aws():
        yield


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the functions log."""
    from helpdesk.telemetry import logger  # noqa: PLC0415 - after the environment is set

    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(stream := io.StringIO())
    yield stream
    handler.setStream(before)


@pytest.fixture(autouse=True)
def aws_environment() -> Iterator[None]:
    """No test can use real credentials, nor an endpoint that a developer has set."""
    ours = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
    }
    with mock.patch.dict(os.environ, ours):
        os.environ.pop("AWS_ENDPOINT_URL", None)
        os.environ.pop("AWS_PROFILE", None)
        yield
