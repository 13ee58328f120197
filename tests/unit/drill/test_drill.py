"""The drill judges as CloudWatch does, and knows a chapter that leads nowhere."""

import json
from typing import Any

import pytest

from tests.drill import __main__ as drill
from tests.drill.alarms import Point, goes_off, points_of
from tests.drill.exercises import EXERCISES
from tests.drill.insights import NotUnderstoodError, rows_of, run
from tests.template.cloudformation import Template

ALARM: dict[str, Any] = {
    "Namespace": "helpdesk-local",
    "MetricName": "UnsignedCalls",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 10,
    "TreatMissingData": "notBreaching",
    "ComparisonOperator": "GreaterThanThreshold",
    "Dimensions": [{"Name": "service", "Value": "webhook"}],
}
NOW = 9_000.0


@pytest.mark.parametrize(
    ("points", "is_on"),
    [
        ([(8_900, 11), (8_600, 11)], True),
        ([(8_900, 11)], False),
        ([(8_900, 10), (8_600, 11)], False),
        ([(8_900, 6), (8_800, 5), (8_200, 11)], True),
        ([(8_900, 11), (8_050, 11)], False),
        ([], False),
    ],
)
def test_an_alarm_is_on_when_enough_periods_breach(points: list[tuple[float, float]], is_on: bool) -> None:
    assert goes_off(ALARM, [Point(*point) for point in points], NOW) is is_on


def test_silence_breaches_where_the_alarm_says_so() -> None:
    assert goes_off({**ALARM, "TreatMissingData": "breaching"}, [], NOW)


def test_only_the_alarms_own_metric_is_read() -> None:
    def line(service: str, name: str) -> str:
        measured = {"Namespace": "helpdesk-local", "Dimensions": [["service"]], "Metrics": [{"Name": name}]}
        return json.dumps({"_aws": {"Timestamp": 1000, "CloudWatchMetrics": [measured]}, "service": service, name: [2]})

    lines = [line("webhook", "UnsignedCalls"), line("document", "UnsignedCalls"), line("webhook", "Messages"), "START"]
    assert points_of(lines, ALARM) == [Point(1.0, 2)]


def test_the_saved_query_counts_errors_by_kind_the_most_frequent_first() -> None:
    query = Template().resources["ErrorsQuery"]["Properties"]["QueryString"]
    lines = [
        (1.0, '{"level": "INFO", "message": "replied"}'),
        (2.0, '{"level": "ERROR", "message": "a", "code": 368, "conversation": "x"}'),
        (3.0, '{"level": "ERROR", "message": "b", "conversation": "x"}'),
        (4.0, '{"level": "ERROR", "message": "b", "conversation": "y"}'),
        (5.0, "Task timed out after 25.00 seconds"),
    ]
    found = run(query, rows_of(lines))
    assert (found[0]["message"], found[0]["times"], found[0]["conversations"]) == ("b", 2, 2)
    assert {row["message"] for row in found} == {"a", "b", None}
    assert (found[0]["first"], found[0]["last"]) == (3.0, 4.0)


@pytest.mark.parametrize("query", ["parse @message '*'", "filter level = 'ERROR'", "stats avg(x) as y by z"])
def test_a_query_that_says_more_is_refused(query: str) -> None:
    with pytest.raises(NotUnderstoodError):
        run(query, [{"z": 1, "x": 2}])


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.alarm)
def test_each_exercises_alarm_has_a_chapter_with_a_command(exercise: Any) -> None:
    assert exercise.alarm in Template().alarms()
    assert drill.first_command(exercise.alarm)


def test_a_chapter_without_a_command_fails_the_drill() -> None:
    with pytest.raises(drill.DrillFailedError, match="names no command"):
        drill.first_command("WebhookThrottlesAlarm")
