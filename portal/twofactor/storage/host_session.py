"""The session of the host's request: what it keeps others from, and what can be read on it."""

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, SingletonThreadPool, StaticPool, inspect
from sqlalchemy.orm import InstanceState

# `sqlite3.LEGACY_TRANSACTION_CONTROL`: a transaction is begun by the first write, not by a read.
_LEGACY = -1


def read_anew(row: Any) -> None:
    """Read a row of the host's again, as another connection may have changed it.

    What the host has changed of it and not yet written stays as it is.
    """
    state = inspect(row, raiseerr=False)
    if isinstance(state, InstanceState) and state.session is not None and not state.modified:
        state.session.refresh(row)


class HostSession:
    """What the host's request has open at this moment; nothing outside of one.

    Args:
        sessions: the scoped session of Flask-SQLAlchemy.
    """

    def __init__(self, sessions: Any) -> None:
        self._sessions = sessions

    def connection(self, engine: Engine) -> Connection | None:
        """The connection of its transaction, if one is open that can still be used.

        Not within a savepoint, where SQLite would hold for others what was only read. A
        transaction of the session that has not been at this engine yet begins there.
        """
        if not self._sessions.registry.has():
            return None
        session = self._sessions()
        usable = session.in_transaction() and session.is_active
        if not usable or session.in_nested_transaction():
            return None
        found: Connection = session.connection(bind_arguments={"bind": engine})
        return found

    def holds_write(self, engine: Engine) -> bool:
        """Whether it holds the lock of an SQLite file, where one connection writes at a time.

        Any other connection would wait for that in vain. It says so only where it is sure: not
        within a savepoint, nor where the application begins its transactions itself, since those
        may have read only.
        """
        shared = isinstance(engine.pool, StaticPool | SingletonThreadPool)  # a database in memory
        if engine.dialect.name != "sqlite" or shared:
            return False
        connection = self.connection(engine)
        if connection is None:
            return False
        driver = connection.connection.driver_connection
        return (
            isinstance(driver, sqlite3.Connection)
            and driver.isolation_level is not None
            and getattr(driver, "autocommit", _LEGACY) == _LEGACY
            and driver.in_transaction
        )
