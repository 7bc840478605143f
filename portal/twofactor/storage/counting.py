"""Figures over all accounts, counted by the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, func, select

from .rows import keys_of
from .tables import Tables
from .transactions import Transactions


def by_areas(transactions: Transactions, tables: Tables) -> dict[frozenset[str], int]:
    """How many accounts have each choice of areas; there are few choices."""
    areas = tables.account.c.areas
    statement = select(areas, func.count()).group_by(areas)
    with _patiently(transactions) as connection:
        return {keys_of(text): count for text, count in connection.execute(statement)}


def events_by_period(
    transactions: Transactions, tables: Tables, since: int, seconds: int
) -> dict[tuple[int, str], int]:
    """How many events of each kind there are in each period from a time on.

    Args:
        transactions: where.
        tables: the tables.
        since: when the first period begins, Unix seconds.
        seconds: how long a period is.

    Returns:
        Counts by the number of the period, from 0, and the kind.
    """
    event = tables.event
    period = ((event.c.at - since) // seconds).label("period")
    statement = (
        select(period, event.c.kind, func.count())
        .where(event.c.at >= since)
        .group_by(period, event.c.kind)
    )
    with _patiently(transactions) as connection:
        return {(int(at), kind): n for at, kind, n in connection.execute(statement)}


def old(transactions: Transactions, tables: Tables, now: float, before: int) -> int:
    """How many tickets are over and how many events are of before a time, together."""
    ticket, event = tables.ticket, tables.event
    with _patiently(transactions) as connection:
        return sum(
            connection.execute(select(func.count()).where(condition)).scalar_one()
            for condition in (ticket.c.expires_at <= int(now), event.c.at < before)
        )


def sealed(transactions: Transactions, tables: Tables) -> int:
    """How many sealed values there are."""
    with _patiently(transactions) as connection:
        return sum(
            connection.execute(
                select(func.count()).select_from(table).where(table.c.sealed.is_not(None))
            ).scalar_one()
            for table in (tables.authenticator, tables.ticket)
        )


@contextmanager
def _patiently(transactions: Transactions) -> Iterator[Connection]:
    """For what may take long: the host limits statements for the sake of people who wait."""
    with transactions.reading() as connection:
        if connection.dialect.name != "postgresql":
            yield connection
            return
        before = connection.exec_driver_sql("SHOW statement_timeout").scalar_one()
        connection.exec_driver_sql("SET statement_timeout = 0")
        try:
            yield connection
        finally:
            connection.exec_driver_sql(f"SET statement_timeout = '{before}'")
