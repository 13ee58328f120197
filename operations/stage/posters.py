"""Writes a poster for each document and language, as PDF (A4) and SVG with outlines: make posters STAGE=prod.

Its QR code opens the chat with the wish already typed. Chromium sets the text, with Debian's Noto fonts
(fonts-noto-core); pdftocairo (poppler-utils) turns it into outlines.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import segno
from jinja2 import Environment, FileSystemLoader
from pypdf import PdfReader, PdfWriter

from helpdesk.languages.catalogue import Catalogue, catalogues
from helpdesk.languages.department import forms
from operations.operator import Stopped
from operations.settings import ROOT, run
from operations.stack import stack_of

FOLDER = ROOT / "build" / "posters"
_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MOST_SECONDS = 300


@dataclass(frozen=True)
class Poster:
    """A poster for one document in one language. `number`: the desk's, digits with the country code."""

    language: Catalogue
    doctype: str
    number: str
    department: str

    @property
    def document(self) -> str:
        """What the document is called."""
        return self.language.texts[f"document.{self.doctype}"]

    @property
    def message(self) -> str:
        """What is typed when the chat opens."""
        return self.language.texts["poster.wish"].format(document=self.document)

    @property
    def link(self) -> str:
        """Where the code leads."""
        return f"https://wa.me/{self.number}?text={quote(self.message, safe='')}"

    @property
    def code(self) -> segno.QRCode:
        """The QR code of the link."""
        return segno.make_qr(self.link, error="m")

    @property
    def shown_number(self) -> str:
        """The number as people read it."""
        rest = self.number.removeprefix("91")
        is_indian = rest != self.number and len(rest) == 10
        return f"+91 {rest[:5]} {rest[5:]}" if is_indian else f"+{self.number}"

    @property
    def name(self) -> str:
        """The name of its files."""
        return f"{self.language.code}-{self.doctype}"


def posters(number: str, department: str = "") -> list[Poster]:
    """Return one for each document and language. `department`: its English name."""
    names = forms()
    return [
        Poster(
            language,
            doctype,
            number,
            names.get(f"department.{language.code}") or department or language.texts["department.example"],
        )
        for language in catalogues()
        for doctype in language.section("document")
    ]


def printed(wanted: Sequence[Poster]) -> bytes:
    """Print posters, a page each. Raises Stopped without Chromium."""
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise Stopped("Chromium is needed to print: apt-get install chromium fonts-noto-core")
    with tempfile.TemporaryDirectory() as folder:
        page, pdf = Path(folder, "posters.html"), Path(folder, "posters.pdf")
        page.write_text(_PAGES.get_template("posters.html").render(posters=wanted), encoding="utf-8")
        switches = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer")
        _do(browser, *switches, f"--user-data-dir={folder}/profile", f"--print-to-pdf={pdf}", page.as_uri())
        return pdf.read_bytes()


def write(wanted: Sequence[Poster], folder: Path) -> None:
    """Write each poster as PDF and SVG. Raises Stopped if a program is missing."""
    if not shutil.which("pdftocairo"):
        raise Stopped("pdftocairo is needed for the SVG files: apt-get install poppler-utils")
    folder.mkdir(parents=True, exist_ok=True)
    for poster, page in zip(wanted, PdfReader(BytesIO(printed(wanted))).pages, strict=True):
        writer = PdfWriter()
        writer.add_page(page)
        writer.add_metadata({"/Title": f"{poster.document} · WhatsApp"})
        path = folder / f"{poster.name}.pdf"
        writer.write(path)
        _do("pdftocairo", "-svg", str(path), str(path.with_suffix(".svg")))


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_MOST_SECONDS)  # noqa: S603 - our own commands


def main(arguments: list[str] | None = None) -> int:
    """Write the posters of the stack that is named, or with a number given, of that."""
    parser = argparse.ArgumentParser(prog="make posters", description=__doc__)
    parser.add_argument("stack", help="the name of the CloudFormation stack, such as helpdesk-prod")
    parser.add_argument("number", nargs="?", default="", help="instead of the stack's: digits with the country code")
    given = parser.parse_args(arguments)
    settings = {} if given.number else stack_of(given.stack).parameters
    number = given.number or settings.get("WhatsAppNumber", "")
    if not re.fullmatch(r"[1-9]\d{7,14}", number):
        raise Stopped("Which number is it, digits with the country code? make posters NUMBER=919000000000")
    wanted = posters(number, settings.get("Department", ""))
    write(wanted, FOLDER)
    print(f"{len(wanted)} posters are in {FOLDER.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
