"""SQL compiled once for the run, though each test has its own engine.

SQLAlchemy keeps compiled statements with the engine and its dialect. Here equal dialects have one
store, since a test's engine would compile everything anew: a seventh of the time of a page's test.
Our own statements are built once for equal tables, which is half of the time of a small host.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

from portal.twofactor.storage import statements, store
from portal.twofactor.storage.tables import Tables

_SIZE = 2000
_PREPARED = "tests.support.compiled"  # in what SQLAlchemy leaves to others
_NAME = "_compiled_cache"


class _Store(LRUCache[Any, Any]):
    """Finds a statement by what decides how it is written, not by the dialect's identity."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_equal(key), default)

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(_equal(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_equal(key), value)


def _equal(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect = key[0]
    return (type(dialect), dialect.paramstyle, dialect.server_version_info, *key[1:])


def _prepared(tables: Tables) -> statements.Statements:
    kept = tables.account.info
    if _PREPARED not in kept:
        kept[_PREPARED] = statements.prepare(tables)
    found: statements.Statements = kept[_PREPARED]
    return found


def once() -> None:
    """Compile and prepare no statement a second time in this process."""
    shared = _Store(_SIZE)

    def keep(engine: Engine, own: Any) -> None:
        vars(engine)[_NAME] = own

    setattr(Engine, _NAME, property(lambda _engine: shared, keep))
    store.prepare = _prepared


@contextmanager
def apart() -> Iterator[None]:
    """Let each engine and host have its own, as outside tests; for counts of calls."""
    shared = vars(Engine)[_NAME]
    delattr(Engine, _NAME)
    store.prepare = statements.prepare
    yield
    store.prepare = _prepared
    setattr(Engine, _NAME, shared)
