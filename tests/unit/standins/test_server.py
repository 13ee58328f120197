"""Serving: ports, threads, credentials from the environment, and faults that only a real connection shows."""

import threading
import time
from typing import Any

import pytest
import requests

from standins.__main__ import config_from
from standins.clock import Clock
from standins.server import PortTaken, Simulator


@pytest.fixture
def served(usual: Any, socket_enabled: None) -> Any:
    with Simulator(usual, port=0) as simulator:
        yield simulator


def send(served: Simulator, text: str = "Hi") -> requests.Response:
    return requests.post(f"{served.url}/phones/919000000001/messages", json={"text": text}, timeout=5)


def test_it_serves_from_its_url_until_it_is_closed(usual: Any, socket_enabled: None) -> None:
    with Simulator(usual, port=0) as simulator:
        assert requests.get(f"{simulator.url}/citizens", timeout=5).status_code == 200
    simulator.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{simulator.url}/citizens", timeout=5)


def test_closing_ends_its_threads_and_their_sleep(usual: Any, socket_enabled: None) -> None:
    slept: list[bool] = []
    before = set(threading.enumerate())
    with Simulator(usual, port=0) as simulator:
        simulator.world.background.start(lambda: slept.append(simulator.world.background.sleep(60)))
    assert slept == [False]
    assert [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()] == []


def test_a_taken_port_has_a_clear_error(usual: Any, served: Simulator) -> None:
    with pytest.raises(PortTaken, match=f"port {served.port} is taken") as caught:
        Simulator(usual, port=served.port)
    assert isinstance(caught.value, OSError)
    assert caught.value.port == served.port


def test_the_webhook_can_be_set_after_the_start(served: Simulator, listener: Any) -> None:
    assert send(served).json()["delivered"] is None
    served.webhook_url = f"{listener.url}/webhook"
    answer = send(served)
    assert (answer.status_code, answer.json()["delivered"]) == (200, 200)
    assert served.webhook_url == f"{listener.url}/webhook"


def test_it_says_nothing_about_calls(served: Simulator, capfd: pytest.CaptureFixture[str]) -> None:
    send(served)
    assert capfd.readouterr() == ("", "")


def test_a_dropped_connection_is_dropped(served: Simulator) -> None:
    requests.post(f"{served.url}/faults", json={"digilocker": {"user": {"drop": True}}}, timeout=5)
    url = f"{served.url}/digilocker/public/oauth2/1/user"
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)
    assert requests.get(url, timeout=5).status_code == 401


def test_a_cut_body_ends_before_its_length(served: Simulator) -> None:
    requests.post(f"{served.url}/faults", json={"digilocker": {"user": {"truncate": 3}}}, timeout=5)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{served.url}/digilocker/public/oauth2/1/user", timeout=5)


def test_a_uri_may_be_one_escaped_segment(served: Simulator) -> None:
    answer = requests.get(f"{served.url}/digilocker/public/oauth2/1/file/in.gov.x-PANCR-A%2FB%20C", timeout=5)
    assert answer.json()["error"] == "invalid_token"


def test_many_can_write_at_once(served: Simulator, listener: Any) -> None:
    served.webhook_url = listener.url
    threads = [threading.Thread(target=send, args=(served, f"text {n}")) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chat = requests.get(f"{served.url}/phones/919000000001/messages", timeout=5).json()
    assert sorted(message["text"] for message in chat) == [f"text {n}" for n in range(10)]
    assert [message["index"] for message in chat] == list(range(10))


def test_credentials_come_from_the_environment_or_are_made_up() -> None:
    made_up = config_from({})
    assert made_up.webhook_url is None
    assert made_up.phone_number_id
    given = config_from(
        {"APP_SECRET": "mine", "IDENTITY": "username", "DIGILOCKER_VERSION": "2.4", "WEBHOOK_URL": "http://x"}
    )
    assert (given.app_secret, given.identity, given.digilocker_version) == ("mine", "username", "2.4")
    assert given.webhook_url == "http://x"


@pytest.mark.parametrize("name", ["IDENTITY", "DIGILOCKER_VERSION"])
def test_a_setting_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        config_from({name: "other"})


def test_secrets_are_not_in_the_configurations_repr(usual: Any) -> None:
    shown = repr(usual)
    for secret in ("app-secret", "verify-token", "access-token", "test-secret"):
        assert secret not in shown


def test_a_clock_does_not_go_back() -> None:
    clock = Clock()
    clock.advance(10)
    assert clock.now() > time.time() + 9
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8080", 200),
        ("[::1]:8080", 200),
        ("172.17.0.1:8080", 200),
        ("host.docker.internal:8080", 200),
        ("evil.example", 403),
        ("evil.example:8080", 403),
        ("127.0.0.1.evil.example", 403),
    ],
)
def test_a_name_that_somebody_leads_here_reaches_nothing(served: Simulator, host: str, status: int) -> None:
    """DNS rebinding: a page of evil.example, opened on this machine, must not drive the stand-ins."""
    for path in ("/citizens", "/openapi.json"):
        assert requests.get(f"{served.url}{path}", headers={"Host": host}, timeout=5).status_code == status
