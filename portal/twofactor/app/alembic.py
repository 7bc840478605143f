"""Compare the revision of the database with the application's Alembic history (Flask-Migrate)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ..core.errors import Unavailable
from ..storage.transactions import unavailable


def history(app: Flask) -> dict[str, Callable[[], tuple[bool, str]]]:
    """Return the check "revision", or nothing if the application has no Flask-Migrate."""
    migrate = app.extensions.get("migrate")
    return {} if migrate is None else {"revision": lambda: _revision(migrate)}


def manages(app: Flask, bind_key: str | None) -> bool:
    """Return whether `flask db upgrade` reaches the database of the tables.

    Flask-Migrate knows the other databases only in a folder that was made for several ones.

    Args:
        app: the application.
        bind_key: TWOFACTOR_BIND_KEY.
    """
    migrate = app.extensions.get("migrate")
    if migrate is None or bind_key is None:
        return migrate is not None
    environment = Path(migrate.directory, "env.py")
    try:
        source = environment.read_text(encoding="utf-8")
    except OSError:
        return False
    return "bind_names" in source or "SQLALCHEMY_BINDS" in source


def advice(app: Flask, bind_key: str | None) -> str:
    """Return the commands that make or upgrade the tables, for operators."""
    if not manages(app, bind_key):
        return "run 'flask twofactor upgrade-tables'"
    migrate = app.extensions["migrate"]
    try:
        is_at_head, _ = _revision(migrate)
    except Unavailable:
        is_at_head = False
    if is_at_head:
        return "no migration has them: run 'flask db migrate', then 'flask db upgrade'"
    return "run 'flask db upgrade'"


@dataclass(frozen=True, slots=True)
class Revisions:
    """All revisions and the heads of an application's Alembic history."""

    known: frozenset[str]
    heads: frozenset[str]


@cache
def _revisions(folder: str) -> Revisions:
    """Return the revisions in a folder, read once, since a running release does not change."""
    from alembic.script import ScriptDirectory  # only when needed, as in `migrations`

    scripts = ScriptDirectory(folder)
    known = frozenset(each.revision for each in scripts.walk_revisions())
    return Revisions(known, frozenset(scripts.get_heads()))


def _revision(migrate: Any) -> tuple[bool, str]:
    """Check the revision of the database.

    A newer revision is fine: the next release has upgraded the database while this one still runs.
    """
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
