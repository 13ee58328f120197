"""The lines of the log: what stands in each, and what never does; and those that carry metrics."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from helpdesk.telemetry import JsonFormatter, count, count_by, logger, metrics, record_duration, without_text
from tests.handlers import Context

TRACE = "1-5759e988-bd862e3fe1be46a994272793"


class Log:
    """A logger of its own with the help desk's lines."""

    def __init__(self) -> None:
        self._stream = StringIO()
        self.lines = JsonFormatter(service="helpdesk", sampling_rate=None)
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(self.lines)
        self.logger = logging.getLogger("of this test")
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False
        self.logger.handlers = [handler]
        self.logger.filters = [without_text]

    @property
    def written(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    return Log()


def test_a_line_says_when_where_and_what(log: Log) -> None:
    log.logger.warning("%s of %s", 1, 2, extra={"step": "abc", "code": None})

    [line] = log.written
    assert line.pop("timestamp").endswith("+00:00")
    assert line.pop("location").startswith("test_a_line_says_when_where_and_what:")
    assert line == {"level": "WARNING", "message": "1 of 2", "service": "helpdesk", "step": "abc"}


def test_what_is_added_stands_in_each_line_until_it_is_taken_away(log: Log) -> None:
    with log.lines.append_context_keys(conversation="c"):
        log.logger.info("within")
    log.logger.info("after")

    within, after = log.written
    assert within["conversation"] == "c"
    assert "conversation" not in after


def test_the_trace_is_named(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1")
    log.logger.info("traced")

    assert log.written[0]["xray_trace_id"] == TRACE


def test_words_of_any_script_and_values_of_any_type_are_written_on_one_line(log: Log) -> None:
    log.logger.info("दो\nलाइन", extra={"where": {1}})

    assert log.written == [log.written[0] | {"message": "दो\nलाइन", "where": "{1}"}]


def test_an_exception_is_its_class_and_its_places(log: Log) -> None:
    try:
        int("9999 4105 7058")
    except ValueError:
        log.logger.exception("it failed")

    [line] = log.written
    assert line["error"] == "ValueError"
    assert line["places"][-1].startswith("test_telemetry.py:")
    assert "9999" not in json.dumps(line)


def test_the_functions_log_names_the_call_but_not_what_the_log_group_says(logged: StringIO) -> None:
    @logger.inject_lambda_context(clear_state=True)
    def handler(_event: dict[str, Any], _context: object) -> None:
        logger.info("called")

    handler({}, Context())

    line = json.loads(logged.getvalue())
    assert {"service", "cold_start", "function_request_id"} < line.keys()
    assert not {"function_name", "function_memory_size", "function_arn"} & line.keys()


def test_a_line_of_any_level_says_where_it_was_written_and_no_exceptions_text(logged: StringIO) -> None:
    try:
        int("9999 4105 7058")
    except ValueError as error:
        logger.info("replied", extra={"step": "abc", "code": None})
        logger.info("%s of %s", 1, 2)
        logger.info("it went well in the end", exc_info=True)
        logger.info(error)

    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["replied", "1 of 2", "it went well in the end", "ValueError"]
    assert lines[0].items() >= {"level": "INFO", "step": "abc"}.items()
    assert "code" not in lines[0]
    assert {line["location"].partition(":")[0] for line in lines} == {
        "test_a_line_of_any_level_says_where_it_was_written_and_no_exceptions_text"
    }
    assert "9999" not in logged.getvalue()


def test_info_is_not_written_where_only_warnings_are_wanted(logged: StringIO) -> None:
    level = logger.log_level
    logger.setLevel("WARNING")
    try:
        logger.info("replied")
    finally:
        logger.setLevel(level)

    assert logged.getvalue() == ""


@pytest.mark.parametrize("value", ["\ud800", 2**70, float("nan")], ids=["half a pair", "2 to the 70", "no number"])
def test_what_is_hard_to_write_loses_no_line(logged: StringIO, value: object) -> None:
    logger.info("odd", extra={"odd": value})
    logger.warning("odd", extra={"odd": value})

    assert [json.loads(line)["message"] for line in logged.getvalue().splitlines()] == ["odd", "odd"]
    assert logged.getvalue().isascii()


# --- metrics --------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    metrics.clear_metrics()
    yield
    metrics.clear_metrics()


@metrics.log_metrics
def handler(_event: dict[str, Any], _context: object) -> None:
    count("Messages")
    count("Messages", 2)
    count("Replies", 0)
    record_duration("Wait", 2.5)


def test_all_of_an_invocation_is_one_line_in_cloudwatchs_format(capsys: pytest.CaptureFixture[str]) -> None:
    handler({}, Context())

    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["Messages"], line["Wait"]) == ([1, 2], [2.5])
    [measured] = line["_aws"]["CloudWatchMetrics"]
    assert measured["Dimensions"] == [["service"]]
    units = {metric["Name"]: metric["Unit"] for metric in measured["Metrics"]}
    assert units == {"Messages": "Count", "Wait": "Seconds"}


def test_what_is_counted_by_kind_has_a_line_of_its_own_with_that_dimension(capsys: pytest.CaptureFixture[str]) -> None:
    count_by("Delivered", "kind", "PANCR")

    line = json.loads(capsys.readouterr().out)
    assert (line["Delivered"], line["kind"]) == ([1], "PANCR")
    [measured] = line["_aws"]["CloudWatchMetrics"]
    assert sorted(measured["Dimensions"][0]) == ["kind", "service"]


def test_an_invocation_that_counts_nothing_writes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler({}, Context())
    assert capsys.readouterr().out
    metrics.log_metrics(lambda _event, _context: None)({}, Context())

    assert not capsys.readouterr().out


def test_no_line_has_more_than_cloudwatch_takes(capsys: pytest.CaptureFixture[str]) -> None:
    """A hundred metrics, and a hundred values of each (the format's specification)."""
    for value in range(1, 251):
        count("Messages", value)
    for number in range(120):
        count(f"Metric{number}")
    metrics.flush_metrics()

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert max(len(line["_aws"]["CloudWatchMetrics"][0]["Metrics"]) for line in lines) == 100
    assert [value for line in lines for value in line.get("Messages", [])] == list(range(1, 251))
    assert max(len(line.get("Messages", [])) for line in lines) == 100
    assert sum(f"Metric{number}" in line for line in lines for number in range(120)) == 120
