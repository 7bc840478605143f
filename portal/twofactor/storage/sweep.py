"""Reading everything, a batch at a time by primary key, so that no amount fills the memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, func, inspect, select, text, update

from ..core.records import Account, Event
from .engine import Transactions
from .rows import account_of, event_of, whole_account
from .tables import Tables


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A sealed column of some row."""

    table: str
    row_id: str
    user_id: str
    kind: str
    sealed: bytes = field(repr=False)


def accounts(transactions: Transactions, tables: Tables, batch: int) -> Iterator[Account]:
    """All accounts in the order of their keys."""
    key, last = tables.account.c.user_id, ""
    while True:
        statement = select(key).where(key > last).order_by(key).limit(batch)
        with transactions.reading() as connection:
            keys = list(connection.execute(statement).scalars())
        if not keys:
            return
        statement = whole_account(tables).where(key.in_(keys))
        with transactions.reading() as connection:
            rows = connection.execute(statement).all()
        grouped: dict[str, list[Any]] = {}
        for row in rows:
            grouped.setdefault(row.user_id, []).append(row)
        for user_id in sorted(grouped):
            yield account_of(grouped[user_id])
        last = keys[-1]


def events(
    transactions: Transactions,
    tables: Tables,
    batch: int,
    user_id: str | None,
    since: int | None,
) -> Iterator[Event]:
    """The record, oldest first."""
    event, last = tables.event, 0
    while True:
        statement = select(event).where(event.c.id > last).order_by(event.c.id).limit(batch)
        if user_id is not None:
            statement = statement.where(event.c.user_id == user_id)
        if since is not None:
            statement = statement.where(event.c.at >= since)
        with transactions.reading() as connection:
            rows = connection.execute(statement).all()
        if not rows:
            return
        for row in rows:
            yield event_of(row)
        last = rows[-1].id


def sealed_values(transactions: Transactions, tables: Tables, batch: int) -> Iterator[SealedValue]:
    """Every sealed column: the authenticators' secrets, and what tickets carry."""
    for name, table, key in (
        ("authenticator", tables.authenticator, "id"),
        ("ticket", tables.ticket, "digest"),
    ):
        yield from _sealed(transactions, name, table, key, batch)


def _sealed(
    transactions: Transactions, name: str, table: Table, key: str, batch: int
) -> Iterator[SealedValue]:
    column, last = table.c[key], ""
    while True:
        statement = (
            select(column, table.c.user_id, table.c.kind, table.c.sealed)
            .where(column > last, table.c.sealed.is_not(None))
            .order_by(column)
            .limit(batch)
        )
        with transactions.reading() as connection:
            rows = connection.execute(statement).all()
        if not rows:
            return
        for row in rows:
            yield SealedValue(name, *row)
        last = rows[-1][0]


def count_sealed(transactions: Transactions, tables: Tables) -> int:
    """How many sealed values there are."""
    with transactions.reading() as connection:
        return sum(
            connection.execute(
                select(func.count()).select_from(table).where(table.c.sealed.is_not(None))
            ).scalar_one()
            for table in (tables.authenticator, tables.ticket)
        )


def describe(transactions: Transactions) -> str:
    """Which database answers."""
    with transactions.reading() as connection:
        connection.execute(select(1))
        version = connection.dialect.server_version_info or ()
        return f"{connection.dialect.name} {'.'.join(map(str, version))}".strip()


def lacking(transactions: Transactions, tables: Tables) -> list[str]:
    """The tables that are missing in the database."""
    with transactions.reading() as connection:
        there = inspect(connection)
        return [
            table.name
            for table in tables.all
            if not there.has_table(table.name, schema=table.schema)
        ]


def clock(transactions: Transactions) -> float:
    """What the database takes for the time, Unix seconds."""
    with transactions.reading() as connection:
        if connection.dialect.name == "sqlite":
            # SQLite has no clock of its own: it asks this machine's.
            statement = text("SELECT strftime('%s', 'now')")
        else:
            statement = text("SELECT extract(epoch FROM clock_timestamp())")
        return float(connection.execute(statement).scalar_one())


def reseal(transactions: Transactions, tables: Tables, value: SealedValue, fresh: bytes) -> bool:
    """Replace a sealed value, if it is still the one that was read."""
    table = tables.authenticator if value.table == "authenticator" else tables.ticket
    key = table.c.id if value.table == "authenticator" else table.c.digest
    statement = (
        update(table)
        .where(key == value.row_id, table.c.sealed == value.sealed)
        .values(sealed=fresh)
    )
    return transactions.run(lambda connection: connection.execute(statement).rowcount == 1)
