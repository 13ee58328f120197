"""Posters as they are printed."""

import re
import shutil
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from pypdf import PdfReader

from operations.stage.posters import posters, write

POSTERS = [one for one in posters("919000000000") if one.doctype == "DRVLC" and one.language.code in {"en", "ta", "ur"}]


@pytest.mark.usefixtures("chromium")
@pytest.mark.skipif(shutil.which("pdftocairo") is None, reason="poppler-utils is not installed")
def test_a_poster_is_one_page_of_a4_with_its_fonts_and_a_code_that_can_be_read(tmp_path: Path) -> None:
    write(POSTERS, tmp_path)
    for poster in POSTERS:
        path = tmp_path / f"{poster.name}.pdf"
        (page,) = pypdfium2.PdfDocument(path)
        assert [round(side * 25.4 / 72) for side in page.get_size()] == [210, 297]
        (found,) = zxingcpp.read_barcodes(
            page.render(scale=2).to_pil().convert("L"), zxingcpp.barcode_formats_from_str("QRCode")
        )
        assert found.text == poster.link
        resources: Any = PdfReader(path).pages[0]["/Resources"]
        fonts = [font.get_object() for font in resources["/Font"].values()]
        assert all(font["/Subtype"] == "/Type3" or "Noto" in font["/BaseFont"] for font in fonts)
        assert not re.search(r"<text|<image", path.with_suffix(".svg").read_text(encoding="utf-8"))
