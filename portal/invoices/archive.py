"""Many invoices as one ZIP file."""

from tempfile import SpooledTemporaryFile
from typing import IO
from zipfile import ZipFile, ZipInfo

from portal.invoices.document import invoice_pdf
from portal.invoices.selection import file_name
from portal.models import Invoice
from portal.rules.issuer import Issuer

IN_MEMORY = 1024 * 1024


def archive(invoices: list[Invoice], issuer: Issuer) -> IO[bytes]:
    """Return the file, at its beginning; a large one is kept on disk until it is closed."""
    done: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - must outlive this function; the view closes it with the response
    used = set[str]()
    with ZipFile(done, "w") as file:  # stored: PDF files are compressed already
        for invoice in invoices:
            name = _name(invoice.number, used)
            day = invoice.issued_on
            stamp = (max(1980, day.year), day.month, day.day, 0, 0, 0)
            file.writestr(ZipInfo(name, stamp), invoice_pdf(invoice, issuer))
    done.seek(0)
    return done


def _name(number: str, used: set[str]) -> str:
    """Return a name without folders and reserved signs, and not used before in any case."""
    plain = file_name(number)
    name, count = f"{plain}.pdf", 1
    while name.lower() in used:
        count += 1
        name = f"{plain}_{count}.pdf"
    used.add(name.lower())
    return name
