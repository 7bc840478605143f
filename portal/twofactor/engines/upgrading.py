"""Let one upgrade of the tables run at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from . import is_mysql
from .errors import state_of

# For pg_advisory_xact_lock, in each database; any number that nobody else takes.
_NUMBER = 4_226_320_119
# GET_LOCK takes names for the whole server, of 64 characters at most.
_NAME = "LEFT(CONCAT('upgrade of tables in ', DATABASE()), 64)"
_WAIT_FOR_IT = text(f"SELECT GET_LOCK({_NAME}, 1)")
_GIVE_IT_BACK = text(f"SELECT RELEASE_LOCK({_NAME})")
_UNSUPPORTED = "0A000"
_SQLITE_MILLISECONDS = 3_600_000


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Wait until no other upgrade runs in this database, and keep others waiting; then commit.

    PostgreSQL has a lock for the transaction, which holds behind a pooler as well, and SQLite its
    own. MySQL and MariaDB commit with each change of a table, so there the lock belongs to the
    connection; it holds on one node of a cluster.

    Statements have no time limit meanwhile on PostgreSQL, since a table may be large.

    Args:
        connection: not in a transaction. It is in one meanwhile, but on MySQL and MariaDB.
    """
    if is_mysql(connection.dialect):
        while not connection.execute(_WAIT_FOR_IT).scalar():
            pass  # one second at a time, which is within the time limits of drivers
        connection.commit()
        try:
            yield
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(_GIVE_IT_BACK)
            connection.commit()
        return
    with connection.begin():
        if connection.dialect.name == "sqlite":
            _lock_file(connection)
        elif connection.dialect.name == "postgresql":
            _lock_database(connection)
        yield


def _lock_file(connection: Connection) -> None:
    """Take the write lock of the file, however long another connection writes."""
    if getattr(connection.connection.driver_connection, "in_transaction", False):
        return  # the host begins its transactions itself
    before = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {_SQLITE_MILLISECONDS}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {before}")


def _lock_database(connection: Connection) -> None:
    """Take the lock; what waits for a table afterwards has the same time limit as before.

    An engine that speaks PostgreSQL's language and has no such locks goes on without.
    """
    patience = connection.exec_driver_sql("SHOW lock_timeout").scalar_one()
    for name in ("statement_timeout", "lock_timeout"):
        connection.exec_driver_sql(f"SET LOCAL {name} = 0")
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_NUMBER})")
    except DBAPIError as error:
        if error.orig is None or state_of(error.orig) != _UNSUPPORTED:
            raise
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{patience}'")
