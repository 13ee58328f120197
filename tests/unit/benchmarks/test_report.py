"""What becomes of figures: lines, the page, the waterfall."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks import report, waterfall
from tests.benchmarks.figures import Figure
from tests.benchmarks.latency import Moments
from tests.benchmarks.report import Section
from tests.benchmarks.waterfall import Span
from tests.handlers import ROOT

ASKED_FOR = (
    *("cold_start.webhook_vs_floor", "cold_start.document_vs_floor", "cold_start.webhook_vs_peer"),
    *("warm.text_vs_peer", "warm.status_cpu_ms", "stack.webhook_vs_floor", "calls.menu.webhook"),
    *("calls.document.document", "layer_bytes", "peak_mb.webhook", "peak_mb.document"),
    *("dialogue.messages_per_second", "load.lost", "load.twice", "load.out_of_order"),
)
"""Names of figures that others rely on."""


# figures and the page


def test_a_figure_that_is_worse_than_wanted_says_so() -> None:
    assert Figure("a", 1.0, "x", 1.25).line().endswith("│")
    assert Figure("a", 1.3, "x", 1.25).line().endswith("│█  missed")
    assert Figure("a", 1.0, "1/s", 5000, at_least=True).line().endswith("missed")
    assert Figure("a", 1.0, "texts", 0.0).line().endswith("missed")
    assert not Figure("a", 0.0, "texts", 0.0).line().endswith("missed")


def measure(section: Section) -> Iterator[Figure]:
    yield Figure("load.lost", 0, "texts", 0.0)
    section.say("and a line")
    section.plots["load.svg"] = ("How long", "<svg/>")


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("JSON", "PAGE", "PLOTS", "PLOTS_OF_A_PART"):
        monkeypatch.setattr(report, name, tmp_path / "build" / name)
    return tmp_path / "build"


def test_a_whole_run_writes_the_page_with_the_command_beside_each_figure(written: Path) -> None:
    section = Section("Load", "What it is.", "make bench PART=load")
    report.measure(section, measure)
    report.write([section], whole=True, seconds=120)

    page = (written / "PAGE").read_text(encoding="utf-8")
    assert "one run of 2 minutes" in page
    assert "## Load\n\n`make bench PART=load`" in page
    assert f"{section.figures[0].line()}\nand a line" in page
    assert "![How long](plots/load.svg)" in page
    assert (written / "PLOTS" / "load.svg").read_text() == "<svg/>"


def test_a_part_replaces_its_own_figures_and_leaves_the_page(written: Path) -> None:
    whole, part = (Section("Load", "", "") for _ in range(2))
    whole.figures += [Figure("load.lost", 1, "texts", 0.0), Figure("layer_bytes", 5, "bytes")]
    report.write([whole], whole=True, seconds=1)
    before = (written / "PAGE").read_text(encoding="utf-8")
    report.measure(part, measure)
    report.write([part], whole=False, seconds=1)

    figures = json.loads((written / "JSON").read_text(encoding="utf-8"))
    assert {name: (one["value"], one["met"]) for name, one in figures.items()} == {
        "load.lost": (0, True),
        "layer_bytes": (5, True),
    }
    assert (written / "PAGE").read_text(encoding="utf-8") == before
    assert (written / "PLOTS_OF_A_PART" / "load.svg").exists()


def test_the_page_has_every_figure_that_is_asked_for_and_its_plots_are_there() -> None:
    page = report.PAGE.read_text(encoding="utf-8")
    assert [name for name in ASKED_FOR if f"\n{name} " not in page] == []
    plots = [line.split("(")[1].rstrip(")") for line in page.splitlines() if line.startswith("![")]
    assert len(plots) >= 4
    assert [plot for plot in plots if not (ROOT / "docs" / plot).exists()] == []


# the waterfall


def run(function: str, began: float, ended: float, *calls: tuple[str, float, float]) -> dict[str, object]:
    return {"stopwatch": function, "began": began, "ended": ended, "calls": calls}


def test_a_waterfall_has_the_calls_of_one_message_in_their_time() -> None:
    moments = Moments(posted=100.0, answered=100.05, over=100.1)
    earlier, later = run("webhook", 99.0, 99.1), run("webhook", 101.0, 101.1)
    webhook = run("webhook", 100.01, 100.04, ("dynamodb Query", 100.02, 100.03))
    document = run("document", 100.04, 100.2)

    found = waterfall.spans(moments, [document, earlier, webhook, later])

    assert [(span.name, round(span.begin), round(span.end)) for span in found] == [
        ("POST until its answer", 0, 50),
        ("webhook function", 10, 40),
        ("  dynamodb Query", 20, 30),
        ("document function", 40, 200),
        ("until she has it", 0, 100),
    ]
    assert waterfall.own_code(found) == pytest.approx(1 - 10 / 190)


def test_a_message_for_which_more_happened_than_for_most_is_left_out_of_the_median() -> None:
    usual = [[Span("a", 0, end)] for end in (1.0, 2.0, 6.0)]
    assert waterfall.in_the_median([*usual, [Span("a", 0, 99), Span("a retry", 99, 100)]]) == [Span("a", 0, 2.0)]
