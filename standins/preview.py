"""The first page of a PDF as a picture, as a phone shows it in the chat."""

import io
import threading
from functools import lru_cache

import pypdfium2

WIDTH = 560
"""Pixels: twice the width of the bubble that it is in, for screens of high density."""
_COLOURS = 64
_LOCK = threading.Lock()
"""PDFium takes one caller at a time."""


@lru_cache(maxsize=32)
def first_page(pdf: bytes) -> bytes | None:
    """Return a PNG of the first page; None if the PDF cannot be read."""
    with _LOCK:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError:
            return None
        try:
            page = document[0]
            picture = page.render(scale=WIDTH / page.get_width()).to_pil()
        except (pypdfium2.PdfiumError, IndexError, ZeroDivisionError):
            return None
        finally:
            document.close()
    written = io.BytesIO()
    picture.quantize(_COLOURS).save(written, "PNG", optimize=True)
    return written.getvalue()
