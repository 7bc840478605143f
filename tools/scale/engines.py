"""The differences between the servers that are measured: numbers in SQL, plans and sizes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import Connection, text

from tests.support import mariadb, postgres
from tests.support.servers import Server

# Beginnings of the names of the tables whose plans are told: ours, and that of the users.
READ = ("twofactor_", "customer")
# The tables whose size is told.
TABLES = ("account", "authenticator", "event")
# A server of its own machine has more memory, and its commits wait for the disk.
_MARIADB = (
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-doublewrite=1",
    "--innodb-flush-method=fsync",
    "--innodb-buffer-pool-size=2G",
    "--innodb-log-file-size=1G",
)
_POSTGRESQL = ("-c", "shared_buffers=2GB", "-c", "max_wal_size=4GB")


class Engine(ABC):
    """A database server of its own that can be measured."""

    name: ClassVar[str]

    @abstractmethod
    def start(self) -> Server:
        """Start the server; commits wait for the disk, at the latest once rows are loaded."""

    @abstractmethod
    def numbers(self, first: int, last: int) -> str:
        """Return a table `numbers` with the column `n`, as SQL."""

    @abstractmethod
    def settle(self, server: Any, connection: Connection) -> None:
        """Gather statistics and tidy up after the rows were loaded."""

    @abstractmethod
    def path(self, row: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return table and access path that a row of EXPLAIN names, if it names one."""

    @abstractmethod
    def size(self, connection: Connection, table: str) -> int:
        """Return the bytes of a table and its indexes."""


class Postgres(Engine):
    """PostgreSQL."""

    name = "PostgreSQL"

    def start(self) -> Server:
        """Start the server; it is durable once the rows are loaded."""
        return postgres.Server.start(*_POSTGRESQL)

    def numbers(self, first: int, last: int) -> str:
        """Return a table of numbers."""
        return f"generate_series({first}::bigint, {last}::bigint) AS numbers(n)"

    def settle(self, server: Any, connection: Connection) -> None:
        """Gather statistics and set the counter of the keys, which were given."""
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql(
            "SELECT setval('customer_id_seq', (SELECT max(id) FROM customer))"
        )
        connection.exec_driver_sql("VACUUM ANALYZE")
        server.be_durable()

    def path(self, row: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return what a line such as `Index Scan using pk on table alias  (cost=…)` names."""
        line = str(next(iter(row.values()))).strip().removeprefix("->").strip().split("  (")[0]
        if not any(f" on {name}" in line for name in READ) or "Scan" not in line:
            return None
        path, _, table = line.partition(" on ")
        return table.split()[0], path

    def size(self, connection: Connection, table: str) -> int:
        """Return the bytes of a table and its indexes."""
        found = connection.execute(text("SELECT pg_total_relation_size(:name)"), {"name": table})
        return int(found.scalar_one())


class MariaDB(Engine):
    """MariaDB."""

    name = "MariaDB"

    def start(self) -> Server:
        """Start the server."""
        return mariadb.Server.start(*_MARIADB)

    def numbers(self, first: int, last: int) -> str:
        """Return a table of numbers, from the storage engine that has all of them."""
        return f"(SELECT seq AS n FROM seq_{first}_to_{last}) AS numbers"  # noqa: S608 - numbers of ours

    def settle(self, _server: Any, connection: Connection) -> None:
        """Gather statistics."""
        for table in TABLES:
            connection.exec_driver_sql(f"ANALYZE TABLE twofactor_{table}").all()
        connection.exec_driver_sql("ANALYZE TABLE customer, twofactor_ticket").all()

    def path(self, row: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return what a row names: the kind of access and the index."""
        table = str(row.get("table") or "")
        if not table.startswith(READ) or row["type"] is None:
            return None
        if row["type"] in ("ALL", "index"):
            return table, f"Seq Scan ({row['type']})"
        return table, f"{row['type']} of {row['key']}"

    def size(self, connection: Connection, table: str) -> int:
        """Return the bytes of a table and its indexes, as last counted."""
        asked = text(
            "SELECT data_length + index_length FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_name = :name"
        )
        return int(connection.execute(asked, {"name": table}).scalar_one())


ENGINES: Mapping[str, Engine] = {"postgresql": Postgres(), "mariadb": MariaDB()}
