"""What both clients rely on when they call others."""

import logging

import pytest

from helpdesk import outbound


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING])
def test_the_http_library_logs_no_paths_whatever_the_level_of_our_log(level: int) -> None:
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(level)
    assert not logging.getLogger("urllib3.connection").isEnabledFor(level)


def test_an_answer_shows_neither_its_headers_nor_its_body() -> None:
    assert repr(outbound.Answer(200, {"x": "secret"}, b"secret")) == "Answer(status=200)"


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000, b"9" * 5000])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert outbound.decode(body) is None


def test_a_deadline_that_has_passed_leaves_nothing() -> None:
    assert outbound.Deadline.after(-1).left() == 0
    assert 9 < outbound.Deadline.after(10).left() <= 10
