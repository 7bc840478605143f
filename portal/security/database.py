"""Configure the database; connections, locks and statements time out after
DATABASE_TIMEOUT_SECONDS.
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    NullPool,
    Result,
    Update,
    create_engine,
    event,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from portal.config import SettingError
from portal.extensions import db, migrate
from portal.security import postgresql

Prepare = Callable[[Any, Any], None]
MYSQL = ("mysql", "mariadb")


def _options(given: Any) -> dict[str, Any]:
    if isinstance(given, dict) and isinstance(given.get("connect_args", {}), dict):
        return dict(given)
    raise SettingError("SQLALCHEMY_ENGINE_OPTIONS must be a JSON object, and so its connect_args.")


def _check_address(uri: str) -> None:
    """Check that SQLAlchemy can read the address; no message repeats it, as it has a password."""
    try:
        make_url(uri).get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        raise SettingError(
            f"SQLALCHEMY_DATABASE_URI: the driver {error.name} is not installed."
        ) from None
    except ImportError as error:  # it is installed, and a library that it needs is not
        cause = str(error).partition("\n")[0].rstrip(".")
        raise SettingError(
            f"SQLALCHEMY_DATABASE_URI: the driver can't be loaded: {cause}."
        ) from None
    except (ArgumentError, ValueError):
        raise SettingError(
            "SQLALCHEMY_DATABASE_URI must be an address that SQLAlchemy can read, such as"
            " postgresql://user:password@host:5432/portal."
        ) from None


def init_database(app: Flask) -> None:
    """Set up the database and its timeouts from DATABASE_TIMEOUT_SECONDS.

    Raises:
        SettingError: there is no such database, its driver is missing, or an option is wrong.
    """
    options = _options(app.config.get("SQLALCHEMY_ENGINE_OPTIONS") or {})
    seconds = app.config["DATABASE_TIMEOUT_SECONDS"]
    uri = app.config["SQLALCHEMY_DATABASE_URI"]
    _check_address(uri)
    if uri.startswith("sqlite"):
        defaults: dict[str, Any] = {"timeout": seconds}
    else:
        options = {"pool_pre_ping": True, "pool_timeout": seconds} | options
        defaults = postgresql.patience(uri, seconds) if uri.startswith("postgresql") else {}
        if uri.startswith(MYSQL):
            defaults = _mysql_patience(seconds)
            # With MySQL's default, REPEATABLE READ, a transaction would go on reading what others
            # have replaced meanwhile, and lock the gaps between rows. An option of the engine,
            # since SQLAlchemy sets this one again after each connection in AUTOCOMMIT.
            options = {"isolation_level": "READ COMMITTED"} | options
    options["connect_args"] = defaults | options.get("connect_args", {})
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    try:
        db.init_app(app)
    except (ArgumentError, TypeError, ValueError) as error:
        cause = str(error).partition("\n")[0]
        raise SettingError(
            f"SQLALCHEMY_DATABASE_URI or SQLALCHEMY_ENGINE_OPTIONS: {cause}"
        ) from None
    # Registered last, it runs first, before Flask-SQLAlchemy's own, which then has nothing to do.
    app.teardown_appcontext(_let_go)
    migrate.init_app(app, db)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "do_connect", _keep_to_owner(db.engine.url.database))
            event.listen(db.engine, "connect", _sqlite_preparation(seconds))
        elif db.engine.dialect.name == "postgresql":
            postgresql.limit(db.engine, seconds)
        elif is_mysql():
            event.listen(db.engine, "connect", _mysql_preparation(seconds))


def is_mysql() -> bool:
    """Return whether the portal's database is MySQL or MariaDB."""
    return db.engine.dialect.name in MYSQL


def address() -> str:
    """Return the address of the portal's database without a password, as operators know it."""
    url = db.engine.url
    query = {name: url.query[name] for name in ("host", "port", "unix_socket") if name in url.query}
    shown = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, query)
    return shown.render_as_string()


def updated(
    writer: Connection | Session, statement: Update, column: Any, row: ColumnElement[bool]
) -> Any:
    """Run an UPDATE of one row; return the new value of a column, `None` if no row was changed.

    Args:
        writer: the transaction.
        statement: the UPDATE.
        column: the column to return.
        row: the condition for the row, whatever else the UPDATE asks for.
    """
    if not is_mysql():
        return writer.execute(statement.returning(column)).scalar()
    # MySQL has no RETURNING. The row is locked by now, so it is read as it was written.
    if rows_hit(writer.execute(statement)) != 1:
        return None
    return writer.execute(select(column).where(row)).scalar_one()


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
    """Return the existing files of an SQLite database: the main file, the logs, shared memory.

    SQLite follows a link, and keeps the others beside the file that it leads to.
    """
    if not database or database == ":memory:" or database.startswith("file:"):
        return []
    file = os.path.realpath(database)
    names = (file, *(file + end for end in ("-wal", "-shm", "-journal")))
    return [path for path in map(Path, names) if path.is_file()]


def _keep_to_owner(database: str | None) -> Callable[..., None]:
    """Return the hook that makes the files readable only by their owner, whatever the umask.

    A file that is there is never opened: to close it would end the locks of this process's other
    connections, and another process could remove the log that they write to.
    """

    def prepare(*_: Any) -> None:
        if database and database != ":memory:" and not database.startswith("file:"):
            with suppress(OSError):  # it is there, or SQLite reports the problem itself
                file = os.path.realpath(database)  # O_EXCL refuses a link, also one to nothing yet
                os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
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


def _mysql_patience(seconds: int) -> dict[str, Any]:
    """Return the timeouts of PyMySQL and mysqlclient for a server that does not answer.

    They are longer than those that the server is told, which end a statement and no connection.
    """
    return {
        "charset": "utf8mb4",
        "connect_timeout": seconds,
        "read_timeout": seconds + 2,
        "write_timeout": seconds + 2,
    }


def _mysql_preparation(seconds: int) -> Prepare:
    """Return the hook that sets time limits.

    A node of a Galera cluster waits, before it reads or writes, for what other nodes have
    committed. So a session that has just begun at one is known at each, and can be ended there.
    """

    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("SHOW VARIABLES WHERE Variable_name IN ('version', 'wsrep_on')")
        told = dict(cursor.fetchall())
        is_mariadb = "mariadb" in told["version"].lower()
        limit = "max_statement_time" if is_mariadb else "max_execution_time"
        cursor.execute(f"SET SESSION {limit} = {seconds if is_mariadb else 1000 * seconds}")
        cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {seconds}")
        cursor.execute(f"SET SESSION lock_wait_timeout = {seconds}")
        if told.get("wsrep_on") == "ON":
            cursor.execute("SET SESSION wsrep_sync_wait = 7")
        cursor.close()

    return prepare


def patient_engine() -> Engine:
    """Return an engine for statements that may take long, such as changes of large tables.

    It is the portal's own but with drivers that take a time limit only when they connect: those of
    MySQL, and pg8000. They connect as the portal does, such as with TLS.
    """
    if not (is_mysql() or postgresql.has_one_timeout(db.engine.url.drivername)):
        return db.engine
    given = current_app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]
    limits = ("timeout", "read_timeout", "write_timeout")
    kept = {name: value for name, value in given.items() if name not in limits}
    return create_engine(db.engine.url, connect_args=kept, poolclass=NullPool)


def misfit() -> str | None:
    """Return what is wrong with the collation of a MySQL or MariaDB database, if anything is."""
    if not is_mysql():
        return None
    with db.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT @@collation_database").scalar_one()
        version = connection.exec_driver_sql("SELECT version()").scalar_one()
    wanted = "utf8mb4_nopad_bin" if "mariadb" in version.lower() else "utf8mb4_0900_bin"
    if found == wanted:
        return None
    return (
        f"the collation of the database is {found}, which can't hold all names or takes different"
        f" ones for the same: ALTER DATABASE ... CHARACTER SET utf8mb4 COLLATE {wanted} before"
        " there are tables"
    )
