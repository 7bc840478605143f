"""A private PostgreSQL server for one test run: no network, no fsync, gone afterwards."""

import itertools
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest


def binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, the newest version first."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0),
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Server:
    """Starts on a Unix socket in a temporary folder, hands out empty databases."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)
        account = self._account()
        data = folder / "data"
        initdb: list[str | Path] = [programs / "initdb", "--pgdata", data]
        initdb += ["--username=portal", "--auth=trust"]
        initdb += ["--no-sync", "--encoding=UTF8", "--locale=C"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, **account)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "max_connections": "100",
        }
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [programs / "postgres", "-D", data, *options],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            **account,
        )
        self._wait()

    def _account(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root: step down to a user who owns the folder."""
        if os.geteuid() != 0:
            return {}
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        raise RuntimeError("no user to run PostgreSQL as")

    def connect(self, database: str = "postgres") -> Any:
        """A connection of its own; each statement is a transaction."""
        import psycopg

        return psycopg.connect(
            host=str(self.folder), user="portal", dbname=database, autocommit=True
        )

    def _wait(self, seconds: float = 30.0) -> None:
        import psycopg

        deadline = time.monotonic() + seconds
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise
                time.sleep(0.05)
            else:
                return

    def create_database(self) -> str:
        """The SQLAlchemy address of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://portal@/{name}?host={self.folder}"

    def be_durable(self) -> None:
        """From now on a commit waits for the disk, as in earnest: for who measures."""
        with self.connect() as connection:
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {name} = on")
            connection.execute("SELECT pg_reload_conf()")

    def drop_database(self, uri: str) -> None:
        """Remove it, even while clients are connected."""
        name = uri.partition("portal@/")[2].partition("?")[0]
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Fast shutdown, and no trace left."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def start() -> Server:
    """A running server; skips the test where there is none to start, except in CI."""
    programs = binaries()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL's server binaries are missing; CI must have them")
        pytest.skip("PostgreSQL's server binaries are not installed")
    # A short path, since a Unix socket's may have 107 bytes at most.
    return Server(Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp")), programs)
