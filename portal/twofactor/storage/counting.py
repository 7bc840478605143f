"""Counts over all accounts, computed by the database."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, case, func, select

from .rows import keys_of
from .tables import Tables
from .transactions import Transactions


def by_areas(transactions: Transactions, tables: Tables) -> dict[frozenset[str], int]:
    """Return the number of accounts by their choice of areas. There are few choices."""
    areas = tables.account.c.areas
    statement = select(areas, func.count()).group_by(areas)
    with _patiently(transactions) as connection:
        found: Counter[frozenset[str]] = Counter()
        for text, count in connection.execute(statement):
            found[keys_of(text)[0]] += count
        return dict(found)


def events_by_period(
    transactions: Transactions, tables: Tables, since: int, seconds: int
) -> dict[tuple[int, str], int]:
    """Return the number of events by period and kind.

    Args:
        transactions: opens the connection.
        tables: the tables.
        since: start of the first period, Unix seconds.
        seconds: length of a period.

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


def passkeys(transactions: Transactions, tables: Tables, synced: int) -> tuple[int, int]:
    """Return the number of passkeys, and of those that are on several devices.

    Args:
        transactions: opens the connection.
        tables: the tables.
        synced: flag of a passkey that is on several devices (`methods.flags.SYNCED`).
    """
    flags = func.coalesce(tables.authenticator.c.flags, 0)
    copied = func.sum(case((flags.op("&")(synced) != 0, 1), else_=0))
    statement = select(func.count(), func.coalesce(copied, 0))
    statement = statement.where(tables.authenticator.c.credential.is_not(None))
    with _patiently(transactions) as connection:
        count, copies = connection.execute(statement).one()
        return int(count), int(copies)


def old(transactions: Transactions, tables: Tables, now: float, before: int) -> int:
    """Return the number of tickets that have expired plus that of events from before a time."""
    ticket, event = tables.ticket, tables.event
    with _patiently(transactions) as connection:
        return sum(
            connection.execute(select(func.count()).where(condition)).scalar_one()
            for condition in (ticket.c.expires_at <= int(now), event.c.at < before)
        )


def sealed(transactions: Transactions, tables: Tables) -> int:
    """Return the number of sealed values."""
    with _patiently(transactions) as connection:
        return sum(
            connection.execute(
                select(func.count()).select_from(table).where(table.c.sealed.is_not(None))
            ).scalar_one()
            for table in (tables.authenticator, tables.ticket)
        )


@contextmanager
def _patiently(transactions: Transactions) -> Iterator[Connection]:
    """Open a connection without `statement_timeout`, for statements that take long.

    The host's limit is meant for requests of people who wait.
    """
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
