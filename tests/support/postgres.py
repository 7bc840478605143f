"""A private PostgreSQL server, and how its databases are emptied (`servers`, `recycled`)."""

import re
import shutil
import signal
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from . import servers

# Rows that were deleted stay in the files, since nothing vacuums them.
USES = 150

_CATALOGUES = """
    attrdef attribute class constraint db_role_setting enum event_trigger extension index inherits
    namespace policy proc rewrite sequence trigger type
"""
_STATE = " UNION ALL ".join(
    f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM pg_catalog.pg_{name}"
    for name in _CATALOGUES.split()
)
_OWN = "NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
_TABLES = f"""SELECT format('DELETE FROM %I.%I', nspname, relname) FROM pg_class
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'r' AND nspname {_OWN}"""
_SEQUENCES = f"""SELECT format('SELECT setval(%L, %s, false)',
        format('%I.%I', schemaname, sequencename), start_value)
    FROM pg_sequences WHERE schemaname {_OWN}"""
_OTHERS = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


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


class Server(servers.Server):
    """PostgreSQL without fsync."""

    engine = "PostgreSQL"
    accounts = ("postgres",)
    stopping = signal.SIGINT

    @classmethod
    def is_installed(cls) -> bool:
        return binaries() is not None

    def installation(self) -> list[str]:
        initdb = [f"{binaries()}/initdb", f"--pgdata={self.folder / 'data'}", "--username=portal"]
        return [*initdb, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "max_connections": "100",
        }
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        return [f"{binaries()}/postgres", "-D", str(self.folder / "data"), *options]

    def connect(self, database: str | None = None) -> Any:
        import psycopg

        return psycopg.connect(
            host=str(self.folder), user="portal", dbname=database or "postgres", autocommit=True
        )

    def is_ready(self) -> bool:
        import psycopg

        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def uri_of(self, name: str) -> str:
        return f"postgresql+psycopg://portal@/{name}?host={self.folder}"

    def drop_database(self, uri: str) -> None:
        self.run(f"DROP DATABASE {make_url(uri).database} WITH (FORCE)")

    def be_durable(self) -> None:
        """From now on a commit waits for the disk, as in earnest: for who measures."""
        names = ("fsync", "synchronous_commit", "full_page_writes")
        self.run(*(f"ALTER SYSTEM SET {name} = on" for name in names), "SELECT pg_reload_conf()")


start = Server.start


def end_others(cursor: Any) -> None:
    """End the connections of others to the same database, and what they have open."""
    cursor.execute(_OTHERS)


def state(cursor: Any) -> frozenset[Any]:
    """Figures that change with each table, index, sequence or the like."""
    cursor.execute(_STATE)
    return frozenset(cursor.fetchall())


def at_once(statements: list[str]) -> str:
    """One text that the server runs as these statements."""
    return ";".join(statements)


def dropping(_tables: frozenset[str]) -> list[str]:
    """The statements that leave no table."""
    return ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"]


def emptying(cursor: Any) -> list[str]:
    """The statements that empty all tables and let their numbers begin at 1."""
    cursor.execute(f"{_TABLES} UNION ALL {_SEQUENCES}")
    steps = [text for [text] in cursor.fetchall()]
    return ["BEGIN", "SET LOCAL session_replication_role = replica", *steps, "COMMIT"]
