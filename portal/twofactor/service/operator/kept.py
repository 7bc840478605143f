"""Figures that were counted and are kept, since counting all accounts takes too long for a page.

They are one ticket of nobody, sealed as every other, so that `rotate_keys` and `purge` see to it.
"""

from dataclasses import asdict, dataclass
from typing import Any

from ...core.records import Ticket
from ...storage.transaction import Transaction
from .. import tickets
from ..context import Kit
from .statistics import Figures, Week

KIND = "figures"
NOBODY = ""  # no user has an empty key
# As long as events are kept by default.
SECONDS = 400 * 86_400
# Two years; more would not fit into the column of the ticket in MySQL.
MOST_WEEKS = 104


@dataclass(frozen=True, slots=True)
class Kept:
    """Figures, and the time when they were counted (Unix seconds)."""

    at: int
    figures: Figures


def keep(kit: Kit, figures: Figures) -> Kept:
    """Keep figures instead of those that are kept; a page sees the old ones or the new ones.

    Args:
        kit: the application's parts.
        figures: with at most MOST_WEEKS weeks.
    """
    digest, now = tickets.digest(KIND), int(kit.clock())
    data = {"at": now, "figures": _packed(figures)}
    sealed = tickets.sealed(kit, NOBODY, KIND, digest, data)
    ticket = Ticket(digest, NOBODY, KIND, "", sealed, now + SECONDS)

    def work(transaction: Transaction) -> None:
        values = {"sealed": sealed, "expires_at": ticket.expires_at}
        # If another process writes the first ones meanwhile, this one is tried again.
        if not transaction.change_ticket(digest, KIND, NOBODY, values):
            transaction.add_ticket(ticket)

    kit.store.run(work)
    return Kept(now, figures)


def latest(kit: Kit) -> Kept | None:
    """Return the figures that were kept last, by one SELECT.

    Returns:
        `None` if there are none, or those of a release with other figures.

    Raises:
        KeyMissing: they were sealed under a key that is not configured.
        SealBroken: they were altered.
    """
    ticket = kit.store.ticket(tickets.digest(KIND), KIND, kit.clock())
    if ticket is None:
        return None
    data = tickets.data_of(kit, ticket)
    try:
        return Kept(data["at"], _unpacked(data["figures"]))
    except TypeError:
        return None


def _packed(figures: Figures) -> dict[str, Any]:
    """Return figures as JSON takes them; the names of the fields of a week are there once."""
    weeks = [asdict(week) for week in figures.weeks]
    fields = list(Week.__dataclass_fields__)
    rows = [[week[name] for name in fields] for week in weeks]
    return {**asdict(figures), "weeks": {"fields": fields, "rows": rows}}


def _unpacked(data: dict[str, Any]) -> Figures:
    """Return packed figures.

    Raises:
        TypeError: they have other fields than ours.
    """
    fields, rows = data["weeks"]["fields"], data["weeks"]["rows"]
    weeks = tuple(Week(**dict(zip(fields, row, strict=True))) for row in rows)
    return Figures(**{**data, "weeks": weeks})
