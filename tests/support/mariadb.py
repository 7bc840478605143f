"""A private MariaDB server, and how its databases are emptied (`servers`, `recycled`)."""

import math
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import make_url

from . import servers

# What an operator has to write, too (`docs/operations.md`).
AS_IT_SHOULD_BE = "CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
# InnoDB clears away deleted rows by itself.
USES = math.inf

_STATE = """
    SELECT 'column', table_name, column_name, column_type, is_nullable, column_default,
        collation_name FROM information_schema.columns WHERE table_schema = DATABASE()
    UNION ALL SELECT 'index', table_name, index_name, column_name, non_unique, seq_in_index, NULL
        FROM information_schema.statistics WHERE table_schema = DATABASE()
    UNION ALL SELECT 'trigger', trigger_name, NULL, NULL, NULL, NULL, NULL
        FROM information_schema.triggers WHERE trigger_schema = DATABASE()
"""
_TABLES = """
    SELECT table_name, auto_increment IS NOT NULL FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
"""
_OTHERS = """
    SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()
"""
# Writing the table anew takes longer than the question.
_COUNT_ANEW = """
    IF (SELECT auto_increment FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_name = '{0}') > 1
    THEN ALTER TABLE `{0}` AUTO_INCREMENT = 1; END IF
"""


def program(name: str) -> str | None:
    """Debian keeps the server where only root's PATH looks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def closed_afterwards() -> Iterator[None]:
    """Close what the applications of a test have left open, as their process would at its end.

    PyMySQL is Python, so each connection that is merely dropped warns of its socket.
    """
    from sqlalchemy import event
    from sqlalchemy.pool import Pool

    opened: list[Any] = []

    def note(connection: Any, _record: Any) -> None:
        opened.append(connection)

    event.listen(Pool, "connect", note)
    try:
        yield
    finally:
        event.remove(Pool, "connect", note)
        for connection in opened:
            if getattr(connection, "open", False):
                connection.close()


class Server(servers.Server):
    """MariaDB that waits for no disk."""

    engine = "MariaDB"
    accounts = ("mysql",)
    stopping = signal.SIGKILL

    @classmethod
    def is_installed(cls) -> bool:
        return all(map(program, ("mariadbd", "mariadb-install-db")))

    @property
    def socket(self) -> str:
        return str(self.folder / "socket")

    def _common(self) -> list[str]:
        return ["--no-defaults", f"--datadir={self.folder / 'data'}", f"--tmpdir={self.folder}"]

    def installation(self) -> list[str]:
        install = [str(program("mariadb-install-db")), *self._common()]
        install += ["--auth-root-authentication-method=normal"]
        return [*install, "--skip-test-db", "--skip-name-resolve"]

    def command(self) -> list[str]:
        return [
            str(program("mariadbd")),
            *self._common(),
            f"--socket={self.socket}",
            f"--pid-file={self.folder / 'pid'}",
            "--skip-networking",
            "--skip-log-bin",
            "--max-connections=200",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0",
            "--innodb-flush-method=nosync",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
        ]

    def connect(self, database: str | None = None) -> Any:
        import pymysql

        return pymysql.connect(
            unix_socket=self.socket,
            user="root",
            database=database,
            autocommit=True,
            ssl_disabled=True,
        )

    def is_ready(self) -> bool:
        """Look at the socket; PyMySQL would leave one open for each attempt that fails."""
        with socket.socket(socket.AF_UNIX) as attempt:
            try:
                attempt.connect(self.socket)
            except OSError:
                return False
        self.connect().close()
        return True

    def uri_of(self, name: str) -> str:
        """Return the address; without TLS, for which PyMySQL reads all certificates each time."""
        options = f"unix_socket={self.socket}&ssl_disabled=1"
        return f"mysql+pymysql://root@localhost/{name}?{options}"

    def create_database(self, kind: str = AS_IT_SHOULD_BE) -> str:
        return super().create_database(kind)

    def drop_database(self, uri: str) -> None:
        """Remove it; connections of others would make this wait, so they end first."""
        name = make_url(uri).database
        connection = self.connect(name)
        with connection, connection.cursor() as cursor:
            end_others(cursor)
            cursor.execute(f"DROP DATABASE {name}")


start = Server.start


def end_others(cursor: Any) -> None:
    """End the connections of others to the same database, and what they have open."""
    cursor.execute(_OTHERS)
    for [number] in cursor.fetchall():
        # One that has ended by itself meanwhile is no error within a block.
        handled = "DECLARE CONTINUE HANDLER FOR 1094 BEGIN END"
        cursor.execute(f"BEGIN NOT ATOMIC {handled}; KILL {number}; END")


def state(cursor: Any) -> frozenset[Any]:
    """All columns, indexes and triggers."""
    cursor.execute(_STATE)
    return frozenset(cursor.fetchall())


def at_once(statements: list[str]) -> str:
    """One text that the server runs as these statements."""
    return f"BEGIN NOT ATOMIC {';'.join(statements)}; END"


def dropping(tables: frozenset[str]) -> list[str]:
    """The statements that remove these tables."""
    return _whatever_refers([f"DROP TABLE {', '.join(f'`{name}`' for name in sorted(tables))}"])


def emptying(cursor: Any) -> list[str]:
    """The statements that empty all tables and let their numbers begin at 1."""
    cursor.execute(_TABLES)
    steps = []
    for name, counts in cursor.fetchall():
        steps.append(f"DELETE FROM `{name}`")
        if counts:
            steps.append(_COUNT_ANEW.format(name))
    return _whatever_refers(steps)


def _whatever_refers(steps: list[str]) -> list[str]:
    return ["SET foreign_key_checks = 0", *steps, "SET foreign_key_checks = 1"]
