"""A private PgBouncer in transaction mode in front of a private PostgreSQL server.

Its settings are those of `docs/operations.md`; it listens on a Unix socket in a temporary folder.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from . import postgres

_SETTINGS = """
[databases]
* = host={server} user=portal

[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {folder}
auth_type = any
admin_users = portal
logfile = {folder}/log
pidfile = {folder}/pid
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
query_wait_timeout = {patience}
server_login_retry = 1
server_round_robin = 1
"""


def program() -> str | None:
    """Debian keeps it where only root's PATH looks."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Pooler:
    """A running PgBouncer; each transaction may get another connection of the server.

    Args:
        server: the folder with the socket of PostgreSQL.
        size: connections to the server for each database.
        patience: seconds for which a transaction waits for one of them.
    """

    def __init__(self, server: Path, size: int = 40, patience: int = 15) -> None:
        found = program()
        if found is None:
            if os.environ.get("CI"):
                pytest.fail("pgbouncer is missing; CI must have it")
            pytest.skip("pgbouncer is not installed")
        self.folder = Path(tempfile.mkdtemp(prefix="pb-", dir="/tmp"))
        settings = self.folder / "pgbouncer.ini"
        settings.write_text(
            _SETTINGS.format(server=server, folder=self.folder, size=size, patience=patience)
        )
        self._process = subprocess.Popen(
            [found, "--quiet", str(settings)], stdout=subprocess.DEVNULL, **self._account(server)
        )
        self._wait()

    def _account(self, server: Path) -> dict[str, Any]:
        """PgBouncer refuses to run as root: step down to the user of the server, whose socket it
        has to open.
        """
        if os.geteuid() != 0:
            return {}
        owner = server.stat()
        for path in (self.folder, *self.folder.iterdir()):
            os.chown(path, owner.st_uid, owner.st_gid)
        return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}

    def connect(self, database: str = "pgbouncer") -> Any:
        """A connection through the pooler, to its own console where no database is named."""
        import psycopg

        return psycopg.connect(
            host=str(self.folder),
            port=6432,
            user="portal",
            dbname=database,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.ClientCursor,  # the console speaks no extended protocol
        )

    def _wait(self, seconds: float = 10.0) -> None:
        import psycopg

        deadline = time.monotonic() + seconds
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise
                time.sleep(0.02)
            else:
                return

    def through(self, uri: str) -> str:
        """The address of the same database by way of the pooler."""
        url = make_url(uri).set(query={"host": str(self.folder), "port": "6432"})
        return url.render_as_string(hide_password=False)

    def stop(self) -> None:
        """End it at once, and leave no trace."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


def start(server: postgres.Server, **settings: int) -> Pooler:
    """A pooler in front of a server; skips the test where there is none to start, except in CI."""
    return Pooler(server.folder, **settings)
