"""The small Flask host without a second factor: the floor, and the base of our sides."""

import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
from flask import Flask, redirect, render_template, request
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_required,
    login_user,
    logout_user,
)
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Engine, String, bindparam, event, select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ..common import ADA, BOB, COST, PASSWORD, SECRET, App, Counted, numbers

PAGE = """<!doctype html><title>host</title><form method="post">
<input type="hidden" name="csrf_token" value="{{ csrf_token() }}">
<input name="email"><input name="password" type="password"><button>Send</button></form>"""


class Base(DeclarativeBase):
    pass


class Customer(UserMixin):
    """A user, loaded through the ORM or through Core."""

    id: Any
    email: Any
    password: Any

    def check_password(self, password: str) -> bool:
        return bcrypt.checkpw(password.encode(), self.password.encode())


class User(Base, Customer):
    """A user loaded through the ORM."""

    __tablename__ = "host_user"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    password: Mapped[str] = mapped_column(String(255))
    visits: Mapped[int] = mapped_column(default=0)


class Row(Customer):
    """A user made from a row that Core has read."""

    def __init__(self, key: str, email: str, password: str) -> None:
        self.id, self.email, self.password = key, email, password


Find = Callable[[str], Any]


def through_orm(db: SQLAlchemy) -> tuple[Find, Find]:
    """Return functions that find users by key and by address, as most Flask-SQLAlchemy hosts do."""
    return (
        lambda key: db.session.get(User, key),
        lambda email: db.session.scalar(select(User).where(User.email == email)),
    )


def through_core(db: SQLAlchemy) -> tuple[Find, Find]:
    """Return the same with prebuilt Core statements on the same session."""

    def finder(column: Any) -> Find:
        statement = select(User.id, User.email, User.password).where(column == bindparam("value"))

        def find(value: str) -> Row | None:
            row = db.session.connection().execute(statement, {"value": value}).first()
            return Row(*row) if row else None

        return find

    return finder(User.id), finder(User.email)


def done() -> Any:
    """Answer a measured request with as little work as possible."""
    return "page" if request.method == "GET" else redirect("/", 303)


def host(
    uri: str,
    signed_in: Callable[[Customer], Any],
    users: Callable[[SQLAlchemy], tuple[Find, Find]] = through_orm,
) -> tuple[Flask, SQLAlchemy]:
    """Create the host.

    Args:
        uri: the address of its database.
        signed_in: returns the response after a correct password.
        users: returns the functions that find users by key and by address.
    """
    app = Flask("host", template_folder=None)
    app.config.update(SECRET_KEY=SECRET, SQLALCHEMY_DATABASE_URI=uri)
    db = SQLAlchemy(app, model_class=Base)
    CSRFProtect(app)
    login = LoginManager(app)
    login.login_view = "sign_in"
    by_key, by_email = users(db)
    login.user_loader(by_key)
    # Compiled once, like a template file; `render_template_string` would compile it each time.
    compiled = app.jinja_env.from_string(PAGE)

    def page() -> str:
        return render_template(compiled)

    def sign_in() -> Any:
        if request.method == "GET":
            return page()
        user = by_email(request.form["email"])
        if user is None or not user.check_password(request.form["password"]):
            return "wrong", 403
        return signed_in(user)

    def count_visit() -> Any:
        of_user = User.id == current_user.id
        db.session.execute(update(User).where(of_user).values(visits=User.visits + 1))
        db.session.commit()
        return redirect("/", 303)

    def sign_out() -> Any:
        logout_user()
        return redirect("/sign-in", 303)

    both = ["GET", "POST"]
    app.add_url_rule("/", "home", login_required(lambda: "home"))
    app.add_url_rule("/form-page", "form_page", page)
    app.add_url_rule("/plain", "plain", login_required(done), methods=both)
    app.add_url_rule("/update", "update", login_required(count_visit), methods=["POST"])
    app.add_url_rule("/sign-in", "sign_in", sign_in, methods=both)
    app.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])
    return app, db


def finish(app: Flask, db: SQLAlchemy) -> App:
    """Create the tables and the users; return the app with its hooks."""
    with app.app_context():
        db.create_all()
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(COST)).decode()
        for key, email in (("ada", ADA), ("bob", BOB)):
            db.session.merge(User(id=key, email=email, password=hashed))
        db.session.commit()
        engine = db.engine
    counted = Counted()
    run = runner(engine)

    hooks: dict[str, Callable[..., object]] = {
        "forgive": lambda: None,
        "load": lambda accounts: run(
            f"{numbers(accounts)}INSERT INTO host_user (id, email, password, visits)"
            " SELECT 'user-' || i, 'user-' || i || '@example.org', 'x', 0 FROM n"
        ),
        "analyze": lambda: run("ANALYZE"),
        "dispose": engine.dispose,
        "update": lambda: run("UPDATE host_user SET visits = visits + 1 WHERE id = 'ada'"),
        "hmac": _hmac,
        "bcrypt12": lambda: bcrypt.hashpw(b"x", bcrypt.gensalt(12)) and None,
    }
    return App(app.wsgi_app, counted, counter(engine, counted), hooks)


def runner(engine: Engine) -> Callable[[str], None]:
    """Return a function that runs a statement in its own transaction."""

    def run(statement: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(statement))

    return run


def counter(engine: Engine, counted: Counted) -> Callable[[bool], None]:
    """Return a function that turns the counting of statements and commits on or off."""

    def statement(*_arguments: Any) -> None:
        counted.statements += 1

    def commit(*_arguments: Any) -> None:
        counted.commits += 1

    def count(on: bool) -> None:
        change = event.listen if on else event.remove
        change(engine, "before_cursor_execute", statement)
        change(engine, "commit", commit)

    return count


def _hmac() -> None:
    """Compute and compare the three codes of a window."""
    for step in range(3):
        hmac.compare_digest(hmac.digest(b"k" * 20, step.to_bytes(8, "big"), "sha1"), b"x" * 20)


def build(uri: str, _folder: Path) -> App:
    """Create the host in which signing in takes only the password."""

    def signed_in(user: Customer) -> Any:
        login_user(user)
        return redirect("/", 303)

    return finish(*host(uri, signed_in))
