"""Who is asked: somebody at a terminal, or nobody."""

import os
import pty
import re
import subprocess
import sys

import pytest

from operations.operator import at_the_terminal
from operations.settings import ROOT

ASKS = """
from operations.operator import at_the_terminal
from operations.deployment.questions import settle
from operations.template import Template

operator = at_the_terminal()
values = settle(Template.read(), [], {"Stage": "dev"}, None, operator)
secret = operator.ask("A secret: ")
agreed = operator.confirm("Deploy this?")
print("settled", values["SignIn"], values["WhatsAppPhoneNumberId"], values["WhatsAppNumber"], len(secret), agreed)
"""


def test_at_a_terminal_each_question_is_asked_once_and_a_secret_is_not_shown() -> None:
    ours, theirs = pty.openpty()
    typed = ["consent-page", "98765 43210", "100000000000001", "919000000000", "s3cr3t", "y"]
    with subprocess.Popen(  # noqa: S603 - this test's own words
        [sys.executable, "-c", ASKS], cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = ""
        # Each answer is typed once its question stands there, as at a keyboard.
        for answer in typed:
            shown += until(ours, r": $|\[y/N\] $")
            os.write(ours, f"{answer}\n".encode())
        shown += until(ours, r"settled .*\n")
        assert process.wait(30) == 0
    os.close(ours)
    assert "settled consent-page 100000000000001 919000000000 6 True" in shown
    assert "WhatsAppPhoneNumberId must be digits only" in shown
    assert "s3cr3t" not in shown


def until(terminal: int, pattern: str) -> str:
    shown = ""
    while not re.search(pattern, shown):
        shown += os.read(terminal, 4096).decode()
    return shown


def test_where_nobody_is_at_the_terminal_nothing_is_asked_or_agreed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    operator = at_the_terminal()
    assert not operator.present
    assert (operator.ask("A secret: "), operator.read("?"), operator.confirm("Deploy?")) == ("", "", False)
    assert at_the_terminal(agreed=True).agreed
