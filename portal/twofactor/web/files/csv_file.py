"""Tables as CSV files (RFC 4180), for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence

from werkzeug.wrappers import Response

from ..challenge import no_store

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_file(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return a table as a file to download, which no cache keeps.

    Args:
        name: of the file.
        head: names of the columns.
        rows: the cells of each row; `None` is an empty cell.
    """
    file = io.StringIO()
    write = csv.writer(file).writerow
    write([_harmless(cell) for cell in head])
    for row in rows:
        write([_harmless(cell) for cell in row])
    # With a byte order mark, without which spreadsheets take umlauts for something else.
    response = Response(file.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return no_store(response)


def _harmless(cell: object) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
