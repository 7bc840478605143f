"""Which invoices a page or a download has, and the names of files."""

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from portal.models import Invoice

STATES = ("open", "overdue", "paid")  # an overdue invoice is an open one, too
AT_ONCE = 24
MOST = 500  # invoices in a download


class Wanted(NamedTuple):
    """The selection of a query; `None` and an empty text mean all."""

    year: int | None
    state: str


class Page(NamedTuple):
    """A part of a list, and the numbers of the pages beside it; 0 if there is none."""

    invoices: list[Invoice]
    newer: int
    older: int


def of(query: Mapping[str, str]) -> Wanted:
    """Return what the query selects; a value that can't be read selects all."""
    year, state = _number(query.get("year", "")), query.get("state", "")
    return Wanted(year or None, state if state in STATES else "")


def chosen(invoices: list[Invoice], wanted: Wanted, today: date) -> list[Invoice]:
    """Return the invoices of the year and in the state, in the same order."""
    kinds = ("open", "overdue") if wanted.state == "open" else (wanted.state,)
    return [
        each
        for each in invoices
        if wanted.year in (None, each.issued_on.year)
        and (not wanted.state or each.status(today) in kinds)
    ]


def years(invoices: list[Invoice]) -> list[int]:
    """Return the years with invoices, the newest first."""
    return sorted({each.issued_on.year for each in invoices}, reverse=True)


def page_of(invoices: list[Invoice], query: Mapping[str, str]) -> Page:
    """Return the page that the query asks for: the first one unless there is such a page."""
    last = max(1, -(-len(invoices) // AT_ONCE))
    number = _number(query.get("page", ""))
    number = number if 1 <= number <= last else 1
    part = invoices[(number - 1) * AT_ONCE : number * AT_ONCE]
    return Page(part, number - 1, number + 1 if number < last else 0)


def file_name(number: str) -> str:
    """Return the number of an invoice without the signs that have a meaning in paths."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", number)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0
