"""The open figures of a month: what they say, and that nothing in them can be about one person."""

import datetime as dt
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from helpdesk.conversation.problems import Problem
from helpdesk.languages.catalogue import codes
from helpdesk.whatsapp.errors import CLASS_OF_CODE, InboundMediaLost, OutcomeUnknown
from operations.operator import Stopped
from operations.stage import report
from operations.stage.month import CAUSES, ENGLISH, LEAST, Month, figures_of, read_figures, read_month, told
from operations.stage.report import page, table
from operations.stage.sample_report import sample, written

NOVEMBER = Month(2026, 11)


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 40), max_size=8))
def test_no_small_count_is_told_nor_can_be_reckoned_from_the_total(counts: dict[str, int]) -> None:
    shown = told(counts)
    assert all(count.number >= LEAST for count in shown)
    hidden = sum(counts.values()) - sum(count.number for count in shown)
    assert hidden == 0 or (hidden < LEAST and not shown)


def test_a_month_is_indias_to_the_hour() -> None:
    assert read_month("2026-11") == NOVEMBER
    assert NOVEMBER.begins == dt.datetime(2026, 10, 31, 18, tzinfo=dt.UTC)
    assert NOVEMBER.ends == dt.datetime(2026, 11, 30, 18, tzinfo=dt.UTC)


def test_every_failure_has_a_cause_and_every_language_a_name() -> None:
    named = [one for cause in CAUSES.values() for one in cause]
    # What a citizen sent and could not be loaded is no step of ours.
    refusals = {kind.__name__ for kind in {*CLASS_OF_CODE.values(), OutcomeUnknown} - {InboundMediaLost}}
    assert sorted(named) == sorted({*Problem, *refusals})
    assert {*ENGLISH} == {*codes()}


class CloudWatch:
    """moto's, which knows no percentiles: those are given."""

    def __init__(self, client: Any, percentiles: dict[str, float]) -> None:
        self._client, self._percentiles = client, percentiles

    def get_paginator(self, _operation: str) -> "CloudWatch":
        return self

    def paginate(self, *, MetricDataQueries: list[Any], **when: Any) -> list[Any]:  # noqa: N803 - boto3's names
        known = [one for one in MetricDataQueries if one["MetricStat"]["Stat"] == "Sum"]
        page = self._client.get_metric_data(MetricDataQueries=known, **when)
        page["MetricDataResults"] += [
            {"Id": one["Id"], "Timestamps": [when["StartTime"]], "Values": [self._percentiles[stat]]}
            for one in MetricDataQueries
            if (stat := one["MetricStat"]["Stat"]) in self._percentiles
        ]
        return [page]


@mock_aws
def test_a_months_metrics_become_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    client = boto3.client("cloudwatch")

    def counted(name: str, value: int, when: dt.datetime, **dimensions: str) -> None:
        named = [{"Name": key, "Value": of} for key, of in ({"service": "document"} | dimensions).items()]
        metric: Any = {"MetricName": name, "Dimensions": named, "Value": value, "Timestamp": when}
        client.put_metric_data(Namespace="helpdesk-prod", MetricData=[metric])

    second, after = (NOVEMBER.begins + dt.timedelta(days=days, hours=3) for days in (1, 30))
    for when in (second, after):
        counted("Delivered", 30, when)
        counted("Delivered", 25, when, kind="PANCR")
        counted("Delivered", 5, when, kind="other")
        counted("Delivered", 30, when, language="ta")
    counted("Replies", 120, second)
    counted("Problem_issuer_down", 11, second)
    counted("DocumentsUndelivered", 12, second, service="webhook")
    figures = read_figures(CloudWatch(client, {"p50": 3.0, "p95": 9.0}), "helpdesk-prod", NOVEMBER)

    assert (figures.documents, figures.messages_per_document) == (30, 5.0)
    assert (figures.median_seconds, figures.p95_seconds) == (3.0, 9.0)
    # Five documents of other kinds could be reckoned from 30 - 25, so both are told as one.
    assert [(one.name, one.number) for one in figures.kinds] == [("2 others", 30)]
    assert [(one.name, one.number) for one in figures.languages] == [("Tamil", 30)]
    assert {one.name: one.number for one in figures.causes} == {
        "The issuer's system did not answer": 11,
        "WhatsApp could not deliver it": 12,
    }
    assert figures.days == (0, 30, *[0] * 28)


def test_a_month_of_few_documents_says_no_more_than_that() -> None:
    figures = figures_of(
        NOVEMBER, kinds={"PAN card": 9}, languages={}, causes={}, days=[9], replies=99, seconds=(1.0, 2.0)
    )
    assert "Fewer than 10 documents" in page(figures, "a desk")
    assert "PAN" not in page(figures, "a desk") + table(figures)


def test_the_page_needs_no_network_and_is_marked_up_for_everybody() -> None:
    html = page(sample(), "a desk")
    assert "://" not in html
    assert "<script" not in html
    for wanted in ('lang="en"', "<main>", 'scope="row"', 'role="img"', "prefers-color-scheme: dark", "@media print"):
        assert wanted in html


def test_the_sample_in_the_documents_is_what_the_report_writes_now() -> None:
    for path, content in written().items():
        assert path.read_text(encoding="utf-8") == content, "python -m operations.stage.sample_report"


def test_a_month_that_is_none_is_asked_for() -> None:
    with pytest.raises(Stopped, match="MONTH=2026-11"):
        report.main(["helpdesk-prod", ""])
