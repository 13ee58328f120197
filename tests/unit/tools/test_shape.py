"""What `make shape` measures."""

from pathlib import Path

import pytest

from tools.shape import PACKAGE, Figure, figures, main

TANGLED = (
    "def tangled(a: int) -> int:\n"
    + "".join(f"    if a == {n}:\n        return {n}\n" for n in range(16))
    + "    return 0\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small product in which each target is missed once."""
    written = {
        "conversation/chapters/a.py": "from helpdesk.conversation.chapters import b, c\n",
        "conversation/chapters/b.py": "from helpdesk.conversation.chapters.c import ask\n",
        "conversation/chapters/c.py": "ask = 1\n",
        "service/tangled.py": TANGLED,
        "whatsapp/long.py": "value = 1\n" * 401,
        "storage/elsewhere.py": "value = 1\n" * 500,
    }
    for name, code in written.items():
        path = tmp_path / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return tmp_path


def named(root: Path) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures(root)}


def test_all_lines_of_the_product_are_counted(root: Path) -> None:
    assert named(root)["product_lines"].value == 1 + 1 + 1 + len(TANGLED.splitlines()) + 401 + 500


def test_the_world_and_the_simulation_are_counted_apart_from_other_tests(root: Path) -> None:
    for name, lines in {
        "world/clock.py": 3,
        "simulation/laws.py": 5,
        "unit/test_menu.py": 7,
        "conftest.py": 11,
    }.items():
        path = root / "tests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("value = 1\n" * lines)
    assert named(root)["test_lines"].value == 7 + 11
    assert named(root)["world_and_simulation_lines"].value == 3 + 5


def test_what_is_beyond_a_target_is_named(root: Path) -> None:
    of = named(root)
    assert of["highest_complexity"].beyond == ("service/tangled.py:1 tangled (17)",)
    assert of["longest_file"].beyond == ("whatsapp/long.py (401)",)
    assert of["imports_between_chapters"].beyond == ("a imports b", "a imports c", "b imports c")


def test_every_figure_of_the_product_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    printed = capsys.readouterr().out
    assert all(figure.name in printed for figure in figures())


def test_the_dialogue_is_within_its_targets() -> None:
    beyond = [name for figure in figures() for name in figure.beyond]
    assert not [name for name in beyond if name.startswith("conversation/") or " imports " in name]
