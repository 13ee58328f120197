"""Writes a month's open figures for officials, as a page and a CSV file: make report STAGE=prod MONTH=2026-11.

Needs the right to read metrics (`cloudwatch:GetMetricData`). Nothing personal goes in: the metrics hold none.
"""

import argparse
import csv
import io
import sys
from pathlib import Path

import boto3
from jinja2 import Environment, FileSystemLoader

from operations.operator import Stopped
from operations.settings import ROOT, run
from operations.stack import stack_of
from operations.stage.month import LEAST, Figures, read_figures, read_month

FOLDER = ROOT / "build" / "report"
_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)


def page(figures: Figures, desk: str, *, sample: bool = False) -> str:
    """Return the page. `desk`: whose figures they are; `sample`: that they are made up."""
    most = max((number for number in figures.days if number), default=1)
    template = _PAGES.get_template("report.html")
    return template.render(**vars(figures), desk=desk, sample=sample, most=most, least=LEAST, seconds=_seconds) + "\n"


def _seconds(number: float | None) -> str:
    return "–" if number is None else f"{number:.1f} s" if number < 10 else f"{number:.0f} s"


def table(figures: Figures) -> str:
    """Return the same as CSV: section, name, value. A number that is too small to be told is `<10`."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(("section", "name", "value"))
    rows.writerow(("all", "documents delivered", figures.documents or f"<{LEAST}"))
    for name, number in (
        ("median seconds", figures.median_seconds),
        ("95th percentile seconds", figures.p95_seconds),
        ("messages per document", figures.messages_per_document),
    ):
        rows.writerow(("all", name, "" if number is None else f"{number:.2f}"))
    for section, counts in (("kind", figures.kinds), ("language", figures.languages), ("failure", figures.causes)):
        rows.writerows((section, count.name, count.number) for count in counts)
    if figures.documents:
        for day, number in enumerate(figures.days, 1):
            rows.writerow(("day", f"{figures.month}-{day:02}", f"<{LEAST}" if number is None else number))
    return written.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """Write the report of the stack and month that are named."""
    parser = argparse.ArgumentParser(prog="make report", description=__doc__)
    parser.add_argument("stack", help="the name of the CloudFormation stack, such as helpdesk-prod")
    parser.add_argument("month", help="YYYY-MM")
    given = parser.parse_args(arguments)
    try:
        month = read_month(given.month)
    except ValueError:
        raise Stopped("Say which month: make report STAGE=prod MONTH=2026-11") from None
    stack = stack_of(given.stack)
    figures = read_figures(boto3.client("cloudwatch"), stack.name, month)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for ending, content in (("html", page(figures, stack.name)), ("csv", table(figures))):
        path = FOLDER / f"{stack.name}-{month}.{ending}"
        path.write_text(content, encoding="utf-8")
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
