"""Time limits on PostgreSQL, also behind a pooler such as PgBouncer in transaction mode.

Behind one, each transaction may run in another session of the server. What is SET for a session
then stays with a session that goes on to serve others, and a statement that was prepared in one is
unknown in the next.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

# The key in `Connection.info`: each transaction sets its own limits.
_POOLED = "portal_pooled"


def patience(uri: str, seconds: int) -> dict[str, Any]:
    """Return the driver's timeouts for a server that is unreachable or no longer answers.

    psycopg 3 and psycopg2 have those of libpq. pg8000 has one for each answer, so it is longer than
    the limits that the server is told, which end a statement and no connection.

    Args:
        uri: the address of the database, with its driver.
        seconds: how long to wait.
    """
    if has_one_timeout(uri):
        return {"timeout": seconds + 2}
    return {
        "connect_timeout": seconds,
        "tcp_user_timeout": 1000 * seconds,
        "keepalives_idle": seconds,
        "keepalives_interval": max(1, seconds // 3),
        "keepalives_count": 3,
    }


def has_one_timeout(uri: str) -> bool:
    """Return whether the driver has one timeout only, which no statement may exceed."""
    return uri.startswith("postgresql+pg8000")


def limit(engine: Engine, seconds: int) -> None:
    """Set statement_timeout and lock_timeout on each connection of the engine.

    They are no connection parameters, since PgBouncer refuses these. The server does not apply them
    to a commit, which `confirmed` does.
    """
    limits = "; ".join(
        f"SET LOCAL {name} = '{seconds}s'" for name in ("statement_timeout", "lock_timeout")
    )

    def connect(_dialect: Any, _record: Any, arguments: Any, parameters: Any) -> Any:
        from portal.security import confirmed  # needs the driver

        return confirmed.connect(seconds, *arguments, **parameters)

    def prepare(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("SELECT pg_backend_pid()")
        [serving] = cursor.fetchone()
        if serving == _announced(connection):
            cursor.execute(limits.replace("SET LOCAL", "SET"))
        else:
            record.info[_POOLED] = True
            if hasattr(connection, "prepare_threshold"):
                connection.prepare_threshold = None
        cursor.close()
        connection.commit()

    def begin(connection: Connection) -> None:
        if connection.info.get(_POOLED):
            _begin(connection.connection.driver_connection, limits)

    if engine.driver == "psycopg":
        event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    if has_one_timeout(engine.url.drivername):
        event.listen(engine, "do_connect", _connect)


def _connect(dialect: Any, _record: Any, values: Any, names: Any) -> Any:
    """Connect with pg8000, whose timeout before the first answer is no error of a database.

    Raises:
        Exception: `OperationalError` of the driver, which SQLAlchemy passes on as its own.
    """
    try:
        return dialect.connect(*values, **names)
    except TimeoutError as error:
        raise dialect.dbapi.OperationalError("the server does not answer") from error


def _announced(connection: Any) -> int | None:
    """Return the process that was announced to psycopg; a pooler announces none of the server's."""
    return getattr(getattr(connection, "info", None), "backend_pid", None)


def _begin(driver: Any, limits: str) -> None:
    """Begin a transaction with its limits, in one round trip where the driver allows that.

    psycopg would begin it with a round trip of its own before the first statement.

    Raises:
        OperationalError: the pooler or the server refused.
    """
    if driver.autocommit:
        return
    if not hasattr(driver, "pgconn"):
        driver.cursor().execute(limits)
        return
    from psycopg import OperationalError as Refused
    from psycopg.pq import ExecStatus

    level = driver.isolation_level
    isolation = f" ISOLATION LEVEL {level.name.replace('_', ' ')}" if level is not None else ""
    result = driver.pgconn.exec_(f"BEGIN{isolation}; {limits}".encode())
    if result.status != ExecStatus.COMMAND_OK:
        told = result.error_message.decode(errors="replace").strip()
        raise OperationalError("BEGIN", None, Refused(told or "the connection is lost"))
