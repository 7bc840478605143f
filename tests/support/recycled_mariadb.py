"""MariaDB databases that are emptied between tests, as those of PostgreSQL are (`recycled`)."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import URL

    from .mariadb import Server

_STATE = """
    SELECT 'column', table_name, column_name, column_type, is_nullable, column_default,
        collation_name FROM information_schema.columns WHERE table_schema = DATABASE()
    UNION ALL SELECT 'index', table_name, index_name, column_name, non_unique, seq_in_index, NULL
        FROM information_schema.statistics WHERE table_schema = DATABASE()
    UNION ALL SELECT 'trigger', trigger_name, NULL, NULL, NULL, NULL, NULL
        FROM information_schema.triggers WHERE trigger_schema = DATABASE()
"""
_USED = """
    SELECT table_name, coalesce(auto_increment, 1) > 1 FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
"""


@dataclass
class _Made:
    """The tables that a database was given, and what it looked like then."""

    tables: frozenset[str]
    state: frozenset[Any]


_made: dict[tuple[object, object], _Made] = {}


def _key(url: "URL") -> tuple[object, object]:
    return url.query.get("unix_socket"), url.database


def has(url: "URL", tables: frozenset[str]) -> bool:
    """Tell whether the database holds exactly these tables, all empty."""
    made = _made.get(_key(url))
    return made is not None and made.tables == tables


def others(url: "URL") -> bool:
    """Tell whether the database holds other tables, of an earlier test."""
    return _key(url) in _made


def note(url: "URL", tables: frozenset[str], connection: Any) -> None:
    """Remember what the database looks like, since its tables have just been made."""
    state = frozenset(tuple(row) for row in connection.exec_driver_sql(_STATE))
    _made[_key(url)] = _Made(tables, state)


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
        if made is None:
            return False
        self._server.end_connections(str(url.database))
        connection = self._server.connect(str(url.database))
        with connection, connection.cursor() as cursor:
            cursor.execute(_STATE)
            if frozenset(cursor.fetchall()) != made.state:
                return False
            cursor.execute("SET foreign_key_checks = 0")
            cursor.execute(_USED)
            for table, counted in cursor.fetchall():
                cursor.execute(f"DELETE FROM `{table}`")
                if counted:
                    cursor.execute(f"ALTER TABLE `{table}` AUTO_INCREMENT = 1")
        return True
