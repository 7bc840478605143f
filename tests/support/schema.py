"""Tables for a test in little time: what the first test of a run has made is copied later."""

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

_made: dict[frozenset[str], Path] = {}
_folder: list[Path] = []


def create(db: Any) -> None:
    """`db.create_all()`, in an application context; a SQLite file is a copy of the first one."""
    engine: Engine = db.engine
    if engine.dialect.name != "sqlite" or not engine.url.database or len(db.engines) > 1:
        db.create_all()
        return
    quicken(engine)
    path, tables = Path(engine.url.database), frozenset(db.metadata.tables)
    if tables in _made and not path.exists():
        shutil.copyfile(_made[tables], path)
        return
    db.create_all()
    engine.dispose()  # the last connection to be closed writes the log into the file
    _made[tables] = Path(shutil.copyfile(path, _kept() / f"{len(_made)}.sqlite"))


def quicken(engine: Engine) -> None:
    """Nothing of a test needs to outlive a power cut."""

    @event.listens_for(engine, "connect")
    def unsynchronised(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")


def _kept() -> Path:
    if not _folder:
        _folder.append(Path(tempfile.mkdtemp(prefix="schemas-")))
        atexit.register(shutil.rmtree, _folder[0], ignore_errors=True)
    return _folder[0]
