"""Runs the code of how-tos beside the real packages that they are about."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask_login import LoginManager, UserMixin, login_user
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader

from portal.twofactor.testing import Phone, TwoFactorTesting
from tests.docs.conftest import code_of, run
from tests.docs.pages import ROOT
from tests.docs.prepared import BASE, namespace

SECRET = "long enough for the tests of the pages"


class Ran:
    """An application that has the code of a how-to, its names, and a user with a phone."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names, self.app, self.db = names, names["app"], names["db"]
        self.app.add_url_rule("/enter", "enter", self._enter)
        with self.app.app_context():
            self.db.create_all()
            if self.user is None:
                self.db.session.add(names["User"](is_staff=True))
                self.db.session.commit()
        self.kit = TwoFactorTesting(self.app)
        self.client = self.app.test_client()

    @property
    def user(self) -> Any:
        return self.db.session.get(self.names["User"], 1)

    def _enter(self) -> str:
        login_user(self.user)
        return "signed in"

    def enrol(self) -> Phone:
        """Turn on every area; "access" areas are closed afterwards."""
        with self.app.app_context():
            phone = self.kit.enrol(self.user)
        self.kit.clock.advance(400)
        return phone

    def doctor(self) -> str:
        return self.app.test_cli_runner().invoke(args=["twofactor", "doctor"]).output


@pytest.fixture
def ran(tmp_path: Path) -> Iterator[Callable[..., Ran]]:
    """Run a how-to by its name, with other names than the usual ones if need be."""
    made: list[Ran] = []

    def make(name: str, given: dict[str, Any] | None = None) -> Ran:
        names = namespace(tmp_path) | (given or {})
        for block in code_of(ROOT / "docs" / "how-to" / f"{name}.md"):
            run(names, block)
        made.append(Ran(names))
        return made[-1]

    yield make
    for each in made:
        with each.app.app_context():
            each.db.session.remove()
            for engine in each.db.engines.values():
                engine.dispose()


@pytest.fixture
def own(tmp_path: Path) -> Callable[[Any], dict[str, Any]]:
    """Give another application a database, a login manager and users."""

    def make(app: Any, attached: bool = True) -> dict[str, Any]:
        app.config.update(
            SECRET_KEY=SECRET,
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/own.sqlite",
            TWOFACTOR_ISSUER="Own",
        )
        app.jinja_loader = DictLoader({"base.html": BASE})
        db = SQLAlchemy()
        if attached:
            db.init_app(app)

        class User(db.Model, UserMixin):  # type: ignore[name-defined,misc]  # db.Model is made at run time
            id = db.Column(db.Integer, primary_key=True)
            email = db.Column(db.String(100), default="ada@example.org")
            is_staff = db.Column(db.Boolean, default=False)

            def check_password(self, password: str) -> bool:
                return password == "lovelace"

        LoginManager(app).user_loader(lambda key: db.session.get(User, int(key)))
        users = {"user_of_token": lambda token: db.session.get(User, int(token))}
        return {"app": app, "db": db, "User": User} | users

    return make
