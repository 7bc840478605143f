"""An invoice as a PDF file."""

from dataclasses import dataclass, field

from portal.i18n.formats import day, money
from portal.i18n.language import _, tag
from portal.invoices import payment
from portal.invoices.pdf import HEIGHT, WIDTH, Page, document, lines_of, text_width
from portal.invoices.sentences import bank_details, settled
from portal.invoices.tags import Element
from portal.models import Customer, Invoice, InvoiceLine
from portal.rules.issuer import Issuer

LEFT, RIGHT = 56, WIDTH - 56
QUANTITY, PRICE = RIGHT - 180, RIGHT - 90
FACTS = PRICE - 110
BOTTOM = HEIGHT - 130
CODE_SIDE = 110  # points: over 0.7 mm a module
RECIPIENT_LINES = 20
LEADING = 13


@dataclass
class Sheet:
    """The pages so far, the structure of the document, and how far down the last page is full."""

    pages: list[Page] = field(default_factory=list)
    root: Element = field(default_factory=lambda: Element("Document"))
    y: float = 0

    @property
    def page(self) -> Page:
        """The last page."""
        return self.pages[-1]

    def turn(self) -> None:
        """Begin a new page."""
        self.pages.append(Page(len(self.pages)))
        self.y = 72

    def paragraph(self, x: float, text: str, size: float = 10, bold: bool = False) -> None:
        """Write a line of text that is a paragraph of its own."""
        self.page.text(x, self.y, text, size, bold, self.root.add("P"))


def invoice_pdf(invoice: Invoice, issuer: Issuer) -> bytes:
    """Return the invoice as a PDF file with as many pages as its lines need."""
    sheet = Sheet()
    sheet.turn()
    _head(sheet, invoice, issuer)
    table = sheet.root.add("Table")
    _columns(sheet, table)
    for line in invoice.lines:
        _line(sheet, table, line)
    if sheet.y > BOTTOM - 60:
        sheet.turn()
    _sums(sheet, table, invoice, issuer)
    _payment(sheet, invoice, issuer)
    for number, page in enumerate(sheet.pages, start=1):
        place = _("page %(number)d of %(total)d", number=number, total=len(sheet.pages))
        _foot(page, f"{invoice.number}  ·  {_fitted(issuer.company, 250)}  ·  {place}")
    title = _("Invoice %(number)s", number=invoice.number)
    return document(sheet.pages, sheet.root, title, issuer.company, tag(), invoice.issued_on)


def _head(sheet: Sheet, invoice: Invoice, issuer: Issuer) -> None:
    page, root = sheet.page, sheet.root
    page.colour(issuer.colour)
    page.text(LEFT, 80, _("Invoice"), 26, True, root.add("H1"))
    top: float = 66
    if issuer.logo:
        page.picture_right(RIGHT, 36, issuer.logo, RIGHT - FACTS, 40)
        top = 92
    for at, text in enumerate([issuer.company, *issuer.address]):
        if at:
            page.grey(0.35)
        page.text_right(RIGHT, top + 13 * at, _fitted(text, 250), 9.5, at == 0, root.add("P"))
    page.grey(0)
    begin = max(140, top + 13 * (len(issuer.address) + 2))
    lines = _recipient(invoice.customer)
    for at, text in enumerate(lines):
        page.text(LEFT, 140 + 14 * at, text, 10, False, root.add("P"))
    facts = [
        (_("Invoice number"), invoice.number),
        (_("Date"), day(invoice.issued_on)),
        (_("Due"), day(invoice.due_on)),
    ]
    if invoice.paid_on:
        facts.append((_("Paid"), day(invoice.paid_on)))
    table = root.add("Table")
    for at, (label, value) in enumerate(facts):
        y = begin + 16 * at
        row = table.add("TR")
        page.grey(0.35)
        page.text(FACTS, y, label, 9.5, False, row.add("TH", scope="Row"))
        page.grey(0)
        page.text_right(RIGHT, y, value, 10, at == 0, row.add("TD"))
    sheet.y = max(262, begin + 16 * len(facts) + 30, 140 + 14 * len(lines) + 30)


def _recipient(customer: Customer) -> list[str]:
    lines = [customer.company, customer.display_name, *customer.address.splitlines()]
    parts = [part for line in lines if line.strip() for part in lines_of(line.strip(), 250)]
    return parts[:RECIPIENT_LINES]


def _columns(sheet: Sheet, table: Element | None) -> None:
    """Write the head of the columns; only the first one is a part of the structure."""
    page, y = sheet.page, sheet.y
    row = table.add("TR") if table else None
    page.grey(0.35)
    page.text(LEFT, y, _("Description"), 9, False, row and row.add("TH", scope="Column"))
    for x, text in ((QUANTITY, _("Quantity")), (PRICE, _("Unit price")), (RIGHT, _("Amount"))):
        page.text_right(x, y, text, 9, False, row and row.add("TH", scope="Column"))
    page.grey(0)
    page.rule(LEFT, y + 7, RIGHT, 0.8)
    sheet.y += 24


def _line(sheet: Sheet, table: Element, line: InvoiceLine) -> None:
    """Write a row; one that no longer fits begins a new page."""
    description = lines_of(line.description, QUANTITY - LEFT - 60)
    further = LEADING * (len(description) - 1)
    if sheet.y + further > BOTTOM:
        sheet.turn()
        _columns(sheet, None)
    page, y, row = sheet.page, sheet.y, table.add("TR")
    cell = row.add("TD")
    for at, part in enumerate(description):
        page.text(LEFT, y + LEADING * at, part, element=cell)
    page.text_right(QUANTITY, y, str(line.quantity), element=row.add("TD"))
    page.text_right(PRICE, y, money(line.unit_price), element=row.add("TD"))
    page.text_right(RIGHT, y, money(line.amount), element=row.add("TD"))
    page.grey(0.8)
    page.rule(LEFT, y + further + 8, RIGHT, 0.4)
    page.grey(0)
    sheet.y += 22 + further


def _sums(sheet: Sheet, table: Element, invoice: Invoice, issuer: Issuer) -> None:
    rows = [
        (_("Net"), invoice.net, False),
        (_("VAT %(percent)d%%", percent=invoice.vat_percent), invoice.vat, False),
        (_("Total"), invoice.gross, True),
    ]
    for label, cents, bold in rows:
        row, size = table.add("TR"), 10.5 if bold else 10
        sheet.y += 3 * bold
        sheet.page.text(PRICE - 70, sheet.y + 6, label, size, bold, row.add("TH", scope="Row"))
        sheet.page.text_right(RIGHT, sheet.y + 6, money(cents), size, bold, row.add("TD"))
        sheet.y += 18
    sheet.page.colour(issuer.colour)
    sheet.page.rule(PRICE - 70, sheet.y - 25, RIGHT, 0.8)
    sheet.page.grey(0)
    sheet.y += 30
    sheet.paragraph(LEFT, settled(invoice), 12, bold=True)


def _payment(sheet: Sheet, invoice: Invoice, issuer: Issuer) -> None:
    """Write where to pay, with the payment QR code if there can be one."""
    details = bank_details(invoice, issuer)
    if not details:
        return
    code = payment.code_of(invoice, issuer)
    if sheet.y + (CODE_SIDE + 30 if code else 16 * len(details)) > HEIGHT - 70:
        sheet.turn()
    sheet.y += 24
    x: float = LEFT
    if code:
        unit = CODE_SIDE / code.side
        figure = sheet.root.add("Figure", _("Payment QR code"))
        quiet = payment.QUIET_ZONE * unit  # in line with the text
        sheet.page.blocks(LEFT - quiet, sheet.y - 8 - quiet, unit, code.runs, figure)
        x += CODE_SIDE + 8
    table = sheet.root.add("Table")
    for label, value in details:
        row = table.add("TR")
        sheet.page.grey(0.35)
        sheet.page.text(x, sheet.y, label, 9.5, False, row.add("TH", scope="Row"))
        sheet.page.grey(0)
        sheet.page.text(x + 100, sheet.y, value, 10, False, row.add("TD"))
        sheet.y += 16
    if code:
        sheet.y += 8
        sheet.paragraph(x, _("Scan the code with your banking app to pay."), 9.5)


def _foot(page: Page, text: str) -> None:
    page.grey(0.45)
    page.rule(LEFT, HEIGHT - 56, RIGHT, 0.4)
    page.text(LEFT, HEIGHT - 42, text, 8.5)
    if not page.is_complete:
        note = _("□ stands for a letter that can't be printed here. The portal shows it.")
        page.text(LEFT, HEIGHT - 30, note, 8.5)


def _fitted(text: str, width: float, size: float = 10) -> str:
    """Return the text, cut with an ellipsis if it is wider than `width` points."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"
