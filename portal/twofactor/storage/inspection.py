"""Inspect the database: its kind, settings, tables and clock."""

import sqlalchemy as sa

from ..engines import clusters, is_mysql, texts
from .rows import SealedValue
from .tables import Tables
from .transactions import Transactions


def describe(transactions: Transactions) -> str:
    """Return name and version of the database."""
    with transactions.reading() as connection:
        connection.execute(sa.select(1))
        version = connection.dialect.server_version_info or ()
        return f"{connection.dialect.name} {'.'.join(map(str, version))}".strip()


def address(transactions: Transactions) -> str:
    """Return the address of the database without a password, as operators know it."""
    return transactions.alone(_address)


def _address(engine: sa.Engine) -> str:
    url = engine.url
    # Of the options, whose names depend on the driver, only those that say where the server is.
    query = {name: url.query[name] for name in ("host", "port", "unix_socket") if name in url.query}
    shown = sa.URL.create(
        url.drivername, url.username, None, url.host, url.port, url.database, query
    )
    return shown.render_as_string()


def isolation(transactions: Transactions) -> str:
    """Return the SQL name of the isolation level of transactions that write."""
    return transactions.run(_isolation)


def _isolation(connection: sa.Connection) -> str:
    if getattr(connection.connection.driver_connection, "autocommit", False) is True:
        return "AUTOCOMMIT"  # the server would report the level that a transaction would have
    if is_mysql(connection.dialect):
        if connection.exec_driver_sql("SELECT @@autocommit").scalar_one():
            return "AUTOCOMMIT"
        return "READ COMMITTED"  # as `transactions` asks for, whatever the engine's default
    return connection.get_isolation_level()


def sqlite_settings(transactions: Transactions) -> tuple[str, int] | None:
    """Return journal mode and busy timeout (ms) of SQLite, `None` for other databases."""
    with transactions.reading() as connection:
        if connection.dialect.name != "sqlite":
            return None
        # Until it reads, a connection reports the mode from before another connection changed it.
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        timeout = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
        return str(mode), int(timeout)


def shows_the_past(transactions: Transactions) -> bool:
    """Return whether a node of a cluster shows what it has, though others may have committed."""
    with transactions.reading() as connection:
        return clusters.shows_the_past(connection)


def lacking(transactions: Transactions, tables: Tables) -> list[str]:
    """Return the names of the tables that are missing in the database."""
    with transactions.reading() as connection:
        there = sa.inspect(connection)
        return [
            table.name
            for table in tables.all
            if not there.has_table(table.name, schema=table.schema)
        ]


def incomplete(transactions: Transactions, tables: Tables) -> list[str]:
    """Return the names of the columns and indexes that are missing in existing tables."""
    found: list[str] = []
    with transactions.reading() as connection:
        there = sa.inspect(connection)
        for table in tables.all:
            columns = {column["name"] for column in there.get_columns(table.name, table.schema)}
            found += [f"{table.name}.{c.name}" for c in table.columns if c.name not in columns]
            indexes = {index["name"] for index in there.get_indexes(table.name, table.schema)}
            found += [str(i.name) for i in table.indexes if i.name not in indexes]
    return found


def inexact(transactions: Transactions, tables: Tables) -> list[str]:
    """Return the names of the text columns that take different texts for the same."""
    with transactions.reading() as connection:
        return texts.inexact(connection, tables.all)


def probe(transactions: Transactions, tables: Tables) -> None:
    """Select every column of the tables, but no rows.

    Raises:
        StorageUnavailable: the database does not answer, or tables or columns are missing.
    """
    with transactions.reading() as connection:
        for table in tables.all:
            connection.execute(sa.select(table).where(sa.false())).all()


def sample(transactions: Transactions, tables: Tables, start: str, most: int) -> list[SealedValue]:
    """Return at most `most` sealed secrets of authenticators, in the order of ids from `start`."""
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
    """Return the time of the database, Unix seconds."""
    with transactions.reading() as connection:
        if connection.dialect.name == "sqlite":
            # SQLite has no clock of its own and uses this machine's.
            statement = sa.text("SELECT strftime('%s', 'now')")
        elif is_mysql(connection.dialect):
            statement = sa.text("SELECT unix_timestamp(sysdate(6))")
        else:
            statement = sa.text("SELECT extract(epoch FROM clock_timestamp())")
        return float(connection.execute(statement).scalar_one())
