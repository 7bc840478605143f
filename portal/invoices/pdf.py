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
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from portal.invoices import tags
from portal.invoices.tags import Element, Mark
from portal.invoices.typefaces import BOLD, FILES, PLAIN

WIDTH, HEIGHT = A4[0], A4[1]  # in points
MISSING = "\N{WHITE SQUARE}"


def _registered(name: str) -> TTFont:
    font = TTFont(name, str(FILES[name]))
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


def lines_of(text: str, width: float, size: float = 10) -> list[str]:
    """Return the text in lines of at most `width` points, broken at spaces where possible."""
    if text_width(text, size) <= width:
        return [text]
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if text_width(longer, size) <= width:
            lines[-1] = longer
            continue
        rest = word
        if lines[-1]:
            lines.append("")
        while text_width(rest, size) > width and len(rest) > 1:
            fits = 1
            while text_width(rest[: fits + 1], size) <= width:
                fits += 1
            lines[-1:] = [rest[:fits], ""]
            rest = rest[fits:]
        lines[-1] = rest
    return lines


@dataclass
class Page:
    """A page; `x` and `y` are in points, and `y` counts from the top.

    What belongs to no element of the structure, such as a line, is decoration to screen readers.
    """

    index: int = 0
    steps: list[Callable[[Canvas], None]] = field(default_factory=list)
    is_complete: bool = True  # no letter is missing so far
    marks: int = 0

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 10,
        bold: bool = False,
        element: Element | None = None,
    ) -> None:
        """Write a text that starts at `x`."""

        def step(canvas: Canvas) -> None:
            canvas.setFont(BOLD if bold else PLAIN, size)
            canvas.drawString(x, HEIGHT - y, printable(text))

        self.is_complete = self.is_complete and is_printable(text)
        self._draw(step, element)

    def text_right(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 10,
        bold: bool = False,
        element: Element | None = None,
    ) -> None:
        """Write a text that ends at `x`."""
        self.text(x - text_width(text, size, bold), y, text, size, bold, element)

    def rule(self, x: float, y: float, to: float, weight: float = 0.5) -> None:
        """Draw a horizontal line from `x` to `to`."""

        def step(canvas: Canvas) -> None:
            canvas.setLineWidth(weight)
            canvas.line(x, HEIGHT - y, to, HEIGHT - y)

        self._draw(step, None)

    def blocks(
        self, x: float, y: float, unit: float, runs: list[tuple[int, int, int]], element: Element
    ) -> None:
        """Fill rows of squares of a side of `unit`; each run is (column, row, length)."""

        def step(canvas: Canvas) -> None:
            path = canvas.beginPath()
            for column, row, length in runs:
                path.rect(x + column * unit, HEIGHT - y - (row + 1) * unit, length * unit, unit)
            canvas.drawPath(path, stroke=0, fill=1)

        self._draw(step, element)

    def picture_right(self, x: float, y: float, path: str, width: float, height: float) -> None:
        """Draw an image file that ends at `x` and fits into the given size."""
        image = ImageReader(path)
        wide, high = image.getSize()
        scale = min(width / wide, height / high)

        def step(canvas: Canvas) -> None:
            place = (x - wide * scale, HEIGHT - y - high * scale, wide * scale, high * scale)
            canvas.drawImage(image, *place, mask="auto")

        self._draw(step, None)

    def colour(self, colour: str) -> None:
        """Set the colour of what follows, such as `#1f5fbf`."""

        def step(canvas: Canvas) -> None:
            canvas.setFillColor(HexColor(colour))
            canvas.setStrokeColor(HexColor(colour))

        self.steps.append(step)

    def grey(self, level: float) -> None:
        """Set the grey of what follows; 0 is black."""

        def step(canvas: Canvas) -> None:
            canvas.setFillGray(level)
            canvas.setStrokeGray(level)

        self.steps.append(step)

    def _draw(self, step: Callable[[Canvas], None], element: Element | None) -> None:
        begin = "/Artifact BMC"
        if element is not None:
            element.parts.append(Mark(self.index, self.marks))
            begin = f"/{element.kind} <</MCID {self.marks}>> BDC"
            self.marks += 1

        def marked(canvas: Canvas) -> None:
            itself: Any = canvas  # ReportLab writes no tags; its stub leaves out what is private
            itself._code.append(begin)
            step(canvas)
            itself._code.append("EMC")

        self.steps.append(marked)


def document(
    pages: list[Page], structure: Element, title: str, author: str, language: str, day: date
) -> bytes:
    """Return the tagged PDF file; the same arguments give the same bytes.

    Args:
        pages: in order.
        structure: the element with all others.
        title: the title, shown by PDF readers instead of the file's name.
        author: the author.
        language: a BCP 47 tag.
        day: the date of the file.
    """
    file = io.BytesIO()
    font: Any = PLAIN  # ReportLab takes a name; its stub says float
    canvas = Canvas(
        file,
        pagesize=A4,
        pageCompression=1,
        invariant=1,
        initialFontName=font,
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
    tags.write(canvas, structure)
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
