"""What a month's metrics say about deliveries, with nothing in it that could be about one person."""

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from helpdesk.conversation.problems import Problem
from helpdesk.languages.catalogue import catalogue, catalogues

LEAST = 10
"""A smaller count could be about somebody whom the reader knows."""
OTHER = "other"
INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30))
HOUR = 3600
MOST_QUERIES = 500
"""Of one call of GetMetricData."""

ENGLISH: Mapping[str, str] = {
    "as": "Assamese",
    "bn": "Bengali",
    "en": "English",
    "gu": "Gujarati",
    "hi": "Hindi",
    "kn": "Kannada",
    "ml": "Malayalam",
    "mr": "Marathi",
    "or": "Odia",
    "pa": "Punjabi",
    "ta": "Tamil",
    "te": "Telugu",
    "ur": "Urdu",
}
"""What the languages are called in English; in the catalogues they have their own names only."""

CAUSES: Mapping[str, tuple[str, ...]] = {
    "The issuer's system did not answer": (Problem.ISSUER_DOWN,),
    "DigiLocker did not answer, or was too busy": (Problem.UNREACHABLE, Problem.BUSY),
    "The issuer has no such document": (Problem.NOT_FOUND, Problem.NO_RECORD, Problem.PULL_PENDING),
    "The document cannot be sent as a PDF": (Problem.NOT_A_PDF, Problem.DAMAGED, Problem.TOO_LARGE),
    "The issuer does not offer it to DigiLocker": (Problem.NOT_OFFERED, Problem.AADHAAR_NOT_LINKED),
    "The OTP was wrong, too late or asked for too often": (
        *(Problem.OTP_WRONG, Problem.OTP_EXPIRED, Problem.OTP_TOO_MANY, Problem.OTP_NOT_SENT),
        *(Problem.OTP_UNSURE, Problem.TRIED_TOO_OFTEN),
    ),
    "What was entered does not match the records": (
        *(Problem.DETAILS_DIFFER, Problem.DETAILS_INVALID, Problem.MOBILE_TAKEN, Problem.OTHER_MOBILE),
        *(Problem.NO_ACCOUNT, Problem.SEVERAL_ACCOUNTS),
    ),
    "The citizen had signed out, or had not shared it": (
        *(Problem.SIGNED_OUT, Problem.NOT_SHARED, Problem.SIGN_IN_UNSURE, Problem.ALREADY_THERE),
    ),
    "WhatsApp could not deliver it": (
        *("Undeliverable", "WindowClosed", "MediaFailed", "Unavailable", "OutcomeUnknown", "RateLimited"),
    ),
    "The help desk itself": (
        *(Problem.HELD_UP, Problem.MISCONFIGURED, Problem.PULL_UNSURE),
        *("InvalidMessage", "TokenRefused", "PolicyBlocked", "Misconfigured"),
    ),
}
"""In an official's words: problems of DigiLocker, and refusals of WhatsApp by their class."""


@dataclass(frozen=True)
class Month:
    """A calendar month in India's time."""

    year: int
    month: int

    @property
    def begins(self) -> dt.datetime:
        """When it begins, to the hour in which it does: older metrics are kept by whole hours (UTC)."""
        return dt.datetime(self.year, self.month, 1, tzinfo=INDIA).astimezone(dt.UTC).replace(minute=0)

    @property
    def days(self) -> int:
        """How many it has."""
        return calendar.monthrange(self.year, self.month)[1]

    @property
    def ends(self) -> dt.datetime:
        """When it ends."""
        return self.begins + dt.timedelta(days=self.days)

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{calendar.month_name[self.month]} {self.year}"

    def __str__(self) -> str:
        """As YYYY-MM."""
        return f"{self.year}-{self.month:02}"


def read_month(text: str) -> Month:
    """Read YYYY-MM. Raises ValueError."""
    begins = dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=INDIA)
    return Month(begins.year, begins.month)


@dataclass(frozen=True)
class Count:
    """How many of one thing. `together`: of several, each too few to be reported alone."""

    name: str
    number: int
    together: bool = False


@dataclass(frozen=True)
class Figures:
    """What is reported. A count is None if it is too small to be told."""

    month: Month
    documents: int | None
    median_seconds: float | None
    p95_seconds: float | None
    messages_per_document: float | None
    kinds: tuple[Count, ...]
    languages: tuple[Count, ...]
    causes: tuple[Count, ...]
    days: tuple[int | None, ...]


def told(counts: Mapping[str, int]) -> tuple[Count, ...]:
    """Return the counts that may be told, the largest first, and what is left out as one.

    What is left out could be computed from the total, so it is large enough too, or a larger one joins it.
    """
    ordered = sorted(((number, name) for name, number in counts.items() if number), key=lambda one: (-one[0], one[1]))
    shown = [(number, name) for number, name in ordered if number >= LEAST]
    rest = ordered[len(shown) :]
    while rest and sum(number for number, _ in rest) < LEAST and shown:
        rest.insert(0, shown.pop())
    together = sum(number for number, _ in rest)
    counted = [Count(name, number) for number, name in shown]
    return (*counted, Count(f"{len(rest)} others", together, together=True)) if together >= LEAST else tuple(counted)


def figures_of(
    month: Month,
    *,
    kinds: Mapping[str, int],
    languages: Mapping[str, int],
    causes: Mapping[str, int],
    days: Sequence[int],
    replies: int,
    seconds: tuple[float | None, float | None],
) -> Figures:
    """Make of raw counts what may be told. `seconds`: median and 95th percentile."""
    documents = sum(days)
    enough = documents >= LEAST
    open_days = {int(count.name) for count in told({str(day): n for day, n in enumerate(days)}) if not count.together}
    return Figures(
        month,
        documents if enough else None,
        *(seconds if enough else (None, None)),
        (replies + documents) / documents if enough else None,
        told(kinds) if enough else (),
        told(languages) if enough else (),
        told(causes),
        tuple(number if day in open_days or not number else None for day, number in enumerate(days)),
    )


def read_figures(cloudwatch: Any, namespace: str, month: Month) -> Figures:
    """Read a month's figures of a stack. `cloudwatch`: boto3's client. `namespace`: the stack's name."""
    read = _Reader(cloudwatch, namespace, month)
    names = catalogue("en").section("document")
    for doctype in (*names, OTHER):
        read.ask("Delivered", kind=doctype)
    for language in catalogues():
        read.ask("Delivered", language=language.code)
    for cause in CAUSES.values():
        for problem in cause:
            read.ask(_metric(problem))
    for name in ("Replies", "DocumentsUndelivered"):
        read.ask(name, service="webhook" if name == "DocumentsUndelivered" else "document")
    read.ask("Delivered", period=HOUR)
    for stat in ("p50", "p95"):
        read.ask("SecondsFromChoice", stat=stat)
    read.answer()

    causes = {cause: sum(read.sum(_metric(one)) for one in problems) for cause, problems in CAUSES.items()}
    causes["WhatsApp could not deliver it"] += read.sum("DocumentsUndelivered", service="webhook")
    return figures_of(
        month,
        kinds={names.get(kind, "Other documents"): read.sum("Delivered", kind=kind) for kind in (*names, OTHER)},
        languages={ENGLISH[one.code]: read.sum("Delivered", language=one.code) for one in catalogues()},
        causes=causes,
        days=read.days("Delivered"),
        replies=read.sum("Replies"),
        seconds=(read.largest("SecondsFromChoice", "p50"), read.largest("SecondsFromChoice", "p95")),
    )


def _metric(problem: str) -> str:
    return f"Problem_{problem}" if isinstance(problem, Problem) else f"WhatsApp_{problem}"


type _Key = tuple[str, str, tuple[tuple[str, str], ...]]


class _Reader:
    """Collects what is asked for, so that few calls answer it."""

    def __init__(self, cloudwatch: Any, namespace: str, month: Month) -> None:
        self._cloudwatch = cloudwatch
        self._namespace = namespace
        self._month = month
        self._asked: dict[_Key, int] = {}
        self._found: dict[_Key, list[tuple[dt.datetime, float]]] = {}

    def ask(self, name: str, stat: str = "Sum", period: int = 0, **dimensions: str) -> None:
        """Ask for a metric of the month; as one value unless a period in seconds is given."""
        self._asked[_key(name, stat, dimensions)] = period or self._month.days * 24 * HOUR

    def answer(self) -> None:
        """Have it all answered."""
        for some in batched(enumerate(self._asked.items()), MOST_QUERIES, strict=False):
            pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
                StartTime=self._month.begins,
                EndTime=self._month.ends,
                MetricDataQueries=[
                    {
                        "Id": f"m{number}",
                        "MetricStat": {
                            "Metric": {
                                "Namespace": self._namespace,
                                "MetricName": name,
                                "Dimensions": [{"Name": one, "Value": value} for one, value in dimensions],
                            },
                            "Period": period,
                            "Stat": stat,
                        },
                    }
                    for number, ((name, stat, dimensions), period) in some
                ],
            )
            keys = list(self._asked)
            for page in pages:
                for result in page["MetricDataResults"]:
                    found = self._found.setdefault(keys[int(result["Id"][1:])], [])
                    found += zip(result["Timestamps"], result["Values"], strict=True)

    def sum(self, name: str, **dimensions: str) -> int:
        """Return how often something was counted."""
        return round(sum(value for _, value in self._found.get(_key(name, "Sum", dimensions), ())))

    def days(self, name: str) -> tuple[int, ...]:
        """Return how often something was counted on each day."""
        counted = [0.0] * self._month.days
        for when, value in self._found.get(_key(name, "Sum", {}), ()):
            counted[(when - self._month.begins).days] += value
        return tuple(round(number) for number in counted)

    def largest(self, name: str, stat: str) -> float | None:
        """Return a statistic of the whole month. Should CloudWatch answer in parts: the least favourable one."""
        return max((value for _, value in self._found.get(_key(name, stat, {}), ())), default=None)


def _key(name: str, stat: str, dimensions: Mapping[str, str]) -> _Key:
    return name, stat, tuple({"service": "document", **dimensions}.items())
