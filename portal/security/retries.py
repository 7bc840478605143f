"""Retry a transaction after a deadlock or a serialization failure.

InnoDB finds deadlocks between single statements, too: between the first INSERTs of a key and a
DELETE of it. So no write is too short for this.
"""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, UpdateBase
from sqlalchemy.exc import DBAPIError

from portal.extensions import db
from portal.security.database import rows_hit

T = TypeVar("T")

ATTEMPTS = 3
# Of writes that take no time to repeat, and that many requests at once may ask for.
SHORT_ATTEMPTS = 8
# SQLSTATE of PostgreSQL: serialization failure and deadlock; numbers of MySQL and MariaDB: lock
# wait timeout, deadlock, a row changed since the snapshot, a node outside of its Galera cluster.
ASKED = ("40001", "40P01", 1205, 1213, 1020, 1047)


def told_by(error: DBAPIError) -> set[str | int]:
    """Return the SQLSTATE and the number of the server's error, as far as the driver tells them.

    psycopg 3 and PyMySQL say `sqlstate`, psycopg2 `pgcode`; the first argument has the fields of
    the server's message with pg8000, and the number with drivers of MySQL.
    """
    told = [getattr(error.orig, name, None) for name in ("sqlstate", "pgcode")]
    first = error.orig.args[0] if error.orig and error.orig.args else None
    told.append(first.get("C") if isinstance(first, dict) else None)
    states = {each for each in told if isinstance(each, str)}
    return {*states, first} if isinstance(first, int) else {*states}


def is_conflict(error: DBAPIError) -> bool:
    """Return whether the database gave way to another transaction, which came first."""
    return not told_by(error).isdisjoint(ASKED)


def done_again(work: Callable[[], T]) -> T:
    """Run `work`, including its commit, up to ATTEMPTS times, and return its result.

    Args:
        work: uses `db.session` and changes nothing but the database.

    Raises:
        DBAPIError: another error, or the last attempt failed too.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except DBAPIError as error:
            db.session.rollback()
            if not is_conflict(error):
                raise
    return work()


def written(work: Callable[[Connection], T]) -> T:
    """Run `work` in a short transaction of its own, again after a conflict, and return its result.

    The transaction of `db.session` goes on untouched.

    Args:
        work: uses the connection that it gets, and changes nothing but the database.

    Raises:
        DBAPIError: another error, or attempt SHORT_ATTEMPTS failed too.
    """
    for _ in range(SHORT_ATTEMPTS - 1):
        try:
            with db.engine.begin() as connection:
                return work(connection)
        except DBAPIError as error:
            if not is_conflict(error):
                raise
    with db.engine.begin() as connection:
        return work(connection)


def rows_written(statement: UpdateBase) -> int:
    """Run one statement with `written`; return the number of rows that it changed."""
    return written(lambda connection: rows_hit(connection.execute(statement)))
