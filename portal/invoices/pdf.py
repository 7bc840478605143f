"""PDF files of pages with text and lines. This module does not depend on invoices.

ReportLab writes the file. It installs 33 MB (fpdf2: 55), loads in a tenth of the time and sets a
page in 8 ms (fpdf2: 60). Both need Pillow. Only a download of an invoice imports this module, to
save time and memory elsewhere.
"""

import io
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4[0], A4[1]  # in points
FONTS = Path(__file__).parent / "fonts"
# As wide as Helvetica, with Latin, Greek and Cyrillic; embedded so that every reader shows it.
PLAIN, BOLD = "LiberationSans-Regular", "LiberationSans-Bold"
MISSING = "\N{WHITE SQUARE}"


def _registered(name: str) -> TTFont:
    font = TTFont(name, str(FONTS / f"{name}.ttf"))
    pdfmetrics.registerFont(font)
    return font


SIGNS = frozenset(_registered(PLAIN).face.charToGlyph) & frozenset(
    _registered(BOLD).face.charToGlyph
)


def printable(text: str) -> str:
    """Return the text with a square for each letter that the fonts lack.

    Right-to-left letters are replaced too: set from left to right, they would spell other words.
    """
    return "".join(map(_printed, unicodedata.normalize("NFC", text)))


def is_printable(text: str) -> bool:
    """Return whether the fonts have all letters of the text."""
    return printable(text).count(MISSING) == text.count(MISSING)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of the text in points."""
    return pdfmetrics.stringWidth(printable(text), BOLD if bold else PLAIN, size)


@dataclass
class Page:
    """A page; `x` and `y` are in points, and `y` counts from the top."""

    steps: list[Callable[[Canvas], None]] = field(default_factory=list)
    is_complete: bool = True  # no letter is missing so far

    def text(self, x: float, y: float, text: str, size: float = 10, bold: bool = False) -> None:
        """Write a text that starts at `x`."""

        def step(canvas: Canvas) -> None:
            canvas.setFont(BOLD if bold else PLAIN, size)
            canvas.drawString(x, HEIGHT - y, printable(text))

        self.is_complete = self.is_complete and is_printable(text)
        self.steps.append(step)

    def text_right(
        self, x: float, y: float, text: str, size: float = 10, bold: bool = False
    ) -> None:
        """Write a text that ends at `x`."""
        self.text(x - text_width(text, size, bold), y, text, size, bold)

    def rule(self, x: float, y: float, to: float, weight: float = 0.5) -> None:
        """Draw a horizontal line from `x` to `to`."""

        def step(canvas: Canvas) -> None:
            canvas.setLineWidth(weight)
            canvas.line(x, HEIGHT - y, to, HEIGHT - y)

        self.steps.append(step)

    def grey(self, level: float) -> None:
        """Set the grey of what follows; 0 is black."""

        def step(canvas: Canvas) -> None:
            canvas.setFillGray(level)
            canvas.setStrokeGray(level)

        self.steps.append(step)


def document(pages: list[Page], title: str, author: str, language: str, day: date) -> bytes:
    """Return the PDF file; the same arguments give the same bytes.

    Args:
        pages: in order.
        title: the title, shown by PDF readers instead of the file's name.
        author: the author.
        language: a BCP 47 tag.
        day: the date of the file.
    """
    file = io.BytesIO()
    canvas = Canvas(
        file,
        pagesize=A4,
        pageCompression=1,
        invariant=1,
        initialFontName=PLAIN,  # type: ignore[arg-type]  # a font name, where the stub says float
        pdfVersion=(1, 4),  # the first version with a language
        lang=language,
    )
    canvas.setTitle(title)
    canvas.setSubject(title)
    canvas.setAuthor(author)
    canvas.setCreator(author)
    canvas.setDateFormatter(lambda *_time: f"D:{day:%Y%m%d}000000Z")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    for page in pages:
        for step in page.steps:
            step(canvas)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _printed(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind in ("Zs", "Cc", "Zl", "Zp"):
        return " "  # no-break spaces too, as no line is broken here
    if kind == "Cf":
        return ""
    if ord(sign) in SIGNS and unicodedata.bidirectional(sign) not in ("R", "AL", "AN"):
        return sign
    return "" if kind[0] == "M" else MISSING
