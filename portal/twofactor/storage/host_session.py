"""Access to the SQLAlchemy session of the host's request: its connection and its locks.

The ORM is the host's; this package needs none of it to start, and does not load it.
"""

import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, SingletonThreadPool, StaticPool, inspect

from ..engines import is_mysql

if TYPE_CHECKING:
    from sqlalchemy.orm import InstanceState

# `sqlite3.LEGACY_TRANSACTION_CONTROL`: the first write begins a transaction, a read does not.
_LEGACY = -1


def read_anew(row: Any) -> None:
    """Reload a row of the host, since another connection may have changed it.

    A row with changes that the host has not written yet is left as it is, and so is one that the
    database does not have (yet): where the host reads from a replica, a new user may be missing.

    On MySQL the row is read in a transaction apart: a plain SELECT would show it as it was when the
    session began to read, and one with a lock would let a change of the same request wait for it.
    """
    from sqlalchemy.orm import InstanceState, Session

    state = inspect(row, raiseerr=False)
    if not isinstance(state, InstanceState) or state.identity is None:
        return
    if state.session is not None and not state.modified:
        if is_mysql(state.session.get_bind(state.mapper).dialect):
            with Session(state.session.get_bind(state.mapper)) as apart:
                _take_over(row, apart.get(state.class_, state.identity), state)
            return
        # Unlike `refresh`, this leaves the row alone if it is not found.
        state.session.get(state.class_, state.identity, populate_existing=True)


def _take_over(row: Any, found: Any, state: "InstanceState[Any]") -> None:
    from sqlalchemy.orm.attributes import set_committed_value

    if found is None:
        return
    read = inspect(found).dict
    for attribute in state.mapper.column_attrs:
        if attribute.key in read:
            set_committed_value(row, attribute.key, read[attribute.key])


class HostSession:
    """The open transaction of the host's request. Outside a request there is none.

    Args:
        sessions: the scoped session of Flask-SQLAlchemy.
    """

    def __init__(self, sessions: Any) -> None:
        self._sessions = sessions

    def connection(self, engine: Engine) -> Connection | None:
        """Return the connection of the session's transaction, `None` if it can't be used.

        It can't be used within a savepoint, where SQLite would keep a read lock that blocks other
        connections. A session that has not used this engine yet begins a transaction on it.
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
        """Return whether the session holds the write lock of an SQLite file.

        Another connection would wait for the lock in vain. The result is true only if it is
        certain. It is false within a savepoint, and if the application begins its transactions
        itself, since these may only have read.
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
