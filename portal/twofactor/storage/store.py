"""What is asked of the database, and the way to change it."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Select, and_, bindparam, select

from ..core.records import Account, Event, Glance, Ticket
from .engine import Transactions
from .rows import event_of, keys_of, ticket_of
from .tables import Tables
from .transaction import Transaction

T = TypeVar("T")


class Store:
    """The two-factor state of all users."""

    def __init__(self, transactions: Transactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables
        self._glance, self._glance_with_ticket = _glances(tables)

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Do the work in one transaction (`Transactions.run`)."""
        return self._transactions.run(
            lambda connection: work(Transaction(connection, self._tables))
        )

    def glance(self, user_id: str, kind: str, area: str, digest: str | None, now: float) -> Glance:
        """What the guard asks, in one SELECT by primary keys."""
        values: dict[str, Any] = {"user": user_id}
        statement = self._glance
        if digest is not None:
            statement = self._glance_with_ticket
            values |= {"digest": digest, "kind": kind, "area": area, "now": int(now)}
        with self._transactions.reading() as connection:
            row = connection.execute(statement, values).first()
        if row is None:
            return Glance(None)
        return Glance(keys_of(row[0]), digest is not None and row[1] is not None)

    def account(self, user_id: str) -> Account | None:
        """The account as it is now; to change it, read it in a transaction."""
        with self._transactions.reading() as connection:
            return Transaction(connection, self._tables).account(user_id)

    def ticket(self, digest: str, kind: str, now: float) -> Ticket | None:
        """A ticket that is still good, left where it is."""
        ticket = self._tables.ticket
        statement = select(ticket).where(
            ticket.c.digest == digest, ticket.c.kind == kind, ticket.c.expires_at > int(now)
        )
        with self._transactions.reading() as connection:
            row = connection.execute(statement).first()
        return None if row is None else ticket_of(row)

    def events(self, user_id: str, limit: int) -> list[Event]:
        """The latest events of a user, newest first."""
        event = self._tables.event
        statement = (
            select(event).where(event.c.user_id == user_id).order_by(event.c.id.desc()).limit(limit)
        )
        with self._transactions.reading() as connection:
            return [event_of(row) for row in connection.execute(statement)]


def _glances(tables: Tables) -> tuple[Select[Any], Select[Any]]:
    account, ticket = tables.account, tables.ticket
    of_user = account.c.user_id == bindparam("user")
    joined = account.outerjoin(
        ticket,
        and_(
            ticket.c.digest == bindparam("digest"),
            ticket.c.user_id == account.c.user_id,
            ticket.c.kind == bindparam("kind"),
            ticket.c.area == bindparam("area"),
            ticket.c.expires_at > bindparam("now"),
        ),
    )
    return (
        select(account.c.areas).where(of_user),
        select(account.c.areas, ticket.c.digest).select_from(joined).where(of_user),
    )
