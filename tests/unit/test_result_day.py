"""The model of a line at the door: half an hour of result day, for one citizen in a hundred."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from capacity_model import numbers
from capacity_model.desk import Day, Desk, Seen, Setting, Trouble
from capacity_model.line import Door
from capacity_model.plot import line_day
from capacity_model.result_day import CALLS, DOOR, ONE, possible, row

SCALE = Path(__file__).parents[2] / "docs" / "scale.md"
PART = 0.01
RUSH = Day(begins=300, ends=2400, over=4800)
DEAD = replace(RUSH, troubles=(Trouble("dead", 1200, 1500),))


@cache
def played(door: Door | None, day: Day = RUSH, setting: Setting = ONE) -> Seen:
    return Desk(replace(setting, door=door), day, PART, seed=1).run()


def lost(seen: Seen) -> int:
    return seen.dead + seen.gave_up


def test_without_a_line_many_are_lost() -> None:
    seen = played(None, RUSH, replace(ONE, job_expiry_seconds=90))

    assert lost(seen) > 0.02 * seen.documents


def test_with_a_line_nobody_is_lost_by_the_desk() -> None:
    assert lost(played(DOOR)) == 0


def test_a_line_gives_nearly_all_that_digilocker_can_give() -> None:
    assert played(DOOR).busy_documents > 0.8 * possible(RUSH, PART)


def test_what_digilocker_can_give_follows_from_the_calls_that_it_bears() -> None:
    a_second = ONE.digilocker_bears / 0.68 / CALLS

    assert possible(RUSH, PART) / PART == pytest.approx(a_second * (RUSH.ends - RUSH.begins), rel=0.1)


def test_the_time_that_is_told_is_about_the_real_one() -> None:
    (line,) = played(DOOR).lines
    well = sum(abs(told - real) <= max(2, 0.3 * real) for told, real in line.told)

    assert len(line.told) > 100
    assert well > 0.9 * len(line.told)


def test_impatient_citizens_leave_and_are_counted() -> None:
    patient = replace(DOOR, patience_minutes=600.0)

    assert played(DOOR).lines[0].left > 5 * max(1, played(patient).lines[0].left)


def test_a_dead_digilocker_loses_citizens_unless_the_line_takes_them_back() -> None:
    taken_back = played(replace(DOOR, takes_back=True), DEAD)

    assert lost(played(DOOR, DEAD)) > 0
    assert lost(taken_back) == 0
    assert taken_back.lines[0].taken_back > 0


def test_while_the_pacer_is_down_nobody_is_called_and_nobody_is_lost() -> None:
    stopped = replace(RUSH, troubles=(Trouble("no pacer", 1200, 1800),))
    seen = played(DOOR, stopped)
    (before,) = (minute for minute in seen.minutes if minute.at == 1260)
    (after,) = (minute for minute in seen.minutes if minute.at == 1740)

    assert after.in_line > before.in_line
    assert lost(seen) == 0


def test_a_row_has_the_figures_of_all_citizens() -> None:
    seen = played(DOOR)
    cells = row("today", seen, possible(RUSH, PART), PART)

    assert cells[0] == "today"
    assert cells[1] == f"{seen.documents / PART:,.0f}"


def test_the_plot_is_a_picture() -> None:
    picture = ET.fromstring(line_day(played(DOOR).minutes))  # noqa: S314 - our own words

    assert len(picture.findall("{*}polyline")) == 4


def test_the_page_has_what_the_numbers_cost() -> None:
    assert numbers.table() in SCALE.read_text(encoding="utf-8")


def test_a_key_that_is_asked_for_more_than_it_bears_makes_everybody_wait() -> None:
    assert numbers.wait_milliseconds(500, 99) < 10
    assert numbers.wait_milliseconds(1100, 50) > 1000
