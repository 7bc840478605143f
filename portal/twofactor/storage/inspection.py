"""Looks at the database itself: which one it is, whether the tables are as they should be."""

import sqlalchemy as sa

from .rows import SealedValue
from .tables import Tables
from .transactions import Transactions


def describe(transactions: Transactions) -> str:
    """Which database answers."""
    with transactions.reading() as connection:
        connection.execute(sa.select(1))
        version = connection.dialect.server_version_info or ()
        return f"{connection.dialect.name} {'.'.join(map(str, version))}".strip()


def isolation(transactions: Transactions) -> str:
    """The isolation level of the transactions that change something, in SQL's words."""
    return transactions.run(_isolation)


def _isolation(connection: sa.Connection) -> str:
    if getattr(connection.connection.driver_connection, "autocommit", False) is True:
        return "AUTOCOMMIT"  # the server says what a transaction would have
    return connection.get_isolation_level()


def sqlite_settings(transactions: Transactions) -> tuple[str, int] | None:
    """Journal mode and busy timeout in ms; `None` on another database."""
    with transactions.reading() as connection:
        if connection.dialect.name != "sqlite":
            return None
        # A connection that has not read since another one changed the mode would tell the old one.
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        timeout = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
        return str(mode), int(timeout)


def lacking(transactions: Transactions, tables: Tables) -> list[str]:
    """The tables that are missing in the database."""
    with transactions.reading() as connection:
        there = sa.inspect(connection)
        return [
            table.name
            for table in tables.all
            if not there.has_table(table.name, schema=table.schema)
        ]


def incomplete(transactions: Transactions, tables: Tables) -> list[str]:
    """The columns and indexes that are missing in the tables that are there."""
    found: list[str] = []
    with transactions.reading() as connection:
        there = sa.inspect(connection)
        for table in tables.all:
            columns = {column["name"] for column in there.get_columns(table.name, table.schema)}
            found += [f"{table.name}.{c.name}" for c in table.columns if c.name not in columns]
            indexes = {index["name"] for index in there.get_indexes(table.name, table.schema)}
            found += [str(i.name) for i in table.indexes if i.name not in indexes]
    return found


def probe(transactions: Transactions, tables: Tables) -> None:
    """Ask for every column and not a single row.

    Raises:
        StorageUnavailable: the database does not answer, or has other tables.
    """
    with transactions.reading() as connection:
        for table in tables.all:
            connection.execute(sa.select(table).where(sa.false())).all()


def sample(transactions: Transactions, tables: Tables, start: str, most: int) -> list[SealedValue]:
    """A few of the authenticators' secrets: those that come after an id, in the order of ids."""
    table = tables.authenticator
    statement = (
        sa.select(table.c.id, table.c.user_id, table.c.kind, table.c.sealed)
        .where(table.c.id >= start)
        .order_by(table.c.id)
        .limit(most)
    )
    with transactions.reading() as connection:
        return [SealedValue("authenticator", *row) for row in connection.execute(statement)]


def clock(transactions: Transactions) -> float:
    """What the database takes for the time, Unix seconds."""
    with transactions.reading() as connection:
        if connection.dialect.name == "sqlite":
            # SQLite has no clock of its own: it asks this machine's.
            statement = sa.text("SELECT strftime('%s', 'now')")
        else:
            statement = sa.text("SELECT extract(epoch FROM clock_timestamp())")
        return float(connection.execute(statement).scalar_one())
