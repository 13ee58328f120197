"""The one Logger and the one Metrics of a function.

Every line carries the conversation's id, never anything that names the citizen. Metrics go out as log lines in
CloudWatch's embedded metric format, so they cost no call.

The text of an exception reaches no log: requests writes addresses into it, pydantic the input, botocore the parameters,
so anything that a citizen has typed may stand there. Its class and the places in the code tell an operator enough.
"""

import datetime as dt
import json
import logging
import os
import time
import traceback
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import RESERVED_LOG_ATTRS, LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricResolution, MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.constants import MAX_METRICS
from aws_lambda_powertools.shared.constants import XRAY_TRACE_ID_ENV

# At DEBUG they log the parameters of every call, before KMS has sealed them too. A level of their own holds whatever
# the root logger's is, which Lambda sets by the function's logging configuration.
for _name in ("boto3", "botocore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_BEGINNING = ("level", "location", "message", "timestamp")
_IN_THE_GROUP = ("function_name", "function_memory_size", "function_arn")
_LEFT_OUT = frozenset((*RESERVED_LOG_ATTRS, "taskName", *_BEGINNING, *_IN_THE_GROUP))
"""What logging keeps about a record, what each line begins with, and what the log group says already."""


class Lines(LambdaPowertoolsFormatter):
    """The lines of Powertools' formatter, shorter and for less time: every message costs one.

    Its own are made for more than this: messages that are JSON, exceptions with their text, any order of the keys.
    docs/decisions.md (*Made faster*) has the figures.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line of JSON, with the keys that stand in every line of this call."""
        added = {name: value for name, value in vars(record).items() if name not in _LEFT_OUT}
        where = f"{record.funcName}:{record.lineno}"
        return self.line(record.levelname, record.getMessage(), record.created, {"location": where, **added})

    def line(self, level: str, message: str, at: float, keys: Mapping[str, object]) -> str:
        """Write a line with `keys` of its own. `at`: seconds since 1970."""
        when = dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"level": level, "message": message, "timestamp": when}
        line |= {name: value for name, value in self.log_format.items() if name not in _LEFT_OUT and value is not None}
        line |= {name: value for name, value in keys.items() if value is not None}
        if trace := os.environ.get(XRAY_TRACE_ID_ENV):
            line["xray_trace_id"] = trace.partition(";")[0].removeprefix("Root=")
        try:
            return orjson.dumps(line, str).decode()
        except TypeError:  # half a surrogate pair, a number of more than 64 bits
            return json.dumps(line, default=str)


class Log(Logger):
    """Powertools' Logger, whose lines on what went well take no detour: every message costs one.

    Such a line tells by its words where it was written. Records, filters and the search for the caller's name cost more
    than all else about it.
    """

    lines = Lines()

    def info(self, msg: object, *args: object, extra: Mapping[str, object] | None = None, **more: Any) -> None:
        """Write a line with what stands in every line of this call, and with `extra`. All else goes Powertools' way."""
        if args or more or not isinstance(msg, str):
            super().info(msg, *args, extra=extra, **{"stacklevel": 3, **more})
        elif self._logger.isEnabledFor(logging.INFO):
            line = self.lines.line("INFO", msg, time.time(), extra or {})
            stream = self.logger_handler.stream  # type: ignore[attr-defined]
            stream.write(f"{line}\n")
            stream.flush()


class Measures(AmazonCloudWatchEMFProvider):
    """Powertools' metrics for less time: names, units and values are ours, so they are not looked at each time.

    The only dimension is the service.
    """

    def add_metric(
        self, name: str, unit: MetricUnit | str, value: float, resolution: MetricResolution | int = 60
    ) -> None:
        """Add a value to those that the next line of the log has."""
        written = unit.value if isinstance(unit, MetricUnit) else unit
        metric = self.metric_set.setdefault(name, {"Unit": written, "StorageResolution": resolution, "Value": []})
        metric["Value"].append(value)
        if len(self.metric_set) == MAX_METRICS or len(metric["Value"]) == MAX_METRICS:
            self.flush_metrics()

    def flush_metrics(self, raise_on_empty_metrics: bool = False) -> None:  # noqa: ARG002 - Powertools' face
        """Write the line; none if nothing was counted, which is nothing to write about."""
        if not self.metric_set:
            return
        definitions = [{"Name": name, "Unit": metric["Unit"]} for name, metric in self.metric_set.items()]
        measured = {"Namespace": self.namespace, "Dimensions": [["service"]], "Metrics": definitions}
        line = {
            "_aws": {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [measured]},
            "service": self.service,
            **{name: metric["Value"] for name, metric in self.metric_set.items()},
        }
        print(orjson.dumps(line).decode())
        self.metric_set.clear()


logger = Log(log_uncaught_exceptions=False, logger_formatter=Log.lines)
metrics = Measures()


class UnexpectedError(Exception):
    """Stands for an exception that nobody foresaw. The message is that one's class, never its text."""


def count(name: str, value: int = 1) -> None:
    """Count something that happened."""
    if value:
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def took(name: str, seconds: float) -> None:
    """Note how long something took, so that its median and the like can be shown."""
    metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=max(0.0, seconds))


def nothing_told[**P, R](handler: Callable[P, R]) -> Callable[P, R]:
    """Decorate a handler so that what it raises carries no text: Lambda logs that, and answers its caller with it.

    Raises UnexpectedError in place of any exception.
    """

    @wraps(handler)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except Exception as error:
            logger.exception("the function failed")
            unexpected = UnexpectedError(type(error).__name__)
        # Raised outside the handler, so that not even the context holds the original.
        raise unexpected

    return guarded


def without_text(record: logging.LogRecord) -> bool:
    """Put an exception's class and places into a log record in place of its text. Keeps every record."""
    if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
        kind, _, places = record.exc_info
        record.__dict__.update(error=kind.__name__, places=_places(places))
    record.exc_info = record.exc_text = None
    if isinstance(record.msg, BaseException):
        record.msg = type(record.msg).__name__
    return True


logger.addFilter(without_text)


def _places(trace: TracebackType | None) -> list[str]:
    """Give where it happened, the innermost place last: file, line and function."""
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
