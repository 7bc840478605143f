"""SQLite connections of applications that a test threw away, closed when their engine goes.

From Python 3.13 on, a connection that is collected unclosed is a ResourceWarning, and so a failure
in whatever test runs at that moment. A process that ends closes them; here the pool's end does.
"""

import sqlite3
import weakref
from contextlib import suppress
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool


def with_their_engine() -> None:
    """Close each SQLite connection as soon as nothing but a finalizer knows its pool."""
    event.listen(Pool, "connect", _when_it_goes)


def _when_it_goes(connection: Any, record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        weakref.finalize(record, _close, connection)


def _close(connection: sqlite3.Connection) -> None:
    # A connection of another thread can't be closed here.
    with suppress(sqlite3.ProgrammingError):
        connection.close()
