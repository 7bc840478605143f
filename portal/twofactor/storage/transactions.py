"""The one place that opens transactions: on a connection of their own, short, tried again."""

import logging
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from ..core.errors import Refusal, StorageUnavailable, WriteOpen
from .host_session import HostSession

T = TypeVar("T")

log = logging.getLogger("portal.twofactor.storage")

ATTEMPTS = 5
# Seconds. A database that kept an attempt waiting for so long (SQLite's busy timeout) is not asked
# again: a server would take the worker for dead before it could answer.
PATIENCE = 10.0
# PostgreSQL and what speaks its language: serialization failure and deadlock.
_TRY_AGAIN = frozenset({"40001", "40P01"})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def may_try_again(error: Exception) -> bool:
    """Whether the same work can succeed on the next attempt.

    An integrity error counts: another worker was first, and the next attempt sees its row.
    """
    if isinstance(error, IntegrityError):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.OperationalError):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _BUSY
    return getattr(cause, "sqlstate", None) in _TRY_AGAIN


class Transactions:
    """Opens connections of the host's engine, apart from what the host has pending on its own.

    Args:
        engine: gives the engine when it is first needed (an extension may know it late).
        pause: waits so many seconds between two attempts.
        session: what the host's request has open, if the host has sessions.
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

        A `Refusal` commits too: what was counted must stay. Everything else rolls back. Work is
        done again, a few times, when the database asks for it, so it must change nothing but the
        database.

        Raises:
            Refusal: as the work raised it, after the commit.
            StorageUnavailable: the database did not answer, or stayed busy.
            WriteOpen: it would stay busy until the host has committed.
        """
        if self._session is not None and self._session.holds_write(self._engine()):
            raise WriteOpen(
                "the application's session has a write open in the same SQLite file, which would"
                " wait for itself: ask for the code (require, sign_in) before anything is added and"
                " flushed, or commit first"
            )
        begun = time.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(work)
            except (SQLAlchemyError, sqlite3.Error) as error:
                late = time.monotonic() - begun > PATIENCE
                if attempt == ATTEMPTS or late or not may_try_again(error):
                    raise unavailable(error) from error
                self._pause(random.uniform(0.5, 1) * 0.02 * 2**attempt)  # noqa: S311 - a pause
        raise AssertionError("unreachable")

    def _once(self, work: Callable[[Connection], T]) -> T:
        refusal = None
        with self._engine().begin() as connection:
            _begin_immediately(connection)
            try:
                result = work(connection)
            except Refusal as raised:
                refusal = raised
        if refusal is not None:
            raise refusal
        return result

    def alone(self, work: Callable[[Engine], T]) -> T:
        """Do work that opens its connections itself: the upgrade of the tables.

        Raises:
            StorageUnavailable: the database did not answer, or refused.
        """
        try:
            return work(self._engine())
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise unavailable(error) from error

    @contextmanager
    def glancing(self) -> Iterator[Connection]:
        """A connection for the guard's one SELECT: the host's own, where its request has one.

        The host has looked for its user there as a rule. That saves a connection a request, and
        what is read is as old as what else the request sees, whatever the isolation level.

        Raises:
            StorageUnavailable: the database did not answer.
        """
        try:
            connection = self._session.connection(self._engine()) if self._session else None
            if connection is not None:
                yield connection
                return
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise unavailable(error) from error
        with self.reading() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for one SELECT.

        Raises:
            StorageUnavailable: the database did not answer.
        """
        try:
            with self._engine().connect() as connection:
                if connection.dialect.name != "sqlite":
                    # Saves the round trips of BEGIN and ROLLBACK. An option of the connection:
                    # one of the engine would make an engine, and listen to it, each time.
                    connection.execution_options(isolation_level="AUTOCOMMIT")
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise unavailable(error) from error


def _begin_immediately(connection: Connection) -> None:
    """On SQLite, queue for the write lock at once: a reader that turns writer could only fail."""
    if connection.dialect.name != "sqlite":
        return
    driver = connection.connection.driver_connection
    # It is in a transaction already when an in-memory database shares its one connection.
    if isinstance(driver, sqlite3.Connection) and not driver.in_transaction:
        driver.execute("BEGIN IMMEDIATE")


def unavailable(error: Exception) -> StorageUnavailable:
    """The error as callers know it; the log gets the cause without any statement's values."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    log.error("database error", extra={"cause": type(cause).__name__})
    text = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    if "no such table" in text or getattr(cause, "sqlstate", None) == "42P01":
        text = "the tables are missing: run 'flask db upgrade' (or db.create_all())"
    return StorageUnavailable(text)
