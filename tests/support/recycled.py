"""Databases that are emptied between tests: 10 ms rather than 230 for new ones.

A database goes on to the next test only if the catalogues are as they were when its tables were
made. One that a test has changed otherwise is dropped. `postgres` and `mariadb` say how each of
these is done.
"""

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from . import mariadb, postgres

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

    from .servers import Server


@dataclass
class _Made:
    """The tables that a database was given, and what it takes to empty them."""

    tables: frozenset[str]
    state: frozenset[Any]
    emptying: str
    uses: int


_made: dict[tuple[object, object], _Made] = {}


def _key(url: "URL") -> tuple[object, object]:
    """The folder or file of the socket, and the name; Flask-SQLAlchemy adds to the rest."""
    return url.query.get("host") or url.query.get("unix_socket"), url.database


def engine_of(url: "URL") -> ModuleType | None:
    """The module of the engine, if its databases are emptied."""
    name = url.get_backend_name()
    return {"postgresql": postgres, "mysql": mariadb, "mariadb": mariadb}.get(name)


def has(url: "URL", tables: frozenset[str]) -> bool:
    """Tell whether the database holds exactly these tables, all empty."""
    made = _made.get(_key(url))
    return made is not None and made.tables == tables


def make(engine: "Engine", tables: frozenset[str], statements: list[str]) -> None:
    """Make the tables with these statements, instead of those of an earlier test."""
    kind = engine_of(engine.url)
    assert kind is not None
    earlier = _made.get(_key(engine.url))
    if earlier is not None:
        statements = [*kind.dropping(earlier.tables), *statements]
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute(kind.at_once(statements))
        connection.commit()
        _made[_key(engine.url)] = _Made(
            tables,
            kind.state(cursor),
            kind.at_once(kind.emptying(cursor)),
            earlier.uses if earlier else 0,
        )
        cursor.close()


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
        url = make_url(uri)
        kind, made = engine_of(url), _made.get(_key(url))
        if kind is None or made is None or made.uses >= kind.USES:
            return False
        made.uses += 1
        with closing(self._server.connect(url.database)) as connection:
            cursor = connection.cursor()
            kind.end_others(cursor)
            if kind.state(cursor) != made.state:
                return False
            cursor.execute(made.emptying)
        return True
