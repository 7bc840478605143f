"""The portal as gunicorn serves it in these tests: the real one, with the test's clock."""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask_login import current_user, login_required
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event

from portal import create_app
from portal.account import password_attempts
from portal.extensions import db, twofactor

from . import counted
from .shared import SharedClock, Slot

MARK = "HTTP_X_MARK"


class Marked:
    """Says which worker answered, and tells the test when a marked request has begun."""

    def __init__(self, app: Callable[..., Iterable[bytes]], slot: Slot) -> None:
        self._app, self._slot = app, slot

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, ("X-Worker", str(os.getpid()))], *rest)

        if MARK in environ:
            self._slot.pid = os.getpid()
        return self._app(environ, start)


def _add_rolled_back(app: Flask) -> None:
    """A view of a host that has something pending when the code is refused."""

    @app.post("/rolled-back")
    @login_required
    def rolled_back() -> Any:
        current_user.full_name = request.form["full_name"]
        if db.engine.dialect.name != "sqlite":
            db.session.flush()  # on SQLite a write of the host's own would hold the one lock
        twofactor.require("password")
        db.session.commit()
        return "", 204


def _limit_sqlite(app: Flask, busy: int, flag: Path) -> None:
    """A shorter patience than the portal's, and a disk that is full while the flag is there."""
    with app.app_context():
        engine = db.engine

    @event.listens_for(engine, "connect")
    def hurry(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout = {busy}")

    @event.listens_for(engine, "checkout")
    def fill(connection: Any, _record: Any, _proxy: Any) -> None:
        # 1 is less than there is, which SQLite takes as: not one page more.
        connection.execute(f"PRAGMA max_page_count = {1 if flag.exists() else 1_000_000}")


def make(folder: Path, templates: Path) -> Flask:
    """An app with the settings of this folder."""
    settings = json.loads((folder / "settings.json").read_text())
    busy = settings.pop("BUSY_MILLISECONDS", None)
    # A burst of guarded deeds brings its right password as often, which is counted before a code.
    free = settings.pop("PASSWORDS_FREE", 10_000)
    password_attempts.SCHEDULE = replace(password_attempts.SCHEDULE, free=free)
    app = create_app({**settings, "CLOCK": SharedClock(folder / "clock", None)})
    _add_rolled_back(app)
    counted.add(app)
    if busy is not None:
        _limit_sqlite(app, busy, folder / "full")
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(templates))
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)  # once, in the master, rather than in every worker
    app.wsgi_app = Marked(app.wsgi_app, Slot(folder / "slot"))
    return app
