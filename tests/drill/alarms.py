"""Whether an alarm goes off on metrics that came out, as CloudWatch decides it."""

import json
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}
_STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Average": lambda values: sum(values) / len(values),
}


@dataclass(frozen=True)
class Point:
    """One value of a metric. `at`: seconds since the epoch."""

    at: float
    value: float


def points_of(lines: Iterable[str], alarm: Mapping[str, Any]) -> list[Point]:
    """Read what functions wrote for the metric that an alarm looks at, in CloudWatch's embedded metric format."""
    wanted = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    found = []
    for line in lines:
        said = json.loads(line) if '"_aws"' in line else {}
        for measured in said.get("_aws", {}).get("CloudWatchMetrics", ()):
            names = {metric["Name"] for metric in measured["Metrics"]}
            for dimensions in measured["Dimensions"]:
                fits = {name: said[name] for name in dimensions} == wanted
                if fits and measured["Namespace"] == alarm["Namespace"] and alarm["MetricName"] in names:
                    values = said[alarm["MetricName"]]
                    at = said["_aws"]["Timestamp"] / 1000
                    found += [Point(at, value) for value in (values if isinstance(values, list) else [values])]
    return found


def goes_off(alarm: Mapping[str, Any], points: Iterable[Point], now: float) -> bool:
    """Return whether an alarm on one metric is on at a moment, from its periods up to then."""
    points = list(points)
    breaching = 0
    for number in range(alarm["EvaluationPeriods"]):
        end = now - number * alarm["Period"]
        values = [point.value for point in points if end - alarm["Period"] < point.at <= end]
        if values:
            reckoned = _STATISTICS[alarm["Statistic"]](values)
            breaching += _COMPARISONS[alarm["ComparisonOperator"]](reckoned, alarm["Threshold"])
        else:
            breaching += alarm["TreatMissingData"] == "breaching"
    return breaching >= int(alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]))
