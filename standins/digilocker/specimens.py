"""Specimen PDFs: they look like documents, and say SPECIMEN all over. The same input gives the same bytes."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from fpdf import FPDF
from fpdf.enums import XPos, YPos

type Kind = Literal[
    "pan",
    "licence",
    "registration",
    "marksheet",
    "passing",
    "two-wheeler",
    "life",
    "non-life",
    "certificate",
]
type Colour = tuple[int, int, int]

_MADE_ON = datetime(2026, 1, 1, tzinfo=UTC)
_NOTICE = "SPECIMEN - made-up data for trying out a help desk. Not a document, of no legal value."
_INK: Colour = (32, 36, 44)
_GREY: Colour = (110, 116, 126)


@dataclass(frozen=True)
class Specimen:
    """What is on a document: kind, heading, holder, labelled lines, and the rows of its table, if it has one."""

    kind: Kind
    title: str
    authority: str
    holder: str
    lines: tuple[tuple[str, str], ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    footing: str = ""


class _Page(FPDF):
    """A one-page document with the marks that every specimen carries."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__(orientation="P", unit="mm", format=(width, height))
        self.set_creation_date(_MADE_ON)
        self.set_auto_page_break(auto=False)
        self.set_margin(0)
        self.set_creator("simulator")
        self.add_page()

    def ink(self, colour: Colour = _INK) -> None:
        self.set_text_color(*colour)

    def band(self, x: float, y: float, w: float, h: float, colour: Colour) -> None:
        self.set_fill_color(*colour)
        self.rect(x, y, w, h, style="F")

    def say(self, x: float, y: float, w: float, text: str, size: float, style: str = "", align: str = "L") -> None:
        """Write one line, smaller if it would not fit its width."""
        self.set_font("helvetica", style, size)
        while self.get_string_width(text) > w and self.font_size_pt > 4:
            self.set_font("helvetica", style, self.font_size_pt - 0.5)
        self.set_xy(x, y)
        self.cell(w, self.font_size * 1.3, text, align=align, new_x=XPos.LEFT, new_y=YPos.NEXT)

    def label(self, x: float, y: float, w: float, label: str, value: str, size: float = 9) -> None:
        self.ink(_GREY)
        self.say(x, y, w, label, size * 0.75)
        self.ink()
        self.say(x, y + size * 0.36, w, value, size, "B")

    def photograph(self, x: float, y: float, w: float, h: float) -> None:
        """Draw the outline of nobody in particular."""
        self.set_draw_color(150, 158, 170)
        self.set_fill_color(226, 231, 238)
        self.rect(x, y, w, h, style="DF")
        self.set_fill_color(176, 186, 200)
        self.ellipse(x + w * 0.32, y + h * 0.16, w * 0.36, h * 0.34, style="F")
        self.ellipse(x + w * 0.16, y + h * 0.56, w * 0.68, h * 0.36, style="F")

    def squares(self, x: float, y: float, side: float, seed: str) -> None:
        """Draw what looks like a square code and holds nothing."""
        pattern = random.Random(seed)  # noqa: S311 - a drawing, not a secret
        step = side / 21
        self.set_fill_color(30, 30, 30)
        for row in range(21):
            for column in range(21):
                if pattern.random() < 0.47:
                    self.rect(x + column * step, y + row * step, step, step, style="F")

    def rows(
        self, x: float, y: float, widths: tuple[float, ...], rows: tuple[tuple[str, ...], ...], head: Colour
    ) -> float:
        """Draw a table whose first row is its head; return the y below it."""
        height = 7.0
        self.set_draw_color(170, 176, 186)
        for number, row in enumerate(rows):
            left = x
            for width, text in zip(widths, row, strict=True):
                if number == 0:
                    self.band(left, y, width, height, head)
                self.rect(left, y, width, height)
                self.ink((255, 255, 255) if number == 0 else _INK)
                self.say(left + 1.5, y + 1.6, width - 3, text, 8.5, "B" if number == 0 else "")
                left += width
            y += height
        return y

    def specimen(self, margin: float = 6.2) -> bytes:
        """Put SPECIMEN across the page and the notice `margin` above its foot, and return the PDF."""
        self.set_font("helvetica", "B", self.w / 2.35)
        wide = self.get_string_width("SPECIMEN")
        self.set_text_color(200, 30, 45)
        with self.local_context(fill_opacity=0.16), self.rotation(28, self.w / 2, self.h / 2):
            self.text(self.w / 2 - wide / 2, self.h / 2 + self.font_size / 3, "SPECIMEN")
        self.ink((170, 20, 35))
        self.say(4, self.h - margin, self.w - 8, _NOTICE, 7.5, "B", align="C")
        return bytes(self.output())


def _pan(of: Specimen) -> bytes:
    page = _Page(172, 108)
    page.band(0, 0, 172, 108, (224, 238, 247))
    page.band(0, 0, 172, 20, (33, 84, 138))
    page.ink((255, 255, 255))
    page.say(8, 4, 110, of.authority.upper(), 14, "B")
    page.say(8, 11.5, 110, of.title, 9)
    page.photograph(10, 28, 30, 36)
    y = 27.0
    for label, value in of.lines[1:]:
        page.label(48, y, 78, label, value, 11)
        y += 12
    page.label(48, y + 3, 78, *of.lines[0], size=19)
    page.squares(132, 30, 32, of.holder)
    page.ink(_GREY)
    page.set_font("times", "I", 13)
    page.text(12, 76, of.holder)
    page.say(10, 79, 40, "Signature", 7)
    return page.specimen()


def _licence(of: Specimen) -> bytes:
    page = _Page(172, 108)
    page.band(0, 0, 172, 108, (250, 247, 235))
    page.band(0, 0, 172, 5, (240, 150, 50))
    page.band(0, 5, 172, 12, (36, 66, 120))
    page.ink((255, 255, 255))
    page.say(8, 8, 156, of.title.upper(), 13, "B", align="C")
    page.ink()
    page.say(8, 19, 156, of.authority, 8.5, align="C")
    page.photograph(136, 28, 26, 32)
    page.set_fill_color(214, 178, 92)
    page.rect(10, 28, 15, 11, style="F", round_corners=True, corner_radius=1.5)
    page.label(30, 27, 100, *of.lines[0], size=15)
    for number, (label, value) in enumerate(of.lines[1:]):
        page.label(10 + (number % 2) * 62, 43 + (number // 2) * 10.5, 58, label, value)
    page.rows(10, 78, (40, 50, 62), of.table, (36, 66, 120))
    return page.specimen()


def _registration(of: Specimen) -> bytes:
    page = _Page(210, 148)
    page.band(0, 0, 210, 148, (239, 246, 238))
    page.band(0, 0, 210, 22, (45, 105, 66))
    page.ink((255, 255, 255))
    page.say(10, 4.5, 150, of.title.upper(), 15, "B")
    page.say(10, 13, 150, of.authority, 9)
    page.squares(186, 3, 16, of.holder)
    page.set_draw_color(30, 30, 30)
    page.set_fill_color(255, 214, 60)
    page.rect(10, 28, 78, 19, style="DF", round_corners=True, corner_radius=2)
    page.ink((20, 20, 20))
    page.say(12, 32, 74, of.lines[0][1], 24, "B", align="C")
    for number, (label, value) in enumerate(of.lines[1:]):
        x, y = 10 + (number % 3) * 65, 55 + (number // 3) * 15
        page.set_draw_color(176, 200, 180)
        page.line(x, y + 11.5, x + 58, y + 11.5)
        page.label(x, y, 60, label, value, 10)
    return page.specimen()


def _marksheet(of: Specimen) -> bytes:
    page = _Page(210, 297)
    page.band(0, 0, 210, 297, (255, 253, 246))
    page.set_draw_color(140, 60, 50)
    page.set_line_width(1.2)
    page.rect(8, 8, 194, 276)
    page.set_line_width(0.3)
    page.rect(10, 10, 190, 272)
    page.ink((130, 40, 36))
    page.say(15, 18, 180, of.authority.upper(), 17, "B", align="C")
    page.ink()
    page.say(15, 29, 180, of.title, 14, "B", align="C")
    y = 48.0
    for label, value in (("This is to certify that", of.holder), *of.lines):
        page.ink(_GREY)
        page.say(20, y, 62, label, 10.5)
        page.ink()
        page.say(84, y, 106, value, 11, "B")
        y += 8.5
    y = page.rows(20, y + 8, (20, 72, 22, 22, 34), of.table, (130, 40, 36))
    page.ink()
    page.say(20, y + 8, 170, of.footing, 12, "B")
    page.squares(20, 236, 28, of.holder + of.title)
    page.set_font("times", "I", 15)
    page.text(140, 254, "Controller (specimen)")
    page.line(136, 257, 192, 257)
    page.say(136, 258.5, 56, "Controller of Examinations", 9, align="C")
    return page.specimen()


def _passing(of: Specimen) -> bytes:
    page = _Page(297, 210)
    page.band(0, 0, 297, 210, (253, 249, 236))
    page.set_draw_color(176, 138, 52)
    for inset, width in ((7, 2.2), (11, 0.4), (13, 0.4)):
        page.set_line_width(width)
        page.rect(inset, inset, 297 - 2 * inset, 210 - 2 * inset)
    page.set_fill_color(222, 190, 104)
    for x, y in ((13, 13), (274, 13), (13, 187), (274, 187)):
        page.ellipse(x, y, 10, 10, style="F")
    page.set_text_color(96, 70, 20)
    page.set_font("times", "B", 26)
    page.set_xy(20, 28)
    page.cell(257, 12, of.authority, align="C")
    page.set_font("times", "", 20)
    page.set_xy(20, 44)
    page.cell(257, 10, of.title, align="C")
    page.ink()
    page.set_font("times", "I", 17)
    page.set_xy(38, 70)
    details = "; ".join(f"{label} {value}" for label, value in of.lines)
    page.multi_cell(221, 11, f"This is to certify that {of.holder} ({details}) {of.footing}", align="C")
    page.squares(34, 148, 26, of.holder)
    page.line(206, 168, 262, 168)
    page.say(206, 170, 56, "Secretary", 10, align="C")
    return page.specimen(margin=20)


def _policy(of: Specimen, strong: Colour, pale: Colour) -> bytes:
    page = _Page(210, 297)
    page.band(0, 0, 210, 34, strong)
    page.ink((255, 255, 255))
    page.say(14, 8, 180, of.authority, 18, "B")
    page.say(14, 20, 180, of.title, 12)
    page.band(14, 42, 182, 12, pale)
    page.ink(strong)
    page.say(18, 45, 90, f"{of.lines[0][0]}: {of.lines[0][1]}", 12, "B")
    page.say(110, 45, 82, f"Insured: {of.holder}", 11, align="R")
    for number, (label, value) in enumerate(of.lines[1:]):
        page.label(18 + (number % 2) * 92, 62 + (number // 2) * 14, 84, label, value, 10.5)
    y = 70.0 + (len(of.lines) // 2) * 14
    ratio = 182 / len(of.table[0])
    y = page.rows(14, y, (ratio,) * len(of.table[0]), of.table, strong)
    page.ink()
    page.set_font("helvetica", "", 9.5)
    page.set_xy(14, y + 10)
    page.multi_cell(182, 5.2, of.footing)
    page.squares(14, 248, 24, of.lines[0][1])
    page.set_font("times", "I", 14)
    page.text(146, 262, "Authorised (specimen)")
    page.set_draw_color(*_GREY)
    page.line(142, 265, 194, 265)
    page.say(142, 266, 52, "Authorised signatory", 8.5, align="C")
    return page.specimen()


def _certificate(of: Specimen) -> bytes:
    page = _Page(210, 297)
    page.set_draw_color(60, 80, 140)
    page.set_line_width(1)
    page.rect(10, 10, 190, 272)
    page.ink((40, 60, 120))
    page.say(15, 24, 180, of.authority, 16, "B", align="C")
    page.ink()
    page.say(15, 40, 180, of.title, 20, "B", align="C")
    page.say(15, 60, 180, f"issued to {of.holder}", 13, align="C")
    y = 82.0
    for label, value in of.lines:
        page.label(35, y, 140, label, value, 12)
        y += 16
    page.squares(35, 236, 28, of.holder + of.title)
    return page.specimen()


_LAYOUTS: dict[Kind, Callable[[Specimen], bytes]] = {
    "pan": _pan,
    "licence": _licence,
    "registration": _registration,
    "marksheet": _marksheet,
    "passing": _passing,
    "two-wheeler": lambda of: _policy(of, (150, 40, 90), (248, 230, 240)),
    "life": lambda of: _policy(of, (28, 66, 128), (228, 236, 248)),
    "non-life": lambda of: _policy(of, (16, 112, 104), (224, 244, 241)),
    "certificate": _certificate,
}


@lru_cache(maxsize=256)
def pdf(of: Specimen) -> bytes:
    """Return the specimen as a PDF of one page."""
    return _LAYOUTS[of.kind](of)


@lru_cache(maxsize=4)
def large_pdf(of: Specimen, size: int) -> bytes:
    """Return the specimen as a valid PDF of nearly `size` bytes: an attached file that nobody needs makes it heavy."""
    padding = random.Random(0).randbytes(size - len(pdf(of)) - 4096)  # noqa: S311 - ballast, and the same each time
    page = _Page(210, 297)
    page.ink()
    page.say(15, 24, 180, of.authority, 16, "B", align="C")
    page.say(15, 40, 180, of.title, 20, "B", align="C")
    page.say(15, 60, 180, f"issued to {of.holder}", 13, align="C")
    page.embed_file(bytes=padding, basename="ballast.bin", modification_date=_MADE_ON)
    return page.specimen()
