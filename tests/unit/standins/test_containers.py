"""What lets functions in containers work on the local stack."""

import copy
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from standins import containers
from standins.containers import Deployed, Relay, bridge_address, template_for_containers, write_template

BUILT = {
    "Parameters": {"Stage": {"Type": "String", "Default": "dev"}, "Helpline": {"Type": "String", "Default": ""}},
    "Globals": {"Function": {"Runtime": "python3.13", "Environment": {"Variables": {"STAGE": {"Ref": "Stage"}}}}},
    "Resources": {
        "WebhookFunction": {
            "Properties": {"CodeUri": "WebhookFunction", "Environment": {"Variables": {"TABLE": {"Ref": "Table"}}}}
        },
        "Table": {"Type": "AWS::DynamoDB::Table"},
    },
}
DEPLOYED = Deployed(
    {"Stage": "local"},
    {
        "WebhookFunction": {
            "TABLE": "helpdesk-local-table",
            "QUEUE": "http://127.0.0.1:4566/queue",
            "STAGE": "local",
        }
    },
)
ACCESS = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_SESSION_TOKEN": ""}


pytestmark = pytest.mark.enable_socket


def copied() -> dict[str, Any]:
    return template_for_containers(BUILT, DEPLOYED, ACCESS, "172.17.0.1")


def test_a_function_has_the_environment_of_the_deployed_one_and_the_local_aws() -> None:
    function = copied()["Resources"]["WebhookFunction"]["Properties"]
    assert function["CodeUri"] == "WebhookFunction"
    assert function["Environment"]["Variables"] == {
        "TABLE": "helpdesk-local-table",
        "QUEUE": "http://172.17.0.1:4566/queue",
        "STAGE": "local",
        "AWS_ENDPOINT_URL": "http://172.17.0.1:4566",
        "AWS_SESSION_TOKEN": "",
    }


def test_what_a_function_hands_to_browsers_stays_as_it_was_deployed() -> None:
    environment = {"DIGILOCKER_URL": "http://127.0.0.1:8080", "CONSENT_URL": "http://127.0.0.1:8080/consent"}
    names = ("ConsentFunction", "DocumentFunction")
    built = BUILT | {"Resources": {name: {"Properties": {}} for name in names}}
    deployed = Deployed({}, dict.fromkeys(names, environment))

    functions = template_for_containers(built, deployed, {}, "172.17.0.1")["Resources"]

    consent, document = (functions[name]["Properties"]["Environment"]["Variables"] for name in names)
    assert consent["DIGILOCKER_URL"] == "http://127.0.0.1:8080"  # it leads there, and does not call
    assert document["DIGILOCKER_URL"] == "http://172.17.0.1:8080"
    assert document["CONSENT_URL"] == "http://127.0.0.1:8080/consent"


def test_parameters_are_as_they_were_deployed() -> None:
    template = copied()
    assert template["Parameters"]["Stage"]["Default"] == "local"
    assert template["Parameters"]["Helpline"]["Default"] == ""
    assert template["Globals"]["Function"] == {"Runtime": "python3.13"}


def test_the_built_template_stays_as_it_is(tmp_path: Path) -> None:
    before = copy.deepcopy(BUILT)
    (tmp_path / "template.yaml").write_text(yaml.safe_dump(BUILT))
    path = write_template(tmp_path, DEPLOYED, ACCESS, "172.17.0.1")
    assert json.loads(path.read_text()) == copied()
    assert yaml.safe_load((tmp_path / "template.yaml").read_text()) == BUILT == before


def test_where_docker_has_no_bridge_there_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "_BRIDGE", b"no-such-bridge0")
    assert bridge_address() is None


def test_an_interface_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "_BRIDGE", b"lo")
    assert bridge_address() == "127.0.0.1"


@pytest.fixture
def echo() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        yield listening


def outside(echo: socket.socket) -> socket.socket:
    """Return a socket that listens on another address, at the same port."""
    return socket.create_server(("127.0.0.2", echo.getsockname()[1]))


def test_what_comes_to_the_bridge_is_passed_on_and_so_is_the_answer(echo: socket.socket) -> None:
    bridge = outside(echo)
    with Relay(bridge), socket.create_connection(bridge.getsockname(), timeout=5) as caller:
        inside, _ = echo.accept()
        with inside:
            caller.sendall(b"asked")
            assert inside.recv(100) == b"asked"
            inside.sendall(b"answered")
            assert caller.recv(100) == b"answered"
        assert caller.recv(100) == b""


def test_a_relay_that_is_closed_listens_no_longer(echo: socket.socket) -> None:
    bridge = outside(echo)
    address = bridge.getsockname()
    with Relay(bridge):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
