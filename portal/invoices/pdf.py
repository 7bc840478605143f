"""A small writer of PDF files: pages of text and lines in Helvetica. Knows nothing of invoices."""

import zlib
from dataclasses import dataclass, field

WIDTH, HEIGHT = 595, 842  # A4 in points

# Widths of Helvetica and Helvetica-Bold, characters 32 to 126, in thousandths of the size.
_PLAIN = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 "
    "556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 "
    "722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 "
    "556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 "
    "260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 "
    "556 556 556 333 333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 "
    "722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 556 611 556 611 "
    "556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389 "
    "280 389 584"
)
WIDTHS = {
    bold: {chr(32 + at): int(width) for at, width in enumerate(table.split())}
    for bold, table in ((False, _PLAIN), (True, _BOLD))
}


def text_width(text: str, size: float, bold: bool = False) -> float:
    """How many points the text takes; letters with accents are as wide as without."""
    return sum(WIDTHS[bold].get(sign, 556) for sign in _plain(text)) * size / 1000


def _plain(text: str) -> str:
    """Spaces that do not break, as amounts have them, are spaces here: no line is broken."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


@dataclass
class Page:
    """One page; `y` counts from the top, as one reads."""

    commands: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, size: float = 10, bold: bool = False) -> None:
        """Write from `x` to the right."""
        shown = _plain(text).encode("cp1252", "replace").decode("latin-1")
        shown = shown.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        shown = "".join(sign if ord(sign) >= 32 else " " for sign in shown)
        font = "F2" if bold else "F1"
        self.commands.append(f"BT /{font} {size:g} Tf {x:.2f} {HEIGHT - y:.2f} Td ({shown}) Tj ET")

    def text_right(
        self, x: float, y: float, text: str, size: float = 10, bold: bool = False
    ) -> None:
        """Write so that it ends at `x`."""
        self.text(x - text_width(text, size, bold), y, text, size, bold)

    def rule(self, x: float, y: float, to: float, weight: float = 0.5) -> None:
        """Draw a line to the right."""
        self.commands.append(f"{weight:g} w {x:g} {HEIGHT - y:.2f} m {to:g} {HEIGHT - y:.2f} l S")

    def grey(self, level: float) -> None:
        """What follows is drawn in this grey; 0 is black."""
        self.commands.append(f"{level:g} g {level:g} G")


def document(pages: list[Page], title: str, language: str) -> bytes:
    """The file: objects, cross-reference table, trailer; the language as BCP 47 names it."""
    kids = " ".join(f"{6 + 2 * at} 0 R" for at in range(len(pages)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /Lang ({language}) >>".encode(),
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
        b"<< /Title <" + ("\ufeff" + title).encode("utf-16-be").hex().encode() + b"> >>",
    ]
    for at, page in enumerate(pages):
        objects += [_page(7 + 2 * at), _stream("\n".join(page.commands).encode("latin-1"))]
    return _file(objects)


def _page(contents: int) -> bytes:
    return (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] "
        f"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {contents} 0 R >>"
    ).encode()


def _stream(data: bytes) -> bytes:
    packed = zlib.compress(data)
    head = f"<< /Length {len(packed)} /Filter /FlateDecode >>".encode()
    return head + b"\nstream\n" + packed + b"\nendstream"


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{place:010d} 00000 n \n" for place in places).encode()
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 5 0 R >>\n".encode()
    return bytes(out) + f"startxref\n{start}\n%%EOF\n".encode()
