"""Two changes at once, the second of which waits for the first."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from flask import Flask

# Connections to this database that wait for another one's lock. On SQLite the second change waits
# for all of the first, so it makes no difference when it begins.
WAITING = {
    "postgresql": """SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'""",
    "mysql": """SELECT count(*) FROM information_schema.innodb_trx AS t
        JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id
        WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()""",
}
# Seconds. MariaDB looks for waiting connections anew after 0.1 s without a look.
AGAIN, PATIENCE = 0.15, 30


def meanwhile(
    app: Flask, first: Callable[[Any], object], second: Callable[[], object]
) -> Future[object]:
    """Begin the second change while the transaction of the first is open.

    Args:
        app: the application.
        first: does work in a transaction that it is given.
        second: runs a use case in another thread.

    Returns:
        The result of the second, or its exception.
    """

    def run() -> object:
        with app.app_context():
            return second()

    with ThreadPoolExecutor(1) as pool:

        def work(transaction: Any) -> Future[object]:
            first(transaction)
            begun = pool.submit(run)
            _until_it_waits(app, begun)
            return begun

        return app.extensions["twofactor"].kit.store.run(work)  # type: ignore[no-any-return]  # extensions are of any type


def _until_it_waits(app: Flask, begun: Future[object]) -> None:
    """Return when the second change waits for the first one, or has ended without."""
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
    statement = WAITING.get("mysql" if engine.dialect.name == "mariadb" else engine.dialect.name)
    end = time.monotonic() + PATIENCE
    while statement and not begun.done():
        with engine.connect() as connection:
            if connection.exec_driver_sql(statement).scalar():
                return
        assert time.monotonic() < end, "the second change neither waits nor ends"
        time.sleep(AGAIN)
