"""The recovery code as a PDF file: one card to cut out, on a page of A4.

ReportLab writes the file; it is an extra (`pdf`), and only a download imports it, or a name that
needs a look at the host's fonts. The fonts are embedded: the host's `pdf_fonts`, otherwise
ReportLab's own Bitstream Vera, which has the letters of Western Europe. Without a font that has
all letters there is no file, since one with gaps would be wrong; the printed page has them all.
"""

import importlib.util
import io
import unicodedata
from functools import cache

from .facts import Sheet

# The files of a plain and a bold font.
Fonts = tuple[str, str]
VERA: Fonts = ("Vera.ttf", "VeraBd.ttf")
# Points: a margin of 2 cm on A4.
MARGIN, PADDING, LINE = 57.0, 22.0, 1.4


def is_possible(sheet: Sheet, own: Fonts | None) -> bool:
    """Return whether ReportLab is installed and one of the fonts has all letters of the sheet.

    Args:
        sheet: the sheet.
        own: the host's fonts, if it has any.
    """
    return _is_installed() and _fonts(sheet.text, own, careful=False) is not None


@cache
def _is_installed() -> bool:
    return importlib.util.find_spec("reportlab") is not None


def _fonts(text: str, own: Fonts | None, careful: bool = True) -> Fonts | None:
    """Return the fonts that have all letters of a text, the host's first; `None` if none has.

    Args:
        text: the text.
        own: the host's fonts.
        careful: whether the host's fonts are read even if Vera would do.
    """
    in_vera = _in_vera(text)
    if own and (careful or not in_vera) and _has_letters(own, text):
        return own
    return VERA if in_vera else None


def _in_vera(text: str) -> bool:
    # Vera has the letters of Windows-1252, and few others.
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _has_letters(fonts: Fonts, text: str) -> bool:
    """Return whether each letter is in both fonts, and is set from left to right by itself."""
    signs = set(unicodedata.normalize("NFC", text)) - {"\n"}
    return all(
        ord(sign) in _letters(fonts)
        and unicodedata.bidirectional(sign) not in ("R", "AL", "AN")
        and unicodedata.category(sign)[0] != "M"
        for sign in signs
    )


@cache
def _letters(fonts: Fonts) -> frozenset[int]:
    """Register the fonts under the names of their files; return the letters that both have."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    faces = [TTFont(file, file) for file in fonts]
    for face in faces:
        pdfmetrics.registerFont(face)
    return frozenset.intersection(*(frozenset(face.face.charToGlyph) for face in faces))


def document(sheet: Sheet, language: str, own: Fonts | None) -> bytes:
    """Return the PDF file of a sheet that `is_possible`.

    Args:
        sheet: the sheet.
        language: of its sentences, a BCP 47 tag.
        own: the host's fonts, if it has any.
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfgen.canvas import Canvas

    fonts = _fonts(sheet.text, own) or VERA
    _letters(fonts)
    plain, bold = fonts
    file = io.BytesIO()
    canvas = Canvas(
        file,
        pagesize=A4,
        pageCompression=1,
        initialFontName=plain,  # type: ignore[arg-type]  # ReportLab takes a name; its stub says float
        pdfVersion=(1, 4),  # the first version with a language
        lang=language,
    )
    canvas.setTitle(f"{sheet.issuer}: {sheet.title}")
    canvas.setAuthor(sheet.issuer)
    width, height = A4[0] - 2 * MARGIN, A4[1]
    left, inner = MARGIN + PADDING, width - 2 * PADDING
    y = height - MARGIN - PADDING

    def write(
        text: str, size: float, font: str = plain, x: float = 0, after: float = 0, up: float = 0
    ) -> None:
        nonlocal y
        y += up
        for line in _lines(text, font, size, inner - x):
            y -= size * LINE
            canvas.setFont(font, size)
            canvas.drawString(left + x, y, line)
        y -= after

    write(sheet.issuer, 15, bold)
    write(sheet.title, 11, after=14)
    size = 26 * min(1.0, inner / pdfmetrics.stringWidth(sheet.code, bold, 26))
    write(sheet.code, size, bold, after=14)
    labels = max(pdfmetrics.stringWidth(label, plain, 10) for label, _ in sheet.facts) + 14
    for label, value in sheet.facts:
        write(label, 10)
        write(value, 10, bold, x=labels, after=3, up=10 * LINE)
    y -= 11
    for number, step in enumerate(sheet.steps, 1):
        write(f"{number}.", 10)
        write(step, 10, x=18, after=4, up=10 * LINE)
    write(sheet.advice, 10, bold, up=-6)
    bottom = y - PADDING
    canvas.setDash(4, 4)
    canvas.roundRect(MARGIN, bottom, width, height - MARGIN - bottom, 8)
    canvas.save()
    return file.getvalue()


def _lines(text: str, font: str, size: float, width: float) -> list[str]:
    """Return the lines of a text, with a word that is too long for a line in parts."""
    from reportlab.lib.utils import simpleSplit
    from reportlab.pdfbase.pdfmetrics import stringWidth

    lines = []
    for line in simpleSplit(unicodedata.normalize("NFC", text), font, size, width):
        rest = line
        while stringWidth(rest, font, size) > width:
            fits = len(rest) - 1
            while fits > 1 and stringWidth(rest[:fits], font, size) > width:
                fits -= 1
            lines.append(rest[:fits])
            rest = rest[fits:]
        lines.append(rest)
    return lines
