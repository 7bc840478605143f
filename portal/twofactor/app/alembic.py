"""Whether the database is where the application's own Alembic history ends (Flask-Migrate)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ..storage.transactions import unavailable


def history(app: Flask) -> dict[str, Callable[[], tuple[bool, str]]]:
    """The look at it, by its name; nothing where there is no Flask-Migrate."""
    migrate = app.extensions.get("migrate")
    return {} if migrate is None else {"revision": lambda: _revision(migrate)}


@dataclass(frozen=True, slots=True)
class Revisions:
    """What an application's history knows, and where it ends."""

    known: frozenset[str]
    heads: frozenset[str]


@cache
def _revisions(folder: str) -> Revisions:
    """Read once: the files of a release do not change while it runs."""
    from alembic.script import ScriptDirectory  # as `migrations` does, only when it is needed

    scripts = ScriptDirectory(folder)
    known = frozenset(each.revision for each in scripts.walk_revisions())
    return Revisions(known, frozenset(scripts.get_heads()))


def _revision(migrate: Any) -> tuple[bool, str]:
    """A database that is ahead is fine: the next release has led it up, and this one still runs."""
    from alembic.migration import MigrationContext

    if not Path(migrate.directory).is_dir():
        return True, f"not looked at: there is no folder {migrate.directory}"
    revisions = _revisions(str(migrate.directory))
    tables = ("version_table", "version_table_schema")
    options = {key: value for key, value in migrate.configure_args.items() if key in tables}
    try:
        with migrate.db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts=options)
            there = frozenset(context.get_current_heads())
    except SQLAlchemyError as error:
        raise unavailable(error) from error
    shown = ", ".join(sorted(there)) or "none"
    if there == revisions.heads:
        return True, shown
    if there - revisions.known:
        return True, f"{shown}: ahead of this release, which does not know it"
    return False, f"{shown}, wanted {', '.join(sorted(revisions.heads))}: run 'flask db upgrade'"
