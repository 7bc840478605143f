"""A transaction of the request that is done again when the database asks for it."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from portal.extensions import db

T = TypeVar("T")

ATTEMPTS = 3
# PostgreSQL and what speaks its language: serialization failure and deadlock.
ASKED = ("40001", "40P01")


def done_again(work: Callable[[], T]) -> T:
    """Do the work, commit included; of two that wait for each other, one has to begin once more.

    Args:
        work: what is done with `db.session`, and changes nothing but the database.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except DBAPIError as error:
            db.session.rollback()
            if getattr(error.orig, "sqlstate", None) not in ASKED:
                raise
    return work()
