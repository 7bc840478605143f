"""Configure the database; connections, locks and statements time out after
DATABASE_TIMEOUT_SECONDS.
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from flask import Flask
from sqlalchemy import CursorResult, Result, event
from sqlalchemy.exc import DBAPIError

from portal.extensions import db, migrate

Prepare = Callable[[Any, Any], None]


def init_database(app: Flask) -> None:
    """Set up the database and its timeouts from DATABASE_TIMEOUT_SECONDS."""
    options = dict(app.config.get("SQLALCHEMY_ENGINE_OPTIONS") or {})
    seconds = app.config["DATABASE_TIMEOUT_SECONDS"]
    uri = app.config["SQLALCHEMY_DATABASE_URI"]
    if uri.startswith("sqlite"):
        defaults: dict[str, Any] = {"timeout": seconds}
    else:
        options = {"pool_pre_ping": True, "pool_timeout": seconds} | options
        defaults = _libpq_patience(seconds) if uri.startswith("postgresql") else {}
    options["connect_args"] = defaults | options.get("connect_args", {})
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    # Registered last, it runs first, before Flask-SQLAlchemy's own, which then has nothing to do.
    app.teardown_appcontext(_let_go)
    migrate.init_app(app, db)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "do_connect", _keep_to_owner(db.engine.url.database))
            event.listen(db.engine, "connect", _sqlite_preparation(seconds))
        elif db.engine.dialect.name == "postgresql":
            event.listen(db.engine, "connect", _postgresql_preparation(seconds))


def rows_hit(result: Result[Any]) -> int:
    """Return the number of rows that an UPDATE or a DELETE has changed."""
    return cast(CursorResult[Any], result).rowcount


def _let_go(_error: BaseException | None) -> None:
    """Return the connection to the pool; a database lost only now must not break the response."""
    try:
        db.session.remove()
    except DBAPIError as error:
        logging.getLogger(__name__).warning("database lost at the end: %s", type(error).__name__)
        db.session.registry.clear()


def sqlite_files(database: str | None) -> list[Path]:
    """Return the existing files of an SQLite database: the main file, the logs, shared memory."""
    if not database or database == ":memory:" or database.startswith("file:"):
        return []
    names = (database, *(database + end for end in ("-wal", "-shm", "-journal")))
    return [path for path in map(Path, names) if path.is_file()]


def _keep_to_owner(database: str | None) -> Callable[..., None]:
    """Return the hook that makes the files readable only by their owner, whatever the umask."""

    def prepare(*_: Any) -> None:
        if database and database != ":memory:" and not database.startswith("file:"):
            with suppress(OSError):  # SQLite reports a problem with the file itself
                os.close(os.open(database, os.O_CREAT | os.O_WRONLY, 0o600))
        for path in sqlite_files(database):
            with suppress(OSError):  # another owner's file; `doctor` reports it
                if path.stat().st_mode & 0o077:
                    path.chmod(0o600)

    return prepare


def _sqlite_preparation(seconds: int) -> Prepare:
    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {1000 * seconds}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return prepare


def _libpq_patience(seconds: int) -> dict[str, Any]:
    """Return the libpq timeouts for a server that is unreachable or no longer acknowledges data."""
    return {
        "connect_timeout": seconds,
        "tcp_user_timeout": 1000 * seconds,
        "keepalives_idle": seconds,
        "keepalives_interval": max(1, seconds // 3),
        "keepalives_count": 3,
    }


def _postgresql_preparation(seconds: int) -> Prepare:
    """Return the hook that sets statement_timeout and lock_timeout.

    It uses SET, since PgBouncer refuses them as connection parameters.
    """

    def prepare(connection: Any, _record: Any) -> None:
        before, connection.autocommit = connection.autocommit, True
        connection.execute(f"SET statement_timeout = '{seconds}s'")
        connection.execute(f"SET lock_timeout = '{seconds}s'")
        connection.autocommit = before

    return prepare
