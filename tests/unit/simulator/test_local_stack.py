"""What the local stack tells whoever has started it."""

from unittest import mock

import pytest

from simulator import local_stack
from simulator.digilocker.accounts import EVERYBODYS_PIN

CITIZEN = {"phone": "919000000001", "name": "ASHA VERMA", "aadhaar": "999999990019"}


@pytest.mark.parametrize(
    ("on_page", "told", "not_told"),
    [(True, ("Open DigiLocker", f"PIN {EVERYBODYS_PIN}"), "same page"), (False, ("the OTP comes by SMS",), "PIN")],
)
def test_it_says_how_to_go_on_by_the_way_that_citizens_sign_in(
    monkeypatch: pytest.MonkeyPatch, on_page: bool, told: tuple[str, ...], not_told: str
) -> None:
    monkeypatch.setattr(local_stack, "citizens", lambda _url: [CITIZEN])
    stack = mock.Mock(chat_url="http://chat.example", webhook_url="", emulator_url="")

    text = local_stack.welcome(stack, 12, on_page=on_page)

    assert all(part in text for part in ("say Hi", "http://chat.example/", CITIZEN["phone"], *told))
    assert not_told not in text
