"""A host of a few lines: cookie sessions, Flask-Login, notes to write, no template."""

import base64
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask_login import LoginManager, login_required

from portal.twofactor import TwoFactor
from tests.support import schema

from ..host import PASSWORD, users

AREAS = {"sign_in": {}, "note": {}, "vault": {"guards": "view"}}


def basic(username: str = "alice", password: str = PASSWORD) -> dict[str, str]:
    """Return the header of Basic authentication."""
    text = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


def make_small(
    uri: str,
    instance: Path,
    clock: Any,
    *,
    areas: dict[str, dict[str, Any]] | None = None,
    before: Any = None,
    prepare: Any = None,
    passwords: bool = True,
    tables: bool = True,
    config: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Return the application; `db`, `User`, `login`, `twofactor` and `deeds` are its attributes.

    Args:
        uri: of the database.
        instance: folder of the application.
        clock: returns Unix seconds.
        areas: by key, with the arguments of `TwoFactor.area`; default `AREAS`.
        before: called with the application before `init_app`.
        prepare: called with the application after it, to add routes.
        passwords: whether users have the method `check_password`.
        tables: whether the tables are created.
        config: settings.
        options: of `init_app`.
    """
    app: Any = Flask("small", instance_path=str(instance))
    app.config.update(
        SECRET_KEY="a secret key that is long enough for tests",
        SQLALCHEMY_DATABASE_URI=uri,
        TWOFACTOR_RECOVERY_COST=4,
        TESTING=True,
        **(config or {}),
    )
    app.db, app.User = db, User = users("small_user", *([OnePassword] if passwords else []))  # noqa: N806 - the class of the users, named as in any host
    db.init_app(app)
    app.login = login = LoginManager(app)
    login.login_view = "enter"
    app.twofactor, app.deeds = TwoFactor(), []
    for key, arguments in (AREAS if areas is None else areas).items():
        app.twofactor.area(key, key.replace("_", "-").capitalize(), **arguments)
    login.user_loader(lambda key: db.session.get(User, key))
    if before is not None:
        before(app)
    app.twofactor.init_app(app, db, clock=clock, **options)
    _add_routes(app)
    if prepare is not None:
        prepare(app)
    if tables:
        with app.app_context():
            schema.create(db)
    return app


class OnePassword:
    """Users who all have the same password."""

    def check_password(self, password: str) -> bool:
        return password == PASSWORD


def _add_routes(app: Any) -> None:
    @app.route("/login", methods=["GET", "POST"])
    def enter():
        if request.method == "GET":
            return "sign in here"
        user = app.db.session.query(app.User).filter_by(username=request.form["username"]).one()
        return app.twofactor.sign_in(user, "remember" in request.form, request.args.get("next"))

    @app.get("/")
    @login_required
    def home():
        return "home"

    if "note" not in {area.key for area in app.twofactor.areas}:
        return

    @app.route("/note", methods=["GET", "POST"])
    @login_required
    @app.twofactor.required("note")
    def note():
        if request.method == "GET":
            return "a form"
        body = request.get_json() if request.is_json else request.form
        app.deeds.append(body["text"])
        return {"text": body["text"]}
