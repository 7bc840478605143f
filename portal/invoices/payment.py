"""Paying an invoice by SEPA credit transfer: the payment QR code of the EPC (EPC069-12, v002).

The portal's invoices are in euros, the only currency of these codes.
"""

from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from portal.models import Invoice
from portal.rules.issuer import Issuer

QUIET_ZONE = 4  # modules, ISO/IEC 18004
LARGEST = 99_999_999_999  # cents
REFERENCE_LENGTH = 140
# A BIC is needed for the countries of SEPA outside the European Economic Area.
WITH_BIC = "AD AL CH GB GI MC MD ME MK RS SM VA"
WITHOUT_BIC = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
)


@dataclass(frozen=True)
class Code:
    """A QR code: the horizontal runs of its dark modules as (x, y, length), and its side."""

    runs: list[tuple[int, int, int]]
    side: int

    def svg(self, label: str) -> Markup:
        """Return the code as an inline SVG element, dark on a white background."""
        path = "".join(f"M{x} {y}.5h{length}" for x, y, length in self.runs)
        return Markup(
            '<svg class="payment-qr" role="img" aria-label="{}" viewBox="0 0 {} {}"'
            ' shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/>'
            '<path stroke="#000" d="{}"/></svg>'
        ).format(label, self.side, self.side, path)


def text_of(invoice: Invoice, issuer: Issuer) -> str | None:
    """Return the text of the payment QR code; `None` if the invoice can't be paid with one."""
    countries = f"{WITHOUT_BIC} {WITH_BIC if issuer.bic else ''}".split()
    if issuer.iban[:2] not in countries:
        return None
    if invoice.paid_on is not None or not 0 < invoice.gross <= LARGEST:
        return None
    if not invoice.number.isprintable() or len(invoice.number) > REFERENCE_LENGTH:
        return None
    euros, cents = divmod(invoice.gross, 100)
    return "\n".join(
        (
            "BCD",  # service tag
            "002",  # version
            "1",  # UTF-8
            "SCT",  # SEPA credit transfer
            issuer.bic,
            issuer.holder,
            issuer.iban,
            f"EUR{euros}.{cents:02}",
            "",  # purpose
            "",  # structured reference
            invoice.number,
        )
    )


def code_of(invoice: Invoice, issuer: Issuer) -> Code | None:
    """Return the payment QR code; `None` if the invoice can't be paid with one."""
    from qrcode import QRCode  # imports Pillow, so only when needed
    from qrcode.constants import ERROR_CORRECT_M

    text = text_of(invoice, issuer)
    if text is None:
        return None
    drawn = QRCode(error_correction=ERROR_CORRECT_M, border=0, mask_pattern=2)
    drawn.add_data(text)
    drawn.make(fit=False)
    runs = []
    rows: list[list[bool]] = drawn.get_matrix()
    for y, row in enumerate(rows, QUIET_ZONE):
        x = QUIET_ZONE
        for dark, same in groupby(row):
            length = len(list(same))
            if dark:
                runs.append((x, y, length))
            x += length
    return Code(runs, len(rows) + 2 * QUIET_ZONE)
