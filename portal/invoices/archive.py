"""Many invoices as one ZIP file, which is sent while it is written."""

import re
from collections.abc import Iterator
from zipfile import ZipFile, ZipInfo

from portal.invoices.document import invoice_pdf
from portal.models import Invoice
from portal.rules.issuer import Issuer


class _Outbox:
    """A file that can only be written; `taken` returns what was written since the last call."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def archive(invoices: list[Invoice], issuer: Issuer) -> Iterator[bytes]:
    """Yield the file in parts; no more than one invoice is in memory at a time."""
    outbox, used = _Outbox(), set[str]()
    with ZipFile(outbox, "w") as file:  # stored: PDF files are compressed already
        for invoice in invoices:
            name = _name(invoice.number, used)
            day = invoice.issued_on
            stamp = (max(1980, day.year), day.month, day.day, 0, 0, 0)
            file.writestr(ZipInfo(name, stamp), invoice_pdf(invoice, issuer))
            yield outbox.taken()
    yield outbox.taken()


def _name(number: str, used: set[str]) -> str:
    """Return a name without folders and reserved signs, and not used before in any case."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", number)
    name, count = f"{plain}.pdf", 1
    while name.lower() in used:
        count += 1
        name = f"{plain}_{count}.pdf"
    used.add(name.lower())
    return name
