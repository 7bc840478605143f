"""PostgreSQL databases that are emptied between tests: 10 ms rather than 230 for new ones.

A database goes on to the next test only if the catalogues are as they were when its tables were
made. One that a test has changed otherwise is dropped.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

    from .postgres import Server

# Rows that were deleted stay in the files, since nothing vacuums them.
_USES = 150

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


@dataclass
class _Made:
    """The tables that a database was given, and what it takes to empty them."""

    tables: frozenset[str]
    state: list[Any]
    emptying: str
    uses: int = 0


_made: dict[tuple[object, object], _Made] = {}


def _key(url: "URL") -> tuple[object, object]:
    return url.query.get("host"), url.database


def has(url: "URL", tables: frozenset[str]) -> bool:
    """Tell whether the database holds exactly these tables, all empty."""
    made = _made.get(_key(url))
    return made is not None and made.tables == tables


def before(url: "URL") -> str:
    """Return what must be sent before other tables are made there."""
    used = _key(url) in _made
    return "DROP SCHEMA public CASCADE;CREATE SCHEMA public;" if used else ""


def note(url: "URL", tables: frozenset[str], connection: "Connection") -> None:
    """Remember what the database looks like, since its tables have just been made."""

    def rows(statement: str) -> list[Any]:
        statement = statement.replace("%", "%%")
        return [tuple(row) for row in connection.exec_driver_sql(statement)]

    steps = [text for [text] in rows(_TABLES) + rows(_SEQUENCES)]
    steps = ["BEGIN", "SET LOCAL session_replication_role = replica", *steps, "COMMIT"]
    known = _made.get(_key(url))
    uses = known.uses if known else 0
    _made[_key(url)] = _Made(tables, rows(_STATE), ";".join(steps), uses)


class Pool:
    """The databases of one server that wait for their next test."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._free: defaultdict[str, list[str]] = defaultdict(list)

    def take(self, kind: str) -> str:
        """The address of an empty database, with the tables of that kind if there is one."""
        return self._free[kind].pop() if self._free[kind] else self._server.create_database()

    def give_back(self, kind: str, uri: str) -> None:
        """Empty the database for the next test, or drop it."""
        if self._emptied(uri):
            self._free[kind].append(uri)
        else:
            self._server.drop_database(uri)

    def _emptied(self, uri: str) -> bool:
        from sqlalchemy import make_url

        url = make_url(uri)
        made = _made.get(_key(url))
        if made is None or made.uses >= _USES:
            return False
        made.uses += 1
        with self._server.connect(str(url.database)) as connection:
            connection.execute(_OTHERS)
            if list(connection.execute(_STATE)) != made.state:
                return False
            connection.execute(made.emptying)
        return True
