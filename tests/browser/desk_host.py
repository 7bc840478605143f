"""A small host with a help desk, in its own layout, with Bootstrap, or from right to left."""

from pathlib import Path
from typing import Any

from flask import Flask
from flask_login import LoginManager, UserMixin, login_user
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader

from portal.twofactor import TwoFactor

from .look_host import ARABIC

BOOTSTRAP = """<!doctype html><html lang=en data-bs-theme="{{ config.THEME }}"><head>
<meta charset=utf-8><meta name=viewport content="width=device-width, initial-scale=1">
<link rel=icon href="data:,"><title>{% block title %}{% endblock %}</title>
{{ bootstrap.load_css() }}{% block head %}{% endblock %}</head>
<body><main class="container py-3">{% block content %}{% endblock %}</main></body></html>"""
AGENTS = {
    "bob": {"look", "unlock", "reset"},
    "eve": {"look", "unlock", "reset"},
    "carl": {"look"},
    "dora": {"look", "unlock"},
}
CHECKLIST = ("Date of birth", "Amount of the last invoice")
# An address that no line of a phone holds, and a name that would be a script.
LONG = "the.longest.address.that.anybody.has.ever.seen@mail.department.of.a.university.example.org"
NASTY = '<script>alert("x")</script> \N{RIGHT-TO-LEFT OVERRIDE}evila\N{HEBREW LETTER ALEF}'
PASSWORD = "lantern"


class Host:
    """The application.

    Args:
        uri: of its database.
        people: names of the users besides the agents.
        bootstrap: theme of Bootstrap, "" for the blueprint's own layout.
        arabic: folder in which sentences are put; it is in Arabic then.
        german: whether its pages are in German.
        desk: options of the help desk.
        clock: of the application, default the machine's.
        config: further settings.
    """

    def __init__(
        self,
        uri: str,
        people: tuple[str, ...] = ("alice", LONG, NASTY),
        *,
        bootstrap: str = "",
        arabic: Path | None = None,
        german: bool = False,
        desk: dict[str, Any] | None = None,
        clock: Any = None,
        **config: Any,
    ) -> None:
        self.db, self.twofactor = SQLAlchemy(), TwoFactor()
        self.app = app = Flask("desk")
        app.config.update(
            SECRET_KEY="desk" * 8, SQLALCHEMY_DATABASE_URI=uri, THEME=bootstrap, **config
        )
        self.db.init_app(app)
        LoginManager(app).user_loader(lambda key: self.db.session.get(self.user, key))
        if arabic or german:
            self._speak("ar" if arabic else "de", arabic)
        looks: dict[str, Any] = {"clock": clock} if clock else {}
        if bootstrap:
            from flask_bootstrap import Bootstrap5

            app.config["BOOTSTRAP_SERVE_LOCAL"] = True
            Bootstrap5(app)
            app.jinja_loader = DictLoader({"layout.html": BOOTSTRAP})
            looks |= {"base_template": "layout.html", "classes": "bootstrap5"}

        class User(UserMixin, self.db.Model):  # type: ignore[name-defined,misc]  # made by the extension
            id = self.db.Column(self.db.String(100), primary_key=True)
            name = self.db.Column(self.db.String(200))

            def check_password(self, password: str) -> bool:
                return password == PASSWORD

        self.user = User
        self.twofactor.area("sign_in", "Sign-in", "When you sign in", action="sign in")
        self.twofactor.area("note", "Notes", "When you write a note", action="write a note")
        self.twofactor.init_app(app, self.db, find_user=self.named, user_label=self.label, **looks)
        options = {"may": lambda user: AGENTS.get(user.name), "checklist": CHECKLIST}
        self.twofactor.help_desk(app, **(options | (desk or {})))
        app.add_url_rule("/in/<name>", "in", self.come_in)
        with app.app_context():
            self.db.create_all()
            for number, name in enumerate([*AGENTS, *people]):
                self.db.session.add(User(id=f"user-{number:04}", name=name))
            self.db.session.commit()

    def _speak(self, language: str, folder: Path | None) -> None:
        from flask_babel import Babel

        if folder:
            (folder / "ar.po").write_text(ARABIC, encoding="utf-8")
            self.app.config["TWOFACTOR_TRANSLATIONS"] = str(folder)
        Babel(self.app, locale_selector=lambda: language)

    def named(self, name: str) -> Any:
        """Return the user of a name."""
        asked = self.db.select(self.user).filter_by(name=name)
        return self.db.session.scalars(asked).one_or_none()

    def label(self, key: str) -> str:
        """Return the name of a user, for staff."""
        user = self.db.session.get(self.user, key)
        return user.name if user else key

    def come_in(self, name: str) -> str:
        """Sign a user in."""
        login_user(self.named(name))
        return "in"
