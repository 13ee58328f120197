"""What a flood costs, as docs/scale.md has it."""

from pathlib import Path

from capacity_model.flood import phone, table

SCALE = Path(__file__).parents[2] / "docs" / "scale.md"


def test_one_phone_costs_at_most_35_rupees_a_day() -> None:
    assert sum(phone().values()) <= 35


def test_the_page_has_the_figures_that_the_command_prints() -> None:
    assert table() in SCALE.read_text(encoding="utf-8")
