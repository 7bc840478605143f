"""The structure of a PDF file, which screen readers read (ISO 32000-1, 14.7 and 14.8).

ReportLab writes no structure, but lets its catalogue point to one.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reportlab.pdfbase.pdfdoc import (
    PDFArray,
    PDFDictionary,
    PDFName,
    PDFObjectReference,
    PDFPage,
    PDFString,
)
from reportlab.pdfgen.canvas import Canvas


class Mark(NamedTuple):
    """A piece of the content of a page: the index of the page and the number of the piece."""

    page: int
    number: int


@dataclass(eq=False)
class Element:
    """A part of the document: `Document`, `H1`, `P`, `Table`, `TR`, `TH`, `TD` or `Figure`.

    `alt` is the text alternative of a figure, `scope` what a `TH` is the heading of: `Column` or
    `Row`.
    """

    kind: str
    alt: str = ""
    scope: str = ""
    parts: list["Element | Mark"] = field(default_factory=list)

    def add(self, kind: str, alt: str = "", scope: str = "") -> "Element":
        """Return a new element, the last one in this element."""
        made = Element(kind, alt, scope)
        self.parts.append(made)
        return made


def write(canvas: Canvas, root: Element) -> None:
    """Add the structure to the file; all pages must be complete."""
    itself: Any = canvas  # the only way to add objects to a file is private, so the stub lacks it
    file = itself._doc
    pages: list[Any] = file.Pages.pages
    marked: dict[int, dict[int, PDFObjectReference]] = defaultdict(dict)
    count = 0

    def made(element: Element, parent: PDFObjectReference) -> PDFObjectReference:
        nonlocal count
        count += 1
        name = f"element{count}"
        itself = PDFObjectReference(name)
        kids: list[Any] = []
        for part in element.parts:
            if isinstance(part, Element):
                kids.append(made(part, itself))
            else:
                marked[part.page][part.number] = itself
                place = {"Type": PDFName("MCR"), "MCID": part.number}
                kids.append(PDFDictionary({**place, "Pg": file.Reference(pages[part.page])}))
        facts: dict[str, Any] = {
            "Type": PDFName("StructElem"),
            "S": PDFName(element.kind),
            "P": parent,
            "K": PDFArray(kids),
        }
        if element.alt:
            facts["Alt"] = PDFString(element.alt)
        if element.scope:
            scope = {"O": PDFName("Table"), "Scope": PDFName(element.scope)}
            facts["A"] = PDFDictionary(scope)
        file.Reference(PDFDictionary(facts), name)
        return itself

    tree = PDFObjectReference("structure")
    kids = PDFArray([made(root, tree)])
    numbers: list[Any] = []
    for index, page in enumerate(pages):
        of_page = marked[index]
        numbers += [index, PDFArray([of_page[number] for number in range(len(of_page))])]
        page.__NoDefault__ = [*PDFPage.__NoDefault__, "StructParents", "Tabs"]
        page.StructParents, page.Tabs = index, PDFName("S")
    facts = {
        "Type": PDFName("StructTreeRoot"),
        "K": kids,
        "ParentTree": PDFDictionary({"Nums": PDFArray(numbers)}),
        "ParentTreeNextKey": len(pages),
    }
    file.Reference(PDFDictionary(facts), "structure")
    file.Catalog.StructTreeRoot = tree
    file.Catalog.MarkInfo = PDFDictionary({"Marked": "true"})
