"""A function that calls a stand-in can be killed in the middle of its call; nobody else can."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from standins.callers import NoFunction, kill
from standins.server import Simulator

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="processes are looked up in /proc")

CALL = """
import json, sys, urllib.request
url, token = sys.argv[1:]
message = {"messaging_product": "whatsapp", "to": "+919000000001", "type": "text", "text": {"body": "hello"}}
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
urllib.request.urlopen(urllib.request.Request(url, json.dumps(message).encode(), headers))
"""


@pytest.fixture
def served(usual: Any, socket_enabled: None) -> Any:
    with Simulator(usual, port=0) as simulator:
        requests.post(f"{simulator.url}/phones/919000000001/messages", json={"text": "Hi"}, timeout=5)
        yield simulator


def switch(served: Simulator, **fault: bool) -> None:
    requests.post(f"{served.url}/faults", json={"whatsapp": {"messages": fault}}, timeout=5).raise_for_status()


def call(served: Simulator, environment: dict[str, str]) -> int:
    """Send a message from a process of its own. Gives its exit status."""
    config = served.config
    url = f"{served.url}/graph/{config.graph_version}/{config.phone_number_id}/messages"
    command = [sys.executable, "-c", CALL, url, config.access_token]
    done = subprocess.run(  # noqa: S603 - its words are this module's own
        command, env=environment, check=False, timeout=30, stderr=subprocess.DEVNULL
    )
    return done.returncode


def texts(served: Simulator) -> list[str]:
    chat = requests.get(f"{served.url}/phones/919000000001/messages", timeout=5).json()
    return [message["text"] for message in chat]


@pytest.mark.parametrize(("after", "sent"), [(False, ["Hi"]), (True, ["Hi", "hello"])])
def test_a_function_dies_before_its_call_takes_effect_or_after(served: Simulator, after: bool, sent: list[str]) -> None:
    switch(served, kill=True, after=after)

    assert call(served, {"AWS_LAMBDA_FUNCTION_NAME": "document"}) == -signal.SIGKILL
    assert texts(served) == sent
    assert served.world.calls[-1].status is None


def test_a_switch_holds_for_one_call(served: Simulator) -> None:
    switch(served, kill=True)

    statuses = [call(served, {"AWS_LAMBDA_FUNCTION_NAME": "document"}) for _ in range(2)]

    assert statuses == [-signal.SIGKILL, 0]


def test_a_caller_that_is_no_function_lives(served: Simulator) -> None:
    switch(served, kill=True)

    assert call(served, {}) == 1
    assert served.world.calls[-1].status == 500


def test_a_connection_that_does_not_exist_has_no_caller() -> None:
    with pytest.raises(NoFunction):
        kill(0, 0)
