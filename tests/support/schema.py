"""Quick tables for a test: the first test of a run makes them, the others reuse them."""

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_mock_engine, event

from . import recycled

_made: dict[frozenset[str], Path] = {}
_statements: dict[tuple[str, frozenset[str]], list[str]] = {}
_folder: list[Path] = []


def create(db: Any) -> None:
    """`db.create_all()`, in an application context and an empty database.

    A SQLite file is a copy of the first one; a server gets all statements in one go, or has the
    tables from an earlier test.
    """
    engine: Engine = db.engine
    tables = frozenset(db.metadata.tables)
    if len(db.engines) > 1 or (engine.dialect.name == "sqlite" and not engine.url.database):
        db.create_all()
    elif recycled.engine_of(engine.url) is None:
        _create_file(db, engine, tables)
    elif not recycled.has(engine.url, tables):
        key = (engine.dialect.name, tables)
        if key not in _statements:
            _statements[key] = _creating(db)
        recycled.make(engine, tables, _statements[key])


def _creating(db: Any) -> list[str]:
    """The statements that `create_all` would send."""
    statements: list[str] = []
    # The first connection tells SQLAlchemy whether MySQL is MariaDB.
    db.engine.connect().close()

    def note(statement: Any, *_values: Any) -> None:
        statements.append(str(statement.compile(dialect=db.engine.dialect)))

    db.metadata.create_all(create_mock_engine(db.engine.url, note), checkfirst=False)
    return statements


def _create_file(db: Any, engine: Engine, tables: frozenset[str]) -> None:
    quicken(engine)
    path = Path(str(engine.url.database))
    used = path.exists()
    if tables in _made and not used:
        shutil.copyfile(_made[tables], path)
        return
    db.create_all()
    if used:
        return  # another app's, which may have rows
    engine.dispose()  # closing the last connection writes the WAL into the file
    _made[tables] = Path(shutil.copyfile(path, _kept() / f"{len(_made)}.sqlite"))


def quicken(engine: Engine) -> None:
    """Turn off fsync; test data need not survive a power cut."""

    @event.listens_for(engine, "connect")
    def unsynchronised(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")


def _kept() -> Path:
    if not _folder:
        _folder.append(Path(tempfile.mkdtemp(prefix="schemas-")))
        atexit.register(shutil.rmtree, _folder[0], ignore_errors=True)
    return _folder[0]
