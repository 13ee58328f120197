"""What she is told, and what the operators learn, when her words are not understood or speak another language."""

import pytest

from helpdesk.service import inbound
from tests.unit.service.desk import Desk


def test_what_is_not_understood_is_logged_by_class_and_language_and_never_by_its_text(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[str, str]] = []
    logged: list[object] = []
    monkeypatch.setattr(inbound, "count_by", lambda name, _by, value: counted.append((name, value)))
    monkeypatch.setattr(
        "helpdesk.service.inbound.logger.info", lambda message, extra=None: logged.append((message, extra))
    )
    desk.says("Hi")
    desk.says("zxqv wrtl")
    assert counted == [("NotUnderstood", "en")]
    assert any(entry[0] == "not understood" for entry in logged if isinstance(entry, tuple))
    assert "zxqv" not in repr(logged)


def test_the_first_answer_in_another_language_says_how_to_change_back_and_the_next_does_not(desk: Desk) -> None:
    desk.says("Hi")
    (first,) = desk.says("नमस्ते")
    (second,) = desk.says("मदद")
    assert "*English*" in repr(first)
    assert "*English*" not in repr(second)


def test_thanks_after_done_costs_no_answer(desk: Desk) -> None:
    desk.signed_in()
    desk.says("done")
    assert desk.says("thank you") == []
