"""An invoice as a PDF file."""

from portal.i18n.formats import day, money
from portal.i18n.language import _, tag
from portal.invoices.pdf import HEIGHT, WIDTH, Page, document, text_width
from portal.models import Customer, Invoice, InvoiceLine

LEFT, RIGHT = 56, WIDTH - 56
QUANTITY, PRICE = RIGHT - 180, RIGHT - 90
BOTTOM = HEIGHT - 130
COMPANY = "Harbour & Söhne Hosting Ltd"
SENDER = (COMPANY, "12 Quay Street", "Bristol BS1 4DJ", "VAT no. GB 000 0000 00")
BANK = "IBAN GB33 BUKB 2020 1555 5555 55"


def invoice_pdf(invoice: Invoice, site_name: str) -> bytes:
    """Return the invoice as a PDF file with as many pages as its lines need."""
    pages = [Page()]
    y = _head(pages[0], invoice)
    y = _columns(pages[0], y)
    for line in invoice.lines:
        if y > BOTTOM:
            pages.append(Page())
            y = _columns(pages[-1], 72)
        y = _line(pages[-1], y, line)
    if y > BOTTOM - 60:
        pages.append(Page())
        y = 72
    _sums(pages[-1], y, invoice)
    for number, page in enumerate(pages, start=1):
        place = _("page %(number)d of %(total)d", number=number, total=len(pages))
        _foot(page, f"{invoice.number}  ·  {site_name}  ·  {place}")
    title = _("Invoice %(number)s", number=invoice.number)
    return document(pages, title, COMPANY, tag(), invoice.issued_on)


def _head(page: Page, invoice: Invoice) -> float:
    page.text(LEFT, 80, _("Invoice"), 26, bold=True)
    for at, text in enumerate(SENDER):
        page.grey(0 if at == 0 else 0.35)
        page.text_right(RIGHT, 66 + 14 * at, text, 9.5, bold=at == 0)
    page.grey(0)
    for at, text in enumerate(_recipient(invoice.customer)):
        page.text(LEFT, 140 + 14 * at, text, 10)
    facts = [
        (_("Invoice number"), invoice.number),
        (_("Date"), day(invoice.issued_on)),
        (_("Due"), day(invoice.due_on)),
        (_("Paid"), day(invoice.paid_on) if invoice.paid_on else _("not yet")),
    ]
    for at, (label, value) in enumerate(facts):
        page.grey(0.35)
        page.text(PRICE - 110, 140 + 16 * at, label, 9.5)
        page.grey(0)
        page.text_right(RIGHT, 140 + 16 * at, value, 10, bold=at == 0)
    return 262


def _recipient(customer: Customer) -> list[str]:
    lines = [customer.company, customer.display_name, *customer.address.splitlines()]
    return [_fitted(line.strip(), 250) for line in lines if line.strip()][:7]


def _columns(page: Page, y: float) -> float:
    page.grey(0.35)
    page.text(LEFT, y, _("Description"), 9)
    page.text_right(QUANTITY, y, _("Quantity"), 9)
    page.text_right(PRICE, y, _("Unit price"), 9)
    page.text_right(RIGHT, y, _("Amount"), 9)
    page.grey(0)
    page.rule(LEFT, y + 7, RIGHT, 0.8)
    return y + 24


def _line(page: Page, y: float, line: InvoiceLine) -> float:
    page.text(LEFT, y, _fitted(line.description, QUANTITY - LEFT - 60))
    page.text_right(QUANTITY, y, str(line.quantity))
    page.text_right(PRICE, y, money(line.unit_price))
    page.text_right(RIGHT, y, money(line.amount))
    page.grey(0.8)
    page.rule(LEFT, y + 8, RIGHT, 0.4)
    page.grey(0)
    return y + 22


def _sums(page: Page, y: float, invoice: Invoice) -> None:
    rows = [
        (_("Net"), invoice.net, False),
        (_("VAT %(percent)d%%", percent=invoice.vat_percent), invoice.vat, False),
        (_("Total"), invoice.gross, True),
    ]
    for label, cents, bold in rows:
        page.text(PRICE - 70, y + 6, label, 10.5 if bold else 10, bold)
        page.text_right(RIGHT, y + 6, money(cents), 10.5 if bold else 10, bold)
        y += 18
    page.rule(PRICE - 70, y - 26, RIGHT, 0.8)
    paid = invoice.paid_on
    words = _("Please pay by %(date)s.", date=day(invoice.due_on))
    if paid:
        words = _("Paid on %(date)s. Thank you.", date=day(paid))
    page.text(LEFT, y + 30, words, 10, bold=True)
    if paid is None:
        page.text(
            LEFT,
            y + 46,
            _("%(account)s, reference %(number)s", account=BANK, number=invoice.number),
            10,
        )


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
