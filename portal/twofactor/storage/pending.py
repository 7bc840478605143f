"""What the host's session has pending in an SQLite file, where one connection writes at a time."""

import sqlite3
from typing import Any

from sqlalchemy import Engine, SingletonThreadPool, StaticPool

# `sqlite3.LEGACY_TRANSACTION_CONTROL`: a transaction is begun by the first write, not by a read.
_LEGACY = -1


def write_open(sessions: Any, engine: Engine) -> bool:
    """Whether the session holds the lock that any other connection would wait for in vain.

    It says so only where it is sure: not within a savepoint, nor where the application begins its
    transactions itself, since those may have read only.

    Args:
        sessions: the scoped session of Flask-SQLAlchemy.
        engine: the one that is to write.
    """
    shared = isinstance(engine.pool, StaticPool | SingletonThreadPool)  # a database in memory
    if engine.dialect.name != "sqlite" or shared or not sessions.registry.has():
        return False
    session = sessions()
    if not session.in_transaction() or session.in_nested_transaction():
        return False
    connection = session.connection(bind_arguments={"bind": engine})
    driver = connection.connection.driver_connection
    return (
        isinstance(driver, sqlite3.Connection)
        and driver.isolation_level is not None
        and getattr(driver, "autocommit", _LEGACY) == _LEGACY
        and driver.in_transaction
    )
