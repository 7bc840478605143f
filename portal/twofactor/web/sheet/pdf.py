"""The recovery sheet as a PDF file: one card to cut out, on a page of A4.

ReportLab writes the file; it is an extra (`pdf`), and only a download imports it. The font is its
own Bitstream Vera, embedded, which has the letters of Western Europe. A sheet with other letters
has no PDF file, since one with gaps would be wrong; the printed page has them all.
"""

import importlib.util
import io
from functools import cache

from .facts import Sheet

PLAIN, BOLD = "Vera", "VeraBd"
# Points: a margin of 2 cm on A4.
MARGIN, PADDING, LINE = 57.0, 22.0, 1.4


def is_possible(sheet: Sheet) -> bool:
    """Return whether ReportLab is installed and its font has all letters of the sheet."""
    return _is_installed() and _has_letters(sheet.text)


@cache
def _is_installed() -> bool:
    return importlib.util.find_spec("reportlab") is not None


def _has_letters(text: str) -> bool:
    # Vera has the letters of Windows-1252, and few others.
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def document(sheet: Sheet, language: str) -> bytes:
    """Return the PDF file of a sheet that `is_possible`.

    Args:
        sheet: the sheet.
        language: of its sentences, a BCP 47 tag.
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.utils import simpleSplit
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    for font in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(font, f"{font}.ttf"))
    file = io.BytesIO()
    canvas = Canvas(
        file,
        pagesize=A4,
        pageCompression=1,
        initialFontName=PLAIN,  # type: ignore[arg-type]  # ReportLab takes a name; its stub says float
        pdfVersion=(1, 4),  # the first version with a language
        lang=language,
    )
    canvas.setTitle(f"{sheet.issuer}: {sheet.title}")
    canvas.setAuthor(sheet.issuer)
    width, height = A4[0] - 2 * MARGIN, A4[1]
    left, inner = MARGIN + PADDING, width - 2 * PADDING
    y = height - MARGIN - PADDING

    def write(
        text: str, size: float, font: str = PLAIN, x: float = 0, after: float = 0, up: float = 0
    ) -> None:
        nonlocal y
        y += up
        for line in simpleSplit(text, font, size, inner - x):
            y -= size * LINE
            canvas.setFont(font, size)
            canvas.drawString(left + x, y, line)
        y -= after

    write(sheet.issuer, 15, BOLD)
    write(sheet.title, 11, after=14)
    size = 26 * min(1.0, inner / pdfmetrics.stringWidth(sheet.code, BOLD, 26))
    write(sheet.code, size, BOLD, after=14)
    labels = max(pdfmetrics.stringWidth(label, PLAIN, 10) for label, _ in sheet.facts) + 14
    for label, value in sheet.facts:
        write(label, 10)
        write(value, 10, BOLD, x=labels, after=3, up=10 * LINE)
    y -= 11
    for number, step in enumerate(sheet.steps, 1):
        write(f"{number}.", 10)
        write(step, 10, x=18, after=4, up=10 * LINE)
    write(sheet.advice, 10, BOLD, up=-6)
    bottom = y - PADDING
    canvas.setDash(4, 4)
    canvas.roundRect(MARGIN, bottom, width, height - MARGIN - bottom, 8)
    canvas.save()
    return file.getvalue()
