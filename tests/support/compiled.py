"""SQL compiled once for the run, though each test has its own engine.

SQLAlchemy keeps compiled statements with the engine and its dialect. Here equal dialects have one
store, since a test's engine would compile everything anew: a seventh of the time of a page's test.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

_SIZE = 2000
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


def once() -> None:
    """Compile no statement a second time in this process."""
    store = _Store(_SIZE)

    def keep(engine: Engine, own: Any) -> None:
        vars(engine)[_NAME] = own

    setattr(Engine, _NAME, property(lambda _engine: store, keep))


@contextmanager
def apart() -> Iterator[None]:
    """Let each engine use its own store, as outside tests; for counts of calls."""
    shared = vars(Engine)[_NAME]
    delattr(Engine, _NAME)
    yield
    setattr(Engine, _NAME, shared)
