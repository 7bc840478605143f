"""A small host application: UUID keys, Flask's cookie session, no CSRFProtect, no template."""

from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, abort, jsonify, redirect, render_template_string, request
from flask_login import LoginManager, UserMixin, login_required, logout_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from portal.twofactor import PasswordRefused, TwoFactor
from tests.support import schema

ALL = ("sign_in", "note", "vault", "payment", "staff")
PASSWORD = "correct horse battery"


def make_host(uri: str, instance: Path, clock: Any, **config: Any) -> Flask:
    """Return the application; `db`, `deeds` (those done) and `twofactor` are its attributes."""
    if "session_options" in config:
        own = config.pop("session_options")
        made = make_users("host_user", StoredPassword, session_options=own)
    else:
        made = users("host_user", StoredPassword)
    db, User = made  # noqa: N806 - the class of the users, named as in any host
    fonts, undo_url = config.pop("pdf_fonts", None), config.pop("undo_url", None)
    issuer = config.pop("issuer", None)
    options = config.pop("options", {})
    app = Flask("host", instance_path=str(instance))
    app.config.update(
        SECRET_KEY="a secret key that is long enough for tests",
        SQLALCHEMY_DATABASE_URI=uri,
        TWOFACTOR_RECOVERY_COST=4,
        TESTING=True,
        **config,
    )
    db.init_app(app)
    login = LoginManager(app)
    login.login_view = "login"
    twofactor = TwoFactor()
    twofactor.area("sign_in", "Sign-in", "Each time you sign in")
    twofactor.area("note", "Notes", "Writing a note")
    twofactor.area("vault", "Vault", "Looking into the vault", guards="view")
    twofactor.area("payment", "Payment", "Each payment above 100")
    twofactor.area("staff", "Staff room", mandatory=True)

    def is_chief(user: Any) -> bool:
        return user.username.partition("-")[0] == "chief"

    def change_password(user: Any, password: str) -> None:
        if password == "taken at the last moment":
            raise PasswordRefused("Not that one.")
        user.password = password
        twofactor.password_changed(user, db.session.connection())
        db.session.commit()

    def password_problem(user: Any, password: str) -> str | None:
        return "Choose another one." if user.check_password(password) else None

    own: dict[str, Any] = {
        "clock": clock,
        "user_keys": lambda: db.session.scalars(select(User.id).order_by(User.id)),
        "mandatory_for": lambda user: ["sign_in", "note"] if is_chief(user) else [],
        "offered": lambda user: ["note"] if user.username == "guest" else ALL,
        "credential": lambda user: user.password,
        "change_password": change_password,
        "password_problem": password_problem,
        "pdf_fonts": fonts,
        "undo_url": undo_url,
        "issuer": issuer,
    }
    twofactor.init_app(app, db, **(own | options))
    login.user_loader(lambda key: db.session.get(User, key))
    app.deeds, app.db, app.User, app.twofactor = [], db, User, twofactor
    _routes(app)
    with app.app_context():
        schema.create(db)
    return app


class StoredPassword:
    """Users whose password is in the table."""

    password: Mapped[str] = mapped_column(String(100), default=PASSWORD, server_default=PASSWORD)

    def check_password(self, password: str) -> bool:
        return password == self.password


def make_users(
    name: str, *more: type, session_options: dict[str, Any] | None = None
) -> tuple[SQLAlchemy, Any]:
    """Return a database extension and the class of the users, with its table's name and bases."""

    class Base(DeclarativeBase):
        pass

    class User(Base, UserMixin, *more):
        __tablename__ = name
        id: Mapped[str] = mapped_column(String(36), primary_key=True)
        username: Mapped[str] = mapped_column(String(100))

    return SQLAlchemy(model_class=Base, session_options=session_options), User


# For the run, so that statements about them are compiled once, too.
users = cache(make_users)


def _routes(app: Any) -> None:  # noqa: C901 - a list of views
    db, twofactor, deeds = app.db, app.twofactor, app.deeds

    @app.post("/login")
    def login():
        user = db.session.query(app.User).filter_by(username=request.form["username"]).one()
        if not user.check_password(request.form["password"]):
            return "wrong", 403
        return twofactor.sign_in(user, next_url=request.args.get("next"))

    @app.get("/login")
    def login_form():
        return "sign in here"

    @app.post("/logout")
    def logout():
        logout_user()
        return "out"

    @app.get("/")
    @login_required
    def home():
        return "home"

    @app.route("/note", methods=["GET", "POST", "PUT", "DELETE"])
    @login_required
    @twofactor.required("note")
    def note():
        if request.method != "GET":
            text = request.form.get("text") or (request.get_json(silent=True) or {}).get("text")
            if not text:
                return render_template_string("text is missing{{ twofactor_dialog('note') }}")
            if text == "boom":
                raise RuntimeError("boom")
            if text == "refuse":
                abort(409)
            deeds.append(list(request.form.items(multi=True)) or text)
            if request.is_json:
                return jsonify(done=True)
            return redirect("/", 303)
        return render_template_string("a form{{ twofactor_dialog('note') }}")

    @app.route("/vault", methods=["GET", "POST"])
    @login_required
    @twofactor.required("vault")
    def vault():
        deeds.append(request.method)
        return "gold"

    @app.route("/pay", methods=["GET", "POST"])
    @login_required
    def pay():
        if int(request.form["amount"]) > 100:
            twofactor.require("payment")
        deeds.append(int(request.form["amount"]))
        return redirect("/", 303)

    @app.post("/both")
    @login_required
    @twofactor.required("note")
    def both():
        twofactor.require("payment")
        deeds.append("both")
        return redirect("/", 303)

    @app.post("/upload")
    @login_required
    @twofactor.required("note")
    def upload():
        deeds.append(request.files["file"].read())
        return redirect("/", 303)

    @app.post("/staff")
    @login_required
    @twofactor.required("staff")
    def staff():
        deeds.append("staff")
        return redirect("/", 303)

    @app.post("/reset/<user_id>")
    def reset(user_id):
        twofactor.require("note", user=db.session.get(app.User, user_id))
        deeds.append("reset")
        return redirect("/login", 303)

    @app.post("/link/<user_id>")
    def link(user_id):
        def act():
            if request.form.get("text") == "dead":
                abort(410)
            deeds.append("link")

        user = db.session.get(app.User, user_id)
        if not twofactor.require("note", user=user, recovery=act):
            act()
        return redirect("/login", 303)

    @app.route("/diary", methods=["GET", "POST"])
    @login_required
    @twofactor.required("note")
    def diary():
        return "diary"

    @app.post("/unguarded")
    @login_required
    def unguarded():
        return "fine"

    @app.post("/async")
    @login_required
    @twofactor.required("note")
    async def later():
        deeds.append("async")
        return redirect("/", 303)


def let_go(apps):
    """Close what applications of a test have open, before the database goes to the next test."""
    for app in apps:
        with app.app_context():
            app.db.session.remove()
            for engine in app.db.engines.values():
                engine.dispose()
