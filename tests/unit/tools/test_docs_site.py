"""Pages of the repository as pages of the site: links, pages from outside docs/, and diagrams."""

import re

import pytest

from tools.diagrams import FOLDER, ROOT, diagrams
from tools.docs_site import FROM_OUTSIDE, LOADED, for_the_site
from tools.reference import pages


@pytest.mark.parametrize(
    ("source", "written", "shown"),
    [
        ("README.md", "[a](docs/scale.md#b)", "[a](scale.md#b)"),
        ("README.md", "[a](CONTRIBUTING.md)", "[a](contributing.md)"),
        ("README.md", "![a](docs/images/menu.png)", "![a](images/menu.png)"),
        ("README.md", "see [`a`](layers/x.py).", "see `a`."),
        ("docs/scale.md", "[a](../README.md#try-it)", "[a](index.md#try-it)"),
        ("docs/reference/events.md", "[a](../deploy.md)", "[a](../deploy.md)"),
        ("docs/scale.md", "[a](security.md) [b](#c) [d](https://e.example/f)", None),
        ("docs/scale.md", "```\n[a](../x.py)\n```\n", None),
    ],
)
def test_a_link_leads_where_the_site_has_it(source: str, written: str, shown: str | None) -> None:
    assert for_the_site(written, source) == (written if shown is None else shown)


def test_every_diagram_has_its_picture_and_every_picture_its_diagram() -> None:
    assert {path.stem for path in FOLDER.glob("*.svg")} == {*diagrams()}, "python -m tools.diagrams <mermaid.min.js>"


def test_a_diagram_is_shown_as_its_picture() -> None:
    readme = for_the_site((ROOT / "README.md").read_text(encoding="utf-8"), "README.md")
    (picture,) = re.findall(r"\((images/diagrams/\w+\.svg)\)", readme)
    assert (ROOT / "docs" / picture).exists()
    assert "mermaid" not in readme


def test_the_pages_from_outside_are_there() -> None:
    assert all((ROOT / source).exists() for source in FROM_OUTSIDE)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_the_reference_is_what_template_and_code_say_now() -> None:
    stale = [path.name for path, text in pages().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "make reference"


@pytest.mark.parametrize(
    ("html", "is_found"),
    [
        ('<script src="https://cdn.example/x.js">', True),
        ('<img alt="" src="//cdn.example/x.png">', True),
        ('<link rel="stylesheet" href="https://fonts.example/css">', True),
        ('<link href="https://fonts.example" rel="preconnect">', True),
        ('<a href="https://digilocker.example">', False),
        ('<script src="../assets/x.js">', False),
        ('<link rel="canonical" href="https://desk.example">', False),
    ],
)
def test_what_a_page_would_load_from_elsewhere_is_found(html: str, is_found: bool) -> None:
    assert bool(LOADED.search(html)) is is_found
