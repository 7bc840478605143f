"""The application that the code on the pages assumes."""

from pathlib import Path
from typing import Any

import flask
from flask import Flask
from flask.views import MethodView
from flask_login import LoginManager, UserMixin, current_user, login_required, logout_user
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader

BASE = "<title>{% block title %}{% endblock %}</title>{% block content %}{% endblock %}"


def namespace(folder: Path) -> dict[str, Any]:
    """The names defined before a page's first block."""
    app = Flask("prepared", instance_path=str(folder))
    app.config.update(
        SECRET_KEY="long enough for the tests of the pages",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'page.sqlite'}",
    )
    pages = ("profile", "invoices", "sign_in")
    app.jinja_loader = DictLoader({"base.html": BASE} | {f"{page}.html": page for page in pages})
    db = SQLAlchemy(app)
    login = LoginManager(app)
    login.login_view = "/sign-in"

    class User(db.Model, UserMixin):
        id = db.Column(db.Integer, primary_key=True)
        email = db.Column(db.String(100), default="ada@example.org")
        name = db.Column(db.String(100))
        account = db.Column(db.String(100))
        password = db.Column(db.String(100), default="lovelace")
        is_staff = db.Column(db.Boolean, default=False)

        def check_password(self, password: str) -> bool:
            return password == self.password

        def set_password(self, password: str) -> None:
            self.password = password

    class Payment(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        user_id = db.Column(db.Integer)
        amount = db.Column(db.Integer)

    login.user_loader(lambda key: db.session.get(User, int(key)))
    return {
        "app": app,
        "db": db,
        "User": User,
        "Payment": Payment,
        "MethodView": MethodView,
        "current_user": current_user,
        "login_required": login_required,
        "logout_user": logout_user,
        "flash": flask.flash,
        "redirect": flask.redirect,
        "render_template": flask.render_template,
        "request": flask.request,
        "user_of_token": lambda token: db.session.get(User, int(token)),
        "outbox": [],
    }
