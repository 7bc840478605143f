"""A host built like a larger one: module-level extensions, a factory, nested blueprints."""

from typing import Any

from flask import Blueprint, Flask, redirect, request, url_for
from flask.views import MethodView
from flask_login import (
    LoginManager,
    UserMixin,
    fresh_login_required,
    login_required,
)
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.twofactor import TwoFactor

from .host import PASSWORD

db = SQLAlchemy()
migrate = Migrate()
login = LoginManager()
login.login_view = "enter"
twofactor = TwoFactor()
twofactor.area("sign_in", "Sign-in")
twofactor.area("note", "Notes")
twofactor.area("vault", "Vault", guards="view")

outer = Blueprint("outer", __name__, url_prefix="/outer")
inner = Blueprint("inner", __name__, url_prefix="/inner")


class User(db.Model, UserMixin):
    __tablename__ = "factory_user"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    username: Mapped[str] = mapped_column(String(100))

    def check_password(self, password: str) -> bool:
        return password == PASSWORD


@login.user_loader
def load(key):
    return db.session.get(User, key)


@inner.route("/note", methods=["GET", "POST"])
@login_required
@twofactor.required("note")
def note():
    if request.method == "POST" and "again" not in request.form:
        return redirect(url_for(".note"), 303)
    twofactor.form_again("note")
    return f"{url_for('.note')} {url_for('twofactor.preferences')}"


@inner.get("/vault")
@login_required
@twofactor.required("vault")
def vault():
    return url_for("twofactor.preferences", _external=True)


@outer.post("/fresh")
@fresh_login_required
@twofactor.required("note")
def fresh():
    return redirect("/", 303)


@outer.post("/later")
@login_required
async def later():
    twofactor.require("note")
    return redirect("/", 303)


class Notes(MethodView):
    """A view class that is guarded as a whole; methods may be coroutines."""

    decorators = (twofactor.required("note"), login_required)

    def get(self):
        return "notes"

    async def post(self):
        return redirect("/", 303)


class Ledger(MethodView):
    """A view class with a guard on one method."""

    decorators = (login_required,)

    def post(self):
        return "written"

    @twofactor.required("note")
    async def delete(self):
        return redirect("/", 303)


outer.add_url_rule("/notes", view_func=Notes.as_view("notes"))
outer.add_url_rule("/ledger", view_func=Ledger.as_view("ledger"))
outer.register_blueprint(inner)


def enter():
    if request.method == "GET":
        return "sign in here"
    user = db.session.query(User).filter_by(username=request.form["username"]).one()
    if not user.check_password(request.form["password"]):
        return "wrong", 403
    return twofactor.sign_in(
        user, remember="remember" in request.form, next_url=request.args.get("next")
    )


def create_app(uri: str, clock: Any, **config: Any) -> Flask:
    options = config.pop("options", {})
    app = Flask("example")
    app.jinja_loader = config.pop("templates", app.jinja_loader)
    app.config.update(
        SECRET_KEY=config.pop("SECRET_KEY", "a secret key that is long enough for tests"),
        SQLALCHEMY_DATABASE_URI=uri,
        TWOFACTOR_RECOVERY_COST=4,
        TESTING=True,
        **config,
    )
    db.init_app(app)
    migrate.init_app(app, db)
    login.init_app(app)
    twofactor.init_app(app, db, clock=clock, **options)
    app.register_blueprint(outer)
    app.add_url_rule("/login", "enter", enter, methods=["GET", "POST"])
    app.add_url_rule("/", "home", login_required(lambda: "home"))
    app.db, app.User, app.twofactor = db, User, twofactor
    return app
