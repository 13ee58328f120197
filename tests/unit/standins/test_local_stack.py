"""What the local stack tells whoever has started it."""

import json
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import pytest

from standins import local_stack
from standins.digilocker.accounts import EVERYBODYS_PIN
from standins.ports import CHAT, EMULATOR, Service

CITIZEN = {"phone": "919000000001", "name": "ASHA VERMA", "aadhaar": "999999990019"}


def stack_at(chat_url: str, moved: Sequence[Service] = ()) -> mock.Mock:
    logs = local_stack.LOGS / "4566"
    return mock.Mock(chat_url=chat_url, webhook_url="", emulator_url="", logs=logs, moved=moved)


@pytest.mark.parametrize(
    ("on_page", "told", "not_told"),
    [(True, ("Open DigiLocker", f"PIN {EVERYBODYS_PIN}"), "same page"), (False, ("the OTP comes by SMS",), "PIN")],
)
def test_it_says_how_to_go_on_by_the_way_that_citizens_sign_in(
    monkeypatch: pytest.MonkeyPatch, on_page: bool, told: tuple[str, ...], not_told: str
) -> None:
    monkeypatch.setattr(local_stack, "citizens", lambda _url: [CITIZEN])
    stack = stack_at("http://chat.example")

    text = local_stack.welcome(stack, 12, on_page=on_page)

    assert all(part in text for part in ("say Hi", "http://chat.example/", CITIZEN["phone"], *told))
    assert not_told not in text


def test_it_says_which_ports_are_not_the_usual_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_stack, "citizens", lambda _url: [CITIZEN])

    moved = local_stack.welcome(stack_at("http://127.0.0.1:8081", [CHAT]), 12, on_page=False)
    usual = local_stack.welcome(stack_at("http://127.0.0.1:8080"), 12, on_page=False)

    assert "Port 8080 is taken by another program: the chat page has the next free one." in moved
    assert "is taken" not in usual


class TestWhereMakeRunIs:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(local_stack, "FOR_SAM_LOCAL", tmp_path)
        for service in (EMULATOR, CHAT):
            monkeypatch.delenv(service.variable, raising=False)
        return tmp_path

    @pytest.fixture
    def written(self, folder: Path) -> None:
        addresses = {EMULATOR.variable: "http://127.0.0.1:4571", CHAT.variable: "http://127.0.0.1:8085"}
        (folder / "addresses.json").write_text(json.dumps(addresses))

    def test_it_is_at_the_usual_ports_where_nothing_else_is_known(self) -> None:
        assert local_stack.addresses() == ("http://127.0.0.1:4566", "http://127.0.0.1:8080")

    @pytest.mark.usefixtures("written")
    def test_it_is_where_it_has_written_down(self) -> None:
        assert local_stack.addresses() == ("http://127.0.0.1:4571", "http://127.0.0.1:8085")

    @pytest.mark.usefixtures("written")
    def test_what_a_person_names_comes_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(CHAT.variable, "9000")
        assert local_stack.addresses() == ("http://127.0.0.1:4571", "http://127.0.0.1:9000")


def test_logs_of_a_week_ago_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_stack, "LOGS", tmp_path)
    for name, days in (("4566", 8), ("4567", 6)):
        (tmp_path / name).mkdir()
        log = tmp_path / name / "emulator.log"
        log.touch()
        for path in (log, log.parent):
            os.utime(path, (time.time() - days * 86400,) * 2)
    (tmp_path / "just begun").mkdir()

    local_stack._remove_old_logs()

    assert {path.name for path in tmp_path.iterdir()} == {"4567", "just begun"}


def test_a_build_is_made_once_and_not_anew_while_it_is_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_stack, "BUILD", tmp_path / "local" / "build")
    fingerprint = "first"
    order: list[str] = []
    monkeypatch.setattr(local_stack, "_fingerprint", lambda _architecture: fingerprint)

    def build(stamp: Path) -> None:
        (tmp_path / "local" / "build").mkdir(exist_ok=True)
        stamp.write_text(fingerprint)
        order.append(f"built {fingerprint}")

    monkeypatch.setattr(local_stack, "_build", build)
    with local_stack.built(), local_stack.built():
        order.append("both use it")
        fingerprint = "second"
        another = threading.Thread(target=local_stack.build)
        another.start()
        another.join(0.2)
        order.append("both have used it")
    another.join(10)

    assert order == ["built first", "both use it", "both have used it", "built second"]
