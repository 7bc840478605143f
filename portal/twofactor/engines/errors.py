"""Recognise errors of every driver that SQLAlchemy has for the supported databases.

psycopg 3 and mysql-connector say `sqlstate`, psycopg2 `pgcode`, asyncpg both; pg8000 has the fields
of the server's message in its first argument; PyMySQL and mysqlclient have the number of MySQL
there.
"""

import sqlite3

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

# SQLSTATEs of PostgreSQL and compatible databases: serialization failure and deadlock.
_STATES = frozenset({"40001", "40P01"})
# Numbers of MySQL and MariaDB: lock wait timeout, deadlock (and a conflict with another node of a
# Galera cluster), a row that has changed since the snapshot (`innodb_snapshot_isolation`), and a
# node that takes no statements, since it is not (or no longer) with the others.
_NUMBERS = frozenset({1205, 1213, 1020, 1047})
# The server ends the connection: an operator or a shutdown, a crash of another process. What
# SQLAlchemy recognises besides are the errors of drivers that find the connection gone.
_ENDED = frozenset({"57P01", "57P02"})
# The server ends the connection (shutdown, KILL, idle for too long), or it is gone. PyMySQL says 0
# at the second use.
_ENDED_NUMBERS = frozenset({0, 1053, 1927, 2006, 2013, 2055, 3169, 4031})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_NO_TABLE, _NO_TABLE_NUMBER = "42P01", 1146


def may_try_again(error: Exception) -> bool:
    """Return whether the same work can succeed on the next attempt.

    An integrity error can: another worker wrote the row first, and the next attempt reads it. A
    node of a cluster that was cut off amid a commit (1180) can't, as the commit may have happened.
    """
    if isinstance(error, IntegrityError):
        return True
    cause = _cause(error)
    if isinstance(cause, sqlite3.OperationalError):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _BUSY
    return state_of(cause) in _STATES or number_of(cause) in _NUMBERS


def is_lost(error: Exception) -> bool:
    """Return whether the connection was lost, and with it what it had not committed.

    A connection that could not be made is none that was lost.
    """
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    cause = _cause(error)
    state = state_of(cause) or ""
    return state in _ENDED or state.startswith("08") or number_of(cause) in _ENDED_NUMBERS


def misses_table(error: Exception) -> bool:
    """Return whether a table does not exist."""
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        return "no such table" in str(cause)
    return state_of(cause) == _NO_TABLE or number_of(cause) == _NO_TABLE_NUMBER


def refuses_value(error: DBAPIError) -> bool:
    """Return whether the server can't take a value, such as a text for a number.

    pg8000 has another class for that than the other drivers.
    """
    return isinstance(error, DataError) or (state_of(_cause(error)) or "").startswith("22")


def state_of(cause: BaseException) -> str | None:
    """Return the SQLSTATE that a driver's exception tells, if it does."""
    for name in ("sqlstate", "pgcode"):
        if isinstance(told := getattr(cause, name, None), str):
            return told
    fields = cause.args[0] if cause.args else None
    told = fields.get("C") if isinstance(fields, dict) else None
    return told if isinstance(told, str) else None


def number_of(cause: BaseException) -> int | None:
    """Return the number of a MySQL error, if it is one."""
    told = cause.args[0] if cause.args else None
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def _cause(error: Exception) -> BaseException:
    return (error.orig or error) if isinstance(error, DBAPIError) else error
