"""Retry a transaction after a deadlock or a serialization failure."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from portal.extensions import db

T = TypeVar("T")

ATTEMPTS = 3
# SQLSTATE of PostgreSQL: serialization failure and deadlock; numbers of MySQL: lock wait timeout
# and deadlock.
ASKED = ("40001", "40P01", 1205, 1213)


def is_conflict(error: DBAPIError) -> bool:
    """Return whether the database gave way to another transaction, which came first."""
    told = error.orig.args[:1] if error.orig else ()
    return getattr(error.orig, "sqlstate", None) in ASKED or (bool(told) and told[0] in ASKED)


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
