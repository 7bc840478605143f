"""Open short transactions on their own connections, and repeat them after conflicts.

No other module opens transactions.
"""

import logging
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..core.errors import Refusal, StorageUnavailable, WriteOpen
from ..engines import is_mysql
from ..engines.errors import is_lost, may_try_again, misses_table
from .host_session import HostSession

T = TypeVar("T")

log = logging.getLogger("flask_twofactor.storage")

ATTEMPTS = 5
# Seconds after which no further attempt is made. Waiting on (as for SQLite's busy timeout) would
# take so long that the server kills the worker as dead.
PATIENCE = 10.0
# The same for a connection that was lost. One that a time limit ended took longer, and would again.
SOON = 1.0


class Transactions:
    """Opens connections of the host's engine, separate from the host's own transactions.

    Args:
        engine: returns the engine (`init_app` may run before it exists).
        pause: sleeps for some seconds between two attempts.
        session: session of the host's request, if the host has sessions.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        pause: Callable[[float], None] = time.sleep,
        session: HostSession | None = None,
    ) -> None:
        self._engine = engine
        self._pause = pause
        self._session = session

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do the work in one transaction and commit.

        A `Refusal` commits as well, since counted attempts must stay. Every other exception rolls
        back. After a conflict, or a connection lost before the commit, the work is repeated, at
        most ATTEMPTS times in all, so it must change nothing but the database.

        Raises:
            Refusal: raised by the work; passed on after the commit.
            StorageUnavailable: the database did not answer, or stayed busy.
            WriteOpen: the host's own transaction blocks the SQLite file until it commits.
        """
        engine = self._engine()
        if self._session is not None and self._session.holds_write(engine):
            raise WriteOpen(
                "the application's session has a write open in the same SQLite file, which would"
                " wait for itself: ask for the code (require, sign_in) before anything is added and"
                " flushed, or commit first"
            )
        begun = time.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _once(engine, work)
            except _errors_of(engine) as error:
                took = time.monotonic() - begun
                again = may_try_again(error) and took <= PATIENCE
                again = again or (is_lost(error) and took <= SOON)
                if attempt == ATTEMPTS or not again:
                    raise unavailable(error) from error
                self._pause(random.uniform(0.5, 1) * 0.02 * 2**attempt)  # noqa: S311 - a pause
        raise AssertionError("unreachable")

    def alone(self, work: Callable[[Engine], T]) -> T:
        """Do work that opens its own connections, such as the upgrade of the tables.

        Raises:
            StorageUnavailable: the database did not answer, or refused.
        """
        engine = self._engine()
        try:
            return work(engine)
        except _errors_of(engine) as error:
            raise unavailable(error) from error

    @contextmanager
    def glancing(self) -> Iterator[Connection]:
        """Open a connection for the SELECT of the guard; use the host's own if it has one open.

        Usually the host has loaded its user on that connection. Sharing it saves a connection in
        each request, and both read the same state of the database at any isolation level.

        Raises:
            StorageUnavailable: the database did not answer.
        """
        engine = self._engine()
        try:
            connection = self._session.connection(engine) if self._session else None
            if connection is not None:
                yield connection
                return
        except _errors_of(engine) as error:
            raise unavailable(error) from error
        with self.reading() as connection:
            yield connection

    @contextmanager
    def reading(self, *, patiently: bool = False) -> Iterator[Connection]:
        """Open a connection for one SELECT.

        Args:
            patiently: whether it may take long. The `statement_timeout` that PostgreSQL has for the
                host's requests is for people who wait.

        Raises:
            StorageUnavailable: the database did not answer.
        """
        engine = self._engine()
        try:
            with engine.connect() as connection:
                if patiently and connection.dialect.name == "postgresql":
                    # For this transaction alone: behind a pooler, its session serves others next.
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                elif connection.dialect.name != "sqlite":
                    # Saves the round trips of BEGIN and ROLLBACK. Set on the connection, since
                    # `Engine.execution_options` would create another engine each time.
                    connection.execution_options(isolation_level="AUTOCOMMIT")
                yield connection
        except _errors_of(engine) as error:
            raise unavailable(error) from error


def _errors_of(engine: Engine) -> tuple[type[Exception], ...]:
    """Return the errors of a database that doesn't answer or refuses.

    A connection that is given back raises the driver's own, and pg8000 a bare `TimeoutError`.
    """
    return SQLAlchemyError, engine.dialect.loaded_dbapi.Error, TimeoutError


def _once(engine: Engine, work: Callable[[Connection], T]) -> T:
    refusal, worked = None, False
    try:
        with engine.begin() as connection:
            _prepare(connection)
            try:
                result = work(connection)
            except Refusal as raised:
                refusal = raised
            worked = True
    except DBAPIError as error:
        if worked and is_lost(error):
            # It may have been committed, so the same work could be done twice.
            raise unavailable(error) from error
        raise
    if refusal is not None:
        raise refusal
    return result


def _prepare(connection: Connection) -> None:
    """Make a transaction see what others have committed, and wait for them where it has to.

    SQLite's write lock is taken at once, since a reader that writes later may fail.

    MySQL's default, REPEATABLE READ, would show the state at the first SELECT beside rows that were
    locked later: a ticket that another request has used up, or too few wrong codes. The setting is
    for this transaction only, so the host's own keep theirs.
    """
    if is_mysql(connection.dialect):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    if connection.dialect.name != "sqlite":
        return
    driver = connection.connection.driver_connection
    # An in-memory database shares one connection, which may be in a transaction already.
    if isinstance(driver, sqlite3.Connection) and not driver.in_transaction:
        driver.execute("BEGIN IMMEDIATE")


def unavailable(error: Exception) -> StorageUnavailable:
    """Return a `StorageUnavailable` for an error; log its class, but no values of statements."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    log.error("database error", extra={"cause": type(cause).__name__})
    text = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    if misses_table(error):
        text = "the tables are missing: 'flask twofactor doctor' names the command"
    return StorageUnavailable(text)
