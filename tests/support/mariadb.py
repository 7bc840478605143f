"""A private MariaDB server for one test run: no network, nothing kept, gone afterwards."""

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# What an operator has to write, too (`docs/operations.md`).
AS_IT_SHOULD_BE = "CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"


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


class Server:
    """Starts on a Unix socket in a temporary folder, hands out empty databases."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.socket = folder / "socket"
        self._numbers = itertools.count(1)
        account = self._account()
        common = ["--no-defaults", f"--datadir={folder / 'data'}", f"--tmpdir={folder}"]
        install = ["mariadb-install-db", *common, "--auth-root-authentication-method=normal"]
        subprocess.run(
            [*install, "--skip-test-db", "--skip-name-resolve"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **account,
        )
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [
                str(program("mariadbd")),
                *common,
                f"--socket={self.socket}",
                f"--pid-file={folder / 'pid'}",
                "--skip-networking",
                "--skip-log-bin",
                "--max-connections=200",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-doublewrite=0",
                "--innodb-flush-method=nosync",
                "--innodb-buffer-pool-size=64M",
                "--innodb-log-file-size=32M",
                *options,
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            **account,
        )
        self._wait()

    def _account(self) -> dict[str, Any]:
        """MariaDB should not run as root: step down to a user who owns the folder."""
        if os.geteuid() != 0:
            return {}
        for name in ("mysql", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            # Other processes of the test have to reach the socket.
            self.folder.chmod(0o755)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        raise RuntimeError("no user to run MariaDB as")

    def connect(self, database: str | None = None) -> Any:
        """A connection of its own; each statement is a transaction."""
        import pymysql

        return pymysql.connect(
            unix_socket=str(self.socket), user="root", database=database, autocommit=True
        )

    def run(self, *statements: str) -> None:
        """Send statements as the server's administrator."""
        connection = self.connect()
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.close()

    def _wait(self, seconds: float = 60.0) -> None:
        """Wait for the socket; PyMySQL would leave one open for each attempt that fails."""
        deadline = time.monotonic() + seconds
        while True:
            with socket.socket(socket.AF_UNIX) as attempt:
                try:
                    attempt.connect(str(self.socket))
                except OSError:
                    if self._process.poll() is not None or time.monotonic() > deadline:
                        self.stop()
                        raise
                else:
                    break
            time.sleep(0.05)
        self.connect().close()

    def create_database(self, kind: str = AS_IT_SHOULD_BE) -> str:
        """The SQLAlchemy address of a new, empty database.

        Args:
            kind: character set and collation, as CREATE DATABASE takes them.
        """
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} {kind}")
        return f"mysql+pymysql://root@localhost/{name}?unix_socket={self.socket}"

    def end_connections(self, name: str) -> None:
        """End the connections of others to a database, and what they have open."""
        connection = self.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (name,))
            for [number] in cursor.fetchall():
                # One that has ended by itself meanwhile is no error within a block.
                cursor.execute(
                    f"BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR 1094 BEGIN END; KILL {number};"
                    " END"
                )

    def drop_database(self, uri: str) -> None:
        """Remove it; connections of others would make this wait, so they end first."""
        name = uri.partition("root@localhost/")[2].partition("?")[0]
        self.end_connections(name)
        self.run(f"DROP DATABASE {name}")

    def stop(self) -> None:
        """End it at once, since nothing is kept."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(*options: str) -> Server:
    """A running server; skips the test where there is none to start, except in CI."""
    if program("mariadbd") is None or program("mariadb-install-db") is None:
        if os.environ.get("CI"):
            pytest.fail("MariaDB's server is missing; CI must have it")
        pytest.skip("MariaDB's server is not installed")
    # A short path, since a Unix socket's may have 107 bytes at most.
    return Server(Path(tempfile.mkdtemp(prefix="my-", dir="/tmp")), *options)
