"""The one Logger and the one Metrics of a function.

Every line carries the conversation's id, never anything that names the citizen. Metrics go out as log lines in
CloudWatch's embedded metric format, so they cost no call.

The text of an exception reaches no log: requests writes addresses into it, pydantic the input, botocore the parameters,
so anything that a citizen has typed may be in it. Its class and the places in the code tell an operator enough.
"""

import datetime as dt
import json
import logging
import os
import traceback
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import TracebackType

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.logging.formatter import RESERVED_LOG_ATTRS, LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit

# At DEBUG they log the parameters of every call, before KMS has sealed them too. A level of their own holds whatever
# the root logger's is, which Lambda sets by the function's logging configuration.
for _name in ("boto3", "botocore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_LEFT_OUT = frozenset((*RESERVED_LOG_ATTRS, "taskName", "function_name", "function_memory_size", "function_arn"))
"""What `logging` keeps on a record for itself, and what the name of the log group already says."""


class JsonFormatter(LambdaPowertoolsFormatter):
    """Powertools' formatter, without the keys that its log group makes redundant and without any exception text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line of JSON, with the keys that every line of this invocation carries."""
        when = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.getMessage(),
            "timestamp": when,
        }
        for keys in (self.get_current_keys(), vars(record)):
            line |= {
                name: value
                for name, value in keys.items()
                if name not in _LEFT_OUT and name not in self.log_record_order and value is not None
            }
        if trace := os.environ.get("_X_AMZN_TRACE_ID"):
            line["xray_trace_id"] = trace.partition(";")[0].removeprefix("Root=")
        return self.serialize(line)


logger = Logger(
    log_uncaught_exceptions=False,
    logger_formatter=JsonFormatter(json_serializer=lambda line: json.dumps(line, default=str, separators=(",", ":"))),
)
metrics = Metrics()

# An invocation that counts nothing is nothing to warn about.
warnings.filterwarnings("ignore", "No application metrics to publish", UserWarning)


class UnexpectedError(Exception):
    """Stands for an exception that nobody foresaw. The message is that one's class, never its text."""


def count(name: str, value: int = 1) -> None:
    """Count something that happened."""
    if value:
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def count_by(name: str, dimension: str, value: str) -> None:
    """Count something by a dimension that has few values, as each is its own metric and is paid for as one."""
    with single_metric(name=name, unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(dimension, value)


def record_duration(name: str, seconds: float) -> None:
    """Note how long something took, so that its median and the like can be shown."""
    metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=max(0.0, seconds))


def redact_exceptions[**P, R](handler: Callable[P, R]) -> Callable[P, R]:
    """Decorate a handler so that an exception leaves it without its text, which Lambda would log and return.

    Raises UnexpectedError instead of any exception.
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
    """Put an exception's class and places into a log record instead of its text. Keeps every record."""
    if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
        kind, _, places = record.exc_info
        record.__dict__.update(error=kind.__name__, places=_places(places))
    record.exc_info = record.exc_text = None
    if isinstance(record.msg, BaseException):
        record.msg = type(record.msg).__name__
    return True


logger.addFilter(without_text)


def _places(trace: TracebackType | None) -> list[str]:
    """Return where it happened, the innermost place last: file, line and function."""
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
